"""The server that `serve` runs: the same answers as under WSGI, and what only it does."""

import json
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask, Response
from werkzeug.test import create_environ, run_wsgi_app

from feedserver.assembly import Server, assemble, assemble_around
from feedserver.errors import FeedserverError
from feedserver.model.activity import Version
from feedserver.serving import serve
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.stores.sql.opening import open_log
from feedserver.web.app import create_app
from feedserver.web.bridge import MAX_REQUEST, SILENCE, WRITERS, Bridge
from feedserver.web.following import wait_of
from feedserver.web.front import front_of
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.web.conftest import BASE, Site, ready
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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all that leave it as it is: it has activities, and no more come."""
    server = stored(tmp_path_factory.mktemp("shared"))
    server.intake.record([make_draft() for _ in range(3)])
    server.clock.advance(60)  # type: ignore[attr-defined]  # it is a FakeClock
    with serving(server) as served:
        yield served
    server.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server for one test, with one activity."""
    server = stored(tmp_path)
    server.intake.record([make_draft()])
    server.clock.advance(60)  # type: ignore[attr-defined]  # likewise
    with serving(server) as made:
        yield made
    server.close()


STORE = "sqlite:///store.db"


def stored(folder: Path, **settings: Any) -> Server:
    """A server whose store is a file in that folder."""
    values = {"authority": AUTHORITY, "base_url": BASE, "store": STORE, **settings}
    return assemble(make_settings(folder, values), FakeClock())


# The same answers


def under_wsgi(
    app: Flask, path: str, method: str, lines: list[tuple[str, str]]
) -> tuple[int, dict[str, str], bytes]:
    address, _, query = path.partition("?")
    environ = create_environ("/", BASE, method=method)
    environ["PATH_INFO"] = unquote_to_bytes(address).decode("latin-1")
    environ["QUERY_STRING"] = query.encode().decode("latin-1")
    environ["REMOTE_ADDR"] = "127.0.0.1"
    for name, value in lines:
        if "_" in name:
            continue
        variable = f"HTTP_{name.upper().replace('-', '_')}"
        environ[variable] = f"{environ[variable]}, {value}" if variable in environ else value
    chunks, status, pairs = run_wsgi_app(front_of(app).application, environ, buffered=True)
    headers = {name.lower(): value for name, value in pairs if name.lower() not in OF_THE_SERVER}
    return int(status[:3]), headers, b"".join(chunks)


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


@pytest.mark.parametrize(
    ("path", "method", "lines", "version"),
    [
        ("/all.atom", "GET", [], "1.1"),
        ("/all.atom", "HEAD", [], "1.1"),
        ("/all.atom", "GET", [], "1.0"),
        ("/all.atom", "HEAD", [], "1.0"),
        ("/queues/Supp%6Frt.json", "GET", [], "1.1"),
        ("/queues/Sup%2Fport.atom", "GET", [], "1.1"),
        ("/queues/%E9.atom", "GET", [], "1.1"),
        ("/queues/%C3%A9.atom", "GET", [], "1.1"),
        ("/queues/é.atom", "GET", [], "1.1"),
        ("/queues/%ED%A0%80%00%0A.atom", "GET", [], "1.1"),
        ("//all.atom", "GET", [], "1.1"),
        ("/queues//Support.atom", "GET", [], "1.1"),
        ("/queues/Support/", "GET", [], "1.1"),
        ("/queues/support", "GET", [], "1.1"),
        ("/all.atom?q=|{}^\\[]`", "GET", [], "1.1"),
        ("/all.atom?q=é", "GET", [], "1.1"),
        ("/all.atom?q=€", "GET", [], "1.1"),
        ("/all.atom?", "GET", [], "1.1"),
        ("/all.atom?tag=%zz", "GET", [], "1.1"),
        ("/all.atom?nonsense=1", "GET", [], "1.1"),
        ("/all", "GET", [("Accept", "application/json;q=0.1"), ("Accept", JSON)], "1.1"),
        ("/all", "GET", [("Accept", "application/json;q=0.1"), ("accept", "*/*")], "1.1"),
        ("/all", "GET", [("Accept", JSON), ("Accept", "application/rss+xml;q=0.1")], "1.1"),
        ("/all.json", "GET", [("Accept-Encoding", "gzip"), ("Accept-Encoding", "br")], "1.1"),
        ("/all.json", "GET", [("If_None_Match", "*")], "1.1"),
        ("/all.json", "GET", [("If-None-Match", "*")], "1.1"),
        ("/all.json", "HEAD", [("If-None-Match", "*"), ("Accept-Encoding", "br")], "1.1"),
        ("/all.json", "GET", [("If-None-Match", "*"), ("If-None-Match", '"x"')], "1.1"),
        ("/", "GET", [("Accept", "text/html")], "1.1"),
        ("/feeds", "GET", [("Accept", "text/html")], "1.1"),
        ("/feeds.json", "GET", [("Accept-Encoding", "gzip")], "1.1"),
        ("/static/style.css", "HEAD", [], "1.1"),
        ("/nowhere", "GET", [("Accept", "text/html")], "1.1"),
        ("/nowhere", "HEAD", [], "1.1"),
        ("/all.atom", "DELETE", [], "1.1"),
        ("/all.atom", "OPTIONS", [], "1.1"),
        ("/activities", "POST", [], "1.1"),
        ("/healthz", "GET", [], "1.1"),
    ],
)
def test_the_answer_is_the_one_that_wsgi_gives(
    shared: Served, path: str, method: str, lines: list[tuple[str, str]], version: str
) -> None:
    expected = under_wsgi(shared.app, path, method, lines)

    first = sent(shared, path, method, lines, version)
    sent(shared, path, method, lines[:1], version)  # which memory may answer from here on
    second = sent(shared, path, method, lines, version)

    assert first == expected
    assert second == expected


