"""Normal forms: of all expressions that mean the same, the one that is written.

An expression is taken for a function of its tests, each of which may hold or not whatever the
others do; only times know each other. Such a function has one set of prime implicants, and of
prime implicates (Quine, "A way to simplify truth functions", 1955): whatever was written, these
come out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from feedserver.model.expression import Expression, Not, Or, Since, Test

_STEPS = 20_000  # comparisons, of 0.5 µs each, that a form of an expression may cost
_EVER = datetime.max.replace(tzinfo=UTC)
_ALWAYS = datetime.min.replace(tzinfo=UTC)


class TooIntricate(ValueError):
    """What it means cannot be found out in bounded time."""


Literal = tuple[Test | Since, bool]
"""A test, and whether it holds."""

Alternatives = frozenset[Literal]
"""A clause: one of the literals at least."""


class Cube(NamedTuple):
    """That all literals hold, and that it happened in that span: from `begin` on, before `end`."""

    literals: frozenset[tuple[Test, bool]] = frozenset()
    begin: datetime = _ALWAYS
    end: datetime = _EVER


@dataclass(slots=True)
class _Work:
    """What is left of the steps that one expression may cost."""

    left: int = field(default=_STEPS)

    def take(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooIntricate


def conjunction(expression: Expression) -> list[Alternatives]:
    """The clauses that must all hold, as many as follow from the expression and no weaker ones.

    None for what always holds, and an empty one for what never does. Raises TooIntricate.
    """
    cubes = _primes(Not(expression))
    return [
        frozenset(
            [(test, not holds) for test, holds in cube.literals]
            + ([(Since(cube.begin), False)] if cube.begin > _ALWAYS else [])
            + ([(Since(cube.end), True)] if cube.end < _EVER else [])
        )
        for cube in cubes
    ]


def disjunction(expression: Expression) -> list[frozenset[Literal]]:
    """The sets of literals of which one must hold as a whole, none of them larger than need be.

    None for what never holds, and an empty one for what always does. Raises TooIntricate.
    """
    return [
        frozenset(
            [*cube.literals]
            + ([(Since(cube.begin), True)] if cube.begin > _ALWAYS else [])
            + ([(Since(cube.end), False)] if cube.end < _EVER else [])
        )
        for cube in _primes(expression)
    ]


def _primes(expression: Expression) -> list[Cube]:
    """The prime implicants: what makes it hold, and no part of which does."""
    work = _Work()
    cubes = _cubes(expression, True, work)
    found = True
    while found:
        found = False
        for one, other in combinations(cubes, 2):
            work.take(1)
            made = _consensus(one, other)
            if made is not None and not _is_covered(made, cubes, work):
                cubes = _least([*cubes, made], work)
                found = True
                break
    return cubes


def _cubes(expression: Expression, holds: bool, work: _Work) -> list[Cube]:
    """Cubes that together are the expression, or its opposite."""
    if isinstance(expression, Not):
        return _cubes(expression.part, not holds, work)
    if isinstance(expression, Test):
        return [Cube(frozenset([(expression, holds)]))]
    if isinstance(expression, Since):
        return [Cube(begin=expression.date) if holds else Cube(end=expression.date)]
    parts = (_cubes(part, holds, work) for part in expression.parts)
    if isinstance(expression, Or) is holds:
        return _least([cube for part in parts for cube in part], work)
    product = [Cube()]
    for part in parts:
        work.take(len(product) * len(part))
        both = (_both(one, other) for one in product for other in part)
        product = _least([cube for cube in both if cube is not None], work)
    return product


def _both(one: Cube, other: Cube) -> Cube | None:
    """Both at once; None where they exclude each other."""
    begin, end = max(one.begin, other.begin), min(one.end, other.end)
    if begin >= end or any((test, not holds) in one.literals for test, holds in other.literals):
        return None
    return Cube(one.literals | other.literals, begin, end)


def _consensus(one: Cube, other: Cube) -> Cube | None:
    """What follows from either: where a test decides between them, it does not matter."""
    clash = [test for test, holds in other.literals if (test, not holds) in one.literals]
    begin, end = max(one.begin, other.begin), min(one.end, other.end)
    literals = one.literals | other.literals
    if not clash and begin <= end:
        hull = Cube(literals, min(one.begin, other.begin), max(one.end, other.end))
        # Where one span lies in the other, nothing follows that was not there.
        return None if hull[1:] in (one[1:], other[1:]) else hull
    if len(clash) == 1 and begin < end:
        return Cube(literals - {(clash[0], True), (clash[0], False)}, begin, end)
    return None


def _least(cubes: Iterable[Cube], work: _Work) -> list[Cube]:
    """The cubes without those that others cover."""
    kept: list[Cube] = []
    # Not in the order of a set, which differs from one start of the server to another: with it
    # would the steps, and so whether they are too many.
    for cube in sorted(dict.fromkeys(cubes), key=_weight):
        if not _is_covered(cube, kept, work):
            kept.append(cube)
    return kept


def _weight(cube: Cube) -> tuple[int, timedelta]:
    """Smaller than that of any cube which this one covers."""
    return len(cube.literals), cube.begin - cube.end


def _is_covered(cube: Cube, others: Iterable[Cube], work: _Work) -> bool:
    for other in others:
        work.take(1)
        if other.literals <= cube.literals and other.begin <= cube.begin and cube.end <= other.end:
            return True
    return False


def components(clauses: Iterable[Alternatives]) -> Iterator[list[Alternatives]]:
    """The clauses in groups of which no two know the same test."""
    groups: list[tuple[set[object], list[Alternatives]]] = []
    for clause in clauses:
        known: set[object] = {"time" if isinstance(test, Since) else test for test, _ in clause}
        joined = [clause]
        apart = []
        for names, members in groups:
            if names & known:
                known |= names
                joined = members + joined
            else:
                apart.append((names, members))
        groups = [*apart, (known, joined)]
    for _, members in groups:
        yield members
