"""Atom entries and feeds as others write them: what becomes of each element, what is refused."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from feedserver.errors import InvalidActivity
from feedserver.model.activity import Draft, Extra, Object, Product
from feedserver.parsers.documents import Parser
from feedserver.parsers.items import Document
from feedserver.settings import Limits
from tests.builders import AUTHORITY
from tests.parsers.reading import OWN

NAMES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:activity="http://activitystrea.ms/spec/1.0/" '
    'xmlns:app="http://www.w3.org/2007/app" xmlns:at="http://purl.org/atompub/tombstones/1.0" '
    'xmlns:dcterms="http://purl.org/dc/terms/"'
)
AUTHOR = "<author><name>Ann Example</name></author>"
REGISTERED = "http://www.iana.org/assignments/relation/"
BASE = "http://activitystrea.ms/schema/1.0/"


def entry(inner: str = "", author: str = AUTHOR, attributes: str = "") -> str:
    """An entry with that in it, and its author."""
    return f"<entry {NAMES} {attributes}>{author}{inner}</entry>"


def feed(*entries: str, inner: str = "", attributes: str = "") -> str:
    return f"<feed {NAMES} {attributes}><title>News</title>{inner}{''.join(entries)}</feed>"


def document_of(text: str, limits: Limits | None = None) -> Document:
    return Parser(AUTHORITY, limits or Limits()).read(text.encode(), dialect="atom")


def draft_of(text: str) -> Draft:
    """The draft of the one entry, in which nothing is wrong."""
    (item,) = document_of(text).items
    assert item.faults == ()
    assert item.draft is not None
    return item.draft


def faults_of(text: str, limits: Limits | None = None) -> list[tuple[str, str]]:
    found = []
    for item in document_of(text, limits).items:
        assert (item.draft is None) == bool(item.faults)
        found += [(fault.pointer, fault.detail) for fault in item.faults]
    return found


def wrong_in(text: str, limits: Limits | None = None) -> list[str]:
    return [pointer for pointer, _ in faults_of(text, limits)]


def test_a_full_entry_is_an_activity() -> None:
    draft = draft_of(
        entry(
            f"""
            <id>tag:x.example,2026:1</id><title>Ann Example closed case 7: Printer on fire</title>
            <link rel="self" href="https://x.example/1.atom"/>
            <link rel="alternate" type="text/html" href="https://x.example/1"/>
            <published>2026-05-08T13:00:00.5+02:00</published>
            <updated>2026-05-09T13:00:00Z</updated>
            <category term="Support" scheme="tag:{AUTHORITY}:categories/queue" label="Support"/>
            <category term="XR-20" scheme="tag:{AUTHORITY}:categories/product" label="XR-20 2.1"/>
            <category term="XR-30" scheme="tag:{AUTHORITY}:categories/product" label="XR-30"/>
            <category term="vip" scheme="tag:{AUTHORITY}:categories/tag"/>
            <content type="html">&lt;p onclick="x()"&gt;It is out.&lt;/p&gt;</content>
            <activity:verb>{BASE}close</activity:verb>
            <activity:object>
              <id>tag:x.example,2026:case/7</id><title>Printer on fire</title>
              <link rel="alternate" type="text/html" href="https://x.example/cases/7"/>
              <activity:object-type>{BASE}issue</activity:object-type>
            </activity:object>
            <activity:target>
              <title>Support</title><activity:object-type>group</activity:object-type>
            </activity:target>
            """,
            author=f"""<author><name>Ann Example</name><uri>https://x.example/ann</uri>
              <email>ann@example.org</email>
              <activity:object-type>{BASE}person</activity:object-type></author>""",
        )
    )

    assert draft == Draft(
        id="tag:x.example,2026:1",
        source="",
        actor=Object("person", "https://x.example/ann", "Ann Example"),
        verb="close",
        object=Object(
            "issue",
            "tag:x.example,2026:case/7",
            "Printer on fire",
            None,
            "https://x.example/cases/7",
        ),
        title="Ann Example closed case 7: Printer on fire",
        occurred=datetime(2026, 5, 8, 11, 0, 0, 500_000, UTC),
        target=Object("group", None, "Support"),
        queues=("Support",),
        products=(Product("XR-20", "2.1"), Product("XR-30")),
        tags=("vip",),
        content="<p>It is out.</p>",
        url="https://x.example/1",
        extra=Extra("atom", "{}"),
    )


@pytest.mark.parametrize(
    ("inner", "verb", "object"),
    [
        ("", "post", Object("object", None, "Hello", None, "https://x.example/1")),
        (
            "<activity:object-type>note</activity:object-type>",
            "post",
            Object("note", None, "Hello", None, "https://x.example/1"),
        ),
        (
            "<activity:verb>share</activity:verb><activity:object-type>note</activity:object-type>",
            "share",
            Object("note", None, "Hello", None, "https://x.example/1"),
        ),
        ("<activity:verb>join</activity:verb>", "join", None),
        (
            "<activity:object><title>It</title></activity:object>",
            "post",
            Object("object", name="It"),
        ),
    ],
)
def test_an_entry_that_is_no_full_activity_is_itself_the_object(
    inner: str, verb: str, object: Object | None
) -> None:
    draft = draft_of(
        entry(
            f'<id>urn:example:1</id><title>Hello</title><link href="https://x.example/1"/>{inner}'
        )
    )

    assert (draft.verb, draft.object, draft.title) == (verb, object, "Hello")


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("like", "like"),
        (f" {BASE}like\n", "like"),
        ("make-friend", "make-friend"),
        ("./like", "like"),
        ("Like", "like"),
        ("LIKE", "LIKE"),
        ("https://x.example/verbs/mend", "https://x.example/verbs/mend"),
        ("https://www.w3.org/ns/activitystreams#TentativeAccept", "tentative-accept"),
        (f"{OWN}ChangeStatus", "change-status"),
        ("mend it", "mend it"),
        ("//[x", "//[x"),
        ("", "post"),
    ],
)
def test_a_verb_or_type_is_an_iri_or_relative_to_those_of_the_base_schema(
    said: str, word: str
) -> None:
    kind = f"<activity:object-type>{said}</activity:object-type>"
    draft = draft_of(
        entry(f"<activity:verb>{said}</activity:verb><activity:object>{kind}</activity:object>")
    )

    assert draft.verb == word
    assert draft.object == Object("object" if word == "post" else word)


@pytest.mark.parametrize(
    ("inner", "name"),
    [
        (AUTHOR, "Ann Example"),
        ("<source><author><name>Bob</name></author></source>", "Bob"),
        (f"<source><author><name>Bob</name></author></source>{AUTHOR}", "Ann Example"),
        ("<source><title>Other</title></source>", "Cal"),
        ("", "Cal"),
        (f"{AUTHOR}<author><name>Second</name></author>", "Ann Example"),
    ],
)
def test_the_actor_is_the_author_that_applies(inner: str, name: str) -> None:
    draft = draft_of(feed(entry(inner, author=""), inner="<author><name>Cal</name></author>"))

    assert draft.actor == Object("object", None, name)


@pytest.mark.parametrize(
    ("inner", "actor"),
    [
        (
            "<name>Ann</name><uri>acct:a@x.example</uri>",
            Object("object", "acct:a@x.example", "Ann"),
        ),
        (
            "<name>Ann</name><id>urn:example:ann</id><uri>https://x.example/</uri>",
            Object("object", "urn:example:ann", "Ann", None, "https://x.example/"),
        ),
        (
            '<name>Ann</name><uri>urn:example:ann</uri><link rel="alternate" href="https://x.example/"/>',
            Object("object", "urn:example:ann", "Ann", None, "https://x.example/"),
        ),
        (
            '<name> A\n n </name><uri xml:base="https://x.example/">ann</uri>',
            Object("object", "https://x.example/ann", "A n"),
        ),
        ("<name/>", Object("object")),
    ],
)
def test_an_author_has_an_id_a_name_and_an_address(inner: str, actor: Object) -> None:
    assert draft_of(entry(author=f"<author>{inner}</author>")).actor == actor


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("<title>Ann &amp;amp; &lt;b&gt;</title>", "Ann &amp; <b>"),
        ('<title type="text">a\n  b</title>', "a b"),
        ('<title type="html">Ann &amp;amp; &lt;b&gt;Bob&lt;/b&gt;</title>', "Ann & Bob"),
        ('<title type="html">&lt;script&gt;x&lt;/script&gt;Ann</title>', "Ann"),
        (
            (
                '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <b>b</b>&lt;</div>'
                "</title>"
            ),
            "A b<",
        ),
        ("<title><![CDATA[<Ann>]]><!-- no --> x</title>", "<Ann> x"),
        ("<title/><summary>In short</summary>", "In short"),
        ("", ""),
    ],
)
def test_a_title_is_text_whatever_it_was(title: str, text: str) -> None:
    assert draft_of(entry(title)).title == text


XHTML = (
    '<content type="xhtml" xml:base="https://x.example/a/"><h:div '
    'xmlns:h="http://www.w3.org/1999/xhtml" xmlns:svg="http://www.w3.org/2000/svg">A &lt; b '
    '<h:a href="c?d=1&amp;e">c</h:a><h:br/><h:img src="/i.png" onerror="x()"/><h:p/>'
    "<h:style>&lt;/style&gt;&lt;img src=x onerror=x()&gt;</h:style>"
    "<h:script>x()</h:script><svg:svg><svg:script>y()</svg:script></svg:svg> end</h:div></content>"
)


@pytest.mark.parametrize(
    ("inner", "content"),
    [
        ("<content>a &lt; b\nc</content>", "a &lt; b<br>\nc"),
        ('<content type="text/plain">a &lt; b</content>', "a &lt; b"),
        (
            '<content type="html">&lt;p&gt;a&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;</content>',
            "<p>a</p>",
        ),
        ('<content type="text/html; charset=utf-8">&lt;p&gt;a&lt;/p&gt;</content>', "<p>a</p>"),
        (
            '<content type="html">&lt;a href="javascript:x()"&gt;a&lt;/a&gt;</content>',
            '<a rel="noopener noreferrer">a</a>',
        ),
        (
            XHTML,
            (
                'A &lt; b <a href="https://x.example/a/c?d=1&amp;e" rel="noopener noreferrer">c</a>'
                '<br><img src="https://x.example/i.png"><p></p> end'
            ),
        ),
        ("<summary>a</summary>", "a"),
        ("<summary>a</summary><content>b</content>", "b"),
        ('<content src="https://x.example/page" type="text/html"/><summary>a</summary>', "a"),
        ('<content type="image/png">iVBORw0KGgo=</content><summary>a</summary>', "a"),
        ('<content type="image/png">iVBORw0KGgo=</content>', None),
        ("<title>a  b</title><summary type='html'>a &lt;i&gt;b&lt;/i&gt;</summary>", None),
        ("<content/>", None),
        ("", None),
        (
            "<activity:object><summary>a</summary><content>b &lt; c</content></activity:object>",
            "b &lt; c",
        ),
    ],
)
def test_the_content_is_harmless_html(inner: str, content: str | None) -> None:
    assert draft_of(entry(inner)).content == content


BLOG = 'xml:base="https://blog.example/2026/05/fish/"'
ABOUT = '<a href="https://blog.example/2026/about" rel="noopener noreferrer">'


@pytest.mark.parametrize("name", ["content", "summary"])
@pytest.mark.parametrize(
    ("markup", "made"),
    [
        (
            'a &lt; <a href="../../about">b</a><img src="/i.png">',
            f'a &lt; {ABOUT}b</a><img src="https://blog.example/i.png">',
        ),
        ("<p>a<p><a href='../../about'>b</a>", f"<p>a</p><p>{ABOUT}b</a></p>"),
        ("</div></body>a <a href=../../about>b</a>", f"a {ABOUT}b</a>"),
        (
            '<a href="https://x.example/?a=1&amp;b">a</a><a href="mailto:a@x.example">b</a>',
            (
                '<a href="https://x.example/?a=1&amp;b" rel="noopener noreferrer">a</a>'
                '<a href="mailto:a@x.example" rel="noopener noreferrer">b</a>'
            ),
        ),
        (
            "<a href='javascript:x()'>a</a><a href='http://[x'>b</a>",
            '<a rel="noopener noreferrer">a</a><a rel="noopener noreferrer">b</a>',
        ),
        ("</p>", "<p></p>"),
        (
            "<a href='/a'>a</a>" + "<div>" * 2500 + "b" + "</div>" * 2500 + "c",
            '<a rel="noopener noreferrer">a</a>' + "<div>" * 2500 + "b" + "</div>" * 2500 + "c",
        ),
        (
            "<b><p><a href='mailto:a@x.example'>a</b>b</a></p>",
            (
                '<b></b><p><b><a href="mailto:a@x.example" rel="noopener noreferrer">a</a></b>'
                '<a href="mailto:a@x.example" rel="noopener noreferrer">b</a></p>'
            ),
        ),
    ],
    ids=[
        "relative",
        "not closed",
        "odd ends",
        "absolute",
        "no links",
        "nothing",
        "too deep",
        "crossed",
    ],
)
def test_relative_links_of_html_are_made_absolute_and_nothing_else_is_lost(
    name: str, markup: str, made: str
) -> None:
    escaped = markup.replace("&", "&amp;").replace("<", "&lt;")
    text = f'<title>t</title><{name} type="html" {{}}>{escaped}</{name}>'

    assert draft_of(entry(text.format(BLOG))).content == made
    assert draft_of(entry(text.format(""), attributes=BLOG)).content == made


def test_html_that_would_be_too_long_with_absolute_addresses_keeps_its_form() -> None:
    long_base = f"xml:base='http://x.example/{'a' * 400}/'"
    markup = "&lt;a href='b'&gt;c&lt;/a&gt;" * 1000

    draft = draft_of(entry(f"<content type='html' {long_base}>{markup}</content>"))

    assert draft.content == '<a rel="noopener noreferrer">c</a>' * 1000


@pytest.mark.parametrize("base", ["", 'xml:base="/a/"', 'xml:base="file:///a/"'])
def test_a_relative_link_of_html_without_an_absolute_base_is_left_out(base: str) -> None:
    text = f'<content type="html" {base}>&lt;a href="../b"&gt;c&lt;/a&gt;</content>'

    assert draft_of(entry(text)).content == '<a rel="noopener noreferrer">c</a>'


@pytest.mark.parametrize(
    ("inner", "moment"),
    [
        (
            (
                "<dcterms:created>2026-05-01T10:00:00Z</dcterms:created>"
                "<published>2026-05-02T10:00:00Z</published>"
            ),
            1,
        ),
        ("<published>2026-05-02T10:00:00Z</published><updated>2026-05-03T10:00:00Z</updated>", 2),
        ("<updated>2026-05-03T12:00:00+02:00</updated>", 3),
        ("", None),
    ],
)
def test_it_happened_when_it_was_created_else_published_else_updated(
    inner: str, moment: int | None
) -> None:
    expected = None if moment is None else datetime(2026, 5, moment, 10, tzinfo=UTC)

    assert draft_of(entry(inner)).occurred == expected


@pytest.mark.parametrize(
    ("attributes", "inner", "url"),
    [
        ("", '<link href="https://x.example/1"/>', "https://x.example/1"),
        ('xml:base="https://x.example/a/"', '<link href="../1"/>', "https://x.example/1"),
        ("", '<link xml:base="https://x.example/a/" href="1"/>', "https://x.example/a/1"),
        (
            "",
            (
                '<link type="application/json" href="https://x.example/j"/>'
                '<link type="text/html" href="https://x.example/h"/>'
            ),
            "https://x.example/h",
        ),
        (
            "",
            f'<link rel="{REGISTERED}alternate" href="https://x.example/1"/>',
            "https://x.example/1",
        ),
        (
            "",
            '<link href="/a"/><link href=""/><link href="https://x.example/1"/>',
            "https://x.example/1",
        ),
        ("", '<link rel="enclosure" href="https://x.example/1.mp3"/>', None),
        ("", '<link rel="enclosure" href="/1.mp3"/><link rel="related" href="ftp://x/"/>', None),
        (
            "",
            '<id>urn:example:1</id><link href="https://d.example/activities/urn%3Aexample%3A1"/>',
            None,
        ),
    ],
)
def test_its_address_is_that_of_its_page(attributes: str, inner: str, url: str | None) -> None:
    assert draft_of(entry(inner, attributes=attributes)).url == url
    assert draft_of(feed(f"<entry>{AUTHOR}{inner}</entry>", attributes=attributes)).url == url


@pytest.mark.parametrize(
    ("category", "told"),
    [
        ('term="vip"', ("tags", ("vip",))),
        ('term="vip" scheme="https://x.example/colours"', ("tags", ("vip",))),
        ('term="vip" scheme="tag:other.example,2026:categories/queue"', ("tags", ("vip",))),
        (f'term=" a  b " scheme="tag:{AUTHORITY}:categories/queue"', ("queues", ("a b",))),
        (
            f'term="XR" label="XR 20 B" scheme="tag:{AUTHORITY}:categories/product"',
            ("products", (Product("XR", "20 B"),)),
        ),
        (
            f'term="XR" label="The XR" scheme="tag:{AUTHORITY}:categories/product"',
            ("products", (Product("XR"),)),
        ),
        ('term=""', ("tags", ())),
        ("", ("tags", ())),
    ],
)
def test_a_category_is_a_queue_a_product_or_a_tag(category: str, told: Any) -> None:
    draft = draft_of(entry(f"<category {category}/>"))

    found = {"queues": draft.queues, "products": draft.products, "tags": draft.tags}
    assert found == {"queues": (), "products": (), "tags": ()} | dict([told])


def test_hash_words_are_tags_too() -> None:
    draft = draft_of(
        entry("<title>It #burns</title><content>#fire</content><category term='Burns'/>")
    )

    assert draft.tags == ("Burns", "fire")


def test_of_two_products_each_keeps_its_revision() -> None:
    scheme = f"tag:{AUTHORITY}:categories/product"
    draft = draft_of(
        entry(
            f'<category term="P" scheme="{scheme}"/>'
            f'<category term="Q" label="Q 2" scheme="{scheme}"/>'
        )
    )

    assert draft.products == (Product("P"), Product("Q", "2"))


def test_a_feed_is_its_entries_in_their_order() -> None:
    document = document_of(feed(entry("<id>urn:example:1</id>"), entry("<id>urn:example:2</id>")))

    assert document.is_collection
    assert document.dialect == "atom"
    assert [item.draft and item.draft.id for item in document.items] == [
        "urn:example:1",
        "urn:example:2",
    ]
    assert [item.pointer for item in document.items] == ["/feed/entry[1]", "/feed/entry[2]"]
    assert document_of(feed()).items == ()
    assert not document_of(entry()).is_collection


def test_each_bad_entry_of_a_feed_has_its_own_faults() -> None:
    faults = faults_of(
        feed(
            entry("<id>urn:example:1</id>"),
            entry("<id>1</id><published>today</published>"),
            entry("<id>urn:example:3</id>", author=""),
            entry("<id>urn:example:4</id>"),
            entry(
                '<link href="javascript:x()"/><app:control><app:draft>yes</app:draft></app:control>'
            ),
        )
    )

    assert [pointer for pointer, _ in faults] == [
        "/feed/entry[2]/id",
        "/feed/entry[2]/published",
        "/feed/entry[3]/author",
        "/feed/entry[5]/app:control/app:draft",
        "/feed/entry[5]/link",
    ]
    details = [detail for _, detail in faults]
    assert details[0].startswith("is '1', which is no absolute IRI")
    assert details[1].startswith("is 'today', which is no date with a zone")
    assert details[2].startswith("is missing. Say who did it: <author><name>")
    assert details[3].startswith("is yes. Drafts are not kept here")
    assert details[4].startswith("is no link that is kept.")


@pytest.mark.parametrize(
    ("inner", "pointers"),
    [
        ("<id>a b</id>", ["/entry/id"]),
        ("<id>javascript:x()</id>", ["/entry/id"]),
        ("<id>urn:example:1</id><id>urn:example:2</id>", ["/entry/id[2]"]),
        ("<title>a</title><title>b</title>", ["/entry/title[2]"]),
        (2 * "<activity:verb>a</activity:verb>", ["/entry/activity:verb[2]"]),
        ("<activity:target/><activity:target/>", ["/entry/activity:target[2]"]),
        ("<dcterms:created>9999-12-31T23:30:00Z</dcterms:created>", ["/entry/dcterms:created"]),
        ("<updated>2026-05-08</updated>", ["/entry/updated"]),
        ("<link href='/relative'/>", ["/entry/link"]),
        ("<link href='ftp://x.example/y'/>", ["/entry/link"]),
        ("<link href='http://x.example/a b'/>", ["/entry/link"]),
        ("<link href=''/>", ["/entry/link"]),
        ("<link/>", ["/entry/link"]),
        ("<link href=''/>" * 10 + "<link href='https://x.example/'/>", ["/entry/link[1]"]),
        ("<link rel='self' href='x'/><link href='https://a:b@x.example/'/>", ["/entry/link[2]"]),
        ("<activity:object><id>7</id></activity:object>", ["/entry/activity:object/id"]),
        (
            (
                f"<activity:object><activity:object-type>{'x' * 1001}</activity:object-type>"
                "<link href='ftp://x.example/'/></activity:object>"
            ),
            ["/entry/activity:object/activity:object-type", "/entry/activity:object/link"],
        ),
        (f"<title>{'x' * 1001}</title>", ["/entry/title"]),
        (f"<category term='a'/><category term='{'x' * 1001}'/>", ["/entry/category[2]"]),
        ("<category term='a'/>" * 101, ["/entry/category[1]"]),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(inner: str, pointers: list[str]) -> None:
    assert wrong_in(entry(inner)) == pointers


def test_a_wrong_author_is_told_where_it_stands() -> None:
    wrong = "<author><name>Ann</name><uri>ann</uri></author>"

    assert wrong_in(entry(author=wrong)) == ["/entry/author/uri"]
    assert wrong_in(feed(entry(author=""), inner=wrong)) == ["/feed/author/uri"]
    assert wrong_in(entry(author=f"<source>{wrong}</source>")) == ["/entry/source/author/uri"]


def test_faults_of_an_entry_are_bounded() -> None:
    wrong = "".join(f"<category term='{'x' * 1001}{number}'/>" for number in range(90))

    assert len(faults_of(entry(wrong))) == 25


def test_that_something_was_deleted_is_refused_alone() -> None:
    deleted = '<at:deleted-entry ref="urn:example:1" when="2026-05-08T10:00:00Z"/>'

    faults = faults_of(feed(deleted, entry("<id>urn:example:2</id>"), deleted))

    assert [pointer for pointer, _ in faults] == [
        "/feed/at:deleted-entry[1]",
        "/feed/at:deleted-entry[2]",
    ]
    assert all("send DELETE to its address" in detail for _, detail in faults)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<entry/>", "/entry is <entry> in no namespace, which is no Atom."),
        ('<feed xmlns="http://purl.org/atom/ns#"/>', "in the namespace http://purl.org/atom/ns#"),
        ("<rss version='2.0'><channel/></rss>", "/rss is <rss> in no namespace"),
        (
            '<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="urn:ab:1"/>',
            "send DELETE to its address",
        ),
        ('<service xmlns="http://www.w3.org/2007/app"/>', "/app:service is <service>"),
        ('<author xmlns="http://www.w3.org/2005/Atom"/>', "/author is <author>"),
    ],
)
def test_what_is_no_atom_is_refused_with_what_it_is(text: str, told: str) -> None:
    with pytest.raises(InvalidActivity) as refused:
        document_of(text)

    assert told in str(refused.value)


def test_elements_of_other_namespaces_are_not_taken_for_ours() -> None:
    draft = draft_of(
        entry(
            '<x:verb xmlns:x="urn:x">like</x:verb><x:id xmlns:x="urn:x">urn:example:1</x:id>'
            '<id xmlns="">urn:example:2</id>'
        )
    )

    assert (draft.verb, draft.id) == ("post", "")


def test_a_feed_has_a_limit() -> None:
    with pytest.raises(InvalidActivity, match=r"/feed holds 3 entries; 2 is the limit"):
        document_of(feed(*[entry()] * 3), Limits(max_batch=2))


def test_what_an_entry_without_id_says_tells_it_from_others() -> None:
    author = "<author><name>Bob</name></author>"
    texts = [
        feed(entry("<title>a</title>", author=""), inner=AUTHOR),
        feed(entry("<title>b</title>", author=""), inner=AUTHOR),
        feed(entry("<title>a</title>", author=""), inner=author),
    ]

    values = [document_of(text).items[0].value for text in [*texts, *texts]]

    assert values[:3] == values[3:]
    assert [values.index(value) for value in values[:3]] == [0, 1, 2]


@pytest.mark.parametrize(
    ("attributes", "inner"),
    [
        ("", f"<author><name>{'x' * 10_000}</name></author>"),
        (" ".join(f"xmlns:a{number}='urn:x:{number}'" for number in range(2000)), ""),
    ],
)
def test_what_each_entry_takes_over_from_its_feed_is_bounded(attributes: str, inner: str) -> None:
    text = feed(entry(), inner=inner, attributes=attributes)

    with pytest.raises(InvalidActivity, match=r"/feed has an author, or namespaces, of more than"):
        document_of(text)


LONG_BASE = f"xml:base='http://x.example/{'a/' * 400}'"


@pytest.mark.parametrize(
    "text",
    [
        feed("<author><uri>x</uri></author>" * 5000 + f"<entry>{AUTHOR}<id>1</id></entry>" * 900),
        entry(
            '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
            + "<b xml:base='a/'>" * 200
            + "<a href='x'/>" * 9000
            + "</b>" * 200
            + "</div></content>"
        ),
        entry(attributes=" ".join(f"a{number}=''" for number in range(9000))),
        entry("<link href='../a'/>" * 50_000, attributes=LONG_BASE),
        entry(
            '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
            + "<a href='../x'/>" * 50_000
            + "</div></content>",
            attributes=LONG_BASE,
        ),
        entry(
            f"<content type='html'>{'&lt;a href=../x&gt;' * 5000}</content>", attributes=LONG_BASE
        ),
        entry(f"<content type='html'>{'&lt;a href=x&gt;' * 250_000}</content>", attributes=BLOG),
    ],
    ids=["authors", "bases", "attributes", "links", "links of xhtml", "links of html", "long html"],
)
def test_no_entry_takes_the_square_of_its_length(text: str) -> None:
    began = time.process_time()

    document_of(text)

    assert time.process_time() - began < 1.5
