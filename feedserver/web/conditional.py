"""Conditional answers: ETags, dates, 304, and the encoding of the body (RFC 9110)."""

from collections.abc import Callable
from datetime import datetime

from flask import Response, request
from werkzeug.http import http_date, parse_date

from feedserver.web.bodies import Bodies
from feedserver.web.encodings import ENCODINGS, IDENTITY, accepted

VARY = "Accept, Accept-Encoding"
CACHE_CONTROL = "no-cache"  # keep it, and ask each time: a 304 costs little and is never stale


def variants(etag: str) -> tuple[str, ...]:
    """The ETag as it is in each encoding."""
    return tuple(_tag(etag, encoding) for encoding in ENCODINGS)


def answer(
    etag: str,
    media_type: str,
    bodies: Bodies,
    make: Callable[[], bytes],
    *,
    modified: datetime | None = None,
    now: datetime | None = None,
    cache_control: str = CACHE_CONTROL,
) -> Response:
    """The answer with the body that `make` gives, or a 304 if the reader has it.

    Each encoding has a strong ETag of its own. `modified` is the whole second, before this one,
    in which the body became what it is, None where that is not exact; `now` is the time by which
    a reader's date is known to lie in the future, and without it no date is believed.
    """
    headers = request.headers
    taken = accepted(headers.get("Accept-Encoding"))
    known = headers.get("If-None-Match")
    if known is None:
        had = taken[0] if _has_since(headers.get("If-Modified-Since"), modified, now) else None
    else:
        had = _had(known, etag, taken)
    encoding = had or taken[0]
    if had is not None:
        response = Response(status=304)
        del response.headers["Content-Type"]
    else:
        response = Response(bodies.get(etag, encoding, make), content_type=media_type)
        if encoding != IDENTITY:
            response.headers["Content-Encoding"] = encoding
    response.headers["ETag"] = f'"{_tag(etag, encoding)}"'
    response.headers["Vary"] = VARY
    response.headers["Cache-Control"] = cache_control
    if modified is not None:
        response.headers["Last-Modified"] = http_date(modified)
    return response


def _tag(etag: str, encoding: str) -> str:
    return etag if encoding == IDENTITY else f"{etag}-{encoding}"


def _had(known: str, etag: str, taken: tuple[str, ...]) -> str | None:
    """The encoding in which the reader has the body, None where it has another body.

    What it has and takes is as good as what it likes best: proxies compress, or not, on the way,
    and add the suffix to the ETag or leave it as it is. They weaken it too, and some readers send
    it without its quotes. Our own ETags hold neither quote nor comma, so that this needs no more.
    """
    if known.strip() == "*":
        return taken[0]
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in known.split(",")}
    return next((encoding for encoding in taken if _tag(etag, encoding) in tags), None)


def _has_since(since: str | None, modified: datetime | None, now: datetime | None) -> bool:
    """Whether nothing changed since that date; what is no date, or cannot be one, says nothing.

    Some readers send the year 1800, or the time of a clock that is ahead.
    """
    date = date_of(since)
    return not (date is None or modified is None or now is None) and modified <= date <= now


def date_of(text: str | None) -> datetime | None:
    """The date that an HTTP field holds, None where it is none."""
    try:
        return parse_date(text)
    except OverflowError:  # which the standard library raises for a year of thirty digits
        return None
