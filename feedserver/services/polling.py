"""Polling: one source, asked for what is new, and what is known of its state."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from feedserver.clock import Clock
from feedserver.errors import FeedserverError, SourceError
from feedserver.ports import Bookmark, Log, Source
from feedserver.services.intake import Intake

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is doing: `failing` is why it cannot be read, None while it can.

    `recorded`, `odd` and `failed` count, since the process started, what was recorded, what was
    odd in it, and records that could not be.
    """

    name: str
    asked: datetime | None = None
    answered: datetime | None = None
    is_behind: bool = True
    failing: str | None = None
    failing_since: datetime | None = None
    recorded: int = 0
    odd: int = 0
    failed: int = 0


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
        self.state = replace(self.state, asked=self._clock())
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
        for problem in poll.problems:
            logger.warning("%s, %s: %s", name, problem.key, problem.text)
        for problem in poll.failed:
            logger.error("%s, %s could not be recorded: %s", name, problem.key, problem.text)
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
