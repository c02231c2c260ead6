"""Reading: from a query to the stamp of a page, and on to its bytes."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from feedserver.errors import Elsewhere, Gone, InvalidRequest, NotFound, Outdated
from feedserver.keeping import Kept
from feedserver.model.activity import Activity, Ending, Tombstone, Version
from feedserver.model.addresses import activity_path, feed_path
from feedserver.model.cursor import Cursor, check_of, parse_cursor
from feedserver.model.etag import ETag, find_etags
from feedserver.model.feed import Feed, Link, Page, Removal, Stamp
from feedserver.model.filter import EVERYTHING, Filter
from feedserver.model.identity import feed_id
from feedserver.model.query import DEFAULT_LIMIT, Query
from feedserver.model.search import Word
from feedserver.model.wording import absent_words, describe, nearest, never_contained, never_seen
from feedserver.ports import Entry, Format, Log
from feedserver.services.indexing import Changes, FacetIndex, Run, Selection

KEPT_ENTRIES = 16 * 1024 * 1024
"""Bytes of entries that are kept as a format wrote them: some ten thousand."""

_BESIDE_BODY = 200  # bytes of an entry that is kept beside its body
_NEAREST_AMONG = 2000  # names compared with one that nothing has; difflib takes 20 µs for each
_LONGEST_COMPARED = 60  # characters; the time goes with their square
_COUNTED = 5  # words that nothing has together of which each is counted
_TOLD_UNKNOWN = 3  # names of a filter that nothing has which are told one by one
_NEVER_COMPARED = ("number", "object", "source")
_TELLS_VERSIONS = ("atom", "json", "as1")
_NO_VERSIONS = (
    "`after` tells every version of an activity, and what is gone, for which .{} has no words. "
    "Ask for .atom, .json or .as1."
)
_PACES = (3600, 1800, 900, 600, 300, 120, 60)  # seconds, in whole minutes: RSS knows no other


_NOTHING_OF_IT = Query(limit=0)
_told = lru_cache(maxsize=1000)(repr)
_path = lru_cache(maxsize=1000)(feed_path)


@dataclass(frozen=True, slots=True)
class Representation:
    """What tells one way to write a page from another: its extension, type and version."""

    extension: str | None
    media_type: str
    version: int | str


@dataclass(frozen=True, slots=True)
class Delta:
    """What a reader needs that has the page of an earlier moment, whose ETag was `base`."""

    base: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class View:
    """A page that was selected and not read yet: enough for its ETag, and to read it.

    `etag` is made of everything that the page's bytes depend on, of one moment. `delta` is of that
    moment, too: None where whoever asked needs the page itself. `position` is that up to which the
    log had been read, `removals` what `Reading.removals` was, and `recorded` when what touched the
    feed last was recorded.
    """

    query: Query
    feed: Feed
    selection: Selection | Run
    representation: Representation
    address: str
    etag: str
    delta: Delta | None = None
    position: int = 0
    removals: int = 0
    recorded: datetime | None = None

    @property
    def is_head(self) -> bool:
        """Whether it is the page with the newest entries, at the address of the feed itself."""
        return _is_head(self.query)

    @property
    def max_age(self) -> int | None:
        """Seconds for which the page is as good as new, by the pace of its feed; None for none."""
        selection = self.selection
        if isinstance(selection, Run) or (self.query.before or self.query.after) is not None:
            return None
        pace = 0.0 if selection.pace is None else selection.pace.total_seconds()
        return next((seconds for seconds in _PACES if seconds <= pace), _PACES[-1])

    @property
    def is_final(self) -> bool:
        """Whether the page at this address will never be another one."""
        return isinstance(self.selection, Run) and self.selection.is_full


class Reading:
    """Selects and reads pages of feeds."""

    def __init__(self, log: Log, index: FacetIndex, base_url: str, title: str) -> None:
        self._log = log
        self._index = index
        self.base_url = base_url.rstrip("/")
        self.title = title
        self._kept = Kept[tuple[str, int, int, bool], Entry](KEPT_ENTRIES)
        self._kept_since = index.removals

    def select(
        self,
        query: Query,
        representation: Representation,
        target: str,
        beside: str | None = None,
        had: str | None = None,
    ) -> View:
        """The view of the page that the query asks for, as fresh as the log is now.

        `target` is the path and query by which it was asked, `beside` what the page will show
        that is not of the log. `had` holds the ETags of a reader to whom it may be told what has
        changed since. Raises InvalidRequest for what is no cursor, Gone for one that this
        log does not hold, and Elsewhere for an archive that stands at another address now.
        """
        if query.after is not None and representation.extension not in _TELLS_VERSIONS:
            raise InvalidRequest([_NO_VERSIONS.format(representation.extension)])
        address = self.base_url + target
        if query.filter.words:
            self._index.catch_up()  # so that what is found is not searched for again
            self._index.search(query.filter.words)
        with self._index.held():
            position, removals = self._index.catch_up(), self._index.removals
            if query.archive is not None:
                # Nothing in it may change: neither what a name is called nor whether it is known.
                title, unknown, unfound = describe(query.filter), [], ""
                selection: Selection | Run = self._run(query, query.archive, representation)
            else:
                title = describe(query.filter, self._index.label)
                unknown = self._unknown(query.filter)
                unfound = self._unfound(query.filter)
                selection = self._selection(query, representation)
            recorded = self._index.recorded(selection.stamp.position)
            # Not of the address: what means the same is the same feed, however it is asked for.
            is_known = not (unknown or unfound)
            document = self._document(query, representation, self.base_url, title, is_known)
            has_deltas = _is_head(query) and representation.extension is not None
            delta = self._delta(query, document, had) if had and has_deltas else None
        has_none = isinstance(selection, Selection) and not selection.total
        absent = self._absent(query.filter.words) if has_none else ""
        feed = self._feed(query.filter, title, unknown, f"{unfound} {absent}".strip())
        etag = self._etag(query, feed, selection, document, beside)
        return View(
            query,
            feed,
            selection,
            representation,
            address,
            etag,
            delta,
            position,
            removals,
            recorded,
        )

    @property
    def removals(self) -> int:
        """Grows with each activity whose content is shown no more."""
        return self._index.removals

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

    def cursor_behind(self, filter: Filter, count: int) -> str | None:
        """The cursor `before` which the feed goes on behind its newest `count` activities.

        None where that is the newest page. For who counts pages: what is deleted in between, or
        leaves the feed, moves all behind it.
        """
        self._index.search(filter.words)
        with self._index.held():
            self._index.catch_up()
            place = self._index.edge(filter, count) if count else 0
            return str(self._index.cursor(place)) if place else None

    def _selection(self, query: Query, representation: Representation) -> Selection:
        if query.after is not None:
            after = 0 if query.after == "" else self._place(query, query.after, representation)
            return self._index.following(query.filter, query.limit, after)
        before = query.before
        place = None if before is None else self._place(query, before, representation)
        return self._index.newest(query.filter, query.limit, place)

    def _run(self, query: Query, archive: str, representation: Representation) -> Run:
        number, _, seal = archive.partition(".")
        head = self.base_url + feed_path(query.filter, representation.extension, by_name=False)
        run = self._index.run(query.filter, int(number))
        if run is not None and run.address == archive:
            return run
        if run is None or seal:
            # Something was deleted, or a backup put back: only from the newest is nothing missed.
            raise Elsewhere(head)
        raise Elsewhere(self._archive_address(query.filter, representation, run.address))

    def _archive_address(self, filter: Filter, representation: Representation, archive: str) -> str:
        # One address for each: as parameters, whether the names are known or not.
        path = feed_path(filter, representation.extension, [("archive", archive)], by_name=False)
        return self.base_url + path

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

    def _feed(
        self,
        filter: Filter,
        title: str,
        unknown: Sequence[tuple[str, str]] = (),
        absent: str = "",
    ) -> Feed:
        told = (self._subtitle(unknown), absent)
        return Feed(
            filter, self._feed_id(filter), title, " ".join(each for each in told if each) or None
        )

    @cached_property
    def _everything(self) -> Feed:
        return self._feed(EVERYTHING, describe(EVERYTHING))

    def _feed_id(self, filter: Filter) -> str:
        return feed_id(self._log.authority, filter.canonical)

    def _unknown(self, filter: Filter) -> list[tuple[str, str]]:
        return [
            (field, value)
            for field, value in filter.names
            if self._index.find_name(field, value) is None
        ]

    def _unfound(self, filter: Filter) -> str:
        """The sentences for parts of names that no name has."""
        return " ".join(
            never_contained(field, text)
            for field, text in filter.sought
            if not self._index.has_part(field, text)
        )

    def _absent(self, words: Sequence[Word]) -> str:
        """The sentence for words that nothing in the feed has: how often there is each of them."""
        counts = [self._index.count((word,)) for word in words[:_COUNTED]]
        return absent_words(words, counts)

    def _subtitle(self, unknown: Sequence[tuple[str, str]]) -> str | None:
        told = [never_seen(*name, self.nearest(*name)) for name in unknown[:_TOLD_UNKNOWN]]
        if len(unknown) > _TOLD_UNKNOWN:
            told.append(f"Nor have {len(unknown) - _TOLD_UNKNOWN} more of its names.")
        return " ".join(told) or None

    def _etag(
        self,
        query: Query,
        feed: Feed,
        selection: Selection | Run,
        document: bytes,
        beside: str | None = None,
    ) -> str:
        scanned = None
        if query.after is not None and isinstance(selection, Selection):
            # A page that goes forward tells where to ask next: that moves with the head of the log.
            scanned = str(self._index.cursor(selection.scanned))
        stamp = selection.stamp
        told = f"({document!r}, {_told(feed)}, {stamp!r}, {scanned!r}, {beside!r})"
        state = hashlib.sha256(told.encode()).digest()[:15]
        return str(ETag(stamp.position, stamp.check.to_bytes(4, "big"), document, state))

    def _document(
        self,
        query: Query,
        representation: Representation,
        address: str,
        title: str,
        is_known: bool,
    ) -> bytes:
        """What of an ETag says that it is of this very document, whenever it was given."""
        told = (
            f"({self._log.epoch!r}, {self.title!r}, {address!r}, {_told(query)}, "
            f"{_told(representation)}, {title!r}, {is_known!r})"
        )
        return hashlib.sha256(told.encode()).digest()[:9]

    def _delta(self, query: Query, document: bytes, had: str) -> Delta | None:
        """The delta to the newest of those ETags that this log gave for the document.

        None where there is no such ETag, or where so much has changed that the page is as good.
        """
        bases = [
            (place, text)
            for text, etag in find_etags(had)
            if etag.document == document
            and (place := self._index.place(Cursor(self._log.epoch, etag.position, etag.check)))
            is not None
        ]
        if not bases:
            return None
        since, base = max(bases)
        changes = self._index.changed(query.filter, query.limit, since)
        return None if changes is None else Delta(base, changes)

    def page(self, view: View) -> Page:
        """The page of the view, with its entries read from the log.

        Raises Outdated where one of them has been redacted since the view was selected.
        """
        selection = view.selection
        entries = self._entries(selection.positions, selection.removed)
        return self._page(view, entries, self.links(view))

    def page_of_changes(self, view: View) -> Page:
        """The page of the view with what its delta holds in the place of its entries.

        Raises Outdated as `page` does.
        """
        assert view.delta is not None
        changes = view.delta.changes
        entries = self._entries(changes.positions, changes.removed)
        return self._page(view, entries, self.links(view))

    def page_of(self, view: View) -> Page:
        """The page of the view without its entries: what a format needs to write something else."""
        return self._page(view, (), self.links(view))

    def render(self, view: View, format: Format) -> bytes:
        """The page of the view as a document.

        Entries that the format has written before are neither read from the log nor written again.
        Raises Outdated as `page` does.
        """
        page = self.page_of(view)
        return format.join(page, self._written(view.selection, page, format))

    def render_changes(self, view: View, format: Format) -> bytes:
        """The page of `page_of_changes` as a document, in the same way."""
        assert view.delta is not None
        page = self.page_of(view)
        return format.join(page, self._written(view.delta.changes, page, format))

    def _written(
        self, selection: Selection | Run | Changes, page: Page, format: Format
    ) -> list[Entry]:
        # First this: of what has been redacted until now nothing is found, nor kept hereafter.
        self._index.catch_up()
        self._forget_removed()
        generation = self._kept.generation
        positions, removed = selection.positions, selection.removed
        keys = {
            position: (format.extension, format.version, position, position in removed)
            for position in positions
        }
        written = {position: self._kept.get(key) for position, key in keys.items()}
        missing = [position for position, entry in written.items() if entry is None]
        for position, entry in zip(missing, self._entries(missing, removed), strict=True):
            made = written[position] = format.entry(entry, page)
            self._kept.put(keys[position], made, len(made.body) + _BESIDE_BODY, generation)
        return [entry for entry in written.values() if entry is not None]

    def _forget_removed(self) -> None:
        """Keep no entries of what was deleted or redacted, or of another log that was put back."""
        removals = self._index.removals
        if removals != self._kept_since:
            self._kept.forget()
            self._kept_since = removals

    def _entries(
        self, positions: Sequence[int], removed: Collection[int]
    ) -> Iterator[Activity | Removal]:
        found = self._log.at(positions) if positions else ()
        versions = {version.position: version for version in found}
        for position in positions:
            version = versions.get(position)
            is_erased = isinstance(version, Tombstone) and version.ending is Ending.ERASED
            if version is None or is_erased:
                raise Outdated("What was to be shown has been redacted. Ask again.")
            if position in removed:
                yield removal(version)
            else:
                assert isinstance(version, Activity)
                yield version

    def _page(
        self, view: View, entries: Iterable[Activity | Removal], links: Sequence[Link]
    ) -> Page:
        selection = view.selection
        return Page(
            feed=view.feed,
            entries=tuple(entries),
            updated=selection.stamp.updated or self._log.created,
            total=selection.total if isinstance(selection, Selection) else None,
            address=view.address,
            collection=self._address(view, ("limit", "0")),
            is_bare=view.query.limit == 0 and view.query.after is None,
            links=tuple(links),
            authority=self._log.authority,
            server=self.title,
            home=self.base_url,
            max_age=view.max_age,
        )

    def links(self, view: View) -> list[Link]:
        """The typed links of the view's page."""
        media_type = view.representation.media_type.partition(";")[0]
        own = [("self", view.address, media_type)]
        own += [(rel, address, media_type) for rel, address in self._beside(view)]
        filter = view.query.filter
        by_name = view.feed.is_known and not isinstance(view.selection, Run)
        own.append(("alternate", self.base_url + _path(filter, by_name=by_name), "text/html"))
        return [Link(*link) for link in own]

    def _beside(self, view: View) -> Iterator[tuple[str, str]]:
        """The relations (RFC 5005, RFC 8288) and addresses of the documents beside this one."""
        query, selection = view.query, view.selection
        if isinstance(selection, Run):
            yield "current", self._address(view)
            if selection.earlier is not None:
                yield "prev-archive", self._archive(view, selection.earlier)
            if selection.later is not None:
                yield "next-archive", self._archive(view, selection.later)
            return
        limit = [("limit", str(query.limit))] if query.limit not in (0, DEFAULT_LIMIT) else []
        if query.after is not None:
            yield "current", self._address(view, *limit)
            cursor = str(self._index.cursor(selection.scanned))
            yield "next", self._address(view, *limit, ("after", cursor))
            return
        if query.before is not None or query.limit == 0:
            yield "first", self._address(view, *limit)
        if selection.turn is not None and query.limit:
            newer = [("before", str(self._index.cursor(selection.turn)))] if selection.turn else []
            yield "prev", self._address(view, *limit, *newer)
        if selection.left and selection.edge:
            cursor = str(self._index.cursor(selection.edge))
            yield "next", self._address(view, *limit, ("before", cursor))
        if selection.archive is not None and view.representation.extension is not None:
            yield "prev-archive", self._archive(view, selection.archive)

    def _archive(self, view: View, archive: str) -> str:
        return self._archive_address(view.query.filter, view.representation, archive)

    def _address(self, view: View, *parameters: tuple[str, str]) -> str:
        """The address of another page of the same feed, in the same format."""
        # A name that nothing has yet is not found in a path, but the feed is there.
        by_name = view.feed.is_known and not isinstance(view.selection, Run)
        return self.base_url + _path(
            view.feed.filter, view.representation.extension, parameters, by_name
        )

    def activity(self, id: str) -> Version:
        """The newest version of the activity with that id. Raises NotFound where there is none."""
        found = self._log.find(id)
        if found is None:
            raise NotFound(f"No activity has the id {id}.")
        return found

    def find(self, asked: str, extensions: Collection[str]) -> tuple[Version, str | None]:
        """The newest version of the activity with that id, or with what is left of it without an
        extension, and the extension. Raises NotFound.
        """
        try:
            return self.activity(asked), None
        except NotFound:
            # An id may end with what no path of a feed can.
            id, _, extension = asked.rpartition(".")
            if extension not in extensions:
                raise
            return self.activity(id), extension

    def activity_view(
        self, version: Version, representation: Representation, beside: str | None = None
    ) -> View:
        """The view of the activity alone; its ETag tells this version of it, and `beside`."""
        feed, query = self._everything, _NOTHING_OF_IT
        check = int.from_bytes(check_of(version), "big")
        stamp = Stamp(version.position, version.dates.updated, check, self._modified(version))
        selection = Selection((version.position,), frozenset(), stamp, 1, 0, 0, 0)
        address = self.base_url + activity_path(version.id, representation.extension)
        document = self._document(query, representation, address, feed.title, feed.is_known)
        etag = self._etag(query, feed, selection, document, beside)
        return View(query, feed, selection, representation, address, etag)

    def _modified(self, version: Version) -> datetime | None:
        """The second in which it was recorded, unless another version of it was in the same."""
        second = version.dates.recorded.replace(microsecond=0)
        before = self._log.at([version.replaces]) if version.replaces else ()
        return None if before and before[0].dates.recorded >= second else second

    def nearest(self, field: str, value: str) -> list[str]:
        """The names of the field most like the value."""
        if field in _NEVER_COMPARED or len(value) > _LONGEST_COMPARED:
            return []
        names = self._index.names(field)[:_NEAREST_AMONG]
        short = [name.value for name in names if len(name.value) <= _LONGEST_COMPARED]
        return nearest(value, short)


def _is_head(query: Query) -> bool:
    return query.before is None and query.after is None and query.archive is None


def removal(version: Version) -> Removal:
    """That the activity is in a feed no more since that version of it.

    What left silently has the date that it had: with a later one, a reader would take the removal
    for newer than the version with which it may come back as silently.
    """
    return Removal(version.id, version.dates.updated, has_left=isinstance(version, Activity))


def represent(format: Format) -> Representation:
    """What tells the format from others."""
    return Representation(format.extension, format.media_type, format.version)
