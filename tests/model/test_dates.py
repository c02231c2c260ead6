"""Dates: what every activity is promised, whatever the clock and the source do."""

from dataclasses import astuple, dataclass, replace
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
    changed_dates,
    first_dates,
    from_microseconds,
    latest,
    rfc3339,
    silent_dates,
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

    expected = [NOON, NOON + MILLISECOND, NOON + 2 * MILLISECOND]
    assert [dates.recorded for dates in given] == expected
    assert [dates.updated for dates in given] == expected


def test_a_second_is_not_in_the_future_where_microseconds_pass_the_clock() -> None:
    end_of_second = NOON + SECOND - MICROSECOND

    given = dates_of(*[(end_of_second, end_of_second)] * 2)

    assert given[1].updated == NOON + SECOND
    assert given[1].second == NOON


def test_a_change_is_dated_now_and_keeps_when_it_was_published() -> None:
    first, other = dates_of((NOON - 5 * HOUR, NOON - 3 * HOUR), (NOON - 4 * HOUR, NOON - 3 * HOUR))

    changed = changed_dates(other, first, NOON)

    assert changed == Dates(NOON, first.published, NOON, NOON)


def test_changes_at_one_moment_follow_each_other_by_microseconds() -> None:
    (first,) = dates_of((NOON, NOON))

    one = changed_dates(first, first, NOON)
    other = changed_dates(latest(first, one), one, NOON)

    assert [one.updated, other.updated] == [NOON + MICROSECOND, NOON + 2 * MICROSECOND]
    assert [one.recorded, other.recorded] == [NOON, NOON]


def test_a_change_after_a_past_log_was_imported_is_later_than_all_of_it() -> None:
    imported = dates_of((NOON - 300 * HOUR, NOON), (NOON - 200 * HOUR, NOON))

    changed = changed_dates(imported[-1], imported[0], NOON)

    assert changed.updated == NOON


def test_a_silent_version_has_the_dates_of_the_one_it_replaces() -> None:
    (first,) = dates_of((NOON - HOUR, NOON - HOUR))

    silent = silent_dates(first, first, NOON)

    assert silent == replace(first, recorded=NOON)


def test_the_latest_dates_are_those_of_different_versions_where_one_is_silent() -> None:
    first, other = dates_of((NOON - 2 * HOUR, NOON), (NOON - HOUR, NOON))

    silent = silent_dates(other, first, NOON + HOUR)

    assert latest(other, silent) == replace(other, recorded=NOON + HOUR)
    assert latest(None, first) == first


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
def test_recorded_is_the_clock_s_time_or_a_millisecond_after_the_last(
    history: list[Event],
) -> None:
    given = dates_of(*history)

    for (before, after), (_, now) in zip(pairwise(given), history[1:], strict=True):
        went_back = now < before.recorded
        assert after.recorded == (before.recorded + MILLISECOND if went_back else now)


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


@dataclass(frozen=True)
class Written:
    """A version as a log dates it: what was before in the log, what it replaces, and its dates."""

    last: Dates
    replaced: Dates | None
    is_silent: bool
    now: datetime
    dates: Dates


@st.composite
def logs(draw: st.DrawFn) -> list[Written]:
    """What follows the first version of a log, of which some replace an earlier one."""
    history = draw(histories().filter(bool))
    given = [first_dates(None, *history[0])]
    last = given[0]
    written: list[Written] = []
    for occurred, now in history[1:]:
        replaced = draw(st.none() | st.sampled_from(given))
        is_silent = replaced is not None and draw(st.booleans())
        if replaced is None:
            dates = first_dates(last, occurred, now)
        else:
            give = silent_dates if is_silent else changed_dates
            dates = give(last, replaced, now)
        written.append(Written(last, replaced, is_silent, now, dates))
        given.append(dates)
        last = latest(last, dates)
    return written


@given(logs())
def test_whatever_is_written_is_dated_later_than_all_before_but_for_silent_versions(
    log: list[Written],
) -> None:
    for each in log:
        if not each.is_silent:
            assert each.dates.updated > each.last.updated
            assert each.dates.second >= each.last.second
        if each.replaced is None:
            assert each.dates.published > each.last.published


@given(logs())
def test_what_replaces_a_version_is_published_when_that_was(log: list[Written]) -> None:
    for each in log:
        if each.replaced is not None:
            assert each.dates.published == each.replaced.published
            is_same = each.dates == replace(each.replaced, recorded=each.dates.recorded)
            assert is_same or not each.is_silent


@given(logs())
def test_all_is_recorded_in_order_and_two_times_of_the_clock_are_never_one(
    log: list[Written],
) -> None:
    for each in log:
        went_back = each.now < each.last.recorded
        assert each.dates.recorded == (each.last.recorded + MILLISECOND if went_back else each.now)


@given(logs())
def test_no_version_is_dated_after_the_clock_by_more_than_the_microseconds_it_needs(
    log: list[Written],
) -> None:
    for each in log:
        if not each.is_silent:
            assert each.dates.updated <= max(each.dates.recorded, each.last.updated + MICROSECOND)
            assert each.dates.second <= each.dates.recorded
            assert each.dates.second.microsecond == 0
            is_same = each.dates.second == each.last.second
            assert not is_same or each.last.second + SECOND > each.dates.recorded


@given(logs())
def test_the_latest_dates_are_the_latest_of_each(log: list[Written]) -> None:
    for each in log:
        every = zip(astuple(each.last), astuple(each.dates), strict=True)
        assert astuple(latest(each.last, each.dates)) == tuple(map(max, every))


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
