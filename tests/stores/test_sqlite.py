"""The log in SQLite: durable, its own, and one for many processes."""

import os
import random
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from feedserver import __version__
from feedserver.clock import system_clock
from feedserver.errors import SettingsError, StoreError, StoreVersionError
from feedserver.model.activity import Activity
from feedserver.model.search import parse_words
from feedserver.ports import Bookmark
from feedserver.stores.sql.checking import check
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, NOON, FakeClock, make_draft
from tests.stores.reading import as_activity, drafts_in
from tests.stores.statements import ask

ROOT = Path(__file__).parent.parent.parent
URL = "sqlite:///log.db"

Open = Callable[..., SqlLog]
Writer = subprocess.Popen[str]


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Open]:
    """Opens the store of the test; what it opened is closed at the end."""
    with ExitStack() as opened:

        def open_store(authority: str = AUTHORITY, url: str = URL) -> SqlLog:
            log = open_log(url, tmp_path, authority, FakeClock())
            opened.callback(log.close)
            return log

        yield open_store


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", 10_000)],
)
def test_every_connection_is_durable_and_patient(
    open_store: Open, pragma: str, value: object
) -> None:
    engine = open_store()._engine

    with engine.connect() as one, engine.connect() as other:
        told = [
            connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
            for connection in (one, other)
        ]

    assert told == [value, value]


def test_the_store_stays_in_write_ahead_mode(open_store: Open, tmp_path: Path) -> None:
    open_store()

    assert ask(tmp_path / "log.db", "PRAGMA journal_mode") == [("wal",)]


def test_a_position_is_never_given_again(open_store: Open, tmp_path: Path) -> None:
    log = open_store()
    log.append([make_draft(), make_draft()])

    ask(tmp_path / "log.db", "DELETE FROM version WHERE position = 2")

    assert log.append([make_draft()]) == (3,)


def test_versions_are_the_first_and_the_newest_however_many_are_between(
    open_store: Open,
) -> None:
    log = open_store()
    one, other = make_draft(), make_draft()
    log.append([one, other])
    for position in (1, 3, 4):
        log.replace(position, one)

    versions = log.versions([other.id, one.id, one.id])

    positions = {id: tuple(each.position for each in pair) for id, pair in versions.items()}
    assert positions == {one.id: (1, 5), other.id: (2, 2)}


def test_a_store_keeps_what_it_is_when_it_is_opened_again(open_store: Open) -> None:
    first = open_store()
    first.append([make_draft()], Bookmark("source crm", "place 1"))
    activities = list(first.read(0))
    first.close()

    again = open_store()

    assert (again.epoch, again.authority, again.created) == (first.epoch, AUTHORITY, NOON)
    assert list(again.read(0)) == activities
    assert again.bookmark("source crm") == "place 1"


def test_another_store_is_another_log(open_store: Open) -> None:
    assert open_store().epoch != open_store(url="sqlite:///other.db").epoch


