"""What may be served where."""

import sys
import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import granian._futures as _futures
import pytest

from feedserver.assembly import assemble_around
from feedserver.errors import FeedserverError, SettingsError
from feedserver.services.snapshots import DUE_AT_LAST, Snapshots
from feedserver.serving import _asked_first, _claimed, new_loop, refuse_open_reading, serve
from feedserver.settings import Settings, make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from feedserver.web.bridge import Bridge
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.web.listening import free_port, listening

LOOPBACK = "http://127.0.0.1:8000"


def settings(reading: str, base_url: str = LOOPBACK) -> Settings:
    values = {"authority": AUTHORITY, "base_url": base_url, "reading": reading}
    return make_settings(Path(), values)


def test_open_reading_on_a_public_address_is_refused_with_what_to_do() -> None:
    with pytest.raises(SettingsError) as caught:
        refuse_open_reading(settings("open"), "0.0.0.0")

    assert str(caught.value) == (
        'reading = "open" would show everything to everyone at 0.0.0.0. '
        'Set reading = "private", or say --open.'
    )


def test_open_reading_under_a_public_base_url_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"everyone at feeds\.example"):
        refuse_open_reading(settings("open", "https://feeds.example"), "127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_open_reading_is_for_this_machine(host: str) -> None:
    refuse_open_reading(settings("open"), host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "feeds.example", "127.0.0.1"])
def test_a_private_server_may_listen_anywhere(host: str) -> None:
    refuse_open_reading(settings("private", "https://feeds.example"), host)


def test_an_address_that_is_none_of_this_machine_is_told_as_such(tmp_path: Path) -> None:
    here = make_settings(tmp_path, {"authority": AUTHORITY, "base_url": LOOPBACK})

    with pytest.raises(FeedserverError, match="Cannot listen on nosuch"):
        serve(here, "nosuch", 8000)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not noticed")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_two_that_start_at_once_cannot_have_one_port(host: str) -> None:
    port = free_port()

    with _claimed("127.0.0.1", port):
        with (
            pytest.raises(FeedserverError, match=f"Port {port} is in use. Try --port {port + 1}"),
            _claimed(host, port),
        ):
            pass
        with _claimed("127.0.0.2", port):
            pass

    with _claimed(host, port):
        pass  # it is free as soon as the other one has left


class Slow:
    """An index with much that is not saved, and a store that takes its time to say what is."""

    position, removals = DUE_AT_LAST, 0

    def __init__(self) -> None:
        self.goes_on = threading.Event()

    def positions(self, _epoch: str) -> dict[int, int]:
        self.goes_on.wait(5)
        return {}

    def segments(self) -> dict[int, tuple[int, int]]:
        return {}


def test_what_saves_too_slowly_is_waited_for_once() -> None:
    slow: Any = Slow()
    snapshots = Snapshots(slow, slow, "epoch")
    snapshots.start()
    began = time.monotonic()

    snapshots.stop(0.1)
    first = time.monotonic() - began
    snapshots.stop(5.0)

    second = time.monotonic() - began - first
    slow.goes_on.set()
    assert first >= 0.1
    assert second < 1


def test_a_poll_that_memory_answers_does_not_wait_for_the_event_loop(tmp_path: Path) -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    server = assemble_around(log, make_settings(tmp_path, {"authority": AUTHORITY}), clock)
    server.intake.record([make_draft()])
    clock.advance(60)
    bridges: list[Bridge] = []
    is_busy, has_time = threading.Event(), threading.Event()

    def keep_busy() -> None:
        is_busy.set()
        has_time.wait(10)

    with listening(create_app(server), server, made=bridges.append) as port:
        told = [asked(port, "/all.json") for _ in range(2)]
        loop = bridges[0].following._loop
        assert loop is not None
        loop.call_soon_threadsafe(keep_busy)
        assert is_busy.wait(10)
        told += [asked(port, "/all.json")]
        has_time.set()

    assert told == 3 * [told[0]]
    assert told[0][0] == 200


def asked(port: int, path: str) -> tuple[int, bytes]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_another_granian_is_served_by_its_event_loop(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(_futures, "_cbsched_aioschedule")

    with closing(new_loop()) as loop, _asked_first(loop, lambda *_: True):
        pass

    assert "hands each poll to the event loop" in caplog.text
    assert not hasattr(_futures, "_cbsched_aioschedule")
