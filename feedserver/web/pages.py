"""The pages for people, made from templates on the server; nothing needs a script."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from flask import render_template
from markupsafe import Markup

from feedserver import __version__
from feedserver.assembly import Server
from feedserver.formats import FORMATS
from feedserver.model.activity import Activity, Draft
from feedserver.model.addresses import COLLECTIONS, activity_path, feed_path
from feedserver.model.dates import rfc3339
from feedserver.model.feed import Page
from feedserver.model.filter import EVERYTHING, Filter, label, make_filter
from feedserver.model.query import Query
from feedserver.model.vocabulary import verb_of
from feedserver.model.wording import parts
from feedserver.services.indexing import Name
from feedserver.web.negotiation import format_of
from feedserver.web.prefix import prefix_of

_LATER = timedelta(minutes=2)  # a difference between happening and publishing that is shown


@dataclass(frozen=True, slots=True)
class Chip:
    """A name that leads to the feed of what has it."""

    field: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Line:
    """An activity as the stream shows it."""

    sign: str
    title: str
    address: str
    day: str
    time: str
    time_in_full: str
    is_edited: bool
    happened: str | None
    machine_time: str
    chips: tuple[Chip, ...]
    content: Markup | None
    permalink: str


class Pages:
    """Makes the pages of one server. `prefix` stands before each path in them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._zone = ZoneInfo(server.settings.display_timezone)
        self.prefix = prefix_of(server.reading.base_url)

    def stream(self, page: Page, query: Query, state: str | None) -> bytes:
        """The stream page of a feed: what is on it is exactly what the feed sign leads to.

        `state` is what `state()` said when the ETag was made: the page must not say another.
        """
        lines = [self._line(activity) for activity in page.activities]
        links = {link.rel: link.href for link in page.links}
        filter, by_name = page.feed.filter, page.feed.is_known
        return self._render(
            "stream.html",
            page=page,
            days=[(day, list(run)) for day, run in groupby(lines, key=lambda line: line.day)],
            atom=self._feed(filter, "atom", by_name),
            formats=_offered(lambda extension: self._feed(filter, extension, by_name)),
            older=links.get("next"),
            newest=links.get("first"),
            is_first=query.before is None,
            state=state,
            has_sources=bool(self._server.sources or self._server.hooks),
            parts=[
                (part, self._feed(without, by_name=by_name))
                for part, without in parts(filter, self._server.index.label)
            ],
            further=[pair for pair in filter.pairs if pair[0] != "q"],
            words=dict(filter.pairs).get("q", ""),
        )

    def activity(self, page: Page) -> bytes:
        """The page of one activity."""
        (activity,) = page.activities
        draft = activity.draft
        return self._render(
            "activity.html",
            line=self._line(activity),
            activity=activity,
            draft=draft,
            formats=_offered(lambda extension: self._activity(activity, extension)),
            object=None if draft.object is None else label(draft.object),
            object_feed=self._object_feed(activity),
            object_feeds=_offered(lambda extension: self._object_feed(activity, extension)),
            full=self._full,
        )

    def directory(self, names: Mapping[str, Sequence[Name]]) -> bytes:
        """The directory of those kinds of names."""
        kinds = [
            (
                field,
                COLLECTIONS[field].capitalize(),
                [(name, make_filter([(field, False, name.value)])) for name in found],
            )
            for field, found in names.items()
        ]
        return self._render("directory.html", kinds=kinds, feed_path=self._feed, full=self._full)

    def error(self, title: str, detail: str, restart: str) -> bytes:
        """The page of an error; `restart` is the address to go on from, where there is one."""
        return self._render("error.html", title=title, detail=detail, restart=restart)

    def _render(self, template: str, **context: object) -> bytes:
        return render_template(
            template,
            prefix=self.prefix,
            server=self._server.settings.title,
            zone=self._zone.key,
            version=__version__,
            everything=_offered(lambda extension: self._feed(EVERYTHING, extension)),
            **context,
        ).encode()

    def _line(self, activity: Activity) -> Line:
        # By `updated` a feed is ordered; of what was never edited it is the date of publishing.
        draft, updated = activity.draft, activity.dates.updated
        occurred = draft.occurred or activity.dates.published
        local = self._local(updated)
        permalink = self._activity(activity)
        return Line(
            sign=verb_of(draft.verb).sign,
            title=draft.title,
            address=_elsewhere(draft) or self._object_feed(activity) or permalink,
            day=f"{local:%A} {local.day} {local:%B} {local.year}, {local:%Z}",
            time=f"{local:%H:%M}",
            time_in_full=self._full(updated),
            is_edited=activity.replaces > 0,
            happened=self._happened(occurred, updated),
            machine_time=rfc3339(updated),
            chips=self._chips(activity),
            content=None if draft.content is None else Markup(draft.content),
            permalink=permalink,
        )

    def _feed(self, filter: Filter, extension: str | None = None, by_name: bool = True) -> str:
        return self.prefix + feed_path(filter, extension, by_name=by_name)

    def _activity(self, activity: Activity, extension: str | None = None) -> str:
        return self.prefix + activity_path(activity.id, extension)

    def _object_feed(self, activity: Activity, extension: str | None = None) -> str | None:
        """The address of everything on the activity's object."""
        object = activity.draft.object
        id = None if object is None else object.id
        return None if id is None else self._feed(make_filter([("object", False, id)]), extension)

    def _chips(self, activity: Activity) -> tuple[Chip, ...]:
        return tuple(
            Chip(field, name, self._feed(make_filter([(field, False, name)])))
            for field, name in _names(activity.draft)
        )

    def _local(self, moment: datetime) -> datetime:
        """The moment in the zone of the pages; as it is at the end of all dates, where none is."""
        try:
            return moment.astimezone(self._zone)
        except OverflowError:
            return moment

    def _full(self, moment: datetime) -> str:
        local = self._local(moment)
        told = f"{local.day} {local:%b} {local.year}, {local:%H:%M:%S %Z}"
        return told if self._zone.key == "UTC" else f"{told} ({moment:%H:%M:%S} UTC)"

    def _happened(self, occurred: datetime, told: datetime) -> str | None:
        if abs(told - occurred) <= _LATER:
            return None
        local, shown = self._local(occurred), self._local(told)
        if local.date() == shown.date():
            return f"{local:%H:%M}"
        return f"{local.day} {local:%b} {local.year}, {local:%H:%M}"

    def beside(self, state: str | None = None) -> str:
        """What a page shows that is not of the log: it is part of the page's ETag."""
        return f"{self._zone.key} {len(self._server.sources)} {state or ''}"

    def state(self) -> str | None:
        """What people must know of the sources to read the stream rightly, None for nothing."""
        for polling in self._server.pollings:
            state = polling.state
            if state.failing_since is not None:
                since = self._full(state.failing_since)
                return (
                    f"{state.name} has not answered since {since}. "
                    "Entries after that will come when it does."
                )
            if state.answered is not None and state.is_behind:
                return (
                    f"Reading the history of {state.name}: {state.recorded:,} entries so far. "
                    "You can use everything while it runs."
                )
        return None


def _offered(address_in: Callable[[str], str | None]) -> list[tuple[str, str, str]]:
    """What each format is called, its media type, and the address there, if there is one."""
    formats = [format_of(extension) for extension in FORMATS]
    return [
        (format.title, format.media_type.partition(";")[0], address)
        for format in formats
        if (address := address_in(format.extension)) is not None
    ]


def _elsewhere(draft: Draft) -> str | None:
    """Where the activity, or what it is about, can be seen outside of feedserver."""
    return draft.url or (None if draft.object is None else draft.object.url)


def _names(draft: Draft) -> list[tuple[str, str]]:
    """The names of the activity by which feeds are cut, each with its field."""
    named = [("queue", queue) for queue in draft.queues]
    named += [("product", product.name) for product in draft.products]
    if draft.customer is not None and draft.customer.name:
        named.append(("customer", draft.customer.name))
    named += [("tag", tag) for tag in draft.tags]
    return named
