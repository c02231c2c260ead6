"""The real service desk's log, read by real feed readers as Debian has them.

Each gets the feed and, as for a first import, every archive as a feed of its own; then only what is
new. Where a reader does something of its own with an edit, the test says what it really does.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from urllib.parse import quote

import pytest

from feedserver.assembly import Server, assemble
from feedserver.model.activity import Activity
from feedserver.settings import make_settings
from tests.builders import AUTHORITY, make_draft
from tests.checker.documents import links, parse
from tests.sources.clarify_data import unpacked
from tests.stories.test_serving import Running, free_port

Rows = list[tuple[str, str]]
"""Ids and titles, as a reader holds them."""


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skips the test where one of those programs is not installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


class Desk:
    """The service desk's log, served by a process; tests write to the same store beside it."""

    def __init__(self, folder: Path) -> None:
        source = {
            "type": "clarify",
            "url": f"sqlite:///{unpacked('sample', folder)}",
            "timezone": "UTC",
            "start": "all",
        }
        importing = self._open(folder, {"sources": {"crm": source}})
        for polling in importing.pollings:
            while polling.step():
                pass
        importing.close()
        self._writer = self._open(folder, {})
        port = free_port()
        settings = f'authority = "{AUTHORITY}"\nbase_url = "http://127.0.0.1:{port}"\n'
        (folder / "feedserver.toml").write_text(settings, encoding="utf-8")
        self._process = Running(folder, port, "serve", "--no-worker", "--port", str(port))

    def _open(self, folder: Path, values: Mapping[str, object]) -> Server:
        return assemble(make_settings(folder, {"authority": AUTHORITY, **values}))

    def wait(self) -> None:
        """Until the server answers."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                self._process.get("/healthz")
                return
            except OSError:
                assert self._process.process.poll() is None, self._process.said()
            time.sleep(0.05)
        pytest.fail(f"not ready: {self._process.said()}")

    def ids(self, queue: str | None) -> set[str]:
        """Every id of the log, or of that queue's."""
        return {
            version.id
            for version in self._writer.log.read(0)
            if queue is None or (isinstance(version, Activity) and queue in version.draft.queues)
        }

    def addresses(self, queue: str | None = None) -> list[str]:
        """The feed (of that queue), and the archives to which one leads after the other."""
        found: list[str] = []
        path = "/all.atom" if queue is None else f"/queues/{quote(queue)}.atom"
        address: str | None = self._process.base + path
        while address is not None:
            found.append(address)
            with urllib.request.urlopen(address, timeout=10) as answer:
                address = links(answer.headers["Link"]).get("prev-archive")
        return found

    def told(self, addresses: list[str]) -> list[str]:
        """The ids of the entries in the documents at these addresses, one after the other."""
        documents = (self._process.get(each.removeprefix(self._process.base)) for each in addresses)
        return [entry.id for document in documents for entry in parse("atom", document)]

    def post(self, title: str) -> str:
        """Record an activity; its id."""
        draft = make_draft(title=title)
        self._writer.intake.record([draft])
        return draft.id

    def edit(self, back: int, title: str, is_silent: bool) -> str:
        """Change the activity that is that far back from the newest; its id."""
        log = self._writer.log
        versions = [log.find(version.id) for version in log.read(log.head() - 50)]
        newest = versions[-back]
        assert isinstance(newest, Activity)
        log.replace(newest.position, replace(newest.draft, title=title), is_silent)
        return newest.id

    def answers(self) -> Counter[int]:
        """How many answers feeds have had so far, by their status."""
        told = self._process.get("/metrics").decode()
        found = re.findall(r'^feedserver_polls_total\{.*status="(\d+)"\} (\d+)', told, re.MULTILINE)
        return sum((Counter({int(status): int(count)}) for status, count in found), Counter())

    def close(self) -> None:
        """Stop the server."""
        self._writer.close()
        self._process.process.kill()
        self._process.process.wait(10)
        self._process.log.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for all the readers: each expects what the log holds when it comes."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    try:
        desk.wait()
        yield desk
    finally:
        desk.close()


class Reader:
    """A reader with a home of its own."""

    shows_edits: bool
    """Whether one of known id and other content reaches its user."""

    queue: str | None = None
    """The queue that it reads, None for everything."""

    unchanged: int
    """The status with which it is answered where it has a feed already."""

    def __init__(self, home: Path, addresses: list[str]) -> None:
        self._home = home
        self.subscribe(addresses)

    def subscribe(self, addresses: list[str]) -> None:
        """Write the configuration that has these feeds."""
        raise NotImplementedError

    def run(self) -> None:
        """Ask each feed once."""
        raise NotImplementedError

    def rows(self) -> Rows:
        """What it shows its user."""
        raise NotImplementedError

    def _command(self, *arguments: str) -> None:
        names = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
        environment = os.environ | dict.fromkeys(names, str(self._home))
        subprocess.run(
            arguments,
            cwd=self._home,
            env=environment,
            check=True,
            capture_output=True,
            timeout=60,
        )


