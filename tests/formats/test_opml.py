"""OPML, as the bytes that readers import."""

from datetime import UTC, datetime

from lxml import etree

from feedserver.formats.opml import Group, Outline, write_opml

MODIFIED = datetime(2026, 5, 8, 12, 1, 0, 999_999, tzinfo=UTC)
EVERYTHING = Outline(
    "Everything",
    "Everything",
    "http://feeds.example/all.atom",
    "http://feeds.example/all",
)
SUPPORT = Outline(
    "R&D <EMEA> \"1\" 'ü'",
    'Activities in queue R&D <EMEA> "1"',
    "http://feeds.example/all.atom?queue=R%26D&-tag=noise",
    "http://feeds.example/all?queue=R%26D&-tag=noise",
)


def test_a_list_has_its_head_and_an_outline_for_each_feed() -> None:
    document = write_opml("Feeds of Desk", "Desk", MODIFIED, [EVERYTHING])

    assert document.decode() == (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<opml version="2.0"><head><title>Feeds of Desk</title>'
        "<dateModified>Fri, 08 May 2026 12:01:00 GMT</dateModified>"
        "<ownerName>Desk</ownerName>"
        "<docs>http://opml.org/spec2.opml</docs></head>"
        '<body><outline type="rss" text="Everything" title="Everything" description="Everything" '
        'xmlUrl="http://feeds.example/all.atom" htmlUrl="http://feeds.example/all" '
        'version="Atom1"/></body></opml>\n'
    )


def test_feeds_stand_under_the_heading_of_their_group() -> None:
    document = write_opml("", "", MODIFIED, [EVERYTHING, Group("Queues", (SUPPORT,))])

    body = etree.fromstring(document).find("body")
    assert body is not None
    alone, group = body
    assert alone.get("text") == "Everything"
    assert dict(group.attrib) == {"text": "Queues"}
    assert [each.get("text") for each in group] == [SUPPORT.text]


def test_names_and_addresses_come_back_as_they_are() -> None:
    document = write_opml("A & B", "<A>", MODIFIED, [SUPPORT])

    root = etree.fromstring(document)
    (outline,) = root.iter("outline")
    assert (root.findtext("head/title"), root.findtext("head/ownerName")) == ("A & B", "<A>")
    assert outline.get("text") == SUPPORT.text
    assert outline.get("title") == SUPPORT.title
    assert outline.get("xmlUrl") == SUPPORT.feed
    assert outline.get("htmlUrl") == SUPPORT.page
