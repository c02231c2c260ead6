"""The members of a JSON object, taken one by one: what is wrong is noted, what is left is kept."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feedserver.errors import Fault
from feedserver.markup import sanitised
from feedserver.model.iris import fault_of, is_address, is_link, is_uuid
from feedserver.model.text import clean, escaped, one_line
from feedserver.settings import Limits

MAX_FAULTS = 25  # of one activity that are told; whoever sends more mends these first
MAX_ID = 1000  # characters; ids stand in addresses
TEXT = frozenset({str})
"""The types of what is a text, to ask of many values at once."""

_HTML = frozenset({"content", "summary", "title", "embedCode"})
_LINKS = frozenset(
    {"url", "href", "src", "uri", "link", "icon", "image", "fullImage", "stream", "preview"}
)
_NAMES = frozenset({"name", "displayName"})  # text that may begin as a link does
_HIDDEN = frozenset({"bto", "bcc"})  # ActivityPub, section 6: never shown to anybody
_VALUES = frozenset({"@value", "@id", "@list", "@set"})  # JSON-LD writes a value out with them
_ENDS_OF_BASES = re.compile(r"[#/:]")
_PLAIN_TEXT = re.compile(r"text/(?!html)", re.IGNORECASE)
_YEARS = range(1000, 9999)  # what every zone can tell, and every format
_RUNS = re.compile(r"\s*(?:javascript|vbscript|data|file|blob):", re.IGNORECASE)
_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?:(:\d\d)([.,]\d+)?)?([Zz]|[+-]\d\d:?[0-5]\d)?",
    re.ASCII,
)


Step = str | int
"""A step on a path: the name of a member, or a place in an array."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What holds for all of an activity: the limits, and where faults are noted."""

    limits: Limits
    faults: list[Fault]


class Members:
    """The members of one object of a document. A null is the same as no member.

    `pointer` is the JSON Pointer (RFC 6901) of the object.
    """

    def __init__(self, members: Mapping[str, Any], pointer: str, reading: Reading) -> None:
        self._left = {name: value for name, value in members.items() if value is not None}
        self.pointer = pointer
        self.reading = reading

    def fault(self, detail: str, *path: Step) -> None:
        """Note what is wrong with the member, or in it, at the path; no more than MAX_FAULTS."""
        if len(self.reading.faults) < MAX_FAULTS:
            self.reading.faults.append(Fault(self.place(*path), detail))

    def place(self, *path: Step) -> str:
        """The JSON Pointer of what is at the path."""
        return self.pointer + pointer_of(path)

    def take(self, name: str, *others: str) -> Any:
        """The first of the members that is there; all of them are taken."""
        taken = self._left.pop(name, None)
        for other in others:
            value = self._left.pop(other, None)
            taken = value if taken is None else taken
        return taken

    def look(self, name: str) -> Any:
        """The member, which stays among those that are left."""
        return self._left.get(name)

    def put_back(self, name: str, value: Any) -> None:
        """Leave a member that was taken."""
        self._left[name] = value

    def text(self, name: str) -> str | None:
        """The text of the member, however long."""
        value = self.take(name)
        if isinstance(value, str) or value is None:
            return value
        self.fault(f"is {_kind(value)}; write a text.", name)
        return None

    def flag(self, name: str) -> bool:
        """Whether the member is true; no member is false."""
        value = self.take(name)
        if value is not None and not isinstance(value, bool):
            self.fault(f"is {_kind(value)}; write true, or leave it out.", name)
        return value is True

    def line(self, name: str) -> str | None:
        """The text of the member as one line; a whole number is taken for its digits."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return self.as_line(value, name)

    def as_line(self, value: Any, *path: Step) -> str | None:
        """The value, which is at the path, as one line; None where it is empty or too long."""
        if not isinstance(value, str):
            self.fault(f"is {_kind(value)}; write a text.", *path)
            return None
        text, limit = one_line(value), self.reading.limits.max_title
        if len(text) > limit:
            self.fault(
                f"has {len(text):,} characters; {limit:,} is the limit (`max_title`).", *path
            )
            return None
        return text or None

    def names(self, name: str, of: Callable[[Any], Any] = lambda value: value) -> tuple[str, ...]:
        """The texts of a member that is one or a list; `of` gives that of an element."""
        value = self.take(name)
        if value is None:
            return ()
        limit = self.reading.limits.max_tags
        if isinstance(value, str) and limit:
            line = self.as_line(of(value), name)
            return () if line is None else (line,)
        found = each(name, value)
        if len(found) > limit:
            self.fault(f"has {len(found):,} elements; {limit:,} is the limit (`max_tags`).", name)
            return ()
        lines = [self.as_line(of(value), *path) for value, path in found]
        return tuple(line for line in lines if line is not None)

    def iri(self, *names: str) -> str | None:
        """The absolute IRI of the member, as it is."""
        name = next((name for name in names if name in self._left), names[0])
        value = self.take(*names)
        if value is None or (isinstance(value, str) and is_id(value)):
            return value
        fault = fault_of(value) if isinstance(value, str) and len(value) <= MAX_ID else None
        told = repr(value[:60]) if isinstance(value, str) else _kind(value)
        no_id = (
            f"is no absolute IRI of at most {MAX_ID:,} characters. Write urn:uuid:… or https://…"
        )
        self.fault(f"is {told}, which {fault or no_id}, or leave it out.", name)
        return None

    def link(self, name: str) -> str | None:
        """The address of a member: a text, or (2.0) a Link object, or the first of several.

        What is more than a text is left, too.
        """
        value = self.take(name)
        if value is None:
            return None
        several = value if isinstance(value, list) else [value]
        hrefs = [each.get("href") if isinstance(each, dict) else each for each in several]
        found = next((href for href in hrefs if isinstance(href, str) and is_link(href)), None)
        if found is None and several:
            self.fault(
                "is no link that is kept. Write an absolute http, https or mailto address without "
                "a password, or leave it out.",
                name,
            )
        elif not isinstance(value, str):
            self.put_back(name, value)
        return found

    def date(self, name: str) -> datetime | None:
        """The date of the member (RFC 3339), in UTC."""
        value = self.take(name)
        if value is None:
            return None
        date = date_of(value)
        if date is None:
            told = repr(value[:40]) if isinstance(value, str) else _kind(value)
            self.fault(
                f"is {told}, which is no date with a zone (RFC 3339). Write 2026-11-19T14:05:00Z.",
                name,
            )
        return date

    def make_html(self) -> None:
        """Take `content` of another text type for what it says in HTML."""
        if "mediaType" in self._left:
            self._left = as_html(self._left)

    @property
    def rest(self) -> dict[str, Any]:
        """The members that were not taken, as they came."""
        return self._left

    def left(self) -> dict[str, Any]:
        """The members that were not taken, made harmless."""
        if not self._left:
            return {}
        members: dict[str, Any] = kept(self._left)
        return members


def pointer_of(path: Iterable[Step]) -> str:
    """The JSON Pointer of the path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def each(name: str, value: Any) -> list[tuple[Any, tuple[Step, ...]]]:
    """The values of a member that is one or several, each with its path; null is none."""
    if isinstance(value, list):
        return [(inner, (name, index)) for index, inner in enumerate(value)]
    return [] if value is None else [(value, (name,))]


