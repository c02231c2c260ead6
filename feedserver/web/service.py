"""The AtomPub service document and the category documents (RFC 5023)."""

from collections.abc import Iterator

from flask import Response

from feedserver.assembly import Server
from feedserver.formats.service import (
    CATEGORIES_TYPE,
    SERVICE_TYPE,
    Categories,
    Collection,
    Workspace,
    write_categories,
    write_service,
)
from feedserver.model.addresses import COLLECTIONS, feed_path
from feedserver.model.filter import EVERYTHING, make_filter
from feedserver.model.identity import scheme
from feedserver.parsers.documents import MEDIA_TYPES, NDJSON
from feedserver.services.indexing import Name
from feedserver.web.bodies import Bodies
from feedserver.web.directory import of_its_bytes, take_no_parameters
from feedserver.web.writing import POSTED

MAX_COLLECTIONS = 500
"""Collections of one workspace; a category document names all that there are."""

_ATOM = "application/atom+xml"
_JSON = tuple(media_type for media_type in MEDIA_TYPES if media_type != _ATOM)
_ACCEPTED = (f"{_ATOM};type=entry", *_JSON, NDJSON[0])


class ServiceViews:
    """`/service` and `/categories/…`."""

    def __init__(self, server: Server, bodies: Bodies) -> None:
        self._index = server.index
        self._base_url = server.reading.base_url
        self._authority = server.log.authority
        self._bodies = bodies

    def service(self) -> Response:
        """Every queue, product and tag as a collection to which can be posted."""
        take_no_parameters("This document")
        self._index.catch_up()
        others = tuple(self._categories_address(field) for field in POSTED)
        everything = Collection(
            "Everything", self._base_url + feed_path(EVERYTHING, "atom"), None, others
        )
        workspaces = [Workspace("Everything", (everything,)), *map(self._workspace, POSTED)]
        return of_its_bytes(write_service(workspaces, _ACCEPTED), SERVICE_TYPE, self._bodies)

    def categories(self, collection: str) -> Response:
        """Every queue, product or tag as a category. Who posts may send others: it is not fixed."""
        take_no_parameters("This document")
        self._index.catch_up()
        field = next(field for field in POSTED if COLLECTIONS[field] == collection)
        terms = tuple(name.value for name in self._index.names(field))
        made = Categories(scheme(self._authority, field), terms)
        return of_its_bytes(write_categories(made), CATEGORIES_TYPE, self._bodies)

    def _workspace(self, field: str) -> Workspace:
        names = self._index.names(field)
        title = COLLECTIONS[field].capitalize()
        if len(names) > MAX_COLLECTIONS:
            title += f" (the {MAX_COLLECTIONS} with the most activities of {len(names):,})"
        return Workspace(title, tuple(self._collections(field, names[:MAX_COLLECTIONS])))

    def _collections(self, field: str, names: tuple[Name, ...]) -> Iterator[Collection]:
        others = tuple(self._categories_address(other) for other in POSTED if other != field)
        for name in names:
            path = feed_path(make_filter([(field, False, name.value)]), "atom")
            own = Categories(scheme(self._authority, field), (name.value,), is_fixed=True)
            yield Collection(name.value, self._base_url + path, own, others)

    def _categories_address(self, field: str) -> str:
        return f"{self._base_url}/categories/{COLLECTIONS[field]}"
