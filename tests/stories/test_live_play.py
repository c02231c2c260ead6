"""A service desk's days are played into its CRM, and two readers miss nothing of them."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import feedparser
import pytest

from feedserver.assembly import Server, assemble
from feedserver.model.identity import scheme
from feedserver.settings import make_settings
from feedserver.web.app import create_app
from feedserver.worker import Worker
from tests.builders import AUTHORITY
from tests.sources.clarify_data import data_folder, unpacked
from tests.web.listening import free_port, listening

NEWEST = 500  # a reader that a busy machine keeps from polling for three seconds misses none
EVERY = 0.25  # seconds between two polls of a reader
MAX_GAP = 0.01  # seconds between two steps of the log: some 400 steps of 1.4 entries in 4 s
PATIENCE = 60.0

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PlainReader:
    """Reads the newest entries of an Atom feed, asks with the ETag, and knows nothing more."""

    def __init__(self, address: str) -> None:
        self._address = f"{address}/all.atom?limit={NEWEST}"
        self._etag = ""
        self.queues: dict[str, tuple[str, ...]] = {}
        self.polls = 0

    def poll(self) -> None:
        request = urllib.request.Request(self._address, headers={"If-None-Match": self._etag})
        try:
            with _opener.open(request, timeout=PATIENCE) as response:
                self._etag = response.headers["ETag"]
                self._keep(response.read())
        except urllib.error.HTTPError as answer:
            answer.close()
            if answer.code != 304:
                raise
        self.polls += 1

    def _keep(self, body: bytes) -> None:
        assert b"INTERNAL: " not in body
        feed = feedparser.parse(body)
        assert not feed.bozo
        seen_before = set(self.queues)
        for entry in feed.entries:
            self.queues[entry.id] = tuple(
                tag.term
                for tag in entry.get("tags", ())
                if tag.scheme == scheme(AUTHORITY, "queue")
            )
        if seen_before:
            # Played slowly enough: what is new never fills the whole window.
            assert seen_before & {entry.id for entry in feed.entries}


class CursorReader:
    """Follows the links of a JSON feed from the beginning of the log."""

    def __init__(self, address: str) -> None:
        self._next = f"{address}/all.json?after=&limit=50"
        self.queues: dict[str, tuple[str, ...]] = {}
        self.order: list[str] = []

    def poll(self) -> None:
        while True:
            with _opener.open(self._next, timeout=PATIENCE) as response:
                body = response.read()
            assert b"INTERNAL: " not in body
            page = json.loads(body)
            self._next = page["next"]
            for item in page["orderedItems"]:
                self.order.append(item["id"])
                self.queues[item["id"]] = tuple(item.get("queue", ()))
            if not page["orderedItems"]:
                return


@pytest.fixture
def port() -> int:
    """A free port of this machine."""
    return free_port()


@contextmanager
def repeating(poll: Callable[[], None]) -> Iterator[list[BaseException]]:
    """Polls again and again in a thread; gives what went wrong there."""
    stop = threading.Event()
    wrong: list[BaseException] = []

    def run() -> None:
        while not wrong and not stop.wait(EVERY):
            try:
                poll()
            except BaseException as error:  # noqa: BLE001 - the test fails with it
                wrong.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        thread.join()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def tool(*arguments: object) -> list[str]:
    path = data_folder().parent / "tools" / "clarify_db.py"
    if not path.is_file():
        pytest.skip("clarify_db.py is not beside the folder that FEEDSERVER_TEST_DATA names")
    return [sys.executable, str(path), *map(str, arguments)]


def objids(database: Path) -> list[int]:
    connection = sqlite3.connect(database)
    found = connection.execute("SELECT objid FROM table_act_entry ORDER BY objid").fetchall()
    connection.close()
    return [row[0] for row in found]


def ids(objids: list[int]) -> list[str]:
    return [f"tag:{AUTHORITY}:crm/act_entry/{objid}" for objid in objids]


def queue_counts(queues: dict[str, tuple[str, ...]]) -> Counter[str]:
    return Counter(queue for named in queues.values() for queue in named)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return unpacked("open", tmp_path)


@pytest.fixture
def server(database: Path, port: int, tmp_path: Path) -> Iterator[Server]:
    source = {
        "type": "clarify",
        "url": f"sqlite:///{database}",
        "timezone": "Europe/Berlin",
        "start": "all",
        "every": 0.1,
    }
    address = f"http://127.0.0.1:{port}"
    values = {"authority": AUTHORITY, "base_url": address, "sources": {"crm": source}}
    server = assemble(make_settings(tmp_path, values))
    yield server
    server.close()


def test_a_plain_reader_and_a_cursor_reader_both_end_with_everything(
    server: Server, port: int, database: Path, tmp_path: Path
) -> None:
    before = objids(database)
    log = data_folder() / "servicenow-incidents" / "sample.csv"
    play = tool("--log", "servicenow", log, "--db", database, "--append-from", "last")
    worker = Worker(server.pollings)
    worker.start()
    try:
        with listening(create_app(server), server, port):
            wait_until(lambda: server.log.head() == len(before))
            plain = PlainReader(server.reading.base_url)
            cursor = CursorReader(server.reading.base_url)
            plain.poll()
            with repeating(plain.poll) as plain_wrong, repeating(cursor.poll) as cursor_wrong:
                subprocess.run(
                    [*play, "--play", "1000", "--max-gap", str(MAX_GAP)],
                    check=True,
                    capture_output=True,
                )
                after = objids(database)
                wait_until(lambda: server.log.head() >= len(after))
            assert (plain_wrong, cursor_wrong) == ([], [])
            assert plain.polls > 2  # a busy machine lets it come to no more
            plain.poll()
            cursor.poll()
    finally:
        worker.stop()

    assert len(after) > len(before) + 500
    assert cursor.order == ids(after)
    assert set(plain.queues) == set(ids(after[len(before) - NEWEST :]))
    assert {id: cursor.queues[id] for id in plain.queues} == plain.queues
    wanted = expected_of(database, tmp_path / "expected.json")
    counts = queue_counts(cursor.queues)
    top20 = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20]
    assert [list(item) for item in top20] == wanted["queues_top20"]
    assert counts.total() == len(after) - wanted["without_queue"]


def expected_of(database: Path, path: Path) -> dict[str, Any]:
    """What the tool says that must come out of the database now."""
    command = tool("--db", database, "--expected", "--out", path)
    subprocess.run(command, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
