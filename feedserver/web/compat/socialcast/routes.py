"""The addresses of the Socialcast API, and errors in its shape."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from feedserver.assembly import Server
from feedserver.errors import FeedserverError, NotFound
from feedserver.model.grant import masked
from feedserver.services.numbering import Numbering
from feedserver.web.access import Access
from feedserver.web.compat.socialcast.drafts import Drafting
from feedserver.web.compat.socialcast.messages import MessageViews
from feedserver.web.compat.socialcast.places import PlaceViews
from feedserver.web.compat.socialcast.wire import MEDIA_TYPES, write_errors
from feedserver.web.errors import ErrorViews
from feedserver.web.metrics import Metrics
from feedserver.web.pages import Pages
from feedserver.web.risk import Gaps

CHALLENGE = 'Basic realm="feedserver"'
"""What a 401 asks for: old clients know this way only, and some read no more than one."""

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_AUTHENTICATION = "authentication"
_NOTHING = (
    "This part of the Socialcast API is not here. There are messages, streams, groups, users, "
    "userinfo, group_memberships, categories and authentication, as .xml and .json."
)


@dataclass(frozen=True, slots=True)
class Route:
    """Addresses below `/api/`, without extension, and who answers them."""

    method: str
    pattern: re.Pattern[str]
    view: Callable[..., Response]


def routes_of(messages: MessageViews, places: PlaceViews) -> list[Route]:
    """Every address of the API; `*` stands for an id or a name, the first that fits answers."""
    rows: tuple[tuple[str, str, Callable[..., Response]], ...] = (
        ("POST", "messages", messages.create),
        ("GET", "messages", messages.messages),
        ("GET", "messages/search", messages.search),
        ("GET", "messages/*", messages.message),
        ("DELETE", "messages/*", messages.delete),
        ("GET", "streams", places.streams),
        ("GET", "streams/*", places.stream),
        ("GET", "streams/*/messages", messages.stream_messages),
        ("GET", "groups", places.groups),
        ("GET", "groups/*", places.group),
        ("GET", "groups/*/members", places.members),
        ("GET", "group_memberships", places.memberships),
        ("GET", "users", places.users),
        ("GET", "users/search", places.search_users),
        ("GET", "users/*", places.user),
        ("GET", "users/*/messages", messages.user_messages),
        ("GET", "userinfo", places.userinfo),
        ("GET", "categories", places.categories),
        ("POST", _AUTHENTICATION, places.authentication),
    )
    return [
        Route(method, re.compile(re.escape(path).replace(r"\*", "([^/]+)")), view)
        for method, path, view in rows
    ]


class SocialcastErrors(ErrorViews):
    """Errors as Socialcast tells them: a list of one sentence or more."""

    def _answer(self, status: int, title: str, detail: str, extra: dict[str, object]) -> Response:
        extension = extension_asked(request.path)
        told = write_errors(extension, [masked(detail)])
        response = Response(told, status, content_type=MEDIA_TYPES[extension])
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept"
        return response

    def known(self, error: FeedserverError) -> Response:
        """An error of our own tree."""
        response = super().known(error)
        if response.status_code == 401:
            del response.headers["WWW-Authenticate"]
            response.headers["WWW-Authenticate"] = CHALLENGE
        return response


def add_socialcast(
    app: Flask,
    server: Server,
    access: Access,
    pages: Pages,
    metrics: Metrics,
    gaps: Gaps,
    noticed: Callable[[], None] | None = None,
) -> None:
    """Put the Socialcast API at `/api/` of the application; `noticed` as in `create_app`."""
    numbering = Numbering(server.log, server.index)
    drafting = Drafting(server, numbering)
    wrote, noticed = metrics.wrote, noticed or server.index.notice
    messages = MessageViews(server, access, drafting, numbering, wrote, noticed, gaps)
    routes = routes_of(messages, PlaceViews(server, access, drafting, numbering))
    errors = SocialcastErrors(pages, metrics.refused)

    def answered(path: str = "") -> Response:
        return _answered(routes, path)

    guest = Blueprint("socialcast", __name__)
    guest.add_url_rule("/api/<path:path>", "api", answered, methods=_METHODS)
    guest.add_url_rule("/api", "none", answered, methods=_METHODS)
    for extension in ("", ".xml", ".json"):
        # An endpoint of its own: a private server answers who brings the token in the body.
        rule = f"/api/<any({_AUTHENTICATION}):path>{extension}"
        guest.add_url_rule(rule, _AUTHENTICATION, answered, methods=_METHODS)
    access.leave_to(f"{guest.name}.{_AUTHENTICATION}")
    guest.register_error_handler(FeedserverError, errors.known)
    guest.register_error_handler(HTTPException, errors.http)
    guest.register_error_handler(Exception, errors.unexpected)
    app.register_blueprint(guest)


def _answered(routes: list[Route], path: str) -> Response:
    stem = re.sub(r"\.(xml|json)$", "", path.rstrip("/"))
    method = "GET" if request.method == "HEAD" else request.method
    found = [(route, match) for route in routes if (match := route.pattern.fullmatch(stem))]
    for route, match in found:
        if route.method == method:
            return route.view(extension_asked(request.path), *match.groups())
    if not found:
        raise NotFound(_NOTHING)
    raise MethodNotAllowed([route.method for route, _ in found])


def extension_asked(path: str) -> str:
    """The format in which to answer: as the path says, else `Accept`, else as the body came.

    Else XML; but who asks what credentials open has always been told in JSON.
    """
    extension = path.rpartition(".")[2]
    if extension in MEDIA_TYPES:
        return extension
    is_json = path.endswith(_AUTHENTICATION) or "json" in request.mimetype
    types = ["application/xml", "application/json"]
    best = request.accept_mimetypes.best_match(types[::-1] if is_json else types)
    return str(best or types[is_json]).rpartition("/")[2]
