"""`feedserver publish`, as a business rule runs it."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.serving import WSGIRequestHandler, make_server

from feedserver.assembly import assemble
from feedserver.cli import publish
from feedserver.cli.main import COMMANDS
from feedserver.cli.parsing import parse
from feedserver.errors import FeedserverError
from feedserver.settings import load_settings
from feedserver.web.app import create_app
from tests.builders import AUTHORITY
from tests.cli.canned import Serve
from tests.cli.conftest import Command

SETTINGS = """
authority = "example.com,2026"
[sources.crm]
type     = "clarify"
url      = "sqlite:///{folder}/crm.sqlite"
timezone = "UTC"
start    = "{start}"
"""
TOKEN = "fs_" + "s3cret" * 5 + "x9"

RECORDED = json.dumps({"id": "tag:x", "status": "recorded", "title": "Ann closed case 1"}).encode()


def answer(status: int, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.fixture
def folder(crm_of_a_day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that begins now, with a CRM of one day."""
    shutil.copy(crm_of_a_day, tmp_path / "crm.sqlite")
    use(tmp_path, "now")
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(tmp_path / "feedserver.toml"))
    monkeypatch.delenv("FEEDSERVER_TOKEN", raising=False)
    return tmp_path


def use(folder: Path, start: str, more: str = "") -> None:
    text = SETTINGS.format(folder=folder, start=start) + more
    (folder / "feedserver.toml").write_text(text, encoding="utf-8")


def entries(folder: Path, count: int) -> list[tuple[str, str]]:
    """The keys of cases and of entries of theirs, in texts as a rule has them."""
    with closing(sqlite3.connect(folder / "crm.sqlite")) as crm:
        rows = crm.execute(
            "SELECT act_entry2case, objid FROM table_act_entry "
            "WHERE act_entry2case IS NOT NULL ORDER BY objid DESC LIMIT ?",
            [count],
        )
        return [(str(case), str(entry)) for case, entry in rows]


def one_more(folder: Path) -> tuple[str, str]:
    """Write an entry into the CRM's log, like the newest one; its keys."""
    ((case, entry),) = entries(folder, 1)
    with closing(sqlite3.connect(folder / "crm.sqlite")) as crm, crm:
        crm.execute(
            "CREATE TEMP TABLE newest AS SELECT * FROM table_act_entry WHERE objid = ?", [entry]
        )
        crm.execute("UPDATE newest SET objid = (SELECT max(objid) + 1 FROM table_act_entry)")
        crm.execute("INSERT INTO table_act_entry SELECT * FROM newest")
    ((case, entry),) = entries(folder, 1)
    return case, entry


def id_of(entry: str) -> str:
    return f"tag:{AUTHORITY}:crm/act_entry/{entry}"


def ids(command: Command) -> list[str]:
    page = json.loads(command("show", "all.json?limit=500").out)
    return [item["id"] for item in page["orderedItems"]]


