"""What came last, kept by its terms: whether a feed is still what it was, told in microseconds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from feedserver.model.expression import size
from feedserver.model.filter import Filter
from feedserver.model.passing import Facts, contains, passes

TESTS = 5000
"""Tests of names that are made until it is told to look, which takes one to four milliseconds."""
KEPT = 1000  # versions that are looked at one by one; who saw none of them is told to look


@dataclass(frozen=True, slots=True)
class Newcomer:
    """One of the newest versions: what it is found by, and what that was by which it replaces.

    None is one without content, and one that replaces none. `names` are those that it brought,
    folded, by field: no version before it had them.
    """

    position: int
    own: Facts | None
    replaced: Facts | None
    names: Mapping[str, Sequence[str]]

    def touches(self, filter: Filter, is_known: Callable[[str, str], bool]) -> bool:
        """Whether it may change a document of that feed; too often rather than not."""
        if self.own is None or filter.words:
            return True
        if passes(filter, self.own):
            return True
        if self.replaced is not None and passes(filter, self.replaced):
            return True
        return bool(self.names) and self._is_told_of(filter, is_known)

    def _is_told_of(self, filter: Filter, is_known: Callable[[str, str], bool]) -> bool:
        """Whether a feed that tells of names that nothing has tells something else now."""
        return any(
            value in self.names.get(name, ()) or (name in self.names and not is_known(name, value))
            for name, value in filter.names
        ) or any(
            contains(name, value, text)
            for name, text in filter.sought
            for value in self.names.get(name, ())
        )


@dataclass(frozen=True, slots=True)
class Recent:
    """The newest versions up to `head`, oldest first; nothing is known of those up to `before`.

    It never changes, so that whoever holds it may ask it beside one who reads the log.
    """

    head: int = 0
    before: int = 0
    _newcomers: tuple[Newcomer, ...] = field(default=())

    def followed(self, newcomers: Sequence[Newcomer], head: int) -> "Recent":
        """What is recent at position `head`; the newcomers are all that follow, or the last of
        them, of which there are more than are kept.
        """
        known = (*self._newcomers, *newcomers)
        before = known[-KEPT - 1].position if len(known) > KEPT else self.before
        return Recent(head, before, known[-KEPT:])

    def touched(self, filter: Filter, since: int, is_known: Callable[[str, str], bool]) -> bool:
        """Whether one behind position `since` may have changed a document of that feed."""
        if not self.before <= since <= self.head:
            return True
        left = TESTS
        cost = _tests_of(filter)
        for newcomer in reversed(self._newcomers):
            if newcomer.position <= since:
                return False
            left -= cost
            if left < 0 or newcomer.touches(filter, is_known):
                return True
        return False


def _tests_of(filter: Filter) -> int:
    """About how many names the filter asks for."""
    told = 0 if filter.expression is None else size(filter.expression)
    return 1 + told + sum(len(clause.values) for clause in filter.clauses)
