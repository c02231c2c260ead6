"""What comes back of a document: the exact law, as the form in which sent and served are compared.

Every member that was sent comes back in its place with its value, but for

- what is ours: `published`, whose time comes back as `occurred`, `updated`, `recorded`,
  `sourceName`, and `@context`, which has a law of its own;
- what is left out: null, empty texts and arrays, `bto` and `bcc`, links that are none;
- HTML, which is sanitised, and text/plain content, which becomes HTML;
- verbs and types, told by short name or IRI, in 2.0 with others beside them;
- an actor, object, target or customer that is a text: it becomes the id or name of an object;
- `queue`, `product` and `tags`, which become arrays without repetitions, tags without `#`;
- lines, in which white space is one space, and numbers that stand for a line.

What is not there in what was sent, as an id or a title, may be there in what is served.
"""

import html
from typing import Any

from feedserver.markup import sanitised
from feedserver.model.dates import rfc3339
from feedserver.model.iris import is_link
from feedserver.model.text import clean, one_line
from feedserver.model.vocabulary import as1_name, word_of, word_of_own_type
from feedserver.parsers.members import parse_date
from tests.builders import AUTHORITY
from tests.formats.documents import HTML

OURS = frozenset({"published", "occurred", "updated", "recorded", "sourceName", "@context"})
HIDDEN = frozenset({"bto", "bcc"})
_OBJECTS = frozenset({"actor", "object", "target", "customer"})
_NAMES = frozenset({"queue", "product", "tags", "revision"})
_LINES = frozenset({"name", "displayName", "number", "login", "crmCode", "crmCodeName"})
_TYPES = frozenset({"type", "@type", "verb", "objectType", "crmType", "crmVerb"})
_LINKS = frozenset(
    {"url", "href", "src", "uri", "link", "icon", "image", "fullImage", "stream", "preview"}
)
_OWN = f"tag:{AUTHORITY}:ns#"
_PREFIXES = {
    "fs": _OWN,
    "desk": _OWN,
    "ex": "https://example.org/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def is_kept(sent: Any, back: Any) -> bool:
    """Whether everything of the one form is in the other."""
    if isinstance(sent, dict):
        return isinstance(back, dict) and all(
            name in back and is_kept(value, back[name]) for name, value in sent.items()
        )
    if isinstance(sent, list):
        return isinstance(back, list) and len(sent) == len(back) and all(map(is_kept, sent, back))
    if isinstance(sent, frozenset):
        return isinstance(back, frozenset) and sent <= back
    return bool(sent == back)


def told(activity: dict[str, Any]) -> dict[str, Any]:
    """The form in which an activity that was sent is compared with what is served."""
    made = {name: value for name, value in _object(activity).items() if name not in OURS}
    moment = activity.get("occurred") or activity.get("published")
    if moment is not None:
        made["occurred"] = rfc3339(parse_date(moment))
    for name in _OBJECTS & set(made):
        made[name] = _object(made[name])
    for name in _NAMES & set(made):
        values = made[name] if isinstance(made[name], list) else [made[name]]
        lines = [one_line(value).removeprefix("#") for value in values]
        made[name] = frozenset(line.casefold() for line in lines if line)
    return {name: value for name, value in made.items() if value}


def _object(value: Any) -> Any:
    """An object that is understood; `told` are the texts by which it could be called alone."""
    if isinstance(value, str):
        return {"told": frozenset({one_line(value)} - {""})}
    if not isinstance(value, dict):
        return _plain(value)
    made = _plain({"id": value.get("@id"), **value})
    for name in _LINES & set(made):
        made[name] = one_line(str(made[name]))
    words = [_word(said) for name in _TYPES for said in _several(made.pop(name, []))]
    callings = [made.get(name) for name in ("id", "name", "displayName")]
    return {name: member for name, member in made.items() if name != "@id" and member != ""} | {
        "types": frozenset(words) - {""},
        "told": frozenset(calling for calling in callings if calling),
    }


def _plain(value: Any, name: str = "") -> Any:
    """Any other value; None where it is left out."""
    if isinstance(value, str):
        text = clean(value)
        if name in HTML:
            return sanitised(text)
        return None if name in _LINKS and not is_link(text) else text
    if isinstance(value, list):
        return [inner for inner in (_plain(each, name) for each in value) if inner is not None]
    if isinstance(value, dict):
        made = {
            clean(inner): _plain(each, name.removesuffix("Map") if name.endswith("Map") else inner)
            for inner, each in _as_html(value).items()
            if inner not in HIDDEN
        }
        return {inner: each for inner, each in made.items() if each is not None and each != []}
    return value


def _as_html(value: dict[str, Any]) -> dict[str, Any]:
    kind, content = value.get("mediaType"), value.get("content")
    is_text = isinstance(kind, str) and kind.startswith("text/") and "html" not in kind
    if not is_text or not isinstance(content, str):
        return value
    made = html.escape(content, quote=False).replace("\n", "<br>\n")
    return {name: each for name, each in value.items() if name != "mediaType"} | {"content": made}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _word(name: str) -> str:
    prefix, colon, rest = one_line(name).partition(":")
    iri = _PREFIXES[prefix] + rest if colon and prefix in _PREFIXES else one_line(name)
    if iri.startswith(_OWN):
        return word_of_own_type(iri.removeprefix(_OWN))
    return as1_name(word_of(iri))
