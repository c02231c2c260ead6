"""Feed documents as a reader sees them: entries, removals and links."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

_ATOM = "{http://www.w3.org/2005/Atom}"
_TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}"
_LINK = re.compile(r'<([^>]*)>;\s*rel="([^"]*)"')

Terms = frozenset[str]
"""What an activity can be filtered by: `queue:Support`, `tag:vip`."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is watched: the filter as parameters, and the terms that make it."""

    query: str = ""
    needed: Terms = frozenset()
    excluded: Terms = frozenset()

    def holds(self, terms: Terms | None) -> bool:
        """Whether a version with those terms is of the feed; None is one that was deleted."""
        return terms is not None and self.needed <= terms and not self.excluded & terms

    def address(self, extension: str, parameters: str = "") -> str:
        """The path of the feed in that format, with more parameters."""
        query = "&".join(filter(None, (self.query, parameters)))
        return f"/all.{extension}?{query}" if query else f"/all.{extension}"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a document, or, without a title, a removal; then `updated` is when.

    `has_left` says that the activity is there still, and only no longer of the feed.
    """

    id: str
    title: str | None
    published: datetime | None
    updated: datetime
    terms: Terms | None = None
    has_left: bool = False


def parse(extension: str, body: bytes) -> tuple[Entry, ...]:
    """The entries of a document in their order; raises what its parser raises."""
    return tuple(_of_json(body) if extension == "json" else _of_atom(body))


def links(header: str | None) -> dict[str, str]:
    """The addresses of a `Link` header by their relation."""
    return {relation: address for address, relation in _LINK.findall(header or "")}


def _of_json(body: bytes) -> Iterator[Entry]:
    for item in json.loads(body)["orderedItems"]:
        if item["type"] == "Tombstone":
            left = bool(item.get("left", False))
            yield Entry(item["id"], None, None, _date(item["deleted"]), has_left=left)
        else:
            dates = _date(item["published"]), _date(item["updated"])
            yield Entry(item["id"], item["name"], *dates, _terms(item))


def _terms(item: dict[str, Any]) -> Terms:
    queues = (f"queue:{name}" for name in item.get("queue", ()))
    return frozenset((*queues, *(f"tag:{name}" for name in item.get("tags", ()))))


def _of_atom(body: bytes) -> Iterator[Entry]:
    for element in ElementTree.fromstring(body):
        if element.tag == f"{_TOMBSTONE}deleted-entry":
            yield Entry(element.attrib["ref"], None, None, _date(element.attrib["when"]))
        elif element.tag == f"{_ATOM}entry":
            text = {child.tag: child.text or "" for child in element}
            yield Entry(
                text[f"{_ATOM}id"],
                text[f"{_ATOM}title"],
                _date(text[f"{_ATOM}published"]),
                _date(text[f"{_ATOM}updated"]),
            )


def _date(text: str) -> datetime:
    return datetime.fromisoformat(text)