def test_who_asks_by_ipv6_has_its_address(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    class Scope:
        client = "[2001:db8::7]:4711"
        method, path, query_string, http_version, scheme = "GET", "/nowhere", "", "1.1", "http"
        headers: dict[str, str] = {}  # noqa: RUF012

    server = stored(tmp_path)
    app = create_app(server)
    bridge = Bridge(front_of(app), server.index, "::1", 8000, 1)
    environ = bridge._environ(Scope)
    seen.append((environ["REMOTE_ADDR"], environ["REMOTE_PORT"]))
    server.close()

    assert seen == [("2001:db8::7", "4711")]


def test_several_requests_on_one_connection_are_answered_in_order(shared: Served) -> None:
    etag = shared.ask("/all.atom")["etag"]
    polls = [
        f"GET /all.atom HTTP/1.1\r\nHost: x\r\nIf-None-Match: {etag}\r\n\r\n",
        "GET /feeds.json HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /all.atom HTTP/1.1\r\nHost: x\r\nIf-None-Match: {etag}\r\nConnection: close\r\n\r\n",
    ]

    received = shared.raw("".join(polls).encode())

    assert re.findall(rb"HTTP/1\.1 ([0-9]+)", received) == [b"304", b"200", b"404", b"304"]


# Bodies


@pytest.fixture
def token(served: Served) -> str:
    return served.server.grants.add("script", True)


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


def test_a_body_may_come_with_its_length_or_in_chunks(served: Served, token: str) -> None:
    with_length = served.post(NOTE, token)
    head = head_of(token, "Transfer-Encoding: chunked", "Connection: close")

    in_chunks = served.raw(head, chunked(NOTED[:9], NOTED[9:]))

    assert (with_length.status, status_of(in_chunks)) == (201, 201)
    assert json.loads(served.ask("/all.json").body)["totalItems"] == 3


def test_lines_are_answered_one_by_one(served: Served, token: str) -> None:
    lines = [json.dumps({**NOTE, "id": f"urn:example:{number}"}).encode() for number in range(700)]
    body = b"\n".join([*lines, b"{", b""])
    head = head_of(token, "Transfer-Encoding: chunked", "Connection: close", media_type=NDJSON)

    received = served.raw(head, chunked(body[:40_000], body[40_000:]))

    verdicts = received.partition(b"\r\n\r\n")[2]
    assert status_of(received) == 200
    assert b"transfer-encoding: chunked" in received.lower()
    assert verdicts.count(b'"status": 201') == 700
    assert verdicts.count(b'"line": 701') == 1
    assert served.server.log.head() == 701


def test_a_client_may_ask_before_it_sends_the_body(served: Served, token: str) -> None:
    length = f"Content-Length: {len(NOTED)}"
    with served.connected() as connection:
        answers = []
        for sent_token in ("wrong", token):
            connection.sendall(head_of(sent_token, length, "Expect: 100-continue"))
            answers.append(status_of(connection.recv(4096)))
            connection.sendall(NOTED)
            answers.append(status_of(connection.recv(65536)))

    assert answers == [100, 401, 100, 201]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Served, str]]:
    """A server that takes bodies of 1,000 bytes, and is patient for a moment."""
    server = stored(tmp_path, max_body=1000)
    with serving(server, silence=0.3) as served:
        yield served, server.grants.add("script", True)
    server.close()


