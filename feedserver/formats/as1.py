"""Activity Streams 1.0 in JSON, for those who read nothing newer."""

import html
from collections.abc import Sequence
from typing import Any

from feedserver.formats.entries import as1_object, as1_verb, entry_of, neighbours
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
from feedserver.model.activity import Activity
from feedserver.model.addresses import activity_path
from feedserver.model.dates import rfc3339_exact
from feedserver.model.feed import Link, Page, Removal
from feedserver.ports import Entry


class As1Format:
    """Writes a page as a collection (JSON Activity Streams 1.0, section 3.5)."""

    extension = "as1"
    title = "AS1"
    media_type = "application/stream+json; charset=utf-8"
    removal_type = media_type
    accepted_as: tuple[str, ...] = ("application/stream+json",)
    version = 3

    def entry(self, entry: Activity | Removal, page: Page) -> Entry:
        """The item of an activity, or what is left of one."""
        if isinstance(entry, Removal):
            return entry_of(entry, text_of(_removed(entry)))
        return entry_of(entry, text_of(_activity(entry, page)))

    def join(self, page: Page, entries: Sequence[Entry]) -> bytes:
        """The page, its activities in the order of the page."""
        newer, older = neighbours(page)
        return joined(
            {
                "objectType": "collection",
                "id": page.feed.id,
                "displayName": page.feed.title,
                "summary": page.feed.subtitle and html.escape(page.feed.subtitle, quote=False),
                "url": page.address,
                "updated": rfc3339_exact(page.updated),
                "totalItems": page.total,
                "links": [_link(link) for link in page.links],
                "prev": newer,
                "next": older,
            },
            "items",
            (entry.body for entry in entries),
        )

    def render(self, page: Page) -> bytes:
        """The page, as `join` has it."""
        return self.join(page, [self.entry(entry, page) for entry in page.entries])

    def render_activity(self, activity: Activity, page: Page) -> bytes:
        """The activity alone."""
        return written(_activity(activity, page))

    def render_removal(self, removal: Removal, page: Page) -> bytes:
        """The removal, as it stands among the items of a page."""
        return written(_removed(removal))


def _removed(removal: Removal) -> Members:
    """An activity of which nothing is left but when it went: 1.0 has no word for that."""
    told = {"objectType": "activity", "id": removal.id, "deleted": rfc3339_exact(removal.when)}
    return told | ({"left": True} if removal.has_left else {})


def _link(link: Link) -> Members:
    return present({"rel": link.rel, "href": link.href, "type": link.type, "title": link.title})


def _activity(activity: Activity, page: Page) -> Any:
    draft, dates = activity.draft, activity.dates
    ours = {
        "id": activity.id,
        "verb": as1_verb(draft.verb),
        "title": html.escape(draft.title, quote=False),
        "published": rfc3339_exact(dates.published),
        "updated": rfc3339_exact(dates.updated),
        "actor": as1_object(draft.actor),
        "object": draft.object and as1_object(draft.object),
        "target": draft.target and as1_object(draft.target),
        "content": draft.content,
        "url": draft.url or page.home + activity_path(activity.id),
        **extension(activity, as1_object),
    }
    return merged(present(ours), extra(draft, "as1"))
