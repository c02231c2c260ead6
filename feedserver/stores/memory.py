"""A log in memory, for tests: the contract of `ports.Log` in its shortest form."""

import threading
from collections.abc import Iterator, Sequence

from feedserver.clock import Clock
from feedserver.model.activity import Activity, Draft, first_occurred
from feedserver.model.dates import first_dates
from feedserver.ports import Bookmark


class MemoryLog:
    """A log that is gone with its process."""

    def __init__(self, authority: str, clock: Clock, epoch: str = "memory00") -> None:
        self.authority = authority
        self.epoch = epoch
        self.created = clock()
        self._clock = clock
        self._activities: list[Activity] = []
        self._by_id: dict[str, Activity] = {}
        self._bookmarks: dict[str, str] = {}
        self._lock = threading.Lock()

    def append(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        with self._lock:
            new = self._recorded(drafts)
            self._activities.extend(new.values())
            self._by_id.update(new)
            if bookmark is not None and self.bookmark(bookmark.name) == bookmark.found:
                self._bookmarks[bookmark.name] = bookmark.place
        positions = {id: activity.position for id, activity in new.items()}
        return tuple(positions.pop(draft.id, 0) for draft in drafts)

    def _recorded(self, drafts: Sequence[Draft]) -> dict[str, Activity]:
        now = self._clock()
        last = self._activities[-1].dates if self._activities else None
        new: dict[str, Activity] = {}
        for draft in drafts:
            if draft.id not in self._by_id and draft.id not in new:
                occurred = first_occurred(drafts, now) if last is None else draft.occurred
                last = first_dates(last, occurred, now)
                new[draft.id] = Activity(self.head() + len(new) + 1, draft, last)
        return new

    def head(self) -> int:
        return len(self._activities)

    def read(self, after: int, limit: int | None = None) -> Iterator[Activity]:
        end = None if limit is None else after + limit
        return iter(self._activities[after:end])

    def at(self, positions: Sequence[int]) -> tuple[Activity, ...]:
        there = range(1, len(self._activities) + 1)
        return tuple(self._activities[at - 1] for at in positions if at in there)

    def find(self, id: str) -> Activity | None:
        return self._by_id.get(id)

    def known(self, ids: Sequence[str]) -> set[str]:
        return {id for id in ids if id in self._by_id}

    def bookmark(self, name: str) -> str | None:
        return self._bookmarks.get(name)

    def close(self) -> None:
        pass
