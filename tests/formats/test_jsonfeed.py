"""JSON Feed: what its specification asks for, saying what Atom says."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from feedserver.formats.as1 import As1Format
from feedserver.formats.jsonfeed import JsonFeedFormat
from feedserver.model.activity import Draft, Object
from feedserver.model.feed import Link, Page, Removal
from feedserver.model.query import parse_query
from feedserver.services.reading import Reading
from tests.builders import make_draft
from tests.formats.conftest import BASE, odd_drafts, page_of, reading_of
from tests.formats.drafts import recorded_drafts
from tests.formats.golden import FOLDER
from tests.formats.pages import page_of_a_return, page_with_removals
from tests.formats.schemas import invalid, json_feed_schema

JSON_FEED = JsonFeedFormat()
AS1 = As1Format()
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
OF_FEED = {"version", "title", "home_page_url", "feed_url", "description", "next_url", "items"}
OF_ITEM = {
    *("id", "url", "external_url", "title", "content_html", "content_text"),
    *("date_published", "date_modified", "authors", "tags"),
}


def rendered(page: Page) -> Any:
    return json.loads(JSON_FEED.render(page))


def item_of(draft: Draft) -> Any:
    (item,) = rendered(page_of(reading_of([draft]), JSON_FEED))["items"]
    return item


def assert_of_the_specification(feed: Any) -> None:
    """Every member is one of JSON Feed 1.1, of its type, or our object."""
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert {"title", "items", "_activity"} <= set(feed) <= OF_FEED | {"_activity"}
    texts = [feed[name] for name in set(feed) - {"items", "_activity"}]
    for item in feed["items"]:
        assert {"id", "url", "title", "_activity"} <= set(item) <= OF_ITEM | {"_activity"}
        assert len({"content_html", "content_text"} & set(item)) == 1
        assert DATE.fullmatch(item["date_published"])
        assert DATE.fullmatch(item["date_modified"])
        assert all(author["name"] for author in item["authors"])
        texts += [item[name] for name in set(item) - {"authors", "tags", "_activity"}]
        texts += item.get("tags", [])
    assert all(isinstance(text, str) and text for text in texts)
    assert all(isinstance(each["_activity"], dict) for each in (feed, *feed["items"]))
    ids = [item["id"] for item in feed["items"]]
    assert len(set(ids)) == len(ids)
    assert feed.get("next_url") not in (feed["feed_url"], "")


@given(recorded_drafts)
def test_what_happened_is_told_in_the_terms_of_activity_streams(draft: Draft) -> None:
    page = page_of(reading_of([draft]), JSON_FEED)

    feed = rendered(page)

    assert_of_the_specification(feed)
    (item,) = feed["items"]
    in_as1 = json.loads(AS1.render_activity(page.activities[0], page))
    said_by_the_item = {"id", "title", "url", "content", "published", "updated"}
    for name in said_by_the_item:
        in_as1.pop(name, None)
    assert item["_activity"] == in_as1
    assert item.get("content_html") == draft.content
    assert item.get("tags", []) == list(draft.tags)
    assert item["authors"][0] == {"name": draft.actor.name} | (
        {"url": draft.actor.url} if draft.actor.url else {}
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("jsonfeed/*")), ids=lambda path: path.stem)
def test_every_kind_of_document_is_valid_by_the_published_schema(path: Path) -> None:
    feed = json.loads(path.read_text(encoding="utf-8"))

    assert invalid(feed, json_feed_schema()) == []
    assert_of_the_specification(feed)


def test_an_entry_without_text_has_its_title_as_plain_text() -> None:
    item = item_of(make_draft(content=None, title="Ann <b> & Bob"))

    assert item["content_text"] == "Ann <b> & Bob"
    assert "content_html" not in item


@pytest.mark.parametrize(
    ("url", "about", "told"),
    [
        ("https://example.org/1", "https://example.org/2", ("1", "2")),
        ("https://example.org/1", "https://example.org/1", ("1", None)),
        ("https://example.org/1", None, ("1", None)),
        (None, "https://example.org/2", ("2", None)),
    ],
)
def test_what_it_is_about_is_told_where_that_is_another_place(
    url: str | None, about: str | None, told: tuple[str, str | None]
) -> None:
    item = item_of(make_draft(url=url, object=Object("note", None, "N", None, about)))

    assert (item["url"][-1], item.get("external_url", "")[-1:] or None) == told


def test_every_page_tells_of_the_same_feed_and_of_the_page_after_it() -> None:
    reading = reading_of(odd_drafts())
    page = page_of(reading, JSON_FEED, parse_query([("limit", "3")]))
    feeds, told = [], []

    while True:
        feed = rendered(page)
        assert_of_the_specification(feed)
        feeds.append(feed)
        told += [item["id"] for item in feed["items"]]
        if "next_url" not in feed:
            break
        before = feed["next_url"].partition("before=")[2]
        page = page_of(reading, JSON_FEED, parse_query([("limit", "3"), ("before", before)]))

    assert told == [draft.id for draft in reversed(odd_drafts())]
    assert [len(feed["items"]) for feed in feeds] == [3, 3, 3, 3]
    assert {feed["home_page_url"] for feed in feeds} == {f"{BASE}/all"}
    assert {feed["feed_url"] for feed in feeds[1:]} == {f"{BASE}/all.jsonfeed?limit=3"}
    assert {feed["_activity"]["id"] for feed in feeds} == {"tag:example.com,2026:feeds/all"}
    assert {feed["_activity"]["totalItems"] for feed in feeds} == {12}


def test_the_page_after_an_archive_is_the_archive_before_it() -> None:
    page = page_of(reading_of(odd_drafts()), JSON_FEED, parse_query([("archive", "0")]))
    beside = (Link("prev-archive", f"{BASE}/earlier"), Link("next-archive", f"{BASE}/later"))

    feed = rendered(replace(page, links=page.links + beside))

    assert feed["next_url"] == f"{BASE}/earlier"
    assert feed["feed_url"] == f"{BASE}/all.jsonfeed"


@pytest.mark.parametrize("query", [[], [("queue", "nobody")], [("limit", "0")], [("archive", "0")]])
def test_every_other_page_is_as_the_specification_asks(query: list[tuple[str, str]]) -> None:
    for drafts in ([], odd_drafts()):
        feed = rendered(page_of(reading_of(drafts), JSON_FEED, parse_query(query)))

        assert_of_the_specification(feed)
        assert feed["title"]


def test_a_page_that_nothing_matches_says_so() -> None:
    feed = rendered(
        page_of(reading_of(odd_drafts()), JSON_FEED, parse_query([("queue", "Suport")]))
    )

    assert feed["items"] == []
    assert "Support" in feed["description"]


def test_what_was_deleted_or_has_left_is_no_item() -> None:
    page, drafts = page_with_removals(JSON_FEED)

    feed = rendered(page)

    assert_of_the_specification(feed)
    assert [item["id"] for item in feed["items"]] == [drafts[2].id]
    left, deleted = feed["_activity"]["removed"]
    assert (deleted["id"], set(deleted)) == (drafts[0].id, {"id", "deleted"})
    assert (left["id"], left["left"]) == (drafts[1].id, True)
    assert left["deleted"] == feed["_activity"]["updated"]


def test_what_was_deleted_is_alone_in_a_feed_without_items() -> None:
    page, drafts = page_with_removals(JSON_FEED)
    (removal,) = [entry for entry in page.entries if entry.id == drafts[0].id]
    assert isinstance(removal, Removal)

    feed = json.loads(JSON_FEED.render_removal(removal, page))

    assert_of_the_specification(feed)
    assert feed["items"] == []
    assert [each["id"] for each in feed["_activity"]["removed"]] == [drafts[0].id]
    assert feed["title"] == f"{drafts[0].id} was deleted"


def test_in_an_archive_an_id_stands_once_as_it_is_newest() -> None:
    page, draft = page_of_a_return(JSON_FEED)

    feed = rendered(page)

    assert len(page.entries) == 2
    assert [item["id"] for item in feed["items"]] == [draft.id]
    assert "removed" not in feed["_activity"]
    assert feed["feed_url"] == f"{BASE}/all.jsonfeed?tag=vip"


def test_an_activity_alone_has_its_title_and_leads_to_its_page(reading: Reading) -> None:
    page = page_of(reading, JSON_FEED)
    activity = page.activities[-1]

    feed = json.loads(JSON_FEED.render_activity(activity, page))

    assert_of_the_specification(feed)
    assert feed["title"] == activity.draft.title
    assert feed["home_page_url"].startswith(f"{BASE}/activities/tag%3A")
    assert [item["id"] for item in feed["items"]] == [activity.id]
    assert feed["items"] == rendered(page)["items"][-1:]


def test_the_same_page_is_the_same_bytes() -> None:
    drafts = odd_drafts()

    first, second = (JSON_FEED.render(page_of(reading_of(drafts), JSON_FEED)) for _ in range(2))

    assert first == second
