"""The directory: every queue, product, customer, tag and actor with its count and addresses."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from flask import Response, json

from feedserver.assembly import Server
from feedserver.errors import InvalidRequest
from feedserver.formats import FORMATS, opml
from feedserver.model.addresses import COLLECTIONS, feed_path
from feedserver.model.dates import rfc3339
from feedserver.model.filter import EVERYTHING, Filter, make_filter
from feedserver.model.query import OF_PAGES, is_ignored, parse_query
from feedserver.model.wording import describe
from feedserver.services.indexing import Name
from feedserver.web.bodies import Bodies
from feedserver.web.conditional import answer
from feedserver.web.feeds import parameters
from feedserver.web.negotiation import HTML
from feedserver.web.pages import Pages

LISTED = ("queue", "product", "customer", "tag", "actor")
_LONGEST_LIST = 50_000  # characters of filters that are understood and written for one list


class DirectoryViews:
    """`/feeds`, `/feeds.json`, `/feeds.opml`, and the directory of one kind."""

    def __init__(self, server: Server, pages: Pages, bodies: Bodies) -> None:
        self._server = server
        self._index = server.index
        self._base_url = server.reading.base_url
        self._pages = pages
        self._bodies = bodies

    def everything(self) -> Response:
        """All kinds on one page."""
        take_no_parameters("A directory")
        return self._page({field: self._names(field) for field in LISTED})

    def of_collection(self, collection: str) -> Response:
        """One kind on a page of its own."""
        take_no_parameters("A directory")
        field = next(field for field in LISTED if COLLECTIONS[field] == collection)
        return self._page({field: self._names(field)})

    def as_json(self) -> Response:
        """All kinds for programs."""
        take_no_parameters("A directory")
        told = {
            COLLECTIONS[field]: [self._entry(field, name) for name in self._names(field)]
            for field in LISTED
        }
        text = json.dumps(told, ensure_ascii=False) + "\n"
        return of_its_bytes(text.encode(), "application/json", self._bodies)

    def as_opml(self) -> Response:
        """All kinds for feed readers, or what was chosen of them: a feed for each name.

        Any other part of a filter narrows each of these feeds; with no name it is a feed itself.
        """
        pairs = parameters()
        for name, _ in pairs:
            if name in OF_PAGES:
                raise InvalidRequest([f"`{name}` has no meaning in a list of feeds. Leave it out."])
        rest = [pair for pair in pairs if pair[0] not in LISTED]
        asked = [[*rest, pair] for pair in pairs if pair[0] in LISTED] or [rest]
        if len(asked) * sum(len(value) for _, value in rest) > _LONGEST_LIST:
            raise InvalidRequest(
                [f"The filter is too long for a list of {len(asked)} feeds. Ask for fewer at once."]
            )
        filters = dict.fromkeys(parse_query(each).filter for each in asked)
        self._index.catch_up()
        outlines: list[opml.Outline | opml.Group] = [self._outline(filter) for filter in filters]
        if EVERYTHING in filters:
            groups = [self._group(field) for field in LISTED]
            outlines += [group for group in groups if group.outlines]
        document = opml.write_opml(
            f"Feeds of {self._server.reading.title}",
            self._server.reading.title,
            self._index.newest(EVERYTHING, 0).stamp.updated or self._server.log.created,
            outlines,
        )
        return of_its_bytes(document, opml.MEDIA_TYPE, self._bodies)

    def _group(self, field: str) -> opml.Group:
        """The feeds of the field by name: their order does not change with what happens."""
        names = sorted(self._names(field), key=lambda name: (name.label.casefold(), name.value))
        outlines = [
            self._outline(
                make_filter([(field, False, name.value)]),
                name.value if name.label == name.value else f"{name.label} ({name.value})",
            )
            for name in names
        ]
        return opml.Group(COLLECTIONS[field].capitalize(), tuple(outlines))

    def _outline(self, filter: Filter, text: str | None = None) -> opml.Outline:
        title = describe(filter, self._index.label)
        # A name that nothing has yet is not found in a path, but the feed is there.
        by_name = all(
            self._index.find_name(clause.field, value) is not None
            for clause in filter.clauses
            if clause.field in LISTED and not clause.excluded
            for value in clause.values
        )
        feed, page = (feed_path(filter, each, by_name=by_name) for each in ("atom", None))
        return opml.Outline(text or title, title, self._base_url + feed, self._base_url + page)

    def _page(self, names: Mapping[str, Sequence[Name]]) -> Response:
        return of_its_bytes(self._pages.directory(names), HTML.media_type, self._bodies)

    def _names(self, field: str) -> list[Name]:
        self._index.catch_up()
        return names_of(self._server, field)

    def _entry(self, field: str, name: Name) -> dict[str, Any]:
        filter = make_filter([(field, False, name.value)])
        return {
            "name": name.value,
            "count": name.count,
            "newest": rfc3339(name.newest),
            "html": self._base_url + feed_path(filter),
            **{name: self._base_url + feed_path(filter, name) for name in FORMATS},
        }


def names_of(server: Server, field: str) -> list[Name]:
    """The names of the field; of an actor's two names, login and id, the login."""
    names = server.index.names(field)
    if field != "actor":
        return list(names)
    own = f"tag:{server.log.authority}:"
    # No two activities have one date: what is newest of both names is by the actor of both.
    logins = {(name.newest, name.count) for name in names if ":" not in name.value}
    return [
        name
        for name in names
        if not name.value.startswith(own)
        and (":" not in name.value or (name.newest, name.count) not in logins)
    ]


def of_its_bytes(body: bytes, media_type: str, bodies: Bodies) -> Response:
    """What changes with each activity is made for each request: its ETag is of its bytes."""
    etag = sha256(body).hexdigest()[:30]
    return answer(etag, media_type, bodies, lambda: body)


def take_no_parameters(what: str) -> None:
    """Raise InvalidRequest where one was given; `what` takes none."""
    given = [name for name, _ in parameters() if not is_ignored(name)]
    if given:
        raise InvalidRequest([f"`{given[0]}` is no parameter. {what} takes none."])
