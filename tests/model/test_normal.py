"""The canonical form: what means the same is written the same, and means what was written."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from random import Random
from urllib.parse import parse_qsl

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feedserver.errors import InvalidRequest
from feedserver.model.addresses import feed_path
from feedserver.model.expression import And, Expression, Not, Or, Since, Test, write
from feedserver.model.filter import EVERYTHING, FIELDS, Contradiction, Filter, make_filter
from feedserver.model.normal import TooIntricate, conjunction, disjunction
from feedserver.model.query import parse_expression_text, parse_parameters, parse_query
from feedserver.model.wording import parts
from tests.builders import NOON
from tests.filtering import Facts, expressions, faults, holds, made, passes

DAY = timedelta(days=1)
DATES = [NOON, NOON + DAY, NOON + 2 * DAY]
MOMENTS = [NOON - DAY, *DATES]
NAMES = [("queue", "A"), ("queue", "B"), ("tag", "x"), ("actor", "ann")]
TESTS: st.SearchStrategy[Expression] = st.sampled_from(
    [*(Test(*name) for name in NAMES), *map(Since, DATES), Test("queue", "a", is_part=True)]
)
EXPRESSIONS = expressions(TESTS)
VALUES = st.lists(
    st.sampled_from([(field, excluded, value) for field, value in NAMES for excluded in (0, 1)]),
    max_size=4,
)


def worlds() -> Iterator[tuple[Facts, datetime]]:
    """Every activity that the tests can tell from others."""
    for having in product((False, True), repeat=len(NAMES) + 1):
        known: dict[str, set[str | None]] = {field: set() for field in FIELDS}
        for (field, value), has in zip([*NAMES, ("queue", "a")], having, strict=True):
            if has:
                known[field].add(value)
        for occurred in MOMENTS:
            yield known, occurred


WORLDS = list(worlds())
# That a value contains another's text is no business of the normal form: there both are tests.
APART = expressions(st.sampled_from([*(Test(*name) for name in NAMES), *map(Since, DATES)]))


def meaning(filter: Filter | None) -> list[bool]:
    return [filter is not None and passes(filter, *world) for world in WORLDS]


def test_the_reference_can_tell_every_activity_from_every_other() -> None:
    told = {tuple(holds(Test(*name), *world) for name in NAMES) for world in WORLDS}

    assert len(told) == 2 ** len(NAMES)


@given(EXPRESSIONS)
def test_a_filter_means_what_was_written(expression: Expression) -> None:
    filter = made(expression=expression)

    assert meaning(filter) == [holds(expression, *world) for world in WORLDS]


@given(VALUES, EXPRESSIONS, st.none() | st.sampled_from(DATES), st.none() | st.sampled_from(DATES))
def test_parameters_and_an_expression_hold_together(
    values: list[tuple[str, bool, str]],
    expression: Expression,
    since: datetime | None,
    until: datetime | None,
) -> None:
    both = made(values, since, until, expression)

    some = made(values, since, until)
    other = meaning(made(expression=expression))
    assert meaning(both) == [a and b for a, b in zip(meaning(some), other, strict=True)]


@given(APART, APART)
def test_what_means_the_same_is_written_the_same(one: Expression, other: Expression) -> None:
    some, others = made(expression=one), made(expression=other)

    assert (meaning(some) == meaning(others)) == (some == others)


@given(APART, st.data())
def test_another_way_to_write_it_is_the_same_filter(
    expression: Expression, data: st.DataObject
) -> None:
    other = rewritten(expression, data)

    assert made(expression=other) == made(expression=expression)


def rewritten(expression: Expression, data: st.DataObject) -> Expression:
    """The same, by a law of logic for each of its parts."""
    match expression:
        case Not(part):
            return Not(rewritten(part, data))
        case And(parts=parts) | Or(parts=parts):
            kind = type(expression)
            inner = [rewritten(part, data) for part in data.draw(st.permutations(parts))]
            match data.draw(st.integers(0, 3)):
                case 0:
                    return kind((*inner, inner[0]))
                case 1:
                    return Not((And if kind is Or else Or)(tuple(map(Not, inner))))
                case 2:
                    return kind((inner[0], kind(tuple(inner))))
                case _:
                    return kind(tuple(inner))
    if data.draw(st.booleans()):
        others: list[Expression] = [Test("tag", "x"), Test("tag", "z"), Since(NOON)]
        other = data.draw(st.sampled_from(others))
        return Or((And((expression, other)), And((expression, Not(other)))))
    return Not(Not(expression))


@given(VALUES, st.none() | st.sampled_from(DATES), st.none() | st.sampled_from(DATES))
def test_what_parameters_can_say_becomes_parameters(
    values: list[tuple[str, bool, str]], since: datetime | None, until: datetime | None
) -> None:
    assume(since is None or until is None or since < until)
    clauses: list[Expression] = [] if since is None else [Since(since)]
    clauses += [] if until is None else [Not(Since(until))]
    for excluded, field in {(excluded, field) for field, excluded, _ in values}:
        named = [value for name, out, value in values if (out, name) == (excluded, field)]
        either = Or(tuple(Test(field, value) for value in named))
        clauses.append(Not(either) if excluded else either)

    filter = made(values, since, until)

    assert made(expression=And(tuple(clauses))) == filter
    assert filter is None or filter.expression is None


@given(EXPRESSIONS, VALUES)
def test_the_canonical_form_read_back_is_the_same_filter(
    expression: Expression, values: list[tuple[str, bool, str]]
) -> None:
    filter = made(values, expression=expression)
    assume(filter is not None)
    assert filter is not None

    pairs = parse_qsl(filter.canonical, keep_blank_values=True, errors="strict")

    assert parse_query(pairs).filter == filter
    assert parse_query(filter.pairs).filter == filter


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("queue:Support and not (tag:noise or actor:bot)", "queue=Support&-tag=noise&-actor=bot"),
        ("(queue:A and product:X) or (queue:B and product:X)", "queue=A&queue=B&product=X"),
        ("tag:VIP or tag:vip", "tag=vip"),
        ("(tag:a or tag:b) and not tag:b", "tag=a&-tag=b"),
        ("tag:a or not tag:a", ""),
        ("not not verb:Like", "verb=like"),
        (
            "since:2026-01-01 and until:2026-01-31",
            "since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z",
        ),
        ("since:2026-01-01 or since:2025-01-01", "since=2025-01-01T00:00:00Z"),
        ("queue:B and queue:A", "filter=queue:A%20and%20queue:B"),
        (
            "(queue:B and product:Y) or (product:X and queue:A)",
            "filter=(queue:A%20and%20product:X)%20or%20(queue:B%20and%20product:Y)",
        ),
        ("tag:a and (queue:A or verb:close)", "tag=a&filter=queue:A%20or%20verb:close"),
        ("customer~ACME", "filter=customer~acme"),
        (
            (
                "customer~x and (queue:A or source:b) and (source:b or number:c)"
                " and (number:c or queue:A)"
            ),
            (
                "filter=(queue:A%20or%20number:c)%20and%20(queue:A%20or%20source:b)%20and%20"
                "customer~x%20and%20(source:b%20or%20number:c)"
            ),
        ),
    ],
)
def test_a_filter_is_written_as_plainly_as_it_can_be(text: str, canonical: str) -> None:
    filter = parse_query([("filter", text)]).filter

    assert filter.canonical == canonical
    assert parse_query(filter.pairs).filter == filter


def pairs_of(count: int) -> Expression:
    return Or(tuple(And((Test("queue", f"Q{n}"), Test("product", f"P{n}"))) for n in range(count)))


def test_many_alternatives_are_told_one_by_one() -> None:
    filter = make_filter([("tag", False, "vip")], expression=pairs_of(60))

    assert filter.clauses == make_filter([("tag", False, "vip")]).clauses
    assert filter.expression is not None
    assert write(filter.expression).count(" or ") == 59
    assert parse_query(filter.pairs).filter == filter


def test_many_alternatives_that_have_nothing_in_common_are_told_one_by_one() -> None:
    filter = make_filter([], expression=pairs_of(60))

    assert filter.expression is not None
    assert write(filter.expression).count(" or ") == 59


def test_what_nothing_can_pass_is_refused_of_many_alternatives_too() -> None:
    with pytest.raises(Contradiction):
        make_filter([("tag", False, "a"), ("tag", True, "a")], expression=pairs_of(60))


def test_many_clauses_are_told_one_by_one() -> None:
    clauses = tuple(Or((Test("queue", f"Q{n}"), Test("product", f"P{n}"))) for n in range(60))

    filter = make_filter([], expression=And(clauses))

    assert filter.expression is not None
    assert write(filter.expression).count(" and ") == 59


def test_clauses_of_which_the_alternatives_are_too_many_are_told_as_they_are() -> None:
    names = [Test("queue", f"Q{number:02}") for number in range(61)]
    clauses = tuple(Or(both) for both in pairwise(names))

    filter = make_filter([], expression=And(clauses))

    assert filter.expression == And(clauses)


def test_what_nobody_can_find_out_in_time_is_refused() -> None:
    apart = tuple(Or((Test("queue", f"Q{n}"), Not(Test("product", f"P{n}")))) for n in range(20))
    intricate = Or((And(apart), And(tuple(Not(part) for part in apart)), pairs_of(20)))

    with pytest.raises(TooIntricate):
        make_filter([], expression=intricate)
    with pytest.raises(InvalidRequest, match="too intricate"):
        parse_query([("filter", write(intricate))])


def intricate(seed: int) -> str:
    """A filter of some sixty tests, about as much as can be found out in time, or too much."""
    random = Random(seed)

    def inner(depth: int) -> Expression:
        if not depth:
            field = random.choice(("queue", "tag", "actor"))
            test = Test(field, random.choice("abcdefgh"))
            return random.choice((test, test, Not(test)))
        kind = random.choice((And, Or))
        return kind(tuple(inner(depth - 1) for _ in range(random.randint(2, 3))))

    return write(inner(4))


def test_the_links_of_an_intricate_feed_lead_to_no_other() -> None:
    asked = [[("filter", intricate(seed))] for seed in range(46)]
    filters = [parse_query(pairs).filter for pairs in asked if not faults(pairs)]

    assert 10 < len(filters) < 40
    assert [parse_query(filter.pairs).filter for filter in filters] == filters


def canonical(text: str) -> str:
    """The canonical form of a filter, or why there is none."""
    try:
        return parse_query([("filter", text)]).filter.canonical
    except InvalidRequest as error:
        return str(error)


def test_an_intricate_filter_means_what_was_written() -> None:
    texts = [text for text in map(intricate, range(46)) if not faults([("filter", text)])]
    random = Random(5)

    for text in texts:
        expression, filter = parse_expression_text(text), parse_query([("filter", text)]).filter
        for _ in range(20):
            known = {field: {*random.sample("abcdefgh", 4)} for field in FIELDS}
            assert passes(filter, known, NOON) == holds(expression, known, NOON)


def test_an_intricate_feed_is_the_same_after_another_start() -> None:
    # Each start of Python has sets in another order.
    told = """
