"""The commands, as a person types them."""

import json
import re
from pathlib import Path

import feedparser
import pytest

from feedserver import __version__
from feedserver.cli.main import COMMANDS
from tests.cli.conftest import Command


def test_version(command: Command) -> None:
    assert command("--version").out == f"feedserver {__version__}\n"


def test_help_names_every_command(command: Command) -> None:
    said = command("--help")

    assert said.code == 0
    assert all(name in said.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(command: Command, name: str) -> None:
    said = command(name, "--help")

    assert said.code == 0
    assert re.search(rf"Examples?:\n\s+feedserver {name}", said.out)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_action_of_a_command_has_help_with_an_example(command: Command, name: str) -> None:
    # Whatever actions a command has stand below its arguments, each with its help beside it.
    described = command(name, "--help").out.partition("ACTION\n")[2].partition("\n\n")[0]
    actions = re.findall(r"^    (\S+)", described, re.MULTILINE)

    for action in actions:
        said = command(name, action, "--help")
        assert said.code == 0
        assert f"Example: feedserver {name} {action}" in said.out
    assert bool(actions) is (name in ("grant", "source", "store"))


@pytest.mark.parametrize(
    "arguments", [(), ("nope",), ("show",), ("serve", "--port", "x"), ("source",)]
)
def test_wrong_usage_is_2_and_one_line(command: Command, arguments: tuple[str, ...]) -> None:
    said = command(*arguments)

    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "--help" in said.err


def test_pull_once_records_everything_and_again_nothing(command: Command, folder: Path) -> None:
    first, second = command("pull", "--once"), command("pull", "--once", "crm")

    assert first.code == second.code == 0
    assert re.fullmatch(r"crm: [1-9]\d+ recorded, 0 of them odd\n", first.out)
    assert second.out == "crm: 0 recorded, 0 of them odd\n"


def test_pull_of_a_source_that_fails_is_1_and_says_why(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("pull", "--once")
    (folder / "broken").write_bytes(b"no database")
    monkeypatch.setenv("FEEDSERVER_SOURCES__CRM__URL", f"sqlite:///{folder}/broken")

    said = command("pull", "--once")

    assert said.code == 1
    assert "source crm" in said.err
    assert "Traceback" not in said.err


def test_pull_of_an_unknown_source_names_the_known(command: Command, folder: Path) -> None:
    said = command("pull", "--once", "cmr")

    assert (said.code, said.err) == (1, "feedserver: no source cmr; known: crm\n")


def test_show_prints_the_feed_that_http_would_give(command: Command, folder: Path) -> None:
    command("pull", "--once")

    atom = feedparser.parse(command("show", "queues/Support.atom?limit=3").out)
    page = json.loads(command("show", "/all.json?limit=3&-verb=log").out)

    assert len(atom.entries) == 3
    assert atom.feed.title == "Activities in queue Support"
    assert len(page["orderedItems"]) == 3
    assert all(item["crmVerb"] != "log" for item in page["orderedItems"])


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("nonsense", "nonsense is no feed"),
        ("queues/Suport.atom", "No queue is called Suport."),
        ("all.atom?queu=x", "`queu` is no parameter. Did you mean `queue`?"),
        ("all.atom?limit=x&since=y", "`since=y` is no date"),
    ],
)
def test_show_of_what_is_no_feed_is_1(
    command: Command, folder: Path, path: str, sentence: str
) -> None:
    said = command("show", path)

    assert said.code == 1
    assert sentence in said.err
    assert said.out == ""


def test_source_try_shows_what_would_be_recorded_and_records_nothing(
    command: Command, folder: Path
) -> None:
    said = command("source", "try", "crm", "--count", "5")

    assert said.code == 0
    assert said.out.count("tag:example.com,2026:crm/act_entry/") == 5
    assert "Nothing was recorded." in said.out
    assert not (folder / "feedserver.db").exists()


def test_source_list_tells_what_there_is(command: Command, folder: Path) -> None:
    command("pull", "--once")

    said = command("source", "list")

    assert re.match(r"crm\tclarify\t[1-9]\d+ recorded", said.out)


def test_no_settings_says_what_to_do(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(tmp_path / "none.toml"))

    said = command("pull", "--once")

    assert said.code == 1
    assert "No settings at" in said.err
    assert "feedserver demo" in said.err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "feeds.example"])
def test_serve_refuses_to_show_everything_on_a_public_address(
    command: Command, folder: Path, host: str
) -> None:
    said = command("serve", "--host", host)

    assert said.code == 1
    assert "would show everything to everyone" in said.err


@pytest.mark.parametrize("port", ["0", "-1", "99999", "x"])
def test_a_port_that_is_none_is_wrong_usage(command: Command, port: str) -> None:
    assert command("serve", f"--port={port}").code == 2
    assert command("demo", f"--port={port}").code == 2


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf"])
def test_a_speed_that_is_none_is_refused(command: Command, speed: str) -> None:
    assert "--speed must be a number above 0" in command("demo", f"--speed={speed}").err


def test_all_addresses_of_the_machine_are_no_address_of_readers(
    command: Command, folder: Path
) -> None:
    said = command("serve", "--host", "0.0.0.0", "--open")

    assert said.code == 1
    assert "base_url is not set" in said.err


def test_show_of_what_is_not_utf_8_is_one_line(command: Command, folder: Path) -> None:
    for path in ("all.atom?queue=\udcff", "queues/%ff.atom", "all.json?queue=%FF"):
        said = command("show", path)
        assert said.code == 1
        assert said.err.count("\n") == 1


def test_serve_refuses_a_public_base_url(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSERVER_BASE_URL", "https://feeds.example")

    assert "at feeds.example" in command("serve").err
