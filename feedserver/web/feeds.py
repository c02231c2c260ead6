"""Feeds, their pages, and single activities."""

from flask import Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from feedserver.assembly import Server
from feedserver.errors import InvalidRequest, NotFound, TooLong
from feedserver.formats import FORMATS
from feedserver.model.activity import Activity
from feedserver.model.addresses import (
    encode_path,
    encode_query,
    feed_path,
    parse_feed_path,
    split_extension,
)
from feedserver.model.filter import make_filter
from feedserver.model.query import Query, is_ignored, parse_parameters, parse_query
from feedserver.services.reading import Representation
from feedserver.web.bodies import Bodies
from feedserver.web.conditional import answer
from feedserver.web.negotiation import HTML, format_of, negotiate
from feedserver.web.pages import Pages

MAX_QUERY = 8000  # bytes; it is repeated in links and headers, where clients have their limits


def target() -> str:
    """The path and query that were asked for, in characters that an address may hold."""
    path = encode_path(request.environ.get("SCRIPT_NAME", "") + request.path)
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

    def __init__(self, server: Server, pages: Pages, bodies: Bodies) -> None:
        self._reading = server.reading
        self._pages = pages
        self._bodies = bodies

    def stream(self) -> Response:
        """The stream page, which is also the feed of everything."""
        return self._feed(parse_query(parameters()), None)

    def everything(self, extension: str | None = None) -> Response:
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
        spelling = self._reading.spelling(field, value)
        if spelling != value:
            feed = make_filter([(field, False, spelling)])
            return redirect(feed_path(feed, extension, parameters()), 302)
        return self._feed(query, extension)

    def _feed(self, query: Query, extension: str | None) -> Response:
        representation = _negotiated(extension)
        if query.after is not None and representation == HTML:
            raise InvalidRequest(
                ["`after` goes forward for programs; a page goes back with `before`. Add .json."]
            )
        is_page = representation == HTML
        state = self._pages.state() if is_page else None
        beside = self._pages.beside(state) if is_page else None
        view = self._reading.select(query, representation, target(), beside)

        def body() -> bytes:
            page = self._reading.page(view)
            if representation == HTML:
                return self._pages.stream(page, query, state)
            return format_of(str(representation.extension)).render(page)

        response = answer(view.etag, representation.media_type, self._bodies, body)
        if response.status_code == 200:
            links = ", ".join(
                f'<{link.href}>; rel="{link.rel}"' for link in self._reading.links(view)
            )
            response.headers["Link"] = links
        return response

    def activity(self, id: str) -> Response:
        """One activity."""
        activity, extension = self._find(id)
        if any(not is_ignored(name) for name, _ in parameters()):
            raise InvalidRequest(["An activity takes no parameters."])
        representation = _negotiated(extension)
        beside = self._pages.beside() if representation == HTML else None
        view = self._reading.activity_view(activity, representation, beside)

        def body() -> bytes:
            page = self._reading.page(view)
            if representation == HTML:
                return self._pages.activity(page)
            return format_of(str(representation.extension)).render_activity(activity, page)

        return answer(view.etag, representation.media_type, self._bodies, body)

    def _find(self, asked: str) -> tuple[Activity, str | None]:
        """The activity with that id, or with the id that is left without an extension."""
        try:
            return self._reading.activity(asked), None
        except NotFound:
            id, _, extension = asked.rpartition(
                "."
            )  # an id may end with what no path of a feed can
            if extension not in FORMATS:
                raise
            return self._reading.activity(id), extension
