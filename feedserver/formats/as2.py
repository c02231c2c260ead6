"""Activity Streams 2.0: ordered collections, their pages, and activities."""

import html
import json
from typing import Any

from feedserver.model.activity import Activity, Draft, Object
from feedserver.model.addresses import activity_path
from feedserver.model.dates import rfc3339, rfc3339_exact
from feedserver.model.feed import Page
from feedserver.model.identity import namespace
from feedserver.model.vocabulary import type_of, verb_of

CONTEXT = "https://www.w3.org/ns/activitystreams"
PREFIX = "fs"

_TERMS: dict[str, Any] = {
    "queue": {"@id": "fs:queue", "@container": "@set"},
    "product": {"@id": "fs:product", "@container": "@set"},
    "revision": {"@id": "fs:revision", "@container": "@set"},
    "tags": {"@id": "fs:tags", "@container": "@set"},
    "customer": "fs:customer",
    "sourceName": "fs:sourceName",
    "crmVerb": "fs:crmVerb",
    "crmCode": "fs:crmCode",
    "crmCodeName": "fs:crmCodeName",
    "number": "fs:number",
    "login": "fs:login",
    "occurred": {"@id": "fs:occurred", "@type": "xsd:dateTime"},
    "recorded": {"@id": "fs:recorded", "@type": "xsd:dateTime"},
}
"""The extension's terms; they stand in each document, so nobody has to fetch a context."""


class As2Format:
    """Writes a page as an `OrderedCollectionPage`, a feed without entries as its collection."""

    extension = "json"
    media_type = "application/activity+json; charset=utf-8"
    accepted_as: tuple[str, ...] = (
        "application/activity+json",
        "application/ld+json",
        "application/json",
    )
    version = 1

    def render(self, page: Page) -> bytes:
        """The page, its activities in the order of the page."""
        links = {link.rel: link.href for link in page.links}
        document: dict[str, Any] = {
            "@context": _context(page),
            "id": page.collection if page.is_bare else page.address,
            "type": "OrderedCollectionPage",
            "partOf": page.collection,
            "name": page.feed.title,
            "summary": page.feed.subtitle and html.escape(page.feed.subtitle, quote=False),
            "updated": rfc3339_exact(page.updated),
            "totalItems": page.total,
            "next": links.get("next"),
            "orderedItems": [_activity(activity, page) for activity in page.activities],
        }
        if page.is_bare:
            document |= {"type": "OrderedCollection", "first": links.get("first")}
            for member in ("partOf", "next", "orderedItems"):
                del document[member]
        return _written(document)

    def render_activity(self, activity: Activity, page: Page) -> bytes:
        """The activity alone."""
        return _written({"@context": _context(page), **_activity(activity, page)})


def _context(page: Page) -> list[Any]:
    prefixes = {
        PREFIX: namespace(page.authority),
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }
    return [CONTEXT, prefixes | _TERMS]


def _activity(activity: Activity, page: Page) -> dict[str, Any]:
    draft, dates = activity.draft, activity.dates
    verb = verb_of(draft.verb)
    return _present(
        {
            "id": activity.id,
            "type": _types(verb.as2, draft.verb),
            "name": draft.title,
            "summary": html.escape(draft.title, quote=False),
            "published": rfc3339_exact(dates.published),
            "updated": rfc3339_exact(dates.updated),
            "occurred": None if draft.occurred is None else rfc3339(draft.occurred),
            "recorded": rfc3339_exact(dates.recorded),
            "actor": _object(draft.actor),
            "object": _object(draft.object),
            "target": draft.target and _object(draft.target),
            "content": draft.content,
            "url": page.home + activity_path(activity.id),
            **_extension(draft),
        }
    )


def _extension(draft: Draft) -> dict[str, Any]:
    return {
        "queue": list(draft.queues) or None,
        "product": [product.name for product in draft.products] or None,
        "revision": [product.revision for product in draft.products if product.revision] or None,
        "tags": list(draft.tags) or None,
        "customer": draft.customer and _object(draft.customer),
        "sourceName": draft.source,
        "crmVerb": draft.verb,
        "crmCode": draft.code,
        "crmCodeName": draft.code_name,
    }


def _object(object: Object) -> dict[str, Any]:
    return _present(
        {
            "id": object.id,
            "type": _types(type_of(object.type).as2, object.type),
            "name": object.name,
            "number": object.number,
            "login": object.login,
            "url": object.url,
        }
    )


def _types(registered: str, word: str) -> str | list[str]:
    """The registered type, and beside it, where it says less than the word, a type of our own."""
    own = "".join(part.capitalize() for part in word.split("-"))
    return registered if own == registered else [registered, f"{PREFIX}:{own}"]


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _written(document: dict[str, Any]) -> bytes:
    return (
        json.dumps(_present(document), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    )
