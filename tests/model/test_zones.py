"""Zones: which ones the newest time in a log leaves for its clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.zones import (
    AHEAD,
    KNOWN,
    OLDEST,
    age_in,
    aged,
    evidence_of_zone,
    zones_of,
)

WINTER = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SUMMER = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)
ANYWHERE = sorted(available_timezones() - {"Factory", "localtime"})
HELD = [ZoneInfo(zone) for zone in {*KNOWN, *ANYWHERE}]
"""A zone that nobody holds is read from its file each time that it is asked for."""

moments = st.datetimes(
    datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2030-12-31")
).map(lambda at: at.replace(microsecond=0, tzinfo=UTC))
fresh_ages = st.integers(int(-AHEAD.total_seconds()), int(OLDEST.total_seconds())).map(
    lambda seconds: timedelta(seconds=seconds)
)


def shown_in(zone: str, at: datetime) -> datetime:
    """What a clock in the zone shows at that moment."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


@given(st.sampled_from(KNOWN), moments, fresh_ages)
def test_the_zone_of_a_busy_log_is_among_those_that_are_named(
    zone: str, now: datetime, age: timedelta
) -> None:
    assert zone in zones_of(shown_in(zone, now - age), now)


@given(st.sampled_from(KNOWN), moments, st.timedeltas(timedelta(hours=-14), timedelta(hours=14)))
def test_in_each_zone_that_is_named_the_entry_is_some_minutes_old(
    zone: str, now: datetime, off: timedelta
) -> None:
    shown = shown_in(zone, now + off).replace(microsecond=0)

    for name in zones_of(shown, now):
        seconds = range(-int(AHEAD.total_seconds()), int(OLDEST.total_seconds()) + 1)
        assert any(shown_in(name, now - timedelta(seconds=ago)) == shown for ago in seconds)


@pytest.mark.parametrize("now", [WINTER, SUMMER], ids=["winter", "summer"])
def test_wherever_on_earth_the_clock_is_a_zone_is_named(now: datetime) -> None:
    entry = now - timedelta(minutes=3)

    assert [zone for zone in ANYWHERE if not zones_of(shown_in(zone, entry), now)] == []


@given(st.sampled_from(KNOWN), moments)
def test_the_zone_of_this_machine_is_named_first_where_it_fits(zone: str, now: datetime) -> None:
    shown = shown_in(zone, now)

    assert zones_of(shown, now, machine=zone)[0] == zone
    assert zones_of(shown, now, machine=zone).count(zone) == 1


@pytest.mark.parametrize("machine", ["Europe/Berlin", "Nowhere/Land", "EST5EDT,x", "../etc", None])
def test_a_zone_of_this_machine_that_does_not_fit_is_not_named(machine: str | None) -> None:
    shown = shown_in("America/Chicago", WINTER)

    assert zones_of(shown, WINTER, machine) == zones_of(shown, WINTER)


@pytest.mark.parametrize(
    ("shown", "now", "named", "unnamed"),
    [
        ("2026-01-15 06:00", WINTER, "America/Chicago", "America/Denver"),
        ("2026-07-15 07:00", SUMMER, "America/Chicago", "America/New_York"),
        ("2026-07-15 06:00", SUMMER, "America/Denver", "America/Chicago"),
        ("2026-07-15 05:00", SUMMER, "America/Phoenix", "America/Denver"),
        ("2026-01-15 12:00", WINTER, "Europe/London", "Europe/Berlin"),
        ("2026-07-15 13:00", SUMMER, "Europe/London", "UTC"),
        ("2026-01-15 17:30", WINTER, "Asia/Kolkata", "Asia/Karachi"),
        ("2026-01-15 17:45", WINTER, "Asia/Kathmandu", "Asia/Kolkata"),
        ("2026-01-15 08:30", WINTER, "America/St_Johns", "America/Halifax"),
        ("2026-07-15 21:30", SUMMER, "Australia/Adelaide", "Australia/Sydney"),
        ("2026-01-16 02:00", WINTER, "Pacific/Kiritimati", "Pacific/Auckland"),
        ("2026-01-15 01:00", WINTER, "Pacific/Pago_Pago", "Pacific/Honolulu"),
    ],
)
def test_summer_time_and_half_hours_are_as_they_are_today(
    shown: str, now: datetime, named: str, unnamed: str
) -> None:
    zones = zones_of(local(shown), now)

    assert named in zones
    assert unnamed not in zones


def test_an_entry_from_before_the_clocks_went_forward_still_fits() -> None:
    now = datetime(2026, 3, 8, 8, 3, tzinfo=UTC)  # 03:03 in Chicago, three minutes after 02:00

    assert zones_of(local("2026-03-08 01:58"), now)[0] == "America/Chicago"


def test_in_the_hour_that_comes_twice_the_nearer_one_is_meant() -> None:
    first, second = (datetime(2026, 11, 1, hour, 33, tzinfo=UTC) for hour in (6, 7))

    for now in (first, second):
        assert age_in("America/Chicago", local("2026-11-01 01:30"), now) == timedelta(minutes=3)


def test_a_time_that_the_clock_never_shows_has_no_age() -> None:
    now = datetime(2026, 3, 8, 8, 33, tzinfo=UTC)

    assert age_in("America/Chicago", local("2026-03-08 02:30"), now) is None
    assert "America/Chicago" not in zones_of(local("2026-03-08 02:30"), now)


@pytest.mark.parametrize("shown", ["0001-01-01 00:00", "9999-12-31 23:59"])
def test_a_time_at_the_end_of_all_time_fits_nowhere(shown: str) -> None:
    assert zones_of(local(shown), WINTER) == ()


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (
            "2026-01-15 05:57",
            (
                "Its newest entry is 6 h behind the clock here (UTC): "
                "the CRM's clock may be America/Chicago."
            ),
        ),
        (
            "2026-01-15 17:29",
            (
                "Its newest entry is 5 h 30 min ahead of the clock here (UTC): "
                "the CRM's clock may be Asia/Kolkata."
            ),
        ),
        (
            "2026-01-15 12:01",
            "Its newest entry is level with the clock here (UTC): the CRM's clock may be UTC.",
        ),
        (
            "2016-04-15 18:40",
            "Its newest entry, of 2016-04-15 18:40, is too old to tell in which zone it is.",
        ),
        (
            "2026-01-15 11:40",
            "Its newest entry, of 2026-01-15 11:40, is too old to tell in which zone it is.",
        ),
        (
            "2026-01-16 02:06",
            "Its newest entry lies in the future everywhere, and so tells nothing of its zone.",
        ),
        (None, "No entry has a time yet, so nothing tells in which zone its clock is."),
    ],
)
def test_the_evidence_is_told_in_one_sentence(shown: str | None, sentence: str) -> None:
    at = None if shown is None else local(shown)
    zones = () if at is None else zones_of(at, WINTER)

    assert evidence_of_zone(at, WINTER, zones) == sentence


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(minutes=3), "3 min old"),
        (timedelta(hours=7, minutes=5), "7 h 5 min old"),
        (timedelta(days=1, hours=2), "1 d 2 h old"),
        (timedelta(seconds=20), "less than 1 min old"),
        (timedelta(hours=-2), "2 h in the future"),
    ],
)
def test_an_age_is_told_in_words(age: timedelta, words: str) -> None:
    assert aged(age) == words
