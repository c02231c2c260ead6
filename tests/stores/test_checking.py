"""Checking a store: what the log writes is sound, and whatever is changed in it is found."""

import sqlite3
from pathlib import Path

import pytest

from feedserver.errors import StoreError
from feedserver.stores.sql.checking import check
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, FakeClock, make_draft

URL = "sqlite:///log.db"
ONE, TWO, THREE, FOUR = (f"urn:example:{number}" for number in range(1, 5))

SWAPPED = """
    UPDATE version SET document = (SELECT document FROM version WHERE position = 1)
    WHERE position = 4
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder of a store with a version of every kind at the positions 1 to 10."""
    clock = FakeClock()
    log = open_log(URL, tmp_path, AUTHORITY, clock)
    log.append([make_draft(id=id) for id in (ONE, TWO, THREE, FOUR)])
    for position, is_silent in [(1, False), (5, True)]:
        clock.advance(1)
        log.replace(position, make_draft(id=ONE), is_silent)
    log.replace(2, None)
    log.replace(3, make_draft(id=THREE))
    log.redact([THREE])
    log.append([make_draft(id="urn:example:5")])
    log.close()
    return tmp_path


def faults(folder: Path) -> list[str]:
    return list(check(URL, folder))


def change(folder: Path, statement: str) -> None:
    """Run a statement on the store past the log."""
    database = sqlite3.connect(folder / "log.db")
    database.execute(statement)
    database.commit()
    database.close()


def test_what_the_log_writes_is_sound(store: Path) -> None:
    assert faults(store) == []


def test_an_empty_store_is_sound(tmp_path: Path) -> None:
    open_log(URL, tmp_path, AUTHORITY, FakeClock()).close()

    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM version WHERE position = 4", "4: there is no version, but 5 follows"),
        (
            "UPDATE version SET number = 3 WHERE position = 4",
            f"4: it is version 3 of {FOUR}, of which there is none before",
        ),
        (
            "UPDATE version SET replaces = 1 WHERE position = 4",
            f"4: it is the first version of {FOUR}, but replaces 1",
        ),
        (
            "UPDATE version SET kind = 'silent' WHERE position = 4",
            f"4: it is the first version of {FOUR}, but silent",
        ),
        (
            "UPDATE version SET replaces = 4 WHERE position = 5",
            "5: it replaces 4, but the version before is at 1",
        ),
        (
            "UPDATE version SET id = 'urn:example:2', number = 3 WHERE position = 10",
            f"10: it is recorded, but {TWO} was deleted before",
        ),
        (
            "UPDATE version SET id = 'urn:example:3', number = 4 WHERE position = 10",
            f"10: it is recorded, but {THREE} was redacted before",
        ),
        (
            "UPDATE version SET recorded = 5 WHERE position = 6",
            "6: it was recorded before the version at the position before",
        ),
        (
            "UPDATE version SET updated = updated + 1 WHERE position = 6",
            "6: it is silent, but has other dates than the version that it replaces",
        ),
        (
            "UPDATE version SET updated = 5 WHERE position = 4",
            "4: its `updated` is not later than that of every version before",
        ),
        (
            "UPDATE version SET second = 5 WHERE position = 4",
            "4: its `second` is before that of a version before",
        ),
        (
            "UPDATE version SET published = published + 1 WHERE position = 5",
            "5: its `published` is not that of the version that it replaces",
        ),
        (
            "UPDATE version SET published = 5 WHERE position = 4",
            "4: its `published` is not later than that of every version before",
        ),
        ("UPDATE version SET kind = 'odd' WHERE position = 4", "4: it is odd, which no version"),
        (
            "UPDATE version SET document = x'7b7d' WHERE position = 7",
            "7: it is deleted, but has a document",
        ),
        (
            "UPDATE version SET document = x'00' WHERE position = 4",
            "4: its document cannot be read",
        ),
        (
            "UPDATE version SET document = x'7b226964223a22ff227d' WHERE position = 4",
            "4: its document cannot be read",
        ),
        (SWAPPED, f"4: its id is {FOUR}, but {ONE} in its document"),
        (
            "UPDATE version SET document = x'' WHERE position = 4",
            f"4: it has no document, but {FOUR} was not redacted",
        ),
        (
            "UPDATE version SET document = x'7b7d' WHERE position = 3",
            "3: it was redacted, but what it said is still there",
        ),
        (
            "UPDATE text SET content = NULL WHERE rowid = 4",
            "4: it is found by other words than its own",
        ),
        ("DELETE FROM text WHERE rowid = 4", "4: it is not found by its words"),
        (
            "UPDATE text SET content = 'it freezes' WHERE rowid = 4",
            "4: it is found by other words than its own",
        ),
        (
            "UPDATE text SET title = content, content = title WHERE rowid = 4",
            "4: it is found by other words than its own",
        ),
        (
            "INSERT INTO text (rowid, title, content) VALUES (3, '', '')",
            "3: it says nothing, but is found by words",
        ),
        (
            "INSERT INTO text (rowid, title, content) VALUES (11, 'a', 'b')",
            "11: there is no version, but words of one are found",
        ),
        (
            "UPDATE text_content SET c1 = 'it freezes' WHERE id = 4",
            "the index of words is not that of the texts",
        ),
        (
            "UPDATE text_content SET c1 = 'it burns burns' WHERE id = 4",
            "the index of words is not that of the texts",
        ),
        ("DELETE FROM text_content WHERE id = 4", "the index of words is not that of the texts"),
        ("UPDATE log SET updated = updated + 1", "the latest date `updated` is "),
        ("UPDATE log SET recorded = NULL", "the latest date `recorded` is "),
    ],
)
def test_what_the_log_would_not_write_is_told(store: Path, statement: str, fault: str) -> None:
    change(store, statement)

    told = faults(store)

    assert any(each.removeprefix("position ").startswith(fault) for each in told), told


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM log", "the table log has 0 rows instead of one"),
        ("INSERT INTO log SELECT * FROM log", "the table log has 2 rows instead of one"),
    ],
)
def test_which_log_it_is_must_be_told_once(store: Path, statement: str, fault: str) -> None:
    change(store, statement)

    assert faults(store) == [fault]


