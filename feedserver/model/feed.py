"""A feed, a page of it, and the stamp that tells whether it has moved."""

from dataclasses import dataclass
from datetime import datetime

from feedserver.model.activity import Activity
from feedserver.model.filter import Filter


@dataclass(frozen=True, slots=True)
class Link:
    """A typed link (RFC 8288) of a document; `href` is an absolute address."""

    rel: str
    href: str
    type: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """The newest version that touches a feed: its position and `updated`; (0, None) for none.

    `check` tells it from any other version at that position.
    """

    position: int
    updated: datetime | None
    check: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """A filter with a permanent id and a title.

    `subtitle` tells, where nothing in the log has a name that the filter asks for, which.
    """

    filter: Filter
    id: str
    title: str
    subtitle: str | None

    @property
    def is_known(self) -> bool:
        """Whether the log has every name that the filter asks for."""
        return self.subtitle is None


@dataclass(frozen=True, slots=True)
class Page:
    """A run of a feed, with everything a format needs to write it.

    `updated` is the feed's: the latest of its entries, or when the log was made. `total` counts
    the feed's entries. `address` is the page's own, `collection` that of the feed without
    entries, and `is_bare` says that this is it. `server` is what this feedserver is called, `home`
    the address of its stream page.
    """

    feed: Feed
    activities: tuple[Activity, ...]
    updated: datetime
    total: int
    address: str
    collection: str
    is_bare: bool
    links: tuple[Link, ...]
    authority: str
    server: str
    home: str
