"""Polling: one source, asked for what is new, and what is known of its state."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from feedserver.clock import Clock
from feedserver.errors import FeedserverError, SourceError
from feedserver.ports import Bookmark, Log, Poll, Source
from feedserver.services.intake import Intake

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is doing: `failing` is why it cannot be read, None while it can.

    `current` is when it was last asked and had nothing beyond what is recorded now; until there
    is such a time, when it was first asked. `recorded`, `odd` and `failed` count, since the
    process started, what was recorded, what was odd in it, and records that could not be.
    """

    name: str
    asked: datetime | None = None
    answered: datetime | None = None
    current: datetime | None = None
    is_behind: bool = True
    failing: str | None = None
    failing_since: datetime | None = None
    recorded: int = 0
    odd: int = 0
    failed: int = 0

    def lag(self, now: datetime) -> float | None:
        """Seconds by which the log may be behind the source; None before that is first asked."""
        if self.current is None:
            return None
        return max(0.0, (now - self.current).total_seconds())


def log_problems(source: str, poll: Poll) -> None:
    """Tell the log what was odd in what the source brought, and what could not be a draft."""
    for problem in poll.problems:
        logger.warning("source %s, %s: %s", source, problem.key, problem.text)
    for problem in poll.failed:
        logger.error("source %s, %s could not be recorded: %s", source, problem.key, problem.text)


class Polling:
    """Asks one source, records what it brings and keeps its bookmark."""

    def __init__(self, source: Source, log: Log, intake: Intake, clock: Clock) -> None:
        self._source = source
        self._log = log
        self._intake = intake
        self._clock = clock
        self.state = SourceState(source.name)

    def step(self) -> bool:
        """Ask once and record the answer; whether the source has more at once.

        What could not be read is in the log and in `state` before the error is raised:
        SourceError where the source fails, StoreError where the store does.
        """
        asked = self._clock()
        self.state = replace(self.state, asked=asked, current=self.state.current or asked)
        try:
            more = self._step()
        except Exception as error:
            self._note_failure(error)
            raise
        if self.state.failing is not None:
            logger.warning("source %s answers again", self._source.name)
        self.state = replace(
            self.state,
            answered=self._clock(),
            # What came while it was asked may not be in the answer.
            current=self.state.current if more else asked,
            is_behind=more,
            failing=None,
            failing_since=None,
        )
        return more

    def _step(self) -> bool:
        name = f"source {self._source.name}"
        place = self._log.bookmark(name)
        if place is None and self._source.needs_empty_log and self._log.head() > 0:
            raise SourceError(
                f'{name}: start = "all" would put old entries in front of every reader, for the '
                'log is not empty. Set start = "now", or the day from which it goes on'
            )
        poll = self._source.poll(place, self._log.known)
        log_problems(self._source.name, poll)
        positions: tuple[int, ...] = ()
        if poll.drafts or poll.place != place:
            positions = self._intake.record(poll.drafts, Bookmark(name, poll.place, place))
        self.state = replace(
            self.state,
            recorded=self.state.recorded + sum(1 for position in positions if position),
            odd=self.state.odd + len({problem.key for problem in poll.problems}),
            failed=self.state.failed + len(poll.failed),
        )
        return poll.more

    def _note_failure(self, error: Exception) -> None:
        if str(error) != self.state.failing:
            if isinstance(error, FeedserverError):
                logger.error("%s", error)
            else:
                logger.exception("source %s failed", self._source.name)
        self.state = replace(
            self.state,
            failing=str(error) or type(error).__name__,
            failing_since=self.state.failing_since or self._clock(),
        )
