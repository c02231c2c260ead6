"""Passing: whether one activity passes a filter, told from its terms alone."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from feedserver.model.activity import Activity
from feedserver.model.expression import And, Expression, Not, Since, Test
from feedserver.model.filter import Filter, fold, terms


@dataclass(frozen=True, slots=True)
class Facts:
    """What a filter asks of one version: its folded values by field, and when it happened."""

    values: Mapping[str, tuple[str, ...]]
    occurred: datetime


def facts_of(activity: Activity) -> Facts:
    """What a filter asks of that version."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    for term in terms(activity.draft):
        values[term.field].append(fold(term.field, term.value))
    occurred = activity.draft.occurred or activity.dates.published
    return Facts({field: tuple(of_field) for field, of_field in values.items()}, occurred)


def passes(filter: Filter, facts: Facts) -> bool:
    """Whether all of the filter holds but its words, of which facts know nothing."""
    values, occurred = facts.values, facts.occurred
    for clause in filter.clauses:
        known = values.get(clause.field, ())
        if any(value in clause.values for value in known) == clause.excluded:
            return False
    if filter.since is not None and occurred < filter.since:
        return False
    if filter.until is not None and occurred >= filter.until:
        return False
    return filter.expression is None or _holds(filter.expression, facts)


def contains(field: str, value: str, text: str) -> bool:
    """Whether the folded value has the text in it, whatever its case; ids have no parts."""
    return text in value.casefold() and not (field == "actor" and ":" in value)


def _holds(expression: Expression, facts: Facts) -> bool:
    if isinstance(expression, Test):
        known = facts.values.get(expression.field, ())
        if not expression.is_part:
            return expression.value in known
        return any(contains(expression.field, value, expression.value) for value in known)
    if isinstance(expression, Since):
        return facts.occurred >= expression.date
    if isinstance(expression, Not):
        return not _holds(expression.part, facts)
    parts = (_holds(part, facts) for part in expression.parts)
    return all(parts) if isinstance(expression, And) else any(parts)
