"""The rules of RSS bite where they should, and only there."""

from datetime import UTC, datetime

import pytest

from feedserver.validity.rss import check_rss

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADDRESS = "https://feeds.example.com/queues/support.rss"
ITEM = """<item>
<title>Ann closed "A &lt;B&gt; &amp; C"</title>
<link>https://crm.example.com/cases/1</link>
<description>&lt;p&gt;It &amp;amp; more&lt;/p&gt;</description>
<content:encoded>&lt;p&gt;It &amp;amp; more&lt;/p&gt;</content:encoded>
<dc:creator>Ann</dc:creator>
<category domain="tag:example.com,2026:categories/queue">Support</category>
<guid isPermaLink="false">tag:example.com,2026:crm/1</guid>
<pubDate>Fri, 20 Nov 2026 10:00:00 +0000</pubDate>
<dcterms:created>2026-11-20T09:59:00Z</dcterms:created>
</item>
"""
GOOD = f"""<?xml version="1.0" encoding="utf-8"?>
<rss xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dcterms="http://purl.org/dc/terms/" version="2.0"><channel>
<title>Support</title>
<link>https://feeds.example.com/queues/support</link>
<description>What happens</description>
<lastBuildDate>Fri, 20 Nov 2026 10:00:00 +0000</lastBuildDate>
<generator>feedserver</generator>
<ttl>5</ttl>
<atom:link rel="self" type="application/rss+xml" href="{ADDRESS}"/>
{ITEM}</channel></rss>
"""
ID = "tag:example.com,2026:crm/1"
DATE = "<pubDate>Fri, 20 Nov 2026 10:00:00 +0000"


def kinds(document: str) -> set[str]:
    findings = check_rss(document.encode(), ADDRESS, NOW)
    return {finding.rule.name for finding in findings.all}


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_a_good_channel_keeps_every_rule() -> None:
    assert kinds(GOOD) == set()
    assert kinds(GOOD.replace(ITEM, "")) == set()


def test_a_finding_says_where() -> None:
    (found,) = check_rss(changed(f"{DATE}</pubDate>", "").encode(), ADDRESS, NOW).errors

    assert found == "MissingElement: /rss/channel/item (line 12): pubDate"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('version="2.0"', 'version="0.91"', "WrongRoot"),
        ("</channel>", "</channel><channel/>", "WrongRoot"),
        ("<title>Support</title>", "", "MissingElement"),
        ("<title>Support</title>", "<title/>", "NotBlank"),
        ("<ttl>5</ttl>", "<ttl>0</ttl>", "InvalidNonNegativeInteger"),
        ("<ttl>5</ttl>", "<copyleft/>", "UndefinedElement"),
        ("<lastBuildDate>Fri", "<lastBuildDate>Thu", "IncorrectDOW"),
        ('rel="self"', 'rel="via"', "MissingAtomSelfLink"),
        ("application/rss+xml", "application/atom+xml", "MissingAtomSelfLink"),
        (f'href="{ADDRESS}"', 'href="https://other.example.com/"', "SelfDoesntMatchLocation"),
        (f'href="{ADDRESS}"', "", "MissingHref"),
        ("</item>", "</item><ttl>5</ttl>", "MisplacedItem"),
        ("</item>", "</item>" + ITEM, "DuplicateValue"),
        ("<title>Ann", "<title>Ann</title><title>Ann", "DuplicateElement"),
        ("<title>Ann", "<title>&lt;/b&gt;", "ContainsHTML"),
        ("<title>Ann", "<title>\ufffd", "BadCharacters"),
        ("<title>Ann", "<title>caf\xc3\xa9", "BadCharacters"),
        ("https://crm.example.com/cases/1", "https://crm.example.com/a b", "InvalidUriChar"),
        ("<description>&lt;p", "<description>&lt;script&gt;&lt;/script&gt;&lt;p", "SecurityRisk"),
        ("<content:encoded>&lt;p", "<content:encoded>&lt;b&gt;&lt;p", "NotHtml"),
        ("<dc:creator>Ann</dc:creator>", "", "MissingElement"),
        ("<dc:creator>Ann", "<dc:creator>&lt;ann@example.com&gt;", "ContainsEmail"),
        (">Support</category>", "/>", "NotBlank"),
        ('domain="tag:example.com,2026:categories/queue"', 'domain="queue"', "InvalidFullLink"),
        ('isPermaLink="false"', "", "InvalidPermalink"),
        (ID, "crm/1", "InvalidFullLink"),
        (ID, "tag:example.com,2026:%41", "NonCanonicalURI"),
        (ID, f" {ID}", "UnexpectedWhitespace"),
        (DATE, "<pubDate>2026-11-20T10:00:00Z", "InvalidRFC2822Date"),
        (DATE, "<pubDate>Fri, 20 Nov 26 10:00:00 +0000", "InvalidRFC2822Date"),
        (DATE, "<pubDate>Fri, 20 Nov 2026 10:00:00 GMT", "InvalidRFC2822Date"),
        (DATE, "<pubDate>Fr, 20 Nov 2026 10:00:00 +0000", "InvalidRFC2822Date"),
        (DATE, "<pubDate>Fri, 40 Nov 2026 10:00:00 +0000", "InvalidRFC2822Date"),
        (DATE, "<pubDate>Mon, 20 Nov 2026 10:00:00 +0000", "IncorrectDOW"),
        (DATE, "<pubDate>Mon, 23 Nov 2026 10:00:00 +0000", "ImplausibleDate"),
        ("2026-11-20T09:59:00Z", "yesterday", "InvalidW3CDTFDate"),
        ("<rss ", '<rss xmlns:crm="urn:crm:1" ', "UnknownNamespace"),
        ("</rss>", "", "SAXError"),
    ],
)
def test_a_broken_channel_is_complained_of(old: str, new: str, kind: str) -> None:
    found = kinds(changed(old, new))

    assert kind in found
    assert found <= {kind, "NotBlank"}


def test_the_description_comes_before_the_content() -> None:
    start, end = GOOD.index("<description>&lt;"), GOOD.index("<content:encoded>")
    behind = GOOD.index("<dc:creator>")

    document = GOOD[:start] + GOOD[end:behind] + GOOD[start:end] + GOOD[behind:]

    assert kinds(document) == {"NeedDescriptionBeforeContent"}
