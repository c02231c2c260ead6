"""The facet index: a follower of the log that answers any filter from memory.

For each term a bitmap of positions. An intersection of two common terms takes 0.04 ms at a
million activities, where a join in the database takes 250 ms; AND, OR and NOT cost the same.
"""

import threading
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from pyroaring import BitMap

from feedserver.errors import StoreError
from feedserver.model.activity import Activity
from feedserver.model.cursor import Cursor, check_of
from feedserver.model.dates import from_microseconds, to_microseconds
from feedserver.model.feed import Stamp
from feedserver.model.filter import Filter, Term, fold, terms
from feedserver.model.vocabulary import is_iri
from feedserver.ports import Log

_DAY = 24 * 60 * 60 * 1_000_000
BATCH = 20_000  # activities that are added in one go while a log is read in


@dataclass(frozen=True, slots=True)
class Selection:
    """A run of a feed: positions in the order asked for, and what the feed is at that moment.

    All of one moment: `stamp` is of the whole feed, `total` counts its activities, `left` those
    that lie beyond this run in its direction. `scanned` is the position up to which a run that
    goes forward has looked.
    """

    positions: tuple[int, ...]
    stamp: Stamp
    total: int
    left: int
    scanned: int


@dataclass(frozen=True, slots=True)
class Name:
    """A value of a field: as it is spelt, what people call it, how often it came, when last."""

    value: str
    label: str
    count: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """How many activities a source has with that verb; None: with all verbs not asked for."""

    source: str
    verb: str | None
    count: int


@dataclass(slots=True)
class _Posting:
    value: str
    label: str
    positions: BitMap = field(default_factory=BitMap)


