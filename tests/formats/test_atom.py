"""Atom: valid whatever is in the log, deterministic, and readable by those who know less."""

import json
import re
from collections.abc import Callable
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedserver.formats import FORMATS
from feedserver.formats.atom import AtomFormat
from feedserver.model.activity import Draft, Object, Product
from feedserver.model.addresses import activity_path
from feedserver.model.dates import rfc3339
from feedserver.model.query import Query, parse_query
from feedserver.model.vocabulary import AS1_BASE, AS1_VERBS, UNSPECIFIED, VERBS
from feedserver.services.reading import Reading
from feedserver.validity import CHECKS
from feedserver.validity.atom import check_atom
from tests.builders import AUTHORITY, NOON, make_draft, object_of
from tests.formats.conftest import BASE, odd_drafts, page_of, reading_of
from tests.formats.drafts import recorded_drafts
from tests.formats.exchange import WRITTEN, Exchange
from tests.formats.golden import FOLDER
from tests.formats.schemas import published
from tests.formats.test_spec_examples import EXAMPLES
from tests.laws import examples

ATOM = AtomFormat()
IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[^\s<>\"{}|\\^`%\[\]]|%[0-9A-Fa-f]{2})+")
UNAVOIDABLE = ("UnknownNamespace: ", "BadCharacters: ")


def avoidable(warnings: tuple[str, ...]) -> list[str]:
    return [warning for warning in warnings if not warning.startswith(UNAVOIDABLE)]


def namespaces() -> dict[str, str]:
    return {
        "atom": "http://www.w3.org/2005/Atom",
        "activity": "http://activitystrea.ms/spec/1.0/",
        "dcterms": "http://purl.org/dc/terms/",
    }


def test_the_feed_is_valid(reading: Reading) -> None:
    page = page_of(reading, ATOM)

    findings = check_atom(ATOM.render(page), page.address, NOON)

    assert findings.errors == ()
    assert avoidable(findings.warnings) == []
    unknown = [w for w in findings.warnings if w.startswith("UnknownNamespace: ")]
    assert len(unknown) == 1
    assert "activitystrea.ms" in unknown[0]


@pytest.mark.parametrize("query", [[], [("queue", "nobody")], [("limit", "0")], [("after", "")]])
def test_an_empty_feed_and_every_other_page_is_valid(query: list[tuple[str, str]]) -> None:
    for drafts in ([], odd_drafts()):
        page = page_of(reading_of(drafts), ATOM, parse_query(query))

        findings = check_atom(ATOM.render(page), page.address, NOON)

        assert findings.errors == ()
        assert avoidable(findings.warnings) == []


def test_every_kind_of_document_is_valid_by_the_schema_of_rfc_4287() -> None:
    validator = etree.RelaxNG(etree.parse(str(published("atom.rng"))))
    # Not that one was deleted, which is RFC 6721's, nor versions in the order in which they came.
    others = ("gone", "forward")

    documents = [path.read_bytes() for path in FOLDER.glob("atom/*") if path.stem not in others]
    for document in map(etree.fromstring, [*documents, everything_of_the_specifications()]):
        assert validator.validate(document), validator.error_log
    assert len(documents) == 8


def everything_of_the_specifications() -> bytes:
    """A feed of all examples of the specifications."""
    exchange = Exchange()
    for path in EXAMPLES:
        exchange.send(json.loads(path.read_text(encoding="utf-8")), path.parent.name)
    return exchange.page("atom", [("limit", "500")])


text = st.text(max_size=60)
names = st.lists(text, max_size=3).map(tuple)


@examples(2)
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
    assert created.link == object_of(draft).url
    assert created.author == "Ann Example"
    assert created.published == "2026-05-08T10:01:00+00:00"
    assert {tag.term for tag in created.tags} == {"XR-20", "priority:High", "vip"}
    assert parsed.feed.author == "feedserver"


def test_who_knows_nothing_of_activities_reads_a_sentence_for_every_verb() -> None:
    verbs = [*VERBS, *sorted(AS1_VERBS - set(VERBS)), "unheard-of"]
    drafts = [make_draft(verb=verb, title="", target=None) for verb in verbs]

    parsed = feedparser.parse(ATOM.render(page_of(reading_of(drafts), ATOM, Query(limit=500))))

    titles = [entry.title for entry in reversed(parsed.entries)]
    assert len(titles) == len(verbs) > 100
    assert all(
        re.fullmatch(r"Ann Example [a-z].* case 1234: Printer on fire", title) for title in titles
    )


