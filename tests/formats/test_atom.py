"""Atom: valid whatever is in the log, deterministic, and readable by those who know less."""

import os
from pathlib import Path

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedserver.formats.atom import AtomFormat
from feedserver.model.activity import Object, Product
from feedserver.model.query import parse_query
from feedserver.services.reading import Reading
from tests.builders import make_draft
from tests.feed_rules import check
from tests.formats.conftest import odd_drafts, page_of, reading_of
from tests.formats.golden import assert_golden

ATOM = AtomFormat()
UNAVOIDABLE = ("UnknownNamespace: ", "BadCharacters: ")


def avoidable(warnings: tuple[str, ...]) -> list[str]:
    return [warning for warning in warnings if not warning.startswith(UNAVOIDABLE)]


def namespaces() -> dict[str, str]:
    return {
        "atom": "http://www.w3.org/2005/Atom",
        "activity": "http://activitystrea.ms/spec/1.0/",
        "dcterms": "http://purl.org/dc/terms/",
    }


def test_the_feed_is_as_the_golden_file_has_it(reading: Reading) -> None:
    assert_golden("odd.atom", ATOM.render(page_of(reading, ATOM)))


def test_an_entry_alone_is_as_the_golden_file_has_it(reading: Reading) -> None:
    page = page_of(reading, ATOM)

    assert_golden("entry.atom", ATOM.render_activity(page.activities[-1], page))


def test_the_feed_is_valid(reading: Reading) -> None:
    page = page_of(reading, ATOM)

    findings = check(ATOM.render(page), page.address)

    assert findings.errors == ()
    assert avoidable(findings.warnings) == []
    unknown = [w for w in findings.warnings if w.startswith("UnknownNamespace: ")]
    assert len(unknown) == 1
    assert "activitystrea.ms" in unknown[0]


@pytest.mark.parametrize("query", [[], [("queue", "nobody")], [("limit", "0")], [("after", "")]])
def test_an_empty_feed_and_every_other_page_is_valid(query: list[tuple[str, str]]) -> None:
    for drafts in ([], odd_drafts()):
        page = page_of(reading_of(drafts), ATOM, parse_query(query))

        findings = check(ATOM.render(page), page.address)

        assert findings.errors == ()
        assert avoidable(findings.warnings) == []


def test_the_feed_is_valid_by_the_schema_of_rfc_4287(reading: Reading) -> None:
    data = os.environ.get("FEEDSERVER_TEST_DATA")
    schema = Path(data or "/nowhere") / ".." / "schemas" / "atom.rng"
    if not schema.is_file():
        pytest.skip("FEEDSERVER_TEST_DATA names no folder with ../schemas/atom.rng")
    validator = etree.RelaxNG(etree.parse(str(schema)))

    for drafts in ([], odd_drafts()):
        document = etree.fromstring(ATOM.render(page_of(reading_of(drafts), ATOM)))
        assert validator.validate(document), validator.error_log


text = st.text(max_size=60)
names = st.lists(text, max_size=3).map(tuple)


@settings(max_examples=150)
@given(title=text, content=st.none() | text, tags=names, queues=names, name=text, revision=text)
def test_nothing_that_is_recorded_can_break_a_feed(
    title: str,
    content: str | None,
    tags: tuple[str, ...],
    queues: tuple[str, ...],
    name: str,
    revision: str,
) -> None:
    odd = make_draft(
        title=title,
        content=content,
        tags=tags,
        queues=queues,
        actor=Object("person", None, name, login=name),
        object=Object("case", None, name, name),
        target=Object("queue", None, name),
        customer=Object("organization", None, name),
        products=(Product(name, revision),),
    )
    plain = make_draft()
    reading = reading_of([odd, plain])

    parsed = etree.fromstring(ATOM.render(page_of(reading, ATOM)))

    ids = parsed.xpath("/atom:feed/atom:entry/atom:id/text()", namespaces=namespaces())
    assert ids == [plain.id, odd.id]


def test_the_same_page_is_the_same_bytes() -> None:
    drafts = odd_drafts()

    first, second = (ATOM.render(page_of(reading_of(drafts), ATOM)) for _ in range(2))

    assert first == second


def test_a_reader_that_knows_nothing_of_activities_sees_the_entrys_own_things(
    reading: Reading,
) -> None:
    parsed = feedparser.parse(ATOM.render(page_of(reading, ATOM)))

    created = parsed.entries[-1]
    draft = odd_drafts()[0]
    assert not parsed.bozo
    assert created.id == draft.id
    assert created.title == draft.title
    assert created.link == draft.object.url
    assert created.author == "Ann Example"
    assert created.published == "2026-05-08T10:01:00+00:00"
    assert {tag.term for tag in created.tags} == {"XR-20", "priority:High", "vip"}
    assert parsed.feed.author == "feedserver"


def test_what_happened_and_when_is_carried(reading: Reading) -> None:
    feed = etree.fromstring(ATOM.render(page_of(reading, ATOM)))
    dispatched = feed.xpath("atom:entry", namespaces=namespaces())[-2]

    def told(path: str) -> list[str]:
        found: list[str] = dispatched.xpath(path, namespaces=namespaces())
        return found

    schema = "http://activitystrea.ms/schema/1.0/"
    assert told("activity:verb/text()") == [schema + "assign"]
    assert told("activity:object/activity:object-type/text()") == [schema + "issue"]
    assert told("activity:object/atom:title/text()") == ["Printer on fire"]
    assert told("activity:target/atom:title/text()") == ["Support"]
    assert told("atom:author/activity:object-type/text()") == [schema + "person"]
    assert told("dcterms:created/text()") == ["2026-05-08T10:02:00Z"]
    assert told("atom:link/@rel") == ["alternate"]
    assert told("atom:category/@scheme") == ["tag:example.com,2026:categories/queue"]


def test_no_text_is_no_content_and_an_unknown_time_is_none(reading: Reading) -> None:
    feed = etree.fromstring(ATOM.render(page_of(reading, ATOM)))
    entries = feed.xpath("atom:entry", namespaces=namespaces())
    silent, timeless = entries[-3], entries[-5]

    assert silent.xpath("atom:content", namespaces=namespaces()) == []
    assert timeless.xpath("dcterms:created", namespaces=namespaces()) == []


def test_text_is_escaped_once(reading: Reading) -> None:
    parsed = feedparser.parse(
        ATOM.render(page_of(reading, ATOM)), sanitize_html=False, resolve_relative_uris=False
    )
    odd = parsed.entries[-4]

    assert odd.title == 'Printer <B&W> says "5 > 3" ]]> it\'s caf\u00e9 \u65e5\u672c \U0001f527'
    assert odd.content[0].value.startswith('Tom &amp; Jerry &lt;b&gt;"bold"&lt;/b&gt; ]]&gt;')
