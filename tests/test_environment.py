"""The environment: what it tells of this machine."""

from pathlib import Path

import pytest

from feedserver.environment import machine_timezone


@pytest.mark.parametrize(
    ("named", "zone"),
    [
        ("America/Chicago", "America/Chicago"),
        (":Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Asia/Kolkata", "Asia/Kolkata"),
        ("Etc/UTC", "UTC"),
    ],
)
def test_the_zone_of_the_machine_is_what_TZ_names(named: str, zone: str) -> None:  # noqa: N802
    assert machine_timezone({"TZ": named}, Path("/etc/localtime")) == zone


def test_without_a_name_it_is_that_to_which_localtime_leads(tmp_path: Path) -> None:
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/America/Denver")

    assert machine_timezone({}, tmp_path / "localtime") == "America/Denver"


def test_a_localtime_that_leads_nowhere_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "localtime").write_bytes(b"TZif")

    assert machine_timezone({"TZ": ""}, tmp_path / "localtime") is None