def test_a_new_store_that_another_process_is_making_is_waited_for(
    open_store: Open, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "log.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.1, other.rollback)
    done.start()

    log = open_store()

    done.join()
    other.close()
    assert log.append([make_draft()]) == (1,)


def test_what_one_process_commits_another_one_finds_at_once(open_store: Open) -> None:
    one, other = open_store(), open_store()

    for position in (1, 2, 3):
        draft = make_draft()
        one.append([draft])
        assert other.head() == position
        assert drafts_in(other, position - 1) == [draft]


def test_what_one_process_commits_another_one_can_search_at_once(open_store: Open) -> None:
    one, other = open_store(), open_store()

    for position in (1, 2, 3):
        one.append([make_draft(title=f"Case {position}")])
        assert list(other.search(parse_words(f"case {position}"))) == [position]
        assert list(other.search(parse_words("cas*"), position - 1)) == [position]
    one.redact([as_activity(one.at([2])[0]).id])
    assert list(other.search(parse_words("case"))) == [1, 3]


def test_where_positions_have_a_gap_a_version_is_found_at_its_own(
    open_store: Open, tmp_path: Path
) -> None:
    log = open_store()
    log.append([make_draft(), make_draft()])
    ask(tmp_path / "log.db", "DELETE FROM version WHERE position = 2")

    log.append([make_draft(title="Another"), make_draft(title="And another")])

    assert list(log.search(parse_words("another"))) == [3, 4]


def test_words_that_cannot_be_stored_take_their_batch_back(
    open_store: Open, tmp_path: Path
) -> None:
    log = open_store()
    ask(tmp_path / "log.db", "DROP TABLE text")

    with pytest.raises(StoreError, match=r"^the store cannot be written: no such table: text"):
        log.append([make_draft()])

    assert log.head() == 0
    with pytest.raises(StoreError, match=r"^the store cannot be read: no such table: text"):
        log.search(parse_words("case"))


@pytest.mark.parametrize("is_there", [False, True])
def test_an_sqlite_without_full_text_is_told_before_anything_is_done(
    open_store: Open, tmp_path: Path, is_there: bool
) -> None:
    if is_there:
        open_store().close()
    before = files(tmp_path)

    def hide(connection: sqlite3.Connection, _record: object) -> None:
        """Let the connection see no names of modules, as if there were none."""
        connection.set_authorizer(
            lambda action, table, *_: (
                sqlite3.SQLITE_IGNORE
                if (action, table) == (sqlite3.SQLITE_READ, "pragma_module_list")
                else sqlite3.SQLITE_OK
            )
        )

    sa.event.listen(sa.Engine, "connect", hide)
    try:
        with pytest.raises(
            StoreError, match=r"^the SQLite of this Python has no full text"
        ) as told:
            open_store()
    finally:
        sa.event.remove(sa.Engine, "connect", hide)

    assert "\n" not in str(told.value)
    assert {name: text for name, text in files(tmp_path).items() if text} == before


def test_the_folder_of_a_store_is_made(open_store: Open, tmp_path: Path) -> None:
    open_store(url="sqlite:///a/b/log.db")

    assert (tmp_path / "a" / "b" / "log.db").is_file()


def test_a_store_may_lie_at_an_absolute_path(
    open_store: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "log.db"

    open_store(url=f"sqlite:///{path}")

    assert path.is_file()


def test_a_bookmark_that_cannot_be_stored_takes_its_drafts_back(open_store: Open) -> None:
    log = open_store()
    log.append([], Bookmark("source crm", "place 1"))
    nowhere: Any = None

    with pytest.raises(StoreError, match=r"^the store cannot be written: NOT NULL"):
        log.append([make_draft(), make_draft()], Bookmark("source crm", nowhere, "place 1"))

    assert log.head() == 0
    assert list(log.read(0)) == []
    assert log.bookmark("source crm") == "place 1"
    assert log.append([make_draft()]) == (1,)


@pytest.mark.parametrize("member", ["id", "title", "verb"])
def test_a_text_that_cannot_be_stored_takes_its_batch_back(open_store: Open, member: str) -> None:
    log = open_store()

    with pytest.raises(StoreError, match=r"^the store cannot hold half a surrogate pair: "):
        log.append([make_draft(), make_draft(**{member: "\ud83d"}), make_draft()])

    assert log.head() == 0


def test_a_store_that_cannot_be_read_says_so(open_store: Open, tmp_path: Path) -> None:
    log = open_store()
    ask(tmp_path / "log.db", "DROP TABLE version")

    with pytest.raises(StoreError, match=r"^the store cannot be read: no such table: version"):
        log.head()


def test_a_newer_store_is_refused_and_stays_as_it_was(open_store: Open, tmp_path: Path) -> None:
    open_store().close()
    ask(tmp_path / "log.db", "UPDATE store SET schema_version = 99, written_by = '9.9'")
    before = files(tmp_path)

    with pytest.raises(StoreVersionError) as refused:
        open_store()

    assert str(refused.value) == (
        "the store is of version 99 (written by feedserver 9.9); "
        f"this is feedserver {__version__}, which needs version 5. "
        "Run the feedserver that wrote it, or a newer one"
    )
    assert files(tmp_path) == before


def test_a_foreign_database_is_refused_and_stays_as_it_was(
    open_store: Open, tmp_path: Path
) -> None:
    ask(tmp_path / "log.db", "CREATE TABLE table_case (objid INTEGER)")
    before = files(tmp_path)

    with pytest.raises(StoreError) as refused:
        open_store()

    assert str(refused.value) == (
        "the database holds tables, but no store of feedserver (table_case…); "
        "set `store` to a file of its own"
    )
    assert files(tmp_path) == before


def test_a_foreign_database_with_a_store_of_its_own_is_refused_and_stays_as_it_was(
    open_store: Open, tmp_path: Path
) -> None:
    ask(tmp_path / "log.db", "CREATE TABLE store (name TEXT)")
    before = files(tmp_path)

    with pytest.raises(StoreError, match=r"^the store sqlite:///log.db cannot be opened: "):
        open_store()

    assert files(tmp_path) == before


def test_a_file_that_is_no_database_is_refused_and_stays_as_it_was(
    open_store: Open, tmp_path: Path
) -> None:
    (tmp_path / "log.db").write_text("no database\n" * 1000)
    before = files(tmp_path)

    with pytest.raises(StoreError, match=r"cannot be opened: file is not a database$"):
        open_store()

    assert files(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_told(open_store: Open, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match=rf"^the store's folder {tmp_path}/file cannot be made: "):
        open_store(url="sqlite:///file/log.db")


def test_the_password_of_a_wrong_address_is_not_told(open_store: Open) -> None:
    for url in ("postgresql://me:secret@db:port/x", "postgresql://me:secret@db/x"):
        with pytest.raises(SettingsError) as refused:
            open_store(url=url)

        assert "me:***@db" in str(refused.value)
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["nonsense", "", "feedserver.db"])
def test_what_is_no_address_of_a_database_is_refused(open_store: Open, url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_store(url=url)

    assert str(refused.value) == (
        f"store = {url!r} is no address of a database; write sqlite:///feedserver.db"
    )


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "postgresql+psycopg://crm.example/log"]
)
def test_a_database_that_cannot_hold_a_log_is_refused(open_store: Open, url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_store(url=url)

    assert " cannot hold a log in this version; write sqlite:///" in str(refused.value)


def test_a_password_in_an_address_that_is_refused_is_not_told(open_store: Open) -> None:
    with pytest.raises(SettingsError) as refused:
        open_store(url="postgresql+psycopg://ann:secret@crm.example/log")

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "authority", ["other.com,2026", "example.com,2025", "other.com", "example.com,2026-01"]
)
def test_another_authority_than_the_log_was_made_with_is_refused(
    open_store: Open, authority: str
) -> None:
    open_store(AUTHORITY).close()

    with pytest.raises(SettingsError) as refused:
        open_store(authority)

    assert str(refused.value) == (
        f"authority = {authority!r}, but this store's ids were made with {AUTHORITY!r} and are "
        "permanent; set it back, or start an empty store"
    )


@pytest.mark.parametrize("authority", ["example.com", "Example.com,2026", " example.com "])
def test_the_same_authority_is_accepted_without_its_date(open_store: Open, authority: str) -> None:
    open_store(AUTHORITY).close()

    assert open_store(authority).authority == AUTHORITY


def test_an_authority_without_a_date_gets_the_year_of_the_first_start(open_store: Open) -> None:
    assert open_store("example.org").authority == "example.org,2026"


def test_an_authority_that_cannot_stand_in_ids_leaves_a_store_that_can_be_made(
    open_store: Open,
) -> None:
    with pytest.raises(SettingsError, match="cannot stand in ids"):
        open_store("no authority")

    assert open_store(AUTHORITY).authority == AUTHORITY


@contextmanager
def writers(folder: Path, size: int, *works: list[str]) -> Iterator[list[Writer]]:
    """Processes that begin at once to append those ids, in batches of that size."""
    commands = [["tests.stores.writing", str(folder), str(size), *work] for work in works]
    with processes(commands) as started:
        yield started


@contextmanager
def processes(commands: list[list[str]]) -> Iterator[list[Writer]]:
    """Processes that run those modules, and begin at once."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    try:
        for writer in started:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in started:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        yield started
    finally:
        for writer in started:
            writer.kill()
            writer.communicate()


def acknowledged(output: str) -> dict[str, int]:
    """What a writer was told is recorded; a line that was cut off does not count."""
    lines = re.findall(r"^(\S+) (\d+)\n", output, re.MULTILINE)
    return {id: int(position) for id, position in lines if position != "0"}


def ended(writer: Writer) -> dict[str, int]:
    """What the writer recorded, when it has come to its end without a fault."""
    output, faults = writer.communicate(timeout=30)
    assert writer.returncode == 0, faults
    return acknowledged(output)


def made_up_ids(count: int) -> list[str]:
    return [f"tag:{AUTHORITY}:test/{number}" for number in range(count)]


def test_processes_that_append_the_same_at_once_record_each_id_once(tmp_path: Path) -> None:
    ids = made_up_ids(180)
    works = [random.sample(ids[:140], 140), random.sample(ids[40:], 140)]

    with writers(tmp_path, 4, *works) as both:
        one, other = (ended(writer) for writer in both)

    log = open_log(URL, tmp_path, AUTHORITY, system_clock)
    recorded = list(log.read(0))
    log.close()
    assert one
    assert other
    assert not one.keys() & other.keys()
    assert {activity.id: activity.position for activity in recorded} == one | other
    assert (one | other).keys() == set(ids)
    assert [activity.position for activity in recorded] == list(range(1, 181))
    for before, after in pairwise(activity.dates for activity in recorded):
        assert before.recorded <= after.recorded
        assert before.published < after.published
        assert before.updated < after.updated


def test_a_reader_that_polls_while_others_write_never_misses_a_position(tmp_path: Path) -> None:
    ids = made_up_ids(400)
    log = open_log(URL, tmp_path, AUTHORITY, system_clock)
    seen: list[int] = []
    polls = 0

    with writers(tmp_path, 2, *(ids[start::4] for start in range(4))) as busy:
        while any(writer.poll() is None for writer in busy):
            new = [activity.position for activity in log.read(seen[-1] if seen else 0)]
            seen += new
            polls += bool(new)
        recorded = [ended(writer) for writer in busy]
    seen += [activity.position for activity in log.read(seen[-1] if seen else 0)]
    log.close()

    assert sum(map(len, recorded)) == 400
    assert seen == list(range(1, 401))
    assert polls > 1, "the reader has read while the others wrote"


def test_nothing_that_was_acknowledged_is_lost_when_a_writer_is_killed(tmp_path: Path) -> None:
    told: dict[str, int] = {}

    for _ in range(3):
        with writers(tmp_path, 3, []) as (writer,):
            time.sleep(random.uniform(0.1, 0.3))
            assert writer.poll() is None
            writer.kill()
            output, _ = writer.communicate(timeout=10)
            told |= acknowledged(output)

    log = open_log(URL, tmp_path, AUTHORITY, system_clock)
    recorded = [(activity.id, activity.position) for activity in log.read(0)]
    log.close()
    assert len(told) > 3
    assert told.items() <= dict(recorded).items()
    assert [position for _, position in recorded] == list(range(1, len(recorded) + 1))
    assert len(dict(recorded)) == len(recorded)
    assert ask(tmp_path / "log.db", "PRAGMA integrity_check") == [("ok",)]


def test_of_processes_that_replace_the_same_version_at_once_one_does(tmp_path: Path) -> None:
    log = open_log(URL, tmp_path, AUTHORITY, system_clock)
    log.append([make_draft() for _ in range(80)])
    commands = [["tests.stores.replacing", str(tmp_path), title, "80"] for title in "ab"]

    with processes(commands) as both:
        one, other = (ended(process) for process in both)

    replacing = {version.position: version for version in log.read(80)}
    log.close()
    assert one
    assert other
    assert not one.keys() & other.keys()
    assert {*one, *other} == {str(position) for position in range(1, 81)}
    assert sorted(replacing) == sorted([*one.values(), *other.values()]) == list(range(81, 161))
    for title, told in [("a", one), ("b", other)]:
        for replaced, position in told.items():
            version = as_activity(replacing[position])
            assert (version.replaces, version.draft.title) == (int(replaced), title)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_killed_before_any_statement_a_change_is_whole_or_not_at_all(
    tmp_path: Path, open_store: Open
) -> None:
    log = open_store()
    log.append([make_draft(), make_draft()])
    before = list(log.read(0))
    log.close()
    works = ["edit", "redact"]
    command = [sys.executable, "-m", "tests.stores.dying", str(tmp_path / "log.db"), *works]

    died = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert died.returncode == 0, died.stderr
    for work, told in zip(works, died.stdout.split(), strict=True):
        found = []
        for number in range(1, int(told) + 1):
            folder = tmp_path / f"{work}-{number}"
            log = open_store(url=f"sqlite:///{folder}/log.db")
            found.append(list(log.read(0)))
            texts = [each.position for each in found[-1] if isinstance(each, Activity)]
            assert list(log.search(parse_words("it burns"))) == texts
            log.close()
            assert list(check(URL, folder)) == []
        changed = [len(versions) == 3 for versions in found]
        assert changed == sorted(changed), "what was done once stays done"
        assert changed.count(False) > 3
        assert all(found[n] == before for n, is_changed in enumerate(changed) if not is_changed)
        assert changed[-1]
        assert found[-1][0] == before[0] or work == "redact"
        assert found[-1][1] == before[1]
