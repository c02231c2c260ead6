"""Facets: every kind of expression, held against a look at each draft."""

from datetime import datetime, timedelta
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from feedserver.model.activity import Draft
from feedserver.model.dates import to_microseconds
from feedserver.model.expression import And, Expression, Not, Or, Since, Test
from feedserver.model.filter import Filter, make_filter, terms
from feedserver.services.facets import Facets
from feedserver.services.sealing import Sealed
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


@given(st.lists(DRAFTS, max_size=12), expressions(TESTS, 4), st.sets(st.integers(0, 11)))
def test_sealed_names_are_found_as_others(
    drafts: list[Draft], expression: Expression, gone: set[int]
) -> None:
    facets, sealed = facets_of(drafts), facets_of([])
    sealed._occurred = facets._occurred
    for number, draft in enumerate(drafts):
        if number and number % 4 == 0:
            sealed.seal(number - 4)
        sealed.add(number, terms(draft))

    for numbers in (BitMap(), BitMap(gone)):
        for each in (facets, sealed):
            each.discard(numbers)
            each.close()
        assert found(sealed, expression) == found(facets, expression)
        for name in ("object", "number", "queue"):
            kept = {each.value: each.numbers for each in facets.postings(name)}
            assert {each.value: each.numbers for each in sealed.postings(name)} == kept
            for value in ("a", "b", "C", "c", "none"):
                one, other = facets.find(name, value), sealed.find(name, value)
                assert (one and one.numbers) == (other and other.numbers)
                assert sealed.has(name, value) == (one is not None)
                assert sealed.has_part(name, value) == facets.has_part(name, value)


def test_a_sealed_name_is_not_taken_for_another_with_the_same_hash() -> None:
    sealed = Sealed.of(0, [("plumless", "one", [1]), ("buckeroo", "other", [2])])

    told = [
        (sealed.label(at), sealed.numbers(at))
        for name in ("plumless", "buckeroo")
        if (at := sealed.find(name)) is not None
    ]

    assert crc32(b"plumless") == crc32(b"buckeroo")
    assert told == [("one", [1]), ("other", [2])]


@pytest.mark.parametrize("names", [["ab", "cab", "bc"], ["Äb", "cab", "ß"], []])
@pytest.mark.parametrize("text", ["ab", "abc", "b", "bc", "ss", "ä"])
def test_parts_of_sealed_names_do_not_reach_into_the_next(names: list[str], text: str) -> None:
    sealed = Sealed.of(0, [(name, name, [at]) for at, name in enumerate(names)])

    containing = {sealed.name(at) for at in sealed.containing(text)}

    assert containing == {name for name in names if text in name.casefold()}


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


LONG_TIMES = st.builds(
    lambda days, seconds: MIDNIGHT + timedelta(days=days, seconds=seconds),
    st.integers(-150, 150) | st.sampled_from([-730_000, 2_900_000]),
    st.sampled_from([-1, 0, 1]),
)


@given(
    st.lists(LONG_TIMES, max_size=30),
    st.lists(st.integers(0, 29), max_size=5),
    st.none() | LONG_TIMES,
    st.none() | LONG_TIMES,
)
def test_of_years_those_are_found_that_happened_in_time(
    moments: list[datetime], gone: list[int], since: datetime | None, until: datetime | None
) -> None:
    drafts = [make_draft(occurred=moment) for moment in moments]
    facets = facets_of(drafts)
    there = [number for number in range(len(drafts)) if number not in gone]
    for number in {*gone} & {*range(len(drafts))}:
        facets.remove(number, terms(drafts[number]))

    packed = Facets(facets._occurred)
    packed.absorb(0, facets.part(0, 99)())
    numbers = list(facets.matching(Filter(since=since, until=until)))

    assert list(packed.matching(Filter(since=since, until=until))) == numbers
    assert numbers == [
        number
        for number in there
        if (since is None or moments[number] >= since)
        and (until is None or moments[number] < until)
    ]


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
