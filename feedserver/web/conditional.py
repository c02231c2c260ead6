"""Conditional answers: ETags, 304, and the encoding of the body (RFC 9110)."""

from collections.abc import Callable

from flask import Response, request

from feedserver.web.bodies import Bodies

VARY = "Accept, Accept-Encoding"
CACHE_CONTROL = "no-cache"  # keep it, and ask each time: a 304 costs little and is never stale
_GZIP = "-gzip"


def answer(etag: str, media_type: str, bodies: Bodies, make: Callable[[], bytes]) -> Response:
    """The answer with the body that `make` gives, or a 304 if the reader has it.

    Each encoding has a strong ETag of its own. Either is known again, for proxies compress, or
    not, on the way, and leave the ETag as it is or add the suffix.
    """
    compressed = _wants_gzip()
    tag = etag + _GZIP if compressed else etag
    if _is_had(etag):
        response = Response(status=304)
        del response.headers["Content-Type"]
    else:
        response = Response(bodies.get(etag, compressed, make), content_type=media_type)
        if compressed:
            response.headers["Content-Encoding"] = "gzip"
    response.set_etag(tag)
    response.headers["Vary"] = VARY
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response


def _wants_gzip() -> bool:
    accepted = request.accept_encodings
    quality = accepted.quality("gzip")
    return bool(accepted) and quality > 0 and quality >= accepted.quality("identity")


def _is_had(etag: str) -> bool:
    had = request.if_none_match
    return any(had.contains_weak(known) for known in (etag, etag + _GZIP))
