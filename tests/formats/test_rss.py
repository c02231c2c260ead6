"""RSS: valid whatever is in the log, in English everywhere, and saying what Atom says."""

import locale
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given
from lxml import etree

from feedserver.formats.rss import RssFormat
from feedserver.model.activity import Draft, Object
from feedserver.model.dates import IMPLAUSIBLE
from feedserver.model.feed import Removal
from feedserver.model.query import parse_query
from feedserver.services.reading import Reading
from feedserver.validity.rss import check_rss
from tests.builders import AUTHORITY, NOON, make_draft, object_of
from tests.formats.conftest import BASE, odd_drafts, page_of, reading_of
from tests.formats.drafts import recorded_drafts
from tests.formats.pages import page_of_a_return, page_with_removals

RSS = RssFormat()
NAMES = {
    "at": "http://purl.org/atompub/tombstones/1.0",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "fh": "http://purl.org/syndication/history/1.0",
}


def channel_of(document: bytes) -> Any:
    (channel,) = etree.fromstring(document)
    return channel


def item_of(draft: Draft) -> Any:
    return channel_of(RSS.render(page_of(reading_of([draft]), RSS))).find("item")


@pytest.mark.parametrize("query", [[], [("queue", "nobody")], [("limit", "0")], [("limit", "2")]])
def test_every_page_is_valid(query: list[tuple[str, str]]) -> None:
    for drafts in ([], odd_drafts()):
        page = page_of(reading_of(drafts), RSS, parse_query(query))

        findings = check_rss(RSS.render(page), page.address, NOON)

        assert findings.errors == ()
        assert [text for text in findings.warnings if "BadCharacters" not in text] == []


@given(recorded_drafts)
def test_texts_names_and_times_are_there_to_the_letter(draft: Draft) -> None:
    item = item_of(draft)

    assert item.findtext("dc:creator", None, NAMES) == draft.actor.name
    assert item.findtext("content:encoded", None, NAMES) == draft.content
    if draft.content is not None:
        assert item.findtext("description") == draft.content
    told = [(each.get("domain").rpartition("/")[2], each.text) for each in item.findall("category")]
    products = [("product", product.name) for product in draft.products]
    assert told == [
        *(("queue", queue) for queue in draft.queues),
        *products,
        *(("tag", tag) for tag in draft.tags),
    ]
    created = item.findtext("dcterms:created", None, NAMES)
    is_told = draft.occurred is not None and draft.occurred - NOON <= IMPLAUSIBLE
    assert (created and datetime.fromisoformat(created)) == (draft.occurred if is_told else None)


def test_a_time_that_nobody_would_believe_is_not_told() -> None:
    ahead, soon = (item_of(make_draft(occurred=NOON + timedelta(hours=n))) for n in (25, 23))

    assert ahead.find("dcterms:created", NAMES) is None
    assert soon.findtext("dcterms:created", None, NAMES) == "2026-05-09T11:00:00Z"


def test_an_entry_without_text_is_described_by_its_title_as_html() -> None:
    item = item_of(make_draft(content=None, title="Ann <b> & Bob"))

    assert item.findtext("description") == "Ann &lt;b&gt; &amp; Bob"
    assert item.find("content:encoded", NAMES) is None


def test_who_reads_with_feedparser_sees_the_entrys_own_things(reading: Reading) -> None:
    parsed = feedparser.parse(RSS.render(page_of(reading, RSS)))

    created, odd = parsed.entries[-1], parsed.entries[-4]
    draft = odd_drafts()[0]
    assert not parsed.bozo
    assert (parsed.version, parsed.feed.title) == ("rss20", "Everything")
    assert parsed.feed.link == f"{BASE}/all"
    assert (created.id, created.guidislink) == (draft.id, False)
    assert created.title == draft.title
    assert created.link == object_of(draft).url
    assert created.author == "Ann Example"
    assert created.published == "Fri, 08 May 2026 10:01:00 +0000"
    assert time.strftime("%H:%M", created.published_parsed) == "10:01"
    assert created.summary == created.content[0].value == draft.content
    assert [(tag.scheme.rpartition("/")[2], tag.term) for tag in created.tags] == [
        ("product", "XR-20"),
        ("tag", "priority:High"),
        ("tag", "vip"),
    ]
    assert odd.title == odd_drafts()[3].title
    assert odd.content[0].value.startswith('Salt &amp; Pepper &lt;i&gt;"loud"&lt;/i&gt; ]]&gt;')


@pytest.mark.parametrize("query", [[], [("limit", "2")], [("limit", "0")], [("archive", "0")]])
def test_the_channel_has_every_link_of_the_page(query: list[tuple[str, str]]) -> None:
    page = page_of(reading_of(odd_drafts()), RSS, parse_query(query))

    channel = channel_of(RSS.render(page))

    told = [
        (link.get("rel"), link.get("href"), link.get("type"))
        for link in channel.findall("atom:link", NAMES)
    ]
    assert told == [(link.rel, link.href, link.type) for link in page.links]
    assert ("self", page.address, "application/rss+xml") in told
    assert (channel.find("fh:archive", NAMES) is not None) == (query == [("archive", "0")])


def test_what_was_deleted_or_has_left_is_told_as_in_atom() -> None:
    page, drafts = page_with_removals(RSS)
    document = RSS.render(page)

    channel = channel_of(document)

    assert [item.findtext("guid") for item in channel.findall("item")] == [drafts[2].id]
    gone = {each.get("ref"): each for each in channel.findall("at:deleted-entry", NAMES)}
    assert set(gone) == {drafts[0].id, drafts[1].id}
    deleted, left = gone[drafts[0].id], gone[drafts[1].id]
    assert deleted.find("at:comment", NAMES) is None
    assert left.findtext("at:comment", None, NAMES) == "It is in this feed no more."
    whens = {datetime.fromisoformat(each.get("when")) for each in gone.values()}
    assert max(whens) == page.updated
    findings = check_rss(document, page.address, NOON)
    assert findings.errors == ()


