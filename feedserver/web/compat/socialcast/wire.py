"""What is told, as XML in the dialect of Rails' `to_xml`, and as JSON."""

from collections.abc import Mapping, Sequence
from json import JSONEncoder
from typing import Any

from feedserver.model.text import clean

MEDIA_TYPES = {"xml": "application/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
"""The media types by the extension that asks for them."""

VERSION = 1
"""Grows with each change of what is written for the same; it is part of ETags."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SINGULAR = {"categories": "category", "communities": "community", "media_files": "media-file"}
_encode = JSONEncoder(ensure_ascii=False).encode

Tree = Mapping[str, Any]
"""Members by their names, with underscores: texts, whole numbers, booleans, None, trees, lists."""


def write(extension: str, name: str, value: Tree | Sequence[Any], **beside: Any) -> bytes:
    """The tree or the list called `name` as a document; `beside` stands in JSON alone."""
    if extension == "json":
        return (_encode({name: value, **beside}) + "\n").encode("utf-8", "replace")
    declaration = "" if isinstance(value, Mapping) else _DECLARATION
    return (declaration + _element(name, value) + "\n").encode("utf-8", "replace")


def write_errors(extension: str, errors: Sequence[str]) -> bytes:
    """What is wrong, a sentence for each thing."""
    if extension == "json":
        return write(extension, "errors", list(errors))
    told = "".join(_element("error", error) for error in errors)
    return f"{_DECLARATION}<errors>{told}</errors>\n".encode("utf-8", "replace")


def _element(name: str, value: Any) -> str:
    tag = name.replace("_", "-")
    if value is None:
        return f'<{tag} nil="true"></{tag}>'
    if isinstance(value, bool):
        return f'<{tag} type="boolean">{str(value).lower()}</{tag}>'
    if isinstance(value, int):
        return f'<{tag} type="integer">{value}</{tag}>'
    if isinstance(value, Mapping):
        inner = "".join(_element(*member) for member in value.items())
        return f"<{tag}>{inner}</{tag}>" if inner else f"<{tag}/>"
    if isinstance(value, str):
        return f"<{tag}>{_escaped(value)}</{tag}>"
    item = _SINGULAR.get(name, name.removesuffix("s"))
    inner = "".join(_element(item, each) for each in value)
    return f'<{tag} type="array">{inner}</{tag}>' if inner else f'<{tag} type="array"/>'


def _escaped(text: str) -> str:
    # What is of the log is clean; what an error repeats of a request may be anything.
    text = clean(text).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace(">", "&gt;").replace("\r", "&#13;")
