"""RSS 2.0, after the specification and the profile of the RSS Advisory Board."""

import html
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from lxml import etree

from feedserver.formats.elements import (
    ATOM,
    DUBLIN_CORE,
    HISTORY,
    add_text,
    deleted_entry,
    escaped,
    link_attributes,
    quoted,
)
from feedserver.formats.entries import (
    alone,
    categories,
    entry_of,
    link_of,
    newest_of_each,
    true_time,
)
from feedserver.model.activity import Activity
from feedserver.model.feed import Page, Removal
from feedserver.model.identity import scheme
from feedserver.ports import Entry

CONTENT = "http://purl.org/rss/1.0/modules/content/"
DUBLIN_CORE_ELEMENTS = "http://purl.org/dc/elements/1.1/"

NAMESPACES = {
    "atom": ATOM,
    "content": CONTENT,
    "dc": DUBLIN_CORE_ELEMENTS,
    "dcterms": DUBLIN_CORE,
}
_CLOSE = b"</channel></rss>"


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

    def entry(self, entry: Activity | Removal, page: Page) -> Entry:
        """The `item` of an activity, or an `at:deleted-entry`."""
        if isinstance(entry, Removal):
            return entry_of(entry, deleted_entry(entry))
        return entry_of(entry, _item(entry, page))

    def join(self, page: Page, entries: Sequence[Entry]) -> bytes:
        """The page, each of its entries once, in the order of the page.

        Its dates are of whole seconds and spread: `lastBuildDate` is that of the newest of them,
        or of the feed where that is later.
        """
        seconds = [entry.second for entry in entries if entry.second is not None]
        root = etree.Element("rss", version="2.0", nsmap=NAMESPACES)
        _head(etree.SubElement(root, "channel"), page, max([page.updated, *seconds]))
        head: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
        bodies = [entry.body for entry in newest_of_each(entries)]
        return b"".join([head.removesuffix(_CLOSE), *bodies, _CLOSE, b"\n"])

    def render(self, page: Page) -> bytes:
        """The page, as `join` has it."""
        return self.join(page, [self.entry(entry, page) for entry in page.entries])

    def render_activity(self, activity: Activity, page: Page) -> bytes:
        """The activity as the only item of a channel that has its title."""
        return self.render(alone(activity, page))

    def render_removal(self, removal: Removal, page: Page) -> bytes:
        """The removal in a channel without items."""
        return self.render(alone(removal, page))


def _head(channel: Any, page: Page, updated: datetime) -> None:
    home = next(link.href for link in page.links if link.rel == "alternate")
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


def _item(activity: Activity, page: Page) -> str:
    draft = activity.draft
    # Some show the one of these alone, some the other; the validator wants them in this order.
    described = escaped(draft.content or html.escape(draft.title, quote=False))
    encoded = ""
    if draft.content is not None:
        encoded = f"<content:encoded>{escaped(draft.content)}</content:encoded>"
    filed = "".join(
        f"<category domain={_domain(page.authority, field)}>{escaped(name)}</category>"
        for field, name, _ in categories(draft)
    )
    created = true_time(activity)
    dated = "" if created is None else f"<dcterms:created>{created}</dcterms:created>"
    return (
        f"<item><title>{escaped(draft.title)}</title>"
        f"<link>{escaped(link_of(activity, page))}</link>"
        f"<description>{described}</description>{encoded}"
        f"<dc:creator>{escaped(draft.actor.name or '')}</dc:creator>{filed}"
        f'<guid isPermaLink="false">{escaped(activity.id)}</guid>'
        # In English whatever the locale, which feedgen would set and set back.
        f"<pubDate>{format_datetime(activity.dates.second)}</pubDate>{dated}</item>"
    )


@lru_cache
def _domain(authority: str, field: str) -> str:
    return quoted(scheme(authority, field))
