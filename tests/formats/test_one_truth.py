"""One truth: read back from any format, a page says what was recorded, the same in each."""

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedserver.formats import FORMATS
from feedserver.model.activity import Activity, Draft
from feedserver.model.addresses import activity_path
from feedserver.model.dates import IMPLAUSIBLE, rfc3339
from feedserver.model.feed import Page
from feedserver.model.identity import scheme
from feedserver.model.query import parse_query
from feedserver.services.reading import Reading
from tests.builders import AUTHORITY
from tests.formats.conftest import BASE, changed_log, odd_drafts, page_of, reading_of
from tests.formats.drafts import recorded_drafts
from tests.formats.pages import page_with_an_edit

ATOM = "{http://www.w3.org/2005/Atom}"
FIELDS = {scheme(AUTHORITY, field): field for field in ("queue", "product", "tag")}


@dataclass(frozen=True)
class Said:
    """What an entry says, None where its format has no place for that."""

    id: str
    title: str
    link: str
    author: str
    categories: tuple[tuple[str, str], ...]
    content: str
    published: datetime | None
    updated: datetime
    occurred: str | None


def recorded(activity: Activity, page: Page) -> Said:
    """What the log holds."""
    draft, dates = activity.draft, activity.dates
    queues = [("queue", queue) for queue in draft.queues]
    products = [("product", product.name) for product in draft.products]
    return Said(
        activity.id,
        draft.title,
        draft.url or (draft.object and draft.object.url) or page.home + activity_path(activity.id),
        draft.actor.name or "",
        (*queues, *products, *(("tag", tag) for tag in draft.tags)),
        draft.content or "",
        dates.published,
        dates.updated,
        None if draft.occurred is None else rfc3339(draft.occurred),
    )


def read_atom(document: bytes) -> list[Said]:
    return [
        _of_a_feed(
            entry,
            datetime.fromisoformat(entry.published),
            datetime.fromisoformat(entry.updated),
        )
        for entry in by_feedparser(document)
    ]


def read_rss(document: bytes) -> list[Said]:
    return [
        _of_a_feed(entry, None, parsedate_to_datetime(entry.published))
        for entry in by_feedparser(document)
    ]


def by_feedparser(document: bytes) -> list[Any]:
    """The entries as feedparser has them, their texts as they stand there."""
    parsed = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo
    return list(parsed.entries)


def _of_a_feed(entry: Any, published: datetime | None, updated: datetime) -> Said:
    return Said(
        entry.id,
        entry.title,
        entry.link,
        entry.author,
        tuple((FIELDS[tag.scheme], tag.term) for tag in entry.get("tags", [])),
        entry.content[0].value if "content" in entry else "",
        published,
        updated,
        entry.get("created"),
    )


def read_json_feed(document: bytes) -> list[Said]:
    return [
        Said(
            item["id"],
            item["title"],
            item["url"],
            item["authors"][0]["name"],
            _categories(item["_activity"]),
            item.get("content_html", ""),
            datetime.fromisoformat(item["date_published"]),
            datetime.fromisoformat(item["date_modified"]),
            item["_activity"].get("occurred"),
        )
        for item in json.loads(document)["items"]
    ]


def read_as1(document: bytes) -> list[Said]:
    return [
        _of_a_stream(item, html.unescape(item["title"]), item["actor"]["displayName"])
        for item in json.loads(document)["items"]
    ]


def read_as2(document: bytes) -> list[Said]:
    return [
        _of_a_stream(item, item["name"], item["actor"]["name"])
        for item in json.loads(document)["orderedItems"]
    ]


def _of_a_stream(item: Any, title: str, author: str) -> Said:
    # Where an activity has no address but ours, readers of feeds are led to its object.
    is_ours = item["url"] == BASE + activity_path(item["id"])
    about = item.get("object", {}).get("url")
    return Said(
        item["id"],
        title,
        about if is_ours and about else item["url"],
        author,
        _categories(item),
        item.get("content", ""),
        datetime.fromisoformat(item["published"]),
        datetime.fromisoformat(item["updated"]),
        item.get("occurred"),
    )


def _categories(item: Any) -> tuple[tuple[str, str], ...]:
    members = (("queue", "queue"), ("product", "product"), ("tag", "tags"))
    return tuple((field, name) for field, member in members for name in item.get(member, []))


READ: dict[str, Callable[[bytes], list[Said]]] = {
    "atom": read_atom,
    "rss": read_rss,
    "jsonfeed": read_json_feed,
    "as1": read_as1,
    "json": read_as2,
}


def as_feedparser_has_it(text: str) -> str:
    """The text of an element, of which it takes bytes of UTF-8 told as characters for those."""
    try:
        return text.strip().encode("iso-8859-1").decode()
    except UnicodeError:
        return text.strip()


def told_by(extension: str, activity: Activity, page: Page) -> Said:
    """What that format says of the activity, as its reader has it."""
    said, is_rss = recorded(activity, page), extension == "rss"
    if extension not in ("atom", "rss"):
        return said
    occurred, dates = activity.draft.occurred, activity.dates
    is_believed = occurred is not None and occurred - dates.recorded <= IMPLAUSIBLE
    return replace(
        said,
        title=as_feedparser_has_it(said.title),
        author=as_feedparser_has_it(said.author) if is_rss else said.author,
        categories=tuple(
            (field, as_feedparser_has_it(name) if is_rss else name)
            for field, name in said.categories
        ),
        content=as_feedparser_has_it(said.content),
        published=None if is_rss else said.published,
        updated=dates.second if is_rss else said.updated,
        occurred=said.occurred if is_believed else None,
    )


