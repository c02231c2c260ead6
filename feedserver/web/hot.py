"""Polls of feeds that nothing has touched, answered from memory: no thread, no Flask."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from feedserver.clock import Clock
from feedserver.keeping import Kept
from feedserver.model.filter import Filter
from feedserver.ports import Log
from feedserver.services.indexing import FacetIndex
from feedserver.web.bodies import Bodies
from feedserver.web.conditional import encoding_had, tagged
from feedserver.web.encodings import accepted
from feedserver.web.polls import Polls
from feedserver.web.risk import Gaps, Reach

CAPACITY = 32 * 1024 * 1024  # bytes of answers that are kept, without their bodies
SELECTED = "feedserver.selected"
"""Under that name in the WSGI environ a view leaves what it selected, for whoever may keep it."""

_OF_BODIES = (
    *("content-type", "content-encoding", "content-length"),
    *("etag", "last-modified", "link"),
)
"""Headers that a 304 leaves out (RFC 9110, section 15.4.5), or has an own one of."""
_OF_ONE_FEED = ("content-length", "etag", "last-modified", "link")
_MOST_ADMITTED = 1000  # readers whose credentials are remembered
_LONGEST = 500  # characters of theirs
_OF_A_NAME = 300  # bytes of a name in its filter
_OWN_SIZE = 1600  # bytes of an answer beside its texts

Pair = tuple[str, str]
Headers = list[Pair]
Header = Callable[[str], str | None]
"""Gives the header of that name, which is in lower case."""
Client = Callable[[], tuple[str | None, str]]
"""Gives the address and the port of who asks."""
Key = tuple[str, str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Selected:
    """What a page of a feed was made of, and as of when.

    `etag` is without an encoding, `body` the name of the body. `expires` is the time from
    which its headers may be others though nothing touched the feed; None is never.
    `goes_on` says that it tells where to go on: that moves with every version. `is_empty` is such
    a page without entries. `polled` counts with the polls of the feed; None is free. `reach` tells
    what who reads it may miss; None is nothing.
    """

    filter: Filter
    position: int
    removals: int
    etag: str
    body: str
    format: str
    expires: datetime | None
    goes_on: bool
    is_empty: bool
    polled: int | None
    reach: Reach | None = None


class Answer(NamedTuple):
    """A whole answer; `selected` is what it shows, and stands up to position `position`.

    `is_remembered` says that it comes from memory, and is not counted yet.
    """

    status: int
    headers: Headers
    body: bytes
    selected: Selected | None = None
    position: int = 0
    is_remembered: bool = False

    @property
    def is_news(self) -> bool:
        """Whether it tells the reader something; if not, the reader may want to wait."""
        return self.selected is None or not (self.status == 304 or self.selected.is_empty)


class _Polled:
    """What is answered to a request, as long as nothing touches the feed."""

    __slots__ = (
        *("full", "is_known", "modified", "position", "quoted", "rest"),
        *("same", "seen", "selected", "taken"),
    )

    def __init__(self, selected: Selected, taken: tuple[str, ...]) -> None:
        self.selected = selected
        self.taken = taken
        self.position = selected.position
        self.quoted = f'"{tagged(selected.etag, taken[0])}"'
        self.is_known = True
        """Whether something has each of its names."""
        self.seen = -2
        """What was known of the store when it was looked at last whether it stands."""
        self.same: Answer | None = None
        """The 304 that most are answered with, made once."""
        self.modified: str | None = None
        self.full: Headers | None = None
        """The headers of a body; None where none was answered yet."""
        self.rest: tuple[Pair, ...] = ()
        """Those that a 304 has too, but for the ETag."""


class Hot:
    """Answers what was answered before, exactly as it was, for as long as it would be again.

    It learns from the answers themselves. What it cannot answer, it leaves: None. Its answers are
    of the moment at which it was fresh: who asks sees to that first. `admits` tells who may read by
    their credentials; None is everybody.
    """

    def __init__(
        self,
        log: Log,
        index: FacetIndex,
        bodies: Bodies,
        polls: Polls,
        admits: Callable[[str | None], bool] | None,
        clock: Clock,
        count: Callable[[str, int], None],
        gaps: Gaps,
        capacity: int = CAPACITY,
    ) -> None:
        self._log = log
        self._index = index
        self._bodies = bodies
        self._polls = polls
        self._admits = admits
        self._clock = clock
        self._gaps = gaps
        self.count = count
        """To be told of each of its answers that is sent: the format and the status."""
        self._kept: Kept[Key, _Polled] = Kept(capacity)
        self.kept = self._kept.get
        """As `find`, by the key itself."""
        self._common: dict[Pair, Pair] = {}
        self._admitted: dict[str | None, int] = {}
        """By their credentials, who was let in: and what was known of the store then."""
        self._seen = -1
        self._lock = threading.Lock()

    def is_fresh(self) -> bool:
        """Whether nothing was committed, by whichever process, that is not known here.

        It takes 5 µs. Raises StoreError.
        """
        return self._log.changes() == self._seen

    def refresh(self) -> None:
        """Read what was committed before the call. Raises StoreError."""
        with self._lock:
            seen = self._log.changes()  # before it is read: what comes meanwhile is seen next time
            self._index.catch_up()
            self._seen = seen

    def find(self, path: str, query: str, header: Header) -> _Polled | None:
        """What may be answered to that request, if it was asked before."""
        return self._kept.get((path, query, header("accept"), header("accept-encoding")))

    def answer(self, polled: _Polled, method: str, header: Header, client: Client) -> Answer | None:
        """The answer to the request for which that was found, None where it has to be made."""
        if not self._stands(polled) or not self._is_admitted(header("authorization")):
            return None
        known = header("if-none-match")
        if known is not None:
            if known == polled.quoted:
                if polled.same is None:
                    polled.same = self._unchanged(polled, polled.taken[0])
                return polled.same
            encoding = encoding_had(known, polled.selected.etag, polled.taken)
            if encoding is not None:
                return self._unchanged(polled, encoding)
            if header("a-im") is not None:
                return None  # of what changed since it is told
        elif (since := header("if-modified-since")) is not None:
            if since != polled.modified:
                return None
            return self._unchanged(polled, polled.taken[0])
        selected = polled.selected
        body = self._bodies.find(selected.body, polled.taken[0])
        if polled.full is None or body is None:
            return None
        address, _ = client()
        if (
            known is None
            and selected.polled is not None
            and self._polls.limits(address)
            and self._polls.count(hash((address, selected.polled)))
        ):
            return None
        if method != "GET":
            return Answer(200, polled.full, b"", selected, polled.position, True)
        if selected.reach is not None:
            self._gaps.read(selected.reach, known, header, address)
        return Answer(200, polled.full, body, selected, polled.position, True)

    def _unchanged(self, polled: _Polled, encoding: str) -> Answer:
        is_first = encoding == polled.taken[0]
        etag = polled.quoted if is_first else f'"{tagged(polled.selected.etag, encoding)}"'
        headers = [("ETag", etag), *polled.rest]
        return Answer(304, headers, b"", polled.selected, polled.position, True)

    def _stands(self, polled: _Polled) -> bool:
        """Whether it would be answered so again; it is noted how far that is known."""
        selected, index, seen = polled.selected, self._index, self._seen
        if polled.seen == seen and selected.expires is None:
            return True  # nothing was committed since
        if selected.removals != index.removals:
            return False
        if selected.expires is not None and selected.expires <= self._clock():
            return False
        position = index.position
        if polled.position != position:
            if selected.goes_on or not polled.is_known:
                return False
            if index.touched(selected.filter, polled.position):
                return False
            polled.position = position
        polled.seen = seen
        return True

    def _is_admitted(self, credentials: str | None) -> bool:
        """Whether who comes with them may read; asked once for all that is known of the store."""
        if self._admits is None or self._admitted.get(credentials) == self._seen:
            return True
        seen = self._seen
        if not self._admits(credentials):
            return False
        if len(self._admitted) >= _MOST_ADMITTED:
            self._admitted.clear()
        if len(credentials or "") <= _LONGEST:
            self._admitted[credentials] = seen
        return True

    def learn(self, key: Key, selected: Selected, answer: Answer) -> None:
        """Keep what was answered to a request."""
        if answer.status not in (200, 304):
            return
        polled = _Polled(selected, accepted(key[3]))
        # Of a name that nothing has it is told which are like it: those that are in use just now.
        polled.is_known = all(
            self._index.find_name(*name) is not None for name in selected.filter.names
        )
        before = self._kept.get(key)
        if before is not None and before.selected.expires is None:
            polled.full = before.full if before.selected.etag == selected.etag else None
        # Most are the same for every feed; so they are kept once.
        headers = [
            pair if pair[0].lower() in _OF_ONE_FEED else self._common.setdefault(pair, pair)
            for pair in answer.headers
        ]
        if answer.status == 200:
            polled.full = headers
        polled.rest = tuple(pair for pair in headers if pair[0].lower() not in _OF_BODIES)
        dates = [value for name, value in polled.full or () if name.lower() == "last-modified"]
        polled.modified = dates[0] if dates else None
        self._kept.put(key, polled, _size(key, polled))


def _size(key: Key, polled: _Polled) -> int:
    """About the bytes that it takes, as `tracemalloc` counts them."""
    own = [value for name, value in polled.full or () if name.lower() in _OF_ONE_FEED]
    texts = [text for text in (*key, *own, polled.selected.etag, polled.selected.body) if text]
    return _OWN_SIZE + _OF_A_NAME * len(polled.selected.filter.pairs) + sum(map(len, texts))
