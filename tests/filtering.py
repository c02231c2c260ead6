"""What filters mean, told a second time and plainly, and filters of every kind for laws."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime

from hypothesis import strategies as st

from feedserver.errors import InvalidRequest
from feedserver.model.activity import Draft
from feedserver.model.expression import And, Expression, Not, Or, Since, Test
from feedserver.model.filter import Contradiction, Filter, make_filter
from feedserver.model.normal import TooIntricate
from feedserver.model.query import parse_query
from feedserver.model.search import Word, words_of
from tests.builders import object_of

Values = Sequence[tuple[str, bool, str]]
Facts = Mapping[str, Set[str | None]]


def facts(draft: Draft) -> Facts:
    """By what an activity is found, told from the interface."""
    return {
        "queue": set(draft.queues),
        "product": {product.name for product in draft.products},
        "tag": {tag.casefold() for tag in draft.tags},
        "actor": {draft.actor.login, draft.actor.id},
        "customer": {draft.customer.name} if draft.customer else set(),
        "object": {object_of(draft).id},
        "verb": {draft.verb},
        "type": {object_of(draft).type},
        "source": {draft.source},
        "number": {object_of(draft).number},
        "q": {*words_of(draft.title), *words_of(draft.content or "")},
    }


def passes(filter: Filter, known: Facts, occurred: datetime) -> bool:
    """Whether an activity of which that is known passes the filter, which has no phrases."""
    return (
        all(
            bool(known[clause.field] & set(clause.values)) != clause.excluded
            for clause in filter.clauses
        )
        and (filter.since is None or filter.since <= occurred)
        and (filter.until is None or occurred < filter.until)
        and all(word.words[0] in known["q"] for word in filter.words)
        and (filter.expression is None or holds(filter.expression, known, occurred))
    )


def holds(expression: Expression, known: Facts, occurred: datetime) -> bool:
    """Whether the expression holds for an activity of which that is known."""
    match expression:
        case Test(field, value, True):
            return any(value in (each or "").casefold() for each in known[field])
        case Test(field, value):
            return value in known[field]
        case Since(date):
            return occurred >= date
        case Not(part):
            return not holds(part, known, occurred)
        case And(parts):
            return all(holds(part, known, occurred) for part in parts)
        case Or(parts):
            return any(holds(part, known, occurred) for part in parts)


def expressions(
    tests: st.SearchStrategy[Expression], leaves: int = 8
) -> st.SearchStrategy[Expression]:
    """Expressions of those tests."""
    return st.recursive(
        tests,
        lambda inner: (
            st.builds(Not, inner)
            | st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple))
            | st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple))
        ),
        max_leaves=leaves,
    )


def made(
    values: Values = (),
    since: datetime | None = None,
    until: datetime | None = None,
    expression: Expression | None = None,
    words: Sequence[Word] = (),
) -> Filter | None:
    """The filter, None where nothing could pass it, or nobody could tell in time."""
    try:
        return make_filter(values, since, until, words, expression)
    except (Contradiction, TooIntricate):
        return None


def filters(
    values: st.SearchStrategy[Values],
    dates: st.SearchStrategy[datetime | None],
    expressions: st.SearchStrategy[Expression | None],
    words: st.SearchStrategy[str],
) -> st.SearchStrategy[Filter]:
    """Filters of those parts that something could pass."""
    several = st.lists(st.builds(lambda word: Word((word,)), words), max_size=2)
    filters = st.builds(made, values, dates, dates, expressions, st.just([]) | several)
    return filters.filter(lambda filter: filter is not None)  # type: ignore[return-value]


def faults(pairs: list[tuple[str, str]]) -> tuple[str, ...]:
    """What is wrong with the parameters; nothing where they are a query."""
    try:
        parse_query(pairs)
    except InvalidRequest as error:
        return error.faults
    return ()
