"""The order of events: always what is due next."""

from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random

from feedserver.crm.demo.directory import Directory
from feedserver.crm.demo.ledger import record_event
from feedserver.crm.demo.life import next_event, next_step, until_next_event, until_next_step
from feedserver.crm.demo.rows import Rows
from feedserver.crm.demo.world import World
from feedserver.crm.demo.writing import Writing


class Course:
    """What the world lives through from `at` on, `speed` times as fast as is natural."""

    def __init__(
        self, world: World, directory: Directory, random: Random, at: datetime, speed: float = 1.0
    ) -> None:
        self._world = world
        self._directory = directory
        self._random = random
        self._speed = speed
        self._agenda: list[tuple[datetime, int, int | None]] = []
        self._planned = 0
        self._plan(at, until_next_event(at, random), None)
        for objid in world.open:
            self._plan_step(at, objid)

    @property
    def due(self) -> datetime:
        """When the next event is due."""
        return self._agenda[0][0]

    def advance(self, at: datetime, rows: Rows) -> None:
        """Lets the next event happen at `at`, and writes it into the rows."""
        _, _, objid = heappop(self._agenda)
        writing = Writing(rows, self._directory, self._world, at)
        if objid is None:
            objid = record_event(next_event(self._world, self._random), writing)
            self._plan(at, until_next_event(at, self._random), None)
        else:
            record_event(next_step(self._world.open[objid], self._random), writing)
        if objid in self._world.open:
            self._plan_step(at, objid)

    def _plan_step(self, at: datetime, objid: int) -> None:
        pause = until_next_step(self._world.open[objid], at, self._random)
        self._plan(at, pause, objid)

    def _plan(self, at: datetime, pause: timedelta, objid: int | None) -> None:
        # The running number keeps the order of planning where two are due at the same time.
        self._planned += 1
        heappush(self._agenda, (at + pause / self._speed, self._planned, objid))
