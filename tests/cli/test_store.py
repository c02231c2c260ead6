"""`feedserver store`, as an administrator types it."""

import re
import runpy
import shutil
import sqlite3
from pathlib import Path

import pytest
from webtest import TestApp

from feedserver.clock import system_clock
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, make_draft
from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
V1 = ROOT / "tests" / "data" / "stores" / "v1.db"
URL = "sqlite:///feedserver.db"
COPY = r"feedserver\.db\.v1-\d{4}-\d\d-\d\dT\d{6}Z"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation without a source, and the folder in which commands are typed."""
    settings = tmp_path / "feedserver.toml"
    settings.write_text(f'authority = "{AUTHORITY}"\n', encoding="utf-8")
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(settings))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def old(folder: Path) -> Path:
    """The store of the release before."""
    return Path(shutil.copy(V1, folder / "feedserver.db"))


@pytest.fixture
def store(folder: Path) -> Path:
    """A store with some activities."""
    log = open_log(URL, folder, AUTHORITY, system_clock)
    log.append([make_draft() for _ in range(30)])
    log.close()
    return folder / "feedserver.db"


def change(store: Path, statement: str) -> None:
    """Run a statement on the store past the log."""
    database = sqlite3.connect(store)
    database.execute(statement)
    database.commit()
    database.close()


class TestMigrate:
    def test_it_tells_what_it_did_and_where_the_copy_is(self, command: Command, old: Path) -> None:
        said = command("store", "migrate")

        told = re.escape("The store was of version 1 and is of version 5 now.\nAs it was it is ")
        assert (said.code, said.err) == (0, "")
        match = re.fullmatch(rf"{told}kept in (.*/{COPY})\n", said.out)
        assert match is not None
        assert Path(match[1]).read_bytes()[:15] == b"SQLite format 3"
        assert command("store", "check").out == "The store is sound.\n"

    def test_where_there_is_nothing_to_do_it_says_so(self, command: Command, store: Path) -> None:
        said = command("store", "migrate")

        assert (said.code, said.out) == (0, "The store needs no migration.\n")
        assert not list(store.parent.glob("*.v*"))

    @pytest.mark.parametrize(
        "arguments",
        [
            ("pull", "--once"),
            ("record", "feedserver.toml"),
            ("publish", "--source", "crm", "Case", "1", "1"),
            ("show", "all.json"),
            ("grant", "list"),
            ("source", "list"),
            ("redact", "urn:example:two:1"),
            ("store", "check"),
            ("store", "vacuum"),
            ("store", "backup", "copy.db"),
        ],
        ids=" ".join,
    )
    def test_what_serves_nothing_leaves_an_older_store_and_says_what_to_do(
        self, command: Command, old: Path, arguments: tuple[str, ...]
    ) -> None:
        before = sorted(old.parent.iterdir())

        said = command(*arguments)

        assert (said.code, said.out) == (1, "")
        assert said.err.endswith(
            "needs version 5. Run: feedserver store migrate (it keeps a copy)\n"
        )
        assert said.err.count("\n") == 1
        assert old.read_bytes() == V1.read_bytes()
        assert sorted(old.parent.iterdir()) == before

    @pytest.mark.parametrize(
        "arguments", [("serve", "--no-worker", "--host", "127.0.0.999"), ("worker",)]
    )
    def test_what_serves_migrates_by_itself_and_says_so_in_its_log(
        self, command: Command, old: Path, arguments: tuple[str, ...]
    ) -> None:
        said = command(*arguments, *[] if arguments[0] == "worker" else ["--open"])

        assert said.code == 1, "there is nothing to serve on, and nothing to poll"
        assert re.search(rf"the store is of version 1; it is copied to .*/{COPY} first\n", said.err)
        assert "the store is of version 5 now\n" in said.err
        assert command("store", "check").code == 0

    def test_so_does_the_application_of_another_server(self, old: Path) -> None:
        app = runpy.run_path(str(ROOT / "wsgi.py"))["app"]

        assert TestApp(app).get("/all.json").json["totalItems"] == 57
        app.extensions["feedserver"].close()
        assert len(list(old.parent.glob("*.v1-*"))) == 1

    def test_a_newer_store_is_refused_by_everything(self, command: Command, old: Path) -> None:
        change(old, "UPDATE store SET schema_version = 6, written_by = '9.9'")

        for arguments in (["serve"], ["worker"], ["show", "all"], ["store", "migrate"]):
            said = command(*arguments)
            assert said.code == 1
            assert "the store is of version 6 (written by feedserver 9.9)" in said.err


class TestBackup:
    def test_a_copy_is_made_and_its_size_told(
        self, command: Command, store: Path, folder: Path
    ) -> None:
        said = command("store", "backup", "copy.db")

        size = (folder / "copy.db").stat().st_size
        assert (said.code, said.out, said.err) == (0, f"copy.db: {size:,} bytes\n", "")

    def test_a_file_that_is_there_is_not_replaced(
        self, command: Command, store: Path, folder: Path
    ) -> None:
        (folder / "copy.db").write_text("kept")

        said = command("store", "backup", "copy.db")

        assert (said.code, said.out) == (1, "")
        assert said.err == (
            "feedserver: copy.db is there already, and a copy replaces nothing; name another file\n"
        )
        assert (folder / "copy.db").read_text() == "kept"

    def test_where_there_is_no_store_it_says_so(self, command: Command, folder: Path) -> None:
        said = command("store", "backup", "copy.db")

        assert said.code == 1
        assert said.err == f"feedserver: there is no store at {folder}/feedserver.db yet\n"
        assert not (folder / "copy.db").exists()


class TestCheck:
    def test_a_sound_store_is_0(self, command: Command, store: Path) -> None:
        said = command("store", "check")

        assert (said.code, said.out, said.err) == (0, "The store is sound.\n", "")

    def test_faults_are_1_and_a_line_each(self, command: Command, store: Path) -> None:
        change(store, "UPDATE version SET replaces = 7 WHERE position IN (3, 5)")

        said = command("store", "check")

        assert said.code == 1
        assert said.out == "The store is not as it should be: put back a backup.\n"
        first, second = said.err.splitlines()
        assert first.startswith("feedserver: position 3: it is the first version of tag:")
        assert second.startswith("feedserver: position 5: ")

    def test_of_many_faults_the_first_are_told_and_the_others_counted(
        self, command: Command, store: Path
    ) -> None:
        change(store, "UPDATE version SET document = x'00'")

        lines = command("store", "check").err.splitlines()

        assert len(lines) == 21
        assert lines[-1] == "feedserver: and 10 more"


class TestVacuum:
    def test_it_tells_how_much_was_given_back(
        self, command: Command, store: Path, folder: Path
    ) -> None:
        log = open_log(URL, folder, AUTHORITY, system_clock)
        (position,) = log.append([make_draft(content="<p>much</p>" * 20_000)])
        log.redact([log.at([position])[0].id])
        log.close()
        before = store.stat().st_size

        said = command("store", "vacuum")

        freed = before - store.stat().st_size
        assert freed > 200_000
        assert (said.code, said.err) == (0, "")
        assert said.out == (
            f"{freed:,} bytes were given back; what was redacted is in none of its files.\n"
        )


@pytest.mark.parametrize(
    "arguments", [(), ("nope",), ("backup",), ("check", "x"), ("migrate", "x"), ("vacuum", "x")]
)
def test_wrong_usage_is_2_and_one_line(command: Command, arguments: tuple[str, ...]) -> None:
    said = command("store", *arguments)

    assert said.code == 2
    assert said.err.count("\n") == 1
