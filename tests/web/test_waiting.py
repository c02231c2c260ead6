"""Who waits for news (`Prefer: wait`): woken when its feed is touched, and never for nothing."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from feedserver.assembly import assemble_around
from feedserver.model.activity import Version
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.stores.sql.opening import open_log
from feedserver.web.app import create_app
from feedserver.web.following import wait_of
from feedserver.web.front import front_of
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.web.conftest import BASE, Site
from tests.web.listening import listening
from tests.web.served import (
    LATER,
    NOTE,
    NOTED,
    SOON,
    STORE,
    Served,
    everything,
    head_of,
    in_background,
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


@pytest.fixture
def token(served: Served) -> str:
    return served.server.grants.add("script", True)


# Who waits


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


def test_under_wsgi_nobody_waits(site: Site) -> None:
    etag = site.get("/all.atom").headers["ETag"]

    began = time.monotonic()
    answer = site.get("/all.atom", 304, if_none_match=etag, prefer="wait=8")

    assert "Preference-Applied" not in answer.headers
    assert time.monotonic() - began < 1


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
