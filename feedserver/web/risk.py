"""Who may have missed entries: polls that do not reach back to what the reader had before."""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from feedserver.clock import Clock
from feedserver.errors import StoreError
from feedserver.model.addresses import feed_path
from feedserver.model.cursor import parse_cursor
from feedserver.model.etag import find_etags
from feedserver.model.filter import Filter
from feedserver.model.grant import masked
from feedserver.model.query import DEFAULT_LIMIT, MAX_LIMIT
from feedserver.services.indexing import FacetIndex, Run
from feedserver.services.reading import View

PATIENCE = timedelta(minutes=5)
"""In which a reader goes on with `next`, again from each page on."""

DAY = timedelta(days=1)
"""For so long a reader counts as at risk, and is told of once."""

KEPT = 10_000  # readers with a gap; of twice as many it is known what they had, in some 3 MB
MOST_UNTOLD = 1000  # gaps that wait until somebody has time to write of them

_ALL = 2**63  # a place behind every other
_LONGEST = 300  # characters of ETags that are remembered with what they say

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a page reaches back in its feed.

    `feed` is the same for all pages of the feed in one format, `document` what the ETags of this
    one say. `start` is the place before which the page begins, None where it begins with the
    newest entry; `beyond` is that of the newest one behind its last, 0 where none is left.
    `position` is that of the log up to which it tells the feed. `path` is that of a page which is
    counted (`page=`, `per_page=`) and has no address of a feed.
    """

    filter: Filter
    extension: str
    limit: int
    feed: int
    document: bytes
    start: int | None
    beyond: int
    position: int
    path: str | None = None


def reach_of(view: View, path: str | None = None) -> Reach | None:
    """How far back that page reaches; None for one that is for people, or without entries.

    Who goes on with `prev-archive` or `after` misses nothing, and is taken at its word: those pages
    reach back to the beginning.
    """
    query, selection, extension = view.query, view.selection, view.representation.extension
    if extension is None or query.limit == 0:
        return None
    start, beyond = None if query.before is None else parse_cursor(query.before).position, 0
    if isinstance(selection, Run) or query.after is not None:
        start = _ALL
    else:
        beyond = selection.beyond
    ((_, etag),) = find_etags(view.etag)
    return Reach(
        query.filter,
        extension,
        query.limit,
        hash((query.filter, extension)),
        etag.document,
        start,
        beyond,
        view.position,
        path,
    )


@dataclass(slots=True)
class _Gap:
    """What a reader was not told: what came behind position `had`, up to the place `beyond`."""

    page: Reach
    had: int
    beyond: int
    who: str
    until: datetime
    """When it is too late to go on."""


class Gaps:
    """Finds, for this process, readers of whose feed more came between two polls than they got.

    A reader is told apart by its credentials, or, where `label` is None because everyone may read,
    by its address; and by its User-Agent, the feed and its format. `label` gives the label of the
    grant of credentials. What a reader had is told by its ETag; of one that sends none it is what
    it was given here before, so that where several such readers pass for one, a gap may not be
    seen, or be told of one that asked for the first time. A gap counts when its reader has not gone
    on in time.
    """

    def __init__(
        self,
        index: FacetIndex,
        label: Callable[[str | None], str] | None,
        clock: Clock,
    ) -> None:
        self._index = index
        self._label = label
        self._clock = clock
        # Changed without the lock, by one step each: the newer half, and the one before it.
        self._given: dict[int, int] = {}
        self._given_before: dict[int, int] = {}
        self._lock = threading.Lock()
        self._open: OrderedDict[int, _Gap] = OrderedDict()  # by reader; the oldest first
        self._at_risk: OrderedDict[int, tuple[datetime, datetime]] = OrderedDict()
        """By reader, the oldest first: the time of its last gap, and when it was told of."""
        self._untold: deque[_Gap] = deque(maxlen=MOST_UNTOLD)
        self._count = 0

    def read(
        self,
        page: Reach,
        etags: str | None,
        header: Callable[[str], str | None],
        client: str | None,
    ) -> None:
        """Note that a reader who sent those ETags was given all of that page.

        `header` gives that of a name in lower case, `client` is the address of who asks.
        It takes half a microsecond while no gap is open, and waits for nobody.
        """
        who = client if self._label is None else header("authorization")
        reader = hash((who, header("user-agent"), page.feed))
        had = self._had(page, reader, etags) if page.start is None else None
        if had is not None and had < page.beyond:
            self._note(page, reader, had, client if self._label is None else self._label(who))
        elif page.start is not None and self._open:
            self._go_on(page, page.start, reader)

    def tell(self) -> None:
        """Write into the log what has not been told yet; it may wait for the index."""
        with self._lock:
            self._settle()
        while self._untold:
            try:
                gap = self._untold.popleft()
            except IndexError:  # another thread has told it
                return
            try:
                missed = self._missed(gap)
            except StoreError:
                self._untold.appendleft(gap)
                return
            if missed:  # what was edited meanwhile stands at the head again
                _warn(gap, missed)

    def collect(self) -> Iterator[Metric]:
        """What Prometheus is told of it."""
        self.tell()
        with self._lock:
            count, at_risk = self._count, len(self._at_risk)
        yield CounterMetricFamily(
            "feedserver_polls_with_a_gap_total",
            "Polls whose page did not reach back to what the reader had, and that did not go on "
            "with `next`; counted five minutes later.",
            count,
        )
        yield GaugeMetricFamily(
            "feedserver_subscribers_at_risk",
            "Readers with such a poll within the last day: they are missing entries.",
            at_risk,
        )

    def _had(self, page: Reach, reader: int, etags: str | None) -> int | None:
        """The position up to which the reader had the feed, None where that is not known."""
        if etags is not None:
            told = _known_position if len(etags) <= _LONGEST else _position
            position = told(etags, page.document)
            if position is not None:
                return position
        key = hash((reader, page.limit))
        given = self._given
        had = given.get(key)
        if had is None:
            had = self._given_before.get(key)
        given[key] = page.position
        if len(given) >= KEPT:
            self._given_before, self._given = given, {}
        return had

    def _note(self, page: Reach, reader: int, had: int, who: str | None) -> None:
        with self._lock:
            self._settle()
            gap = self._open.pop(reader, None)
            # Who asks once more with the same ETag has begun anew, and has lost nothing yet.
            if gap is not None and gap.had != had:
                self._lose(reader, gap)
            until = self._clock() + PATIENCE
            self._open[reader] = _Gap(page, had, page.beyond, who or "a local reader", until)
            if len(self._open) > KEPT:
                self._lose(*self._open.popitem(last=False))

    def _go_on(self, page: Reach, start: int, reader: int) -> None:
        """The reader has gone on to that page: what it tells is missed no more."""
        with self._lock:
            self._settle()
            gap = self._open.get(reader)
            if gap is None or start <= gap.beyond:
                return
            gap.beyond = min(gap.beyond, page.beyond)
            gap.until = self._clock() + PATIENCE
            self._open.move_to_end(reader)
            if gap.beyond <= gap.had:
                del self._open[reader]

    def _settle(self) -> None:
        """Count the gaps of those who did not go on in time, and forget who had none for a day."""
        now = self._clock()
        while self._open and next(iter(self._open.values())).until <= now:
            self._lose(*self._open.popitem(last=False))
        while self._at_risk and next(iter(self._at_risk.values()))[0] + DAY <= now:
            self._at_risk.popitem(last=False)

    def _lose(self, reader: int, gap: _Gap) -> None:
        now = self._clock()
        self._count += 1
        _, told = self._at_risk.pop(reader, (now, None))
        if told is None or told + DAY <= now:
            self._untold.append(gap)
            told = now
        self._at_risk[reader] = now, told
        if len(self._at_risk) > KEPT:
            self._at_risk.popitem(last=False)

    def _missed(self, gap: _Gap) -> int:
        """How many entries of the feed stand behind `had`, up to `beyond`."""
        with self._index.held():
            older, newer = (
                self._index.newest(gap.page.filter, 0, place + 1).left
                for place in (gap.had, gap.beyond)
            )
        return newer - older


def _warn(gap: _Gap, missed: int) -> None:
    page = gap.page
    limit = [("limit", str(page.limit))] if page.limit != DEFAULT_LIMIT else []
    path = page.path or feed_path(page.filter, page.extension, limit)
    next, name = ("`next`", "limit") if page.path is None else ("`page=2` and on", "per_page")
    came = missed + page.limit
    mend = f"{name}={came} or more" if came <= MAX_LIMIT else f"{name}={MAX_LIMIT}, more often"
    logger.warning(
        "%s has missed %s of %s: since it asked before more came than its limit of %d. "
        "Let it follow %s until it meets what it has, or ask with %s",
        masked(gap.who),
        "1 entry" if missed == 1 else f"{missed} entries",
        masked(path),
        page.limit,
        next,
        mend,
    )


def _position(etags: str, document: bytes) -> int | None:
    """The newest position that those ETags tell of the document; None where they are of others."""
    positions = [etag.position for _, etag in find_etags(etags) if etag.document == document]
    return max(positions, default=None)


_known_position = lru_cache(maxsize=1000)(_position)
