"""Migrating: a store of an older release goes on as it was, or is left as it is."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from feedserver.assembly import assemble, migrate_store
from feedserver.errors import SettingsError, StoreError, StoreVersionError
from feedserver.model.search import parse_words
from feedserver.settings import make_settings
from feedserver.stores.sql.checking import check
from feedserver.stores.sql.migrating import Migration, migrate
from feedserver.stores.sql.opening import open_log
from feedserver.web.app import create_app
from tests.builders import AUTHORITY, NOON, FakeClock, make_draft
from tests.stores.statements import ask

ROOT = Path(__file__).parents[2]
STORES = ROOT / "tests" / "data" / "stores"
SERVED = STORES / "v1"
URL = "sqlite:///log.db"
BASE = "http://feeds.example"
COPY = "log.db.v1-2026-05-08T120000Z"
SECOND_COPY = "log.db.v2-2026-05-08T120000Z"
NEWER = ("text", "snapshot", "kept_record")
TABLES = ["log", "version", "bookmark", "access_grant"]
COLUMNS = "position, id, number, recorded, published, updated, second, document"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a store of version 1."""
    shutil.copy(STORES / "v1.db", tmp_path / "log.db")
    return tmp_path


def migrated(folder: Path) -> Migration | None:
    return migrate(URL, folder, AUTHORITY, FakeClock())


def content(path: Path) -> list[Any]:
    """All that a store of the first version holds, but for its version."""
    tables = ["log", "bookmark", "access_grant", f"(SELECT {COLUMNS} FROM version)"]
    return [ask(path, f"SELECT * FROM {table} ORDER BY 1") for table in tables]


