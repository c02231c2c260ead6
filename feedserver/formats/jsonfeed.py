"""JSON Feed 1.1."""

import json
from collections.abc import Sequence

from feedserver.formats.entries import (
    alone,
    as1_object,
    as1_verb,
    entry_of,
    link_of,
    neighbours,
    newest_of_each,
)
from feedserver.formats.members import Members, extension, joined, present, text_of
from feedserver.model.activity import Activity
from feedserver.model.dates import rfc3339_exact
from feedserver.model.feed import Page, Removal
from feedserver.ports import Entry

VERSION = "https://jsonfeed.org/version/1.1"


class JsonFeedFormat:
    """Writes a page as a JSON Feed; what that has no member for stands in `_activity`.

    Removals stand in the `_activity` of the feed: an item must have a text, so each reader would
    show one that says nothing.
    """

    extension = "jsonfeed"
    title = "JSON Feed"
    media_type = "application/feed+json; charset=utf-8"
    removal_type = media_type
    accepted_as: tuple[str, ...] = ("application/feed+json",)
    version = 1

    def entry(self, entry: Activity | Removal, page: Page) -> Entry:
        """The item of an activity, or what stands among the removed."""
        if isinstance(entry, Removal):
            return entry_of(entry, text_of(_removed(entry)))
        return entry_of(entry, text_of(_item(entry, page)))

    def join(self, page: Page, entries: Sequence[Entry]) -> bytes:
        """The page, each of its entries once, in the order of the page."""
        links = {link.rel: link.href for link in page.links}
        entries = newest_of_each(entries)
        removed = [json.loads(entry.body) for entry in entries if entry.is_removal]
        ours = {
            "id": page.feed.id,
            "updated": rfc3339_exact(page.updated),
            "totalItems": page.total,
            "removed": removed or None,
        }
        document = {
            "version": VERSION,
            "title": page.feed.title,
            "home_page_url": links["alternate"],
            # Readers know the feed by it, so of a page farther on it is that of the first.
            "feed_url": links.get("current") or links.get("first") or page.address,
            "description": page.feed.subtitle,
            "next_url": neighbours(page)[1],
            "_activity": present(ours),
        }
        return joined(document, "items", (entry.body for entry in entries if not entry.is_removal))

    def render(self, page: Page) -> bytes:
        """The page, as `join` has it."""
        return self.join(page, [self.entry(entry, page) for entry in page.entries])

    def render_activity(self, activity: Activity, page: Page) -> bytes:
        """The activity as the only item of a feed that has its title."""
        return self.render(alone(activity, page))

    def render_removal(self, removal: Removal, page: Page) -> bytes:
        """The removal in a feed without items."""
        return self.render(alone(removal, page))


def _removed(removal: Removal) -> Members:
    told = {"id": removal.id, "deleted": rfc3339_exact(removal.when)}
    return told | ({"left": True} if removal.has_left else {})


def _item(activity: Activity, page: Page) -> Members:
    draft, dates, link = activity.draft, activity.dates, link_of(activity, page)
    about = draft.object and draft.object.url
    ours = {
        "verb": as1_verb(draft.verb),
        "actor": as1_object(draft.actor),
        "object": draft.object and as1_object(draft.object),
        "target": draft.target and as1_object(draft.target),
        **extension(activity, as1_object),
    }
    return present(
        {
            "id": activity.id,
            "url": link,
            "external_url": None if about == link else about,
            "title": draft.title,
            "content_html": draft.content,
            "content_text": draft.title if draft.content is None else None,
            "date_published": rfc3339_exact(dates.published),
            "date_modified": rfc3339_exact(dates.updated),
            "authors": [present({"name": draft.actor.name, "url": draft.actor.url})],
            "tags": list(draft.tags) or None,
            "_activity": present(ours),
        }
    )
