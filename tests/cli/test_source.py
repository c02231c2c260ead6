"""feedserver source: webhooks are tried, and what they could not map is listed and retried."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from feedserver.assembly import assemble
from feedserver.mapping.records import Record
from feedserver.settings import load_settings
from tests.builders import NOON
from tests.cli.conftest import Command

SECRET = "0123456789abcdef"
SETTINGS = f"""
authority = "example.com,2026"
[sources.ci]
type   = "webhook"
secret = "{SECRET}"
[sources.ci.mapping]
when   = "action is not defined"
title  = "{{{{ who }}}} built {{{{ what }}}}"
verb   = "update"
actor  = "{{{{ who }}}}"
queues = "Builds"
text   = "{{{{ note | default('') }}}}"
tags   = "{{{{ headers['x-event'] | default('') }}}}"
"""

Deliver = Callable[..., None]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of settings with a webhook."""
    path = tmp_path / "feedserver.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(path))
    return path


@pytest.fixture
def deliver(settings: Path) -> Deliver:
    """Delivers a record under a key to the webhook."""

    def deliver(key: str, **members: str) -> None:
        server = assemble(load_settings())
        server.hooks["ci"].take([Record(key, members, {"x-event": "push"}, NOON)])
        server.close()

    return deliver


def write(settings: Path, *records: object) -> str:
    path = settings.parent / "records"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return str(path)