class TestHere:
    """With the settings and the store of this machine."""

    def test_an_entry_is_recorded_and_then_it_is_known(
        self, command: Command, folder: Path
    ) -> None:
        ((case, entry),) = entries(folder, 1)

        first, second = (command("publish", "Case", case, entry) for _ in range(2))

        assert (first.code, second.code) == (0, 0)
        assert re.fullmatch(rf"recorded {re.escape(id_of(entry))} \S.* case .+\n", first.out)
        assert second.out == "known" + first.out.removeprefix("recorded")
        assert first.err == second.err == ""
        assert ids(command) == [id_of(entry)]

    @pytest.mark.parametrize("is_pulled_first", [True, False])
    def test_with_the_tail_it_is_one_activity(
        self, is_pulled_first: bool, command: Command, folder: Path
    ) -> None:
        command("pull", "--once")  # from now on
        case, entry = one_more(folder)

        steps = [("pull", "--once"), ("publish", "Case", case, entry)]
        said = [command(*step) for step in (steps if is_pulled_first else reversed(steps))]

        assert [each.code for each in said] == [0, 0]
        assert said[0].out.startswith("crm: 1 recorded" if is_pulled_first else "recorded ")
        assert said[1].out.startswith("known " if is_pulled_first else "crm: 0 recorded")
        assert ids(command) == [id_of(entry)]

    def test_of_many_at_once_one_records_it(self, command: Command, folder: Path) -> None:
        ((case, entry),) = entries(folder, 1)
        arguments = [sys.executable, "-m", "feedserver", "publish", "Case", case, entry]

        running = [subprocess.Popen(arguments, stdout=subprocess.PIPE) for _ in range(4)]
        said = [each.communicate(timeout=60)[0].split()[0] for each in running]

        assert sorted(said) == [b"known", b"known", b"known", b"recorded"]
        assert [each.returncode for each in running] == [0] * 4
        assert ids(command) == [id_of(entry)]

    def test_with_the_tail_at_the_same_moment_it_is_one_activity(
        self, command: Command, folder: Path
    ) -> None:
        command("pull", "--once")  # from now on
        case, entry = one_more(folder)
        feedserver = [sys.executable, "-m", "feedserver"]

        publishing = subprocess.Popen(
            [*feedserver, "publish", "Case", case, entry], stdout=subprocess.PIPE
        )
        pulling = subprocess.Popen([*feedserver, "pull", "--once"], stdout=subprocess.PIPE)
        said = [each.communicate(timeout=60)[0].split() for each in (publishing, pulling)]

        assert (said[0][0], said[1][1]) in [(b"recorded", b"0"), (b"known", b"1")]
        assert ids(command) == [id_of(entry)]

    def test_nothing_is_imported_that_only_readers_need(self, folder: Path) -> None:
        ((case, entry),) = entries(folder, 1)

        imported = imports_of("publish", "Case", case, entry)

        assert "sqlalchemy" in imported  # or this test tells nothing
        unwanted = {"flask", "werkzeug", "lxml", "feedgen", "pyroaring", "waitress", "argparse"}
        assert imported & unwanted == set()

    def test_what_is_wrong_with_it_is_told_in_one_line(
        self, command: Command, folder: Path
    ) -> None:
        (case, entry), _ = entries(folder, 2)
        for arguments, sentence in [
            (("Case", case, "99999999999"), "crm has no act_entry 99999999999."),
            (("Cas", case, entry), "object_type 'Cas' is no type of object; known: case, "),
            (("Case", "5", entry), f"act_entry {entry} belongs to case "),
            (("Case", case, entry, "--source", "cmr"), "No source is called cmr; known: crm."),
            (("Case", case, entry, "--token", TOKEN), "--token is for a server"),
        ]:
            said = command("publish", *arguments)

            assert said.code == 1
            assert said.err.startswith(f"feedserver: {sentence}")
            assert said.err.count("\n") == 1
            assert TOKEN not in said.err
            assert said.out == ""

    def test_in_the_middle_of_an_import_it_is_refused(self, command: Command, folder: Path) -> None:
        ((case, entry),) = entries(folder, 1)
        use(folder, "all")

        early = command("publish", "Case", case, entry)
        command("pull", "--once")
        late = command("publish", "Case", case, entry)

        assert early.code == 1
        assert "feedserver pull crm --once" in early.err
        assert (late.code, late.out.split()[0]) == (0, "known")

    def test_of_several_sources_one_must_be_named(self, command: Command, folder: Path) -> None:
        ((case, entry),) = entries(folder, 1)
        more = SETTINGS.partition("[sources.crm]")[2].format(folder=folder, start="now")
        use(folder, "now", f"[sources.old-crm]{more}")

        said = command("publish", "Case", case, entry)
        named = command("publish", "Case", case, entry, "--source", "old-crm")

        assert said.err == "feedserver: say whose entry it is: --source crm or --source old-crm\n"
        assert said.code == 1
        assert f"recorded tag:{AUTHORITY}:old-crm/act_entry/{entry} " in named.out

    def test_without_a_source_it_is_told(self, command: Command, folder: Path) -> None:
        settings = 'authority = "example.com,2026"'
        (folder / "feedserver.toml").write_text(settings, encoding="utf-8")

        said = command("publish", "Case", "1", "1")

        assert (said.code, "no source is set up" in said.err) == (1, True)

    def test_what_is_odd_is_said_beside_it(self, command: Command, folder: Path) -> None:
        ((case, entry),) = entries(folder, 1)
        with closing(sqlite3.connect(folder / "crm.sqlite")) as crm, crm:
            crm.execute(
                "UPDATE table_act_entry SET act_entry2user = NULL, act_entry2contact = NULL "
                "WHERE objid = ?",
                [entry],
            )
        arguments = [sys.executable, "-m", "feedserver", "publish", "Case", case, entry]

        said = subprocess.run(arguments, capture_output=True, text=True, timeout=60)

        assert (said.returncode, said.stdout.count("\n")) == (0, 1)
        assert said.stderr == f"source crm, act_entry {entry}: it has no user\n"

    def test_a_console_that_cannot_show_the_title_makes_no_failure(self, folder: Path) -> None:
        ((case, entry),) = entries(folder, 1)
        with closing(sqlite3.connect(folder / "crm.sqlite")) as crm, crm:
            crm.execute("UPDATE table_case SET title = '日本 Grüße'")
        arguments = [sys.executable, "-m", "feedserver", "publish", "Case", case, entry]
        environment = os.environ | {"PYTHONIOENCODING": "cp1252"}

        said = subprocess.run(arguments, env=environment, capture_output=True, timeout=60)

        assert said.returncode == 0
        assert said.stdout.decode("cp1252").endswith(": ?? Grüße\n")


