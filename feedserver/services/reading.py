"""Reading: from a query to the stamp of a page, and on to its bytes."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from feedserver.errors import Gone, NotFound
from feedserver.model.activity import Activity
from feedserver.model.addresses import activity_path, feed_path
from feedserver.model.cursor import check_of, parse_cursor
from feedserver.model.feed import Feed, Link, Page, Stamp
from feedserver.model.filter import EVERYTHING, Filter
from feedserver.model.identity import feed_id
from feedserver.model.query import DEFAULT_LIMIT, Query
from feedserver.model.wording import describe, nearest, never_seen
from feedserver.ports import Format, Log
from feedserver.services.indexing import FacetIndex, Selection

_NEAREST_AMONG = 2000  # names compared with one that nothing has; difflib takes 20 µs for each
_LONGEST_COMPARED = 60  # characters; the time goes with their square
_TOLD_UNKNOWN = 3  # names of a filter that nothing has which are told one by one
_NEVER_COMPARED = ("object", "source")


@dataclass(frozen=True, slots=True)
class Representation:
    """What tells one way to write a page from another: its extension, type and version."""

    extension: str | None
    media_type: str
    version: int | str


@dataclass(frozen=True, slots=True)
class View:
    """A page that was selected and not read yet: enough for its ETag, and to read it.

    `etag` is made of everything that the page's bytes depend on, of one moment.
    """

    query: Query
    feed: Feed
    selection: Selection
    representation: Representation
    address: str
    etag: str


class Reading:
    """Selects and reads pages of feeds."""

    def __init__(self, log: Log, index: FacetIndex, base_url: str, title: str) -> None:
        self._log = log
        self._index = index
        self.base_url = base_url.rstrip("/")
        self.title = title

    def select(
        self,
        query: Query,
        representation: Representation,
        target: str,
        beside: str | None = None,
    ) -> View:
        """The view of the page that the query asks for, as fresh as the log is now.

        `target` is the path and query by which it was asked, `beside` what the page will show
        that is not of the log. Raises InvalidRequest for what is no cursor and Gone for one that
        this log does not hold.
        """
        with self._index.held():
            self._index.catch_up()
            unknown = self._unknown(query.filter)
            selection = self._selection(query, representation)
        feed = self._feed(query.filter, unknown)
        address = self.base_url + target
        etag = self._etag(query, feed, selection, representation, address, beside)
        return View(query, feed, selection, representation, address, etag)

    def spelling(self, field: str, value: str) -> str:
        """The value as the log spells it: itself, or one that differs by case only.

        Raises NotFound, naming the nearest, where the log has neither.
        """
        if self._index.find_name(field, value) is not None:
            return value
        self._index.catch_up()
        if self._index.find_name(field, value) is not None:
            return value
        near = self.nearest(field, value)
        for name in near:
            if name.casefold() == value.casefold():
                return name
        nearest = f" Nearest: {', '.join(near)}." if near else ""
        raise NotFound(f"No {field} is called {value}.{nearest}")

    def _selection(self, query: Query, representation: Representation) -> Selection:
        if query.after is not None:
            after = 0 if query.after == "" else self._place(query, query.after, representation)
            return self._index.following(query.filter, query.limit, after)
        before = query.before
        place = None if before is None else self._place(query, before, representation)
        return self._index.newest(query.filter, query.limit, place)

    def _place(self, query: Query, text: str, representation: Representation) -> int:
        place = self._index.place(parse_cursor(text))
        if place is None:
            again = [("after", "")] if query.after is not None else []
            restart = self.base_url + feed_path(query.filter, representation.extension, again)
            raise Gone(
                "This log does not hold the entry on which the cursor stands. It is from another "
                f"log, or from before a backup was put back. Go on with {restart}",
                restart,
            )
        return place

    def _feed(self, filter: Filter, unknown: Sequence[tuple[str, str]] = ()) -> Feed:
        id = feed_id(self._log.authority, filter.canonical)
        title = describe(filter, self._index.label)
        return Feed(filter, id, title, self._subtitle(unknown))

    def _unknown(self, filter: Filter) -> list[tuple[str, str]]:
        return [
            (clause.field, value)
            for clause in filter.clauses
            for value in clause.values
            if self._index.find_name(clause.field, value) is None
        ]

    def _subtitle(self, unknown: Sequence[tuple[str, str]]) -> str | None:
        told = [never_seen(*name, self.nearest(*name)) for name in unknown[:_TOLD_UNKNOWN]]
        if len(unknown) > _TOLD_UNKNOWN:
            told.append(f"Nor have {len(unknown) - _TOLD_UNKNOWN} more of its names.")
        return " ".join(told) or None

    def _etag(
        self,
        query: Query,
        feed: Feed,
        selection: Selection,
        representation: Representation,
        address: str,
        beside: str | None = None,
    ) -> str:
        # A page that goes forward tells where to ask next: that moves with the head of the log.
        scanned = None if query.after is None else selection.scanned
        told = (
            self._log.epoch,
            self.title,
            address,
            feed,
            query,
            representation,
            selection.stamp,
            scanned,
            beside,
        )
        digest = hashlib.sha256(repr(told).encode()).digest()[:15]
        return base64.urlsafe_b64encode(digest).decode()

    def page(self, view: View) -> Page:
        """The page of the view, with its activities read from the log."""
        activities = self._log.at(view.selection.positions)
        return self._page(view, activities, self.links(view))

    def _page(self, view: View, activities: Sequence[Activity], links: Sequence[Link]) -> Page:
        return Page(
            feed=view.feed,
            activities=tuple(activities),
            updated=view.selection.stamp.updated or self._log.created,
            total=view.selection.total,
            address=view.address,
            collection=self._address(view, ("limit", "0")),
            is_bare=view.query.limit == 0 and view.query.after is None,
            links=tuple(links),
            authority=self._log.authority,
            server=self.title,
            home=self.base_url,
        )

    def links(self, view: View) -> list[Link]:
        """The typed links of the view's page."""
        media_type = view.representation.media_type.partition(";")[0]
        own = [("self", view.address, media_type)]
        query, selection = view.query, view.selection
        limit = [("limit", str(query.limit))] if query.limit not in (0, DEFAULT_LIMIT) else []
        if query.after is not None:
            own.append(("current", self._address(view, *limit), media_type))
            cursor = str(self._index.cursor(selection.scanned))
            own.append(("next", self._address(view, *limit, ("after", cursor)), media_type))
        else:
            if query.before is not None or query.limit == 0:
                own.append(("first", self._address(view, *limit), media_type))
            if selection.left and selection.positions:
                cursor = str(self._index.cursor(selection.positions[-1]))
                own.append(("next", self._address(view, *limit, ("before", cursor)), media_type))
        alternate = self.base_url + feed_path(query.filter, by_name=view.feed.is_known)
        own.append(("alternate", alternate, "text/html"))
        return [Link(*link) for link in own]

    def _address(self, view: View, *parameters: tuple[str, str]) -> str:
        """The address of another page of the same feed, in the same format."""
        # A name that nothing has yet is not found in a path, but the feed is there.
        return self.base_url + feed_path(
            view.feed.filter, view.representation.extension, parameters, view.feed.is_known
        )

    def activity(self, id: str) -> Activity:
        """The activity with that id. Raises NotFound where there is none."""
        found = self._log.find(id)
        if found is None:
            raise NotFound(f"No activity has the id {id}.")
        return found

    def activity_view(
        self, activity: Activity, representation: Representation, beside: str | None = None
    ) -> View:
        """The view of the activity alone; its ETag tells this version of it, and `beside`."""
        feed = self._feed(EVERYTHING)
        query = Query(limit=0)
        check = int.from_bytes(check_of(activity), "big")
        stamp = Stamp(activity.position, None, check)
        selection = Selection((activity.position,), stamp, 1, 0, 0)
        address = self.base_url + activity_path(activity.id, representation.extension)
        etag = self._etag(query, feed, selection, representation, address, beside)
        return View(query, feed, selection, representation, address, etag)

    def nearest(self, field: str, value: str) -> list[str]:
        """The names of the field most like the value."""
        if field in _NEVER_COMPARED or len(value) > _LONGEST_COMPARED:
            return []
        names = self._index.names(field)[:_NEAREST_AMONG]
        short = [name.value for name in names if len(name.value) <= _LONGEST_COMPARED]
        return nearest(value, short)


def represent(format: Format) -> Representation:
    """What tells the format from others."""
    return Representation(format.extension, format.media_type, format.version)
