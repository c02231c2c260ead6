"""Conditional answers: ETags, dates, 304, and the encoding of the body (RFC 9110)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Response, request
from werkzeug.http import http_date, parse_accept_header, parse_date

from feedserver.web.bodies import Bodies
from feedserver.web.encodings import ENCODINGS, IDENTITY, accepted, encode

VARY = "Accept, Accept-Encoding"
VARY_OF_HEADS = f"{VARY}, A-IM"
"""Of feeds, whose changes can be had alone."""
# In the `Accept` of feedparser, which asks for deltas in the name of every program that uses it. To
# many of those, as to rss2email up to 3.14, each status but 200 and 304 is an error.
_LIBRARY = "application/x-netcdf"
CACHE_CONTROL = "no-cache"  # keep it, and ask each time: a 304 costs little and is never stale


@dataclass(frozen=True, slots=True)
class Changed:
    """What `make` gives is enough for a reader that has the body whose ETag was `base`."""

    base: str
    make: Callable[[], bytes]


def wanted_since() -> str | None:
    """What a reader has, as it told it, that wants a feed's changes alone (RFC 3229).

    None where it does not, or tells no ETag, or where a library alone wants them.
    """
    headers = request.headers
    taken = parse_accept_header(headers.get("A-IM"))
    wants = any(name.lower() == "feed" and quality > 0 for name, quality in taken)
    if not wants or _LIBRARY in headers.get("Accept", ""):
        return None
    return headers.get("If-None-Match")


def variants(etag: str) -> tuple[str, ...]:
    """The ETag as it is in each encoding."""
    return tuple(tagged(etag, encoding) for encoding in ENCODINGS)


def answer(
    etag: str,
    media_type: str,
    bodies: Bodies,
    make: Callable[[], bytes],
    *,
    modified: datetime | None = None,
    now: datetime | None = None,
    cache_control: str = CACHE_CONTROL,
    changed: Changed | None = None,
    vary: str = VARY,
    name: str | None = None,
) -> Response:
    """The answer with the body that `make` gives, or a 304 if the reader has it.

    Or, where `changed` is given, a 226 with that; it has the ETag of the whole body, for that is
    what the reader has then, and nothing but the reader may keep it.

    Each encoding has a strong ETag of its own, which may be another body's at another address
    (RFC 9110, section 8.8.3): `name` is what the body is called, if not by the ETag. `modified` is
    the whole second, before this one, in which the body became what it is, None where that is not
    exact; `now` is the time by which a reader's date is known to lie in the future, and without it
    no date is believed.
    """
    headers = request.headers
    taken = accepted(headers.get("Accept-Encoding"))
    known = headers.get("If-None-Match")
    if known is None:
        had = taken[0] if _has_since(headers.get("If-Modified-Since"), modified, now) else None
    else:
        had = encoding_had(known, etag, taken)
    encoding = had or taken[0]
    if had is not None:
        response = Response(status=304)
        del response.headers["Content-Type"]
    elif changed is not None:
        body = changed.make()
        packed = body if encoding == IDENTITY else encode(body, encoding)
        response = Response(packed, 226, content_type=media_type)
        response.headers["IM"] = "feed"
        response.headers["Delta-Base"] = f'"{changed.base}"'
        cache_control = "no-store"
    else:
        response = Response(bodies.get(name or etag, encoding, make), content_type=media_type)
    if had is None and encoding != IDENTITY:
        response.headers["Content-Encoding"] = encoding
    response.headers["ETag"] = f'"{tagged(etag, encoding)}"'
    response.headers["Vary"] = vary
    response.headers["Cache-Control"] = cache_control
    if modified is not None:
        response.headers["Last-Modified"] = http_date(modified)
    return response


def tagged(etag: str, encoding: str) -> str:
    return etag if encoding == IDENTITY else f"{etag}-{encoding}"


def encoding_had(known: str, etag: str, taken: tuple[str, ...]) -> str | None:
    """The encoding in which the reader has the body, None where it has another body.

    What it has and takes is as good as what it likes best: proxies compress, or not, on the way,
    and add the suffix to the ETag or leave it as it is. They weaken it too, and some readers send
    it without its quotes. Our own ETags hold neither quote nor comma, so that this needs no more.
    """
    if known.strip() == "*":
        return taken[0]
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in known.split(",")}
    return next((encoding for encoding in taken if tagged(etag, encoding) in tags), None)


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