def test_what_happened_and_when_is_carried(reading: Reading) -> None:
    feed = etree.fromstring(ATOM.render(page_of(reading, ATOM)))
    dispatched = feed.xpath("atom:entry", namespaces=namespaces())[-2]

    def told(path: str) -> list[str]:
        found: list[str] = dispatched.xpath(path, namespaces=namespaces())
        return found

    schema = "http://activitystrea.ms/schema/1.0/"
    assert told("activity:verb/text()") == [schema + "assign"]
    assert told("activity:object/activity:object-type/text()") == [schema + "issue"]
    assert told("activity:object/atom:id/text()") == [f"tag:{AUTHORITY}:crm/case/1"]
    assert told("activity:object/atom:title/text()") == ["Printer on fire"]
    assert told("activity:object/atom:link/@href") == ["http://crm.example/Cases/Summary/1234"]
    assert told("activity:target/atom:title/text()") == ["Support"]
    assert told("atom:author/activity:object-type/text()") == [schema + "person"]
    assert told("atom:author/atom:uri/text()") == [f"tag:{AUTHORITY}:crm/user/1"]
    assert told("dcterms:created/text()") == ["2026-05-08T10:02:00Z"]
    assert told("atom:link/@rel") == ["alternate"]
    assert told("atom:category/@scheme") == [
        "tag:example.com,2026:categories/queue",
        "tag:example.com,2026:categories/tag",
    ]
    assert told("atom:category/@label") == ["Support", "vip"]


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

    assert odd.title == odd_drafts()[3].title
    assert odd.content[0].value.startswith('Salt &amp; Pepper &lt;i&gt;"loud"&lt;/i&gt; ]]&gt;')


def elements(draft: Draft) -> tuple[Any, Callable[[str], list[str]]]:
    """The entry of the only draft, and what its paths lead to."""
    (entry,) = etree.fromstring(ATOM.render(page_of(reading_of([draft]), ATOM))).xpath(
        "atom:entry", namespaces=namespaces()
    )

    def told(path: str) -> list[str]:
        found: list[str] = entry.xpath(path, namespaces=namespaces())
        return found

    return entry, told


def test_everything_that_the_specifications_have_stands_in_one_clean_feed() -> None:
    feed = everything_of_the_specifications()
    findings = check_atom(feed, f"{BASE}/all.atom", NOON)

    assert feed.count(b"<entry>") > len(EXAMPLES)
    assert findings.errors == ()
    assert avoidable(findings.warnings) == []


@given(draft=recorded_drafts)
def test_verbs_types_and_ids_are_iris_or_not_there(draft: Draft) -> None:
    _, told = elements(draft)

    words = told("descendant::activity:object-type/text()") + told("activity:verb/text()")
    ids = told("descendant::atom:uri/text()") + told("descendant::atom:id/text()")
    assert all(IRI.fullmatch(text) for text in words + ids)
    assert draft.id in ids
    assert len(told("activity:verb")) == 1
    named = [draft.actor, draft.object, draft.target]
    typed = [each for each in named if each is not None and each.type != UNSPECIFIED]
    assert len(told("descendant::activity:object-type")) == len(typed)


@pytest.mark.parametrize(
    ("word", "iri"),
    [
        ("like", AS1_BASE + "like"),
        ("dispatch", AS1_BASE + "assign"),
        ("announce", "https://www.w3.org/ns/activitystreams#Announce"),
        ("tentative-accept", "https://www.w3.org/ns/activitystreams#TentativeAccept"),
        ("Announce", f"tag:{AUTHORITY}:ns#_Announce"),
        ("put out", f"tag:{AUTHORITY}:ns#_put%20out"),
        ("extinguish", f"tag:{AUTHORITY}:ns#Extinguish"),
        ("foo: bar", f"tag:{AUTHORITY}:ns#_foo%3A%20bar"),
        ("https://example.org/verbs/mend", "https://example.org/verbs/mend"),
    ],
)
def test_a_verb_has_the_iri_of_those_who_have_registered_it_or_one_of_ours(
    word: str, iri: str
) -> None:
    _, told = elements(make_draft(verb=word))

    assert told("activity:verb/text()") == [iri]


