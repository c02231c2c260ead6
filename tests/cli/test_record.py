"""`feedserver record`, as a person types it."""

import gzip
import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from feedserver.cli.record import MAX_LINE
from feedserver.clock import system_clock
from feedserver.stores.sql.opening import open_log
from tests.builders import activities
from tests.cli.conftest import Command

AUTHORITY = "example.com,2026"
CONTEXT = {"@context": "https://www.w3.org/ns/activitystreams"}


class Place:
    """An installation without sources, and files beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.settings = folder / "feedserver.toml"
        self.authorise(AUTHORITY)

    def authorise(self, authority: str, more: str = "") -> None:
        self.settings.write_text(f'authority = "{authority}"\n{more}', encoding="utf-8")

    def write(self, name: str, content: bytes | str) -> str:
        """The path of a new file that holds this."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def recorded(self) -> list[Any]:
        """The drafts in the log."""
        log = open_log("sqlite:///feedserver.db", self.folder, AUTHORITY, system_clock)
        try:
            return [activity.draft for activity in activities(log.read(0))]
        finally:
            log.close()

    def ids(self) -> list[str]:
        return [draft.id.removeprefix("urn:example:") for draft in self.recorded()]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(tmp_path / "here")
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(place.settings))
    monkeypatch.chdir(place.folder)
    return place


def one(id: str, **members: Any) -> dict[str, Any]:
    """An activity of 1.0."""
    return {"id": f"urn:example:{id}", "actor": "Zoë", "verb": "close", "object": "Case", **members}


def two(id: str, **members: Any) -> dict[str, Any]:
    """An activity of 2.0."""
    return {"id": f"urn:example:{id}", "type": "Like", "actor": "Zoë", "object": "Case", **members}


def dumped(value: Any, indent: int | str | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


NDJSON = "\n".join(map(dumped, (one("1"), two("2"), one("3")))) + "\n"


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        (NDJSON, ["1", "2", "3"]),
        (NDJSON.rstrip(), ["1", "2", "3"]),
        (NDJSON.replace("\n", "\r\n"), ["1", "2", "3"]),
        ("\n\n \n" + NDJSON.replace("\n", "\n\n"), ["1", "2", "3"]),
        (dumped(one("1")), ["1"]),
        (dumped(one("1"), indent=2), ["1"]),
        (dumped(CONTEXT | two("1")), ["1"]),
        (dumped(CONTEXT | two("1"), indent=2).replace("\n", "\r\n"), ["1"]),
        ("\n\n" + dumped(two("1"), indent=1), ["1"]),
        (dumped({"items": [one("1"), one("2")]}), ["1", "2"]),
        (dumped({"items": [one("1"), one("2")]}, indent="\t"), ["1", "2"]),
        (dumped(CONTEXT | {"type": "OrderedCollection", "orderedItems": [two("1")]}, 4), ["1"]),
        (dumped([one("1"), two("2")]), ["1", "2"]),
        (dumped([one("1"), two("2")], indent=2), ["1", "2"]),
        ("[" + dumped(one("1")) + ",\n" + dumped(two("2")) + "]\n", ["1", "2"]),
        ("\n".join(map(dumped, ([one("1")], {"items": [one("2")]}, two("3")))), ["1", "2", "3"]),
        ('{"id": "urn:example:1",\n"actor": "Ann", "verb": "close"}', ["1"]),
        ("", []),
        ("\n \n", []),
        ("[]", []),
        ("\ufeff", []),
    ],
)
def test_activities_are_recorded_however_they_stand_in_the_file(
    command: Command, place: Place, content: str, ids: list[str]
) -> None:
    path = place.write("some.json", content)

    said = command("record", path)

    assert (said.code, said.err) == (0, "")
    assert said.out == f"{path}: {len(ids)} recorded, 0 known, 0 refused\n"
    assert place.ids() == ids


