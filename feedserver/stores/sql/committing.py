"""Group commit: writers that come while another one commits are committed together."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from feedserver.errors import StoreBusy, StoreError
from feedserver.stores.sql.engine import writing

MAX_ROWS = 500  # that are committed together, where more than one writer wait
MAX_BYTES = 4 * 1024 * 1024


class Part(Protocol):
    """What one writer has to write: how many rows, and how many bytes."""

    @property
    def rows(self) -> int: ...
    @property
    def size(self) -> int: ...


Write = Callable[[sa.Connection, Sequence[Any]], Sequence[Any]]
"""Writes the parts, all or none and in their order, and gives an outcome for each.

An outcome that is an exception is raised to its writer: that part has written nothing. What is
raised instead takes all of them back.
"""


class Committing:
    """Lets one writer at a time write, for itself and for all who wait.

    It needs no thread of its own: who comes when nobody writes, writes at once; who comes
    meanwhile waits, and the first of those writes next. The order of the commits is the order in
    which they came.
    """

    def __init__(self, engine: sa.Engine, write: Write) -> None:
        self._engine = engine
        self._write = write
        self._waiting: deque[_Waiting] = deque()
        self._next: _Waiting | None = None
        self._is_writing = False
        self._lock = threading.Lock()

    def commit(self, part: Part) -> Any:
        """Write the part; its outcome, and on return it is on disk.

        Where it fails, nothing of it was written, and whoever was written with it is not touched.
        Raises StoreError, and what writing it raises.
        """
        mine = _Waiting(part)
        with self._lock:
            self._waiting.append(mine)
            is_first, self._is_writing = not self._is_writing, True
        if not is_first:
            self._wait(mine)
        if not mine.is_done:
            self._lead()
        if isinstance(mine.outcome, StoreError):  # which may be told to several threads at once
            raise type(mine.outcome)(*mine.outcome.args) from mine.outcome
        if isinstance(mine.outcome, BaseException):
            raise mine.outcome
        return mine.outcome

    def _wait(self, mine: "_Waiting") -> None:
        """Wait until it is done, or it is its turn."""
        try:
            mine.woken.acquire()
        except BaseException:  # whoever is stopped while waiting must not stop those behind
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                if mine is self._next:
                    self._wake_next()
            raise

    def _wake_next(self) -> None:
        """Let the first of those who wait write; the lock is held."""
        self._next = self._waiting[0] if self._waiting else None
        self._is_writing = self._next is not None
        if self._next is not None:
            self._next.woken.release()

    def _lead(self) -> None:
        """Write for the first of those who wait, and for as many as may be written with it."""
        group = self._group()
        outcomes: Sequence[Any] = [StoreError("the writing was broken off")] * len(group)
        try:
            outcomes = self._outcomes([each.part for each in group])
        finally:
            with self._lock:
                if isinstance(outcomes[-1], StoreBusy):
                    # Who has come meanwhile is told the same, and need not wait as long once more.
                    outcomes = [*outcomes, *[outcomes[-1]] * len(self._waiting)]
                    group += self._waiting
                    self._waiting.clear()
                self._wake_next()  # first of all: it begins while the others answer
            for each, outcome in zip(group, outcomes, strict=True):
                each.outcome, each.is_done = outcome, True
                each.woken.release()

    def _group(self) -> list["_Waiting"]:
        with self._lock:
            group = [self._waiting.popleft()]
            rows, size = group[0].part.rows, group[0].part.size
            while self._waiting:
                part = self._waiting[0].part
                rows, size = rows + part.rows, size + part.size
                if rows > MAX_ROWS or size > MAX_BYTES:
                    break
                group.append(self._waiting.popleft())
        return group

    def _outcomes(self, parts: Sequence[Part]) -> Sequence[Any]:
        """What became of the parts: written together or, where one of them fails, each alone."""
        is_in_hand = False
        try:
            with writing(self._engine) as connection:
                is_in_hand = True
                outcomes = self._write(connection, parts)
                is_in_hand = False
        except Exception as error:  # noqa: BLE001 - it is raised to the writer of the part
            # Where it is the lock that cannot be had, or the commit that fails, none could do it.
            if not is_in_hand or len(parts) == 1:
                return [error] * len(parts)
        else:
            return outcomes
        return [outcome for part in parts for outcome in self._outcomes([part])]


class _Waiting:
    """A writer that waits for its part to be committed, or for its turn to write."""

    __slots__ = ("is_done", "outcome", "part", "woken")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.outcome: Any = None
        self.is_done = False
        self.woken = threading.Lock()
        self.woken.acquire()
