"""Which format an answer has: by the extension, else by `Accept` (RFC 9110, section 12.5.1)."""

from flask import request

from feedserver import __version__
from feedserver.errors import NotAcceptable
from feedserver.formats import FORMATS
from feedserver.ports import Format
from feedserver.services.reading import Representation, represent

HTML = Representation(None, "text/html; charset=utf-8", __version__)
_PAGE = ("text/html", "application/xhtml+xml")

_formats: dict[str, Format] = {}


def format_of(extension: str) -> Format:
    """The format of that extension."""
    if extension not in _formats:
        _formats[extension] = FORMATS[extension]()
    return _formats[extension]


def negotiate(extension: str | None) -> Representation:
    """The representation that the extension names, or that the reader's `Accept` likes best.

    Of equally liked ones Atom wins: a feed reader names a page and feeds alike, a browser likes
    the page best. Raises NotAcceptable where the reader accepts nothing of what there is; an
    `Accept` in which no media type stands is as none.
    """
    if extension is not None:
        return represent(format_of(extension))
    if not any("/" in name for name in request.accept_mimetypes.values()):
        return represent(format_of("atom"))
    offers = [represent(format_of("atom")), HTML]
    types = [format_of("atom").accepted_as, _PAGE]
    for other in FORMATS:
        if other != "atom":
            offers.append(represent(format_of(other)))
            types.append(format_of(other).accepted_as)
    liking = [max(_quality(name) for name in names) for names in types]
    best = max(liking)
    if best <= 0:
        wanted = request.headers.get("Accept", "")
        raise NotAcceptable(
            f"This can be had as {', '.join(format_of(name).title for name in FORMATS)} or a page; "
            f"you asked for {wanted[:100]}."
        )
    return offers[liking.index(best)]


def _quality(media_type: str) -> float:
    """How much the reader likes the type; the most specific range counts, its parameters do not.

    `application/ld+json; profile="…"` and `application/atom+xml;type=feed` are what we give.
    """
    general = media_type.partition("/")[0] + "/*"
    wanted = {media_type: 2, general: 1, "*/*": 0}
    found = [
        (wanted[name], quality)
        for value, quality in request.accept_mimetypes
        if (name := value.partition(";")[0].strip().lower()) in wanted
    ]
    return max(found)[1] if found else 0.0
