"""`feedserver grant`, as an administrator types it."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from feedserver.clock import system_clock
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, make_draft
from tests.cli.conftest import Command

SETTINGS = """
authority = "example.com,2026"
[sources.crm]
type     = "clarify"
url      = "sqlite:////nowhere/crm.sqlite"
timezone = "Nowhere/Nothing"
start    = "all"
"""

DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose CRM cannot be reached, which is nothing to grants."""
    settings = tmp_path / "feedserver.toml"
    settings.write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(settings))
    return tmp_path


def test_add_prints_the_token_alone_on_standard_output(command: Command) -> None:
    said = command("grant", "add", "Ann's phone")

    assert said.code == 0
    assert re.fullmatch(r"fs_[A-Za-z0-9_-]{32}\n", said.out)
    assert said.err.count("\n") == 1
    assert "may read. It is shown this once" in said.err
    assert said.out.strip() not in said.err


def test_add_write_says_that_it_may_write(command: Command) -> None:
    assert "may read and write. " in command("grant", "add", "--write", "ci-bot").err


def test_list_tells_what_each_may_do_and_since_when(command: Command) -> None:
    tokens = [
        command("grant", "add", "ann").out.strip(),
        command("grant", "add", "ci-bot", "--write").out.strip(),
    ]

    said = command("grant", "list")

    first, second = said.out.splitlines()
    assert re.fullmatch(rf"ann\treads\tsince {DATE}", first)
    assert re.fullmatch(rf"ci-bot\treads and writes\tsince {DATE}", second)
    assert not any(token in said.out for token in tokens)


def test_list_without_grants_says_so_and_what_to_do(command: Command) -> None:
    said = command("grant", "list")

    assert (said.code, said.out) == (
        0,
        "No grant is in force. Give one: feedserver grant add LABEL\n",
    )


def test_revoked_grants_are_listed_with_all_alone(command: Command) -> None:
    command("grant", "add", "ann")
    command("grant", "add", "ci-bot")

    said = command("grant", "revoke", "ann")

    assert (said.code, said.out) == (0, "ann is revoked.\n")
    assert command("grant", "list").out.startswith("ci-bot\t")
    everything = command("grant", "list", "--all").out.splitlines()
    assert re.fullmatch(rf"ann\treads\tsince {DATE}\trevoked {DATE}", everything[0])
    assert everything[1].startswith("ci-bot\t")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "ann"), "a grant called ann is in force; revoke it, or name another"),
        (("add", " "), "A label has 1 to 100 characters; this one has 0."),
        (("add", "crm"), "crm is the name of a source or reserved"),
        (("add", "feeds"), "feeds is the name of a source or reserved"),
        (("revoke", "anne"), "No grant in force is called anne. Did you mean ann?"),
        (("revoke", "xyz"), "No grant in force is called xyz."),
    ],
)
def test_what_is_refused_is_1_and_one_line(
    command: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    command("grant", "add", "ann")

    said = command("grant", *arguments)

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"feedserver: {sentence}")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("add",), ("revoke",), ("nope",), ("add", "a", "b")])
def test_wrong_usage_is_2_and_one_line(command: Command, arguments: tuple[str, ...]) -> None:
    said = command("grant", *arguments)

    assert said.code == 2
    assert said.err.count("\n") == 1


def test_a_token_that_is_given_for_a_label_is_not_repeated(command: Command) -> None:
    token = command("grant", "add", "ann").out.strip()

    for action in ("add", "revoke"):
        said = command("grant", action, token)
        assert said.code == 1
        assert token[3:] not in said.err


def test_the_log_is_not_read_for_it(command: Command, folder: Path) -> None:
    log = open_log("sqlite:///feedserver.db", folder, AUTHORITY, system_clock)
    log.append([make_draft()])
    log.close()
    store = sqlite3.connect(folder / "feedserver.db")
    store.execute("UPDATE version SET document = x'00'")
    store.commit()
    store.close()

    assert command("grant", "add", "ann").code == 0


def test_it_loads_neither_the_web_nor_formats() -> None:
    program = (
        "import sys; from feedserver.cli.main import run; code = run(['grant', 'add', 'ann']); "
        "loaded = {'flask', 'werkzeug', 'waitress', 'feedgen', 'lxml'} & set(sys.modules); "
        "sys.exit(code or ' '.join(loaded) or 0)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30
    )

    assert (ended.returncode, ended.stderr.count("\n")) == (0, 1)
