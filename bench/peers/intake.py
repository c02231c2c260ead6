"""Intake: feedserver's ways, django-activity-stream's and the bare database's, in turns."""

import http.client
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

from bench.activities import Made, as_line, make, write
from bench.machine import Feedserver, Serving, head, row, spread
from bench.peers.peer import Desk

SINGLES = 320  # activities that are sent each alone, in a round
MANY = 5_000  # that are sent together
BATCH = 500  # that the bare database commits together, as both of the others do
ONE, TOGETHER = "bare SQLite, one a commit", f"bare SQLite, {BATCH} a commit"


class Intake:
    """Every way to record activities; each records others than those before."""

    def __init__(self, folder: Path, site: Feedserver, desk: Desk | None) -> None:
        self._folder = folder
        self._site = site
        self._desk = desk
        self._token = site.token()
        self._made = _endless()
        self._bare = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
        self._bare.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE activity (position INTEGER PRIMARY KEY AUTOINCREMENT,"
            " id TEXT NOT NULL UNIQUE, published TEXT NOT NULL, document BLOB NOT NULL)"
        )

    def measure(self, serving: Serving, rounds: int, title: str) -> None:
        """Tell how many activities a second each way takes."""
        ways: dict[str, tuple[Callable[[], float], str]] = {
            ONE: (lambda: self._insert(SINGLES, 1), ONE),
            "feedserver, POST, 1 client": (lambda: self._post(serving.port, 1), ONE),
            "feedserver, POST, 16 clients": (lambda: self._post(serving.port, 16), ONE),
            TOGETHER: (lambda: self._insert(MANY, BATCH), TOGETHER),
            f"feedserver, POST of {MANY:,} lines": (lambda: self._lines(serving.port), TOGETHER),
            f"feedserver record, {MANY:,} lines": (self._record, TOGETHER),
        }
        if self._desk is not None:
            ways |= {
                "django-activity-stream, action.send": (lambda: self._send("FULL"), ONE),
                "the same, synchronous=NORMAL": (lambda: self._send("NORMAL"), ONE),
                "django-activity-stream, bulk_create": (self._bulk, TOGETHER),
            }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(rounds):
            for name in list(ways) if turn % 2 else reversed(ways):
                rates[name].append(ways[name][0]())
        head(title, "", "activities/s", "of the bare insert", "is on disk")
        for name, (_, beside) in ways.items():
            parts = [one / other for one, other in zip(rates[name], rates[beside], strict=True)]
            is_durable = "no" if "NORMAL" in name else "yes"
            row(name, f"{statistics.median(rates[name]):,.0f}", spread(parts), is_durable)

    def _next(self, count: int) -> list[Made]:
        return list(islice(self._made, count))

    def _file(self, count: int) -> Path:
        path = self._folder / "intake.ndjson"
        write(path, self._next(count), "intake-")
        return path

    def _insert(self, count: int, together: int) -> float:
        rows = [
            (str(made.number), made.published.isoformat(), as_line(made, "intake-"))
            for made in self._next(count)
        ]
        began = time.perf_counter()
        for start in range(0, count, together):
            self._bare.execute("BEGIN IMMEDIATE")
            self._bare.executemany(
                "INSERT INTO activity (id, published, document) VALUES (?, ?, ?)",
                rows[start : start + together],
            )
            self._bare.execute("COMMIT")
        return count / (time.perf_counter() - began)

    def _post(self, port: int, clients: int) -> float:
        bodies = [as_line(made, "intake-") for made in self._next(SINGLES)]

        def run(client: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for body in bodies[client::clients]:
                self._send_body(connection, "application/activity+json", body, 201)
            connection.close()

        began = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(run, range(clients)))
        return SINGLES / (time.perf_counter() - began)

    def _lines(self, port: int) -> float:
        body = self._file(MANY).read_bytes()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        began = time.perf_counter()
        told = self._send_body(connection, "application/x-ndjson", body, 200)
        seconds = time.perf_counter() - began
        connection.close()
        if told.count(b'"recorded"') != MANY:
            raise SystemExit(f"bench: NDJSON: {told[-300:]!r}")
        return MANY / seconds

    def _send_body(
        self, connection: http.client.HTTPConnection, kind: str, body: bytes, wanted: int
    ) -> bytes:
        headers = {"Authorization": self._token, "Content-Type": kind}
        connection.request("POST", "/activities", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != wanted:
            raise SystemExit(f"bench: POST: {answer.status} {told[:300]!r}")
        return told

    def _record(self) -> float:
        path = self._file(MANY)
        began = time.perf_counter()
        self._site.run("record", str(path))
        return MANY / (time.perf_counter() - began)

    def _send(self, synchronous: str) -> float:
        assert self._desk is not None
        recorded = self._desk.record("send", self._file(SINGLES), synchronous)
        return recorded.count / recorded.seconds

    def _bulk(self) -> float:
        assert self._desk is not None
        recorded = self._desk.record("bulk", self._file(MANY))
        return recorded.count / recorded.seconds


def _endless() -> Iterator[Made]:
    made: Sequence[Made] = list(make(10_000))
    number = 0
    while True:
        for one in made:
            yield replace(one, number=number)
            number += 1
