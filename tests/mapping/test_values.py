"""Values as people write them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from feedserver.mapping.values import Unfit, date_of, names_of, text_of

FIVE_PAST_TWO = datetime(2026, 11, 19, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (1234.0, "1234"),
        (1234, "1234"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (True, "true"),
        (False, "false"),
        (FIVE_PAST_TWO, "2026-11-19T14:05:00Z"),
    ],
)
def test_texts(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "zone", "format"),
    [
        ("2026-11-19T14:05:00Z", None, None),
        ("2026-11-19T15:05:00+01:00", None, None),
        ("2026-11-19 15:05:00+0100", None, None),
        ("2026-11-19T14:05:00.000000000Z", None, None),
        ("2026-11-19 14:05:00", "UTC", None),
        ("2026-11-19 15:05:00", "Europe/Berlin", None),
        ("2026-11-19T14:05:00Z", "Europe/Berlin", None),
        (1795097100, None, None),
        (1795097100000, None, None),
        (1795097100.0, None, None),
        ("1795097100", None, None),
        ("1795097100000", None, None),
        ("11/19/2026 8:05:00 AM", "America/Chicago", "%m/%d/%Y %I:%M:%S %p"),
        (FIVE_PAST_TWO, None, None),
    ],
)
def test_dates(value: Any, zone: str | None, format: str | None) -> None:
    assert date_of(value, zone, format) == FIVE_PAST_TWO


def test_a_leap_second_is_the_one_before_it() -> None:
    assert date_of("2016-12-31T23:59:60Z") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "zone", "told"),
    [
        ("yesterday", None, "'yesterday' is no date"),
        ("2026-11-19 14:05:00", None, "a date without a zone"),
        ("2026-11-19", None, "a date without a zone"),
        ("2026-11-19 14:05:00", "Middle/Earth", "no zone 'Middle/Earth'"),
        ("2026-11-19 14:05:00", "../../etc", "no zone '../../etc'"),
        ("0001-01-01T00:00:00+14:00", None, "is no date"),
        ("9999-12-31T00:00:00Z", None, "is no date"),
        (10**400, None, "is no date"),
        (1e308, None, "is no date"),
        (float("nan"), None, "is no date"),
        (True, None, "true is no date"),
        (None, None, "null is no date"),
        ([], None, "a list is no date"),
    ],
)
def test_what_is_no_date_is_told(value: Any, zone: str | None, told: str) -> None:
    with pytest.raises(Unfit, match=told):
        date_of(value, zone)


def test_a_format_that_says_something_twice_is_told() -> None:
    with pytest.raises(Unfit, match="'1919' is no date; it must be a date as %d%d"):
        date_of("1919", "UTC", "%d%d")


def test_of_names_nulls_and_empty_ones_are_left_out() -> None:
    assert names_of(["a", None, "", " b ", 3.0, True]) == ["a", "b", "3", "true"]
    assert names_of(None) == []
    assert names_of("a") == ["a"]
    with pytest.raises(Unfit):
        names_of([["a"]])