def version(path: Path) -> int:
    ((version,),) = ask(path, "SELECT schema_version FROM store")
    return int(version)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What the store of the release before holds."""
    copy = tmp_path_factory.mktemp("v1") / "log.db"
    shutil.copy(STORES / "v1.db", copy)
    return content(copy)


def test_all_that_the_store_held_is_there_and_a_copy_as_it_was(
    folder: Path, held: list[Any]
) -> None:
    done = migrated(folder)

    assert done == Migration(1, 5, folder / COPY)
    assert version(folder / "log.db") == 5
    assert content(folder / "log.db") == held
    assert ask(folder / "log.db", "SELECT DISTINCT kind, replaces FROM version") == [
        ("recorded", 0)
    ]
    assert list(check(URL, folder)) == []
    assert version(done.copy) == 1
    assert content(done.copy) == held
    assert ask(done.copy, "PRAGMA integrity_check") == [("ok",)]


def test_its_tables_are_those_of_a_store_that_is_made_anew(folder: Path) -> None:
    migrated(folder)
    open_log("sqlite:///new.db", folder, AUTHORITY, FakeClock()).close()

    columns = [
        sorted(
            ask(folder / name, f"SELECT name, type, [notnull], pk FROM pragma_table_info('{t}')")
        )
        for name in ("log.db", "new.db")
        for t in (*("store", "log", "version", "bookmark", "access_grant"), *NEWER)
    ]

    assert columns[: len(columns) // 2] == columns[len(columns) // 2 :]


def test_it_is_done_once(folder: Path) -> None:
    migrated(folder)
    before = files(folder)

    assert migrated(folder) is None

    assert files(folder) == before


def test_where_there_is_no_store_none_is_made(tmp_path: Path) -> None:
    assert migrated(tmp_path) is None

    assert files(tmp_path) == {}


def test_what_is_written_afterwards_follows_what_was_there(folder: Path) -> None:
    migrated(folder)
    log = open_log(URL, folder, AUTHORITY, FakeClock())
    head = log.head()

    position = log.replace(1, make_draft(id=log.at([1])[0].id))
    redacted = log.redact([log.at([2])[0].id])

    log.close()
    assert (position, redacted) == (head + 1, (head + 2,))
    assert list(check(URL, folder)) == []


class TestFeeds:
    """What the release before served of the store, and what is served now."""

    @pytest.fixture
    def app(self, folder: Path) -> Iterator[TestApp]:
        values = {"authority": AUTHORITY, "base_url": BASE, "store": URL}
        settings = make_settings(folder, values)
        migrate_store(settings)
        server = assemble(settings)
        yield TestApp(create_app(server))
        server.close()

    @pytest.mark.parametrize(
        ("name", "address"),
        [("all.atom", "/all.atom?limit=500"), ("support.atom", "/queues/Support.atom")],
    )
    def test_every_entry_is_the_same_byte_for_byte(
        self, app: TestApp, name: str, address: str
    ) -> None:
        now = app.get(address).body

        served = entries((SERVED / name).read_bytes())
        assert len(served) > 10
        assert entries(now) == served

    @pytest.mark.parametrize(
        ("name", "address"),
        [
            ("all.json", "/all.json?limit=500"),
            ("vip.json", "/tags/vip.json?-verb=like&limit=5"),
            ("after.json", "/all.json?after=&limit=25"),
        ],
    )
    def test_every_activity_is_the_same_in_its_place(
        self, app: TestApp, name: str, address: str
    ) -> None:
        now = app.get(address).json

        served = json.loads((SERVED / name).read_bytes())
        assert now["id"] == served["id"]
        assert now["orderedItems"] == served["orderedItems"]

    @pytest.mark.parametrize("name", ["after.json", "vip.json"])
    def test_a_cursor_goes_on_where_it_stood(self, app: TestApp, name: str) -> None:
        served = json.loads((SERVED / name).read_bytes())
        everything = json.loads((SERVED / "all.json").read_bytes())["orderedItems"]

        following = app.get(served["next"].removeprefix(BASE)).json["orderedItems"]

        seen = {item["id"] for item in served["orderedItems"]}
        assert following
        assert not seen & {item["id"] for item in following}
        assert all(item in everything for item in following)

    def test_a_walk_that_goes_on_misses_nothing(self, app: TestApp, held: list[Any]) -> None:
        page = json.loads((SERVED / "after.json").read_bytes())
        seen = [item["id"] for item in page["orderedItems"]]

        while page["orderedItems"]:
            page = app.get(page["next"].removeprefix(BASE)).json
            seen += [item["id"] for item in page["orderedItems"]]

        assert seen == [row[1] for row in held[-1]]


def entries(document: bytes) -> list[bytes]:
    return re.findall(rb"<entry>.*?</entry>", document, re.DOTALL)


class TestRefusals:
    def test_an_older_store_is_not_opened_and_stays_as_it_was(self, folder: Path) -> None:
        before = files(folder)

        with pytest.raises(StoreVersionError) as refused:
            open_log(URL, folder, AUTHORITY, FakeClock())

        assert str(refused.value).endswith(
            "needs version 5. Run: feedserver store migrate (it keeps a copy)"
        )
        assert "\n" not in str(refused.value)
        assert files(folder) == before

    @pytest.mark.parametrize("number", [6, 99, 0, -1])
    def test_a_store_of_a_version_that_nobody_here_knows_stays_as_it_was(
        self, folder: Path, number: int
    ) -> None:
        ask(folder / "log.db", f"UPDATE store SET schema_version = {number}")
        before = files(folder)

        with pytest.raises(StoreVersionError, match="Run the feedserver that wrote it, or a newer"):
            migrated(folder)

        assert files(folder) == before

    def test_another_authority_is_told_before_anything_is_done(self, folder: Path) -> None:
        before = files(folder)

        with pytest.raises(SettingsError, match="permanent; set it back"):
            migrate(URL, folder, "other.example,2026", FakeClock())

        assert files(folder) == before

    def test_a_foreign_database_stays_as_it_was(self, tmp_path: Path) -> None:
        ask(tmp_path / "log.db", "CREATE TABLE table_case (objid INTEGER)")
        before = files(tmp_path)

        with pytest.raises(StoreError, match="no store of feedserver"):
            migrated(tmp_path)

        assert files(tmp_path) == before

    def test_a_file_under_the_name_of_the_copy_is_not_replaced(self, folder: Path) -> None:
        (folder / COPY).write_text("kept")

        with pytest.raises(StoreError, match="is there already, and a copy replaces nothing"):
            migrated(folder)

        assert (folder / COPY).read_text() == "kept"
        assert version(folder / "log.db") == 1
        assert sorted(files(folder)) == ["log.db", COPY]

    def test_a_store_that_is_damaged_stays_of_its_version_and_is_copied(self, folder: Path) -> None:
        ((root,),) = ask(
            folder / "log.db",
            "SELECT rootpage FROM sqlite_master WHERE name LIKE '%autoindex%vers%'",
        )
        with (folder / "log.db").open("r+b") as file:
            file.seek((root - 1) * 4096)
            page = file.read(4096)
            file.seek((root - 1) * 4096)
            file.write(page[:3] + b"\x00\x01" + page[5:])  # it says that it has one cell

        with pytest.raises(StoreError, match="the store is damaged and was not migrated: "):
            migrated(folder)

        assert version(folder / "log.db") == 1

    @pytest.mark.skipif(sys.platform == "win32", reason="no limit can be set there")
    def test_a_copy_that_cannot_be_written_whole_is_removed_and_nothing_changed(
        self, folder: Path, held: list[Any]
    ) -> None:
        program = (
            "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536));"
            "from tests.stores.test_migrating import migrated, Path; import sys;"
            "migrated(Path(sys.argv[1]))"
        )

        ended = subprocess.run(
            [sys.executable, "-c", program, str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )

        assert "StoreError: the store cannot be copied to " in ended.stderr
        assert content(folder / "log.db") == held
        assert version(folder / "log.db") == 1
        assert sorted(files(folder)) == ["log.db"]


def test_of_two_that_migrate_at_once_one_does_it_and_the_other_finds_it_done(folder: Path) -> None:
    is_inside = threading.Event()
    answers: list[Migration | None] = []

    def slow_clock() -> datetime:  # is asked while the store is held
        is_inside.set()
        other.join(0.2)
        assert not answers
        return NOON

    def migrate_too() -> None:
        assert is_inside.wait(10)
        answers.append(migrated(folder))

    other = threading.Thread(target=migrate_too)
    other.start()
    done = migrate(URL, folder, AUTHORITY, slow_clock)
    other.join(10)

    assert done is not None
    assert answers == [None]
    assert [path.name for path in folder.glob("*.v1-*")] == [COPY]


def test_what_a_killed_process_left_of_a_copy_is_removed(folder: Path) -> None:
    (folder / "log.db.v1-2026-05-07T000000Z.abc.part").write_bytes(b"half")

    migrated(folder)

    assert sorted(path.name for path in folder.glob("*.v1-*")) == [COPY]


def test_what_was_written_while_the_store_is_copied_waits(folder: Path) -> None:
    """Nothing can come between the copy and the steps: the writer's lock is held."""
    told: list[str] = []

    def clock() -> datetime:
        writer = sqlite3.connect(folder / "log.db", timeout=0.05)
        try:
            writer.execute("UPDATE bookmark SET place = 'elsewhere'")
        except sqlite3.OperationalError as error:
            told.append(str(error))
        finally:
            writer.close()
        return NOON

    migrate(URL, folder, AUTHORITY, clock)

    assert told == ["database is locked"]


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """A folder with a store of version 2, in which things were changed, deleted and redacted."""
    shutil.copy(STORES / "v2.db", tmp_path / "log.db")
    return tmp_path