@pytest.mark.parametrize("sends_all", [True, False])
def test_a_body_that_is_too_long_is_refused_with_the_limit(
    small: tuple[Served, str], sends_all: bool
) -> None:
    served, token = small
    with_length = head_of(token, "Content-Length: 90001", "Connection: close")
    in_chunks = head_of(token, "Transfer-Encoding: chunked", "Connection: close")
    piece = 30_000 * b"x" if sends_all else b"x"

    first = served.raw(with_length, piece)
    second = served.raw(in_chunks, chunked(2000 * b"x") if sends_all else b"7d0\r\n" + 1999 * b"x")

    assert (status_of(first), status_of(second)) == (413, 413)
    assert b"The body has 90,001 bytes; 1,000 is the limit" in first
    assert b"The body has more than 1,000 bytes; 1,000 is the limit" in second


@pytest.mark.parametrize("length", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_stops_coming_is_not_waited_for(small: tuple[Served, str], length: str) -> None:
    served, token = small

    received = served.raw(head_of(token, length), b"5\r\n{    ")

    assert status_of(received) == 408
    assert b"The rest of the body did not come." in received
    until(lambda: served.bridge.in_hand == 0)


@pytest.mark.parametrize("length", ["x", "-5", "+5", "5, 6", "1.5", "9" * 30])
def test_a_length_that_is_none_is_refused(shared: Served, length: str) -> None:
    received = shared.raw(head_of("x", f"Content-Length: {length}"), NOTED)

    assert status_of(received) == 400


@pytest.mark.parametrize("bytes_more", [5, 2_000_000])
def test_a_body_that_breaks_off_is_not_taken(
    served: Served, token: str, caplog: pytest.LogCaptureFixture, bytes_more: int
) -> None:
    line = NOTED + b"\n"
    head = head_of(token, f"Content-Length: {len(line) + bytes_more}", media_type=NDJSON)

    with served.connected() as connection:
        connection.sendall(head + line)
        connection.shutdown(socket.SHUT_WR)
        everything(connection)

    until(lambda: served.bridge.in_hand == 0)
    assert served.server.log.head() == 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_clients_that_trickle_hold_up_nobody(served: Served, token: str) -> None:
    etag = served.ask("/all.atom")["etag"]
    slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(head_of(token, "Content-Length: 100") + b"{")
        until(lambda: served.bridge.in_hand == len(slow))

        poll = served.ask("/all.atom", if_none_match=etag)
        post = served.post(NOTE, token)
        cold = served.ask("/all.json?limit=3")
    finally:
        for connection in slow:
            connection.close()

    assert (poll.status, post.status, cold.status) == (304, 201, 200)
    until(lambda: served.bridge.in_hand == 0)


def test_who_hangs_up_in_the_middle_of_the_verdicts_takes_nothing_with_it(
    served: Served, token: str
) -> None:
    lines = [json.dumps({**NOTE, "id": f"urn:example:{number}"}).encode() for number in range(1500)]
    body = b"\n".join(lines)
    with served.connected() as connection:
        connection.sendall(head_of(token, f"Content-Length: {len(body)}", media_type=NDJSON) + body)
        connection.recv(100)

    until(lambda: served.bridge.in_hand == 0)
    for number in range(5):  # no stream of lines is held for those that are gone
        head = head_of(token, "Content-Length: 1", "Connection: close", media_type=NDJSON)
        assert status_of(served.raw(head, b"\n")) == 200, number


# Faults


class Broken:
    """A WSGI application that breaks, at once or in the middle of its body."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == "/at-once":
            raise ValueError("at once")
        if environ["PATH_INFO"] != "/in-the-middle":
            return self._inner(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self._broken()

    def _broken(self) -> Iterator[bytes]:
        yield b"a beginning"
        raise ValueError("in the middle")


def broken(app: Flask) -> None:
    front = front_of(app)
    front.application = Broken(front.application)
    app.add_url_rule("/fault", "fault", lambda: str(1 // 0))


def test_a_fault_is_answered_as_one(tmp_path: Path) -> None:
    server = stored(tmp_path)
    with serving(server, broken) as served:
        page = served.ask("/fault")
        at_once = served.ask("/at-once")
        cut = served.ask("/in-the-middle", "POST", connection="close")
        after = served.ask("/all.atom")
        until(lambda: served.bridge.in_hand == 0)
    server.close()

    assert page.status == 500
    assert b"it is our fault" in page.body
    assert at_once.status == 500
    assert cut.body in (b"", b"a beginning")
    assert after.status == 200


def test_what_was_recorded_is_seen_though_every_thread_is_at_work(tmp_path: Path) -> None:
    goes_on = threading.Event()

    def slow(app: Flask) -> None:
        app.add_url_rule("/slow", "slow", lambda: str(goes_on.wait(5)))

    server = stored(tmp_path)
    server.intake.record([make_draft(queues=("Support",)), make_draft(queues=("Sales",))])
    server.clock.advance(60)  # type: ignore[attr-defined]  # it is a FakeClock
    with serving(server, slow) as served, ThreadPoolExecutor(40) as threads:
        asked = [threads.submit(served.ask, "/slow")]
        until(lambda: served.bridge.in_hand == 1)
        cold = served.ask("/all.atom?queue=Sales")
        etag = cold["etag"]
        asked += [threads.submit(served.ask, "/slow") for _ in range(39)]
        until(lambda: served.bridge.in_hand == 40)
        server.intake.record([make_draft(queues=("Support",), tags=(), customer=None)])

        poll = served.ask("/all.atom?queue=Sales", if_none_match=etag)
        goes_on.set()
        statuses = {each.result().status for each in asked}
    server.close()

    assert (cold.status, poll.status) == (200, 304)
    assert max(cold.seconds, poll.seconds) < 2
    assert statuses == {200}


def test_what_was_acknowledged_is_in_the_next_poll(served: Served, token: str) -> None:
    other = open_log(STORE, served.server.settings.folder, AUTHORITY, served.server.clock)
    for number in range(10):
        etag = served.ask("/all.json")["etag"]
        assert served.ask("/all.json", if_none_match=etag).status == 304
        if number % 2:
            other.append([make_draft()])
        else:
            served.post(NOTE, token)

        poll = served.ask("/all.json", if_none_match=etag)

        assert json.loads(poll.body)["totalItems"] == number + 2
    other.close()


# Who waits


def in_background(task: Callable[[], Answer]) -> Callable[[], Answer]:
    """Begin it in a thread; what comes back waits for the answer."""
    threads = ThreadPoolExecutor(1)
    future = threads.submit(task)
    threads.shutdown(wait=False)
    return lambda: future.result(10)


def waiting(served: Served, path: str, count: int = 1, **headers: str) -> Any:
    """A request that waits; the answer, when it is asked for."""
    answer = in_background(lambda: served.ask(path, **{"prefer": "wait=8", **headers}))
    served.waits_for(count)
    return answer


@pytest.mark.parametrize("path", ["/all.json?after=", "/all.atom"])
def test_who_prefers_to_wait_is_answered_at_once_when_there_is_news(
    served: Served, path: str
) -> None:
    answer = served.ask(path, prefer="wait=8", if_none_match='"old"')

    assert answer.status == 200
    assert answer.seconds < 1
    assert served.ask(path, prefer="wait=8").seconds < 1


def test_what_is_posted_here_is_told_to_who_waits(served: Served, token: str) -> None:
    etag = served.ask("/all.json")["etag"]
    place = json.loads(served.ask("/all.json?after=").body)["next"].removeprefix(BASE)
    of_feed = waiting(served, "/all.json", if_none_match=etag)
    of_rest = waiting(served, place, count=2)
    began = time.monotonic()

    id = json.loads(served.post(NOTE, token).body)["id"]

    for answer in (of_feed(), of_rest()):
        assert answer.status == 200
        assert answer["preference-applied"] == "wait=8"
        assert id in answer.body.decode()
    assert time.monotonic() - began < SOON
    assert served.bridge.following.waiting == 0


def test_what_another_process_commits_is_told_to_who_waits(served: Served) -> None:
    folder = served.server.settings.folder
    other = open_log(STORE, folder, AUTHORITY, served.server.clock)
    for change in (
        lambda: other.append([make_draft()]),
        lambda: other.replace(2, None),
        lambda: other.redact([served.server.log.at([1])[0].id]),
    ):
        etag = served.ask("/queues/Support.atom?limit=5")["etag"]
        answer = waiting(served, "/queues/Support.atom?limit=5", if_none_match=etag)
        time.sleep(LATER)  # what was there when it began to wait is looked at; now comes more
        began = time.monotonic()
        change()
        assert answer().status == 200
        assert time.monotonic() - began < SOON
    other.close()


def test_what_does_not_touch_the_feed_wakes_nobody(served: Served) -> None:
    etag = served.ask("/queues/Support.atom")["etag"]
    place = json.loads(served.ask("/queues/Support.json?after=").body)["next"].removeprefix(BASE)
    answers = [
        waiting(served, "/queues/Support.atom", if_none_match=etag, prefer="wait=2"),
        waiting(served, place, count=2, prefer="wait=2"),
    ]

    waiters = set(served.bridge.following._waiters)

    served.server.intake.record([make_draft(queues=("Sales",)) for _ in range(3)])

    until(lambda: served.server.index.position == 4)
    time.sleep(LATER)
    assert served.bridge.following._waiters == waiters
    for answer in (each() for each in answers):
        assert answer.seconds > 1.9
        assert answer["preference-applied"] == "wait=2"
    assert answers[0]().status == 304
    assert json.loads(answers[1]().body)["orderedItems"] == []


@pytest.mark.parametrize(
    ("preference", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("wait", 0),
        ("wait=", 0),
        ("wait=x", 0),
        ("wait=-1", 0),
        ("wait=0", 0),
        ("wait=1.5", 0),
        ("waiting=5", 0),
        ("respond-async", 0),
        ("return=minimal; wait=5", 0),
        ('x="wait=5"', 0),
        ("wait=5", 5),
        ("wait=61", 60),
        ("wait=999999999", 60),
        ("respond-async, WAIT=7", 7),
        ('wait="7", x; y', 7),
        ("a=b,wait = 7", 7),
        ("wait=7; x=y", 7),
        ("wait=7, wait=8", 7),
    ],
)
def test_a_preference_to_wait_is_found_among_others(preference: str, seconds: int) -> None:
    assert wait_of(preference) == seconds


def test_what_is_no_preference_to_wait_is_ignored(shared: Served) -> None:
    etag = shared.ask("/all.atom")["etag"]

    answer = shared.ask("/all.atom", if_none_match=etag, prefer="wait=x, respond-async")

    assert answer.status == 304
    assert "preference-applied" not in answer.headers
    assert answer.seconds < 1


@pytest.mark.parametrize("path", ["/", "/feeds.json", "/service", "/healthz", "/nowhere"])
def test_who_asks_for_something_else_does_not_wait(shared: Served, path: str) -> None:
    etag = shared.ask(path, accept="text/html").headers.get("etag", "*")

    answer = shared.ask(path, prefer="wait=8", accept="text/html", if_none_match=etag)

    assert answer.seconds < 1
    assert "preference-applied" not in answer.headers


def test_nobody_waits_longer_than_a_minute_and_who_leaves_is_forgotten(served: Served) -> None:
    etag = served.ask("/all.atom")["etag"]
    poll = f"GET /all.atom HTTP/1.1\r\nHost: x\r\nIf-None-Match: {etag}\r\nPrefer: wait=999\r\n\r\n"
    connections = []
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", served.port))
        connection.sendall(poll.encode())
        connections.append(connection)
    served.waits_for(20)

    for connection in connections[1:]:
        connection.close()

    served.waits_for(1)
    served.server.intake.record([make_draft()])
    connections[0].settimeout(5)
    assert b"preference-applied: wait=60\r\n" in connections[0].recv(4096).lower()
    connections[0].close()
    until(lambda: served.bridge.in_hand == 0)


def test_many_who_wait_for_one_feed_are_told_what_is_made_once(tmp_path: Path) -> None:
    made = []

    def counted(app: Flask) -> None:
        front = front_of(app)
        inner = front.application

        def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            made.append(environ["PATH_INFO"])
            return inner(environ, start_response)

        front.application = counting

    server = stored(tmp_path)
    server.intake.record([make_draft()])
    with serving(server, counted) as served, ThreadPoolExecutor(60) as threads:
        etag = served.ask("/all.atom")["etag"]
        polls = [
            threads.submit(served.ask, "/all.atom", if_none_match=etag, prefer="wait=8")
            for _ in range(60)
        ]
        served.waits_for(60)
        made.clear()
        server.intake.record([make_draft()])
        statuses = {poll.result().status for poll in polls}
    server.close()

    assert statuses == {200}
    assert len(made) == 1


def test_who_leaves_wakes_everybody(tmp_path: Path) -> None:
    server = stored(tmp_path)
    with ThreadPoolExecutor(30) as threads:
        with serving(server) as served:
            etag = served.ask("/all.atom")["etag"]
            polls = [
                threads.submit(served.ask, "/all.atom", if_none_match=etag, prefer="wait=60")
                for _ in range(30)
            ]
            served.waits_for(30)
            began = time.monotonic()
        answers = [poll.result() for poll in polls]
        seconds = time.monotonic() - began
    server.close()

    assert {answer.status for answer in answers} == {304}
    assert seconds < 2


def test_what_is_in_hand_is_finished_when_it_leaves(tmp_path: Path) -> None:
    goes_on = threading.Event()

    def slow(app: Flask) -> None:
        app.add_url_rule("/slow", "slow", lambda: str(goes_on.wait(5)))

    server = stored(tmp_path)
    token = server.grants.add("script", True)
    with ThreadPoolExecutor(2) as threads:
        with serving(server, slow) as served:
            asked = threads.submit(served.ask, "/slow")
            posting = socket.create_connection(("127.0.0.1", served.port), timeout=5)
            posting.sendall(head_of(token, f"Content-Length: {len(NOTED)}") + NOTED[:9])
            idle = socket.create_connection(("127.0.0.1", served.port), timeout=5)
            until(lambda: served.bridge.in_hand == 2)
            rest = threads.submit(leave_then, served, goes_on, posting)
            began = time.monotonic()
        seconds = time.monotonic() - began
        posted, is_refused = rest.result()
        with listening(create_app(server), server, served.port):
            pass  # the port is free at once
    idle.close()
    posting.close()
    server.close()

    assert asked.result().status == 200
    assert status_of(posted) == 201
    assert is_refused
    assert seconds < 4


def leave_then(
    served: Served, goes_on: threading.Event, posting: socket.socket
) -> tuple[bytes, bool]:
    """When it leaves, let go on what is slow; the answer to the post, and who else is refused."""
    time.sleep(LATER)
    try:
        socket.create_connection(("127.0.0.1", served.port), timeout=5).close()
        is_refused = False
    except ConnectionRefusedError:
        is_refused = True
    goes_on.set()
    posting.sendall(NOTED[9:])
    return posting.recv(65536), is_refused


def test_who_waits_at_a_private_server_needs_a_grant_when_it_is_told(tmp_path: Path) -> None:
    server = stored(tmp_path, reading="private")
    tokens = [server.grants.add(label, False) for label in ("ann", "bob")]
    with serving(server) as served:
        ann, bob = (f"Bearer {token}" for token in tokens)
        etag = served.ask("/all.atom", authorization=ann)["etag"]
        stranger = served.ask("/all.atom", if_none_match=etag, prefer="wait=8")
        of_ann = waiting(served, "/all.atom", authorization=ann, if_none_match=etag)
        of_bob = waiting(served, "/all.atom", count=2, authorization=bob, if_none_match=etag)
        server.grants.revoke("bob")
        server.intake.record([make_draft()])
        statuses = of_ann().status, of_bob().status
    server.close()

    assert (stranger.status, stranger.seconds < 1) == (401, True)
    assert statuses == (200, 401)


def test_who_sends_two_credentials_is_refused_by_memory_too(tmp_path: Path) -> None:
    server = stored(tmp_path, reading="private")
    one = ("Authorization", f"Bearer {server.grants.add('reader', False)}")
    with serving(server) as served:
        lines = [[one], [one], [one, ("Authorization", "Basic zz")], [one]]

        answers = [sent(served, "/all.atom", "GET", each, "1.1") for each in lines]

        assert [status for status, *_ in answers] == [200, 200, 401, 200]
    server.close()


def test_under_wsgi_nobody_waits(site: Site) -> None:
    etag = site.get("/all.atom").headers["ETag"]

    began = time.monotonic()
    answer = site.get("/all.atom", 304, if_none_match=etag, prefer="wait=8")

    assert "Preference-Applied" not in answer.headers
    assert time.monotonic() - began < 1


# Where it listens


@pytest.mark.parametrize("host", ["localhost", "::1", "127.0.0.1"])
def test_it_listens_where_it_is_told(tmp_path: Path, host: str) -> None:
    server = stored(tmp_path)

    with (
        listening(create_app(server), server, host=host) as port,
        closing(HTTPConnection(host, port, timeout=5)) as connection,
    ):
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        status = connection.getresponse().status
    server.close()

    assert status == 200


def test_a_port_that_another_one_has_is_refused(shared: Served, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, {"authority": AUTHORITY, "base_url": BASE, "store": STORE})

    with pytest.raises(FeedserverError, match=f"Port {shared.port} is in use"):
        serve(settings, "127.0.0.1", shared.port)


# What fails while the log is followed


class FaultyLog(MemoryLog):
    """A log of which one method breaks, so many times, with what is no StoreError."""

    broken = ""
    times = 0

    def changes(self) -> int:
        self._break("changes")
        return super().changes()

    def read(self, after: int, limit: int | None = None) -> Iterator[Version]:
        self._break("read")
        return super().read(after, limit)

    def _break(self, method: str) -> None:
        if method == self.broken and self.times:
            self.times -= 1
            raise ValueError("it is broken")


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[tuple[Served, FaultyLog]]:
    clock = FakeClock()
    log = FaultyLog(AUTHORITY, clock)
    log.append([make_draft()])
    clock.advance(60)
    settings = make_settings(tmp_path, {"authority": AUTHORITY, "base_url": BASE})
    with serving(assemble_around(log, settings, clock)) as served:
        yield served, log


def test_who_waits_is_told_of_the_next_activity_though_the_log_broke_once(
    faulty: tuple[Served, FaultyLog], caplog: pytest.LogCaptureFixture
) -> None:
    served, log = faulty
    etag = served.ask("/all.json")["etag"]
    answer = waiting(served, "/all.json", if_none_match=etag)
    log.broken, log.times = "read", 1
    log.append([make_draft()])
    until(lambda: "who waits for news has to wait" in caplog.text)

    told = answer()

    assert (told.status, told.seconds < 4) == (200, True)
    assert json.loads(told.body)["totalItems"] == 2
    assert "ValueError: it is broken" in caplog.text


@pytest.mark.parametrize(("method", "status"), [("changes", 200), ("read", 500)])
def test_where_the_log_breaks_a_poll_is_answered_by_whoever_makes_the_answer(
    faulty: tuple[Served, FaultyLog], caplog: pytest.LogCaptureFixture, method: str, status: int
) -> None:
    served, log = faulty
    etag = served.ask("/all.json")["etag"]
    log.append([make_draft()])
    log.broken, log.times = method, 1000

    poll = served.ask("/all.json", if_none_match=etag)

    log.times = 0
    assert poll.status == status
    assert (b"it is our fault" in poll.body) == (status == 500)
    assert "ValueError: it is broken" in caplog.text
    assert served.ask("/all.json", if_none_match=etag).status == 200


def test_a_fault_of_memory_itself_is_told_in_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    etag = served.ask("/all.json")["etag"]
    served.ask("/all.json", if_none_match=etag)
    count = served.bridge._hot.count

    def broken(format: str, status: int) -> None:
        raise ValueError("it cannot count")

    served.bridge._hot.count = broken
    poll = served.ask("/all.json", if_none_match=etag)

    served.bridge._hot.count = count
    assert poll.status == 500
    assert "ValueError: it cannot count" in caplog.text
    assert "GET /all.json could not be answered from memory at once" in caplog.text
    assert "GET /all.json could not be answered\n" in caplog.text
    assert served.ask("/all.json", if_none_match=etag).status == 304


# Who writes


@pytest.mark.parametrize("lines", [0, 4])
def test_writers_that_all_wait_leave_threads_to_who_reads(
    served: Served, token: str, lines: int
) -> None:
    headers = {"authorization": f"Bearer {token}"}
    kinds = [NDJSON] * lines + [JSON] * 20
    path = served.server.settings.folder / "store.db"
    posts = []
    with (
        ThreadPoolExecutor(len(kinds)) as threads,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        for kind in kinds:
            ask = partial(served.ask, content_type=kind, **headers)
            posts.append(threads.submit(ask, "/queues/Support", "POST", NOTED))
        until(lambda: served.bridge.in_hand == len(kinds))
        blocked = served.server.log._committing._waiting  # type: ignore[attr-defined]
        until(lambda: len(blocked) >= WRITERS - 1)  # and one tries to write
        answers = [in_background(partial(served.ask, path)) for path in ("/healthz", "/all.json")]
        told = [answer() for answer in answers]
        is_blocked = not any(post.done() for post in posts)
    written = {post.result().status for post in posts}

    assert [answer.status for answer in told] == [200, 200]
    assert max(answer.seconds for answer in told) < 2
    assert is_blocked
    assert written <= {200, 201}


def test_a_body_that_comes_slowly_but_steadily_is_taken(tmp_path: Path) -> None:
    server = stored(tmp_path)
    body = NOTED + (100_000 - len(NOTED)) * b" "
    with serving(server, silence=0.1) as served:
        token = server.grants.add("script", True)
        with served.connected() as connection:
            connection.sendall(head_of(token, "Content-Length: 100000", "Connection: close"))
            for start in range(0, len(body), 20_000):
                connection.sendall(body[start : start + 20_000])
                time.sleep(0.05)
            status = status_of(everything(connection))
    server.close()

    assert status == 201


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: 100"], 408),
        ([f"Content-Length: {MAX_REQUEST + 1}"], 413),
        (["Content-Length: 2000000"], 400),
    ],
)
def test_a_body_that_is_refused_here_is_in_the_access_log(
    small: tuple[Served, str], caplog: pytest.LogCaptureFixture, lines: list[str], status: int
) -> None:
    caplog.set_level("INFO", "feedserver.access")
    served, token = small

    with served.connected() as connection:
        connection.sendall(head_of(token, *lines, media_type=NDJSON) + b"{")
        if status == 400:
            connection.shutdown(socket.SHUT_WR)
        everything(connection)
    until(lambda: served.bridge.in_hand == 0)

    told = [each.getMessage() for each in caplog.records if each.name == "feedserver.access"]
    assert told == [f"127.0.0.1 POST /activities {status}, before it was taken up"]


def test_who_hangs_up_while_it_is_told_leaves_no_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    is_gone = threading.Event()
    closed = []

    def verdicts() -> Iterator[bytes]:
        try:
            yield b"a verdict\n"
            is_gone.wait(5)
            for _ in range(200):
                yield 10_000 * b"x"
        finally:
            closed.append(True)

    def told(app: Flask) -> None:
        app.add_url_rule("/told", "told", lambda: Response(verdicts()), methods=["POST"])

    server = stored(tmp_path)
    with serving(server, told) as served:
        with served.connected() as connection:
            connection.sendall(b"POST /told HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(4096)
        time.sleep(0.05)
        is_gone.set()
        until(lambda: served.bridge.in_hand == 0)
    server.close()

    assert "POST /told: the client has hung up" in caplog.text
    assert "Traceback" not in caplog.text
    assert closed == [True]


# What is told of waiting


def test_a_preference_in_the_second_of_two_lines_is_heeded(served: Served) -> None:
    etag = served.ask("/all.atom")["etag"]
    head = ["GET /all.atom HTTP/1.1", "Host: x", f"If-None-Match: {etag}", "Connection: close"]
    with served.connected() as connection:
        lines = [*head, "Accept-Encoding: identity", "Prefer: x", "Prefer: wait=8", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        served.waits_for(1)
        served.server.intake.record([make_draft()])
        received = everything(connection)

    assert status_of(received) == 200
    assert b"preference-applied: wait=8\r\n" in received.lower()


def test_who_waited_for_what_memory_answers_is_counted_once(served: Served) -> None:
    etag = served.ask("/all.atom")["etag"]
    answer = waiting(served, "/all.atom", if_none_match=etag)
    loop = served.bridge.following._loop
    assert loop is not None
    loop.call_soon_threadsafe(served.bridge.leave)

    told = answer()
    metrics = served.ask("/metrics").body.decode()

    assert (told.status, told["preference-applied"]) == (304, "wait=8")
    assert 'feedserver_polls_total{format="atom",status="304"} 1.0' in metrics
    assert "feedserver_polls_from_memory_total 1.0" in metrics


def test_who_is_refused_after_waiting_is_not_told_that_it_was_waited(tmp_path: Path) -> None:
    server = stored(tmp_path, reading="private")
    ann = f"Bearer {server.grants.add('ann', False)}"
    with serving(server) as served:
        etag = served.ask("/all.atom", authorization=ann)["etag"]
        answer = waiting(served, "/all.atom", if_none_match=etag, authorization=ann)
        server.grants.revoke("ann")
        server.intake.record([make_draft()])
        told = answer()
    server.close()

    assert told.status == 401
    assert "preference-applied" not in told.headers
