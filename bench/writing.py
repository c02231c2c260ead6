"""Measures intake: single posts, NDJSON and `record`, beside the bare database.

    python -m bench.writing

Everything runs in processes of its own on this machine and on one disk. Each round does all of
them in turn, so that a noisy moment meets all alike; told are medians, and what part they are of
the bare SQLite insert of as many bytes, as durable, in the same round. The clients are those of
`bench/clients.py`, all in this process. The slow disk is `bench/slow_disk.py`.

Then sixteen clients post to the slow disk while two hundred poll: how long after a 201 the next
poll shows what was posted. Each such poll begins after the 201; exits with 1 where one did not
show it.
"""

import hashlib
import json
import shutil
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.clients import Client, Clients
from bench.sites import Site

ROUNDS = 5
SECONDS = 2.0  # that the clients post in a round
ROWS = 600  # that the bare database commits one by one in a round
LINES = 50_000  # of NDJSON and of `record` in a round; a start of Python counts little
BATCH = 500  # rows that the bare database commits together, as feedserver does
CLIENTS = 16
POLLERS = 200  # each of another feed, once a second
WATCHED = 20.0  # seconds in which they poll

SINGLE = "bare insert, one a commit"
BATCHES = f"bare insert, {BATCH} a commit"


def main() -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(prefix="feedserver-bench-"))
    try:
        with (
            Site(folder / "quick").serving("feedserver", "serve", "--no-worker") as quick,
            Site(folder / "slow").serving("bench.slow_disk") as slow,
        ):
            _rounds(folder, quick, slow)
            stale = _watch(slow)
    finally:
        shutil.rmtree(folder)
    sys.exit(1 if stale else 0)