# feedparser takes an id for an address, and mends one without a host.
_drafts = recorded_drafts.filter(lambda draft: ":///" not in draft.id)


@pytest.mark.parametrize("extension", list(FORMATS))
@given(drafts=st.lists(_drafts, max_size=3, unique_by=lambda each: each.id))
def test_what_was_recorded_is_read_from_every_format(drafts: list[Draft], extension: str) -> None:
    format = FORMATS[extension]()
    page = page_with_an_edit(format, drafts)

    said = READ[extension](format.render(page))

    assert said == [told_by(extension, activity, page) for activity in page.activities]
    dates = [each.updated for each in said]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("extension", list(FORMATS))
def test_the_dozen_is_read_from_every_format_as_it_was_recorded(extension: str) -> None:
    format = FORMATS[extension]()
    page = page_of(reading_of(odd_drafts()), format)

    said = READ[extension](format.render(page))

    assert said == [told_by(extension, activity, page) for activity in page.activities]
    assert [each.id for each in said] == [draft.id for draft in reversed(odd_drafts())]


OfFeed = dict[str, Any]
"""What a document says of its feed: its id, title, dates, number, and its links by relation."""


def head_of_atom(document: bytes) -> OfFeed:
    feed = etree.fromstring(document)
    return {
        "id": feed.findtext(f"{ATOM}id"),
        "title": feed.findtext(f"{ATOM}title"),
        "subtitle": feed.findtext(f"{ATOM}subtitle"),
        "updated": datetime.fromisoformat(feed.findtext(f"{ATOM}updated")),
        "links": {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")},
    }


def head_of_rss(document: bytes) -> OfFeed:
    (channel,) = etree.fromstring(document)
    links = {link.get("rel"): link.get("href") for link in channel.findall(f"{ATOM}link")}
    assert channel.findtext("link") == links["alternate"]
    about = channel.findtext("description")
    title = channel.findtext("title")
    return {"title": title, "subtitle": None if about == title else about, "links": links}


def head_of_json_feed(document: bytes) -> OfFeed:
    feed = json.loads(document)
    return {
        "id": feed["_activity"]["id"],
        "title": feed["title"],
        "subtitle": feed.get("description"),
        "updated": datetime.fromisoformat(feed["_activity"]["updated"]),
        "total": feed["_activity"].get("totalItems"),
        "alternate": feed["home_page_url"],
        "next": feed.get("next_url"),
    }


def head_of_as1(document: bytes) -> OfFeed:
    page = json.loads(document)
    return {
        "id": page["id"],
        "title": page["displayName"],
        "subtitle": page.get("summary"),
        "updated": datetime.fromisoformat(page["updated"]),
        "total": page.get("totalItems"),
        "self": page["url"],
        "links": {link["rel"]: link["href"] for link in page["links"]},
        "next": page.get("next"),
        "prev": page.get("prev"),
    }


def head_of_as2(document: bytes) -> OfFeed:
    page = json.loads(document)
    return {
        "title": page["name"],
        "subtitle": page.get("summary"),
        "updated": datetime.fromisoformat(page["updated"]),
        "total": page.get("totalItems"),
        "self": page["id"],
        "next": page.get("next"),
        "prev": page.get("prev"),
    }


HEAD: dict[str, Callable[[bytes], OfFeed]] = {
    "atom": head_of_atom,
    "rss": head_of_rss,
    "jsonfeed": head_of_json_feed,
    "as1": head_of_as1,
    "json": head_of_as2,
}


def pages() -> dict[str, tuple[Reading, Sequence[tuple[str, str]]]]:
    """Pages of every kind: a log, and what is asked of it."""
    reading = reading_of(odd_drafts())
    first = page_of(reading, FORMATS["json"](), parse_query([("limit", "4")]))
    (following,) = [link.href for link in first.links if link.rel == "next"]
    return {
        "newest": (reading, [("limit", "4")]),
        "between": (reading, parse_qsl(urlsplit(following).query)),
        "empty": (reading_of([]), []),
        "unknown": (reading, [("queue", "Suport")]),
        "changed": (changed_log(), [("tag", "vip")]),
        "archive": (changed_log(), [("tag", "vip"), ("archive", "0")]),
    }


@pytest.mark.parametrize("kind", list(pages()))
def test_a_page_says_the_same_of_its_feed_in_every_format(kind: str) -> None:
    reading, query = pages()[kind]
    parameters = f"?{urlencode(query)}" if query else ""

    for extension, head in HEAD.items():
        format = FORMATS[extension]()
        page = page_of(reading, format, parse_query(query), parameters)

        said = head(format.render(page))

        links = {link.rel: link.href for link in page.links}
        newer, older = ("next-archive", "prev-archive") if page.is_archive else ("prev", "next")
        told = {
            "id": page.feed.id,
            "title": page.feed.title,
            "subtitle": page.feed.subtitle,
            "updated": page.updated,
            "total": page.total,
            "alternate": links["alternate"],
            "self": links["self"],
            "next": links.get(older),
            "prev": links.get(newer),
            "links": links,
        }
        if extension in ("atom", "rss") and "prev" in links:
            told["links"] = links | {"previous": links.pop("prev")}  # RFC 5005, section 3
        assert said == {name: told[name] for name in said}


def test_a_page_between_two_leads_to_both() -> None:
    reading, query = pages()["between"]

    page = json.loads(
        FORMATS["json"]().render(page_of(reading, FORMATS["json"](), parse_query(query)))
    )

    assert page["prev"] == page["first"] == f"{BASE}/all.json?limit=4"
    assert page["next"] != f"{BASE}/all.json?{urlencode(query)}"
