"""Feeds of the real service desk's log: every page of them valid, and the same in every format."""

import json
from collections.abc import Iterator

import pytest
from lxml import etree

from feedserver.assembly import Server, assemble
from feedserver.clock import system_clock
from feedserver.formats import FORMATS
from feedserver.model.feed import Page
from feedserver.model.query import Query, parse_query
from feedserver.services.reading import represent
from feedserver.settings import make_settings
from feedserver.validity import CHECKS
from tests.builders import AUTHORITY
from tests.formats.schemas import invalid, json_feed_schema, published
from tests.formats.test_one_truth import READ, told_by
from tests.sources.clarify_data import unpacked

WARNED = {
    "atom": {"UnknownNamespace", "BadCharacters"},
    "rss": {"BadCharacters"},
}
"""What is warned of, and cannot be otherwise: the words of Activity Streams, and U+FFFD."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has recorded the sample."""
    folder = tmp_path_factory.mktemp("desk")
    source = {
        "type": "clarify",
        "url": f"sqlite:///{unpacked('sample', folder)}",
        "timezone": "UTC",
        "start": "all",
    }
    server = assemble(make_settings(folder, {"authority": AUTHORITY, "sources": {"crm": source}}))
    for polling in server.pollings:
        while polling.step():
            pass
    yield server
    server.close()


def pages(server: Server, extension: str) -> Iterator[tuple[Page, bytes]]:
    """Every page of the feed of everything, newest first, and its document."""
    format = FORMATS[extension]()
    query: Query | None = parse_query([("limit", "500")])
    while query is not None:
        page = server.reading.page(
            server.reading.select(query, represent(format), f"/all.{extension}")
        )
        yield page, format.render(page)
        following = [link.href for link in page.links if link.rel == "next"]
        before = following[0].rpartition("before=")[2] if following else None
        query = parse_query([("limit", "500"), ("before", before)]) if before else None


@pytest.mark.parametrize("extension", list(FORMATS))
def test_every_page_is_valid_and_says_what_was_recorded(server: Server, extension: str) -> None:
    count, warned = 0, set()
    for page, document in pages(server, extension):
        findings = CHECKS[extension](document, page.address, system_clock())
        said = READ[extension](document)

        assert findings.errors == ()
        warned |= {warning.partition(":")[0] for warning in findings.warnings}
        assert said == [told_by(extension, activity, page) for activity in page.activities]
        assert all(each.title.startswith(f"{each.author} ") for each in said)
        count += len(said)

    assert warned == WARNED.get(extension, set())
    assert count == server.log.head() == 1447


def test_every_page_is_valid_by_the_schema_of_rfc_4287(server: Server) -> None:
    schema = etree.RelaxNG(etree.parse(str(published("atom.rng"))))

    for _, document in pages(server, "atom"):
        assert schema.validate(etree.fromstring(document)), schema.error_log


def test_every_page_is_valid_by_the_schema_of_json_feed(server: Server) -> None:
    schema = json_feed_schema()

    for _, document in pages(server, "jsonfeed"):
        assert invalid(json.loads(document), schema) == []
