"""A server under a path, reached through either kind of proxy; more in `conftest.UNDER_A_PATH`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from feedserver.assembly import assemble_around
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from feedserver.web.prefix import Prefix, prefix_of
from tests.builders import AUTHORITY, FakeClock
from tests.web.conftest import Site

HOME = "https://intra.example"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(params=["/feeds", "/a/b", "/caf%C3%A9"])
def under(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A server with a path in its `base_url`."""
    clock = FakeClock()
    values = {"authority": AUTHORITY, "base_url": f"{HOME}{request.param}/"}
    settings = make_settings(tmp_path, values)
    server = assemble_around(MemoryLog(AUTHORITY, clock), settings, clock)
    yield Site(server, clock, TestApp(create_app(server)))
    server.close()


@pytest.mark.parametrize(
    ("base_url", "prefix"),
    [
        ("http://feeds.example", ""),
        ("http://feeds.example/", ""),
        ("https://intra.example/feeds", "/feeds"),
        ("https://intra.example/a/b/", "/a/b"),
    ],
)
def test_the_prefix_is_the_path_of_the_address(base_url: str, prefix: str) -> None:
    assert prefix_of(base_url) == prefix


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/all",
        "/all.atom?limit=1",
        "/queues/Support.json",
        "/feeds.json",
        "/queues",
        "/static/feed.svg",
        "/healthz",
        "/metrics",
    ],
)
def test_the_path_may_come_whole_or_stripped(under: Site, address: str) -> None:
    under.record_some(2)
    prefix = prefix_of(under.server.reading.base_url)

    stripped, whole = under.get(address), under.get(prefix + address)

    if address != "/metrics":
        assert whole.body == stripped.body
    assert whole.headers.get("ETag") == stripped.headers.get("ETag")


def test_a_feed_tells_the_address_by_which_it_was_asked(under: Site) -> None:
    under.record_some(1)
    base_url = under.server.reading.base_url

    for asked in (base_url.removeprefix(HOME), ""):
        feed = under.get(f"{asked}/queues/Support.atom?tag=vip")
        assert f'href="{base_url}/queues/Support.atom?tag=vip" rel="self"' in feed.text


def test_a_redirect_stays_under_the_path(under: Site) -> None:
    under.record_some(1)
    prefix = prefix_of(under.server.reading.base_url)

    for asked in (prefix, ""):
        answer = under.get(f"{asked}/queues/support.atom?tag=vip", 302)
        assert answer.headers["Location"] == f"{prefix}/queues/Support.atom?tag=vip"


def test_the_path_alone_is_the_stream_unless_it_is_an_address_of_ours(under: Site) -> None:
    prefix = prefix_of(under.server.reading.base_url)

    page = under.get(prefix, accept=BROWSER)

    assert ("<h1>Feeds</h1>" if prefix == "/feeds" else "<h1>Everything</h1>") in page.text
    assert "<h1>Everything</h1>" in under.get(f"{prefix}/", accept=BROWSER).text


def test_what_only_begins_like_the_path_is_nothing(under: Site) -> None:
    prefix = prefix_of(under.server.reading.base_url)

    under.get(f"{prefix}x/all.atom", 404)


def test_an_error_leads_to_addresses_under_the_path(under: Site) -> None:
    prefix = prefix_of(under.server.reading.base_url)

    assert f"stands at {prefix}/feeds." in under.get("/nope", 404).json["detail"]
    assert f'href="{prefix}/feeds"' in under.get("/nope", 404, accept=BROWSER).text


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/feeds/all.atom", "/all.atom"),
        ("/all.atom", "/all.atom"),
        ("/feeds/", "/"),
        ("/feeds", "/bare"),
        ("/feeds.json", "/feeds.json"),
        ("/feeds/feeds", "/feeds"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("mounted_at", ["", "/feeds"])
def test_the_application_is_told_where_it_stands(asked: str, path: str, mounted_at: str) -> None:
    told: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], _: object) -> list[bytes]:
        told.append(environ)
        return []

    layer = Prefix(application, "/feeds", bare="/bare")
    layer({"PATH_INFO": asked, "SCRIPT_NAME": mounted_at}, lambda *_: None)

    assert [(each["SCRIPT_NAME"], each["PATH_INFO"]) for each in told] == [("/feeds", path)]
