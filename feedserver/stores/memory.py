"""A log and grants in memory, for tests: the contracts of the ports in their shortest form."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from feedserver.clock import Clock
from feedserver.errors import Conflict
from feedserver.model.activity import Activity, Draft, give_dates
from feedserver.model.grant import Grant
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
        new: dict[str, Draft] = {}
        for draft in drafts:
            if draft.id not in self._by_id:
                new.setdefault(draft.id, draft)
        last = self._activities[-1].dates if self._activities else None
        dates = give_dates(list(new.values()), last, self._clock())
        return {
            draft.id: Activity(self.head() + index, draft, given)
            for index, (draft, given) in enumerate(zip(new.values(), dates, strict=True), 1)
        }

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

    def versions(self, ids: Sequence[str]) -> Mapping[str, tuple[Activity, Activity]]:
        return {id: (self._by_id[id], self._by_id[id]) for id in ids if id in self._by_id}

    def bookmark(self, name: str) -> str | None:
        return self._bookmarks.get(name)

    def close(self) -> None:
        pass


class MemoryGrants:
    """Grants that are gone with their process."""

    def __init__(self) -> None:
        self._grants: list[Grant] = []

    def add(self, grant: Grant) -> None:
        if any(other.label == grant.label and other.revoked is None for other in self._grants):
            raise Conflict(f"a grant called {grant.label} is in force; revoke it, or name another")
        self._grants.append(grant)

    def all(self) -> tuple[Grant, ...]:
        return tuple(self._grants)

    def revoke(self, label: str, when: datetime) -> bool:
        for index, grant in enumerate(self._grants):
            if grant.label == label and grant.revoked is None:
                self._grants[index] = replace(grant, revoked=when)
                return True
        return False
