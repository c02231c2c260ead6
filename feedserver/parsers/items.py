"""What every parser gives: a document with its activities, each a draft or all that is wrong."""

from dataclasses import dataclass
from typing import Any

from feedserver.errors import Fault
from feedserver.model.activity import Draft


@dataclass(frozen=True, slots=True)
class Item:
    """An activity of a document: its value, its draft or all that is wrong, and where it stood.

    `value` is what it was read from, or what tells that from others, as JSON can say it; an entry
    of Atom with an id has none. `pointer` is a JSON Pointer, in XML a path (`/feed/entry[3]`).
    `is_silent` is said of a new version of which nobody shall be told.
    """

    value: Any
    draft: Draft | None
    faults: tuple[Fault, ...] = ()
    pointer: str = ""
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """What a document holds: one activity, or a collection of them, in order.

    `dialect` is "as1", "as2" or "atom".
    """

    dialect: str
    is_collection: bool
    items: tuple[Item, ...]
