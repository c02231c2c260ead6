"""What the W3C feed validator would say about an RSS 2.0 document."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree

from tests.feed_rules import Findings, check

_ATOM = "{http://www.w3.org/2005/Atom}"
_ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" \d{4} \d\d:\d\d:\d\d [+-]\d{4}",
    re.ASCII,
)
_OF_CHANNEL = ["title", "link", "description", "lastBuildDate", "generator", "ttl", "item"]
_OF_ITEM = ["title", "link", "description", "category", "guid", "pubDate"]


def check_rss(document: bytes, address: str, *, now: datetime | None = None) -> Findings:
    """Judge an RSS document as `feed_rules.check` does an Atom document.

    Stricter than the validator: it has to have `lastBuildDate`, each item `title`, `link`, `guid`
    and `pubDate`, and dates have names of days, years of four digits and numeric zones.
    """
    root = etree.fromstring(document)
    tomorrow = (now or datetime.now(UTC)) + timedelta(days=1)
    faults = [*_in_channel(root, address), *_in_dates(root, tomorrow), *_in_items(root)]
    texts = check(_as_atom(document), address, now=now)
    return Findings((*faults, *texts.errors), texts.warnings)


def _in_channel(root: Any, address: str) -> Iterator[str]:
    if (root.tag, dict(root.attrib), len(root)) != ("rss", {"version": "2.0"}, 1):
        yield "The root is no <rss version='2.0'> with one channel."
    channel = root.find("channel")
    yield from _once(channel, ["title", "link", "description", "lastBuildDate", "generator"])
    yield from _undefined(channel, _OF_CHANNEL)
    for ttl in channel.findall("ttl"):
        if not re.fullmatch("[1-9][0-9]*", ttl.text):
            yield f"ttl is no number of minutes: {ttl.text}"
    links = {link.get("rel"): link for link in channel.findall(f"{_ATOM}link")}
    if links["self"].get("href") != address or links["self"].get("type") != "application/rss+xml":
        yield "MissingAtomSelfLink"
    names = [child.tag for child in channel]
    after = names[names.index("item") :] if "item" in names else []
    if {"title", f"{_ATOM}link", *_OF_CHANNEL[:-1]}.intersection(after):
        yield "MisplacedItem: something of the channel stands behind an item"


def _in_dates(root: Any, tomorrow: datetime) -> Iterator[str]:
    for date in root.iter("pubDate", "lastBuildDate"):
        if not _DATE.fullmatch(date.text):
            yield f"InvalidRFC2822Date: {date.text}"
            continue
        parsed = parsedate_to_datetime(date.text)
        if parsed > tomorrow:
            yield f"ImplausibleDate: {date.text}"
        if "Mon Tue Wed Thu Fri Sat Sun".split()[parsed.weekday()] != date.text[:3]:
            yield f"IncorrectDOW: {date.text}"


def _in_items(root: Any) -> Iterator[str]:
    items = root.findall("channel/item")
    ids = [item.findtext("guid") for item in items]
    if len(set(ids)) < len(ids):
        yield "DuplicateValue: guid"
    for item in items:
        yield from _once(item, ["title", "link", "description", "guid", "pubDate", _CREATOR])
        yield from _undefined(item, _OF_ITEM)
        names = [child.tag for child in item]
        if _ENCODED in names and names.index("description") > names.index(_ENCODED):
            yield "NeedDescriptionBeforeContent"
        if item.find("guid").get("isPermaLink") != "false":
            yield "InvalidPermalink"


def _once(parent: Any, names: list[str]) -> Iterator[str]:
    for name in names:
        found = parent.findall(name)
        if len(found) != 1 or not (found[0].text or "").strip():
            yield f"{parent.tag} has to have one {name} that is not blank"


def _undefined(parent: Any, known: list[str]) -> Iterator[str]:
    for child in parent.iterchildren(tag=etree.Element):
        if not child.tag.startswith("{") and child.tag not in known:
            yield f"UndefinedElement: {parent.tag}/{child.tag}"


def _as_atom(document: bytes) -> bytes:
    """An Atom feed with the texts, links, ids and extension elements of the RSS document.

    What rules there are for these are the same for both, and so are the lines in which they stand.
    """
    root = etree.fromstring(document)
    channel = root.find("channel")
    feed = etree.Element(f"{_ATOM}feed", nsmap={None: _ATOM[1:-1]})
    _add(feed, "id", "tag:example.com,2026:rss")
    _add(feed, "title", channel.findtext("title"))
    _add(feed, "updated", "2026-05-08T10:00:00Z")
    _add(etree.SubElement(feed, f"{_ATOM}author"), "name", "feedserver")  # RSS needs none
    for link in channel.findall(f"{_ATOM}link"):
        etree.SubElement(feed, f"{_ATOM}link", dict(link.attrib)).set(
            "type", "text/html" if link.get("rel") == "alternate" else "application/atom+xml"
        )
    for number, item in enumerate(channel.findall("item")):
        entry = etree.SubElement(feed, f"{_ATOM}entry")
        _add(entry, "id", item.findtext("guid"))
        _add(entry, "title", item.findtext("title"))
        _add(entry, "updated", f"2026-05-08T10:00:00.{number:06}Z")
        _add(etree.SubElement(entry, f"{_ATOM}author"), "name", item.findtext(_CREATOR))
        etree.SubElement(entry, f"{_ATOM}link", href=item.findtext("link"))
        for category in item.findall("category"):
            attributes = {"term": category.text or "", "scheme": category.get("domain")}
            etree.SubElement(entry, f"{_ATOM}category", attributes)
        _add(entry, "summary", item.findtext("description"), type="html")
        if (content := item.findtext(_ENCODED)) is not None:
            _add(entry, "content", content, type="html")
    made: bytes = etree.tostring(feed, encoding="UTF-8", xml_declaration=True)
    return made


def _add(parent: Any, name: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, _ATOM + name, attributes).text = text