@pytest.mark.parametrize(
    "statement", ["DELETE FROM store", "INSERT INTO store SELECT * FROM store"]
)
def test_a_store_that_does_not_tell_its_version_is_refused(store: Path, statement: str) -> None:
    change(store, statement)

    with pytest.raises(StoreError, match=r"^the table store has [02] rows instead of one; put"):
        faults(store)


def test_words_of_what_was_redacted_that_are_left_in_the_index_are_told(store: Path) -> None:
    change(store, "INSERT INTO text (rowid, title, content) VALUES (3, 'left', 'over')")
    change(store, "DELETE FROM text_content WHERE id = 3")

    (fault,) = faults(store)

    assert fault.startswith("the index of words is not that of the texts")


def test_others_may_write_while_a_store_is_checked(store: Path) -> None:
    log = open_log(URL, store, AUTHORITY, FakeClock())
    told = check(URL, store, lambda _position: None)
    change(store, "UPDATE log SET recorded = NULL")
    first = next(told)
    log.append([make_draft()])

    assert [first, *told] == [first]
    log.close()


def test_damage_of_the_file_is_told_and_nothing_more(store: Path) -> None:
    change(store, "UPDATE version SET document = x'' WHERE position = 4")
    name = "sqlite_autoindex_version_1"
    database = sqlite3.connect(store / "log.db")
    ((root,),) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,))
    database.close()
    with (store / "log.db").open("r+b") as file:
        file.seek((root - 1) * 4096 + 3)
        file.write(b"\x00\x02")  # the page says that it has two cells

    told = faults(store)

    assert told
    assert not any(each.startswith("position") for each in told)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_text("no database\n" * 1000)

    with pytest.raises(StoreError, match="cannot be opened: file is not a database"):
        faults(tmp_path)
