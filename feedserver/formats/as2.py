"""Activity Streams 2.0: ordered collections, their pages, and activities."""

import html
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from feedserver.formats.entries import KEPT_WORDS, entry_of, neighbours
from feedserver.formats.members import (
    Members,
    extension,
    extra,
    joined,
    merged,
    present,
    text_of,
    written,
)
from feedserver.model.activity import Activity, Object
from feedserver.model.addresses import activity_path
from feedserver.model.dates import rfc3339_exact
from feedserver.model.extension import AS2_CONTEXT, PREFIX, TERMS
from feedserver.model.feed import Page, Removal
from feedserver.model.identity import namespace
from feedserver.model.vocabulary import as2_types, as2_verb, type_of
from feedserver.ports import Entry


class As2Format:
    """Writes a page as an `OrderedCollectionPage`, a feed without entries as its collection."""

    extension = "json"
    title = "JSON"
    media_type = "application/activity+json; charset=utf-8"
    removal_type = media_type
    accepted_as: tuple[str, ...] = (
        "application/activity+json",
        "application/ld+json",
        "application/json",
    )
    version = 4

    def entry(self, entry: Activity | Removal, page: Page) -> Entry:
        """The activity, or its tombstone."""
        if isinstance(entry, Removal):
            return entry_of(entry, text_of(_tombstone(entry)))
        return entry_of(entry, text_of(_activity(entry, page)))

    def join(self, page: Page, entries: Sequence[Entry]) -> bytes:
        """The page, its activities in the order of the page."""
        links = {link.rel: link.href for link in page.links}
        newer, older = neighbours(page)
        document: Members = {
            "@context": _context(page),
            "id": page.collection if page.is_bare else page.address,
            "type": "OrderedCollectionPage",
            "partOf": page.collection,
            "name": page.feed.title,
            "summary": page.feed.subtitle and html.escape(page.feed.subtitle, quote=False),
            "updated": rfc3339_exact(page.updated),
            "totalItems": page.total,
            "first": links.get("first"),
            "prev": newer,
            "next": older,
        }
        if page.is_bare:
            document["type"] = "OrderedCollection"
            for member in ("partOf", "prev", "next"):
                del document[member]
            return written(document)
        return joined(document, "orderedItems", (entry.body for entry in entries))

    def render(self, page: Page) -> bytes:
        """The page, as `join` has it."""
        return self.join(page, [self.entry(entry, page) for entry in page.entries])

    def render_activity(self, activity: Activity, page: Page) -> bytes:
        """The activity alone."""
        members = _activity(activity, page)
        context = _context(page) + members.pop("@context", [])
        return written({"@context": context, **members})

    def render_removal(self, removal: Removal, page: Page) -> bytes:
        """The removal as a `Tombstone`."""
        return written({"@context": _context(page), **_tombstone(removal)})


def _context(page: Page) -> list[Any]:
    prefixes = {
        PREFIX: namespace(page.authority),
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }
    return [AS2_CONTEXT, prefixes | TERMS]


def _tombstone(removal: Removal) -> Members:
    """As Activity Vocabulary, section 3.3, has it: it stands where an object used to be."""
    told = {"id": removal.id, "type": "Tombstone", "deleted": rfc3339_exact(removal.when)}
    return told | ({"left": True} if removal.has_left else {})


def _activity(activity: Activity, page: Page) -> Members:
    draft, dates = activity.draft, activity.dates
    ours = {
        "id": activity.id,
        "type": _verb_types(draft.verb, draft.target is not None),
        "name": draft.title,
        "summary": html.escape(draft.title, quote=False),
        "published": rfc3339_exact(dates.published),
        "updated": rfc3339_exact(dates.updated),
        "actor": _object(draft.actor),
        "object": draft.object and _object(draft.object),
        "target": draft.target and _object(draft.target),
        "content": draft.content,
        "url": draft.url or page.home + activity_path(activity.id),
        **extension(activity, _object),
    }
    made: Members = merged(present(ours), extra(draft, "as2"))
    return made


def _object(object: Object) -> Members:
    return present(
        {
            "id": object.id,
            "type": _object_types(object.type),
            "name": object.name,
            "number": object.number,
            "login": object.login,
            "url": object.url,
        }
    )


@lru_cache(maxsize=KEPT_WORDS)
def _verb_types(word: str, has_target: bool) -> str | list[str]:
    return _types(as2_verb(word, has_target), word)


@lru_cache(maxsize=KEPT_WORDS)
def _object_types(word: str) -> str | list[str]:
    return _types(type_of(word).as2, word)


def _types(registered: str, word: str) -> str | list[str]:
    """The registered type, and beside it, where it says less than the word, another."""
    types = as2_types(registered, word)
    return types[0] if len(types) == 1 else types
