"""What may be served where."""

import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from feedserver.errors import FeedserverError, SettingsError
from feedserver.services.snapshots import DUE_AT_LAST, Snapshots
from feedserver.serving import _claimed, refuse_open_reading, serve
from feedserver.settings import Settings, make_settings
from tests.builders import AUTHORITY
from tests.web.listening import free_port

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