class TestSecondVersion:
    """What the release served whose stores were of version 2, and what is served and found now."""

    def test_all_that_the_store_held_is_there_and_a_copy_as_it_was(self, second: Path) -> None:
        held = [ask(STORES / "v2.db", f"SELECT * FROM {table}") for table in TABLES]

        done = migrated(second)

        assert done == Migration(2, 5, second / SECOND_COPY)
        assert version(second / "log.db") == 5
        for path in (second / "log.db", done.copy):
            assert [ask(path, f"SELECT * FROM {table}") for table in TABLES] == held
        assert version(done.copy) == 2
        assert list(check(URL, second)) == []

    def test_every_version_that_says_something_is_found_and_no_other(self, second: Path) -> None:
        migrated(second)

        log = open_log(URL, second, AUTHORITY, FakeClock())
        found = {asked: list(log.search(parse_words(asked))) for asked in ("a fuse", "burns")}
        texts = ask(second / "log.db", "SELECT rowid FROM text ORDER BY rowid")
        log.close()

        assert found == {"a fuse": [13, 14], "burns": [1, 7]}
        assert texts == ask(
            second / "log.db", "SELECT position FROM version WHERE document <> x'' ORDER BY 1"
        )

    def test_many_are_found_as_few(self, tmp_path: Path) -> None:
        log = open_log(URL, tmp_path, AUTHORITY, FakeClock())
        log.append([make_draft() for _ in range(2100)])
        log.close()
        for table in ("text", "snapshot", "kept_record"):
            ask(tmp_path / "log.db", f"DROP TABLE {table}")
        ask(tmp_path / "log.db", "UPDATE store SET schema_version = 2")

        migrated(tmp_path)

        assert list(check(URL, tmp_path)) == []

    def test_a_document_that_cannot_be_read_is_told_and_nothing_is_done(self, second: Path) -> None:
        ask(second / "log.db", "UPDATE version SET document = x'00' WHERE position = 4")

        with pytest.raises(StoreError, match=r"^the store is damaged .* position 4 cannot be read"):
            migrated(second)

        assert version(second / "log.db") == 2
        assert ask(second / "log.db", "SELECT name FROM sqlite_master WHERE name = 'text'") == []

    def test_every_entry_and_cursor_is_as_it_was(self, second: Path) -> None:
        values = {"authority": AUTHORITY, "base_url": BASE, "store": URL}
        settings = make_settings(second, values)
        migrate_store(settings)
        server = assemble(settings)
        app = TestApp(create_app(server))

        now = app.get("/all.atom?limit=500").body
        served = json.loads((STORES / "v2" / "support.json").read_bytes())
        following = app.get(served["next"].removeprefix(BASE)).json["orderedItems"]

        server.close()
        assert entries(now) == entries((STORES / "v2" / "all.atom").read_bytes())
        walked = [(item["id"], item["type"] == "Tombstone") for item in following]
        assert walked == [
            ("urn:example:two:7", False),
            ("urn:example:two:8", False),
        ]


