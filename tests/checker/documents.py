"""Feed documents as a reader sees them: entries, removals and links."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

WORDS = ("printer", "printing", "fire")
"""The words that are looked for. They stand in the title or in the content of what has them."""

_ATOM = "{http://www.w3.org/2005/Atom}"
_TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}"
_ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
_LINK = re.compile(r'<([^>]*)>;\s*rel="([^"]*)"')

Terms = frozenset[str]
"""What an activity can be filtered by: `queue:Support`, `tag:vip`, `word:fire`."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is watched: the filter as parameters, and the same as a test of terms."""

    query: str = ""
    passes: Callable[[Terms], bool] = lambda terms: True

    def holds(self, terms: Terms | None) -> bool:
        """Whether a version with those terms is of the feed; None is one that was deleted."""
        return terms is not None and self.passes(terms)

    def address(self, extension: str, parameters: str = "") -> str:
        """The path of the feed in that format, with more parameters."""
        query = "&".join(filter(None, (self.query, parameters)))
        return f"/all.{extension}?{query}" if query else f"/all.{extension}"


def _feed_of(term: str) -> Feed:
    return Feed(term.replace(":", "="), lambda terms: term in terms)


TERMS = {
    term: _feed_of(term)
    for term in ("queue:Support", "queue:Billing", "queue:Sales", "tag:vip", "tag:noise")
}
"""The feed of each name of a queue and a tag."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a document, or, without a title, a removal; then `updated` is when.

    `published` is None in RSS, whose dates are those of `updated` in whole seconds. `has_left`
    says that the activity is there still, and only no longer of the feed.
    """

    id: str
    title: str | None
    published: datetime | None
    updated: datetime
    terms: Terms | None = None
    has_left: bool = False


def parse(extension: str, body: bytes) -> tuple[Entry, ...]:
    """The entries of a document in their order; raises what its parser raises."""
    return tuple(_PARSERS[extension](body))


def counts(body: bytes) -> dict[str, int]:
    """How many activities each queue and tag has, by `/feeds.json` or `/filters`."""
    document = json.loads(body)
    if "parameters" not in document:
        return {
            f"{field}:{each['name']}": each["count"]
            for field in ("queue", "tag")
            for each in document[f"{field}s"]
        }
    return {
        f"{parameter['name']}:{each['value']}": each["count"]
        for parameter in document["parameters"]
        for each in parameter.get("values", ())
    }


def links(header: str | None) -> dict[str, str]:
    """The addresses of a `Link` header by their relation."""
    return {relation: address for address, relation in _LINK.findall(header or "")}


def _of_json(body: bytes) -> Iterator[Entry]:
    for item in json.loads(body)["orderedItems"]:
        if item["type"] == "Tombstone":
            yield _removal(item)
        else:
            dates = _date(item["published"]), _date(item["updated"])
            terms = _members(item) | _words(item["name"], item["content"])
            yield Entry(item["id"], item["name"], *dates, terms)


def _of_jsonfeed(body: bytes) -> Iterator[Entry]:
    feed = json.loads(body)
    yield from map(_removal, feed["_activity"].get("removed", ()))
    for item in feed["items"]:
        dates = _date(item["date_published"]), _date(item["date_modified"])
        terms = _members(item["_activity"]) | _words(item["title"], item["content_html"])
        yield Entry(item["id"], item["title"], *dates, terms)


def _removal(item: dict[str, Any]) -> Entry:
    has_left = bool(item.get("left", False))
    return Entry(item["id"], None, None, _date(item["deleted"]), has_left=has_left)


def _members(item: dict[str, Any]) -> Terms:
    queues = (f"queue:{name}" for name in item.get("queue", ()))
    return frozenset((*queues, *(f"tag:{name}" for name in item.get("tags", ()))))


def _of_atom(body: bytes) -> Iterator[Entry]:
    for element in ElementTree.fromstring(body):
        if element.tag == f"{_TOMBSTONE}deleted-entry":
            yield _deleted(element)
        elif element.tag == f"{_ATOM}entry":
            text = {child.tag: child.text or "" for child in element}
            named = [
                (each.attrib["scheme"], each.attrib["term"])
                for each in element.iter(f"{_ATOM}category")
            ]
            title = text[f"{_ATOM}title"]
            yield Entry(
                text[f"{_ATOM}id"],
                title,
                _date(text[f"{_ATOM}published"]),
                _date(text[f"{_ATOM}updated"]),
                _categories(named) | _words(title, text.get(f"{_ATOM}content", "")),
            )


def _of_rss(body: bytes) -> Iterator[Entry]:
    for element in ElementTree.fromstring(body)[0]:
        if element.tag == f"{_TOMBSTONE}deleted-entry":
            yield _deleted(element)
        elif element.tag == "item":
            text = {child.tag: child.text or "" for child in element}
            named = [(each.attrib["domain"], each.text or "") for each in element.iter("category")]
            terms = _categories(named) | _words(text["title"], text.get(_ENCODED, ""))
            updated = parsedate_to_datetime(text["pubDate"])
            yield Entry(text["guid"], text["title"], None, updated, terms)


def _deleted(element: ElementTree.Element) -> Entry:
    has_left = element.find(f"{_TOMBSTONE}comment") is not None
    when = _date(element.attrib["when"])
    return Entry(element.attrib["ref"], None, None, when, has_left=has_left)


def _categories(named: Iterable[tuple[str, str]]) -> Terms:
    """The terms of categories, whose schemes end with the field."""
    return frozenset(f"{scheme.rpartition('/')[2]}:{name}" for scheme, name in named)


def _words(*texts: str) -> Terms:
    return frozenset(f"word:{word}" for word in WORDS if any(word in text for text in texts))


def _date(text: str) -> datetime:
    return datetime.fromisoformat(text)


_PARSERS: dict[str, Callable[[bytes], Iterator[Entry]]] = {
    "atom": _of_atom,
    "json": _of_json,
    "jsonfeed": _of_jsonfeed,
    "rss": _of_rss,
}