@pytest.mark.parametrize("content", [NDJSON, dumped([one("1"), two("2")], indent=2)])
@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        ("utf-8", ()),
        ("utf-8-sig", ()),
        ("utf-16", ()),
        ("utf-32", ()),
        ("utf-16-le", ("--charset", "UTF_16LE")),
        ("cp1252", ("--charset", "windows-1252")),
        ("latin-1", ("--charset", "latin1")),
        ("utf-8-sig", ("--charset", "windows-1252")),
        ("utf-16", ("--charset", "windows-1252")),
    ],
)
def test_the_charset_is_told_by_a_mark_or_an_option(
    command: Command, place: Place, content: str, encoding: str, options: tuple[str, ...]
) -> None:
    said = command("record", place.write("some", content.encode(encoding)), *options)

    assert said.code == 0, said.err
    assert {draft.actor.name for draft in place.recorded()} == {"Zoë"}


@pytest.mark.parametrize("content", [NDJSON, dumped([one("1")], indent=2)])
def test_a_charset_is_never_guessed_and_the_refusal_says_how_to_name_it(
    command: Command, place: Place, content: str
) -> None:
    path = place.write("some", content.encode("cp1252"))

    said = command("record", path)

    first, *_ = said.err.splitlines()
    assert said.code == 1
    assert re.fullmatch(
        re.escape(f"feedserver: {path}")
        + r"(:1)?: It is not UTF-8\. If it is Windows-1252, say so: "
        r"--charset windows-1252\.",
        first,
    )
    assert command("record", path, "--charset", "windows-1252").code == 0


def test_what_is_not_in_the_charset_that_is_named_is_refused(
    command: Command, place: Place
) -> None:
    said = command("record", place.write("some", b'{"actor": "\x81"}'), "--charset", "windows-1252")

    assert (said.code, "It is not windows-1252." in said.err) == (1, True)


@pytest.mark.parametrize("charset", ["klingon", "base64", "utf-7", "", "\udcff"])
def test_a_charset_that_is_none_is_refused_before_anything_is_read(
    command: Command, place: Place, charset: str
) -> None:
    said = command("record", place.write("some", NDJSON), "--charset", charset)

    assert (said.code, said.out) == (1, "")
    assert "is none that is known here; write windows-1252" in said.err
    assert said.err.count("\n") == 1


def test_a_stream_that_is_cut_off_is_recorded_as_far_as_it_goes(
    command: Command, place: Place
) -> None:
    said = command("record", place.write("some", NDJSON.encode("utf-16")[:-1]))

    assert said.code == 1
    assert re.search(
        r"It is not utf-16(-le)?: truncated data\. What follows was not read\.", said.err
    )
    assert place.ids() == ["1", "2"]


def test_the_report_names_each_refusal_by_file_line_and_reason(
    command: Command, place: Place
) -> None:
    lines = [
        "",
        "",
        dumped(one("1")),
        "header",
        dumped({"type": "Like"}),
        dumped([one("2"), {"verb": "like"}]),
        dumped(one("1", verb="open")),
        dumped({"id": f"tag:{AUTHORITY}:crm/act_entry/1", "actor": "Ann"}),
        dumped(one("3")),
    ]
    path = place.write("some.ndjson", "\n".join(lines))

    said = command("record", path)

    assert said.code == 1
    assert said.out == f"{path}: 3 recorded, 0 known, 5 refused\n"
    told = [line.removeprefix(f"feedserver: {path}:") for line in said.err.splitlines()]
    assert [line.partition(" ")[0] for line in told] == ["4:", "5:", "6:", "7:", "8:"]
    assert "no JSON" in told[0]
    assert "/actor is missing" in told[1]
    assert "/1/actor is missing" in told[2]
    assert "/id urn:example:1 is recorded with other content" in told[3]
    assert "it has given no such id" in told[4]
    assert place.ids() == ["1", "2", "3"]


def test_in_a_document_of_several_lines_a_place_is_a_pointer(
    command: Command, place: Place
) -> None:
    path = place.write("some", dumped({"items": [one("1"), {"verb": "like"}]}, indent=2))

    said = command("record", path)

    assert said.err.startswith(f"feedserver: {path}: /items/1/actor is missing")


def test_a_line_that_is_broken_does_not_hide_those_behind_it(
    command: Command, place: Place
) -> None:
    for index, broken in enumerate(['{"id": "urn:ex', "feed>", '{"a": tru', "\\", "[" * 99_999]):
        said = command("record", place.write("some", f"{broken}\n{dumped(one(str(index)))}"))
        assert said.out.endswith(": 1 recorded, 0 known, 1 refused\n")
        assert "some:1: " in said.err


