"""Which format an address without an extension gives."""

import pytest

from feedserver.model.addresses import activity_path
from tests.web.conftest import Site

BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html",
    (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
        "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
    ),
    "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01",
)
MINIFLUX = (
    "application/xml,application/atom+xml,application/rss+xml,application/rdf+xml,"
    "application/feed+json,text/html,*/*;q=0.9"
)
READERS = (
    MINIFLUX,
    "application/atom+xml,application/rss+xml;q=0.9,*/*;q=0.1",
    "*/*",
    "application/atom+xml",
    "text/xml",
    # Of SimplePie (FreshRSS), feedparser, curl and a reader that is sure of itself.
    (
        "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, "
        "application/xml;q=0.8, text/xml;q=0.8, text/html;q=0.7, unknown/unknown;q=0.1, */*;q=0.1"
    ),
    (
        "application/atom+xml,application/rdf+xml,application/rss+xml,application/x-netcdf,"
        "application/xml;q=0.9,text/xml;q=0.2,*/*;q=0.1"
    ),
    "*/*;q=0.5",
)
NO_TYPES = ("", "*", "garbage", ";;;", ",", "q=1", "\xff")
"""What stands in `Accept` and names no media type."""
IMPOSSIBLE = ("image/png", "application/pdf, text/plain", "text/html;q=0, */*;q=0", "audio/*")


@pytest.mark.parametrize("accept", BROWSERS)
@pytest.mark.parametrize("address", ["/", "/all", "/queues/Support"])
def test_a_browser_gets_the_page(site: Site, address: str, accept: str) -> None:
    site.record_some(1)

    assert site.get(address, accept=accept).content_type == "text/html"


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("application/rss+xml, application/xml;q=0.5", "application/rss+xml"),  # n8n
        ("application/feed+json, application/atom+xml;q=0.5", "application/feed+json"),
    ],
)
def test_a_reader_that_wants_another_format_gets_it(site: Site, accept: str, given: str) -> None:
    site.record_some(1)

    assert site.get("/all", accept=accept).content_type == given


@pytest.mark.parametrize("extension", ["rss", "jsonfeed"])
def test_versions_are_not_told_where_there_are_no_words_for_them(
    site: Site, extension: str
) -> None:
    answer = site.get(f"/all.{extension}?after=", 400)

    assert "Ask for .atom, .json or .as1." in answer.json["detail"]


@pytest.mark.parametrize("accept", READERS)
@pytest.mark.parametrize("address", ["/", "/all", "/queues/Support"])
def test_a_reader_gets_atom_at_the_same_address(site: Site, address: str, accept: str) -> None:
    site.record_some(1)

    assert site.get(address, accept=accept).content_type == "application/atom+xml"


def test_no_accept_gets_atom(site: Site) -> None:
    assert site.get("/").content_type == "application/atom+xml"


@pytest.mark.parametrize("accept", NO_TYPES)
def test_an_accept_without_a_type_is_as_none(site: Site, accept: str) -> None:
    assert site.get("/all", accept=accept).content_type == "application/atom+xml"


@pytest.mark.parametrize(
    "accept", ["application/activity+json", "application/json", "application/ld+json, */*;q=0.1"]
)
def test_a_program_gets_json(site: Site, accept: str) -> None:
    assert site.get("/all", accept=accept).content_type == "application/activity+json"


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (
            'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
            "application/activity+json",
        ),
        ("application/atom+xml;type=feed", "application/atom+xml"),
        ("", "application/atom+xml"),
        ("application/*", "application/atom+xml"),
        ("text/*", "application/atom+xml"),
        ("text/html;q=0.5, application/json", "application/activity+json"),
        ("*/*;q=0.1, text/html;q=0", "application/atom+xml"),
    ],
)
def test_parameters_ranges_and_qualities_are_understood(
    site: Site, accept: str, given: str
) -> None:
    assert site.get("/all", accept=accept).content_type == given


def test_errors_come_as_the_reader_likes_them(site: Site) -> None:
    program = site.get("/nope", 404, accept="text/html;q=0.1,application/json")
    person = site.get("/nope", 404, accept="text/html,*/*;q=0.8")

    assert program.content_type == "application/problem+json"
    assert person.content_type == "text/html"


@pytest.mark.parametrize("accept", [*BROWSERS, *READERS, *NO_TYPES, *IMPOSSIBLE])
def test_an_extension_wins_over_every_accept(site: Site, accept: str) -> None:
    assert site.get("/all.atom", accept=accept).content_type == "application/atom+xml"
    assert site.get("/all.json", accept=accept).content_type == "application/activity+json"
    assert site.get("/all.as1", accept=accept).content_type == "application/stream+json"


@pytest.mark.parametrize("accept", IMPOSSIBLE)
@pytest.mark.parametrize("address", ["/", "/all", "/queues/Support"])
def test_an_impossible_accept_is_406_where_the_address_leaves_it_open(
    site: Site, address: str, accept: str
) -> None:
    site.record_some(1)

    site.get(address, 406, accept=accept)


def test_an_activity_is_negotiated_as_a_feed_is(site: Site) -> None:
    (draft,) = site.record_some(1)
    address = activity_path(draft.id)

    assert site.get(address, accept=MINIFLUX).content_type == "application/atom+xml"
    assert site.get(address, accept=BROWSERS[0]).content_type == "text/html"
    assert site.get(f"{address}.json", accept="image/png").status_int == 200
    site.get(address, 406, accept="image/png")


def test_what_nobody_can_give_is_406_and_says_what_there_is(site: Site) -> None:
    answer = site.get("/all", 406, accept="image/png")

    assert answer.json["detail"] == (
        "This can be had as Atom, JSON, AS1, RSS, JSON Feed or a page; you asked for image/png."
    )