class FacetIndex:
    """Finds positions by filter, in the log as it was when the index last caught up."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = threading.RLock()
        self._head = 0
        self._all = BitMap()
        self._postings: defaultdict[str, dict[str, _Posting]] = defaultdict(dict)
        self._days: defaultdict[int, BitMap] = defaultdict(BitMap)
        self._occurred = array("q", [0])  # by position, microseconds
        self._updated = array("q", [0])
        self._checks = array("I", [0])

    def held(self) -> AbstractContextManager[object]:
        """While it is entered, all answers are of one moment."""
        return self._lock

    def catch_up(self) -> int:
        """Read what the log has more; on return everything committed before the call is found.

        Gives the position up to which the index stands. Raises StoreError.
        """
        with self._lock:
            while self._log.head() > self._head:
                before = self._head
                self._add(self._log.read(before, BATCH))
                if self._head == before:
                    raise StoreError(f"the store has lost what followed position {before}")
            return self._head

    def _add(self, activities: Iterable[Activity]) -> None:
        """Add the activities, all or none: a log that fails while it is read changes nothing.

        None is held longer than it is looked at; holding them would cost more than all the rest.
        """
        found: defaultdict[Term, list[int]] = defaultdict(list)
        days: defaultdict[int, list[int]] = defaultdict(list)
        rows: list[tuple[int, int, int, int]] = []
        for activity in activities:
            position, draft = activity.position, activity.draft
            occurred = to_microseconds(draft.occurred or activity.dates.published)
            updated = to_microseconds(activity.dates.updated)
            check = int.from_bytes(check_of(activity), "big")
            rows.append((position, occurred, updated, check))
            days[occurred // _DAY].append(position)
            for term in terms(draft):
                found[term].append(position)
        for position, occurred, updated, check in rows:
            gap = [0] * (position - len(self._occurred))
            self._occurred.extend([*gap, occurred])
            self._updated.extend([*gap, updated])
            self._checks.extend([*gap, check])
            self._head = position
        self._all.update([row[0] for row in rows])
        for day, positions in days.items():
            self._days[day].update(positions)
        for term, positions in found.items():
            self._posting(term).positions.update(positions)

    def _posting(self, term: Term) -> _Posting:
        """The posting of the term; the first one to come says how its value is spelt."""
        postings, folded = self._postings[term.field], fold(term.field, term.value)
        if folded not in postings:
            postings[folded] = _Posting(term.value, term.label)
        return postings[folded]

    def cursor(self, position: int) -> Cursor:
        """The cursor that stands on the version at that position; 0 is before everything."""
        with self._lock:
            return Cursor(self._log.epoch, position, self._checks[position].to_bytes(4, "big"))

    def place(self, cursor: Cursor) -> int | None:
        """The position of the cursor, None where this log does not hold what it stands on."""
        with self._lock:
            # A bitmap cannot be asked for what is beyond its 32 bits.
            if cursor.position > self._head or cursor != self.cursor(cursor.position):
                return None
            is_there = cursor.position == 0 or cursor.position in self._all
            return cursor.position if is_there else None

    def newest(self, filter: Filter, limit: int, before: int | None = None) -> Selection:
        """The newest activities of the feed (older than position `before`), newest first."""
        with self._lock:
            matching = self._matching(filter)
            end = len(matching) if before is None else matching.rank(max(before, 1) - 1)
            start = max(0, end - limit)
            run = tuple(reversed(matching[start:end]))
            return self._selection(matching, run, left=start, scanned=self._head)

    def following(self, filter: Filter, limit: int, after: int) -> Selection:
        """The oldest activities of the feed that are newer than position `after`, oldest first."""
        with self._lock:
            matching = self._matching(filter)
            start = matching.rank(after)
            end = min(len(matching), start + limit)
            run = tuple(matching[start:end])
            left = len(matching) - end
            scanned = self._head if not left else run[-1] if run else after
            return self._selection(matching, run, left, scanned)

    def _selection(
        self, matching: BitMap, run: tuple[int, ...], left: int, scanned: int
    ) -> Selection:
        stamp = Stamp(0, None)
        if matching:
            newest = matching.max()
            updated = from_microseconds(self._updated[newest])
            stamp = Stamp(newest, updated, self._checks[newest])
        return Selection(run, stamp, len(matching), left, scanned)

    def _matching(self, filter: Filter) -> BitMap:
        included = [
            self._union(clause.field, clause.values)
            for clause in filter.clauses
            if not clause.excluded
        ]
        if filter.since is not None or filter.until is not None:
            included.append(self._between(filter.since, filter.until))
        included.sort(key=len)
        matching = included[0] if included else self._all
        for other in included[1:]:
            matching = matching & other
        for clause in filter.clauses:
            if clause.excluded:
                matching = matching - self._union(clause.field, clause.values)
        return matching

    def _union(self, name: str, values: Iterable[str]) -> BitMap:
        found = [
            self._postings[name][value].positions
            for value in values
            if value in self._postings[name]
        ]
        return found[0] if len(found) == 1 else BitMap.union(BitMap(), *found)

    def _between(self, since: datetime | None, until: datetime | None) -> BitMap:
        """Whole days by their bitmaps; in the first and the last day each activity's own time."""
        low = to_microseconds(since) if since else None
        high = to_microseconds(until) if until else None
        whole, edges = [BitMap()], [BitMap()]
        for day, positions in self._days.items():
            begins, ends = day * _DAY, (day + 1) * _DAY
            if (low is not None and ends <= low) or (high is not None and begins >= high):
                continue
            inside = (low is None or begins >= low) and (high is None or ends <= high)
            (whole if inside else edges).append(positions)
        exact = BitMap(
            position
            for position in BitMap.union(*edges)
            if (low is None or self._occurred[position] >= low)
            and (high is None or self._occurred[position] < high)
        )
        return BitMap.union(exact, *whole)

    def names(self, field: str) -> tuple[Name, ...]:
        """Every value of the field that the log has, the most frequent first."""
        with self._lock:
            names = [
                Name(
                    posting.value,
                    posting.label,
                    len(posting.positions),
                    from_microseconds(self._updated[posting.positions.max()]),
                )
                for posting in self._postings[field].values()
            ]
        return tuple(sorted(names, key=lambda name: (-name.count, name.value)))

    def tallies(self, verbs: Collection[str]) -> tuple[Tally, ...]:
        """How many activities each source has with each of the verbs, and with others; none is 0.

        Sources come in the order in which the log has them first. Each activity counts once, by
        its verb as it was recorded: one that is an IRI is not the verb of its short name.
        """
        # With a million activities this takes 3 ms for 5 sources of 22 verbs, and 100 ms for 200
        # of 117, of which hardly anyone has so many; requests wait meanwhile.
        with self._lock:
            postings = self._postings["verb"]
            iris = [posting.positions for word, posting in postings.items() if is_iri(word)]
            others = BitMap.union(BitMap(), *iris)
            known = {verb: postings[verb].positions - others for verb in verbs if verb in postings}
            made = []
            for source in self._postings["source"].values():
                left = len(source.positions)
                for verb, positions in known.items():
                    count = source.positions.intersection_cardinality(positions)
                    left -= count
                    made.append(Tally(source.value, verb, count))
                made.append(Tally(source.value, None, left))
        return tuple(tally for tally in made if tally.count)

    def find_name(self, field: str, value: str) -> str | None:
        """The value as the log spells it, None where the log has no such value."""
        with self._lock:
            posting = self._postings[field].get(fold(field, value))
            return None if posting is None else posting.value

    def label(self, field: str, value: str) -> str:
        """What people call the value; the value itself where the log has none."""
        with self._lock:
            posting = self._postings[field].get(fold(field, value))
            return value if posting is None else posting.label

    def values(self, field: str) -> tuple[str, ...]:
        """Every value of the field as it is spelt, in no particular order."""
        with self._lock:
            return tuple(posting.value for posting in self._postings[field].values())
