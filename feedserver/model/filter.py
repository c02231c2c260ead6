"""Filters: which activities a feed holds.

Repeated values of a field are alternatives (OR), different fields must all hold (AND), and an
excluded field must not hold; what that cannot say is an expression beside it. Every filter has one
canonical form, however it was written: what means the same is the same feed, with the same id and
the same ETag.
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from feedserver.model.activity import Draft, Object
from feedserver.model.dates import rfc3339
from feedserver.model.expression import And, Expression, Not, Or, Since, Test, tests, write
from feedserver.model.normal import (
    Alternatives,
    Literal,
    TooIntricate,
    components,
    conjunction,
    disjunction,
)
from feedserver.model.search import Word
from feedserver.model.vocabulary import UNSPECIFIED, short_name, type_of, word_of

FIELDS = (
    "queue",
    "product",
    "tag",
    "actor",
    "customer",
    "object",
    "verb",
    "type",
    "source",
    "number",
)
"""What activities are filtered by, in the order in which a filter is written."""

_NAMES = frozenset({"queue", "product", "tag", "customer"})
_KEPT = "-._~!$'()*:@/?"  # what may stand unencoded in a query and in a tag URI, less & = and +


@dataclass(frozen=True, slots=True)
class Clause:
    """One field with the values of which an activity has at least one, or, excluded, none."""

    field: str
    values: tuple[str, ...]
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Which activities: all clauses hold, `since` <= when it happened < `until`, all words occur
    in its text, and the expression holds, which is there for what clauses cannot say.
    """

    clauses: tuple[Clause, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    words: tuple[Word, ...] = ()
    expression: Expression | None = None

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Each (field, value) by which it names something, also what it excludes."""
        clauses = [(clause.field, value) for clause in self.clauses for value in clause.values]
        found = () if self.expression is None else tests(self.expression)
        named = [(test.field, test.value) for test in found if not test.is_part]
        return tuple(dict.fromkeys([*clauses, *named]))

    @property
    def sought(self) -> tuple[tuple[str, str], ...]:
        """Each (field, text) of which it looks for values that contain the text."""
        found = () if self.expression is None else tests(self.expression)
        return tuple(dict.fromkeys((test.field, test.value) for test in found if test.is_part))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The parameters that write this filter, in canonical order."""
        clauses = [
            ("-" * clause.excluded + clause.field, value)
            for clause in self.clauses
            for value in clause.values
        ]
        dates = [
            (name, rfc3339(date))
            for name, date in (("since", self.since), ("until", self.until))
            if date is not None
        ]
        words = [("q", " ".join(map(str, self.words)))] if self.words else []
        expression = [("filter", write(self.expression))] if self.expression else []
        return (*clauses, *dates, *words, *expression)

    @property
    def canonical(self) -> str:
        """The one way to write this filter; empty for the filter of everything."""
        return "&".join(f"{name}={quote(value, safe=_KEPT)}" for name, value in self.pairs)


EVERYTHING = Filter()
"""The filter that every activity passes."""


class Contradiction(ValueError):
    """No activity can pass the filter."""


def make_filter(
    values: Iterable[tuple[str, bool, str]],
    since: datetime | None = None,
    until: datetime | None = None,
    words: Iterable[Word] = (),
    expression: Expression | None = None,
) -> Filter:
    """The canonical filter of (field, excluded, value) in any order, with any repetitions.

    The expression holds, too; what it says that clauses can say becomes clauses. Raises
    Contradiction where nothing can pass, and TooIntricate where that cannot be found out.
    """
    collected: dict[tuple[bool, str], set[str]] = {}
    for field, excluded, value in values:
        collected.setdefault((excluded, field), set()).add(fold(field, value))
    if expression is not None:
        collected, since, until, expression = _settled((collected, since, until, expression))
    for (excluded, field), several in collected.items():
        if not excluded:
            several -= collected.get((True, field), set())
            if not several:
                raise Contradiction
    if since is not None and until is not None and until <= since:
        raise Contradiction
    return Filter(
        tuple(Clause(key[1], tuple(sorted(collected[key])), key[0]) for key in _ordered(collected)),
        since,
        until,
        tuple(sorted(set(words))),
        expression,
    )


def _ordered(keys: Iterable[tuple[bool, str]]) -> list[tuple[bool, str]]:
    """The (excluded, field) of clauses in the order in which a filter is written."""
    return sorted(keys, key=lambda key: (key[0], FIELDS.index(key[1])))


def _stated(excluded: bool, field: str, values: set[str]) -> Expression:
    """A clause as an expression."""
    either = Or(tuple(Test(field, value) for value in sorted(values)))
    return Not(either) if excluded else either


_Normal = tuple[
    dict[tuple[bool, str], set[str]], datetime | None, datetime | None, Expression | None
]


def _settled(told: _Normal) -> _Normal:
    """The normal form of what is told, which is that of itself, too. Raises TooIntricate."""
    normal = _normal(_whole(*told))
    # What can be found out in bounded time depends on how it is written. The links of a feed have
    # this form: read again, they must not lead to another feed.
    if normal[3] is not None and _normal(_whole(*normal)) != normal:
        raise TooIntricate
    return normal


def _whole(
    values: dict[tuple[bool, str], set[str]],
    since: datetime | None,
    until: datetime | None,
    expression: Expression | None,
) -> Expression:
    """All of it as one expression, the same in whatever order the values came."""
    parts = [_stated(*key, values[key]) for key in _ordered(values)]
    parts += [] if since is None else [Since(since)]
    parts += [] if until is None else [Not(Since(until))]
    parts += [] if expression is None else [expression]
    return _plain(And(tuple(parts)))


def _plain(expression: Expression, holds: bool = True) -> Expression:
    """The expression, or its opposite, in one order and with `not` before tests alone."""
    if isinstance(expression, Not):
        return _plain(expression.part, not holds)
    if isinstance(expression, Test | Since):
        return expression if holds else Not(expression)
    kind = And if isinstance(expression, And) is holds else Or
    return _joined(kind, [_plain(part, holds) for part in expression.parts])


def _normal(expression: Expression) -> _Normal:
    """Clauses, `since` and `until`, and what is left of the expression without them."""
    rest: list[Expression] = []
    try:
        clauses = conjunction(expression)
    except TooIntricate:
        # Too many clauses follow from it; then it is told by its alternatives.
        cubes = disjunction(expression)
        common = frozenset[Literal]().union(*cubes[:1]).intersection(*cubes)
        clauses = [frozenset([literal]) for literal in common] if cubes else [frozenset()]
        if common not in cubes:
            rest = [_joined(Or, [_joined(And, map(_literal, cube - common)) for cube in cubes])]
    if frozenset() in clauses:
        raise Contradiction
    values: dict[tuple[bool, str], set[str]] = {}
    since = until = None
    bound: list[Alternatives] = []
    named: dict[str, list[Alternatives]] = {}
    for clause in clauses:
        test, holds = next(iter(clause))
        field = _field(clause)
        if len(clause) > 1 or field is not None:
            bound.append(clause)
        elif isinstance(test, Since):
            since, until = (test.date, until) if holds else (since, test.date)
        elif holds or test.is_part:
            rest.append(_literal((test, holds)))
        else:
            values.setdefault((True, test.field), set()).add(test.value)
    for group in components(bound):
        field = _field(group[0]) if len(group) == 1 else None
        if field is None:
            rest.append(_shortest(group, expression))
        else:
            named.setdefault(field, []).append(group[0])
    for field, several in named.items():
        if len(several) == 1:
            values[False, field] = {test.value for test, _ in several[0] if isinstance(test, Test)}
        else:
            rest += map(_either, several)
    return values, since, until, _joined(And, rest) if rest else None


def _field(clause: Alternatives) -> str | None:
    """The field of which the clause names values, None where it says anything else."""
    fields = {
        test.field if isinstance(test, Test) and holds and not test.is_part else None
        for test, holds in clause
    }
    return fields.pop() if len(fields) == 1 else None


def _shortest(clauses: Sequence[Alternatives], whole: Expression) -> Expression:
    """The clauses, which are a part of the whole, or their alternatives where those are shorter."""
    conjoined = _joined(And, map(_either, clauses))
    try:
        cubes = _alternatives(conjoined, whole, {test for clause in clauses for test, _ in clause})
    except TooIntricate:
        return conjoined
    if sum(map(len, cubes)) >= sum(map(len, clauses)):
        return conjoined
    return _joined(Or, [_joined(And, map(_literal, cube)) for cube in cubes])


def _alternatives(
    conjoined: Expression, whole: Expression, known: set[Test | Since]
) -> Collection[frozenset[Literal]]:
    """The alternatives of clauses; from those of the whole where the clauses are too many.

    No other clause knows of the same tests, so that what these make of an alternative is theirs.
    """
    try:
        return disjunction(conjoined)
    except TooIntricate:
        cubes = disjunction(whole)
    if any(isinstance(test, Since) for test in known):
        raise TooIntricate  # a time tells of the others beside it
    return {frozenset(each for each in cube if each[0] in known) for cube in cubes}


def _either(clause: Alternatives) -> Expression:
    return _joined(Or, map(_literal, clause))


def _literal(literal: Literal) -> Expression:
    test, holds = literal
    return test if holds else Not(test)


def _joined(kind: type[And] | type[Or], parts: Iterable[Expression]) -> Expression:
    """The parts, each once, in one order and on one level."""
    flat: dict[str, Expression] = {}
    for part in parts:
        inner = part.parts if isinstance(part, kind) else (part,)
        flat |= {write(each): each for each in inner}
    ordered = [flat[text] for text in sorted(flat, key=lambda text: _rank(flat[text], text))]
    return ordered[0] if len(ordered) == 1 else kind(tuple(ordered))


def _rank(expression: Expression, text: str) -> tuple[int, str]:
    """Where an expression stands among others: by its first field, as clauses do, and text."""
    found = tests(expression)
    return FIELDS.index(found[0].field) if found else len(FIELDS), text


def fold(field: str, value: str) -> str:
    """The value as it is compared: tags without regard to case, verbs and types as words.

    Of names it does not matter how their accents are encoded (NFC); ids are what they are.
    """
    if field in _NAMES and not value.isascii():
        value = unicodedata.normalize("NFC", value)
    if field == "tag":
        return value.casefold()
    return word_of(value) if field in ("verb", "type") else value


class Term(NamedTuple):
    """A value of a field by which a filter finds an activity; `label` is what people call it."""

    field: str
    value: str
    label: str


def terms(draft: Draft) -> tuple[Term, ...]:
    """Everything by which a filter finds the activity, the values as they are spelt."""
    found = [("verb", name) for name in _names(draft.verb)]
    found += [("type", name) for name in _names(draft.object.type if draft.object else "")]
    found.append(("source", draft.source))
    found += [("queue", queue) for queue in draft.queues]
    found += [("product", product.name) for product in draft.products]
    found += [("tag", tag) for tag in draft.tags]
    if draft.customer is not None and draft.customer.name:
        found.append(("customer", draft.customer.name))
    named = [Term(field, value, value) for field, value in found]
    named += [Term("actor", name, label(draft.actor)) for name in actor_names(draft.actor)]
    if draft.object is not None and draft.object.id is not None:
        named.append(Term("object", draft.object.id, label(draft.object)))
    if draft.object is not None and draft.object.number is not None:
        named.append(Term("number", draft.object.number, draft.object.number))
    return tuple(named)


def _names(word: str) -> tuple[str, ...]:
    """What a verb or type is found by: the word, and the last part of one that is an IRI."""
    return tuple(dict.fromkeys(name for name in (word, short_name(word)) if name))


def actor_names(actor: Object) -> tuple[str, ...]:
    """What an actor is found by: the login name and the id; people's names are not unique."""
    return tuple(name for name in (actor.login, actor.id) if name)


def label(object: Object) -> str:
    """What people call it: `case 1234`, `Ann Example`."""
    if object.number is not None:
        return f"{type_of(object.type).label} {object.number}"
    name = object.name or object.id
    if name is not None:
        return name
    if object.type == UNSPECIFIED:
        return "something"
    kind = type_of(object.type).label
    return f"an {kind}" if kind[:1].lower() in tuple("aeiou") else f"a {kind}"
