"""Evidence: what a database shows before it is made a source."""

from datetime import date, datetime
from pathlib import Path

import pytest

from feedserver.errors import SettingsError, SourceError
from feedserver.sources import EVIDENCE
from feedserver.sources.clarify.evidence import Evidence, look
from tests.builders import NOON
from tests.sources.clarify_builder import Clarify


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_it_is_how_many_entries_there_are_and_the_times_of_the_newest_and_the_oldest(
    crm: Clarify,
) -> None:
    for time in ("2026-03-02 10:00:00", "2026-03-01 09:00:00", "2026-05-08 06:57:00"):
        crm.entry(time=time)

    found = look("crm", crm.url, NOON)

    assert found == Evidence(3, local("2026-05-08 06:57"), local("2026-03-01 09:00"))


def test_a_crm_without_entries_has_none(crm: Clarify) -> None:
    assert look("crm", crm.url, NOON) == Evidence(0, None, None)


def test_null_dates_and_what_is_no_date_do_not_count(crm: Clarify) -> None:
    for time in ("1753-01-01 00:00:00", None, "2026-03-02 10:00:00", "soon", "1753-01-01 00:00:00"):
        crm.entry(time=time)

    found = look("crm", crm.url, NOON)

    assert found == Evidence(5, local("2026-03-02 10:00"), local("2026-03-02 10:00"))


def test_an_entry_of_next_year_does_not_hide_what_the_others_tell(crm: Clarify) -> None:
    crm.entry(time="2026-05-08 06:57:00")
    crm.entry(time="2027-05-08 06:57:00")

    assert look("crm", crm.url, NOON).newest == local("2026-05-08 06:57")


def test_a_crm_that_is_in_next_year_says_so(crm: Clarify) -> None:
    crm.entry(time="2027-05-08 06:57:00")

    assert look("crm", crm.url, NOON).newest == local("2027-05-08 06:57")


def test_a_clock_at_the_far_side_of_the_earth_is_not_taken_for_an_error(crm: Clarify) -> None:
    crm.entry(time="2026-05-07 10:00:00")
    crm.entry(time="2026-05-09 01:59:00")  # two hours past midnight in Kiritimati

    assert look("crm", crm.url, NOON).newest == local("2026-05-09 01:59")


def test_the_newest_is_found_among_many_that_are_older(crm: Clarify) -> None:
    with crm.together():
        for number in range(1000):
            crm.entry(time=f"2026-02-01 {number // 60:02}:{number % 60:02}:00")
        crm.entry(time="2026-05-08 06:57:00")
        for _ in range(200):
            crm.entry(time="2026-01-31 10:00:00")

    found = look("crm", crm.url, NOON)

    assert found == Evidence(1201, local("2026-05-08 06:57"), local("2026-02-01 00:00"))


def test_of_a_day_it_counts_what_a_source_with_that_start_would_bring(crm: Clarify) -> None:
    for time in ("2026-01-01 23:59:59", "2026-03-02 00:00:00", "2026-01-03 10:00:00"):
        crm.entry(time=time)

    assert look("crm", crm.url, NOON, date(2026, 3, 2)).count == 2
    assert look("crm", crm.url, NOON, date(2026, 5, 1)) == Evidence(0, None, None)
    assert look("crm", crm.url, NOON, date(2020, 1, 1)).count == 3


def test_what_is_no_crm_is_refused(tmp_path: Path) -> None:
    other = Clarify(tmp_path / "other.sqlite", without_tables=["table_act_entry"])
    other.close()

    with pytest.raises(SourceError, match="has no table table_act_entry"):
        look("crm", other.url, NOON)


def test_what_a_database_says_in_several_lines_is_told_in_one(tmp_path: Path) -> None:
    other = Clarify(tmp_path / "other.sqlite", without_tables=["table_act_entry"])
    other.execute('CREATE VIEW table_act_entry AS SELECT absent."of\nthis kind" FROM table_case')
    other.close()

    with pytest.raises(SourceError, match=r"^source crm: no such column: absent\.of this kind$"):
        look("crm", other.url, NOON)


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////nowhere/crm.sqlite"])
def test_an_address_of_nothing_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="url"):
        look("crm", url, NOON)


def test_it_is_found_by_the_type_of_the_source() -> None:
    assert EVIDENCE["clarify"] is look
