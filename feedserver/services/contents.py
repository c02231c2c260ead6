"""The contents of the facet index: what it holds of each version up to its head, and its parts."""

import hashlib
from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from feedserver.model.activity import Activity, Version
from feedserver.model.cursor import check_of
from feedserver.model.dates import to_microseconds
from feedserver.model.filter import Term, fold, terms
from feedserver.model.passing import facts_of
from feedserver.ports import Log
from feedserver.services.chain import Chain, Step, step_of
from feedserver.services.facets import Facets, Posting
from feedserver.services.recent import KEPT, Newcomer
from feedserver.services.sealing import SEGMENT, pack, unpack

_AT_ONCE = 1000  # versions that are read from the log together


@dataclass(frozen=True, slots=True)
class Batch:
    """Versions of one segment in their order, and what they replace, as read from the log."""

    positions: Sequence[int]
    found: Mapping[Term, list[int]]
    rows: Sequence[tuple[int, int, int, int, bytes]]
    later: Sequence[Version]
    replaced: Mapping[int, Version]
    newest: Sequence[Version]


def gather(log: Log, versions: Iterable[Version]) -> Batch:
    """The versions, read whole: a log that fails while it is read has changed nothing.

    None is held longer than it is looked at, but for those that replace another, and the newest;
    holding all would cost more than all the rest.
    """
    found: defaultdict[Term, list[int]] = defaultdict(list)
    positions: list[int] = []
    rows: list[tuple[int, int, int, int, bytes]] = []
    later: list[Version] = []
    newest: deque[Version] = deque(maxlen=KEPT + 1)
    for version in versions:
        position, dates = version.position, version.dates
        occurred = to_microseconds(dates.published)
        if isinstance(version, Activity):
            draft = version.draft
            occurred = to_microseconds(draft.occurred or dates.published)
            positions.append(position)
            for term in terms(draft):
                found[term].append(position)
        updated, recorded = to_microseconds(dates.updated), to_microseconds(dates.recorded)
        rows.append((position, occurred, updated, recorded, check_of(version)))
        if version.replaces:
            later.append(version)
        newest.append(version)
    replaced = log.at([version.replaces for version in later]) if later else ()
    before = {version.position: version for version in replaced}
    return Batch(positions, found, rows, later, before, newest)


