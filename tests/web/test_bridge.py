"""The server that `serve` runs: the same answers as under WSGI, and what only it does."""

import json
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask, Response
from werkzeug.test import create_environ, run_wsgi_app

from feedserver.errors import FeedserverError
from feedserver.serving import serve
from feedserver.settings import make_settings
from feedserver.stores.sql.opening import open_log
from feedserver.web.app import create_app
from feedserver.web.bridge import MAX_REQUEST, WRITERS, Bridge
from feedserver.web.front import front_of
from tests.builders import AUTHORITY, make_draft
from tests.web.conftest import BASE
from tests.web.listening import listening
from tests.web.served import (
    JSON,
    NDJSON,
    NOTE,
    NOTED,
    OF_THE_SERVER,
    STORE,
    Served,
    chunked,
    everything,
    head_of,
    in_background,
    sent,
    serving,
    serving_some,
    status_of,
    stored,
    until,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all that leave it as it is: it has activities, and no more come."""
    with serving_some(tmp_path_factory.mktemp("shared"), 3) as made:
        yield made


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving_some(tmp_path) as made:
        yield made


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


def test_who_sends_two_credentials_is_refused_by_memory_too(tmp_path: Path) -> None:
    server = stored(tmp_path, reading="private")
    one = ("Authorization", f"Bearer {server.grants.add('reader', False)}")
    with serving(server) as served:
        lines = [[one], [one], [one, ("Authorization", "Basic zz")], [one]]

        answers = [sent(served, "/all.atom", "GET", each, "1.1") for each in lines]

        assert [status for status, *_ in answers] == [200, 200, 401, 200]
    server.close()


# Bodies


@pytest.fixture
def token(served: Served) -> str:
    return served.server.grants.add("script", True)


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