def test_a_document_that_breaks_off_is_refused_with_the_place(
    command: Command, place: Place
) -> None:
    said = command("record", place.write("some", '\n{"id":\n "urn:example:1",\n "actor": Ann}'))

    assert (said.code, place.ids()) == (1, [])
    assert "no JSON: Expecting value in line 4, column 11" in said.err


def test_of_very_many_refusals_a_hundred_are_told(command: Command, place: Place) -> None:
    path = place.write("some", "x\n" * 1234 + dumped(one("1")))

    said = command("record", path)

    assert said.out == f"{path}: 1 recorded, 0 known, 1,234 refused\n"
    assert said.err.count("\n") == 101
    assert said.err.endswith(f"feedserver: {path}: and 1,134 more were refused\n")


def test_every_file_is_recorded_and_told_whatever_is_wrong_with_others(
    command: Command, place: Place
) -> None:
    (place.folder / "folder").mkdir()
    (place.folder / "loop").symlink_to("loop")
    place.write("a", dumped(one("1")))
    place.write("b", "x")
    place.write("c", NDJSON)

    said = command("record", "missing", "a", "folder", "b", "loop", "c")

    assert said.code == 1
    assert said.out.splitlines() == [
        "missing: 0 recorded, 0 known, 1 refused",
        "a: 1 recorded, 0 known, 0 refused",
        "folder: 0 recorded, 0 known, 1 refused",
        "b: 0 recorded, 0 known, 1 refused",
        "loop: 0 recorded, 0 known, 1 refused",
        "c: 2 recorded, 1 known, 0 refused",
    ]
    assert [line for line in said.err.splitlines() if "cannot be read" in line] == [
        "feedserver: missing: cannot be read: No such file or directory",
        "feedserver: folder: cannot be read: Is a directory",
        "feedserver: loop: cannot be read: Too many levels of symbolic links",
    ]


@pytest.mark.skipif(
    not Path("/proc/self/mem").exists(), reason="no file here fails when it is read"
)
def test_a_file_that_fails_while_it_is_read_is_told(command: Command, place: Place) -> None:
    said = command("record", "/proc/self/mem")

    assert said.code == 1
    assert said.err == "feedserver: /proc/self/mem: cannot be read: Input/output error\n"


def test_a_file_whose_name_is_no_text_is_told_too(command: Command, place: Place) -> None:
    path = Path(os.fsdecode(b"odd\xff\n"))
    path.write_text(NDJSON, encoding="utf-8")

    said = command("record", str(path))

    assert (said.code, place.ids()) == (0, ["1", "2", "3"])
    assert said.out.endswith("3 recorded, 0 known, 0 refused\n")


def test_a_file_that_has_grown_is_recorded_further(command: Command, place: Place) -> None:
    lines = [dumped({"actor": "Ann", "object": f"Case {number}"}) for number in range(4)]
    path = place.write("some", "\n".join(lines[:3]) + lines[3][:9])
    assert command("record", path).code == 1

    place.write("some", "\n".join(lines))
    said = command("record", path)

    assert said.out == f"{path}: 2 recorded, 2 known, 0 refused\n"
    assert [draft.object.name[-1] for draft in place.recorded()] == ["0", "1", "2", "3"]


def test_each_file_counts_for_itself(command: Command, place: Place) -> None:
    same = dumped({"actor": "Ann", "verb": "close", "object": "Case 7"})
    place.write("a", f"{same}\n{same}")
    place.write("b", f"{same}\n{same}\n{same}")

    said = command("record", "a", "b", "a")

    assert [line.partition(", 0 refused")[0] for line in said.out.splitlines()] == [
        "a: 2 recorded, 0 known",
        "b: 1 recorded, 2 known",
        "a: 0 recorded, 2 known",
    ]


def test_a_collection_may_be_as_large_as_it_likes(command: Command, place: Place) -> None:
    place.authorise(AUTHORITY, "max_batch = 3\nmax_body = 100\n")
    path = place.write("some", dumped([one(str(number)) for number in range(1100)]))

    assert command("record", path).out == f"{path}: 1,100 recorded, 0 known, 0 refused\n"