class TestTry:
    def test_what_would_be_recorded_is_shown_and_nothing_is(
        self, command: Command, settings: Path
    ) -> None:
        file = write(
            settings, {"who": "Ann Example", "what": "the tower", "note": "7 minutes\n& more"}
        )

        said = command("source", "try", "ci", file, "--header", "X-Event: push")

        assert said.code == 0, said.err
        assert said.out == (
            "when it comes  Ann Example built the tower\n"
            "    verb: update; actor: Ann Example; queue: Builds; tags: push\n"
            "    text: 7 minutes & more\n"
            "    tag:example.com,2026:ci/1\n"
            "1 record: 1 would be recorded, 0 without a rule, 0 kept. Nothing was recorded.\n"
        )
        assert not (settings.parent / "feedserver.db").exists()

    def test_of_lines_each_is_tried_and_what_would_be_kept_is_shown_with_why(
        self, command: Command, settings: Path
    ) -> None:
        file = write(settings, {"who": "Ann", "what": "it"}, {"action": "ping"}, {"who": "Bo"})

        said = command("source", "try", "ci", file)

        assert said.code == 1
        assert "no rule applies: 2\n" in said.out
        assert "would be kept: 3: [sources.ci] mapping.title: " in said.out
        assert '"who": "Bo"' in said.out
        assert said.out.endswith(
            "3 records: 1 would be recorded, 1 without a rule, 1 kept. Nothing was recorded.\n"
        )

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["ci"], "ci is delivered to: name a FILE with records, or - for what comes in"),
            (["ci", "no-such-file"], "no-such-file cannot be read: No such file or directory"),
            (["nobody", "file"], "no source nobody; known: ci"),
            (["nobody"], "no source nobody; known: ci"),
            (["ci", "feedserver.toml", "--header", "nothing"], "--header 'nothing' is none"),
        ],
    )
    def test_what_cannot_be_tried_says_why(
        self,
        command: Command,
        settings: Path,
        arguments: list[str],
        told: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(settings.parent)

        said = command("source", "try", *arguments)

        assert said.code == 1
        assert said.err.startswith(f"feedserver: {told}")

    @pytest.mark.parametrize(
        ("encoding", "declared"),
        [("utf-8-sig", ""), ("utf-16", ""), ("cp1252", "; charset=windows-1252")],
    )
    def test_a_file_is_read_as_windows_programs_write_it(
        self, command: Command, settings: Path, encoding: str, declared: str
    ) -> None:
        file = settings.parent / "records"
        line = '{"who": "Ann Exämple", "what": "the tower"}\r\n'
        file.write_bytes((line * 2).encode(encoding))
        header = f"Content-Type: application/json{declared}"

        said = command("source", "try", "ci", str(file), "--header", header)

        assert said.out.count("Ann Exämple built the tower") == 2

    def test_a_file_that_is_no_json_is_told_where(self, command: Command, settings: Path) -> None:
        (settings.parent / "records").write_text('{\n  "who": "Ann",\n  oops\n}')

        said = command("source", "try", "ci", str(settings.parent / "records"))

        assert (said.code, said.out) == (1, "")
        assert "It is no JSON: " in said.err
        assert "line 3" in said.err

    def test_a_source_that_is_asked_reads_no_files(self, command: Command, folder: Path) -> None:
        said = command("source", "try", "crm", "records.json")

        assert (said.code, said.err) == (
            1,
            "feedserver: crm reads no files; leave records.json out\n",
        )


class TestKept:
    def test_where_nothing_is_kept_it_is_told(self, command: Command, settings: Path) -> None:
        assert command("source", "failed", "ci").out.startswith("ci keeps nothing: ")
        assert command("source", "retry", "ci").code == 0
        assert command("source", "list").out == (
            "ci\twebhook\t0 recorded\t0 kept\tnothing received yet\n"
        )

    def test_what_is_kept_is_listed_and_shown(self, command: Command, deliver: Deliver) -> None:
        deliver("1", who="Ann")
        deliver("2", who="Bo", what="it")

        failed, shown = command("source", "failed", "ci"), command("source", "failed", "ci", "1")
        listed = command("source", "list")

        assert failed.out.startswith("1\t2026-05-08T12:00:00Z\t[sources.ci] mapping.title: ")
        assert failed.out.count("\n") == 1
        assert shown.out.startswith(failed.out)
        assert shown.out.endswith('x-event: push\n\n{\n  "who": "Ann"\n}\n')
        assert listed.out.startswith("ci\twebhook\t1 recorded\t1 kept\tlast received 2")
        assert SECRET not in failed.out + shown.out + listed.out

    def test_with_a_mended_mapping_it_is_recorded(
        self, command: Command, deliver: Deliver, settings: Path
    ) -> None:
        deliver("1", who="Ann")
        before = command("source", "retry", "ci")
        settings.write_text(settings.read_text().replace(" built {{ what }}", " built it"))

        mended = command("source", "retry", "ci")

        assert before.code == 1
        assert before.out.startswith("1: it is still kept: [sources.ci] mapping.title: ")
        assert (mended.code, mended.out) == (0, "1: recorded tag:example.com,2026:ci/1\n")
        assert "keeps nothing" in command("source", "failed", "ci").out
        assert "Ann built it" in command("show", "queues/Builds.json").out

    def test_one_may_be_named(self, command: Command, deliver: Deliver, settings: Path) -> None:
        deliver("1", who="Ann")
        deliver("2", who="Bo")
        settings.write_text(settings.read_text().replace(" built {{ what }}", " built it"))

        said = command("source", "retry", "ci", "2")

        assert said.out == "2: recorded tag:example.com,2026:ci/2\n"
        assert command("source", "failed", "ci").out.startswith("1\t")

    def test_one_may_be_let_go(self, command: Command, deliver: Deliver) -> None:
        deliver("1", who="Ann")
        deliver("2", who="Bo")

        said = command("source", "failed", "ci", "--drop", "1")

        assert (said.code, said.out) == (0, "1: it is kept no more\n")
        assert command("source", "failed", "ci").out.startswith("2\t")

    @pytest.mark.parametrize(
        "arguments", [["failed", "ci", "7"], ["failed", "ci", "--drop", "7"], ["retry", "ci", "7"]]
    )
    def test_a_key_that_is_none_says_so(
        self, command: Command, settings: Path, arguments: list[str]
    ) -> None:
        said = command("source", *arguments)

        assert (said.code, said.err) == (
            1,
            "feedserver: ci keeps nothing under 7; see: feedserver source failed ci\n",
        )

    @pytest.mark.parametrize("action", ["failed", "retry"])
    def test_a_source_that_is_none_says_so(
        self, command: Command, settings: Path, action: str
    ) -> None:
        said = command("source", action, "nobody")

        assert (said.code, said.err) == (1, "feedserver: no source nobody; known: ci\n")


def test_what_a_source_that_is_asked_could_not_make_is_tried_by_itself(
    command: Command, folder: Path
) -> None:
    never = command("source", "failed", "crm")
    command("pull", "--once")

    failed, retried = command("source", "failed", "crm"), command("source", "retry", "crm")

    assert never.out == "crm was never asked.\n"
    assert failed.out == (
        "crm: nothing failed in its newest entries; what does is tried again with each poll.\n"
    )
    assert retried.code == 1
    assert "feedserver pull --once crm" in retried.err
