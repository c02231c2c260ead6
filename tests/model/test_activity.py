"""Drafts that are recorded together, and the dates that they get."""

from datetime import datetime, timedelta

import pytest

from feedserver.model.activity import give_dates
from feedserver.model.dates import MILLISECOND, first_dates
from tests.builders import NOON, make_draft

YESTERDAY = NOON - timedelta(days=1)
LONG_AGO = NOON - timedelta(days=3650)
NEVER = NOON + timedelta(days=26_000)


def published(*occurred: datetime | None, after: datetime | None = YESTERDAY) -> list[datetime]:
    """The dates of drafts recorded at noon, in a log whose newest entry is of that date."""
    last = None if after is None else first_dates(None, after, after)
    drafts = [make_draft(occurred=date) for date in occurred]
    return [dates.published for dates in give_dates(drafts, last, NOON)]


@pytest.mark.parametrize("undated", [None, NEVER])
def test_what_comes_without_a_date_happens_now(undated: datetime | None) -> None:
    assert published(undated) == [NOON]
    assert published(undated, after=None) == [NOON]


def test_several_without_a_date_happen_now_one_after_the_other() -> None:
    first, second, third = published(None, None, None)

    assert first == NOON
    assert NOON < second < third < NOON + MILLISECOND


@pytest.mark.parametrize("undated", [None, NEVER])
def test_among_dated_ones_an_undated_one_takes_the_date_next_to_it(
    undated: datetime | None,
) -> None:
    hour = NOON - timedelta(hours=1)

    assert published(undated, hour) == [hour, hour + MILLISECOND]
    assert published(hour, undated) == [hour, hour + MILLISECOND]


@pytest.mark.parametrize("after", [None, LONG_AGO])
@pytest.mark.parametrize("place", [0, 2, 5])
def test_an_odd_date_in_an_imported_history_moves_nothing_in_it(
    place: int, after: datetime | None
) -> None:
    history: list[datetime | None] = [LONG_AGO + timedelta(hours=hour) for hour in range(1, 6)]
    history.insert(place, None)

    given = published(*history, after=after)

    expected = [date for date in history if date is not None]
    kept = [date for index, date in enumerate(given) if index != place]
    assert [date.replace(microsecond=0) for date in kept] == expected


def test_no_drafts_have_no_dates() -> None:
    assert give_dates([], None, NOON) == []
