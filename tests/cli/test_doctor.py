"""`feedserver doctor`, as a person types it."""

import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Outcome

ROOT = Path(__file__).parents[2]
V1 = ROOT / "tests" / "data" / "stores" / "v1.db"


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that are long enough for what tests look for."""
    monkeypatch.setenv("COLUMNS", "120")


def lines_of(said: Outcome, sign: str) -> list[str]:
    """The results with that sign, each with what is told below it."""
    pattern = rf"^  {sign} .*(?:\n {{8}}.*)*"
    return [re.sub(r"\s+", " ", each) for each in re.findall(pattern, said.out, re.MULTILINE)]


def test_the_demo_installation_is_well_and_stays_as_it_was(command: Command, folder: Path) -> None:
    command("pull", "--once")
    before = {path: path.read_bytes() for path in folder.iterdir()}

    said = command("doctor", "--full")

    assert (said.code, said.err) == (0, "")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert re.findall(r"^\w+$", said.out, re.MULTILINE) == [
        "settings",
        "store",
        "sources",
        "feeds",
    ]
    (warning,) = lines_of(said, "warn")
    assert "authority is example.com,2026, which is set aside for examples" in warning
    assert "Mend: Good for trying things out." in warning
    assert lines_of(said, "FAIL") == []
    assert re.search(r"\n\d\d ok, 1 warn, 0 FAIL\.\n$", said.out)


def test_before_anything_is_recorded_it_says_what_comes_next(
    command: Command, folder: Path
) -> None:
    before = sorted(folder.iterdir())

    said = command("doctor")

    assert said.code == 0
    assert "there is no store at" in said.out
    assert "Mend: feedserver pull --once crm, or feedserver serve." in said.out
    assert "nothing is recorded yet" in said.out
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('titel = "x"', "titel is no setting. Did you mean title?"),
        ('reading = "closed"', "reading = 'closed'"),
        ("authority = ", "is no TOML"),
    ],
)
def test_wrong_settings_are_told_and_nothing_else_is_looked_at(
    command: Command, folder: Path, setting: str, told: str
) -> None:
    path = folder / "feedserver.toml"
    path.write_text(f"{setting}\n{path.read_text()}")

    said = command("doctor")

    (failure,) = lines_of(said, "FAIL")
    assert said.code == 1
    assert told in failure
    assert said.out.endswith("0 ok, 0 warn, 1 FAIL.\n")


def test_no_settings_are_told(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(tmp_path / "none.toml"))

    said = command("doctor")

    assert said.code == 1
    assert "Make them with: feedserver init" in lines_of(said, "FAIL")[0]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BASE_URL", "https://feeds.yours.org", 'reading = "open" would show everything'),
        ("BASE_URL", "http://feeds.yours.org", "can be read on the way"),
        ("AUTHORITY", "crm", "which is no full domain name"),
    ],
)
def test_unwise_settings_are_warned_of(
    command: Command,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    told: str,
) -> None:
    monkeypatch.setenv(f"FEEDSERVER_{name}", value)

    said = command("doctor")

    assert any(told in line for line in lines_of(said, "warn"))
    assert said.code == 0


def test_a_private_server_behind_tls_is_well(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSERVER_BASE_URL", "https://feeds.yours.org")
    monkeypatch.setenv("FEEDSERVER_READING", "private")
    monkeypatch.setenv("FEEDSERVER_AUTHORITY", "yours.org,2026")

    said = command("doctor")

    (warning,) = lines_of(said, "warn")
    assert "crm was never asked" in warning


def test_another_port_is_told(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSERVER_BASE_URL", "http://127.0.0.1:8001")

    assert "start the server with --port 8001" in command("doctor").out


def test_a_file_with_a_password_that_others_may_read_is_told(
    command: Command, folder: Path
) -> None:
    path = folder / "feedserver.toml"
    path.write_text(path.read_text().replace("sqlite:///", "mssql://reader:s3cret@"))
    path.chmod(0o644)
    readable = command("doctor")
    path.chmod(0o600)
    private = command("doctor")

    told = "holds a password, and others than its owner may read it"
    assert any(told in line for line in lines_of(readable, "warn"))
    assert not any(told in line for line in lines_of(private, "warn"))
    assert "s3cret" not in readable.out + readable.err


def test_a_message_shows_no_password(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSERVER_STORE", "postgresql://ann:s3cret@crm:port/log")

    said = command("doctor")

    assert "postgresql://ann:***@crm" in lines_of(said, "FAIL")[0]
    assert "s3cret" not in said.out


def test_a_source_that_is_gone_is_told_and_all_else_is_looked_at(
    command: Command, folder: Path
) -> None:
    (folder / "crm.sqlite").unlink()

    said = command("doctor")

    assert said.code == 1
    (failure,) = lines_of(said, "FAIL")
    assert "names no file" in failure
    assert any("the first start makes it" in line for line in lines_of(said, "ok"))
    assert "\nfeeds\n  ok " in said.out


def test_an_older_store_is_told_and_left_as_it_is(command: Command, folder: Path) -> None:
    store = Path(shutil.copy(V1, folder / "feedserver.db"))

    said = command("doctor")

    (failure,) = lines_of(said, "FAIL")
    assert said.code == 1
    assert "Run: feedserver store migrate" in failure
    assert store.read_bytes() == V1.read_bytes()
    assert "crm answers" in said.out, "the sources are looked at all the same"


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"no database", "file is not a database"), (b"", "there is no store at")],
)
def test_what_is_no_store_is_told(
    command: Command, folder: Path, content: bytes, told: str
) -> None:
    (folder / "feedserver.db").write_bytes(content)

    said = command("doctor")

    assert told in said.out
    assert said.code == (1 if content else 0)
    assert (folder / "feedserver.db").read_bytes() == content


def test_a_database_of_another_program_is_told(command: Command, folder: Path) -> None:
    database = sqlite3.connect(folder / "feedserver.db")
    database.execute("CREATE TABLE other (number)")
    database.close()

    assert "no store of feedserver" in lines_of(command("doctor"), "FAIL")[0]


def test_wrong_usage_is_2(command: Command) -> None:
    assert command("doctor", "--fix").code == 2


class TestSettings:
    def test_each_stands_with_value_origin_default_and_meaning(
        self, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FEEDSERVER_TITLE", "Support feeds")

        said = command("doctor", "--settings")

        path, told = folder / "feedserver.toml", re.sub(r"\s+", " ", said.out)
        assert (said.code, said.err) == (0, "")
        assert f"authority example.com,2026 from {path}, line 2 (no default) A domain" in told
        assert " reading open default Who may read" in told
        assert "title Support feeds from FEEDSERVER_TITLE (default feedserver) What" in told
        assert f"sources.crm.timezone UTC from {path}, line 6 (no default) The zone" in told
        assert "The zone of the CRM's clock; it stores local times. Final." in said.out

    @pytest.mark.parametrize("columns", ["40", "80", "120", "300"])
    def test_it_can_be_read_on_every_terminal(
        self, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, columns: str
    ) -> None:
        monkeypatch.setenv("COLUMNS", columns)

        lines = command("doctor", "--settings").out.splitlines()

        widest = min(max(int(columns), 80), 120)
        assert all(len(line) <= widest or str(folder) in line for line in lines)
        assert max(map(len, lines)) > widest - 20

    def test_no_password_is_shown(
        self, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FEEDSERVER_SOURCES__CRM__URL", "oracle://ann:s3cret@crm?x=${SECRET}")
        monkeypatch.setenv("SECRET", "0ther")

        said = command("doctor", "--settings")

        assert "oracle://ann:***@crm?x=${SECRET}" in said.out
        assert "s3cret" not in said.out
        assert "0ther" not in said.out

    def test_what_is_wrong_is_listed_and_told(self, command: Command, folder: Path) -> None:
        path = folder / "feedserver.toml"
        path.write_text(f'titel = "x"\n{path.read_text()}')

        said = command("doctor", "--settings")

        assert said.code == 1
        assert re.search(r"\ntitel +\*\*\*\n", said.out)
        assert said.err == "feedserver: titel is no setting. Did you mean title?\n"
