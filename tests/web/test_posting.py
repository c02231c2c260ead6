"""Posts that are recorded together: each is answered as by Flask, all that wait in one commit."""

import json
import logging
import re
import shutil
import socket
import sqlite3
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app

from feedserver.assembly import Server
from feedserver.errors import StoreError
from feedserver.model.activity import Draft
from feedserver.model.feed import Page
from feedserver.services.reading import View
from feedserver.stores.sql.log import SqlLog
from feedserver.web.app import create_app
from feedserver.web.front import front_of
from feedserver.web.posting import LARGEST, MOST, Post
from tests.builders import AUTHORITY, activities, make_draft
from tests.web.conftest import BASE, Site, ready
from tests.web.served import LATER, OF_THE_SERVER, Served, serving, stored, until

AS1, AS2 = "application/stream+json", "application/activity+json"
ATOM, JSON, NDJSON = "application/atom+xml", "application/json", "application/x-ndjson"
KNOWN, DELETED = "urn:example:known", "urn:example:deleted"
MAX_BODY = LARGEST + 5000
GIVEN = re.compile("(?<=activities/)[0-9a-f]{32}|(?<=activities%2F)[0-9a-f]{32}|r-[0-9a-f]{6}")
"""What the server calls what has no id, and a fault of its own; each time it is another one."""


def note(id: str | None = None, title: str = "Ann closed case 7", **more: Any) -> bytes:
    """An activity in 1.0."""
    told = {"actor": "Ann", "verb": "close", "object": "Case 7", "title": title, **more}
    return json.dumps(told if id is None else {"id": id, **told}).encode()


def entry(id: str, inner: str = "") -> bytes:
    """An activity as an entry of Atom."""
    return (
        f'<entry xmlns="http://www.w3.org/2005/Atom"><id>{id}</id><title>Hello</title>{inner}'
        "<updated>2026-05-08T10:00:00Z</updated><author><name>Ann</name></author></entry>"
    ).encode()


def padded(body: bytes, length: int) -> bytes:
    return body + (length - len(body)) * b" "


LIKE = json.dumps(
    {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "urn:example:like",
        "type": "Like",
        "actor": {"type": "Person", "name": "Ann"},
        "object": {"type": "Note", "name": "Ä note"},
    },
    ensure_ascii=False,
).encode()


# The same answers as those of Flask


@dataclass(frozen=True)
class Request:
    """A request; its headers may name the tokens that there are."""

    body: bytes = b""
    media_type: str | None = JSON
    path: str = "/activities"
    method: str = "POST"
    version: str = "1.1"
    authorization: str | None = "Bearer {writer}"
    more: tuple[tuple[str, str], ...] = ()

    def headers(self, tokens: Mapping[str, str]) -> list[tuple[str, str]]:
        named = [("Content-Type", self.media_type), ("Authorization", self.authorization)]
        told = [(name, text.format_map(tokens)) for name, text in named if text is not None]
        length = ("Content-Length", str(len(self.body)))
        return [("Host", "feeds.example"), *told, length, *self.more]


@dataclass(frozen=True)
class Told:
    """An answer, and what the access log and the counters say of it."""

    status: int
    headers: list[tuple[str, str]]
    body: str
    logged: list[str]
    counted: list[str]


