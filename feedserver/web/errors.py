"""Errors as answers: problem details (RFC 9457) for programs, a page for people."""

import logging
import secrets
from collections.abc import Callable

from flask import Response, json, request
from werkzeug.exceptions import HTTPException

from feedserver.errors import (
    Conflict,
    FeedserverError,
    Forbidden,
    Gone,
    InvalidActivity,
    InvalidRequest,
    Moved,
    NotAcceptable,
    NotFound,
    NotYet,
    Outdated,
    SourceError,
    StoreError,
    TooLarge,
    TooLong,
    TooManyRequests,
    Unauthorised,
    Unsigned,
    UnsupportedType,
)
from feedserver.model.grant import masked
from feedserver.web.access import CHALLENGES
from feedserver.web.pages import Pages

logger = logging.getLogger(__name__)

_STATUS = (
    (InvalidRequest, 400, "invalid-request", "This cannot be asked for"),
    (Unauthorised, 401, "unauthorised", "A grant is needed"),
    (Unsigned, 401, "unsigned", "It is not signed"),
    (Forbidden, 403, "forbidden", "The grant does not allow this"),
    (NotFound, 404, "not-found", "There is nothing here"),
    (NotAcceptable, 406, "not-acceptable", "Not in that format"),
    (Conflict, 409, "conflict", "The id is recorded with other content"),
    (Gone, 410, "gone", "This is gone"),
    (Moved, 412, "moved", "The activity has changed"),
    (TooLarge, 413, "too-large", "This is too large"),
    (TooLong, 414, "too-long", "This address is too long"),
    (UnsupportedType, 415, "unsupported-type", "Not in that format"),
    (InvalidActivity, 422, "invalid-activity", "This cannot be recorded"),
    (TooManyRequests, 429, "too-many-requests", "Asked too often"),
    (NotYet, 503, "not-yet", "Not yet"),
    (Outdated, 503, "not-yet", "Not yet"),
    (SourceError, 503, "source", "The source cannot be read"),
    (StoreError, 503, "store", "The store cannot be reached"),
)
_REASONS_OF_FLASK = {404: "not-found", 405: "method"}
_FAULT = "fault"
REASONS = (*dict.fromkeys(row[2] for row in _STATUS), "method", _FAULT)
"""Why a request may be refused, a word for each; the last one is that something broke here."""

SIGNATURE = 'Signature realm="feedserver"'
"""What a 401 tells of a delivery that has to be signed (RFC 9110, section 11.6.1)."""

_RETRY_AFTER = "5"  # seconds


class ErrorViews:
    """Answers for everything that is raised; `refused` is told the reason of each."""

    def __init__(self, pages: Pages, refused: Callable[[str], None]) -> None:
        self._pages = pages
        self._refused = refused

    def known(self, error: FeedserverError) -> Response:
        """An error of our own tree."""
        found = [row[1:] for row in _STATUS if isinstance(error, row[0])]
        if not found:
            return self.unexpected(error)
        status, reason, title = found[0]
        self._refused(reason)
        if isinstance(error, SourceError | StoreError):
            logger.error("%s", error)
        extra: dict[str, object] = {}
        if isinstance(error, InvalidRequest):
            extra["errors"] = [{"detail": fault} for fault in error.faults]
        if isinstance(error, InvalidActivity):
            extra["errors"] = [
                {"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults
            ]
        if isinstance(error, Gone) and error.restart:
            extra["restart"] = error.restart
        response = self._answer(status, title, str(error), extra)
        if status == 503:
            response.headers["Retry-After"] = _RETRY_AFTER
        if isinstance(error, TooManyRequests):
            response.headers["Retry-After"] = str(error.seconds)
        if isinstance(error, Unauthorised):
            for challenge in CHALLENGES:
                response.headers.add("WWW-Authenticate", challenge)
        if isinstance(error, Unsigned):
            response.headers["WWW-Authenticate"] = SIGNATURE
        if isinstance(error, UnsupportedType):
            response.headers["Accept"] = ", ".join(error.known)
        return response

    def http(self, error: HTTPException) -> Response:
        """What Flask refuses by itself: an unknown path, a wrong method."""
        headers = {
            name: value for name, value in error.get_headers() if name in ("Allow", "Location")
        }
        if "Allow" in headers:
            headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        if error.response is not None and "Location" in error.response.headers:
            return error.get_response()  # type: ignore[return-value]  # a redirect of routing
        self._refused(_REASONS_OF_FLASK.get(error.code or 0, "invalid-request"))
        directory = f"{self._pages.prefix}/feeds"
        detail = {
            404: f"No page or feed is here. Every feed there is stands at {directory}.",
            405: f"{request.method} does nothing here. Taken are {headers.get('Allow')}.",
        }.get(error.code or 0, error.description or error.name)
        response = self._answer(error.code or 500, error.name, detail, {})
        response.headers.extend(headers)
        return response

    def unexpected(self, error: Exception) -> Response:
        """A fault of ours: told to the log under a number, and nothing of it to the reader."""
        self._refused(_FAULT)
        number = f"r-{secrets.token_hex(3)}"
        logger.error("%s: %s %s", number, request.method, masked(request.path), exc_info=error)
        detail = (
            "Something broke here, and it is our fault. Nothing was lost. "
            f"Tell your administrator: {number}"
        )
        return self._answer(500, "Something broke here", detail, {})

    def _answer(self, status: int, title: str, detail: str, extra: dict[str, object]) -> Response:
        # A message repeats what was asked, and a token may have come where none belongs.
        accept = request.accept_mimetypes
        if accept.quality("text/html") > max(
            accept.quality("application/problem+json"),
            accept.quality("application/json"),
            accept.quality("application/atom+xml"),
        ):
            restart = str(extra.get("restart", ""))
            body: bytes | str = self._pages.error(title, masked(detail), masked(restart))
            response = Response(body, status, content_type="text/html; charset=utf-8")
        else:
            problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
            response = Response(
                masked(json.dumps(problem | extra, ensure_ascii=False)) + "\n",
                status,
                content_type="application/problem+json",
            )
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept"
        return response
