"""Whole numbers for what has permanent ids and names, as the APIs of others want them."""

import hashlib
from collections.abc import Sequence

from feedserver.errors import NotFound
from feedserver.model.activity import Activity, Version
from feedserver.model.filter import fold
from feedserver.ports import Log
from feedserver.services.indexing import FacetIndex

_BYTES = 6  # 48 bits: exact in every language, and no two of ten thousand names are likely equal
_HIGHEST = 1 << (8 * _BYTES - 1)


class Numbering:
    """Numbers of one log. They depend on nothing but the log, and never change.

    An activity has the position of its first version; a name has a number made of itself.
    """

    def __init__(self, log: Log, index: FacetIndex) -> None:
        self._log = log
        self._index = index
        self._numbers: dict[str, dict[str, int]] = {}

    def of(self, activities: Sequence[Activity]) -> list[int]:
        """The number of each activity, of which any version may be given."""
        later = [activity.id for activity in activities if activity.replaces]
        first = {
            id: versions[0].position
            for id, versions in (self._log.versions(later) if later else {}).items()
        }
        return [first.get(activity.id, activity.position) for activity in activities]

    def activity(self, number: int) -> Version:
        """The newest version of the activity with that number; raises NotFound."""
        found = self._log.at([number]) if 0 < number <= self._log.head() else ()
        newest = self._log.find(found[0].id) if found and not found[0].replaces else None
        if newest is None:
            raise NotFound(f"No activity has the number {number}.")
        return newest

    def find(self, field: str, number: int) -> str | None:
        """The value of the field with that number, as the log spells it; None where it has none.

        Raises NotFound where several have it: none of them is taken on a guess.
        """
        known = self._numbers.get(field, {})
        # What was redacted is in the index no more, and is not kept here either.
        numbers = {
            value: known.get(value) or number_of(field, value)
            for value in self._index.values(field)
        }
        self._numbers[field] = numbers
        found = [value for value, own in numbers.items() if own == number]
        if len(found) > 1:
            raise NotFound(f"{number} is the number of {' and '.join(sorted(found))}. Ask by name.")
        return found[0] if found else None


def number_of(field: str, value: str) -> int:
    """The number of that value of a field: 48 bits, of which the first is set."""
    digest = hashlib.sha256(f"{field}\0{fold(field, value)}".encode()).digest()
    return int.from_bytes(digest[:_BYTES], "big") | _HIGHEST
