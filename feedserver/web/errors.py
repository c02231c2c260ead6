"""Errors as answers: problem details (RFC 9457) for programs, a page for people."""

import logging
import secrets

from flask import Response, json, request
from werkzeug.exceptions import HTTPException

from feedserver.errors import (
    FeedserverError,
    Gone,
    InvalidRequest,
    NotAcceptable,
    NotFound,
    StoreError,
    TooLong,
)
from feedserver.web.pages import Pages

logger = logging.getLogger(__name__)

_STATUS = (
    (InvalidRequest, 400, "This cannot be asked for"),
    (NotFound, 404, "There is nothing here"),
    (NotAcceptable, 406, "Not in that format"),
    (Gone, 410, "This cursor leads nowhere"),
    (TooLong, 414, "This address is too long"),
    (StoreError, 503, "The store cannot be reached"),
)
_RETRY_AFTER = "5"  # seconds


class ErrorViews:
    """Answers for everything that is raised."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def known(self, error: FeedserverError) -> Response:
        """An error of our own tree."""
        found = [(status, title) for kind, status, title in _STATUS if isinstance(error, kind)]
        if not found:
            return self.unexpected(error)
        status, title = found[0]
        if status == 503:
            logger.error("%s", error)
        extra: dict[str, object] = {}
        if isinstance(error, InvalidRequest):
            extra["errors"] = [{"detail": fault} for fault in error.faults]
        if isinstance(error, Gone) and error.restart:
            extra["restart"] = error.restart
        response = self._answer(status, title, str(error), extra)
        if status == 503:
            response.headers["Retry-After"] = _RETRY_AFTER
        return response

    def http(self, error: HTTPException) -> Response:
        """What Flask refuses by itself: an unknown path, a wrong method."""
        headers = {
            name: value for name, value in error.get_headers() if name in ("Allow", "Location")
        }
        if error.response is not None and "Location" in error.response.headers:
            return error.get_response()  # type: ignore[return-value]  # a redirect of routing
        detail = {
            404: "No page or feed is here. Every feed there is stands at /feeds.",
            405: "That method does nothing here. Feeds are read with GET or HEAD.",
        }.get(error.code or 0, error.description or error.name)
        response = self._answer(error.code or 500, error.name, detail, {})
        response.headers.extend(headers)
        return response

    def unexpected(self, error: Exception) -> Response:
        """A fault of ours: told to the log under a number, and nothing of it to the reader."""
        number = f"r-{secrets.token_hex(3)}"
        logger.error("%s: %s %s", number, request.method, request.path, exc_info=error)
        detail = (
            "Something broke here, and it is our fault. Nothing was lost. "
            f"Tell your administrator: {number}"
        )
        return self._answer(500, "Something broke here", detail, {})

    def _answer(self, status: int, title: str, detail: str, extra: dict[str, object]) -> Response:
        accept = request.accept_mimetypes
        if accept.quality("text/html") > max(
            accept.quality("application/problem+json"),
            accept.quality("application/json"),
            accept.quality("application/atom+xml"),
        ):
            restart = str(extra.get("restart", ""))
            body: bytes | str = self._pages.error(title, detail, restart)
            response = Response(body, status, content_type="text/html; charset=utf-8")
        else:
            problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
            response = Response(
                json.dumps(problem | extra, ensure_ascii=False) + "\n",
                status,
                content_type="application/problem+json",
            )
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept"
        return response
