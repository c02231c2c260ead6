"""Feeds, their pages, and single activities."""

from datetime import datetime

from flask import Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from feedserver.assembly import Server
from feedserver.errors import Elsewhere, Gone, InvalidRequest, NotFound, Outdated, TooLong
from feedserver.formats import FORMATS
from feedserver.model.activity import Tombstone
from feedserver.model.addresses import (
    encode_path,
    encode_query,
    feed_path,
    parse_feed_path,
    split_extension,
)
from feedserver.model.dates import SECOND, rfc3339
from feedserver.model.feed import Link
from feedserver.model.filter import make_filter
from feedserver.model.query import MAX_QUERY, Query, is_ignored, parse_parameters, parse_query
from feedserver.services.reading import Representation, View, removal
from feedserver.web.bodies import Bodies
from feedserver.web.conditional import VARY, VARY_OF_HEADS, Changed, answer, wanted_since
from feedserver.web.hot import SELECTED, Selected
from feedserver.web.negotiation import HTML, format_of, negotiate
from feedserver.web.pages import Pages
from feedserver.web.polls import Polls, feed_of
from feedserver.web.risk import Gaps, reach_of

_FOR_PROGRAMS = (
    "`after` and `archive` are for programs; a page goes back with `before`. Add .json or .atom."
)
A_YEAR = 31_536_000  # seconds


def target() -> str:
    """The path below `base_url` and the query, in characters that an address may hold."""
    path = encode_path(request.path)
    query = encode_query(request.query_string)
    return f"{path}?{query}" if query else path


def parameters() -> list[tuple[str, str]]:
    """The parameters as they were given, in their order. Raises InvalidRequest and TooLong."""
    if len(request.query_string) > MAX_QUERY:
        raise TooLong(
            f"The query has {len(request.query_string):,} bytes; {MAX_QUERY:,} is the limit. "
            "Ask for less in one feed."
        )
    try:
        return parse_parameters(request.query_string.decode("ascii"))
    except UnicodeDecodeError:
        raise InvalidRequest(["The query is not ASCII. Percent-encode it as UTF-8."]) from None


def _negotiated(extension: str | None) -> Representation:
    """As `negotiate`; what comes out is there for those who count the answers."""
    representation = negotiate(extension)
    g.format = representation.extension or "html"
    return representation


