"""What replaces what: the versions that are not the first of their activity, and what they do."""

from collections.abc import Iterator
from enum import IntEnum

from pyroaring import BitMap

from feedserver.model.activity import Activity, Ending, Version


class Step(IntEnum):
    """What a version does that replaces another."""

    EDITED = 0
    SILENT = 1
    DELETED = 2
    REDACTED = 3
    ERASED = 4
    """It did one of the first two, or deleted, before the activity was redacted."""


_STEPS = {
    Ending.DELETED: Step.DELETED,
    Ending.REDACTED: Step.REDACTED,
    Ending.ERASED: Step.ERASED,
}


def step_of(version: Version) -> Step:
    """What the version does."""
    if isinstance(version, Activity):
        return Step.SILENT if version.is_silent else Step.EDITED
    return _STEPS[version.ending]


class Chain:
    """Which version replaces which, told one by one in the order of their positions."""

    def __init__(self) -> None:
        self.replaces: dict[int, int] = {}
        self.replaced_by: dict[int, int] = {}
        self.steps: dict[int, Step] = {}
        self.at_place: dict[int, int] = {}
        """At which position the version is that is silently at a place."""
        self.places: dict[int, int] = {}
        """The places of silent versions; any other is at its own position."""
        self.silent = BitMap()
        self.superseded = BitMap()
        """Versions that were replaced, whatever by."""
        self.hidden = BitMap()
        """Versions of activities that were deleted later."""
        self.hidden_by: dict[int, int] = {}
        """The tombstones of those."""
        self.last = BitMap()
        """The last of those of each activity, which its tombstone replaces."""
        self.redactions = BitMap()
        """Tombstones of what was redacted: they touch every feed."""
        self.erased = BitMap()
        """Versions of what was redacted."""
        self.removals = 0
        """How many activities are shown no more, for whatever reason."""

    def follow(self, position: int, of: int, step: Step) -> int:
        """Put the version at that position in the place of the one at `of`; gives that place.

        No silent version is there afterwards but this one.
        """
        self.replaces[position] = of
        self.replaced_by[of] = position
        self.steps[position] = step
        self.superseded.add(of)
        place = self.places.get(of, of)
        self.at_place.pop(place, None)
        if step is Step.SILENT:
            self.silent.add(position)
            self.places[position] = place
            self.at_place[place] = position
        elif step in (Step.DELETED, Step.REDACTED):
            self._end(position, step)
        return place

    def _end(self, tombstone: int, step: Step) -> None:
        """Hide what was deleted, and note what was redacted."""
        self.removals += 1
        earlier = BitMap()
        position = self.replaces[tombstone]
        while position:
            earlier.add(position)
            position = self.replaces.get(position, 0)
        if step is Step.DELETED:
            self.hidden |= earlier
            self.hidden_by.update((position, tombstone) for position in earlier)
            self.last.add(self.replaces[tombstone])
        else:
            self.redactions.add(tombstone)
            self.hidden -= earlier
            self.erased |= earlier
            for position in earlier:
                self.hidden_by.pop(position, None)

    def within(self, low: int, high: int) -> Iterator[tuple[int, int, Step]]:
        """The versions with low <= position < high that replace one: which one, and how."""
        for position, of in self.replaces.items():
            if low <= position < high:
                yield position, of, self.steps[position]
