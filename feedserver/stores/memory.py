"""A store in memory, for tests: the contracts of the ports in their shortest form."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from feedserver.clock import Clock
from feedserver.errors import Conflict, Moved
from feedserver.model.activity import Activity, Draft, Ending, Tombstone, Version, give_dates
from feedserver.model.cursor import check_of
from feedserver.model.dates import Dates, changed_dates, latest, silent_dates
from feedserver.model.grant import Grant
from feedserver.model.search import Word
from feedserver.ports import Bookmark, Keeping, KeptRecord
from feedserver.stores.texts import have, searched


class MemoryLog:
    """A log that is gone with its process."""

    def __init__(self, authority: str, clock: Clock, epoch: str = "memory00") -> None:
        self.authority = authority
        self.epoch = epoch
        self.created = clock()
        self._clock = clock
        self._versions: list[Version] = []
        self._by_id: dict[str, list[int]] = {}
        self._last: Dates | None = None
        self._bookmarks: dict[str, str] = {}
        self._changes = 0
        self._lock = threading.Lock()

    def append(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        made = self.appended(drafts, bookmark)
        return tuple(0 if activity is None else activity.position for activity in made)

    def appended(
        self, drafts: Sequence[Draft], bookmark: Bookmark | None = None
    ) -> tuple[Activity | None, ...]:
        with self._lock:
            new: dict[str, Draft] = {}
            for draft in drafts:
                if draft.id not in self._by_id:
                    new.setdefault(draft.id, draft)
            dates = give_dates(list(new.values()), self._last, self._clock())
            made = {}
            for draft, given in zip(new.values(), dates, strict=True):
                made[draft.id] = Activity(self.head() + 1, draft, given)
                self._write(made[draft.id])
            if bookmark is not None and self.bookmark(bookmark.name) == bookmark.found:
                self._bookmarks[bookmark.name] = bookmark.place
                self._changes += 1
        return tuple(made.pop(draft.id, None) for draft in drafts)

    def replace(self, position: int, draft: Draft | None, is_silent: bool = False) -> int:
        with self._lock:
            (found,) = self.at([position]) or (None,)
            newest = None if found is None else self.find(found.id)
            if not isinstance(newest, Activity) or newest.position != position:
                raise Moved("There is a newer version than the one that this is about.")
            if draft is None:
                return self._end(newest, Ending.DELETED)
            dates = self._follow(newest, is_silent)
            return self._write(Activity(self.head() + 1, draft, dates, position, is_silent))

    def redact(self, ids: Sequence[str]) -> tuple[int, ...]:
        with self._lock:
            return tuple(self._redact(id) for id in ids)

    def _redact(self, id: str) -> int:
        newest = self.find(id)
        if newest is None or (
            isinstance(newest, Tombstone) and newest.ending is not Ending.DELETED
        ):
            return 0
        for position in self._by_id[id]:
            version = self._versions[position - 1]
            if isinstance(version, Activity):
                self._versions[position - 1] = Tombstone(
                    position, id, version.dates, version.replaces, Ending.ERASED
                )
        return self._end(newest, Ending.REDACTED)

    def _end(self, replaced: Version, ending: Ending) -> int:
        dates = self._follow(replaced, is_silent=False)
        position = self.head() + 1
        return self._write(Tombstone(position, replaced.id, dates, replaced.position, ending))

    def _follow(self, replaced: Version, is_silent: bool) -> Dates:
        assert self._last is not None
        give = silent_dates if is_silent else changed_dates
        return give(self._last, replaced.dates, self._clock())

    def _write(self, version: Version) -> int:
        self._versions.append(version)
        self._by_id.setdefault(version.id, []).append(version.position)
        self._last = latest(self._last, version.dates)
        self._changes += 1
        return version.position

    def head(self) -> int:
        return len(self._versions)

    def newest(self) -> tuple[int, bytes]:
        versions = self._versions  # looked up once, for others append
        return (versions[-1].position, check_of(versions[-1])) if versions else (0, b"")

    def read(self, after: int, limit: int | None = None) -> Iterator[Version]:
        end = None if limit is None else after + limit
        return iter(self._versions[after:end])

    def at(self, positions: Sequence[int]) -> tuple[Version, ...]:
        there = range(1, len(self._versions) + 1)
        return tuple(self._versions[at - 1] for at in positions if at in there)

    def find(self, id: str) -> Version | None:
        return self._versions[self._by_id[id][-1] - 1] if id in self._by_id else None

    def known(self, ids: Sequence[str]) -> set[str]:
        return {id for id in ids if id in self._by_id}

    def versions(self, ids: Sequence[str]) -> Mapping[str, tuple[Version, Version]]:
        return {
            id: (self._versions[found[0] - 1], self._versions[found[-1] - 1])
            for id in ids
            if (found := self._by_id.get(id))
        }

    def search(self, words: Sequence[Word], after: int = 0) -> Sequence[int]:
        return [
            version.position
            for version in self.read(after)
            if isinstance(version, Activity) and have(searched(version.draft), words)
        ]

    def bookmark(self, name: str) -> str | None:
        return self._bookmarks.get(name)

    def changes(self) -> int:
        return self._changes

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


class MemoryRecords:
    """Records that are gone with their process."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], KeptRecord] = {}
        self._lock = threading.Lock()

    def keep(self, records: Sequence[KeptRecord]) -> tuple[bool, ...]:
        with self._lock:
            return tuple(self._keep(record) for record in records)

    def _keep(self, record: KeptRecord) -> bool:
        kept = self._records.get((record.source, record.key))
        made = record if kept is None else replace(kept, reason=record.reason)
        self._records[record.source, record.key] = made
        return kept is None

    def find(self, source: str, key: str | None = None) -> tuple[KeptRecord, ...]:
        return tuple(
            record
            for record in list(self._records.values())
            if record.source == source and key in (None, record.key)
        )

    def keys(self, source: str) -> tuple[str, ...]:
        return tuple(record.key for record in self.find(source))

    def drop(self, source: str, keys: Sequence[str]) -> int:
        dropped = [self._records.pop((source, key), None) for key in keys]
        return sum(record is not None for record in dropped)

    def standing(self) -> Mapping[str, Keeping]:
        received: dict[str, list[datetime]] = {}
        for record in list(self._records.values()):
            received.setdefault(record.source, []).append(record.received)
        return {
            source: Keeping(len(dates), min(dates), max(dates))
            for source, dates in received.items()
        }