class Sfeed(Reader):
    """sfeed, by its own script for regular use; it keeps a file of lines for each feed.

    It sends no validators. A line is another one when its id, link or title is: an edited title
    stands beside the old one.
    """

    shows_edits = True
    unchanged = 200

    def subscribe(self, addresses: list[str]) -> None:
        feeds = "\n".join(f"feed {number} '{each}'" for number, each in enumerate(addresses))
        text = f"sfeedpath={self._home}/feeds\nfeeds() {{\n{feeds}\n}}\n"
        (self._home / "sfeedrc").write_text(text, encoding="utf-8")

    def run(self) -> None:
        self._command("sfeed_update", "sfeedrc")

    def rows(self) -> Rows:
        files = (self._home / "feeds").iterdir()
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
        return [(cells[5], cells[1]) for cells in (line.split("\t") for line in lines)]


class Newsboat(Reader):
    """newsboat, with its cache; it knows an id again whichever feed it is in.

    It shows what an entry says now, edits of either kind too, and does not call it new.
    """

    shows_edits = True
    unchanged = 304

    def subscribe(self, addresses: list[str]) -> None:
        (self._home / "urls").write_text("\n".join(addresses) + "\n", encoding="utf-8")

    def run(self) -> None:
        arguments = ("-u", "urls", "-c", "cache.db", "-C", "/dev/null", "-x", "reload")
        self._command("newsboat", *arguments)

    def rows(self) -> Rows:
        cache = sqlite3.connect(self._home / "cache.db")
        rows: Rows = cache.execute("SELECT guid, title FROM rss_item").fetchall()
        cache.close()
        return rows


class Rss2Email(Reader):
    """rss2email, which sends a mail for each entry: here into a folder.

    It trusts ids: an edited entry is one that was sent already (unless `reply-changes` is set).
    It takes 3 ms for an entry, which is why it is given one queue.
    """

    queue = "Group 70"
    shows_edits = False
    unchanged = 304

    def subscribe(self, addresses: list[str]) -> None:
        for name in ("new", "cur", "tmp"):
            (self._home / "mail" / name).mkdir(parents=True, exist_ok=True)
        feeds = "".join(f"[feed.f{at}]\nurl = {each}\n" for at, each in enumerate(addresses))
        text = (
            "[DEFAULT]\nfrom = feeds@example.com\nto = reader@example.com\n"
            f"email-protocol = maildir\nmaildir-path = {self._home}/mail\nmaildir-mailbox = .\n"
        )
        (self._home / "config").write_text(text + feeds, encoding="utf-8")

    def run(self) -> None:
        self._command("r2e", "-c", "config", "-d", "data", "run")

    def rows(self) -> Rows:
        mails = (message_from_bytes(file.read_bytes()) for file in self._home.glob("mail/new/*"))
        return [(str(mail["X-RSS-ID"]), str(mail["Subject"])) for mail in mails]


EVERY = [
    pytest.param(Sfeed, marks=needs("sfeed_update", "curl")),
    pytest.param(Newsboat, marks=needs("newsboat")),
    pytest.param(Rss2Email, marks=needs("r2e")),
]


@pytest.mark.parametrize("kind", EVERY)
def test_who_follows_the_archives_has_every_activity_of_the_log(
    desk: Desk, tmp_path: Path, kind: type[Reader]
) -> None:
    addresses = desk.addresses(kind.queue)
    told = desk.told(addresses)
    reader = kind(tmp_path, addresses)

    reader.run()
    rows = reader.rows()
    reader.run()  # newsboat sends validators from its third run only
    asked = desk.answers()
    reader.run()

    assert set(told) == desk.ids(kind.queue)
    # Feeds of their own overlap: of these three newsboat alone knows an id from another feed again.
    assert sorted(id for id, _ in rows) == sorted(set(told) if kind is Newsboat else told)
    assert sorted(reader.rows()) == sorted(rows)
    assert desk.answers() - asked == {reader.unchanged: len(addresses)}


@pytest.mark.parametrize("kind", EVERY)
def test_what_is_new_is_told_once_and_what_was_edited_keeps_its_id(
    desk: Desk, tmp_path: Path, kind: type[Reader]
) -> None:
    reader = kind(tmp_path, desk.addresses()[:2])
    reader.run()
    before = Counter(reader.rows())

    posted = desk.post("Posted just now")
    loud = desk.edit(20, "Edited for all to see", is_silent=False)
    silent = desk.edit(10, "Edited silently", is_silent=True)
    reader.run()

    after = Counter(reader.rows())
    edits = [(loud, "Edited for all to see"), (silent, "Edited silently")]
    shown = edits if reader.shows_edits else []
    assert sorted((after - before).elements()) == sorted([(posted, "Posted just now"), *shown])
    has_lost = (before - after).total()
    assert has_lost == (2 if kind is Newsboat else 0)  # it puts an edit in the place of what was