def test_lines_that_are_too_long_are_refused_and_others_not(command: Command, place: Place) -> None:
    path = place.folder / "some"
    with path.open("wb") as file:
        file.write(dumped(one("1")).encode() + b"\n")
        file.seek(MAX_LINE + 1000)
        file.write(b"\n" + dumped(one("2")).encode())

    said = command("record", str(path))

    assert said.out == f"{path}: 2 recorded, 0 known, 1 refused\n"
    assert f"feedserver: {path}:2: It is longer than a line may be" in said.err


def test_a_document_that_is_too_long_is_refused(command: Command, place: Place) -> None:
    path = place.folder / "some"
    with path.open("wb") as file:
        file.write(b"[\n")
        file.seek(MAX_LINE - 1)
        file.write(b"\n]\n")

    said = command("record", str(path))

    assert said.err == (
        f"feedserver: {path}: It begins as a document of more than 64 MiB; write one activity a "
        "line.\n"
    )


class TestSavedFeeds:
    """What `feedserver show` has printed."""

    LINES = "\n".join(
        map(
            dumped,
            [
                CONTEXT | two("1", tags=["vip"], content="<p>It &amp; that</p>", attachment="x"),
                one("2", queue="Support", title="<b>Closed</b>", published="2020-05-08T12:00:00Z"),
                {"actor": "Ann", "verb": "email-out", "object": {"objectType": "issue"}},
            ],
        )
    )

    @pytest.fixture
    def saved(self, command: Command, place: Place) -> dict[str, str]:
        """The feed of a log in each format, in a file."""
        command("record", place.write("some", self.LINES))
        return {
            extension: place.write(f"all.{extension}", command("show", f"all.{extension}").out)
            for extension in ("json", "as1", "atom")
        }

    @pytest.mark.parametrize("extension", ["json", "as1", "atom"])
    def test_those_of_our_own_log_are_known(
        self, command: Command, saved: dict[str, str], extension: str
    ) -> None:
        said = command("record", saved[extension])

        assert (said.code, said.err) == (0, "")
        assert said.out == f"{saved[extension]}: 0 recorded, 3 known, 0 refused\n"

    @pytest.mark.parametrize("extension", ["json", "as1", "atom"])
    def test_those_of_another_authority_keep_their_ids(
        self,
        command: Command,
        place: Place,
        saved: dict[str, str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        extension: str,
    ) -> None:
        ids = [draft.id for draft in place.recorded()]
        other = Place(tmp_path / "there")
        other.authorise("other.example,2026")
        monkeypatch.setenv("FEEDSERVER_SETTINGS", str(other.settings))

        said = command("record", saved[extension])
        again = command("record", saved[extension])
        shown = json.loads(command("show", "all.json").out)["orderedItems"]

        assert said.out == f"{saved[extension]}: 3 recorded, 0 known, 0 refused\n"
        assert again.out == f"{saved[extension]}: 0 recorded, 3 known, 0 refused\n"
        assert {item["id"] for item in shown} == set(ids)
        assert {item["sourceName"] for item in shown} == {"files"}


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><author><name>Zo\xeb</name></author>
<entry><id>urn:example:1</id><title>One</title><published>2020-05-08T12:00:00Z</published></entry>
<entry><title>Two</title></entry>
<entry><title>Two</title></entry>
<entry><id>3</id><title>Three</title></entry></feed>
"""


class TestAtom:
    @pytest.mark.parametrize(
        ("encoding", "declared", "options"),
        [
            ("utf-8", "", ()),
            ("utf-8-sig", "", ()),
            ("utf-16", "", ()),
            ("utf-16-le", '<?xml version="1.0"?>', ()),
            ("cp1252", '<?xml version="1.0" encoding="windows-1252"?>', ()),
            ("cp1252", "", ("--charset", "windows-1252")),
        ],
    )
    def test_a_feed_is_recorded_and_known_when_it_is_recorded_again(
        self, command: Command, place: Place, encoding: str, declared: str, options: tuple[str, ...]
    ) -> None:
        path = place.write("blog", (declared + ATOM).encode(encoding))

        first, again = command("record", path, *options), command("record", path, *options)

        assert first.out == f"{path}: 3 recorded, 0 known, 1 refused\n"
        assert again.out == f"{path}: 0 recorded, 3 known, 1 refused\n"
        assert first.err.startswith(f"feedserver: {path}: /feed/entry[4]/id is '3', which is no")
        assert [draft.title for draft in place.recorded()] == ["One", "Two", "Two"]
        assert {draft.actor.name for draft in place.recorded()} == {"Zo\xeb"}

    def test_an_entry_may_come_by_a_pipe(self, command: Command, place: Place) -> None:
        with standard_input(ATOM.replace("<entry><id>3</id><title>", "").encode(), place.folder):
            said = command("record", "-")

        assert (said.code, said.out) == (1, "-: 0 recorded, 0 known, 1 refused\n")
        assert "It is no XML: Opening and ending tag mismatch" in said.err

        with standard_input(ATOM.replace("<id>3<", "<id>urn:example:3<").encode(), place.folder):
            said = command("record", "-")

        assert (said.code, said.out) == (0, "-: 4 recorded, 0 known, 0 refused\n")

    def test_a_feed_has_as_many_entries_as_it_likes(self, command: Command, place: Place) -> None:
        place.authorise(AUTHORITY, "max_batch = 3\nmax_body = 100\n")
        entries = "".join(f"<entry><id>urn:example:{number}</id></entry>" for number in range(600))
        path = place.write("blog", ATOM.partition("<entry>")[0] + entries + "</feed>")

        assert command("record", path).out == f"{path}: 600 recorded, 0 known, 0 refused\n"

    def test_a_document_that_is_too_long_is_refused(self, command: Command, place: Place) -> None:
        path = place.folder / "blog"
        with path.open("wb") as file:
            file.write(b"<feed>")
            file.seek(MAX_LINE)
            file.write(b"\n")

        said = command("record", str(path))

        assert "It is a document of more than 64 MiB; record it in several." in said.err


def test_the_source_is_as_it_is_named(command: Command, place: Place) -> None:
    command("record", place.write("some", dumped(one("1"))), "--source", " old  desk ")

    assert [draft.source for draft in place.recorded()] == ["old desk"]


@pytest.mark.parametrize("source", ["crm", " crm", "", " "])
def test_a_source_that_polls_cannot_be_claimed(command: Command, place: Place, source: str) -> None:
    place.authorise(AUTHORITY, '[sources.crm]\ntype = "clarify"\n')

    said = command("record", "some", "--source", source)

    assert (said.code, said.out) == (1, "")
    assert "cannot stand for files" in said.err


def test_nothing_is_recorded_before_a_history_is(command: Command, folder: Path) -> None:
    (folder / "some").write_text(NDJSON, encoding="utf-8")
    path = str(folder / "some")

    early = command("record", path)
    command("pull", "--once")
    late = command("record", path)

    assert (early.code, early.out) == (1, "")
    assert "The history of source crm is still being read" in early.err
    assert late.out == f"{path}: 3 recorded, 0 known, 0 refused\n"


def test_without_a_file_it_is_wrong_usage(command: Command) -> None:
    assert command("record").code == 2


@contextmanager
def standard_input(content: bytes, folder: Path) -> Iterator[None]:
    """Lets this process read that from its standard input."""
    path = folder / "input"
    path.write_bytes(content)
    kept = os.dup(0)
    with path.open("rb") as file:
        os.dup2(file.fileno(), 0)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)


def test_a_dash_is_standard_input(command: Command, place: Place) -> None:
    with standard_input(NDJSON.encode(), place.folder):
        said = command("record", place.write("a", dumped(one("4"))), "-")

    assert said.out.splitlines()[1] == "-: 3 recorded, 0 known, 0 refused"
    assert place.ids() == ["4", "1", "2", "3"]


class Process:
    """`feedserver record` in a process of its own."""

    def __init__(
        self,
        place: Place,
        *arguments: str,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int = subprocess.PIPE,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "feedserver", "record", *arguments],
            env=os.environ | {"FEEDSERVER_SETTINGS": str(place.settings)},
            cwd=place.folder,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it said on standard error."""
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, (err or b"").decode()


@contextmanager
def unread_pipe() -> Iterator[int]:
    """A pipe to write to whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


def test_it_goes_on_where_nobody_reads_what_it_says(place: Place) -> None:
    lines = "\n".join(dumped(one(f"many-{number}")) for number in range(600))
    place.write("a", NDJSON)
    place.write("b", f"x\n{lines}\nx\n")
    place.write("c", dumped(one("4")))

    with unread_pipe() as pipe:
        said = Process(place, "a", "b", "c", stdout=pipe, stderr=pipe).end()

    assert said == (1, "")
    assert len(place.ids()) == 604


def test_all_that_is_recorded_is_0_though_nobody_reads_it(place: Place) -> None:
    place.write("a", NDJSON)

    with unread_pipe() as pipe:
        said = Process(place, "a", "a", stdout=pipe).end()

    assert said == (0, "")


def test_it_records_where_it_can_say_nothing(place: Place) -> None:
    place.write("bad", "x")
    place.write("good", NDJSON)
    command = f"{sys.executable} -m feedserver record bad good >&- 2>&-"

    ended = subprocess.run(["sh", "-c", command], cwd=place.folder, check=False, timeout=20)

    assert ended.returncode == 1
    assert place.ids() == ["1", "2", "3"]


def test_it_reads_nothing_of_what_is_recorded_already(command: Command, place: Place) -> None:
    command("record", place.write("a", NDJSON))
    store = sqlite3.connect(place.folder / "feedserver.db")
    store.execute("UPDATE version SET document = x'00'")
    store.commit()
    store.close()

    assert command("record", place.write("b", dumped(one("4")))).code == 0


def test_it_loads_nothing_that_only_readers_need(place: Place) -> None:
    place.write("a", NDJSON)
    code = (
        "import sys; from feedserver.cli.main import run; run(['record', 'a']); "
        "print({name.partition('.')[0] for name in sys.modules})"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=place.folder, capture_output=True, check=True, timeout=20
    )

    loaded = set(re.findall(r"'(\w+)'", ended.stdout.decode()))
    assert "sqlalchemy" in loaded
    assert not loaded & {"flask", "werkzeug", "feedgen", "lxml", "waitress", "prometheus_client"}


def test_a_terminal_sees_how_far_it_is_and_ctrl_c_loses_nothing(
    place: Place, command: Command
) -> None:
    lines = "".join(dumped({"actor": "Ann", "object": f"Case {n}"}) + "\n" for n in range(3000))
    path = place.write("some", lines)
    terminal, end = pty.openpty()
    recording = Process(place, "-", stdin=subprocess.PIPE, stdout=end, stderr=end)
    os.close(end)
    assert recording.process.stdin is not None
    recording.process.stdin.write(lines.encode())
    recording.process.stdin.flush()

    seen = read_until(terminal, rb"\r\x1b\[K1,000 recorded, 0 known \xe2\x80\xa6")
    recording.process.send_signal(signal.SIGINT)
    seen += read_until(terminal, rb"-: [\d,]+ recorded, 0 known, 0 refused\r\n")
    recording.process.stdin.close()
    code = recording.process.wait(20)
    os.close(terminal)

    assert code == 130
    assert b"Traceback" not in seen
    assert b"feedserver: -: stopped. Run it again to go on; nothing is recorded twice.\r\n" in seen
    recorded = len(place.ids())
    assert recorded in range(1000, 3000, 500)
    assert f"-: {recorded:,} recorded".encode() in seen
    assert command("record", path).out == (
        f"{path}: {3000 - recorded:,} recorded, {recorded:,} known, 0 refused\n"
    )


def read_until(terminal: int, pattern: bytes) -> bytes:
    """What is written to the terminal, up to what matches."""
    seen, deadline = b"", time.monotonic() + 20
    while not re.search(pattern, seen):
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, seen
        seen += os.read(terminal, 4096)
    return seen


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (gzip.compress(b'{"actor": "Ann"}\n', mtime=0), "It is compressed. Unpack it: zcat FILE"),
        (b"<?xml version='1.0'?>\n<feed>\n<entry/>\n</feed>\n", "which is no Atom. Send an entry"),
        (b"<rss version='2.0'><channel/></rss>", "/rss is <rss> in no namespace"),
        (b"<!DOCTYPE html>\n<html>\n", "It has a DOCTYPE, which is refused"),
        (b"\n<feed>\n<entry></feed>\n", "It is no XML: Opening and ending tag mismatch"),
    ],
)
def test_a_file_of_another_kind_is_told_once(
    command: Command, place: Place, content: bytes, told: str
) -> None:
    said = command("record", place.write("other", content))

    assert said.code == 1
    assert said.err.count("\n") == 1
    assert told in said.err
