"""The rules of JSON Feed 1.1."""

from datetime import datetime

from feedserver.validity.dates import tomorrow_of
from feedserver.validity.findings import Findings, Report
from feedserver.validity.members import Members, check_unique, members_of
from feedserver.validity.words import words

VERSION = "https://jsonfeed.org/version/1.1"

_OF_FEED = words(
    """version title home_page_url feed_url description user_comment next_url icon favicon author
    authors language expired hubs items"""
)
_OF_ITEM = words(
    """id url external_url title content_html content_text summary image banner_image
    date_published date_modified author authors tags language attachments"""
)


def check_jsonfeed(document: bytes, address: str | None, now: datetime) -> Findings:
    """Judge a JSON Feed by https://www.jsonfeed.org/version/1.1/.

    `address` is where it was asked for, to which `feed_url` may lead only where it is the first
    page. Stricter: each item has `url`, `date_published` and `date_modified`, ids are IRIs, and
    nothing is null or empty.
    """
    report = Report()
    feed = members_of(document, report, tomorrow_of(now))
    if feed is not None:
        _feed(feed, address)
    return report.findings()


def _feed(feed: Members, address: str | None) -> None:
    _check_known(feed, _OF_FEED)
    version = feed.text("version", is_needed=True)
    if version not in (None, VERSION):
        feed.add("WrongVersion", "version", version)
    feed.text("title", is_needed=True)
    feed.text("description")
    feed.address("home_page_url", is_needed=True)
    own = feed.address("feed_url", is_needed=True)
    following = feed.address("next_url")
    if following is not None and following in (own, address):
        feed.add("LinkPastEnd", "next_url", "it leads to this very document")
    feed.inner("_activity")
    items = feed.inners("items", is_needed=True)
    check_unique(items)
    for item in items:
        _item(item)


def _item(item: Members) -> None:
    _check_known(item, _OF_ITEM)
    item.iri("id", is_needed=True)
    item.link("url", is_needed=True)
    item.link("external_url")
    item.text("title")
    if "content_html" not in item.values and "content_text" not in item.values:
        item.add("MissingMember", "content_html", "nor content_text")
    item.html("content_html")
    item.text("content_text")
    item.date("date_published", is_needed=True)
    item.date("date_modified", is_needed=True)
    item.texts("tags")
    item.inner("_activity")
    for author in item.inners("authors"):
        if not {"name", "url", "avatar"}.intersection(author.values):
            author.add("MissingMember", "name")
        author.text("name")
        author.link("url")


def _check_known(members: Members, known: frozenset[str]) -> None:
    for name in members.values:
        if name not in known and not name.startswith("_"):
            members.add("UnknownMember", name)
