"""What clients send: a message as XML, as a form with `&` or `;`, as JSON, or in parts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser

from feedserver.errors import Fault, InvalidActivity, InvalidRequest
from feedserver.model.text import clean
from feedserver.parsers.strict import decode, parse_json
from feedserver.parsers.xml import decode_xml, parse_xml

MULTIPART = "multipart/form-data"

_MAX_FIELDS = 1000
_MESSAGE = re.compile(r"message\[(\w+)\](?:\[\])?")
_MEMBERS = ("title", "body", "url", "group_id", "category_id")
# Ruby's old clients join fields by `;`, others leave one in a value: it parts what is a field.
_FIELDS = re.compile(rb"&|;(?=message(?:\[|%5[Bb])\w{1,40}(?:\]|%5[Dd])(?:\[\]|%5[Bb]%5[Dd])?=)")
_CDATA_HINT = " A text in CDATA ends at its first ]]>; write that as ]]]]><![CDATA[>, or escape it."


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was sent; empty where nothing was. `files` are the names of attachments."""

    title: str = ""
    body: str = ""
    url: str = ""
    group_id: str = ""
    category_id: str = ""
    files: tuple[str, ...] = ()


def read_message(data: bytes, media_type: str, charset: str | None, boundary: str) -> Message:
    """The message that the body holds.

    What is no multipart is what it looks like, whatever its type says: curl calls all it sends a
    form. Raises InvalidRequest where it cannot be read, InvalidActivity where it is no message.
    """
    if media_type == MULTIPART:
        fields, files = _parts(data, boundary)
        return _made(_of_form(fields), files)
    start = text_of(data[:200], charset).lstrip()[:1]
    if start == "<":
        return _made(_of_xml(text_of(data, charset, is_xml=True)))
    if start == "{":
        return _made(_of_json(text_of(data, charset)))
    return _made(_of_form(read_form(data, charset)))


def read_form(data: bytes, charset: str | None) -> list[tuple[str, str]]:
    """The fields of a form, in order, also where they are parted by `;`."""
    parts = _FIELDS.split(data)
    if len(parts) > _MAX_FIELDS:
        raise InvalidRequest([f"The form has more than {_MAX_FIELDS:,} fields."])
    pairs = [part.partition(b"=") for part in parts if part.strip()]
    return [(_unquoted(name, charset), _unquoted(value, charset)) for name, _, value in pairs]


def text_of(data: bytes, charset: str | None, is_xml: bool = False) -> str:
    """The text of the bytes: as they say, else UTF-8, else Windows-1252, and never an error.

    Scripts on Windows send what their machine speaks and do not say so.
    """
    for told in dict.fromkeys((charset, None)):
        try:
            return decode_xml(data, told, decode) if is_xml else decode(data, told)
        except InvalidRequest:
            continue
    try:
        return decode(data, "utf-8")
    except InvalidRequest:
        return data.decode("cp1252", "replace")


def _unquoted(text: bytes, charset: str | None) -> str:
    return text_of(unquote_to_bytes(text.replace(b"+", b" ")), charset)


def _parts(data: bytes, boundary: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The fields of a multipart body, and the names of its files."""
    # The parser takes all for UTF-8. So it is given each byte as a character, and gives them back.
    wide = data.decode("latin-1").encode()
    parser = FormDataParser(
        max_form_memory_size=len(wide), max_form_parts=_MAX_FIELDS, silent=False
    )
    try:
        _, fields, files = parser.parse(BytesIO(wide), MULTIPART, len(wide), {"boundary": boundary})
    except (ValueError, HTTPException) as error:
        raise InvalidRequest([f"The parts of the body cannot be read: {error}."]) from None
    names = []
    for _, file in files.items(multi=True):
        names.append(_narrowed(file.filename or ""))
        file.close()
    told = [(_narrowed(name or ""), _narrowed(value)) for name, value in fields.items(multi=True)]
    return told, [name for name in names if name]


def _narrowed(wide: str) -> str:
    return text_of(wide.encode("latin-1", "replace"), None)


def _of_form(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    found = {}
    for name, value in fields:
        match = _MESSAGE.fullmatch(name)
        if match is not None:
            found[match[1]] = value
    return found


def _of_json(text: str) -> dict[str, str]:
    value = parse_json(text)
    message = value.get("message")
    if not isinstance(message, dict):
        raise InvalidActivity([Fault("/message", 'is missing. Send {"message": {…}}.')])
    return {name: _plain(name, member) for name, member in message.items() if member is not None}


def _plain(name: str, value: Any) -> str:
    """The text of a member, whatever stands in one that is of no use here."""
    if isinstance(value, bool | dict | list) and name in _MEMBERS:
        raise InvalidActivity([Fault(f"/message/{name}", "is no text. Send a text or a number.")])
    return str(value)


def _of_xml(text: str) -> dict[str, str]:
    try:
        root = parse_xml(clean(text).lstrip("\ufeff \t\r\n"))
    except InvalidRequest as error:
        hint = _CDATA_HINT if "]]>" in text else ""
        raise InvalidRequest([fault + hint for fault in error.faults]) from None
    if _name(root) != "message":
        raise InvalidActivity(
            [Fault("", f"The document is <{_name(root)}>, and no message. Send <message>…")]
        )
    return {_name(child): "".join(child.itertext()) for child in root}


def _name(element: Any) -> str:
    """The local name of an element, with underscores as in forms."""
    return str(element.tag).rpartition("}")[2].replace("-", "_")


def _made(members: Mapping[str, str], files: Iterable[str] = ()) -> Message:
    told = {name: clean(members.get(name, "")).strip() for name in _MEMBERS}
    return Message(**told, files=tuple(map(clean, files)))
