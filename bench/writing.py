"""Measures intake: single posts, NDJSON and `record`, beside the bare database.

    python bench/writing.py

Everything runs in processes of its own on this machine and on one disk. Each round does all of
them in turn, so that a noisy moment meets all alike; told are medians, and what part they are of
the bare SQLite insert of as many bytes, as durable, in the same round.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROUNDS = 5
POSTS = 300  # of one client in a round; sixteen clients send four times as many
LINES = 10_000  # of NDJSON and of `record` in a round
BATCH = 500  # rows that the bare database commits together, as feedserver does
CLIENTS = 16


def main() -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(prefix="feedserver-bench-"))
    try:
        _measure(folder)
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path) -> None:
    port = _free_port()
    settings = folder / "feedserver.toml"
    settings.write_text(
        f'authority = "bench.example,2026"\nbase_url = "http://127.0.0.1:{port}"\n',
        encoding="utf-8",
    )
    environment = os.environ | {"FEEDSERVER_SETTINGS": str(settings)}
    token = _run(environment, "grant", "add", "--write", "bench").decode().strip()
    server = _start(environment, port)
    try:
        _rounds(folder, environment, _Client(port, token))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(15)


def _rounds(folder: Path, environment: dict[str, str], client: "_Client") -> None:
    bare = _Bare(folder / "bare.sqlite")
    ways: dict[str, tuple[Callable[[int], int], str | None]] = {
        "bare insert, one a commit": (bare.singles, None),
        "POST, 1 client": (lambda turn: client.posts(turn, 1), "bare insert, one a commit"),
        "POST, 16 clients": (lambda turn: client.posts(turn, CLIENTS), "bare insert, one a commit"),
        f"bare insert, {BATCH} a commit": (bare.batches, None),
        "POST of NDJSON": (client.lines, f"bare insert, {BATCH} a commit"),
        "feedserver record": (
            lambda turn: _record(folder, environment, turn),
            f"bare insert, {BATCH} a commit",
        ),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        for name, (way, _) in ways.items():
            began = time.perf_counter()
            count = way(turn)
            rates[name].append(count / (time.perf_counter() - began))
    for name, (_, beside) in ways.items():
        median = statistics.median(rates[name])
        told = f"{median:>9,.0f}/s"
        if beside is not None:
            parts = [rate / other for rate, other in zip(rates[name], rates[beside], strict=True)]
            told += f"   {statistics.median(parts):.2f} of the {beside}"
        print(f"{name:<28} {told}", flush=True)


def _activity(key: str) -> bytes:
    return json.dumps(
        {
            "@context": "https://www.w3.org/ns/activitystreams",
            "type": "Update",
            "id": f"urn:bench:{key}",
            "published": "2026-05-08T12:00:00Z",
            "actor": {"type": "Person", "id": "urn:bench:ann", "name": "Ann Example"},
            "object": {"type": "Note", "id": f"urn:bench:case:{key}", "name": "Printer on fire"},
            "name": f"Ann Example changed case {key}: Printer on fire",
            "content": "<p>It burns, and the smoke goes into the room beside it.</p>" * 4,
            "queue": "Support",
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

    def singles(self, turn: int) -> int:
        """One row a commit."""
        for number in range(POSTS):
            self._insert([f"single {turn} {number}"])
        return POSTS

    def batches(self, turn: int) -> int:
        """Many rows a commit."""
        for start in range(0, LINES, BATCH):
            self._insert([f"batch {turn} {start + number}" for number in range(BATCH)])
        return LINES

    def _insert(self, keys: list[str]) -> None:
        rows = [(key, 1, 0, 0, 0, 0, _activity(key)) for key in keys]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO version (id, number, recorded, published, updated, second, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._connection.execute("COMMIT")


class _Client:
    """Posts over connections that stay open."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = (
            "POST /activities HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: {{}}\r\nContent-Length: {{}}\r\n\r\n"
        )

    def posts(self, turn: int, clients: int) -> int:
        """One activity a request."""
        count = POSTS if clients == 1 else POSTS * 4 // clients

        def run(client: int) -> int:
            with socket.create_connection(("127.0.0.1", self._port)) as connection:
                for number in range(count):
                    body = _activity(f"post-{clients}-{turn}-{client}-{number}")
                    self._send(connection, "application/activity+json", body)
                    status, _ = _answer(connection)
                    if status != 201:
                        raise SystemExit(f"POST: {status}")
            return count

        with ThreadPoolExecutor(clients) as pool:
            return sum(pool.map(run, range(clients)))

    def lines(self, turn: int) -> int:
        """All in one request."""
        body = b"\n".join(_activity(f"line-{turn}-{number}") for number in range(LINES))
        with socket.create_connection(("127.0.0.1", self._port)) as connection:
            self._send(connection, "application/x-ndjson", body, "Connection: close\r\n")
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        if answer.count(b'"recorded"') != LINES:
            raise SystemExit(f"NDJSON: {answer[-300:]!r}")
        return LINES

    def _send(self, connection: socket.socket, kind: str, body: bytes, more: str = "") -> None:
        head = self._head.format(kind, len(body)).replace("\r\n\r\n", f"\r\n{more}\r\n")
        connection.sendall(head.encode() + body)


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    held = b""
    while b"\r\n\r\n" not in held:
        held += connection.recv(1 << 16)
    head, _, body = held.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(1 << 16)
    return int(head.split()[1]), body


def _record(folder: Path, environment: dict[str, str], turn: int) -> int:
    path = folder / "lines.ndjson"
    path.write_bytes(b"\n".join(_activity(f"file-{turn}-{number}") for number in range(LINES)))
    _run(environment, "record", str(path))
    return LINES


def _run(environment: dict[str, str], *arguments: str) -> bytes:
    command = [sys.executable, "-m", "feedserver", *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True).stdout


def _start(environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "feedserver", "serve", "--port", str(port)]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(1000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return server
        except OSError:
            time.sleep(0.02)
    raise SystemExit("the server does not listen")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    main()
