"""Facets: for each term a bitmap of numbers, and any filter answered from them.

An intersection of two common terms takes 0.04 ms at a million numbers, where a join in the
database takes 250 ms; AND, OR and NOT cost the same.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pyroaring import BitMap

from feedserver.model.dates import to_microseconds
from feedserver.model.expression import Expression, Not, Or, Since, Test
from feedserver.model.filter import Filter, Term, fold

_DAY = 24 * 60 * 60 * 1_000_000


@dataclass(slots=True)
class Posting:
    """The numbers that have a term, as the first one of them spells it."""

    value: str
    label: str
    numbers: BitMap = field(default_factory=BitMap)


class Facets:
    """Which numbers have which terms; `occurred` gives the microseconds at which one happened."""

    def __init__(self, occurred: Callable[[int], int]) -> None:
        self._occurred = occurred
        self._days: defaultdict[int, BitMap] = defaultdict(BitMap)
        self._postings: defaultdict[str, dict[str, Posting]] = defaultdict(dict)
        self.all = BitMap()

    def add(self, number: int, terms: Iterable[Term]) -> None:
        """Add one number with its terms."""
        self.add_all([number], {term: [number] for term in terms})

    def add_all(self, numbers: Sequence[int], terms: dict[Term, list[int]]) -> None:
        """Add the numbers, and to each term those that have it."""
        self.all.update(numbers)
        days: defaultdict[int, list[int]] = defaultdict(list)
        for number in numbers:
            days[self._occurred(number) // _DAY].append(number)
        for day, of_day in days.items():
            self._days[day].update(of_day)
        for term, having in terms.items():
            self._of(term).numbers.update(having)

    def _of(self, term: Term) -> Posting:
        postings, folded = self._postings[term.field], fold(term.field, term.value)
        if folded not in postings:
            postings[folded] = Posting(term.value, term.label)
        return postings[folded]

    def remove(self, number: int, terms: Iterable[Term]) -> None:
        """Take out one number, which was added with those terms."""
        self.all.discard(number)
        self._days[self._occurred(number) // _DAY].discard(number)
        for term in terms:
            postings, folded = self._postings[term.field], fold(term.field, term.value)
            if folded in postings:
                postings[folded].numbers.discard(number)
                if not postings[folded].numbers:
                    del postings[folded]

    def discard(self, numbers: BitMap) -> list[tuple[str, str, Posting]]:
        """Take the numbers out, and what they alone had; that looks through every term.

        Gives the postings, with field and folded value, whose first number is another one now.
        """
        numbers = numbers & self.all
        if not numbers:
            return []
        self.all -= numbers
        for of_day in self._days.values():
            of_day -= numbers
        changed = []
        for name, postings in self._postings.items():
            for folded, posting in list(postings.items()):
                first = posting.numbers.min()
                posting.numbers -= numbers
                if not posting.numbers:
                    del postings[folded]
                elif first in numbers:
                    changed.append((name, folded, posting))
        return changed

    def postings(self, name: str) -> Iterable[Posting]:
        """Every posting of the field, in the order in which they came."""
        return self._postings[name].values()

    def find(self, name: str, value: str) -> Posting | None:
        """The posting of that value of the field, None where nothing has it."""
        return self._postings[name].get(fold(name, value))

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
                found = self.containing(expression.field, expression.value)
                return BitMap.union(BitMap(), *(posting.numbers for posting in found))
            return self._union(expression.field, (expression.value,))
        if isinstance(expression, Since):
            return self._between(expression.date, None)
        if isinstance(expression, Not):
            return self.all - self._holding(expression.part)
        parts = [self._holding(part) for part in expression.parts]
        if isinstance(expression, Or):
            return BitMap.union(BitMap(), *parts)
        return BitMap.intersection(self.all, *parts)

    def containing(self, name: str, text: str) -> list[Posting]:
        """The postings of the values that contain the text, whatever its case; ids have no parts.

        Looks through all values of the field: 50 ns for each.
        """
        return [
            posting
            for folded, posting in self._postings[name].items()
            if text in folded.casefold() and not (name == "actor" and ":" in folded)
        ]

    def _union(self, name: str, values: Iterable[str]) -> BitMap:
        postings = self._postings[name]
        found = [postings[value].numbers for value in values if value in postings]
        return found[0] if len(found) == 1 else BitMap.union(BitMap(), *found)

    def _between(self, since: datetime | None, until: datetime | None) -> BitMap:
        """Whole days by their bitmaps; in the first and the last day each one's own time."""
        low = to_microseconds(since) if since else None
        high = to_microseconds(until) if until else None
        whole, edges = [BitMap()], [BitMap()]
        for day, numbers in self._days.items():
            begins, ends = day * _DAY, (day + 1) * _DAY
            if (low is not None and ends <= low) or (high is not None and begins >= high):
                continue
            inside = (low is None or begins >= low) and (high is None or ends <= high)
            (whole if inside else edges).append(numbers)
        exact = BitMap(
            number
            for number in BitMap.union(*edges)
            if (low is None or self._occurred(number) >= low)
            and (high is None or self._occurred(number) < high)
        )
        return BitMap.union(exact, *whole)
