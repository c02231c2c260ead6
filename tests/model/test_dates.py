"""Dates: what every activity is promised, whatever the clock and the source do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.dates import (
    MICROSECOND,
    MILLISECOND,
    SECOND,
    Dates,
    first_dates,
    from_microseconds,
    rfc3339,
    to_microseconds,
)
from tests.builders import NOON

HOUR = timedelta(hours=1)

Event = tuple[datetime | None, datetime]
"""When something happened, as its source says, and our clock when it is recorded."""


def dates_of(*events: Event) -> list[Dates]:
    given: list[Dates] = []
    for occurred, now in events:
        given.append(first_dates(given[-1] if given else None, occurred, now))
    return given


def published(*events: Event) -> list[datetime]:
    return [dates.published for dates in dates_of(*events)]


def test_a_past_log_imported_in_order_keeps_its_dates() -> None:
    happened = [NOON - 300 * HOUR, NOON - 200 * HOUR, NOON - 100 * HOUR]

    given = dates_of(*((occurred, NOON) for occurred in happened))

    assert [dates.published for dates in given] == happened
    assert [dates.updated for dates in given] == happened
    assert [dates.second for dates in given] == happened
    assert [dates.recorded for dates in given] == [NOON] * 3


def test_several_in_one_second_follow_each_other_by_a_millisecond() -> None:
    happened = NOON - HOUR

    given = dates_of(*[(happened, NOON)] * 3)

    expected = [happened, happened + MILLISECOND, happened + 2 * MILLISECOND]
    assert [dates.published for dates in given] == expected
    assert [dates.updated for dates in given] == expected


def test_several_in_one_second_have_whole_seconds_of_their_own() -> None:
    happened = NOON - HOUR

    given = dates_of(*[(happened, NOON)] * 3)

    expected = [happened, happened + SECOND, happened + 2 * SECOND]
    assert [dates.second for dates in given] == expected


def test_a_late_event_comes_after_what_was_there() -> None:
    before, late = NOON - HOUR, NOON - 5 * HOUR

    assert published((before, NOON), (late, NOON)) == [before, before + MILLISECOND]


def test_a_source_whose_clock_runs_ahead_gets_our_time_and_poisons_nothing() -> None:
    ahead, later = NOON + 24 * HOUR, NOON + SECOND

    assert published((ahead, NOON), (later, later)) == [NOON, later]


def test_an_unknown_time_in_an_empty_log_is_now() -> None:
    assert published((None, NOON)) == [NOON]


def test_an_unknown_time_is_that_of_the_one_before() -> None:
    before = NOON - 100 * HOUR

    assert published((before, NOON), (None, NOON)) == [before, before + MILLISECOND]


def test_a_burst_at_this_very_moment_grows_by_microseconds() -> None:
    given = dates_of(*[(NOON, NOON)] * 3)

    expected = [NOON, NOON + MICROSECOND, NOON + 2 * MICROSECOND]
    assert [dates.published for dates in given] == expected
    assert [dates.second for dates in given] == [NOON] * 3


def test_a_tick_is_a_millisecond_up_to_the_time_now_and_no_further() -> None:
    just_there, just_past = NOON + MILLISECOND, NOON + MILLISECOND - MICROSECOND

    assert published((NOON, NOON), (NOON, just_there))[1] == NOON + MILLISECOND
    assert published((NOON, NOON), (NOON, just_past))[1] == NOON + MICROSECOND


def test_a_clock_that_steps_back_takes_no_date_back() -> None:
    given = dates_of((NOON, NOON), (NOON - HOUR, NOON - HOUR), (None, NOON - 2 * HOUR))

    assert [dates.recorded for dates in given] == [NOON] * 3
    assert [dates.updated for dates in given] == [
        NOON,
        NOON + MICROSECOND,
        NOON + 2 * MICROSECOND,
    ]


def test_a_second_is_not_in_the_future_where_microseconds_pass_the_clock() -> None:
    end_of_second = NOON + SECOND - MICROSECOND

    given = dates_of(*[(end_of_second, end_of_second)] * 2)

    assert given[1].updated == NOON + SECOND
    assert given[1].second == NOON


# Microseconds around a millisecond and a second, where ticks change, and any others.
_NEAR = st.sampled_from([0, 0, 0, 0, 0, 1, -1, 999, 1000, 1001, 999_999, 1_000_000, -2_500_000])
_FAR = st.integers(-3_000_000_000, 3_000_000_000)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    steps = draw(st.sampled_from([_NEAR, _FAR, _NEAR | _FAR]))
    now = NOON - draw(st.sampled_from([1, 0, 1000])) * MICROSECOND
    history: list[Event] = []
    for step, lag in draw(st.lists(st.tuples(steps, st.none() | steps), max_size=30)):
        now += step * MICROSECOND
        history.append((None if lag is None else now - lag * MICROSECOND, now))
    return history


@given(histories())
def test_published_and_updated_grow_strictly(history: list[Event]) -> None:
    given = dates_of(*history)

    for before, after in pairwise(given):
        assert after.published > before.published
        assert after.updated > before.updated


@given(histories())
def test_recorded_is_the_highest_time_the_clock_has_shown(history: list[Event]) -> None:
    given = dates_of(*history)

    nows = [now for _, now in history]
    assert [dates.recorded for dates in given] == [
        max(nows[: count + 1]) for count in range(len(nows))
    ]


@given(histories())
def test_no_date_passes_the_clock_by_more_than_the_microseconds_it_needs(
    history: list[Event],
) -> None:
    given = dates_of(*history)

    for index, dates in enumerate(given):
        needed = dates.recorded
        if index:
            needed = max(needed, given[index - 1].updated + MICROSECOND)
        assert dates.published <= dates.updated <= needed


@given(histories())
def test_a_time_that_needs_no_change_is_kept(history: list[Event]) -> None:
    given = dates_of(*history)

    for index, (occurred, _) in enumerate(history):
        if occurred is None or occurred > given[index].recorded:
            continue
        if index == 0 or occurred >= given[index - 1].published + MILLISECOND:
            assert given[index].published == occurred


@given(histories())
def test_seconds_are_whole_never_in_the_future_and_never_go_back(history: list[Event]) -> None:
    given = dates_of(*history)

    assert all(dates.second.microsecond == 0 for dates in given)
    assert all(dates.second <= dates.recorded for dates in given)
    seconds = [dates.second for dates in given]
    assert seconds == sorted(seconds)


@given(histories())
def test_seconds_are_equal_only_where_the_next_would_be_in_the_future(
    history: list[Event],
) -> None:
    given = dates_of(*history)

    for before, after in pairwise(given):
        if after.second == before.second:
            assert before.second + SECOND > after.recorded


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_keep_a_date_exactly(date: datetime) -> None:
    assert from_microseconds(to_microseconds(date)) == date


def test_microseconds_are_those_since_1970() -> None:
    assert to_microseconds(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
    assert to_microseconds(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1_000_000


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [
        (0, "2026-05-08T12:00:00Z"),
        (7_000, "2026-05-08T12:00:00.007Z"),
        (120_000, "2026-05-08T12:00:00.120Z"),
        (7, "2026-05-08T12:00:00.000007Z"),
        (999_999, "2026-05-08T12:00:00.999999Z"),
    ],
)
def test_rfc3339_has_the_digits_that_it_needs(microsecond: int, text: str) -> None:
    assert rfc3339(NOON.replace(microsecond=microsecond)) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_rfc3339_tells_a_date_exactly(date: datetime) -> None:
    assert datetime.fromisoformat(rfc3339(date)) == date
