"""What all simulated readers have in common: how they ask, and what they read in Atom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from lxml import etree
from werkzeug.test import TestResponse

_ATOM = "{http://www.w3.org/2005/Atom}"

Ask = Callable[[str, Mapping[str, str]], TestResponse]
"""Asks the server for a path, with headers."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of an Atom document; a date that is missing, or is none, is None."""

    id: str
    published: datetime | None
    updated: datetime | None


class SimulatedReader(Protocol):
    """A reader of one feed."""

    address: str
    """The path that its user has given it."""

    interval: float
    """Seconds between two polls."""

    tells_edits: bool
    """Whether an entry whose `updated` has moved is told again."""

    def poll(self, ask: Ask, now: datetime) -> list[str]:
        """Ask once; the ids that its user is told of, in that order."""
        ...


@lru_cache(maxsize=1)  # most of a thousand polls bring the document of the poll before
def entries(document: bytes) -> list[Entry]:
    """The entries of an Atom document, in their order; raises where it is not well-formed."""
    return [
        Entry(
            element.findtext(f"{_ATOM}id"),
            _date(element.findtext(f"{_ATOM}published")),
            _date(element.findtext(f"{_ATOM}updated")),
        )
        for element in etree.fromstring(document).iter(f"{_ATOM}entry")
    ]


def _date(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
