"""`feedserver redact`: what was said is gone, for every reader and from every file."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from webtest import TestApp

from feedserver.assembly import assemble
from feedserver.settings import load_settings
from feedserver.web.app import create_app
from tests.cli.conftest import Command

MARK = "Xylophon"
ID = "urn:example:marked"
MARKED = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": ID,
    "type": "Create",
    "actor": {"type": "Person", "id": f"https://people.example/{MARK}", "name": MARK},
    "object": {"type": "Note", "id": f"https://things.example/{MARK}", "name": MARK},
    "summary": f"{MARK} was here",
    "content": f"<p>{MARK * 500}</p>",
    "url": f"https://things.example/{MARK}.html",
    "queue": MARK,
    "product": MARK,
    "tags": [MARK],
    "customer": MARK,
    "ex:heat": MARK,
}
OTHER = {"id": "urn:example:other", "actor": "Ann", "verb": "close", "title": "Something else"}
ADDRESSES = [
    "/",
    "/all.atom",
    "/all.json",
    "/all.as1",
    "/all.json?after=&-source=crm",
    "/all.atom?after=&-source=crm",
    "/all.atom?archive=0&-source=crm",
    "/feeds",
    "/feeds.json",
    "/feeds.opml",
    "/filters",
    "/service",
    f"/all.json?tag={MARK}",
    f"/all.rss?q={MARK}",
    f"/all.jsonfeed?filter=tag:{MARK}",
    f"/feeds.opml?tag={MARK}",
    f"/tags/{MARK}.atom",
    f"/queues/{MARK}",
    f"/activities/{quote(ID, safe='')}",
    f"/activities/{quote(ID, safe='')}.atom",
]


@pytest.fixture
def marked(folder: Path, command: Command) -> Path:
    """The folder of a store into which the marked activity was recorded after a CRM's."""
    assert command("pull", "--once").code == 0
    lines = folder / "lines.ndjson"
    lines.write_text(f"{json.dumps(MARKED)}\n{json.dumps(OTHER)}\n", encoding="utf-8")
    assert command("record", str(lines)).code == 0
    return folder


@pytest.fixture
def app(marked: Path) -> Iterator[TestApp]:
    """A server that has read the store before anything was redacted, and goes on."""
    server = assemble(load_settings())
    app = TestApp(create_app(server))
    app.get("/all.atom")
    yield app
    server.close()


def told(app: TestApp) -> dict[str, str]:
    """What the server says at each address, but for the addresses of what was asked."""
    answers = {address: app.get(address, expect_errors=True) for address in ADDRESSES}
    return {address: answer.body.decode() for address, answer in answers.items()}


def files_with(text: str, folder: Path) -> list[str]:
    """The files of the store in which the text stands."""
    return sorted(
        path.name for path in folder.glob("feedserver.db*") if text.encode() in path.read_bytes()
    )


def test_each_id_is_told_and_what_is_left_to_do(command: Command, marked: Path) -> None:
    first = command("redact", ID)
    again = command("redact", "urn:example:other", ID)

    assert (first.code, first.out) == (0, f"{ID}: redacted\n")
    assert first.err == (
        "The store's files still hold what was redacted until you run: feedserver store vacuum. "
        "Backups made before hold it, too.\n"
    )
    assert again.code == 0
    assert again.out == f"urn:example:other: redacted\n{ID}: was redacted before\n"


def test_ids_are_read_from_standard_input(
    command: Command, marked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"\n  {ID}  \nurn:example:other\n\n"))

    said = command("redact", "-")

    assert said.out == f"{ID}: redacted\nurn:example:other: redacted\n"


def test_where_one_is_not_known_nothing_is_redacted(command: Command, marked: Path) -> None:
    said = command("redact", ID, "urn:example:nothing")

    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "feedserver: No activity has the id urn:example:nothing; nothing was redacted.\n"
    )
    assert MARK in command("show", "all.json").out


def test_without_an_id_it_is_wrong_usage(command: Command) -> None:
    said = command("redact")

    assert said.code == 2
    assert said.err.count("\n") == 1


def test_a_running_server_shows_nothing_of_it_from_its_next_request_on(
    app: TestApp, command: Command
) -> None:
    before = told(app)
    assert [address for address in ADDRESSES if MARK not in before[address]] == []

    command("redact", ID)

    for address, body in told(app).items():
        asked = MARK in address
        left = re.sub(rf"(?i)({re.escape(quote(MARK))}|{MARK})", "", body) if asked else body
        assert MARK not in left, address
        assert f"{MARK} was here" not in body, address
        assert f"{MARK}{MARK}" not in body, address
    assert app.get(ADDRESSES[-1], expect_errors=True).status_int == 410


def test_after_vacuum_it_is_in_none_of_the_files_of_a_store_in_use(
    app: TestApp, marked: Path, command: Command
) -> None:
    command("redact", ID)
    assert files_with(MARK, marked), "until then the files hold it"

    said = command("store", "vacuum")

    assert said.code == 0
    assert files_with(MARK, marked) == []
    assert files_with("Something else", marked) == ["feedserver.db"]
    newest = app.get("/all.json").json["orderedItems"]
    assert [item.get("name") for item in newest[:2]] == [None, "Something else"]
    assert command("store", "check").code == 0


def test_what_is_sent_again_under_its_id_is_refused(marked: Path, command: Command) -> None:
    command("redact", ID)

    said = command("record", str(marked / "lines.ndjson"))

    assert said.code == 1
    assert "lines.ndjson:1: " in said.err
    assert said.out.endswith("0 recorded, 1 known, 1 refused\n")
    assert MARK not in command("show", "all.json?limit=500").out


def test_a_source_that_meets_the_id_again_brings_nothing_back(
    marked: Path, command: Command
) -> None:
    command("store", "vacuum")
    written = (marked / "feedserver.db").read_text("utf-8", errors="replace")
    page = json.loads(command("show", "all.json?source=crm&limit=500").out)
    # The same may have happened twice in a day.
    entry = next(each for each in page["orderedItems"] if written.count(each["name"]) == 1)

    command("redact", entry["id"])

    again = command("pull", "--once")
    assert again.out == "crm: 0 recorded, 0 of them odd\n"
    assert command("store", "vacuum").code == 0
    left, *_ = json.loads(command("show", "all.json?source=crm&limit=1").out)["orderedItems"]
    assert left.keys() == {"id", "type", "deleted"}
    assert left["id"] == entry["id"]
    assert files_with(entry["name"], marked) == []