def _rounds(folder: Path, quick: Site, slow: Site) -> None:
    bare = _Bare(folder / "bare.sqlite")
    ways: dict[str, tuple[Callable[[int], float], str | None]] = {
        SINGLE: (bare.singles, None),
        "POST, 1 client": (lambda turn: _posts(quick, turn, 1), SINGLE),
        f"POST, {CLIENTS} clients": (lambda turn: _posts(quick, turn, CLIENTS), SINGLE),
        f"the same, {_slow()} a commit": (lambda turn: _posts(slow, turn, CLIENTS), None),
        BATCHES: (bare.batches, None),
        "POST of NDJSON": (lambda turn: _lines(quick, turn), BATCHES),
        "feedserver record": (lambda turn: _record(quick, turn), BATCHES),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        for name, (way, _) in ways.items():
            rates[name].append(way(turn))
            for site in (quick, slow):
                site.settle()
    for name, (_, beside) in ways.items():
        told = f"{statistics.median(rates[name]):>9,.0f}/s"
        if beside is not None:
            parts = [rate / other for rate, other in zip(rates[name], rates[beside], strict=True)]
            told += f"   {statistics.median(parts):.2f} of the {beside}"
        print(f"{name:<32} {told}", flush=True)


def _slow() -> str:
    from bench.slow_disk import MILLISECONDS

    return f"+ {MILLISECONDS:g} ms"


def _watch(site: Site) -> int:
    """Tell how soon the next poll shows what was posted; how many did not show it."""
    posters = [_Poster(site, f"watched-{number}") for number in range(CLIENTS - 1)]
    watcher = _Watcher(site)
    pollers = [
        _Poller(site, f"/all.json?tag=polled-{number}", number / POLLERS)
        for number in range(POLLERS)
    ]
    clients = Clients(site.port, [*posters, watcher, *pollers])
    took = clients.run(WATCHED)
    clients.close()
    posted = sum(poster.count for poster in posters) + len(watcher.seconds)
    polls = sorted(second for poller in pollers for second in poller.seconds)
    seen = sorted(watcher.seconds)
    print(
        f"{CLIENTS} clients post {posted / took:,.0f}/s, {POLLERS} poll {len(polls) / took:,.0f}/s "
        f"(p95 {_part(polls, 0.95)}): the poll after a 201 shows it in {_part(seen, 0.5)} (p50), "
        f"{_part(seen, 0.99)} (p99 of {len(seen)}); {watcher.stale} did not show it"
    )
    return watcher.stale


def _part(ordered: Sequence[float], part: float) -> str:
    return f"{ordered[int(part * (len(ordered) - 1))] * 1000:.0f} ms"


def _id(key: str) -> str:
    """A UUID as most senders use them: in an index it stands anywhere."""
    return uuid.UUID(bytes=hashlib.md5(key.encode()).digest(), version=4).urn


def _activity(key: str, queue: str = "Support") -> bytes:
    return json.dumps(
        {
            "@context": "https://www.w3.org/ns/activitystreams",
            "type": "Update",
            "id": _id(key),
            "published": "2026-05-08T12:00:00Z",
            "actor": {"type": "Person", "id": "urn:bench:ann", "name": "Ann Example"},
            "object": {"type": "Note", "id": f"urn:bench:case:{key}", "name": "Printer on fire"},
            "name": f"Ann Example changed case {key}: Printer on fire",
            "content": f"<p>{key}</p>"
            + "<p>It burns, and the smoke goes into the room beside it.</p>" * 4,
            "queue": queue,
            "product": "XR-20",
            "tags": ["vip", "priority:high"],
        }
    ).encode()


class _Bare:
    """SQLite alone: the store's table, as durable as the store."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE version (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,"
            " number INTEGER NOT NULL, recorded BIGINT, published BIGINT, updated BIGINT,"
            " second BIGINT, document BLOB, UNIQUE (id, number))"
        )

    def singles(self, turn: int) -> float:
        """One row a commit; how many a second."""
        began = time.perf_counter()
        for number in range(ROWS):
            self._insert([f"single {turn} {number}"])
        return ROWS / (time.perf_counter() - began)

    def batches(self, turn: int) -> float:
        """Many rows a commit; how many rows a second."""
        began = time.perf_counter()
        for start in range(0, LINES, BATCH):
            self._insert([f"batch {turn} {start + number}" for number in range(BATCH)])
        return LINES / (time.perf_counter() - began)

    def _insert(self, keys: list[str]) -> None:
        rows = [(_id(key), 1, 0, 0, 0, 0, _activity(key)) for key in keys]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO version (id, number, recorded, published, updated, second, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._connection.execute("COMMIT")


def _posts(site: Site, turn: int, clients: int) -> float:
    """One activity a request; how many a second."""
    posters = [_Poster(site, f"post-{clients}-{turn}-{number}") for number in range(clients)]
    running = Clients(site.port, posters)
    took = running.run(SECONDS)
    running.close()
    return sum(poster.count for poster in posters) / took


def _lines(site: Site, turn: int) -> float:
    """All in one request; how many lines a second."""
    body = b"\n".join(_activity(f"line-{turn}-{number}") for number in range(LINES))
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        connection.sendall(site.post("application/x-ndjson", body, "Connection: close"))
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    if answer.count(b'"recorded"') != LINES:
        raise SystemExit(f"NDJSON: {answer[-300:]!r}")
    return LINES / (time.perf_counter() - began)


def _record(site: Site, turn: int) -> float:
    """All in one file, with the start of the process; how many lines a second."""
    path = site.folder / "lines.ndjson"
    path.write_bytes(b"\n".join(_activity(f"file-{turn}-{number}") for number in range(LINES)))
    began = time.perf_counter()
    site.run("record", str(path))
    return LINES / (time.perf_counter() - began)


class _Poster:
    """Posts one activity after the other."""

    begins = 0.0

    def __init__(self, site: Site, name: str, queue: str = "Support") -> None:
        self.count = 0
        self._site = site
        self._name = name
        self._queue = queue

    def request(self) -> bytes:
        """The next activity."""
        body = _activity(f"{self._name}-{self.count}", self._queue)
        return self._site.post("application/activity+json", body)

    def answered(self, status: int, head: bytes, body: bytes, seconds: float) -> float:
        """It is recorded; the next one follows at once."""
        if status != 201:
            raise SystemExit(f"POST: {status} {body[:300]!r}")
        self.count += 1
        return 0


class _Poller:
    """Polls a feed once a second, with the ETag that it has."""

    def __init__(self, site: Site, path: str, begins: float = 0.0) -> None:
        self.begins = begins
        self.seconds: list[float] = []
        self._path = path
        self._etag = b""

    def request(self) -> bytes:
        """A conditional GET."""
        known = b"If-None-Match: " + self._etag + b"\r\n" if self._etag else b""
        return f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode() + known + b"\r\n"

    def answered(self, status: int, head: bytes, body: bytes, seconds: float) -> float:
        """It has what there is."""
        if status not in (200, 304):
            raise SystemExit(f"GET {self._path}: {status} {body[:300]!r}")
        self.seconds.append(seconds)
        for line in head.split(b"\r\n"):
            if line[:5].lower() == b"etag:":
                self._etag = line[5:].strip()
        return max(0.0, 1 - seconds)


class _Watcher:
    """Posts to a queue of its own, and polls its feed as soon as that was acknowledged."""

    begins = 0.0

    def __init__(self, site: Site) -> None:
        self.stale = 0
        self._poster = _Poster(site, "seen", "Watched")
        self._poller = _Poller(site, "/queues/Watched.json?limit=10")
        self._turn: Client = self._poster

    @property
    def seconds(self) -> Sequence[float]:
        """How long each of the polls took."""
        return self._poller.seconds

    def request(self) -> bytes | None:
        """A post, or the poll after it."""
        return self._turn.request()

    def answered(self, status: int, head: bytes, body: bytes, seconds: float) -> float:
        """Posted: it is polled at once. Polled: it must be there."""
        self._turn.answered(status, head, body, seconds)
        if self._turn is self._poster:
            self._turn = self._poller
            return 0
        self._turn = self._poster
        if _id(f"seen-{self._poster.count - 1}").encode() not in body:
            self.stale += 1
        return 0


if __name__ == "__main__":
    main()
