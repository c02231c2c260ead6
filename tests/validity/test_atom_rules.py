"""The rules of the W3C feed validator bite where they should, and only there."""

from datetime import UTC, datetime

import pytest

from feedserver.validity.atom import check_atom
from feedserver.validity.elements import LARGEST_DOCUMENT

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADDRESS = "https://feeds.example.com/queues/support.atom"

GOOD = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:activity="http://activitystrea.ms/spec/1.0/"
  xmlns:fh="http://purl.org/syndication/history/1.0" xmlns:dcterms="http://purl.org/dc/terms/"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xml:lang="en">
<id>tag:example.com,2026:queue/support</id>
<title>Support &lt;queue&gt; R&amp;D ]]&gt; #1</title>
<subtitle type="text">What happens in the queue</subtitle>
<updated>2026-11-20T10:00:00.000002Z</updated>
<author><name>Feed server</name><email>feeds@example.com</email></author>
<generator uri="https://example.com/feedserver" version="1.0">feedserver</generator>
<icon>/static/icon.png</icon>
<logo>https://example.com/logo.png</logo>
<link rel="self" type="application/atom+xml" href="https://feeds.example.com/queues/support.atom"/>
<link rel="alternate" type="text/html" href="https://example.com/queues/support" hreflang="en-GB"/>
<link rel="next" href="https://feeds.example.com/queues/support.atom?before=7"/>
<link rel="prev-archive" href="https://feeds.example.com/archive/9.atom"/>
<link rel="hub" href="https://hub.example.com/"/>
<entry>
<id>tag:example.com,2026-01-31:crm/case=1,a&amp;b;c%2Fd/%C3%A9~(x)?q#7</id>
<title type="text">Jane closed "Printer &lt;b&gt; &amp; more" 😀</title>
<published>2026-11-20T10:00:00Z</published>
<updated>2026-11-20T10:00:00.000002Z</updated>
<dcterms:created>2026-11-20T09:59:59+01:00</dcterms:created>
<dc:date>2026-11-20</dc:date>
<dcterms:valid>2031-01-01</dcterms:valid>
<author><name>Jane</name><uri>https://crm.example.com/people/jane</uri>
<activity:object-type>person</activity:object-type></author>
<category term="support" scheme="https://example.com/queues" label="Support"/>
<activity:verb>close</activity:verb>
<activity:object><id>urn:x</id><id>urn:x</id><title/><title/><link rel="odd"/></activity:object>
<content type="html">&lt;p&gt;Was &amp;lt;b&amp;gt; &amp;amp; more&lt;br&gt;x&lt;/p&gt;</content>
<link rel="alternate" type="text/html" href="https://crm.example.com/cases/1?a=b&amp;c=d"/>
</entry>
<entry>
<id>urn:uuid:0ec3ad49-7a2f-4c3e-8d0f-3a6f3b2c1d00</id>
<title>Second</title>
<updated>2026-11-20T09:00:00Z</updated>
<content>Plain</content>
</entry>
</feed>
"""
EMPTY = GOOD[: GOOD.index("<entry>")] + "</feed>"
CREATED = "<dcterms:created>2026-11-20T09:59:59+01:00</dcterms:created>"
ENTRY_ID = "tag:example.com,2026-01-31:crm/case=1,a&amp;b;c%2Fd/%C3%A9~(x)?q#7"
FEED_ID = "tag:example.com,2026:queue/support<"
HTML = "&lt;p&gt;Was &amp;lt;b&amp;gt; &amp;amp; more&lt;br&gt;x&lt;/p&gt;"
SELF = f'href="{ADDRESS}"'
TITLE = "<title>Second</title>"


def kinds(document: str | bytes, address: str | None = ADDRESS) -> set[str]:
    """Name what is complained of, but the namespace that cannot be avoided."""
    source = document.encode() if isinstance(document, str) else document
    findings = check_atom(source, address, NOW)
    messages = findings.errors + findings.warnings
    return {
        message.split(":")[0]
        for message in messages
        if message != "UnknownNamespace: xmlns:activity: http://activitystrea.ms/spec/1.0/"
    }


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_a_good_feed_has_no_error_and_one_known_warning() -> None:
    findings = check_atom(GOOD.encode(), ADDRESS, NOW)

    assert findings.errors == ()
    assert findings.warnings == (
        "UnknownNamespace: xmlns:activity: http://activitystrea.ms/spec/1.0/",
    )


def test_an_empty_feed_with_an_author_is_good() -> None:
    assert kinds(EMPTY) == set()


def test_an_entry_document_is_good() -> None:
    entry = GOOD[GOOD.index("<entry>") : GOOD.index("</entry>") + len("</entry>")]
    root = (
        '<entry xmlns="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:activity="http://activitystrea.ms/spec/1.0/">'
    )

    assert kinds(entry.replace("<entry>", root)) == set()


def test_a_message_says_what_and_where() -> None:
    findings = check_atom(changed(TITLE, "").encode(), ADDRESS, NOW)

    assert findings.errors == ("MissingElement: /feed/entry[2] (line 34): title",)


def test_a_feed_from_an_unknown_address_is_not_compared_with_it() -> None:
    assert kinds(GOOD, None) == set()


def test_a_feed_from_another_address_is_warned_of() -> None:
    assert kinds(GOOD, ADDRESS + "?token=1") == {"SelfDoesntMatchLocation"}


def test_a_hexadecimal_reference_tells_text_from_markup() -> None:
    assert kinds(changed(TITLE, "<title>a &#x26;amp; b</title>")) == set()


def test_every_entry_with_one_id_is_an_error() -> None:
    start, end = GOOD.index("<entry>"), GOOD.index("</feed>")
    entries = "".join(
        f"<entry><id>urn:example:1</id><title>t</title><updated>2026-01-{day:02}T00:00:00Z</updated>"
        "<content>c</content></entry>"
        for day in range(1, 11)
    )

    assert kinds(GOOD[:start] + entries + GOOD[end:]) == {"DuplicateIds"}


def test_a_document_over_the_limit_is_refused() -> None:
    assert kinds(GOOD + " " * LARGEST_DOCUMENT) == {"ValidatorLimit"}


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("utf-8", "cp437", "ObscureEncoding"),
        ("utf-8", "no-such", "UnknownEncoding"),
        ('version="1.0" encoding', 'version="1.1" encoding', "BadXmlVersion"),
        ("</feed>", "</entry>", "SAXError"),
        ("Second", "\x01", "SAXError"),
        ("Second", "\uffff", "SAXError"),
        ("Second", "Second&nbsp;", "UndefinedNamedEntity"),
        ("Second", "\x85", "BadCharacters"),
        ("Second", "\ufffd", "BadCharacters"),
        ("Second", "caf\xc3\xa9", "BadCharacters"),
        ('label="Support"', 'label="\ufffd"', "BadCharacters"),
        ("<activity:verb>close", "<activity:verb>\x80", "BadCharacters"),
        ("<activity:verb>", "<crm:verb>", "SAXError"),
        ("<dc:date>", "<dc:date>yesterday ", "InvalidW3CDTFDate"),
        ("http://www.w3.org/2005/Atom", "http://www.w3.org/2005/atom/", "InvalidNamespace"),
        ("xml:lang", 'xmlns:crm="urn:crm:1" xml:lang', "UnknownNamespace"),
        ("xml:lang", 'xmlns:s="https://schema.org/" xml:lang', "UnsupportedNamespace"),
        ("xml:lang", 'xmlns:search="urn:crm:1" xml:lang', "ReservedPrefix"),
        (
            "xml:lang",
            'xmlns:atom="http://www.w3.org/2005/Atom" xml:lang',
            "AvoidNamespacePrefix",
        ),
        ("xml:lang", 'xmlns:a="http://www.w3.org/2005/Atom" xml:lang', "AvoidNamespacePrefix"),
        ('xml:lang="en"', 'xml:lang="klingon"', "InvalidLanguage"),
        ('xml:lang="en"', 'version="1.0"', "UnexpectedAttribute"),
        ("<entry>", "<entry>stray", "UnexpectedText"),
        ("<entry>", "<entry><tagline/>", "UndefinedElement"),
        ("<entry>", "<entry><fh:archive/>", "UndefinedElement"),
        ("<entry>", "<entry><dcterms:date>2026-11-20</dcterms:date>", "UndefinedElement"),
        ("<entry>", '<entry><div xmlns="http://www.w3.org/1999/xhtml"/>', "MisplacedXHTMLContent"),
        ("</feed>", "<rights>None</rights></feed>", "MisplacedMetadata"),
        (f"<id>{FEED_ID}/id>", "", "MissingElement"),
        (TITLE, "", "MissingElement"),
        (TITLE, TITLE + TITLE, "DuplicateElement"),
        (f"<id>{ENTRY_ID}</id>", "", "MissingElement"),
        ("<updated>2026-11-20T09:00:00Z</updated>", "", "MissingElement"),
        (
            "<author><name>Feed server</name><email>feeds@example.com</email></author>",
            "",
            "MissingElement",
        ),
        ("<content>Plain</content>", "<summary>s</summary>", "MissingContentOrAlternate"),
        ("<content>Plain</content>", '<link href="/x"/>', "MissingTextualContent"),
        ("<content>Plain</content>", '<content type="image/png" src="/x.png"/>', "MissingSummary"),
        (
            "<content>Plain</content>",
            '<content src="/x"/><summary>s</summary>',
            "MissingTypeAttr",
        ),
        (
            "<content>Plain</content>",
            '<content type="a/b">é</content><summary>s</summary>',
            "NotBase64",
        ),
        ("<content>Plain</content>", '<content type="text/html">x</content>', "HtmlFragment"),
        ("<content>Plain</content>", "<content/>", "NotBlank"),
        ("<content>Plain</content>", "<content><b>x</b></content>", "UndefinedElement"),
        ("<content>Plain</content>", '<content type="markdown">x</content>', "InvalidMIMEType"),
        ("<content>Plain</content>", '<content type="xhtml">x</content>', "MissingXhtmlDiv"),
        ("<content>Plain</content>", "<content>Plain</content><source/>", "MissingSourceElement"),
        (TITLE, "<title/>", "NotBlank"),
        (TITLE, '<title type="text/plain">x</title>', "InvalidTextType"),
        (TITLE, '<title type="">x</title>', "AttrNotBlank"),
        (TITLE, '<title lang="en">x</title>', "UnexpectedAttribute"),
        ("Second", "x &lt;/b&gt;", "ContainsUndeclaredHTML"),
        ("Second", "a &amp;amp; b", "ContainsUndeclaredHTML"),
        ("Second", "?a=1&amp;2", "ContainsUndeclaredHTML"),
        (ENTRY_ID, "crm/1", "InvalidFullLink"),
        (ENTRY_ID, "", "InvalidFullLink"),
        (ENTRY_ID, "tag:Example.com,2026:1", "InvalidTAG"),
        (ENTRY_ID, "tag:example.com,26:1", "InvalidTAG"),
        (ENTRY_ID, "tag:example.com,2026-13-01:1", "InvalidTAG"),
        (ENTRY_ID, "tag:-example.com,2026:1", "InvalidTAG"),
        (ENTRY_ID, "tag:example.com,2026:a b", "InvalidTAG"),
        (ENTRY_ID, "tag:example.com,2026:é", "InvalidTAG"),
        (ENTRY_ID, "tag:example.com,2026:a|b", "InvalidTAG"),
        (ENTRY_ID, "tag:example.com,2026:100%", "NonCanonicalURI"),
        (ENTRY_ID, "tag:example.com,2026:%c3%a9", "NonCanonicalURI"),
        (ENTRY_ID, "tag:example.com,2026:%41", "NonCanonicalURI"),
        (ENTRY_ID, "tag:example.com,2026:%2541", "NonCanonicalURI"),
        (ENTRY_ID, "https://example.com", "NonCanonicalURI"),
        (ENTRY_ID, "urn:uuid:1", "InvalidUUID"),
        (ENTRY_ID, "urn:é:1", "InvalidURN"),
        (ENTRY_ID, "crm:1", "SchemeNotIANARegistered"),
        (ENTRY_ID, "https://example.com/é", "UriNotIri"),
        (ENTRY_ID, f"https://example.com/{'é' * 64}", "UriNotIri"),
        (ENTRY_ID, "https://example.com/a b", "InvalidUriChar"),
        (ENTRY_ID, f" {ENTRY_ID}", "UnexpectedWhitespace"),
        (ENTRY_ID, "urn:uuid:0ec3ad49-7a2f-4c3e-8d0f-3a6f3b2c1d00", "DuplicateEntries"),
        ("2026-11-20T09:00:00Z", "2026-11-20T10:00:00.000002Z", "DuplicateUpdated"),
        ("2026-11-20T09:00:00Z", "2026-11-20", "InvalidRFC3339Date"),
        ("2026-11-20T09:00:00Z", "2026-02-30T09:00:00Z", "InvalidRFC3339Date"),
        ("2026-11-20T09:00:00Z", "2026-11-20T24:00:00Z", "InvalidRFC3339Date"),
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00", "InvalidRFC3339Date"),
        ("2026-11-20T09:00:00Z", "2026-11-22T12:00:01Z", "ImplausibleDate"),
        ("2026-11-20T09:00:00Z", "1970-01-01T00:00:00Z", "ImplausibleDate"),
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00Z ", "UnexpectedWhitespace"),
        (CREATED, CREATED.replace("09:59", "09.59"), "InvalidW3CDTFDate"),
        (CREATED, CREATED.replace("2026", "2031"), "ImplausibleDate"),
        (CREATED, CREATED * 2, "DuplicateElement"),
        ('<link rel="self"', '<link rel="via"', "MissingSelf"),
        (SELF, 'href="https://other.example.com/"', "SelfDoesntMatchLocation"),
        (SELF, 'href="/queues/support.atom"', "RelativeSelf"),
        ('type="application/atom+xml"', 'type="text/xml"', "SelfNotAtom"),
        ('type="application/atom+xml"', 'type="atom"', "InvalidMIMEType"),
        ('rel="next"', 'rel="prev"', "UnregisteredAtomLinkRel"),
        ('rel="hub"', 'title="" rel="hub"', "AttrNotBlank"),
        ('rel="hub"', 'title="&lt;/b&gt;" rel="hub"', "ContainsHTML"),
        ('rel="hub"', 'length="-1" rel="hub"', "InvalidNonNegativeInteger"),
        ('rel="hub"', 'rel="alternate" type="text/html" hreflang="en-GB"', "DuplicateAtomLink"),
        ('hreflang="en-GB"', 'hreflang="klingon"', "InvalidLanguage"),
        ('href="https://hub.example.com/"/>', "/>", "MissingHref"),
        ('href="https://hub.example.com/"/>', 'href="/">x</link>', "AtomLinkNotEmpty"),
        ('href="https://hub.example.com/"', 'href="/a[1]"', "InvalidUriChar"),
        ('href="https://hub.example.com/"', f'href="/{"é" * 64}"', "UriNotIri"),
        ('href="https://hub.example.com/"', 'href="crm:1"', "SchemeNotIANARegistered"),
        ("<entry>", '<entry><link rel="next" href="/x"/>', "FeedHistoryRelInEntry"),
        ("<entry>", "<fh:complete/><entry>", "FeedRelInCompleteFeed"),
        ("<entry>", "<fh:archive/><entry>", "MissingCurrentInArchive"),
        ('rel="hub" href="https://hub.example.com/"', f'rel="last" {SELF}', "LinkPastEnd"),
        ('term="support"', "", "MissingAttribute"),
        ('term="support"', 'term=""', "NotBlank"),
        ('scheme="https://example.com/queues"', 'scheme="/queues"', "InvalidFullLink"),
        ('label="Support"', 'label="&lt;/b&gt;"', "ContainsHTML"),
        ('label="Support"', 'title="Support"', "UnexpectedAttribute"),
        ("<name>Jane</name>", "", "MissingElement"),
        ("<name>Jane</name>", "<name/>", "NotBlank"),
        ("<name>Jane</name>", "<name>Jane &lt;jane@example.com&gt;</name>", "ContainsEmail"),
        ("<name>Jane</name>", "<name>&lt;/i&gt;</name>", "ContainsHTML"),
        ("<name>Jane</name>", "<name>Jane</name><id>urn:x:1</id>", "UndefinedElement"),
        (
            "<name>Jane</name>",
            "<name>Jane</name><dc:identifier>1</dc:identifier>",
            "QuestionableUsage",
        ),
        ("feeds@example.com", "feeds at example.com", "InvalidAddrSpec"),
        ("feeds@example.com", "feeds@localhost", "UnknownHost"),
        ("<uri>https://crm.example.com/people/jane", "<uri>acct:jane", "SchemeNotIANARegistered"),
        ("<uri>https://crm.example.com/people/jane", "<uri>", "NotBlank"),
        (">feedserver<", "><", "NotBlank"),
        ("https://example.com/feedserver", "<", "SAXError"),
        ("https://example.com/feedserver", "a b", "InvalidUriChar"),
        ("/static/icon.png", " /static/icon.png", "UnexpectedWhitespace"),
        ("/static/icon.png", "", "NotBlank"),
    ],
)
def test_a_broken_feed_is_complained_of(old: str, new: str, kind: str) -> None:
    beside = {
        "InvalidFullLink": {"NotBlank"},
        "InvalidNamespace": {"UnknownNamespace"},
        "MissingXhtmlDiv": {"NotInline"},
    }

    found = kinds(changed(old, new))

    assert kind in found
    assert found <= {kind} | beside.get(kind, set())


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<p>AT&T</p>", "NotHtml"),
        ("<p>&copy 2026</p>", "NotHtml"),
        ("<p>&#128;</p>", "NotHtml"),
        ("<p>&#39 x</p>", "NotHtml"),
        ("<p>1 < 2</p>", "NotHtml"),
        ("<b>bold", "NotHtml"),
        ("<p><b>x</p></b>", "NotHtml"),
        ("<b><i>x</b></i>", "NotHtml"),
        ("<div/>", "NotHtml"),
        ("x</p>", "NotHtml"),
        ("x</br>", "NotHtml"),
        ("<li>a</ul>", "NotHtml"),
        ("<table><td>x</td></table>", "NotHtml"),
        ("<tr><td>x</td></tr>", "NotHtml"),
        ("<h1><h2>x</h2></h1>", "NotHtml"),
        ("<a href='/'><a href='/'>x</a></a>", "NotHtml"),
        ('<a href="/?a=1&b=2">x</a>', "NotHtml"),
        ("<a href='/' href='/'>x</a>", "NotHtml"),
        ("<a href='/'title='x'>x</a>", "NotHtml"),
        ("<!-- a -- b -->", "NotHtml"),
        ("<!DOCTYPE html><p>x</p>", "NotHtml"),
        ("<blink>x</blink>", "NotHtml"),
        ("a\x7fb", "NotHtml"),
        ("a\ufdd0b", "NotHtml"),
        ("<script>x</script>", "SecurityRisk"),
        ("<iframe src='/'></iframe>", "SecurityRisk"),
        ("<p onclick='x'>x</p>", "SecurityRiskAttr"),
        ("<p role='note'>x</p>", "SecurityRiskAttr"),
        ("<p style='position: fixed'>x</p>", "DangerousStyleAttr"),
    ],
)
def test_broken_html_is_warned_of(html: str, kind: str) -> None:
    assert kinds(changed(HTML, escaped(html))) == {kind}


@pytest.mark.parametrize(
    "html",
    [
        "<p>a & b</p>",
        "&lt;b&gt; &amp;amp; &#39; &#x1F600; &hellip; é 😀 ]]> #",
        "<p>one<p>two<br/>three<hr>",
        "<ul><li>a<li>b</ul><dl><dt>t<dd>d</dl>",
        "<table><caption>c</caption><thead><tr><th>x<td>y</thead><tr><td>z</table>",
        '<a href="/?a=1&amp;b=2" rel="nofollow" data-x="1">x <b><i>y</i></b></a>',
        "<pre><code>x</code></pre><!-- note -->",
        "<P CLASS=x>y</P>",
    ],
)
def test_sound_html_is_let_pass(html: str) -> None:
    assert kinds(changed(HTML, escaped(html))) == set()


def escaped(html: str) -> str:
    return html.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_an_empty_feed_needs_an_author_too() -> None:
    author = "<author><name>Feed server</name><email>feeds@example.com</email></author>"

    assert kinds(EMPTY.replace(author, "")) == {"MissingElement"}


def test_bytes_that_are_no_utf_8_are_an_error() -> None:
    assert kinds(GOOD.encode().replace(b"Second", b"\xe9")) == {"UnicodeError"}


def test_an_archive_document_needs_a_neighbour() -> None:
    document = changed(
        '<link rel="prev-archive" href="https://feeds.example.com/archive/9.atom"/>',
        '<link rel="current" href="/x"/><fh:archive/>',
    )

    assert kinds(document) == {"ArchiveIncomplete"}


def test_another_vocabulary_is_no_feed() -> None:
    assert kinds("<feed/>") == {"MissingNamespace"}
    assert kinds("<rss/>") == {"UndefinedElement"}
