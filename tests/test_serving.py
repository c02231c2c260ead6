"""What may be served where."""

from pathlib import Path

import pytest

from feedserver.errors import FeedserverError, SettingsError
from feedserver.serving import refuse_open_reading, serve
from feedserver.settings import Settings, make_settings
from tests.builders import AUTHORITY

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