from tests.model.test_normal import canonical, intricate
print([canonical(intricate(seed)) for seed in (44, 91, 166, 186)])
"""
    starts = [
        subprocess.run(
            [sys.executable, "-c", told],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert starts[0] == starts[1]


def test_times_that_are_nearly_the_same_are_told_apart() -> None:
    # As numbers of seconds some of them would be equal.
    times = [Since(NOON + timedelta(milliseconds=100, microseconds=each)) for each in range(40)]
    first, last = (frozenset([(each, True)]) for each in (times[0], times[-1]))

    for several in (tuple(times), tuple(reversed(times))):
        assert disjunction(Or(several)) == conjunction(Or(several)) == [first]
        assert disjunction(And(several)) == conjunction(And(several)) == [last]


@given(VALUES, EXPRESSIONS, st.none() | st.sampled_from(DATES))
def test_what_is_left_of_a_filter_without_a_part_is_a_filter(
    values: list[tuple[str, bool, str]], expression: Expression, since: datetime | None
) -> None:
    filter = made(values, since, expression=expression)
    assume(filter is not None)
    assert filter is not None

    for _, left in parts(filter):
        assert parse_query(left.pairs).filter == left


@pytest.mark.parametrize(
    "pairs",
    [
        [("filter", " or ".join(f"tag:t{number}" for number in range(200)))],
        [("tag", f"t{number}") for number in range(200)],
    ],
)
def test_the_largest_filter_has_links(pairs: list[tuple[str, str]]) -> None:
    filter = parse_query(pairs).filter

    link = feed_path(filter, "atom", [("limit", "5"), ("before", "x")]).partition("?")[2]

    assert parse_query(parse_parameters(link)).filter == filter


def test_a_filter_of_which_a_link_has_too_many_parameters_is_refused() -> None:
    tests = " or ".join(f"tag:t{number}" for number in range(200))

    with pytest.raises(InvalidRequest, match="201 parameters; 200 is the limit"):
        parse_query([("filter", tests), ("queue", "A")])


def test_what_a_link_has_to_encode_counts_as_it_stands_there() -> None:
    objects = [("object", f"http://crm.example/cases/{number}") for number in range(1000, 1180)]
    parse_query(objects[:-10])

    with pytest.raises(InvalidRequest, match="has 8,100 characters, which is too long"):
        parse_query(objects)


def test_a_filter_whose_links_nobody_could_follow_is_refused() -> None:
    several = [("tag", f"{'x' * 97}{number:03}") for number in range(76)]
    parse_query(several[:-2])

    with pytest.raises(InvalidRequest, match="too long for an address"):
        parse_query(several)
    with pytest.raises(InvalidRequest, match="too long for an address"):
        parse_query([("filter", " or ".join(f"tag:{name}" for _, name in several))])


@pytest.mark.parametrize(
    "text",
    [
        "tag:a and not tag:a",
        "since:2026-01-02 and until:2026-01-01",
        "(tag:a or tag:b) and not tag:a and not tag:b",
    ],
)
def test_what_nothing_can_pass_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="Nothing can pass"):
        parse_query([("filter", text)])


def test_what_contradicts_the_parameters_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="Nothing can pass"):
        parse_query([("queue", "A"), ("filter", "not queue:A")])
    with pytest.raises(InvalidRequest, match="Nothing can pass"):
        parse_query([("queue", "A"), ("-queue", "A")])
    with pytest.raises(Contradiction):
        make_filter([("tag", False, "A"), ("tag", True, "a")])


def test_what_always_holds_is_everything() -> None:
    assert make_filter([], expression=And(())) == EVERYTHING
    assert make_filter([], expression=Or((Since(NOON), Not(Since(NOON))))) == EVERYTHING


def test_dates_at_the_ends_of_time_are_dates() -> None:
    first = datetime.min.replace(tzinfo=UTC) + DAY
    last = datetime.max.replace(tzinfo=UTC) - DAY

    assert make_filter([], expression=Since(first)).since == first
    assert make_filter([], expression=Not(Since(last))).until == last


def test_forms_hold_no_more_than_they_need() -> None:
    expression = Or((And((Test("tag", "a"), Test("tag", "b"))), Test("tag", "a")))

    assert conjunction(expression) == [frozenset([(Test("tag", "a"), True)])]
    assert disjunction(expression) == [frozenset([(Test("tag", "a"), True)])]
