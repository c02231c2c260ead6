"""The history: what was written and when, and what a reader may therefore have."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from time import monotonic

from tests.checker.documents import Entry, Feed, Terms
from tests.checker.findings import Findings


@dataclass(slots=True, eq=False)
class Write:
    """A write of one activity: a version with its title and terms, or, without, its end.

    `is_atom` says that it is sent as an Atom entry. `acked` is infinite until it is known that it
    has happened.
    """

    id: str
    title: str | None
    terms: Terms | None
    is_silent: bool = False
    is_atom: bool = False
    begun: float = 0.0
    acked: float = inf

    def __str__(self) -> str:
        what = self.title or "deleted"
        terms = " ".join(sorted(self.terms or ()))
        silent = " silently" if self.is_silent else ""
        return f"{what}{silent} [{terms}] {self.begun:.4f}-{self.acked:.4f}"


class History:
    """All writes of a run. The writes of one id are made one after the other, by one thread."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._start = monotonic()
        self._lock = threading.Lock()
        self._writes: dict[str, list[Write]] = {}
        self._titles: dict[str, Write] = {}
        self._refused: set[str] = set()
        self._dates: dict[str, tuple[datetime | None, datetime]] = {}
        self._seconds: dict[str, datetime] = {}
        self._published: dict[str, datetime | None] = {}
        self.acknowledged: list[Write] = []

    def now(self) -> float:
        """Seconds since the run began."""
        return monotonic() - self._start

    def begin(self, write: Write) -> None:
        """The write is about to be sent."""
        with self._lock:
            write.begun = self.now()
            self._writes.setdefault(write.id, []).append(write)
            if write.title is not None:
                self._titles[write.title] = write

    def refuse(self, title: str) -> None:
        """A version of that title is about to be sent that must not be taken."""
        with self._lock:
            self._refused.add(title)

    def acknowledge(self, write: Write) -> None:
        """The write was answered with a 2xx, or something else tells that it has happened."""
        with self._lock:
            if write.acked == inf:
                write.acked = self.now()
                self.acknowledged.append(write)

    def withdraw(self, write: Write) -> None:
        """The write is known not to have happened."""
        with self._lock:
            self._writes[write.id].remove(write)
            if write.title is not None:
                self._titles.pop(write.title)
                self._refused.add(write.title)

    def ids(self) -> list[str]:
        """Every id that was written, or may have been."""
        with self._lock:
            return list(self._writes)

    def doubtful(self) -> list[Write]:
        """The writes of which nobody knows whether they have happened."""
        with self._lock:
            return [writes[-1] for writes in self._writes.values() if writes[-1].acked == inf]

    def writes(self, id: str) -> list[Write]:
        """The writes of the id, in order."""
        return self._writes.get(id, [])

    def version(self, title: str) -> Write:
        """The write that brought the version of that title, which `noted` has let pass."""
        return self._titles[title]

    def allowed(self, id: str, feed: Feed, since: float, until: float) -> set[str | None]:
        """What a feed may show of the id to who asked at `since` and had his answer at `until`.

        Titles, and None where it may be absent.
        """
        shown: set[str | None] = {None}
        for write in self.writes(id):
            if write.begun >= until:
                break
            title = write.title if feed.holds(write.terms) else None
            if write.acked < since:
                shown = {title}
            else:
                shown.add(title)
        return shown

    def bounds(self, feed: Feed, since: float, until: float) -> tuple[int, int]:
        """How many activities the feed has at least, and at most, to who asked as in `allowed`."""
        shown = [self.allowed(id, feed, since, until) for id in self.ids()]
        return sum(None not in each for each in shown), sum(each != {None} for each in shown)

    def is_ended(self, id: str, before: float) -> bool:
        """Whether the activity was deleted before that moment, and that was acknowledged."""
        writes = self.writes(id)
        return bool(writes) and writes[-1].title is None and writes[-1].acked < before

    def may_have_ended(self, id: str) -> bool:
        """Whether somebody has begun to delete the activity."""
        writes = self.writes(id)
        return bool(writes) and writes[-1].title is None

    def expected(self, id: str, feed: Feed) -> list[str | None]:
        """What a reader that reads from the first to the last write is told of the id."""
        told: list[str | None] = []
        was_held = False
        for write in self.writes(id):
            is_held = feed.holds(write.terms)
            if is_held:
                told.append(write.title)
            elif was_held:
                told.append(None)
            was_held = is_held
        return told

    def place(self, write: Write) -> Write:
        """The write that gave the version its place: the last one up to it that is not silent."""
        writes = self.writes(write.id)
        before = writes[: writes.index(write) + 1]
        return next(each for each in reversed(before) if not each.is_silent)

    def noted(self, entry: Entry, feed: Feed, who: str, until: float) -> bool:
        """Note an entry of an answer that had come at `until`; whether it can be believed.

        What one has seen, all that ask later must see, acknowledged or not.
        """
        if entry.title is None:
            known = entry.id in self._writes
            if not known:
                self._findings.violated("ID", who, f"a removal of {entry.id}, which nobody sent")
            return known
        write = self._titles.get(entry.title)
        if entry.title in self._refused:
            fault = f"{entry.title} of {entry.id} was refused, or never recorded"
        elif write is None or write.begun >= until:
            fault = f"{entry.title} of {entry.id} was never sent"
        elif write.id != entry.id:
            self._findings.violated("ID", who, f"{write.id} is told as {entry.id}")
            return False
        elif not feed.holds(write.terms) or (entry.terms not in (None, write.terms)):
            fault = (
                f"{write.title} of {entry.id} is told as {sorted(entry.terms or ())} in "
                f"{feed.query}; written: {self.told(entry.id)}"
            )
        else:
            self.acknowledge(write)
            self._note_dates(entry, write, who)
            return True
        self._findings.violated("PHANTOM", who, fault)
        return False

    def _note_dates(self, entry: Entry, write: Write, who: str) -> None:
        assert entry.title is not None
        if entry.published is None:
            known = self._seconds.setdefault(entry.title, entry.updated)
            if known != entry.updated:
                fault = f"{entry.title} has {entry.updated} in RSS, and had {known}"
                self._findings.violated("ORDER", who, fault)
            return
        dates = entry.published, entry.updated
        told = self._dates.setdefault(entry.title, dates)
        published = self._published.setdefault(entry.id, entry.published)
        faults = []
        if told != dates or published != entry.published:
            faults.append(f"has {dates} now, and had {told}, published {published}")
        before = self._before(write)
        earlier = None if before is None else self._dates.get(before.title or "")
        if earlier is not None:
            is_kept = entry.updated == earlier[1]
            if write.is_silent != is_kept or entry.updated < earlier[1]:
                faults.append(f"is updated {entry.updated}, and was {earlier[1]} before")
        for fault in faults:
            self._findings.violated("ORDER", who, f"{entry.title} of {entry.id} {fault}")

    def _before(self, write: Write) -> Write | None:
        writes = self.writes(write.id)
        index = writes.index(write)
        return writes[index - 1] if index else None

    def compare(
        self,
        kind: str,
        who: str,
        state: Mapping[str, str],
        ids: Iterable[str],
        feed: Feed,
        since: float,
        until: float,
    ) -> None:
        """Hold the state of a reader against what it may be, for those ids.

        A difference is a REMOVAL where something is there that must not be, else of that kind.
        """
        for id in ids:
            allowed = self.allowed(id, feed, since, until)
            has = state.get(id)
            if has not in allowed:
                may = " or ".join(sorted(str(title) for title in allowed))
                self._findings.violated(
                    "REMOVAL" if allowed == {None} else kind,
                    who,
                    f"{id} is {has}, and should be {may}; asked {since:.4f}, answered "
                    f"{until:.4f}; written: {self.told(id)}",
                )

    def told(self, id: str) -> str:
        """The writes of the id, for evidence."""
        return "; ".join(map(str, self.writes(id)))

    def newest_first(self) -> Iterator[Write]:
        """The acknowledged writes from the last on."""
        for index in range(len(self.acknowledged) - 1, -1, -1):
            yield self.acknowledged[index]