def imports_of(*arguments: str, **environment: str) -> set[str]:
    """The packages that a process of its own has imported at the end of that command."""
    program = (
        "import sys; from feedserver.cli.main import run; code = run(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("Case",),
        ("Case", "1"),
        ("Case", "1", "2", "3"),
        ("Case", "x", "1"),
        ("Case", "1", "[Activity Objid]"),
        ("Case", "0", "1"),
        ("Case", "-1", "1"),
        ("Case", "1.0", "1"),
        ("Case", "٣", "1"),
        ("Case", "1", "9" * 19),
        ("Case", "1", "9" * 5000),
        ("Case", "1", "1", "--server"),
        ("Case", "1", "1", "--nope"),
    ],
)
def test_wrong_usage_is_2_and_one_line(
    command: Command, folder: Path, arguments: tuple[str, ...]
) -> None:
    said = command("publish", *arguments)

    assert said.code == 2
    assert said.err.count("\n") == 1
    assert said.err.startswith("feedserver")
    assert "--help" in said.err
    assert not (folder / "feedserver.db").exists()


_WORDS = """
    Case 268435458 1 0 -1 x --source --server --token --source=a --token=- --server= --serv
    --source=-x --help -- - = a=b --source=a=b
""".split()
_WORDS += ["", "Change Request", "- x", "--source x", "1 "]
_OPTIONS = [
    ["--source", "a"],
    ["--server=http://x"],
    ["--token", ""],
    ["--token", "x", "--token=y"],
]


@st.composite
def argument_lists(draw: st.DrawFn) -> list[str]:
    """Arguments as a rule writes them, in any order, and among them some that are wrong."""
    type_ = draw(st.sampled_from(["Case", "Case", "", "-x", "-1", "--", "- x"]))
    parts = [[type_], ["7"], ["8"], *draw(st.lists(st.sampled_from(_OPTIONS), max_size=3))]
    parts += [[word] for word in draw(st.lists(st.sampled_from(_WORDS), max_size=2))]
    return [word for part in draw(st.permutations(parts)) for word in part]


@given(argument_lists())
def test_arguments_that_are_read_quickly_mean_what_argparse_says(arguments: list[str]) -> None:
    quick = publish.parse(arguments)

    if quick is not None:
        assert vars(quick) == vars(parse(["publish", *arguments], COMMANDS))


def test_what_a_rule_writes_is_read_quickly() -> None:
    options = ["--server", "http://feeds.example", "--token=x", "--source", "crm"]

    for arguments in (["Case", "1", "2"], ["Change Request", "1", "2", *options]):
        assert publish.parse(arguments) is not None
        assert publish.parse([*arguments[3:], *arguments[:3]]) is not None


class Quiet(WSGIRequestHandler):
    """Writes no log of its own, which would stand among what the command says."""

    def log(self, type: str, message: str, *args: object) -> None:
        pass


