"""The store is looked at, never changed."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from feedserver.diagnosis.results import Result, Sign, results_of
from feedserver.diagnosis.store import LARGE, checks_of_store
from feedserver.settings import Settings, make_settings
from feedserver.stores.sql.examining import Examined, examined, path_of
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, FakeClock, make_draft

URL = "sqlite:///feedserver.db"
CLOCK = FakeClock()
PLENTY = 10**12


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of an installation in that folder."""
    return make_settings(tmp_path, {"authority": AUTHORITY})


@pytest.fixture
def store(settings: Settings) -> Iterator[Examined]:
    """A store with an activity."""
    log = open_log(URL, settings.folder, AUTHORITY, CLOCK)
    log.append([make_draft()])
    log.close()
    with examined(URL, settings.folder, CLOCK) as store:
        assert store is not None
        yield store


def found(
    store: Examined | None, settings: Settings, free: int = PLENTY, is_full: bool = False
) -> Mapping[Sign, list[Result]]:
    path = path_of(settings.store, settings.folder)
    checks = checks_of_store(store, path, settings, is_full, lambda folder: free)
    results = list(results_of(checks))
    return {sign: [result for result in results if result.sign is sign] for sign in Sign}


def test_a_sound_store_is_well(store: Examined, settings: Settings) -> None:
    results = found(store, settings)

    assert results[Sign.WARNING] == results[Sign.FAILURE] == []
    texts = "\n".join(result.text for result in results[Sign.OK])
    assert "1 versions" in texts
    assert f"made with {AUTHORITY}" in texts
    assert "its file is whole" in texts
    assert "store backup FILE" in texts


def test_looking_at_it_leaves_the_folder_as_it_was(settings: Settings) -> None:
    open_log(URL, settings.folder, AUTHORITY, CLOCK).close()
    before = {path: path.read_bytes() for path in settings.folder.iterdir()}

    with examined(URL, settings.folder, CLOCK) as store:
        found(store, settings)

    assert {path: path.read_bytes() for path in settings.folder.iterdir()} == before


def test_nothing_can_be_written_to_what_is_looked_at(store: Examined) -> None:
    with pytest.raises(Exception, match="attempt to write a readonly database"):
        store.log.append([make_draft()])


def test_where_there_is_no_store_none_is_made(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, store="sqlite:///below/feedserver.db")

    with examined(settings.store, tmp_path, CLOCK) as store:
        results = found(store, settings)

    assert results[Sign.FAILURE] == []
    assert "the first start makes it" in results[Sign.OK][0].text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("free", "sign"), [(1_000, Sign.FAILURE), (50_000_000, Sign.WARNING), (PLENTY, Sign.OK)]
)
def test_a_full_disk_is_told(store: Examined, settings: Settings, free: int, sign: Sign) -> None:
    assert any(" free" in result.text for result in found(store, settings, free)[sign])


def test_room_for_a_copy_is_wanted(store: Examined, settings: Settings) -> None:
    (result,) = found(replace(store, size=10**13), settings)[Sign.WARNING]

    assert "as much room as the store has" in result.mend


def test_another_authority_is_told(store: Examined, settings: Settings) -> None:
    (result,) = found(store, replace(settings, authority="other.org"))[Sign.FAILURE]

    assert "this store's ids were made with" in result.text


def test_an_engine_without_full_text_or_write_ahead_is_told(
    store: Examined, settings: Settings
) -> None:
    results = found(replace(store, mode="delete", has_full_text=False), settings)

    assert "journal_mode delete" in results[Sign.WARNING][0].text
    assert "FTS5" in results[Sign.FAILURE][0].text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_store_that_cannot_be_written_is_told(store: Examined, settings: Settings) -> None:
    path = settings.folder / "feedserver.db"
    path.chmod(0o400)

    (result,) = found(store, settings)[Sign.FAILURE]

    assert "cannot be written" in result.text


def test_a_large_store_is_read_whole_where_that_is_asked_for(
    store: Examined, settings: Settings
) -> None:
    large = replace(store, size=LARGE + 1)

    quick, full = (found(large, settings, is_full=each)[Sign.OK] for each in (False, True))

    assert any("--full does it" in result.text for result in quick)
    assert any("its file is whole" in result.text for result in full)


def test_damage_is_told(settings: Settings) -> None:
    log = open_log(URL, settings.folder, AUTHORITY, CLOCK)
    log.append([make_draft(content="word " * 2000) for _ in range(50)])
    log.close()
    path = settings.folder / "feedserver.db"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xa5" * 8192
    path.write_bytes(content)

    with examined(URL, settings.folder, CLOCK) as store:
        results = found(store, settings)

    (result,) = results[Sign.FAILURE]
    assert result.text == "its file is damaged"
    assert result.details
    assert "Put back a backup" in result.mend