def is_id(text: str) -> bool:
    """Whether it can be an id: an absolute IRI that nothing would run, kept byte for byte.

    Every feed can hold it: it keeps the rules of its scheme, too (`model/iris.py`).
    """
    if is_uuid(text):  # as most are
        return True
    is_short = len(text) <= MAX_ID
    return is_short and is_address(text) and fault_of(text) is None and not _RUNS.match(text)


def parse_date(text: str) -> datetime:
    """The date of RFC 3339, in UTC; seconds may be left out, as Activity Streams 2.0 allows.

    Raises TypeError, ValueError or OverflowError where it is none, or has no zone.
    """
    match = _DATE.fullmatch(text)
    if match is None or match[5] is None:
        raise ValueError(text)
    day, minute, second, fraction, zone = match.groups()
    # datetime has no leap seconds, and digits for microseconds only.
    second = ":59" if second == ":60" else second or ":00"
    fraction = (fraction or ".0").replace(",", ".")[:7]
    return datetime.fromisoformat(f"{day}T{minute}{second}{fraction}{zone.upper()}").astimezone(UTC)


def date_of(value: Any) -> datetime | None:
    """The date that `parse_date` gives; None for no date, or one that not every format can tell."""
    try:
        date = parse_date(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.year in _YEARS else None


def kept(value: Any, name: str = "") -> Any:
    """The value as it may be given back: text cleaned, HTML sanitised, links checked.

    `name` is that of the member. What must not be kept, null and empty arrays are left out.
    """
    if isinstance(value, str):
        text = clean(value)
        if name in _HTML:
            return sanitised(text)
        runs = _RUNS.match(text) is not None and name not in _NAMES
        return None if runs or (name in _LINKS and not is_link(text)) else text
    if isinstance(value, list):
        found = [kept(inner, name) for inner in value]
        return [inner for inner in found if inner is not None or name == "@context"]
    if isinstance(value, dict):
        members = {clean(inner): member for inner, member in as_html(value).items()}
        made = {inner: kept(member, _means(inner, name)) for inner, member in members.items()}
        left_out: tuple[Any, ...] = () if name == "@context" else (None, [])
        return {
            inner: member
            for inner, member in made.items()
            if member not in left_out and _local(inner) not in _HIDDEN
        }
    return value


def _means(name: str, around: str) -> str:
    """What a member of a member is treated as: a part of HTML, or of a value, as the whole."""
    local = _local(name)
    if "@context" in (name, around):
        return "@context"
    is_part = around in _HTML and local not in _LINKS
    return around if is_part or name in _VALUES else local.removesuffix("Map")


def _local(name: str) -> str:
    """The last part of a name that is an IRI: `as:content` is the same as `content`."""
    return _ENDS_OF_BASES.split(name)[-1]


def as_html(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members, with content of another text type than HTML made HTML."""
    made, media_type = dict(members), members.get("mediaType")
    if not isinstance(media_type, str) or not _PLAIN_TEXT.match(media_type):
        return made
    for name in {"content", "contentMap"} & set(made):
        made[name] = _escaped(made[name])
        made.pop("mediaType", None)
    return made


def _escaped(text: Any) -> Any:
    if isinstance(text, dict):
        return {language: _escaped(inner) for language, inner in text.items()}
    if not isinstance(text, str):
        return text
    return escaped(text)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "an array" if isinstance(value, list) else "an object"
