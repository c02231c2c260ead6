"""Feeds of the real service desk's log: every page of them valid, and the same in every format."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from feedserver.assembly import Server, assemble
from feedserver.formats.as2 import As2Format
from feedserver.formats.atom import AtomFormat
from feedserver.formats.jsonfeed import JsonFeedFormat
from feedserver.formats.rss import RssFormat
from feedserver.model.query import Query, parse_query
from feedserver.ports import Format
from feedserver.services.reading import represent
from feedserver.settings import make_settings
from tests.builders import AUTHORITY
from tests.feed_rules import check
from tests.rss_rules import check_rss
from tests.sources.clarify_data import unpacked

UNAVOIDABLE = ("UnknownNamespace: ", "BadCharacters: ")
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that has recorded the sample."""
    source = {
        "type": "clarify",
        "url": f"sqlite:///{unpacked('sample', tmp_path)}",
        "timezone": "UTC",
        "start": "all",
    }
    server = assemble(make_settings(tmp_path, {"authority": AUTHORITY, "sources": {"crm": source}}))
    for polling in server.pollings:
        while polling.step():
            pass
    yield server
    server.close()


def pages(server: Server, format: Format) -> Iterator[tuple[str, bytes]]:
    """Every page of the feed of everything, newest first, with its address."""
    query: Query | None = parse_query([("limit", "500")])
    while query is not None:
        view = server.reading.select(query, represent(format), f"/all.{format.extension}")
        page = server.reading.page(view)
        yield page.address, format.render(page)
        following = [link.href for link in page.links if link.rel == "next"]
        before = following[0].rpartition("before=")[2] if following else None
        query = parse_query([("limit", "500"), ("before", before)]) if before else None


def test_every_page_is_valid_and_says_the_same_in_every_format(server: Server) -> None:
    ids: dict[str, list[str]] = {"atom": [], "json": [], "rss": [], "jsonfeed": []}
    for address, document in pages(server, AtomFormat()):
        findings = check(document, address)
        assert findings.errors == ()
        assert [w for w in findings.warnings if not w.startswith(UNAVOIDABLE)] == []
        entries = etree.fromstring(document).iter(f"{ATOM}entry")
        ids["atom"] += [entry.findtext(f"{ATOM}id") for entry in entries]
    for _, document in pages(server, As2Format()):
        ids["json"] += [item["id"] for item in json.loads(document)["orderedItems"]]
    for address, document in pages(server, RssFormat()):
        findings = check_rss(document, address)
        assert findings.errors == ()
        assert [w for w in findings.warnings if not w.startswith(UNAVOIDABLE)] == []
        ids["rss"] += [guid.text for guid in etree.fromstring(document).iter("guid")]
    for _, document in pages(server, JsonFeedFormat()):
        ids["jsonfeed"] += [item["id"] for item in json.loads(document)["items"]]

    assert len(ids["atom"]) == server.log.head() == 1447
    assert all(found == ids["atom"] for found in ids.values())


def test_every_page_is_valid_by_the_schema_of_rfc_4287(server: Server) -> None:
    schemas = Path(os.environ["FEEDSERVER_TEST_DATA"]) / ".." / "schemas"
    if not schemas.is_dir():
        pytest.skip("FEEDSERVER_TEST_DATA has no ../schemas beside it")
    schema = etree.RelaxNG(etree.parse(str(schemas / "atom.rng")))

    for _, document in pages(server, AtomFormat()):
        assert schema.validate(etree.fromstring(document)), schema.error_log
