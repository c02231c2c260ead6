"""Which format an address without an extension gives."""

import pytest

from tests.web.conftest import Site

BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html",
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
)


@pytest.mark.parametrize("accept", BROWSERS)
@pytest.mark.parametrize("address", ["/", "/all", "/queues/Support"])
def test_a_browser_gets_the_page(site: Site, address: str, accept: str) -> None:
    site.record_some(1)

    assert site.get(address, accept=accept).content_type == "text/html"


@pytest.mark.parametrize("accept", READERS)
@pytest.mark.parametrize("address", ["/", "/all", "/queues/Support"])
def test_a_reader_gets_atom_at_the_same_address(site: Site, address: str, accept: str) -> None:
    site.record_some(1)

    assert site.get(address, accept=accept).content_type == "application/atom+xml"


def test_no_accept_gets_atom(site: Site) -> None:
    assert site.get("/").content_type == "application/atom+xml"


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


def test_an_extension_wins_over_accept(site: Site) -> None:
    assert site.get("/all.atom", accept="text/html").content_type == "application/atom+xml"
    assert site.get("/all.json", accept="text/html").content_type == "application/activity+json"


def test_what_nobody_can_give_is_406_and_says_what_there_is(site: Site) -> None:
    answer = site.get("/all", 406, accept="image/png")

    assert answer.json["detail"] == (
        "This can be had as Atom, JSON, AS1 or a page; you asked for image/png."
    )
