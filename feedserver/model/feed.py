"""A feed, a page of it, and the stamp that tells whether it has moved."""

from dataclasses import dataclass, field
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
    """The newest version that touches a feed: one that matches, or that replaces one that did.

    Its position and the latest `updated` of any that does; (0, None) for none. `check` tells it
    from any other version at that position. `modified` is the second in which it was recorded, None
    where that does not tell it from others. `removed` tells what was redacted, and what was
    deleted of the feed, from anything else.
    """

    position: int
    updated: datetime | None
    check: int = 0
    modified: datetime | None = field(
        default=None, repr=False
    )  # of ETags, made of the rest, no part
    removed: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Removal:
    """That an activity is in a feed no more: since when, and whether it merely left this feed."""

    id: str
    when: datetime
    has_left: bool


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

    `entries` are its activities, and the removals between them. `updated` is the feed's: the latest
    of what touches it, or when the log was made. `total` counts the feed's activities, None in an
    archive (RFC 5005, section 4), which never changes. `address` is the page's own, `collection`
    that of the feed without entries, and `is_bare` says that this is it. `server` is what this
    feedserver is called, `home` the address of its stream page. `max_age` is
    for how many seconds it is as good as new, None for archives and pages behind a cursor.
    """

    feed: Feed
    entries: tuple[Activity | Removal, ...]
    updated: datetime
    total: int | None
    address: str
    collection: str
    is_bare: bool
    links: tuple[Link, ...]
    authority: str
    server: str
    home: str
    max_age: int | None

    @property
    def activities(self) -> tuple[Activity, ...]:
        """The activities among the entries, in their order."""
        return tuple(entry for entry in self.entries if isinstance(entry, Activity))

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive document."""
        return self.total is None
