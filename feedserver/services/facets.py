"""Facets: for each term a bitmap of numbers, and any filter answered from them.

An intersection of two common terms takes 0.04 ms at a million numbers, where a join in the
database takes 250 ms; AND, OR and NOT cost the same.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pyroaring import BitMap

from feedserver.model.dates import to_microseconds
from feedserver.model.expression import Expression, Not, Or, Since, Test
from feedserver.model.filter import Filter, Term, fold
from feedserver.model.passing import contains
from feedserver.services.sealing import Sealed, pack, unpack

SEALED_FIELDS = ("object", "number")
"""The fields with about as many names as there is work; they are sealed where that is asked for."""

_DAY = 24 * 60 * 60 * 1_000_000
_MONTH = 32  # days: of a long time, months are joined and not all of its days


@dataclass(slots=True)
class Posting:
    """The numbers that have a term, as the first one of them spells it."""

    value: str
    label: str
    numbers: BitMap = field(default_factory=BitMap)


class Facets:
    """Which numbers have which terms; `occurred` gives the microseconds at which one happened.

    What was sealed is as it was, but for what `discard` takes out.
    """

    def __init__(self, occurred: Callable[[int], int]) -> None:
        self._occurred = occurred
        self._days: defaultdict[int, BitMap] = defaultdict(BitMap)
        self._months: defaultdict[int, BitMap] = defaultdict(BitMap)
        self._postings: defaultdict[str, dict[str, Posting]] = defaultdict(dict)
        self._sealed: dict[str, list[Sealed]] = {}
        self._open: list[tuple[str, int, dict[str, Posting]]] = []
        """Of sealed names those that are being changed: field, place, and what they become."""
        self.all = BitMap()
        self.unspelt: set[tuple[str, str]] = set()
        """The field and folded value of names of which no part that was taken in has a spelling."""

    def add(self, number: int, terms: Iterable[Term]) -> None:
        """Add one number with its terms."""
        self.add_all([number], {term: [number] for term in terms})

    def add_all(self, numbers: Sequence[int], terms: Mapping[Term, Sequence[int]]) -> None:
        """Add the numbers, and to each term those that have it."""
        self.all.update(numbers)
        days: defaultdict[int, list[int]] = defaultdict(list)
        for number in numbers:
            days[self._occurred(number) // _DAY].append(number)
        for day, of_day in days.items():
            self._days[day].update(of_day)
            self._months[day // _MONTH].update(of_day)
        for term, having in terms.items():
            self._of(term).numbers.update(having)

    def _of(self, term: Term) -> Posting:
        postings, folded = self._postings[term.field], fold(term.field, term.value)
        if folded not in postings:
            postings[folded] = Posting(term.value, term.label)
        return postings[folded]

    def remove(self, number: int, terms: Iterable[Term]) -> None:
        """Take out one number, which was added with those terms, and not sealed."""
        self.all.discard(number)
        day = self._occurred(number) // _DAY
        self._days[day].discard(number)
        self._months[day // _MONTH].discard(number)
        for term in terms:
            postings, folded = self._postings[term.field], fold(term.field, term.value)
            if folded in postings:
                postings[folded].numbers.discard(number)
                if not postings[folded].numbers:
                    del postings[folded]

    def discard(self, numbers: BitMap) -> list[tuple[str, str, Posting]]:
        """Take the numbers out, and what they alone had; that looks through every term.

        Gives the postings, with field and folded value, whose first number is another one now.
        They may be spelt anew until `close` is called.
        """
        numbers = numbers & self.all
        if not numbers:
            return []
        self.all -= numbers
        for of_time in (*self._days.values(), *self._months.values()):
            of_time -= numbers
        self._open = [
            (name, place, _unsealed(sealed))
            for name, several in self._sealed.items()
            for place, sealed in enumerate(several)
            if sealed.has_any(numbers)
        ]
        changed = []
        opened = [(name, postings) for name, _, postings in self._open]
        for name, postings in [*self._postings.items(), *opened]:
            for folded, posting in list(postings.items()):
                first = posting.numbers.min()
                posting.numbers -= numbers
                if not posting.numbers:
                    del postings[folded]
                elif first in numbers:
                    changed.append((name, folded, posting))
        return changed

    def close(self) -> None:
        """Seal again what `discard` has opened."""
        for name, place, postings in self._open:
            self._sealed[name][place] = _seal(self._sealed[name][place].base, postings)
        self._open = []

    def seal(self, base: int) -> None:
        """Seal the names of a segment, which begins with that number and is complete."""
        for name in SEALED_FIELDS:
            if postings := self._postings.pop(name, None):
                self._sealed.setdefault(name, []).append(_seal(base, postings))

    def part(self, base: int, end: int, is_spelt: bool = True) -> Callable[[], bytes]:
        """What packs all of a segment, base <= number < end, for `absorb`.

        The segment is the last one, or sealed. What is given holds copies, and may be called when
        this has long changed. How names are spelt is in it where `is_spelt` says so.
        """
        segment = BitMap(range(base, end))
        rows: list[tuple[str, str, str | None, str | None]] = []
        bitmaps = [self.all & segment]
        days = [(day, part) for day, numbers in self._days.items() if (part := numbers & segment)]
        bitmaps += [part for _, part in days]
        sealed = {
            name: each
            for name, several in self._sealed.items()
            for each in several
            if each.base == base
        }
        for name, postings in self._postings.items():
            if name in sealed:
                continue
            for folded, posting in postings.items():
                part = posting.numbers & segment
                if part:
                    # Who has a spelling must lie in the segment, to be forgotten with it.
                    is_first = is_spelt and posting.numbers.min() >= base
                    told = (posting.value, posting.label) if is_first else (None, None)
                    rows.append((name, folded, *told))
                    bitmaps.append(part)

        def packed() -> bytes:
            head = json.dumps([[day for day, _ in days], list(sealed), rows]).encode()
            parts = [pack(each.parts) for each in sealed.values()]
            return pack([head, pack([each.serialize() for each in bitmaps]), *parts])

        return packed

    def absorb(self, base: int, packed: bytes | memoryview) -> None:
        """Add what `part` packed, of a segment that follows all that is here.

        Raises ValueError where it is nothing of the kind.
        """
        head, packed_bitmaps, *parts = unpack(packed)
        days, sealed, rows = json.loads(bytes(head))
        bitmaps = iter([BitMap.deserialize(bytes(each)) for each in unpack(packed_bitmaps)])
        self.all |= next(bitmaps)
        for day in days:
            self._days[day] |= (of_day := next(bitmaps))
            self._months[day // _MONTH] |= of_day
        for (name, folded, value, label), numbers in zip(rows, bitmaps, strict=True):
            postings = self._postings[name]
            if folded in postings:
                postings[folded].numbers |= numbers
            else:
                if value is None:
                    self.unspelt.add((name, folded))
                postings[folded] = Posting(value or folded, label or folded, numbers)
        for name, part in zip(sealed, parts, strict=True):
            self._sealed.setdefault(name, []).append(Sealed(base, *unpack(part)))

    def postings(self, name: str) -> Iterable[Posting]:
        """Every posting of the field, in the order in which they came; not to be changed."""
        several = self._sealed.get(name)
        if not several:
            return self._postings[name].values()
        found: dict[str, Posting] = {}
        for postings in (*map(_unsealed, several), self._postings[name]):
            for folded, posting in postings.items():
                if folded in found:
                    found[folded].numbers |= posting.numbers
                else:
                    found[folded] = Posting(posting.value, posting.label, posting.numbers.copy())
        return found.values()

    def find(self, name: str, value: str) -> Posting | None:
        """The posting of that value of the field, None where nothing has it; not to be changed."""
        folded = fold(name, value)
        posting = self._postings.get(name, {}).get(folded)
        if name not in self._sealed:
            return posting
        first = next(self._sealed_ones(name, folded), None)
        if first is None:
            return posting
        sealed, at = first
        numbers = self._numbers(name, folded) or BitMap()
        return Posting(sealed.name(at), sealed.label(at), numbers)

    def has(self, name: str, folded: str) -> bool:
        """Whether a number has that value of the field."""
        return folded in self._postings.get(name, {}) or any(self._sealed_ones(name, folded))

    def is_first(self, name: str, folded: str, number: int) -> bool:
        """Whether no number before has that value; what is sealed is not looked at."""
        posting = self._postings[name].get(folded)
        return posting is not None and posting.numbers.min() == number

    def _sealed_ones(self, name: str, folded: str) -> Iterator[tuple[Sealed, int]]:
        for sealed in self._sealed.get(name, ()):
            at = sealed.find(folded)
            if at is not None:
                yield sealed, at

    def _numbers(self, name: str, folded: str) -> BitMap | None:
        """The numbers that have that value of the field; not to be changed."""
        posting = self._postings[name].get(folded)
        if name not in self._sealed:
            return None if posting is None else posting.numbers
        found = [number for sealed, at in self._sealed_ones(name, folded)
                 for number in sealed.numbers(at)]  # fmt: skip
        if posting is not None:
            return posting.numbers | BitMap(found)
        return BitMap(found) if found else None

    def matching(self, filter: Filter, worded: BitMap | None = None) -> BitMap:
        """The numbers that pass the filter; not to be changed.

        `worded` are those in whose text the filter's words occur, and may be others.
        """
        included = [
            self._union(clause.field, clause.values)
            for clause in filter.clauses
            if not clause.excluded
        ]
        if filter.since is not None or filter.until is not None:
            included.append(self._between(filter.since, filter.until))
        if filter.expression is not None:
            included.append(self._holding(filter.expression))
        if filter.words:
            included.append(self.all & (worded or BitMap()))
        included.sort(key=len)
        matching = included[0] if included else self.all
        for other in included[1:]:
            matching = matching & other
        for clause in filter.clauses:
            if clause.excluded:
                matching = matching - self._union(clause.field, clause.values)
        return matching

    def _holding(self, expression: Expression) -> BitMap:
        """The numbers for which the expression holds; not to be changed."""
        if isinstance(expression, Test):
            if expression.is_part:
                return self._containing(expression.field, expression.value)
            return self._union(expression.field, (expression.value,))
        if isinstance(expression, Since):
            return self._between(expression.date, None)
        if isinstance(expression, Not):
            return self.all - self._holding(expression.part)
        if isinstance(expression, Or):
            return _either([self._holding(part) for part in expression.parts])
        # What must not hold is taken away at last: all that it leaves is more than most.
        parts = [part for part in expression.parts if not isinstance(part, Not)]
        holding = sorted((self._holding(part) for part in parts), key=len)
        found = holding[0] if holding else self.all
        for other in holding[1:]:
            found = found & other
        for part in expression.parts:
            if isinstance(part, Not):
                found = found - self._holding(part.part)
        return found

    def _containing(self, name: str, text: str) -> BitMap:
        """The numbers that have a value which contains the text, whatever its case.

        Looks through all values of the field: 50 ns for each, and less for those sealed.
        """
        found = [
            posting.numbers
            for folded, posting in self._postings[name].items()
            if contains(name, folded, text)
        ]
        sealed = BitMap(
            number
            for each in self._sealed.get(name, ())
            for at in each.containing(text)
            for number in each.numbers(at)
        )
        return BitMap.union(sealed, *found)

    def has_part(self, name: str, text: str) -> bool:
        """Whether a value of the field contains the text, whatever its case."""
        return any(contains(name, folded, text) for folded in self._postings[name]) or any(
            True for each in self._sealed.get(name, ()) for _ in each.containing(text)
        )

    def _union(self, name: str, values: Iterable[str]) -> BitMap:
        found = [numbers for value in values if (numbers := self._numbers(name, value)) is not None]
        return _either(found)

    def _between(self, since: datetime | None, until: datetime | None) -> BitMap:
        """Whole months and days by their bitmaps; in the first and the last day each one's time."""
        if not self._days:
            return BitMap()
        occurred = self._occurred
        found: list[BitMap] = []
        first, last = min(self._days), max(self._days)
        low = first * _DAY if since is None else to_microseconds(since)
        high = (last + 1) * _DAY if until is None else to_microseconds(until)
        begin, end = max(first, -(-low // _DAY)), min(last + 1, high // _DAY)  # the whole days
        for day in {low // _DAY, high // _DAY}:
            if day in self._days and not begin <= day < end:
                of_day = self._days[day]
                found.append(BitMap([each for each in of_day if low <= occurred(each) < high]))
        months = -(-begin // _MONTH), end // _MONTH  # the whole ones
        found += [of for month, of in self._months.items() if months[0] <= month < months[1]]
        before = range(begin, min(end, months[0] * _MONTH))
        behind = range(max(begin, months[1] * _MONTH), end)
        found += [self._days[day] for day in {*before, *behind} if day in self._days]
        return _either(found)


def _either(several: Sequence[BitMap]) -> BitMap:
    """The numbers that are in one of them at least; not to be changed."""
    if len(several) > 2:
        return BitMap.union(*several)
    if not several:
        return BitMap()
    return several[0] if len(several) == 1 else several[0] | several[1]


def _seal(base: int, postings: dict[str, Posting]) -> Sealed:
    return Sealed.of(base, ((each.value, each.label, each.numbers) for each in postings.values()))


def _unsealed(sealed: Sealed) -> dict[str, Posting]:
    return {
        sealed.name(at): Posting(sealed.name(at), sealed.label(at), BitMap(sealed.numbers(at)))
        for at in range(len(sealed))
    }
