"""The directory: every queue, product, customer, tag and actor with its count and addresses."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from flask import Response, json

from feedserver.assembly import Server
from feedserver.errors import InvalidRequest
from feedserver.formats import FORMATS
from feedserver.model.addresses import COLLECTIONS, feed_path
from feedserver.model.dates import rfc3339
from feedserver.model.filter import make_filter
from feedserver.model.query import is_ignored
from feedserver.services.indexing import Name
from feedserver.web.bodies import Bodies
from feedserver.web.conditional import answer
from feedserver.web.feeds import parameters
from feedserver.web.negotiation import HTML
from feedserver.web.pages import Pages

LISTED = ("queue", "product", "customer", "tag", "actor")


class DirectoryViews:
    """`/feeds`, `/feeds.json` and the directory of one kind."""

    def __init__(self, server: Server, pages: Pages, bodies: Bodies) -> None:
        self._index = server.index
        self._base_url = server.reading.base_url
        self._authority = server.log.authority
        self._pages = pages
        self._bodies = bodies

    def everything(self) -> Response:
        """All kinds on one page."""
        _take_no_parameters()
        return self._page({field: self._names(field) for field in LISTED})

    def of_collection(self, collection: str) -> Response:
        """One kind on a page of its own."""
        _take_no_parameters()
        field = next(field for field in LISTED if COLLECTIONS[field] == collection)
        return self._page({field: self._names(field)})

    def as_json(self) -> Response:
        """All kinds for programs."""
        _take_no_parameters()
        told = {
            COLLECTIONS[field]: [self._entry(field, name) for name in self._names(field)]
            for field in LISTED
        }
        text = json.dumps(told, ensure_ascii=False) + "\n"
        return self._answer(text.encode(), "application/json")

    def _page(self, names: Mapping[str, Sequence[Name]]) -> Response:
        return self._answer(self._pages.directory(names), HTML.media_type)

    def _answer(self, body: bytes, media_type: str) -> Response:
        """What changes with each activity is made for each request: its ETag is of its bytes."""
        etag = sha256(body).hexdigest()[:30]
        return answer(etag, media_type, self._bodies, lambda: body)

    def _names(self, field: str) -> list[Name]:
        """The names of the field; of an actor's two names, login and id, the login."""
        self._index.catch_up()
        own = f"tag:{self._authority}:"
        names = self._index.names(field)
        return [name for name in names if field != "actor" or not name.value.startswith(own)]

    def _entry(self, field: str, name: Name) -> dict[str, Any]:
        filter = make_filter([(field, False, name.value)])
        return {
            "name": name.value,
            "count": name.count,
            "newest": rfc3339(name.newest),
            "html": self._base_url + feed_path(filter),
            **{name: self._base_url + feed_path(filter, name) for name in FORMATS},
        }


def _take_no_parameters() -> None:
    given = [name for name, _ in parameters() if not is_ignored(name)]
    if given:
        raise InvalidRequest([f"`{given[0]}` is no parameter. A directory takes none."])