@dataclass(frozen=True)
class Older:
    """A store of an older version in a folder, with what it held and what it has no table for."""

    number: int
    folder: Path
    tables: tuple[str, ...]
    new: str

    @property
    def path(self) -> Path:
        return self.folder / "log.db"


@pytest.fixture(
    params=[
        (3, (*TABLES, "text"), "snapshot"),
        (4, (*TABLES, "text", "snapshot"), "kept_record"),
    ],
    ids=["3", "4"],
)
def older(tmp_path: Path, request: pytest.FixtureRequest) -> Older:
    """A store of that version, in which things were changed, deleted and redacted."""
    number, tables, new = request.param
    shutil.copy(STORES / f"v{number}.db", tmp_path / "log.db")
    return Older(number, tmp_path, tables, new)


class TestOlderVersions:
    """What the releases served whose stores were of those versions, and what is served now."""

    def test_all_that_the_store_held_is_there_and_a_copy_as_it_was(self, older: Older) -> None:
        before = STORES / f"v{older.number}.db"
        held = [ask(before, f"SELECT * FROM {table}") for table in older.tables]

        done = migrated(older.folder)

        copy = older.folder / COPY.replace("v1", f"v{older.number}")
        assert done == Migration(older.number, 5, copy)
        assert version(older.path) == 5
        for path in (older.path, done.copy):
            assert [ask(path, f"SELECT * FROM {table}") for table in older.tables] == held
        assert ask(older.path, f"SELECT * FROM {older.new}") == []
        assert version(done.copy) == older.number
        assert list(check(URL, older.folder)) == []

    def test_every_entry_is_as_it_was_and_found_as_it_was(self, older: Older) -> None:
        values = {"authority": AUTHORITY, "base_url": BASE, "store": URL}
        settings = make_settings(older.folder, values)
        migrate_store(settings)
        server = assemble(settings)
        app = TestApp(create_app(server))

        now = app.get("/all.atom?limit=500").body
        found = [item["id"] for item in app.get("/all.json?q=fuse").json["orderedItems"]]

        server.close()
        told = STORES / f"v{older.number}"
        served = json.loads((told / "fuse.json").read_bytes())["orderedItems"]
        assert entries(now) == entries((told / "all.atom").read_bytes())
        assert found == [item["id"] for item in served] != []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_killed_before_any_statement_it_leaves_one_version_or_the_other_whole(
    folder: Path, held: list[Any]
) -> None:
    command = [sys.executable, "-m", "tests.stores.dying", str(folder / "log.db"), "migrate"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 0, ended.stderr
    places = [folder / f"migrate-{number}" for number in range(1, int(ended.stdout) + 1)]
    versions = [version(place / "log.db") for place in places]
    assert versions == sorted(versions)
    assert versions.count(1) > 10
    assert versions[-1] == 5
    for place, number in zip(places, versions, strict=True):
        made = ask(place / "log.db", "SELECT count(*) FROM sqlite_master WHERE name LIKE 'text%'")
        assert made == [(0 if number == 1 else 5,)], "FTS5 makes four tables to one"
        assert content(place / "log.db") == held
        for copy in place.glob("*.v1-*"):
            assert content(copy) == held
        migrated(place)
        assert list(check(URL, place)) == []
