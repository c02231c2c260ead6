"""Posts of one activity each, recorded together: those that wait share one look and one commit.

What is told here is what `writing` tells by way of Flask, to which all is left that is not plain.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from werkzeug.http import quote_etag

from feedserver.assembly import Server
from feedserver.errors import FeedserverError, NotYet, StoreBusy, StoreError
from feedserver.model.activity import Activity, Draft
from feedserver.model.addresses import activity_path
from feedserver.parsers.documents import MEDIA_TYPES
from feedserver.services.intake import Outcome
from feedserver.services.reading import Reading, represent
from feedserver.web.access import Access
from feedserver.web.finishing import Finishing
from feedserver.web.hot import Answer, Headers
from feedserver.web.negotiation import format_of

logger = logging.getLogger(__name__)

Environ = dict[str, Any]

PATH = "/activities"
REFUSED = "feedserver.refused"
"""Under that name in the environ stands the error with which a post was refused already."""
MOST = 64  # posts that are recorded together
LARGEST = 64 * 1024  # bytes of one of them

_HAVE_A_SAY = (
    *("HTTP_CONTENT_ENCODING", "HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE"),
    *("HTTP_SLUG", "HTTP_TRANSFER_ENCODING"),
)
"""Headers by which another answer may be right."""
_FORMATS = {"as1": "as1", "as2": "json", "atom": "atom"}
"""In which dialect it came, in that it is given back."""


@dataclass(frozen=True, slots=True)
class Post:
    """A request that is plain, its body, and when it came, by `perf_counter`."""

    environ: Environ
    body: bytes
    came: float


class Posting:
    """Takes posts of one activity each without Flask.

    `wrote` is told the outcome of each, for the metrics; `noticed` is called when something was
    recorded.
    """

    def __init__(
        self,
        server: Server,
        access: Access,
        finishing: Finishing,
        wrote: Callable[[str], None],
        noticed: Callable[[], None],
    ) -> None:
        self._server = server
        self._access = access
        self._finishing = finishing
        self._wrote = wrote
        self._noticed = noticed
        self._largest = min(LARGEST, server.settings.limits.max_body)
        self._busy, self._gave_up = "", 0.0  # what was told, and when, by `perf_counter`

    def is_plain(self, environ: Environ) -> bool:
        """Whether it can be taken here, as far as its head tells."""
        return (
            environ["PATH_INFO"] == PATH
            and environ["REQUEST_METHOD"] == "POST"
            and not environ["QUERY_STRING"]
            and bool(_type_of(environ)[0])
            and 0 < _length(environ) <= self._largest
            and not any(name in environ for name in _HAVE_A_SAY)
        )

    def answers(self, posts: Sequence[Post]) -> Sequence[Answer | None]:
        """Record what is new of the posts, and answer each of those; None for all others.

        Of those nothing was recorded; Flask answers them.
        """
        read = [self._read(post) for post in posts]
        try:
            made = iter(self._recorded(posts, [draft for _, draft in filter(None, read)]))
        except StoreBusy as error:
            for post, each in zip(posts, read, strict=True):
                if each is not None:
                    post.environ[REFUSED] = error
            return [None] * len(posts)
        except NotYet:
            return [None] * len(posts)
        except Exception as error:
            # Flask tries each alone, and tells what it meets; what it does not meet is told here.
            told = "posts could not be recorded together, and are tried one by one: %s"
            logger.warning(told, error, exc_info=not isinstance(error, StoreError))
            return [None] * len(posts)
        new = [(each[0], next(made)) if each else ("", None) for each in read]
        if any(activity for _, activity in new):
            self._noticed()
        return [
            None if activity is None else self._created(post, dialect, activity)
            for post, (dialect, activity) in zip(posts, new, strict=True)
        ]

    def _recorded(
        self, posts: Sequence[Post], drafts: Sequence[Draft]
    ) -> Sequence[Activity | None]:
        """What is new of the drafts; who came while others waited in vain need not wait, too."""
        if posts[0].came < self._gave_up:
            raise StoreBusy(self._busy)
        try:
            return self._server.writing.take_new(drafts)
        except StoreBusy as error:
            self._busy, self._gave_up = str(error), perf_counter()
            raise

    def _read(self, post: Post) -> tuple[str, Draft] | None:
        """The dialect and the draft, where there is nothing to tell but that it is recorded."""
        media_type, charset = _type_of(post.environ)
        try:
            grant = self._access.writes(post.environ.get("HTTP_AUTHORIZATION"))
            if grant is None:
                return None
            document = self._server.parser.read(post.body, charset, MEDIA_TYPES[media_type])
        except FeedserverError:
            return None
        except Exception:
            logger.exception("a post could not be read here, and is left to Flask")
            return None
        if document.is_collection or document.items[0].is_silent:
            return None
        draft = document.items[0].draft
        return None if draft is None else (document.dialect, replace(draft, source=grant.label))

    def _created(self, post: Post, dialect: str, activity: Activity) -> Answer | None:
        self._wrote(Outcome.RECORDED.value)
        try:
            headers, body = represented(self._server.reading, activity, dialect)
        except Exception as error:  # noqa: BLE001 - Flask tells it
            post.environ[REFUSED] = error
            return None
        headers.append(("Location", dict(headers)["Content-Location"]))
        answer = Answer(201, headers, body)
        return self._finishing.created(post.environ["REMOTE_ADDR"], PATH, answer, post.came)


def represented(reading: Reading, activity: Activity, dialect: str) -> tuple[Headers, bytes]:
    """The activity as it is given back to who sent it in that dialect: headers and body."""
    format = format_of(_FORMATS[dialect])
    view = reading.activity_view(activity, represent(format))
    body = format.render_activity(activity, reading.page_of(view))
    headers = [
        ("Content-Type", format.media_type),
        ("Content-Length", str(len(body))),
        ("ETag", quote_etag(view.etag)),
        ("Content-Location", reading.base_url + activity_path(activity.id)),
        ("Cache-Control", "no-store"),
    ]
    return headers, body


def _type_of(environ: Environ) -> tuple[str, str | None]:
    """The media type of the body and its charset; an empty one where it is not plain."""
    name, _, parameters = environ.get("CONTENT_TYPE", "").lower().partition(";")
    parameter = parameters.strip()
    is_plain = name.strip() in MEDIA_TYPES and parameter in ("", "charset=utf-8")
    return (name.strip() if is_plain else ""), "utf-8" if parameter else None


def _length(environ: Environ) -> int:
    length = environ.get("CONTENT_LENGTH", "")
    return int(length) if length.isdecimal() else 0
