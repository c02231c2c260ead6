"""RSS 2.0, after the specification and the profile of the RSS Advisory Board."""

import html
from email.utils import format_datetime
from typing import Any

from lxml import etree

from feedserver.formats.elements import (
    ATOM,
    DUBLIN_CORE,
    HISTORY,
    add_text,
    deleted_entry,
    link_attributes,
)
from feedserver.formats.entries import alone, categories, link_of, newest_of_each, true_time
from feedserver.model.activity import Activity
from feedserver.model.feed import Page, Removal
from feedserver.model.identity import scheme

CONTENT = "http://purl.org/rss/1.0/modules/content/"
DUBLIN_CORE_ELEMENTS = "http://purl.org/dc/elements/1.1/"

_NAMESPACES = {
    "atom": ATOM,
    "content": CONTENT,
    "dc": DUBLIN_CORE_ELEMENTS,
    "dcterms": DUBLIN_CORE,
}


class RssFormat:
    """Writes a page as a channel, an activity as a channel of that one item.

    A removal is an `at:deleted-entry` as in Atom: RSS has no word for it, but allows elements of
    others, and who walks the archives would else keep what was deleted.
    """

    extension = "rss"
    title = "RSS"
    media_type = "application/rss+xml; charset=utf-8"
    removal_type = media_type
    accepted_as: tuple[str, ...] = ("application/rss+xml",)
    version = 2

    def render(self, page: Page) -> bytes:
        """The page, each of its entries once, in the order of the page.

        Its dates are of whole seconds and spread: `lastBuildDate` is that of the newest of them,
        or of the feed where that is later.
        """
        root = etree.Element("rss", version="2.0", nsmap=_NAMESPACES)
        channel = etree.SubElement(root, "channel")
        _head(channel, page)
        for entry in newest_of_each(page.entries):
            if isinstance(entry, Removal):
                channel.append(deleted_entry(entry))
            else:
                channel.append(_item(entry, page))
        document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
        return document + b"\n"

    def render_activity(self, activity: Activity, page: Page) -> bytes:
        """The activity as the only item of a channel that has its title."""
        return self.render(alone(activity, page))

    def render_removal(self, removal: Removal, page: Page) -> bytes:
        """The removal in a channel without items."""
        return self.render(alone(removal, page))


def _head(channel: Any, page: Page) -> None:
    home = next(link.href for link in page.links if link.rel == "alternate")
    updated = max([page.updated, *(activity.dates.second for activity in page.activities)])
    add_text(channel, "title", page.feed.title)
    add_text(channel, "link", home)
    add_text(channel, "description", page.feed.subtitle or page.feed.title)
    add_text(channel, "lastBuildDate", format_datetime(updated))
    add_text(channel, "generator", "feedserver")
    if page.max_age is not None:
        add_text(channel, "ttl", str(page.max_age // 60))  # `max-age` is in whole minutes
    for link in page.links:
        etree.SubElement(channel, f"{{{ATOM}}}link", link_attributes(link))
    if page.is_archive:
        etree.SubElement(channel, f"{{{HISTORY}}}archive", nsmap={"fh": HISTORY})


def _item(activity: Activity, page: Page) -> Any:
    draft = activity.draft
    item = etree.Element("item")
    add_text(item, "title", draft.title)
    add_text(item, "link", link_of(activity, page))
    # Some show the one of these alone, some the other; the validator wants them in this order.
    add_text(item, "description", draft.content or html.escape(draft.title, quote=False))
    if draft.content is not None:
        add_text(item, f"{{{CONTENT}}}encoded", draft.content)
    add_text(item, f"{{{DUBLIN_CORE_ELEMENTS}}}creator", draft.actor.name or "")
    for field, name, _ in categories(draft):
        add_text(item, "category", name, domain=scheme(page.authority, field))
    add_text(item, "guid", activity.id, isPermaLink="false")
    # In English whatever the locale, which feedgen would set and set back.
    add_text(item, "pubDate", format_datetime(activity.dates.second))
    if (created := true_time(activity)) is not None:
        add_text(item, f"{{{DUBLIN_CORE}}}created", created)
    return item
