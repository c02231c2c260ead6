"""The CRM's local times in UTC, and what is said of those that are odd."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.sources.clarify.times import utc_time

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-01-15 12:00:00", BERLIN, "2026-01-15 11:00:00"),
        ("2026-07-15 12:00:00", BERLIN, "2026-07-15 10:00:00"),
        ("2026-07-15 12:00:00", NEW_YORK, "2026-07-15 16:00:00"),
        (" 2026-07-15T12:00:00.250 ", BERLIN, "2026-07-15 10:00:00.250"),
        ("2026-07-15", BERLIN, "2026-07-14 22:00:00"),
        ("2026-07-15 12:00:00+00:00", BERLIN, "2026-07-15 12:00:00"),
        (datetime.fromisoformat("2026-01-15 12:00:00"), BERLIN, "2026-01-15 11:00:00"),
        (datetime(2026, 1, 15, 12, tzinfo=timezone(timedelta(hours=5))), BERLIN, "2026-01-15 07"),
        (date(2026, 1, 15), BERLIN, "2026-01-14 23:00:00"),
        ("1754-01-01 00:00:00", ZoneInfo("UTC"), "1754-01-01 00:00:00"),
        ("9999-12-31 23:59:59", BERLIN, "9999-12-31 22:59:59"),
    ],
)
def test_a_local_time_becomes_utc(value: object, zone: ZoneInfo, expected: str) -> None:
    assert utc_time(value, zone) == (utc(expected), None)


@pytest.mark.parametrize(
    "value",
    [
        "1753-01-01 00:00:00",
        datetime.fromisoformat("1753-01-01"),
        "1753-01-01 00:00:00.000",
        "0001-01-01 00:00:00",
        datetime.fromisoformat("0001-01-01"),
    ],
)
def test_the_null_date_is_no_date(value: object) -> None:
    assert utc_time(value, BERLIN) == (None, "entry_time is the null date")


def test_no_value_is_no_date() -> None:
    assert utc_time(None, BERLIN) == (None, "entry_time is empty")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2026-02-30 12:00:00",
        "31.12.2026",
        b"2026-01-01",
        3.5,
        "9999-12-31 23:59:59-05:00",
        "\x00",
    ],
)
def test_what_is_no_date_is_said_to_be_none(value: object) -> None:
    moment, odd = utc_time(value, BERLIN)

    assert moment is None
    assert odd is not None
    assert odd.startswith("entry_time is no date: ")


def test_a_time_that_is_beyond_all_dates_in_utc_is_no_date() -> None:
    moment, odd = utc_time("9999-12-31 23:59:59", NEW_YORK)

    assert moment is None
    assert odd == "entry_time is no date: '9999-12-31 23:59:59'"


def test_of_a_time_that_the_zone_had_twice_the_first_is_taken_and_it_is_said() -> None:
    moment, odd = utc_time("2026-10-25 02:30:00", BERLIN)

    assert moment == utc("2026-10-25 00:30:00")
    assert odd == (
        "entry_time 2026-10-25 02:30:00 is one that the zone had twice; the first is taken"
    )


def test_a_time_that_the_zone_skipped_is_moved_on_and_it_is_said() -> None:
    moment, odd = utc_time("2026-03-29 02:30:00", BERLIN)

    assert moment == utc("2026-03-29 01:30:00")  # 03:30 in summer time
    assert odd == "entry_time 2026-03-29 02:30:00 is one that the zone skipped"


@pytest.mark.parametrize("text", ["2026-10-25 01:59:59", "2026-10-25 03:00:00"])
def test_the_times_beside_a_fold_are_plain(text: str) -> None:
    assert utc_time(text, BERLIN)[1] is None


@pytest.mark.parametrize("text", ["2026-03-29 01:59:59", "2026-03-29 03:00:00"])
def test_the_times_beside_a_gap_are_plain(text: str) -> None:
    assert utc_time(text, BERLIN)[1] is None


@given(
    st.text() | st.binary() | st.integers() | st.floats() | st.datetimes() | st.dates(),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12"]),
)
def test_no_value_is_too_odd(value: object, zone: str) -> None:
    moment, odd = utc_time(value, ZoneInfo(zone))

    assert (moment is None) <= (odd is not None)
    assert moment is None or moment.utcoffset() == timedelta(0)


@given(st.datetimes())
def test_a_text_and_a_date_say_the_same(value: datetime) -> None:
    assert utc_time(str(value), BERLIN) == utc_time(value, BERLIN)
