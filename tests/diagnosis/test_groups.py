"""The groups of checks, as they follow each other."""

from pathlib import Path

import pytest

from feedserver.clock import system_clock
from feedserver.diagnosis.groups import Around, groups
from feedserver.diagnosis.results import Result
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, make_draft


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with three activities."""
    settings = tmp_path / "feedserver.toml"
    settings.write_text(f'authority = "{AUTHORITY}"\n', encoding="utf-8")
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(settings))
    log = open_log("sqlite:///feedserver.db", tmp_path, AUTHORITY, system_clock)
    log.append([make_draft() for _ in range(3)])
    log.close()


def results_of(name: str, is_full: bool, around: Around) -> list[Result]:
    """The results of one group; all are read, as who prints them does."""
    found = {group.name: list(group.results) for group in groups(is_full, around)}
    return found[name]


def test_a_long_log_is_read_only_where_that_is_asked_for() -> None:
    around = Around(many=2)

    (quick,) = results_of("feeds", False, around)
    full = results_of("feeds", True, around)

    assert quick.text.startswith("not looked at: to read 3 versions takes about")
    assert any(result.text.startswith("everything: 3 entries") for result in full)


def test_a_store_that_cannot_be_looked_at_leaves_the_rest(tmp_path: Path) -> None:
    (tmp_path / "feedserver.db").write_bytes(b"no database")

    found = {group.name: list(group.results) for group in groups(False)}

    assert list(found) == ["settings", "store", "sources"]
    (unreadable,), (none,) = found["store"], found["sources"]
    assert "file is not a database" in unreadable.text
    assert "put back a backup" in unreadable.mend
    assert none.text.startswith("none is set up")