class FeedViews:
    """The views of feeds and activities."""

    def __init__(
        self, server: Server, pages: Pages, bodies: Bodies, polls: Polls, gaps: Gaps
    ) -> None:
        self._reading = server.reading
        self._pages = pages
        self._bodies = bodies
        self._polls = polls
        self._gaps = gaps
        self._clock = server.clock
        self._removals = 0

    def stream(self) -> AnyResponse:
        """The stream page, which is also the feed of everything."""
        return self._feed(parse_query(parameters()), None)

    def everything(self, extension: str | None = None) -> AnyResponse:
        """The feed of everything, or of what the parameters say."""
        if extension is not None and extension not in FORMATS:
            raise NotFound(f"There is no format .{extension}. Known: {', '.join(sorted(FORMATS))}.")
        return self._feed(parse_query(parameters()), extension)

    def named(self, collection: str, name: str) -> AnyResponse:
        """The feed of one queue, product, tag, actor or customer."""
        stem, extension = split_extension(f"/{collection}/{name}", FORMATS)
        clause = parse_feed_path(stem)
        assert clause is not None
        field, value = clause
        query = parse_query(parameters(), clause)
        try:
            spelling = self._reading.spelling(field, value)
        except NotFound:
            if not (query.before or query.after or query.archive):
                raise
            # Who goes on has read it: what had the name was redacted, or a backup was put back.
            spelling = value
        if spelling != value:
            feed = make_filter([(field, False, spelling)])
            address = self._pages.prefix + feed_path(feed, extension, parameters())
            return _redirect(address, "no-cache")
        return self._feed(query, extension)

    def _feed(self, query: Query, extension: str | None) -> AnyResponse:
        representation = _negotiated(extension)
        if representation == HTML and (query.after is not None or query.archive is not None):
            raise InvalidRequest([_FOR_PROGRAMS])
        self._polls.check()
        try:
            return self._read(query, representation)
        except Elsewhere as error:
            return _redirect(error.address, "no-store")

    def _read(self, query: Query, representation: Representation) -> Response:
        try:
            return self._selected(query, representation)
        except Outdated:
            # What was selected has been redacted meanwhile; that is seen now.
            return self._selected(query, representation)

    def _selected(self, query: Query, representation: Representation) -> Response:
        is_page = representation == HTML
        state = self._pages.state() if is_page else None
        beside = self._pages.beside(state) if is_page else None
        view = self._reading.select(query, representation, target(), beside, wanted_since())
        self._forget_removed()

        def body() -> bytes:
            if is_page:
                return self._pages.stream(self._reading.page(view), query, state)
            return self._reading.render(view, format_of(str(representation.extension)))

        def changes() -> bytes:
            return self._reading.render_changes(view, format_of(str(representation.extension)))

        response = answer(
            view.etag,
            representation.media_type,
            self._bodies,
            body,
            # A second tells when the feed changed, not where to go on, or what its subtitle says.
            modified=None
            if is_page or query.after is not None or not view.feed.is_known
            else self._modified(view),
            now=self._clock(),
            cache_control="no-cache" if is_page else _cache_control(view),
            changed=None if view.delta is None else Changed(view.delta.base, changes),
            vary=VARY_OF_HEADS if view.is_head else VARY,
            name=_body(view),
        )
        if not is_page:
            selected = request.environ[SELECTED] = self._kept_as(view)
            if response.status_code == 200 and request.method == "GET":
                self._note_reader(selected)
        if response.status_code in (200, 226):
            response.headers["Link"] = ", ".join(map(_written, self._reading.links(view)))
        return response

    def _note_reader(self, selected: Selected) -> None:
        """Note that who asks was given all of that page."""
        if selected.reach is not None:
            headers = request.headers
            known = headers.get("If-None-Match")
            self._gaps.read(selected.reach, known, headers.get, request.remote_addr)
        self._gaps.tell()

    def _kept_as(self, view: View) -> Selected:
        """What the view is kept as, for who asks again."""
        goes_on = view.query.after is not None
        # Until the second is over in which it was touched its date is not told yet.
        now = self._clock()
        is_new = view.recorded is not None and now - view.recorded < 2 * SECOND
        return Selected(
            filter=view.query.filter,
            position=view.position,
            removals=view.removals,
            etag=view.etag,
            body=_body(view),
            format=str(view.representation.extension),
            expires=now.replace(microsecond=0) + SECOND if is_new else None,
            goes_on=goes_on,
            is_empty=goes_on and not view.selection.positions,
            polled=feed_of(request),
            reach=reach_of(view),
        )

    def activity(self, id: str) -> Response:
        """One activity; what was deleted is gone."""
        version, extension = self._reading.find(id, FORMATS)
        if any(not is_ignored(name) for name, _ in parameters()):
            raise InvalidRequest(["An activity takes no parameters."])
        representation = _negotiated(extension)
        if isinstance(version, Tombstone):
            return self._gone(version, representation)
        is_page = representation == HTML
        beside = self._pages.beside() if is_page else None
        view = self._reading.activity_view(version, representation, beside)
        self._forget_removed()

        def body() -> bytes:
            page = self._reading.page(view)
            if is_page:
                return self._pages.activity(page)
            return format_of(str(representation.extension)).render_activity(version, page)

        modified = None if is_page else self._modified(view)
        return answer(
            view.etag,
            representation.media_type,
            self._bodies,
            body,
            modified=modified,
            now=self._clock(),
        )

    def _gone(self, tombstone: Tombstone, representation: Representation) -> Response:
        if representation == HTML:
            raise Gone(
                f"{tombstone.id} was deleted on {rfc3339(tombstone.dates.updated)}. "
                "Its id is never used again."
            )
        format = format_of(str(representation.extension))
        page = self._reading.page_of(self._reading.activity_view(tombstone, representation))
        body = format.render_removal(removal(tombstone), page)
        response = Response(body, 410, content_type=format.removal_type)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Vary"] = VARY
        return response

    def _modified(self, view: View) -> datetime | None:
        """What the view has as `Last-Modified`: a second that is over, so that it tells enough."""
        modified = view.selection.stamp.modified
        is_over = modified is not None and modified + SECOND <= self._clock()
        return modified if is_over else None

    def _forget_removed(self) -> None:
        """Drop the bodies that may hold what was deleted or redacted since they were made."""
        if self._removals != self._reading.removals:
            removals = self._reading.removals
            self._bodies.forget()
            self._removals = removals


def _body(view: View) -> str:
    """What the view's body is called; its ETag may be another one's at another address."""
    return f"{view.etag} {view.address}"


def _redirect(address: str, cache_control: str) -> AnyResponse:
    response = redirect(address, 302)
    response.headers["Cache-Control"] = cache_control
    return response


def _cache_control(view: View) -> str:
    if view.is_final:
        return f"max-age={A_YEAR}, immutable"
    return "no-cache" if view.max_age is None else f"max-age={view.max_age}"


def _written(link: Link) -> str:
    """The link as it stands in a `Link` field (RFC 8288, section 3)."""
    type = "" if link.type is None else f'; type="{link.type}"'
    return f'<{link.href}>; rel="{link.rel}"{type}'