class TestAtServer:
    """From the CRM's own host."""

    @pytest.fixture
    def server(self, folder: Path) -> Iterator[str]:
        """The address of a server of that installation."""
        assembled = assemble(load_settings())
        app = create_app(assembled)
        listening = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()
        listening.server_close()
        assembled.close()

    @pytest.fixture
    def token(self, command: Command, folder: Path) -> str:
        return command("grant", "add", "--write", "rule").out.strip()

    def test_an_entry_is_recorded_and_then_it_is_known(
        self, command: Command, folder: Path, server: str, token: str
    ) -> None:
        ((case, entry),) = entries(folder, 1)
        arguments = ("publish", "Case", case, entry, "--server", server, "--token", token)

        first, second = command(*arguments), command(*arguments)

        assert (first.code, second.code) == (0, 0)
        assert re.fullmatch(rf"recorded {re.escape(id_of(entry))} \S.* case .+\n", first.out)
        assert second.out == "known" + first.out.removeprefix("recorded")
        assert first.err == second.err == ""
        assert ids(command) == [id_of(entry)]

    def test_the_same_line_here_and_there_is_one_activity(
        self, command: Command, folder: Path, server: str, token: str
    ) -> None:
        ((case, entry),) = entries(folder, 1)

        here = command("publish", "Case", case, entry)
        there = command("publish", "case", case, entry, "--server", server, "--token", token)

        assert here.out.removeprefix("recorded") == there.out.removeprefix("known")

    def test_the_token_may_be_in_the_environment(
        self,
        command: Command,
        folder: Path,
        server: str,
        token: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ((case, entry),) = entries(folder, 1)
        monkeypatch.setenv("FEEDSERVER_TOKEN", token)

        assert command("publish", "Case", case, entry, "--server", f"{server}/").code == 0

    def test_no_settings_are_needed_there(
        self,
        command: Command,
        folder: Path,
        server: str,
        token: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ((case, entry),) = entries(folder, 1)
        monkeypatch.setenv("FEEDSERVER_SETTINGS", str(folder / "none.toml"))

        said = command("publish", "Case", case, entry, "--server", server, "--token", token)

        assert said.code == 0

    def test_what_the_server_refuses_is_told_in_its_words(
        self, command: Command, folder: Path, server: str, token: str
    ) -> None:
        ((case, entry),) = entries(folder, 1)
        reader = command("grant", "add", "reader").out.strip()
        for arguments, sent, sentence in [
            (("Case", case, "99999999999"), token, "crm has no act_entry 99999999999."),
            (("Cas&é", case, entry), token, "object_type 'Cas&é' is no type of object; known: "),
            (("Case", "5", entry), token, f"act_entry {entry} belongs to case "),
            (("Case", case, entry, "--source", "c/m?r"), token, "No page or feed is here."),
            (("Case", case, entry, "--source", "cmr"), token, "No source is called cmr; known: "),
            (("Case", case, entry), reader, "The grant reader may only read."),
            (("Case", case, entry), TOKEN, "The token that came is of no grant in force: "),
        ]:
            said = command("publish", *arguments, "--server", server, "--token", sent)

            assert said.code == 1
            assert said.err.startswith(f"feedserver: {server}: {sentence}"), said.err
            assert said.err.count("\n") == 1
            assert sent not in said.err
            assert said.out == ""

    def test_nothing_is_imported_that_takes_long(
        self, folder: Path, server: str, token: str
    ) -> None:
        ((case, entry),) = entries(folder, 1)

        imported = imports_of(
            "publish", "Case", case, entry, "--server", server, FEEDSERVER_TOKEN=token
        )

        assert "feedserver.cli.exchange" in imported  # or this test tells nothing
        assert (
            imported
            & {
                *(
                    "flask",
                    "lxml",
                    "feedgen",
                    "sqlalchemy",
                    "argparse",
                    "http.client",
                    "email",
                    "ssl",
                ),
                *(
                    "socket",
                    "typing",
                    "dataclasses",
                    "urllib.parse",
                    "pathlib",
                    "feedserver.settings",
                ),
            }
            == set()
        )


class TestServersThatAreNone:
    """One clear line each, which tells nobody the token."""

    def run(self, command: Command, address: str, *more: str) -> str:
        said = command("publish", "Case", "1", "2", "--server", address, "--token", TOKEN, *more)
        assert said.code == 1
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert TOKEN not in said.err
        return said.err.removeprefix("feedserver: ").rstrip("\n")

    def test_where_nothing_listens(self, command: Command, folder: Path) -> None:
        assert self.run(command, "http://127.0.0.1:1/t/x") == (
            "http://127.0.0.1:1: no server listens there. Run it again; nothing is recorded twice"
        )

    def test_a_name_that_is_none(self, command: Command, folder: Path) -> None:
        said = self.run(command, "http://nowhere.invalid")

        assert said.startswith("http://nowhere.invalid: ")

    @pytest.mark.parametrize(
        "address", ["", "feeds.example", "ftp://feeds.example", f"http://me:{TOKEN}@feeds.example"]
    )
    def test_what_is_no_address(self, address: str, command: Command, folder: Path) -> None:
        assert self.run(command, address) == (
            "--server is no address of a server; write http://host:port"
        )

    def test_one_that_does_not_answer(self, folder: Path, serve: Serve) -> None:
        silent = serve(stays_open=True)
        arguments = publish.parse(["Case", "1", "2", "--server", silent.address, "--token", TOKEN])
        assert arguments is not None

        with pytest.raises(FeedserverError) as failure:
            publish.run(arguments, timeout=0.2)

        assert str(failure.value) == (
            f"{silent.address}: no answer within 0.2 s. Run it again; nothing is recorded twice"
        )

    def test_one_that_breaks_off(self, command: Command, folder: Path, serve: Serve) -> None:
        server = serve(answer(201, RECORDED)[:-9])

        assert ": its answer broke off. Run it again; " in self.run(command, server.address)

    def test_one_that_speaks_no_http(self, command: Command, folder: Path, serve: Serve) -> None:
        assert "what is no HTTP" in self.run(command, serve(b"220 smtp ready\r\n").address)

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (200, b"<html>Welcome</html>"),
            (201, b"{}"),
            (202, RECORDED),
            (201, b"[]"),
            (200, b'{"id": "x", "status": "recorded"}'),
            (404, b"not found"),
            (500, b""),
            (502, b'{"detail2": "x"}'),
            (403, b"\xff\xfe"),
        ],
    )
    def test_one_that_is_no_feedserver(
        self, status: int, body: bytes, command: Command, folder: Path, serve: Serve
    ) -> None:
        server = serve(answer(status, body))

        said = self.run(command, server.address)

        assert said == f"{server.address}: it answers {status}, and not as feedserver does"

    def test_one_that_leads_elsewhere(self, command: Command, folder: Path, serve: Serve) -> None:
        server = serve(answer(308, b""))

        assert self.run(command, server.address).endswith(
            "and not as feedserver does; write the address to which it leads"
        )

    def test_one_that_says_strange_things(
        self, command: Command, folder: Path, serve: Serve
    ) -> None:
        problem = {"detail": f"a\n\x1b[31mb  {TOKEN} c"}
        server = serve(answer(400, json.dumps(problem).encode()))

        assert self.run(command, server.address) == f"{server.address}: a \ufffd[31mb … c"

    @pytest.mark.parametrize("token", ["", " ", "a b", "a\nb", "schlüssel"])
    def test_a_token_that_is_none_is_not_sent_nor_shown(
        self, token: str, command: Command, folder: Path
    ) -> None:
        said = command(
            "publish", "Case", "1", "2", "--server", "http://127.0.0.1:1", f"--token={token}"
        )

        assert said.code == 1
        assert "put the token of one that may write into FEEDSERVER_TOKEN" in said.err
        assert not token.strip() or token not in said.err

    def test_what_is_sent_is_what_the_server_takes(
        self, command: Command, folder: Path, serve: Serve
    ) -> None:
        server = serve(answer(201, RECORDED))

        said = command(
            *("publish", "Sub\tCäse&x=1", "007", "2", "--source", "old/crm"),
            *("--server", server.address + "/feeds", "--token", TOKEN),
        )

        head, _, body = server.asked.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /feeds/sources/old%2Fcrm/publish HTTP/1.1\r\n")
        assert f"\r\nAuthorization: Bearer {TOKEN}\r\n".encode() in head
        assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\n" in head
        assert body == b"object_type=Sub%09C%C3%A4se%26x%3D1&database_id=7&activity_objid=2"
        assert said.out == "recorded tag:x Ann closed case 1\n"


def test_the_help_of_all_commands_names_this_one(command: Command) -> None:
    assert "publish " in command("--help").out