def test_what_was_deleted_is_alone_in_a_channel_without_items() -> None:
    page, drafts = page_with_removals(RSS)
    (removal,) = [entry for entry in page.entries if entry.id == drafts[0].id]
    assert isinstance(removal, Removal)

    document = RSS.render_removal(removal, page)

    channel = channel_of(document)
    assert channel.findtext("title") == f"{drafts[0].id} was deleted"
    assert channel.find("at:deleted-entry", NAMES).get("ref") == drafts[0].id
    assert channel.find("item") is None
    assert check_rss(document, page.address, NOON).errors == ()


def test_in_an_archive_an_id_stands_once_as_it_is_newest() -> None:
    page, draft = page_of_a_return(RSS)

    channel = channel_of(RSS.render(page))

    assert len(page.entries) == 2
    assert [item.findtext("guid") for item in channel.findall("item")] == [draft.id]
    assert channel.findall("at:deleted-entry", NAMES) == []


def test_an_activity_alone_has_its_title_and_leads_to_its_page(reading: Reading) -> None:
    page = page_of(reading, RSS)
    activity = page.activities[-1]

    document = RSS.render_activity(activity, page)

    channel = channel_of(document)
    assert channel.findtext("title") == channel.findtext("item/title") == activity.draft.title
    assert channel.findtext("link").startswith(f"{BASE}/activities/tag%3A")
    assert len(channel.findall("item")) == 1
    assert check_rss(document, page.address, NOON).errors == ()


def test_the_date_of_the_channel_is_of_the_data_and_not_before_any_item() -> None:
    at_once = [make_draft(occurred=NOON - timedelta(hours=1)) for _ in range(3)]
    page = page_of(reading_of(at_once), RSS)
    later = replace(page, updated=NOON + timedelta(days=400, microseconds=7))

    channel, other = (channel_of(RSS.render(each)) for each in (page, later))

    dates = [each.text for each in channel.iter("pubDate")]
    assert dates == [f"Fri, 08 May 2026 11:00:0{second} +0000" for second in (2, 1, 0)]
    assert channel.findtext("lastBuildDate") == dates[0]
    assert other.findtext("lastBuildDate") == "Sat, 12 Jun 2027 12:00:00 +0000"


def test_an_empty_feed_has_the_date_of_the_log() -> None:
    channel = channel_of(RSS.render(page_of(reading_of([]), RSS)))

    assert channel.findtext("lastBuildDate") == "Fri, 08 May 2026 12:00:00 +0000"


@pytest.mark.parametrize("year", [1000, 1753, 1999, 2025])
def test_dates_of_any_year_are_of_four_digits(year: int) -> None:
    item = item_of(make_draft(occurred=datetime(year, 12, 31, tzinfo=UTC)))

    assert re.fullmatch(
        rf"[A-Z][a-z]{{2}}, 31 Dec {year} 00:00:00 \+0000", item.findtext("pubDate")
    )


def test_the_same_page_is_the_same_bytes() -> None:
    drafts = odd_drafts()

    first, second = (RSS.render(page_of(reading_of(drafts), RSS)) for _ in range(2))

    assert first == second


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The process speaks German, wherever a locale can be made; gives what it is called."""
    source = tmp_path / "source"
    source.write_text('LC_TIME\ncopy "de_DE"\nEND LC_TIME\n', encoding="ascii")
    command = ["localedef", "-c", "-i", str(source), "-f", "ISO-8859-1", str(tmp_path / "de")]
    before = locale.setlocale(locale.LC_TIME)
    try:
        subprocess.run(command, capture_output=True, check=False)
        monkeypatch.setenv("LOCPATH", str(tmp_path))
        locale.setlocale(locale.LC_TIME, "de")
    except (OSError, locale.Error):
        pytest.skip("localedef makes no German locale here")
    yield "de"
    locale.setlocale(locale.LC_TIME, before)


def test_another_locale_changes_nothing_and_is_left_alone(german: str) -> None:
    months = [datetime(2025, month, 3 + month, tzinfo=UTC) for month in range(1, 13)]
    page = page_of(reading_of([make_draft(occurred=month) for month in months]), RSS)
    spoken = time.strftime("%a, %d %b", months[-1].timetuple())

    dates = [each.text for each in channel_of(RSS.render(page)).iter("pubDate")]

    names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    assert [date.split()[2] for date in reversed(dates)] == names
    assert (spoken, dates[0][:11]) == ("Mo, 15 Dez", "Mon, 15 Dec")
    assert check_rss(RSS.render(page), page.address, NOON).errors == ()
    assert locale.setlocale(locale.LC_TIME) == german


@pytest.mark.parametrize(
    ("url", "object", "link"),
    [
        ("https://example.org/1", Object("note", None, "N", None, "https://example.org/2"), "1"),
        (None, Object("note", None, "N", None, "https://example.org/2"), "2"),
        (None, Object("note", None, "N"), None),
    ],
)
def test_an_item_leads_to_itself_elsewhere_or_to_its_object_or_to_its_page(
    url: str | None, object: Object, link: str | None
) -> None:
    item = item_of(make_draft(id=f"tag:{AUTHORITY}:7", url=url, object=object))

    own = f"{BASE}/activities/tag%3Aexample.com%2C2026%3A7"
    assert item.findtext("link") == (f"https://example.org/{link}" if link else own)