def test_a_word_of_ours_has_the_same_iri_in_atom_as_in_json() -> None:
    reading = reading_of([make_draft(object=Object("gadget", None, "A gadget"))])
    page = page_of(reading, WRITTEN["as2"])

    document = json.loads(WRITTEN["as2"].render_activity(page.activities[0], page))

    _, told = elements(make_draft(object=Object("gadget", None, "A gadget")))
    (iri,) = told("activity:object/activity:object-type/text()")
    assert document["object"]["type"] == ["Object", iri.replace(f"tag:{AUTHORITY}:ns#", "fs:")]


def test_without_an_object_there_is_none() -> None:
    document = ATOM.render(page_of(reading_of([make_draft(object=None, target=None)]), ATOM))

    assert b"activity:object>" not in document
    assert b"activity:verb>" in document
    assert check_atom(document, f"{BASE}/all.atom", NOON).errors == ()


def test_an_actor_of_no_type_and_with_an_id_that_is_no_iri_has_neither() -> None:
    _, told = elements(make_draft(actor=Object("object", "employee 7", "Ann Example")))

    assert told("atom:author/*/text()") == ["Ann Example"]


@pytest.mark.parametrize(
    ("url", "object", "link"),
    [
        ("https://example.org/1", Object("note", None, "N", None, "https://example.org/2"), "1"),
        (None, Object("note", None, "N", None, "https://example.org/2"), "2"),
        (None, Object("note", None, "N"), None),
        (None, None, None),
    ],
)
def test_an_entry_leads_to_itself_elsewhere_or_to_its_object_or_to_its_page(
    url: str | None, object: Object | None, link: str | None
) -> None:
    draft = make_draft(url=url, object=object)
    _, told = elements(draft)

    own = BASE + activity_path(draft.id)
    assert told("atom:link/@href") == [f"https://example.org/{link}" if link else own]


@pytest.mark.parametrize(
    "id",
    [
        "urn:uuid:0a8f6a3e-5c44-4a5b-9a61-3f8f8f0a1a01",
        "https://example.org/activities/7?a=b&c=d#e",
        "tag:example.org,2026:a/b?c",
        "urn:example:a:b",
    ],
)
def test_an_id_that_was_sent_is_the_id_of_the_entry_and_valid(id: str) -> None:
    document = ATOM.render(page_of(reading_of([make_draft(id=id)]), ATOM))

    findings = check_atom(document, f"{BASE}/all.atom", NOON)

    assert feedparser.parse(document).entries[0].id == id
    assert findings.errors == ()
    assert avoidable(findings.warnings) == []


def test_an_entry_alone_tells_where_it_is_edited_and_when_it_was_last() -> None:
    """As RFC 5023, sections 10.2 and 11.1, asks of a member of a collection."""
    reading = reading_of([make_draft(id="urn:x:<&>", url="https://x.example/1")])
    page = page_of(reading, ATOM)
    (activity,) = page.activities

    entry = etree.fromstring(ATOM.render_activity(activity, page))

    (edit,) = entry.xpath("atom:link[@rel='edit']", namespaces=namespaces())
    assert edit.get("href") == f"{BASE}/activities/urn%3Ax%3A%3C%26%3E"
    edited = entry.findtext("{http://www.w3.org/2007/app}edited")
    assert edited == rfc3339(activity.dates.recorded)
    assert b"app:edited" not in ATOM.render(page)


@pytest.mark.parametrize("format", ["atom", "rss", "jsonfeed"])
def test_an_address_with_brackets_is_one_that_readers_take(format: str) -> None:
    draft = make_draft(url="https://[::1]/a[0]?b[]=1#c[d]", object=None)
    page = page_of(reading_of([draft]), FORMATS[format]())

    document = FORMATS[format]().render(page)

    assert CHECKS[format](document, page.address, NOON).errors == ()
    assert b"https://[::1]/a%5B0%5D?b%5B%5D=1#c%5Bd%5D" in document
