"""Whether an entry belongs to the object that a business rule names."""

import re
from collections.abc import Sequence

from feedserver.errors import InvalidRequest
from feedserver.model.vocabulary import type_of
from feedserver.sources.clarify.entries import Thing
from feedserver.sources.clarify.tables import KINDS, Kind

_ALSO = {"task": "action item"}  # what people read in the CRM, where no name of ours is like it


def kind_called(text: str) -> Kind:
    """The kind of object that Clarify, Dovetail or we call so: `Case`, `probdesc`, `Sub Case`.

    Raises InvalidRequest, naming the known ones, where there is none.
    """
    try:
        return _CALLED[_bare(text)]
    except KeyError:
        known = ", ".join(kind.word for kind in KINDS)
        raise InvalidRequest(
            [f"object_type {text[:40]!r} is no type of object; known: {known}."]
        ) from None


def check_belongs(entry: int, kind: Kind, objid: int, things: Sequence[Thing]) -> None:
    """Check that the object is one of the `things` to which the entry belongs.

    Raises InvalidRequest, which tells to what it belongs, and of a number that was taken for a key.
    """
    if any(thing.kind is kind and thing.objid == objid for thing in things):
        return
    belongs = " and ".join(map(_told, things)) or "no object"
    fault = f"act_entry {entry} belongs to {belongs}, not to the {_label(kind)} with objid {objid}."
    if str(objid) in [(thing.number or "").lstrip("0") for thing in things]:
        fault += f" {objid} is its number, [Object ID]; database_id is [Database ID], its objid."
    raise InvalidRequest([fault])


def _told(thing: Thing) -> str:
    number = f"{thing.number}, " if thing.number else ""
    return f"{_label(thing.kind)} {number}objid {thing.objid}"


def _label(kind: Kind) -> str:
    return type_of(kind.word).label


def _bare(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()


_CALLED = {
    _bare(name): kind
    for kind in KINDS
    for name in (kind.name, kind.word, _label(kind), _ALSO.get(kind.word, kind.word))
}