class Contents:
    """What is held of the versions up to `head`; `check` is that of the version there."""

    def __init__(self, segment: int = SEGMENT) -> None:
        self._segment = segment
        self.head, self.check = 0, b""
        # By position, microseconds.
        self.occurred = array("q", [0])
        self.updated = array("q", [0])
        self.recorded = array("q", [0])
        self.checks = array("I", [0])
        self.chain = Chain()
        self.versions = Facets(self.occurred.__getitem__)
        """Each version by its own terms."""
        self.replaced = Facets(lambda position: self.occurred[self.chain.replaces[position]])
        """Each version that replaces another, by the terms of that one: what it may leave."""
        self.silenced = self._no_silenced()
        """The places at which a silent version is the newest one, by its terms."""
        self.erasure = ""
        """Tells what was redacted; empty for nothing."""
        self._is_silenced_known = True

    def _no_silenced(self) -> Facets:
        return Facets(lambda place: self.occurred[self.chain.at_place[place]])

    def take(self, batch: Batch, log: Log) -> None:
        """Add the batch, which follows the head. Where that fails, what is held is spoilt."""
        erased = self.chain.erased.copy()
        for position, occurred, updated, recorded, check in batch.rows:
            gap = [0] * (position - len(self.occurred))
            self.occurred.extend([*gap, occurred])
            self.updated.extend([*gap, updated])
            self.recorded.extend([*gap, recorded])
            self.checks.extend([*gap, int.from_bytes(check, "big")])
            self.head, self.check = position, check
        self.versions.add_all(batch.positions, batch.found)
        for version in batch.later:
            self._follow(version, batch.replaced.get(version.replaces))
        if self.chain.erased != erased:
            self._forget(self.chain.erased - erased, log)

    def _follow(self, version: Version, replaced: Version | None) -> None:
        """Put the version in the place of the one that it replaces."""
        place = self.chain.places.get(version.replaces, version.replaces)
        if self._is_silenced_known and place in self.chain.at_place:
            if isinstance(replaced, Activity):
                self.silenced.remove(place, terms(replaced.draft))
            else:
                self.silenced.discard(BitMap([place]))
        self.chain.follow(version.position, version.replaces, step_of(version))
        if isinstance(replaced, Activity):
            self.replaced.add(version.position, terms(replaced.draft))
        if self._is_silenced_known and isinstance(version, Activity) and version.is_silent:
            self.silenced.add(place, terms(version.draft))

    def _forget(self, erased: BitMap, log: Log) -> None:
        """Forget what was redacted, with every name that it alone had."""
        self.erasure = digest(self.chain.erased)
        self.replaced.discard(erased)
        for name, folded, posting in self.versions.discard(erased):
            _spell(posting, name, folded, log)
        self.versions.close()

    def newcomers(self, batch: Batch) -> list[Newcomer]:
        """What is told of the newest versions of the batch, which was taken, as long as it may."""
        return [self._newcomer(version, batch.replaced) for version in batch.newest]

    def _newcomer(self, version: Version, before: Mapping[int, Version]) -> Newcomer:
        replaced = before.get(version.replaces)
        facts = facts_of(replaced) if isinstance(replaced, Activity) else None
        if not isinstance(version, Activity):
            return Newcomer(version.position, None, facts, {})
        own = facts_of(version)
        is_first = self.versions.is_first
        names = {
            name: new
            for name, values in own.values.items()
            if (new := [value for value in values if is_first(name, value, version.position)])
        }
        return Newcomer(version.position, own, facts, names)

    def enter(self, position: int) -> None:
        """Seal the segment of the head where that position, which comes next, is in another."""
        if self.number_of(position) != self.number_of(self.head):
            self.versions.seal(self.number_of(self.head) * self._segment)

    def number_of(self, position: int) -> int:
        """The number of the segment in which the position is."""
        return position // self._segment

    def run(self, number: int) -> tuple[int, int]:
        """The last position before the segment of that number, and the last one in it."""
        base, end = self._bounds(number)
        return self._last(base - 1), self._last(end - 1)

    def _bounds(self, number: int) -> tuple[int, int]:
        return number * self._segment, (number + 1) * self._segment

    def _last(self, position: int) -> int:
        """The position, or the last one before at which there is a version; 0 for none."""
        position = max(0, min(position, self.head))
        while position and not self.recorded[position]:
            position -= 1
        return position

    def part(self, number: int) -> Callable[[], bytes]:
        """What packs the segment of that number, for `absorb`; it may be called much later."""
        base, end = self._bounds(number)
        before, last = self.run(number)
        kept = (self.occurred, self.updated, self.recorded, self.checks)
        columns = [column[before + 1 : last + 1].tobytes() for column in kept]
        steps = list(self.chain.within(base, end))
        versions = self.versions.part(base, end)
        # Nobody asks these how they are spelt: a version that was redacted since may have said it.
        replaced = self.replaced.part(base, end, is_spelt=False)

        def packed() -> bytes:
            positions = array("q", (number for step in steps for number in step[:2])).tobytes()
            kinds = bytes(step for _, _, step in steps)
            return pack([*columns, positions, kinds, versions(), replaced()])

        return packed

    def absorb(self, number: int, last: int, packed: bytes) -> None:
        """Add the segment of that number up to position `last`, as `part` packed it.

        Only `complete` makes answers right again. Where that fails, what is held is spoilt.
        """
        base, _ = self._bounds(number)
        self.enter(base)
        *columns, positions, kinds, versions, replaced = unpack(packed)
        kept = (self.occurred, self.updated, self.recorded, self.checks)
        for column, added in zip(kept, columns, strict=True):
            column.frombytes(added)
            if len(column) != last + 1:
                raise ValueError(f"it ends at position {len(column) - 1} instead of {last}")
        self.head, self.check = last, self.checks[last].to_bytes(4, "big")
        pairs = array("q", bytes(positions))
        for at, kind in enumerate(kinds):
            self.chain.follow(pairs[2 * at], pairs[2 * at + 1], Step(kind))
        self.versions.absorb(base, versions)
        self.replaced.absorb(base, replaced)
        self._is_silenced_known = False

    def complete(self, log: Log) -> None:
        """Find in the log what segments do not tell."""
        if self._is_silenced_known:
            return
        for name, folded in self.versions.unspelt:
            if (posting := self.versions.find(name, folded)) is not None:
                _spell(posting, name, folded, log)
        self.versions.unspelt = set()
        self.erasure = digest(self.chain.erased) if self.chain.erased else ""
        self.silenced = self._no_silenced()
        by_position = {position: place for place, position in self.chain.at_place.items()}
        silent = sorted(by_position)
        for begin in range(0, len(silent), _AT_ONCE):
            for version in log.at(silent[begin : begin + _AT_ONCE]):
                if isinstance(version, Activity):
                    self.silenced.add(by_position[version.position], terms(version.draft))
        self._is_silenced_known = True


def digest(positions: BitMap) -> str:
    """Tells those positions from any others."""
    return hashlib.sha256(positions.to_array().tobytes()).hexdigest()[:16]


def _spell(posting: Posting, name: str, folded: str, log: Log) -> None:
    """Let the posting be spelt as the first version that has it spells it."""
    for version in log.at([posting.numbers.min()]):
        if isinstance(version, Activity):
            for term in terms(version.draft):
                if term.field == name and fold(name, term.value) == folded:
                    posting.value, posting.label = term.value, term.label
                    return
