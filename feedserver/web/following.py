"""Who waits for a feed to be touched (`Prefer: wait`, RFC 7240), and who wakes them."""

import asyncio
import logging
import re
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from feedserver.errors import StoreError
from feedserver.model.filter import Filter
from feedserver.services.followers import WAITING, Followers
from feedserver.services.indexing import FacetIndex
from feedserver.web.hot import Hot

LONGEST_WAIT = 60  # seconds
EVERY = 0.1  # seconds between two looks at what other processes wrote, while somebody waits
SOON = 0.01  # seconds until what was recorded here is told to those who wait
LATER = 0.2  # seconds until it is read where nobody asks
PORTION = 25  # waiters that are woken before others have a turn
SLICE = 0.002  # seconds for which waiters are looked at, likewise

_WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)

logger = logging.getLogger(__name__)


def wait_of(prefer: str | None) -> int:
    """The seconds for which who prefers that waits, at most `LONGEST_WAIT`; 0 for not at all."""
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), LONGEST_WAIT) if found else 0


@dataclass(slots=True, eq=False)
class _Waiter:
    filter: Filter
    position: int
    removals: int
    woken: "asyncio.Future[None]"

    def is_touched(self, index: FacetIndex) -> bool:
        position = index.position  # what comes while it is looked at is looked at next time
        if self.removals != index.removals or index.touched(self.filter, self.position):
            return True
        self.position = position
        return False


class Following:
    """Keeps the index at the head of the log, and wakes those whose feeds are touched.

    All of it happens on one event loop, but for `notice`, which any thread may call.
    """

    def __init__(
        self, hot: Hot, index: FacetIndex, threads: Executor, followers: Followers | None = None
    ) -> None:
        self._hot = hot
        self._index = index
        self._threads = threads
        self._followers = followers or Followers()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._noticed = asyncio.Event()
        self._is_noticed = False
        self._waiters: set[_Waiter] = set()
        self._begun = self._done = 0
        self._refreshing: asyncio.Future[None] | None = None
        self._is_over = False

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiters)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; `loop` is the one on which everything else is called."""
        self._loop = loop
        self._task = loop.create_task(self._follow())

    def notice(self) -> None:
        """Something was recorded here; any thread may say so."""
        if self._loop is not None and not self._is_noticed and not self._loop.is_closed():
            self._is_noticed = True
            self._loop.call_soon_threadsafe(self._noticed.set)

    def stop(self) -> None:
        """Wake everybody, and let nobody wait any more."""
        self._is_over = True
        for waiter in self._waiters:
            _wake(waiter)
        if self._task is not None:
            self._task.cancel()

    async def catch_up(self) -> None:
        """Read what was committed before the call, as all who ask meanwhile. Raises StoreError."""
        wanted = self._begun + 1  # one that runs already may have looked before
        while self._done < wanted:
            if self._refreshing is None:
                self._begun += 1
                self._refreshing = asyncio.ensure_future(self._refresh(self._begun))
            await asyncio.shield(self._refreshing)

    async def _refresh(self, number: int) -> None:
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, self._hot.refresh)
        finally:
            self._done = number
            self._refreshing = None
            self._noticed.set()

    async def touched(
        self,
        filter: Filter,
        position: int,
        removals: int,
        seconds: float,
        gone: "asyncio.Future[None]",
    ) -> None:
        """Wait until a version behind `position` touches the feed, `seconds` at most.

        Who is `gone` waits no more.
        """
        loop = asyncio.get_running_loop()
        waiter = _Waiter(filter, position, removals, loop.create_future())
        if self._is_over or waiter.is_touched(self._index):
            return
        self._waiters.add(waiter)
        timer = loop.call_later(seconds, _wake, waiter)
        self._noticed.set()
        try:
            await asyncio.wait((waiter.woken, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            self._waiters.discard(waiter)

    async def _follow(self) -> None:
        told = (-1, -1)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._noticed.wait(), EVERY if self._waiters else None)
            if self._noticed.is_set():
                # Who polls reads what is new at once; where much comes, the rest is read together.
                await asyncio.sleep(SOON if self._waiters else LATER)
            self._is_noticed = False
            self._noticed.clear()
            try:
                if not self._hot.is_fresh():
                    await self.catch_up()
                if told != (told := (self._index.position, self._index.removals)):
                    await self._wake_touched()
                self._followers.went_on(WAITING)
            except Exception as error:
                is_known = isinstance(error, StoreError)
                logger.warning("who waits for news has to wait: %s", error, exc_info=not is_known)
                self._followers.failed(WAITING, error)
                await asyncio.sleep(1)

    async def _wake_touched(self) -> None:
        woken, until = 0, monotonic() + SLICE
        for waiter in tuple(self._waiters):
            if waiter.is_touched(self._index):
                _wake(waiter)
                woken += 1
            if woken == PORTION or monotonic() > until:
                await asyncio.sleep(0)
                woken, until = 0, monotonic() + SLICE


def _wake(waiter: _Waiter) -> None:
    if not waiter.woken.done():
        waiter.woken.set_result(None)
