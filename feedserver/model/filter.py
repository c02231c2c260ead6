"""Filters: which activities a feed holds.

Repeated values of a field are alternatives (OR), different fields must all hold (AND), and an
excluded field must not hold. Every filter has one canonical form: the same activities by the
same clauses are the same feed, with the same id and the same ETag.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from feedserver.model.activity import Draft, Object
from feedserver.model.dates import rfc3339
from feedserver.model.vocabulary import UNSPECIFIED, short_name, type_of, word_of

FIELDS = ("queue", "product", "tag", "actor", "customer", "object", "verb", "type", "source")
"""What activities are filtered by, in the order in which a filter is written."""

_KEPT = "-._~!$'()*:@/?"  # what may stand unencoded in a query and in a tag URI, less & = and +


@dataclass(frozen=True, slots=True)
class Clause:
    """One field with the values of which an activity has at least one, or, excluded, none."""

    field: str
    values: tuple[str, ...]
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Which activities: all clauses hold, and `since` <= when it happened < `until`."""

    clauses: tuple[Clause, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

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
        return (*clauses, *dates)

    @property
    def canonical(self) -> str:
        """The one way to write this filter; empty for the filter of everything."""
        return "&".join(f"{name}={quote(value, safe=_KEPT)}" for name, value in self.pairs)


EVERYTHING = Filter()
"""The filter that every activity passes."""


def make_filter(
    values: Iterable[tuple[str, bool, str]],
    since: datetime | None = None,
    until: datetime | None = None,
) -> Filter:
    """The canonical filter of (field, excluded, value) in any order, with any repetitions."""
    collected: dict[tuple[bool, int, str], set[str]] = {}
    for field, excluded, value in values:
        key = (excluded, FIELDS.index(field), field)
        collected.setdefault(key, set()).add(fold(field, value))
    return Filter(
        tuple(
            Clause(field, tuple(sorted(collected[key])), excluded)
            for key in sorted(collected)
            for excluded, _, field in [key]
        ),
        since,
        until,
    )


def fold(field: str, value: str) -> str:
    """The value as it is compared: tags without regard to case, verbs and types as words."""
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
