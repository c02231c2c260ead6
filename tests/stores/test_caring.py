"""Caring for a store: copies while it is used, and files without what was redacted."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from feedserver.errors import StoreError, StoreVersionError
from feedserver.model.activity import Extra, Object
from feedserver.model.search import parse_words
from feedserver.stores.sql.caring import back_up, vacuum
from feedserver.stores.sql.checking import check
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, FakeClock, make_draft

URL = "sqlite:///log.db"
MARK = "Xylophon"
LEFT_ALONE = "Zwieback"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqlLog]:
    log = open_log(URL, tmp_path, AUTHORITY, FakeClock())
    yield log
    log.close()


@pytest.fixture
def other(tmp_path: Path, log: SqlLog) -> Iterator[sqlite3.Connection]:
    """Another program that uses the store."""
    connection = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    yield connection
    connection.close()


class TestBackingUp:
    def test_it_is_a_store_that_holds_the_same(self, log: SqlLog, tmp_path: Path) -> None:
        log.append([make_draft(), make_draft()])
        log.replace(1, None)

        size = back_up(URL, tmp_path, tmp_path / "copy.db")

        copy = open_log("sqlite:///copy.db", tmp_path, AUTHORITY, FakeClock())
        assert (copy.epoch, list(copy.read(0))) == (log.epoch, list(log.read(0)))
        assert list(copy.search(parse_words("burns"))) == [1, 2]
        copy.close()
        assert size == (tmp_path / "copy.db").stat().st_size
        mode = (tmp_path / "log.db").stat().st_mode
        assert (tmp_path / "copy.db").stat().st_mode == mode

    def test_while_others_write_it_is_the_store_of_one_moment(
        self, log: SqlLog, tmp_path: Path
    ) -> None:
        is_done = threading.Event()
        log.append([make_draft()])

        def write() -> None:
            while not is_done.is_set():
                log.append([make_draft() for _ in range(7)])

        writer = threading.Thread(target=write)
        writer.start()
        heads = []
        try:
            for number in range(8):
                before = log.head()
                back_up(URL, tmp_path, tmp_path / f"copy{number}.db")
                heads.append((before, log.head()))
        finally:
            is_done.set()
            writer.join(10)

        for number, (least, most) in enumerate(heads):
            copy = f"sqlite:///copy{number}.db"
            assert list(check(copy, tmp_path)) == []
            held = open_log(copy, tmp_path, AUTHORITY, FakeClock())
            assert least <= held.head() <= most
            assert held.head() % 7 == 1, "no batch is half in it"
            held.close()
        assert heads[0] < heads[-1]

    def test_a_writer_that_holds_the_store_does_not_hold_it_up(
        self, log: SqlLog, other: sqlite3.Connection, tmp_path: Path
    ) -> None:
        log.append([make_draft()])
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM version")

        back_up(URL, tmp_path, tmp_path / "copy.db")

        held = open_log("sqlite:///copy.db", tmp_path, AUTHORITY, FakeClock())
        assert held.head() == 1
        held.close()

    def test_a_file_that_is_there_is_left_as_it_is(self, log: SqlLog, tmp_path: Path) -> None:
        (tmp_path / "copy.db").write_text("kept")

        with pytest.raises(StoreError) as refused:
            back_up(URL, tmp_path, tmp_path / "copy.db")

        assert str(refused.value) == (
            f"{tmp_path}/copy.db is there already, and a copy replaces nothing; name another file"
        )
        assert (tmp_path / "copy.db").read_text() == "kept"

    def test_a_folder_that_is_not_there_is_told(self, log: SqlLog, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"the store cannot be copied to .*nowhere/copy\.db"):
            back_up(URL, tmp_path, tmp_path / "nowhere" / "copy.db")

    def test_nothing_is_left_beside_it(self, log: SqlLog, tmp_path: Path) -> None:
        back_up(URL, tmp_path, tmp_path / "copy.db")
        log.close()

        assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "log.db"]


def where(folder: Path, text: str) -> list[str]:
    """The files in which the text stands, in capitals or not."""
    sought = text.lower().encode()
    return [path.name for path in folder.iterdir() if sought in path.read_bytes().lower()]


def redact_one(log: SqlLog) -> None:
    """Redact an activity in which everything says MARK; others are before and after it."""
    # Some builds of SQLite overwrite what is freed (Debian's does), others do not.
    with log._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")
    object = Object("case", "urn:example:7", MARK, MARK, f"http://crm.example/{MARK}", MARK)
    marked = make_draft(
        actor=Object("person", "urn:example:ann", MARK, login=MARK),
        object=object,
        target=object,
        customer=object,
        title=MARK,
        content=f"<p>{MARK * 2000}</p>",
        tags=(MARK,),
        queues=(MARK,),
        url=f"http://example.org/{MARK}",
        extra=Extra("as2", f'{{"ex:a":"{MARK}"}}'),
    )
    log.append([make_draft(title=LEFT_ALONE) for _ in range(20)])
    (position,) = log.append([marked])
    log.replace(position, make_draft(id=marked.id, title=f"{MARK} again"))
    log.append([make_draft() for _ in range(20)])
    log.redact([marked.id])


class TestVacuuming:
    def test_what_was_redacted_is_in_none_of_the_files(self, log: SqlLog, tmp_path: Path) -> None:
        redact_one(log)
        assert where(tmp_path, MARK), "the test shows nothing if it was never there"
        before = list(log.read(0))

        freed = vacuum(URL, tmp_path)

        assert where(tmp_path, MARK) == []
        assert where(tmp_path, LEFT_ALONE) == ["log.db"]
        assert freed > 0
        assert list(log.read(0)) == before
        log.append([make_draft()])
        assert list(check(URL, tmp_path)) == []

    @pytest.mark.parametrize("others", [1, 40])
    def test_no_part_of_its_words_is_in_the_index(
        self, log: SqlLog, tmp_path: Path, others: int
    ) -> None:
        """An index keeps of a word only in what it differs from the one before, and until merged.

        The word before the redacted one is another one's, and is in each segment of the index.
        """
        with log._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete = OFF")
        first = make_draft(title="Xyl", content=None, code_name="Note")
        secret = replace(first, id="urn:example:1", title="Xylophon", content="<p>Xylograph</p>")
        log.append([secret])
        for number in range(others):
            log.append([replace(first, id=f"urn:example:other:{number}")])
        log.replace(1, replace(secret, title="Xylophonist"))
        log.redact([secret.id])
        pieces = ["phon", "graph", "onist"]
        assert all(where(tmp_path, piece) for piece in pieces)
        found = list(log.search(parse_words("xyl*")))

        vacuum(URL, tmp_path)

        assert [piece for piece in pieces if where(tmp_path, piece)] == []
        assert where(tmp_path, "xyl") == ["log.db"]
        assert list(log.search(parse_words("xyl*"))) == found == list(range(2, others + 2))
        assert list(check(URL, tmp_path)) == []

    def test_it_is_told_when_another_program_writes(
        self, log: SqlLog, other: sqlite3.Connection, tmp_path: Path
    ) -> None:
        redact_one(log)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreError) as refused:
            vacuum(URL, tmp_path, patience=50)

        assert str(refused.value) == (
            "the store cannot be vacuumed now: another process writes to it. "
            "Stop what uses it, or run this again later"
        )
        other.execute("ROLLBACK")
        vacuum(URL, tmp_path, patience=50)
        assert where(tmp_path, MARK) == []

    def test_it_is_told_when_another_program_still_reads_what_was_redacted(
        self, log: SqlLog, other: sqlite3.Connection, tmp_path: Path
    ) -> None:
        redact_one(log)
        other.execute("BEGIN")
        other.execute("SELECT * FROM version").fetchone()

        with pytest.raises(StoreError, match="another process reads it as it was before"):
            vacuum(URL, tmp_path, patience=50)

        other.execute("ROLLBACK")
        vacuum(URL, tmp_path, patience=50)
        assert where(tmp_path, MARK) == []


@pytest.mark.parametrize("work", [vacuum, lambda *where: list(check(*where))])
class TestWhatIsNotThere:
    def test_no_store_is_made(self, work: object, tmp_path: Path) -> None:
        assert callable(work)
        with pytest.raises(StoreError, match=r"^there is no store at .*log\.db yet$"):
            work(URL, tmp_path)

        assert list(tmp_path.iterdir()) == []

    def test_an_empty_file_is_no_store(self, work: object, tmp_path: Path) -> None:
        assert callable(work)
        (tmp_path / "log.db").touch()

        with pytest.raises(StoreError, match=r"yet$"):
            work(URL, tmp_path)

    def test_an_older_store_has_to_be_migrated(
        self, work: object, log: SqlLog, other: sqlite3.Connection, tmp_path: Path
    ) -> None:
        assert callable(work)
        other.execute("UPDATE store SET schema_version = 1")

        with pytest.raises(StoreVersionError, match="Run: feedserver store migrate"):
            work(URL, tmp_path)
