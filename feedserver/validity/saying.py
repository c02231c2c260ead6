"""What a document of any format says of its entries, to be compared with what others say."""

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedserver.errors import FeedserverError
from feedserver.validity.elements import Element, read
from feedserver.validity.findings import Report
from feedserver.validity.links import relation_of

_LATEST = "9999"


@dataclass(frozen=True, slots=True)
class Said:
    """An entry as a document has it; None for what its format has no word for, or another one.

    `link` is where a reader goes from it, `published` and `updated` are its dates.
    """

    id: str | None
    title: str | None
    link: str | None
    published: datetime | None
    updated: datetime | None

    def differs_from(self, other: "Said") -> str | None:
        """What the other says otherwise of the entry; None where they say the same."""
        for name in ("id", "title", "link", "published", "updated"):
            own, its = getattr(self, name), getattr(other, name)
            if own is not None and its is not None and own != its:
                return f"{name} is {own}, not {its}"
        return None


def said(extension: str, document: bytes) -> tuple[Said, ...]:
    """The activities of the document, in its order, of the format with that extension.

    Raises FeedserverError where it cannot be read.
    """
    if extension in ("atom", "rss"):
        return tuple(_of_xml(extension, document))
    try:
        members = json.loads(document)
        return tuple(_of_json(extension, item) for item in _items(extension, members))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FeedserverError(f"the .{extension} cannot be read: {error!r}") from error


def _of_xml(extension: str, document: bytes) -> Iterator[Said]:
    report = Report()
    found = read(document, None, report, _LATEST)
    if found is None:
        raise FeedserverError(f"the .{extension} cannot be read: {report.findings().errors[0]}")
    root = found.root
    if extension == "rss":
        for channel in root.children:
            for item in channel.children:
                if item.name == "item":
                    texts = {child.name: child.text for child in item.children}
                    yield Said(texts.get("guid"), texts.get("title"), texts.get("link"), None, None)
        return
    for entry in [root] if root.name == "entry" else root.named("entry"):
        texts = {child.name: child.text for child in entry.children}
        dates = (_date(texts.get(name)) for name in ("published", "updated"))
        yield Said(texts.get("id"), texts.get("title"), _alternate(entry), *dates)


def _alternate(entry: Element) -> str | None:
    links = (link for link in entry.named("link") if relation_of(link) == "alternate")
    return next((link.get("href") for link in links), None)


def _items(extension: str, members: Any) -> list[Any]:
    if extension == "json" and members["type"] in ("OrderedCollection", "OrderedCollectionPage"):
        found = members.get("orderedItems", [])
    elif "items" in members:
        found = members["items"]
    else:
        found = [members]
    return [item for item in found if "deleted" not in item]


def _of_json(extension: str, item: Any) -> Said:
    if extension == "jsonfeed":
        dates = (_date(item[name]) for name in ("date_published", "date_modified"))
        return Said(item["id"], item["title"], item["url"], *dates)
    title = item["name"] if extension == "json" else html.unescape(item["title"])
    # Their `url` is that of the activity, not of what it is about.
    return Said(item["id"], title, None, _date(item["published"]), _date(item["updated"]))


def _date(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
