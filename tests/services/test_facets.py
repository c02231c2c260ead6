"""Facets: every kind of expression, held against a look at each draft."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.activity import Draft
from feedserver.model.dates import to_microseconds
from feedserver.model.expression import And, Expression, Not, Or, Since, Test
from feedserver.model.filter import Filter, make_filter, terms
from feedserver.services.facets import Facets
from tests.builders import NOON, make_draft
from tests.filtering import expressions, facts, holds
from tests.services.test_indexing import DRAFTS, MIDNIGHT, TESTS


def occurred(draft: Draft) -> datetime:
    return draft.occurred or NOON


def facets_of(drafts: list[Draft]) -> Facets:
    facets = Facets(lambda number: to_microseconds(occurred(drafts[number])))
    for number, draft in enumerate(drafts):
        facets.add(number, terms(draft))
    return facets


def found(facets: Facets, expression: Expression) -> list[int]:
    return list(facets.matching(Filter(expression=expression)))


@given(st.lists(DRAFTS, max_size=4), expressions(TESTS, 4))
def test_those_are_found_for_which_an_expression_holds(
    drafts: list[Draft], expression: Expression
) -> None:
    facets = facets_of(drafts)

    numbers = found(facets, expression)

    assert numbers == [
        number
        for number, draft in enumerate(drafts)
        if holds(expression, facts(draft), occurred(draft))
    ]


def test_clauses_hold_with_every_value() -> None:
    facets = facets_of([make_draft(queues=(queue,), tags=(queue,)) for queue in "ABCD"])

    for values, numbers in (
        ([("queue", False, "A"), ("queue", False, "C")], [0, 2]),
        ([("queue", True, "A"), ("queue", True, "C")], [1, 3]),
        ([("queue", False, "A"), ("tag", False, "a"), ("tag", False, "b")], [0]),
    ):
        assert list(facets.matching(make_filter(values))) == numbers


@pytest.mark.parametrize(
    ("since", "until", "numbers"),
    [
        (MIDNIGHT, None, [1, 2, 3]),
        (MIDNIGHT, NOON, [1]),
        (None, MIDNIGHT, [0]),
        (NOON, MIDNIGHT.replace(day=9), [2]),
        (None, MIDNIGHT.replace(day=10), [0, 1, 2, 3]),
    ],
)
def test_a_filter_begins_with_a_moment_and_ends_before_one(
    since: datetime | None, until: datetime | None, numbers: list[int]
) -> None:
    moments = [MIDNIGHT.replace(day=7), MIDNIGHT, NOON, MIDNIGHT.replace(day=9)]
    facets = facets_of([make_draft(occurred=moment) for moment in moments])

    assert list(facets.matching(make_filter([], since, until))) == numbers


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        (Since(MIDNIGHT), [1, 2]),
        (Not(Since(MIDNIGHT)), [0]),
        (Since(NOON), [2]),
        (Or((Not(Since(MIDNIGHT)), Since(NOON))), [0, 2]),
        (And((Since(MIDNIGHT), Not(Since(NOON)))), [1]),
        (And(()), [0, 1, 2]),
        (Or(()), []),
        (Test("queue", "ss", is_part=True), [0, 1]),
        (Test("queue", "night", is_part=True), [2]),
        (Test("queue", "Straße"), [0]),
        (Test("queue", "straße"), []),
        (Not(Test("queue", "Straße")), [1, 2]),
    ],
)
def test_what_an_expression_finds(expression: Expression, numbers: list[int]) -> None:
    days = [MIDNIGHT.replace(day=7), MIDNIGHT, NOON]
    queues = ["Straße", "STRASSE", "Support night"]
    drafts = [
        make_draft(occurred=day, queues=(queue,)) for day, queue in zip(days, queues, strict=True)
    ]

    assert found(facets_of(drafts), expression) == numbers
