"""A server as `serve` runs it, in a thread of its own, and the ways to ask it."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from flask import Flask

from feedserver.assembly import Server, assemble
from feedserver.settings import make_settings
from feedserver.web.app import create_app
from feedserver.web.bridge import SILENCE, Bridge
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.web.conftest import BASE, ready
from tests.web.listening import listening

NOTE = {"actor": "Ann", "verb": "close", "object": "Case 7", "title": "Ann closed case 7"}
JSON, NDJSON = "application/json", "application/x-ndjson"
LATER = 0.25  # seconds in which nothing comes, where nothing shall come
SOON = 0.5  # seconds in which what was recorded is told, wherever it was


@dataclass
class Answer:
    """What came back, and how many seconds it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float = 0.0

    def __getitem__(self, name: str) -> str:
        return self.headers[name]


@dataclass
class Served:
    """A server that listens, and the ways to ask it."""

    server: Server
    app: Flask
    port: int
    bridges: list[Bridge] = field(default_factory=list)

    @property
    def bridge(self) -> Bridge:
        return self.bridges[0]

    def ask(
        self, path: str, method: str = "GET", body: Any = None, **headers: str | None
    ) -> Answer:
        """The answer to that request, on a connection of its own."""
        named = {name.replace("_", "-"): text for name, text in headers.items() if text is not None}
        began = time.monotonic()
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, body, named)
            return told(connection.getresponse(), began)

    def post(self, value: Any, token: str, **headers: str) -> Answer:
        authorization = {"Authorization": f"Bearer {token}", "Content-Type": JSON}
        return self.ask("/activities", "POST", json.dumps(value), **authorization, **headers)

    def raw(self, *pieces: bytes, wait: float = 10) -> bytes:
        """What comes back until the connection is closed, or nothing more comes for so long."""
        with self.connected(wait) as connection:
            for piece in pieces:
                connection.sendall(piece)
            return everything(connection)

    @contextmanager
    def connected(self, wait: float = 10) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            yield connection

    def waits_for(self, count: int) -> None:
        """Return as soon as so many wait for what comes."""
        until(lambda: self.bridge.following.waiting == count)


def told(response: HTTPResponse, began: float) -> Answer:
    body = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, body, time.monotonic() - began)


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side closes, or is silent for as long as the socket waits."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except TimeoutError:
        pass
    return received


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.005)


@contextmanager
def serving(
    server: Server, change: Callable[[Flask], None] = lambda _: None, silence: float = SILENCE
) -> Iterator[Served]:
    """That server as `serve` runs it."""
    bridges: list[Bridge] = []
    app = ready(create_app(server, None, lambda: bridges[0].following.notice()))
    change(app)
    with listening(app, server, silence=silence, made=bridges.append) as port:
        yield Served(server, app, port, bridges)


STORE = "sqlite:///store.db"


def stored(folder: Path, **settings: Any) -> Server:
    """A server whose store is a file in that folder."""
    values = {"authority": AUTHORITY, "base_url": BASE, "store": STORE, **settings}
    return assemble(make_settings(folder, values), FakeClock())


@contextmanager
def serving_some(folder: Path, count: int = 1) -> Iterator[Served]:
    """A server with so many activities, a minute later."""
    server = stored(folder)
    server.intake.record([make_draft() for _ in range(count)])
    server.clock.advance(60)  # type: ignore[attr-defined]  # it is a FakeClock
    with serving(server) as made:
        yield made
    server.close()


def head_of(token: str, *lines: str, media_type: str = JSON) -> bytes:
    """The head of a POST."""
    head = ["POST /activities HTTP/1.1", "Host: feeds.example", f"Authorization: Bearer {token}"]
    return "\r\n".join([*head, f"Content-Type: {media_type}", *lines, "", ""]).encode()


def status_of(received: bytes) -> int:
    return int(received[9:12])


def chunked(*pieces: bytes) -> bytes:
    parts = [f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces]
    return b"".join(parts) + b"0\r\n\r\n"


NOTED = json.dumps(NOTE).encode()


OF_THE_SERVER = ("date", "server", "connection", "transfer-encoding")


def sent(served: Served, path: str, method: str, lines: list[tuple[str, str]], version: str) -> Any:
    head = [f"{method} {path} HTTP/{version}", "Host: feeds.example", "Connection: close"]
    head += [f"{name}: {value}" for name, value in lines]
    with served.connected() as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode("utf-8"))
        response = HTTPResponse(connection, method=method)
        response.begin()
        answer = told(response, 0)
    headers = {name: text for name, text in answer.headers.items() if name not in OF_THE_SERVER}
    return answer.status, headers, answer.body


def in_background(task: Callable[[], Answer]) -> Callable[[], Answer]:
    """Begin it in a thread; what comes back waits for the answer."""
    threads = ThreadPoolExecutor(1)
    future = threads.submit(task)
    threads.shutdown(wait=False)
    return lambda: future.result(10)