@dataclass
class Pair:
    """Two servers with the same store: one that listens, and one that is asked of Flask alone."""

    served: Served
    flask: Flask
    tokens: Mapping[str, str]
    asked: list[str]
    """The paths for which the one that listens has asked Flask."""
    caplog: pytest.LogCaptureFixture | None = None

    def by_both(self, request: Request) -> tuple[Told, Told, bool]:
        """What the one that listens told, what Flask tells, and whether both are of Flask."""
        self.asked.clear()
        told = self._told(self._listening(request), self.served.app)
        is_of_flask = bool(self.asked)
        return told, self._told(self._under_wsgi(request), self.flask), is_of_flask

    def _listening(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        lines = [f"{request.method} {request.path} HTTP/{request.version}", "Connection: close"]
        lines += [f"{name}: {text}" for name, text in request.headers(self.tokens)]
        with self.served.connected() as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + request.body)
            response = HTTPResponse(connection, method=request.method)
            response.begin()
            return response.status, response.getheaders(), response.read()

    def _under_wsgi(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        path, _, query = request.path.partition("?")
        environ = create_environ("/", BASE, method=request.method)
        environ |= {"PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1"}
        for name, text in request.headers(self.tokens):
            variable = name.upper().replace("-", "_")
            is_bare = variable in ("CONTENT_TYPE", "CONTENT_LENGTH")
            environ[variable if is_bare else f"HTTP_{variable}"] = text
        environ["wsgi.input"] = BytesIO(request.body)
        flask = front_of(self.flask).application
        chunks, status, headers = run_wsgi_app(flask, environ, buffered=True)
        return int(status[:3]), list(headers), b"".join(chunks)

    def _told(self, answer: tuple[int, list[tuple[str, str]], bytes], app: Flask) -> Told:
        status, headers, body = answer
        logged = [] if self.caplog is None else logged_of(self.caplog)
        text, count = GIVEN.subn("an id", body.decode())
        unlike = (*OF_THE_SERVER, "etag") if count else OF_THE_SERVER  # which is made of the id too
        named = [
            (name.lower(), GIVEN.sub("an id", value))
            for name, value in headers
            if name.lower() not in unlike
        ]
        return Told(status, named, text, logged, counters(app, self.tokens["writer"]))


def logged_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines of the access log until now, but for how long each took; they are forgotten."""
    lines = [each.getMessage() for each in caplog.records if each.name == "feedserver.access"]
    caplog.clear()
    return [re.sub(r" [0-9.]+ms$", "", line) for line in lines if "/metrics" not in line]


def counters(app: Flask, token: str = "") -> list[str]:
    """What is counted of writing and refusals, by another way than the one that is looked at."""
    environ = create_environ("/metrics", BASE, headers={"Authorization": f"Bearer {token}"})
    chunks, _, _ = run_wsgi_app(front_of(app).application, environ, buffered=True)
    counted = ("feedserver_writes_total", "feedserver_refusals_total")
    seconds = 'feedserver_requests_seconds_count{kind="write"}'
    lines = b"".join(chunks).decode().splitlines()
    return [line for line in lines if line.startswith((*counted, seconds))]


@contextmanager
def paired(folder: Path, **settings: Any) -> Iterator[Pair]:
    """Two servers with the same activities, the same grants and the same epoch."""
    values = {"max_body": MAX_BODY, **settings}
    made = stored(folder / "one", **values)
    made.intake.record(
        [make_draft(id=KNOWN, title="it is known"), make_draft(id=DELETED, title="it is deleted")]
    )
    made.log.replace(2, None)
    tokens = {
        name: made.grants.add(name, name != "reader") for name in ("writer", "reader", "gone")
    }
    made.grants.revoke("gone")
    tokens["basic"] = b64encode(b"ann:" + tokens["writer"].encode()).decode()
    made.close()
    shutil.copytree(folder / "one", folder / "other")
    servers = [stored(folder / name, **values) for name in ("one", "other")]
    for server in servers:
        server.clock.advance(60)  # type: ignore[attr-defined]  # it is a FakeClock
    asked: list[str] = []

    def noting(app: Flask) -> None:
        front = front_of(app)
        flask = front.application

        def noted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            if environ["PATH_INFO"] != "/metrics":
                asked.append(environ["PATH_INFO"])
            return flask(environ, start_response)

        front.application = noted

    with serving(servers[0], noting) as served:
        yield Pair(served, ready(create_app(servers[1])), tokens, asked)
    for server in servers:
        server.close()


@pytest.fixture(scope="module", params=["open", "private"])
def reading(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def both(reading: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with paired(tmp_path_factory.mktemp(reading), reading=reading) as pair:
        yield pair


@pytest.fixture
def pair(both: Pair, caplog: pytest.LogCaptureFixture) -> Pair:
    caplog.set_level(logging.INFO, "feedserver.access")
    return replace(both, caplog=caplog)


PLAIN = {
    "1.0": Request(note("urn:example:as1"), AS1),
    "2.0": Request(LIKE, AS2),
    "2.0 as LD": Request(LIKE.replace(b":like", b":ld"), "application/ld+json"),
    "of a dialect that the members tell": Request(LIKE.replace(b":like", b":told")),
    "atom": Request(entry("urn:example:atom"), ATOM),
    "without an id": Request(note()),
    "with what is not ASCII": Request(note("http://crm.example/a,b/%C3%A9?c=1", "Änn <b>&amp;")),
    "with a charset": Request(note("urn:example:charset"), JSON + "; charset=utf-8"),
    "with a charset in upper case": Request(note("urn:example:upper"), JSON + ";CHARSET=UTF-8"),
    "of a type in upper case": Request(note("urn:example:type"), "Application/JSON"),
    "with a password": Request(note("urn:example:basic"), authorization="Basic {basic}"),
    "by HTTP/1.0": Request(note("urn:example:http"), version="1.0"),
    "of a program that would have HTML": Request(
        note("urn:example:html"), more=(("Accept", "text/html"),)
    ),
    "with conditions": Request(note("urn:example:if"), more=(("If-None-Match", "*"),)),
    "as long as they may be": Request(padded(note("urn:example:long"), LARGEST)),
    "with an empty query": Request(note("urn:example:query"), path="/activities?"),
}
OTHER = {
    "without a token": (Request(note(), authorization=None), 401),
    "with an unknown token": (Request(note(), authorization="Bearer fsv_nobody"), 401),
    "with a revoked token": (Request(note(), authorization="Bearer {gone}"), 401),
    "with a token of another kind": (Request(note(), authorization="Digest {writer}"), 401),
    "with a token that may read": (Request(note(), authorization="Bearer {reader}"), 403),
    "that are no JSON": (Request(b'{"actor": '), 400),
    "that are no XML": (Request(b"<entry>", ATOM), 400),
    "that are no UTF-8": (Request(b'{"actor": "Jos\xe9"}'), 400),
    "that are no activity": (Request(b'{"actor": 5, "published": "x"}'), 422),
    "that are no object": (Request(b"5"), 422),
    "without a body": (Request(), 400),
    "that are a collection": (Request(b"[" + note("urn:example:item") + b"]"), 200),
    "that are an empty collection": (Request(b"[]"), 200),
    "that are a feed": (Request(b'<feed xmlns="http://www.w3.org/2005/Atom"/>', ATOM), 200),
    "of lines": (Request(note("urn:example:line"), NDJSON), 200),
    "that are silent": (Request(note("urn:example:silent", silent=True)), 422),
    "with a query": (Request(note(), path="/activities?queue=Support"), 400),
    "with a query that is ignored": (
        Request(note("urn:example:utm"), path="/activities?utm_source=x"),
        201,
    ),
    "with a slug": (
        Request(
            entry("urn:example:slug").replace(b"Hello", b""), ATOM, more=(("Slug", "A%20note"),)
        ),
        201,
    ),
    "that are compressed": (Request(note(), more=(("Content-Encoding", "gzip"),)), 415),
    "of a page of another site": (
        Request(note(), more=(("Origin", "http://elsewhere.example"),)),
        403,
    ),
    "of a page of ours": (
        Request(note("urn:example:origin"), more=(("Origin", "http://feeds.example"),)),
        201,
    ),
    "that a page elsewhere sends": (Request(note(), more=(("Sec-Fetch-Site", "cross-site"),)), 403),
    "in another charset": (
        Request(note("urn:example:latin", "Jos\\xe9"), JSON + "; charset=iso-8859-1"),
        201,
    ),
    "in a charset that is none": (Request(note(), JSON + "; charset=klingon"), 400),
    "with another parameter": (Request(entry("urn:example:p"), ATOM + ";type=entry"), 201),
    "of another type": (Request(note(), "text/plain"), 415),
    "without a type": (Request(note(), None), 415),
    "that are long": (Request(padded(note("urn:example:longer"), LARGEST + 1)), 201),
    "that are too long": (Request(padded(note(), MAX_BODY + 1)), 413),
    "with a known id": (Request(note("urn:example:twice")), 200),
    "with a known id and other content": (Request(note(KNOWN)), 409),
    "with a deleted id": (Request(note(DELETED)), 410),
    "with an id of ours": (Request(note(f"tag:{AUTHORITY}:activities/1")), 422),
    "that are no POST, but PUT": (
        Request(note(KNOWN), path=f"/activities/{KNOWN}", method="PUT"),
        200,
    ),
    "that are no POST, but DELETE": (
        Request(path="/activities/urn:example:no", method="DELETE"),
        404,
    ),
    "that are PUT where nothing is": (Request(note(), method="PUT"), 405),
    "to a queue": (Request(note("urn:example:queue"), path="/queues/Support"), 201),
    "to another spelling": (Request(note("urn:example:slash"), path="/activities/"), 201),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_posts_are_answered_as_by_flask_without_it(pair: Pair, kind: str) -> None:
    told, expected, is_of_flask = pair.by_both(PLAIN[kind])

    assert told == expected
    assert told.status == 201
    assert len(told.logged) == 1
    assert not is_of_flask


@pytest.mark.parametrize("kind", OTHER)
def test_posts_that_are_not_plain_are_answered_by_flask(pair: Pair, kind: str) -> None:
    request, status = OTHER[kind]
    if kind == "with a known id":
        pair.by_both(request)

    told, expected, is_of_flask = pair.by_both(request)

    assert told == expected
    assert told.status == status
    assert len(told.logged) == 1
    assert is_of_flask


@pytest.mark.parametrize(
    ("path", "is_taken"), [("/feeds/activities", False), ("/activities", True)]
)
def test_below_a_path_posts_are_plain_where_a_proxy_strips_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, is_taken: bool
) -> None:
    caplog.set_level(logging.INFO, "feedserver.access")
    with paired(tmp_path, base_url=BASE + "/feeds") as pair:
        posted = Request(note("urn:example:1"), path=path)
        told, expected, is_of_flask = replace(pair, caplog=caplog).by_both(posted)

    assert told == expected
    assert told.status == 201
    assert dict(told.headers)["location"] == BASE + "/feeds/activities/urn%3Aexample%3A1"
    assert is_of_flask != is_taken


def unwritten(view: View) -> Page:
    raise ValueError("it cannot be written")


@pytest.mark.parametrize("id", ["urn:example:unwritten", None])
def test_what_cannot_be_written_after_it_was_recorded_is_a_fault_and_recorded_once(
    pair: Pair, id: str | None
) -> None:
    assert pair.caplog is not None
    servers: list[Server] = [pair.served.server, pair.flask.extensions["feedserver"]]
    heads = [server.log.head() for server in servers]
    for server in servers:
        server.reading.page_of = unwritten  # type: ignore[method-assign]
    try:
        told, expected, _ = pair.by_both(Request(note(id)))
    finally:
        for server in servers:
            del server.reading.page_of

    assert told == expected
    assert told.status == 500
    assert [server.log.head() for server in servers] == [head + 1 for head in heads]


def test_a_fault_is_told_in_the_log_with_its_traceback(
    held: "Held", caplog: pytest.LogCaptureFixture
) -> None:
    held.served.server.reading.page_of = unwritten  # type: ignore[method-assign]
    answers = held.together(note(), note())

    assert [answer.status for answer in answers] == [500, 500]
    assert caplog.text.count("ValueError: it cannot be written") == 3  # and the one before them
    assert "represented(" in caplog.text
    assert held.served.server.log.head() == 3


# Together


class Held:
    """A server that stops at the first such statement until all who come meanwhile wait."""

    def __init__(self, served: Served, statement: str = "COMMIT") -> None:
        assert isinstance(served.server.log, SqlLog)
        self.served = served
        self.log = served.server.log
        self.tokens = {"writer": served.server.grants.add("writer", True)}
        self.said = 0
        """How often the statement was said."""
        self._statement = statement
        self._reached, self._go_on = threading.Event(), threading.Event()
        self._connections = ExitStack()
        sa.event.listen(self.log._engine, "before_cursor_execute", self._hold)

    def _hold(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement != self._statement:
            return
        self.said += 1
        if self.said == 1:
            self._reached.set()
            assert self._go_on.wait(10)

    def together(
        self,
        *bodies: bytes | Request,
        meanwhile: Callable[[Sequence[socket.socket]], None] = lambda _: None,
    ) -> list[HTTPResponse]:
        """The answers to those posts, of which each comes in its turn while another one commits."""
        connections = self.waiting(*bodies)
        meanwhile(connections)
        self._go_on.set()
        return [answered(each) for each in connections if each.fileno() >= 0]

    def waiting(self, *bodies: bytes | Request) -> list[socket.socket]:
        """Connections on which those posts have come, and wait for the one that commits."""
        self._send(LEADER)
        assert self._reached.wait(10)
        connections = []
        for number, body in enumerate(bodies, 1):
            connections.append(self._send(body))
            until(lambda: len(self.served.bridge._posts) == number)  # noqa: B023 - it is called now
        return connections

    def go_on(self) -> None:
        self._go_on.set()

    def _send(self, body: bytes | Request) -> socket.socket:
        request = body if isinstance(body, Request) else Request(body)
        lines = [f"{name}: {text}" for name, text in request.headers(self.tokens)]
        head = "\r\n".join(["POST /activities HTTP/1.1", *lines, "", ""]).encode()
        connection = self._connections.enter_context(self.served.connected())
        connection.sendall(head + request.body)
        return connection

    def close(self) -> None:
        self._go_on.set()
        self._connections.close()

    def ids(self) -> list[str]:
        """What is recorded, but for what held all up."""
        return [each.id for each in activities(self.log.read(0))][1:]


def answered(connection: socket.socket) -> HTTPResponse:
    """The answer that comes on that connection; its body is read."""
    response = HTTPResponse(connection)
    response.begin()
    response.body = response.read()  # type: ignore[attr-defined]
    return response


LEADER = note("urn:example:leader")


@contextmanager
def holding(folder: Path, statement: str = "COMMIT") -> Iterator[Held]:
    server = stored(folder)
    with serving(server) as served, closing(Held(served, statement)) as held:
        yield held
    server.close()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    with holding(tmp_path) as held:
        yield held


@pytest.mark.parametrize(("count", "commits"), [(20, 2), (MOST + 1, 3)])
def test_posts_that_wait_are_committed_together_in_the_order_in_which_they_came(
    held: Held, count: int, commits: int
) -> None:
    ids = [f"urn:example:{number}" for number in range(count)]

    answers = held.together(*map(note, ids))

    assert {answer.status for answer in answers} == {201}
    assert held.said == commits
    assert held.ids() == ids
    assert held.log.head() == count + 1


def test_posts_on_one_connection_are_recorded_in_their_order(held: Held) -> None:
    held.go_on()
    ids = [f"urn:example:{number}" for number in range(5)]
    with held.served.connected() as connection:
        for id in ids:
            lines = [f"{name}: {text}" for name, text in Request(note(id)).headers(held.tokens)]
            head = "\r\n".join(["POST /activities HTTP/1.1", *lines, "", ""]).encode()
            connection.sendall(head + note(id))
        received = b""
        while received.count(b"HTTP/1.1 201") < len(ids):
            received += connection.recv(65536)

    assert [each.id for each in activities(held.log.read(0))] == ids


def test_each_of_those_that_wait_is_told_what_became_of_it(held: Held) -> None:
    sent: list[tuple[bytes | Request, int]] = [
        (note("urn:example:1"), 201),
        (note("urn:example:1"), 200),
        (note("urn:example:2", "one"), 201),
        (note("urn:example:2", "another"), 409),
        (b'{"actor": 5}', 422),
        (b'{"actor":', 400),
        (Request(note("urn:example:3"), authorization=None), 401),
        (LEADER, 200),
        (note(f"tag:{AUTHORITY}:activities/1"), 422),
        (b"[" + note("urn:example:4") + b"]", 200),
        (note("urn:example:5"), 201),
    ]

    answers = held.together(*(body for body, _ in sent))

    assert [answer.status for answer in answers] == [status for _, status in sent]
    assert sorted(held.ids()) == [f"urn:example:{number}" for number in (1, 2, 4, 5)]


# Stores that fail


def test_who_waits_for_a_store_that_another_program_holds_is_told_with_those_before(
    tmp_path: Path,
) -> None:
    with holding(tmp_path, "BEGIN IMMEDIATE") as held:
        sa.event.listen(held.log._engine, "connect", _impatient)
        held.log._engine.dispose()
        path = held.served.server.settings.folder / "store.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            stranger = Request(note(), authorization=None)
            answers = held.together(note("urn:example:1"), b'{"actor": 5}', stranger, note())
            tried = held.said
            other.execute("ROLLBACK")
        after = answered(held._send(note("urn:example:1")))

    assert [answer.status for answer in answers] == [503, 422, 401, 503]
    assert b"database is locked" in answers[0].body  # type: ignore[attr-defined]
    assert answers[0].headers["Retry-After"] == "5"
    assert tried == 1
    assert after.status == 201


def _impatient(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA busy_timeout = 10")


def test_where_one_of_them_cannot_be_stored_each_is_told_alone(held: Held) -> None:
    appended = held.log.appended

    def fails(drafts: Sequence[Draft], bookmark: Any = None) -> Any:
        if any(draft.title == "bad" for draft in drafts):
            raise StoreError("the store cannot be written: disk full")
        return appended(drafts, bookmark)

    connections = held.waiting(
        note("urn:example:1"), note("urn:example:2", "bad"), note("urn:example:3")
    )
    held.log.appended = fails  # type: ignore[method-assign]
    held.go_on()
    answers = [answered(each) for each in connections]

    assert [answer.status for answer in answers] == [201, 503, 201]
    assert b"disk full" in answers[1].body  # type: ignore[attr-defined]
    assert sorted(held.ids()) == ["urn:example:1", "urn:example:3"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StoreError("disk I/O error"), "one by one: disk I/O error"),
        (ValueError("it is broken"), "ValueError: it is broken"),
    ],
)
def test_what_fails_for_all_and_for_none_alone_is_told_in_the_log(
    held: Held, caplog: pytest.LogCaptureFixture, error: Exception, told: str
) -> None:
    appended = held.log.appended

    def fails_once(*_: object) -> Any:
        held.log.appended = appended  # type: ignore[method-assign]
        raise error

    connections = held.waiting(note("urn:example:1"), note("urn:example:2"))
    held.log.appended = fails_once  # type: ignore[method-assign, assignment]
    held.go_on()
    answers = [answered(each) for each in connections]

    assert [answer.status for answer in answers] == [201, 201]
    assert "posts could not be recorded together" in caplog.text
    assert told in caplog.text


def test_a_parser_that_fails_here_alone_is_told_in_the_log(
    held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    parser = held.served.server.parser
    read = type(parser).read

    def fails_once(*_: object) -> Any:
        parser.read = lambda *given: read(parser, *given)  # type: ignore[method-assign]
        raise ValueError("it is broken")

    parser.read = fails_once  # type: ignore[method-assign, assignment]
    held.go_on()
    answer = answered(held._send(note("urn:example:1")))

    assert answer.status == 201
    assert "a post could not be read here" in caplog.text
    assert "ValueError: it is broken" in caplog.text


def test_what_was_recorded_is_told_though_others_cannot_be_compared(held: Held) -> None:
    def fails(_: object) -> Any:
        raise StoreError("the store cannot be read: disk I/O error")

    held.log.versions = fails  # type: ignore
    answers = held.together(LEADER, note(title="without an id"))

    assert [answer.status for answer in answers] == [503, 201]
    assert len(held.ids()) == 1


def test_a_fault_in_the_midst_leaves_nobody_waiting(held: Held) -> None:
    posting = held.served.bridge._front.posting
    work = posting.answers

    def fails_once(posts: Sequence[Post]) -> Any:
        posting.answers = work  # type: ignore[method-assign]
        raise ValueError("it is broken")

    connections = held.waiting(*(note(f"urn:example:{number}") for number in range(MOST + 2)))
    posting.answers = fails_once  # type: ignore[method-assign]
    held.go_on()
    answers = [answered(each).status for each in connections]

    assert answers == [500] * MOST + [201] * 2


# Who leaves


def test_who_hangs_up_while_its_post_waits_disturbs_nobody(
    held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    def hangs_up(connections: Sequence[socket.socket]) -> None:
        connections[1].close()
        time.sleep(0.05)  # in which the server can see it

    answers = held.together(
        *map(note, ("urn:example:1", "urn:example:2", "urn:example:3")), meanwhile=hangs_up
    )
    until(lambda: held.served.bridge.in_hand == 0)
    after = answered(held._send(note("urn:example:4")))

    assert [answer.status for answer in (*answers, after)] == [201] * 3
    recorded = held.ids()
    assert [id for id in recorded if id != "urn:example:2"] == [
        "urn:example:1",
        "urn:example:3",
        "urn:example:4",
    ]
    assert recorded.count("urn:example:2") <= 1
    assert "Traceback" not in caplog.text


def test_posts_in_hand_are_finished_when_it_leaves(tmp_path: Path) -> None:
    server = stored(tmp_path)
    with serving(server) as served:
        held = Held(served)
        connections = held.waiting(*(note(f"urn:example:{number}") for number in range(3)))
        threading.Timer(LATER, held.go_on).start()
    statuses = [answered(each).status for each in connections]
    recorded = held.ids()
    held.close()
    server.close()

    assert statuses == [201] * 3
    assert recorded == [f"urn:example:{number}" for number in range(3)]


# What is told of them


@pytest.mark.parametrize("kind", ["hot", "cold"])
def test_the_next_poll_on_another_connection_shows_what_was_posted(held: Held, kind: str) -> None:
    held.go_on()
    served, token = held.served, held.tokens["writer"]
    served.ask("/all.json")

    def shows(number: int) -> bool:
        id = f"urn:example:{number}"
        status = served.post(json.loads(note(id)), token).status
        path = "/all.json" if kind == "hot" else f"/all.json?limit={50 + number}"
        return status == 201 and id.encode() in served.ask(path).body

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(shows, range(20)))


def test_what_was_recorded_is_noticed_once_for_all_and_what_was_not_never(site: Site) -> None:
    noticed: list[bool] = []
    posting = front_of(create_app(site.server, None, lambda: noticed.append(True))).posting
    environ = {
        "CONTENT_TYPE": JSON,
        "HTTP_AUTHORIZATION": f"Bearer {site.grant(write=True)}",
        "REMOTE_ADDR": "127.0.0.1",
    }
    posts = [Post(dict(environ), note(f"urn:example:{n}"), perf_counter()) for n in range(3)]

    first = posting.answers(posts)
    again = posting.answers(posts)

    assert [answer is not None and answer.status == 201 for answer in first] == [True] * 3
    assert again == [None] * 3
    assert noticed == [True]
