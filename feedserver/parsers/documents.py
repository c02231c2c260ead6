"""Documents: which dialect they are in, and the activities that they hold."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from feedserver.errors import Fault, InvalidActivity, UnsupportedType
from feedserver.model.activity import Draft
from feedserver.model.extension import AS2_CONTEXT
from feedserver.model.identity import namespace
from feedserver.model.vocabulary import word_of
from feedserver.parsers.as1 import As1
from feedserver.parsers.as2 import As2
from feedserver.parsers.contexts import Context
from feedserver.parsers.items import Document, Item
from feedserver.parsers.members import Members, Reading, each, pointer_of
from feedserver.parsers.remembering import Remembered
from feedserver.parsers.strict import decode as decode_strictly
from feedserver.parsers.strict import parse_json
from feedserver.settings import Limits

NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
"""The media types of many documents, one a line."""

MEDIA_TYPES: Mapping[str, str | None] = {
    "application/activity+json": "as2",
    "application/ld+json": "as2",
    "application/stream+json": "as1",
    "application/json": None,
    "application/atom+xml": "atom",
}
"""The media types of documents, each with its dialect; None: it is told by the members."""

_COLLECTIONS = ("collection", "ordered-collection", "collection-page", "ordered-collection-page")
_WORDS = Remembered(word_of)
_ITEMS = ("items", "orderedItems")
_FEW = 100  # contexts that are kept with what names mean in them, and
_SHORT = 1000  # their characters


Decode = Callable[[bytes, str | None], str]
"""Gives the text of bytes in a charset, or raises InvalidRequest."""


class Parser:
    """Reads documents for one log: with its authority, and within these limits."""

    def __init__(self, authority: str, limits: Limits) -> None:
        self._authority = authority
        self._own = namespace(authority)
        self._limits = limits
        self._as1 = As1(self._own)
        self._as2 = As2(Context.around(self._own))
        self._known: dict[str, As2] = {}

    def read(
        self,
        body: bytes,
        charset: str | None = None,
        dialect: str | None = None,
        decode: Decode = decode_strictly,
    ) -> Document:
        """The activities of a body: XML in the dialect "atom", else JSON as in `document`.

        Raises InvalidRequest where it is no text, no XML or no JSON, and InvalidActivity where it
        is no document at all.
        """
        if dialect != "atom":
            return self.document(parse_json(decode(body, charset)), dialect)
        # Whoever records JSON alone has no use for lxml.
        from feedserver.parsers.atom import AtomParser
        from feedserver.parsers.xml import decode_xml, parse_xml

        root = parse_xml(decode_xml(body, charset, decode))
        return AtomParser(self._authority, self._limits).document(root)

    def document(self, value: Any, dialect: str | None = None) -> Document:
        """The activities of a JSON value in that dialect, or in the one that its members tell.

        Raises InvalidActivity where it is no document at all; what is wrong with one activity
        stands with it.
        """
        items, is_collection = _items(value)
        if len(items) > self._limits.max_batch:
            raise InvalidActivity([_too_many(items, self._limits.max_batch)])
        around = value if isinstance(value, dict) else {}
        as2 = self._within(around.get("@context"))
        dialects = [dialect or _dialect(around, item) for item, _ in items]
        found = tuple(
            self._item(item, pointer, self._as1 if spoken == "as1" else as2)
            for (item, pointer), spoken in zip(items, dialects, strict=True)
        )
        return Document(next(iter(dialects), "as2"), is_collection, found)

    def _within(self, context: Any) -> As2:
        """The dialect of a document with that `@context`; those of most documents are kept."""
        if context is None:
            return self._as2
        told = repr(context)
        found = self._known.get(told)
        if found is None:
            found = As2(self._as2.context.extended(context))
            if len(told) <= _SHORT and len(self._known) < _FEW:
                self._known[told] = found
        return found

    def _item(self, value: Any, pointer: str, dialect: As1 | As2) -> Item:
        if not isinstance(value, dict):
            fault = Fault(pointer, "is no object. An activity is a JSON object.")
            return Item(value, None, (fault,), pointer)
        reading, draft, is_silent = Reading(self._limits, []), None, False
        try:
            if isinstance(dialect, As1):
                members = Members(value, "", reading)
                is_silent = members.flag("silent")
                draft = dialect.activity(members)
            else:
                inner = value.get("@context") if pointer else None
                as2 = dialect if inner is None else As2(dialect.context.extended(inner))
                draft, is_silent = self._activity(value, reading, as2)
        except InvalidActivity as error:
            reading.faults[:] = error.faults
        faults = tuple(replace(fault, pointer=pointer + fault.pointer) for fault in reading.faults)
        return Item(value, None if faults else draft, faults, pointer, is_silent)

    def _activity(
        self, value: dict[str, Any], reading: Reading, dialect: As2
    ) -> tuple[Draft, bool]:
        plain = dialect.plain_activity(value, self._limits)
        if plain is not None:
            return plain, False
        context = dialect.context
        cleared = context.cleared(
            {name: inner for name, inner in value.items() if name != "@context"}
        )
        if context.others:
            cleared["@context"] = list(context.others)
        members = Members(cleared, "", reading)
        is_silent = members.flag("silent")
        draft = dialect.activity(members)
        reading.faults[:] = [
            replace(fault, pointer=context.placed(value, fault.pointer)) for fault in reading.faults
        ]
        return draft, is_silent


def dialect_of(media_type: str) -> str | None:
    """The dialect that a media type names; None where the members must tell.

    Raises UnsupportedType where documents of that type are not taken.
    """
    try:
        return MEDIA_TYPES[media_type.lower()]
    except KeyError:
        known = (*MEDIA_TYPES, NDJSON[0])
        sent = f"is said to be {media_type}" if media_type else "has no Content-Type"
        is_xml = media_type.lower().endswith("xml")
        right = "application/atom+xml" if is_xml else "application/json"
        raise UnsupportedType(
            f"The body {sent}. Say what it is: Content-Type: {right}. Taken are "
            f"{', '.join(known)}.",
            known,
        ) from None


def _items(value: Any) -> tuple[list[tuple[Any, str]], bool]:
    """The activities of a value, each with where it stands in it, and whether they are several."""
    if isinstance(value, list):
        return [(item, f"/{index}") for index, item in enumerate(value)], True
    if not isinstance(value, dict) or not _is_collection(value):
        return [(value, "")], False
    found = [each(name, value.get(name)) for name in _ITEMS]
    items = [(item, pointer_of(path)) for several in found for item, path in several]
    if not items and (value.get("first") is not None or value.get("totalItems")):
        raise InvalidActivity(
            [Fault("", "is a collection without its activities. Send its pages.")]
        )
    return items, True


def _too_many(items: list[tuple[Any, str]], limit: int) -> Fault:
    return Fault(
        items[0][1].rpartition("/")[0],
        f"holds {len(items):,} activities; {limit:,} is the limit (`max_batch`). Send NDJSON, "
        "which has none.",
    )


def _is_collection(value: dict[str, Any]) -> bool:
    types = value.get("type", value.get("@type"))
    named = types if isinstance(types, list) else [types]
    if any(isinstance(name, str) and _WORDS[name] in _COLLECTIONS for name in named):
        return True
    return types is None and "actor" not in value and any(name in value for name in _ITEMS)


def _dialect(around: dict[str, Any], item: Any) -> str:
    """2.0 where there is its context, or a type and neither verb nor objectType."""
    for members in (around, item):
        if isinstance(members, dict):
            if AS2_CONTEXT.partition(":")[2] in str(members.get("@context")):
                return "as2"
            if "verb" in members or "objectType" in members:
                return "as1"
            if "type" in members or "@type" in members:
                return "as2"
    return "as1"
