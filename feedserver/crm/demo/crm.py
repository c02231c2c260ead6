"""The demo CRM as a whole: its file, its history and its life."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import URL, Connection, Engine, create_engine, func, select

from feedserver.crm.demo.course import Course
from feedserver.crm.demo.directory import read_directory
from feedserver.crm.demo.recall import read_world
from feedserver.crm.demo.rows import Objids, Rows
from feedserver.crm.demo.schema import ACT_ENTRY, METADATA, instant
from feedserver.crm.demo.setting import set_scene

Clock = Callable[[], datetime]

_SECONDS_TO_WAIT_FOR_A_LOCK = 30


class DemoCrm:
    """A made-up company's CRM in one SQLite file with Clarify's tables.

    Nobody else may write to the file; any number may read. The clock returns aware datetimes in
    UTC. The same seed and the same time make the same history.
    """

    def __init__(self, path: Path, clock: Clock, seed: int = 1) -> None:
        self._path = path.absolute()
        self._clock = clock
        self._seed = seed

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database."""
        return _url(self._path).render_as_string()

    def prepare(self, days: int = 5) -> None:
        """Creates the database with a history of so many days up to now, if there is none."""
        if self._path.exists():
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.draft")
        _remove(draft)
        with _engine(draft) as engine:
            self._write_history(engine, days)
        # What a lost database has left beside it would be replayed into the new one.
        _remove(self._path)
        draft.rename(self._path)

    def live(self, speed: float, stop: threading.Event) -> None:
        """Goes on from the rows that are there, until `stop` is set.

        Everything comes `speed` times as fast as is natural, and bears the true time of the
        clock. Raises FileNotFoundError if the database has not been prepared, and ValueError if
        the speed is not above zero.
        """
        if speed <= 0:
            raise ValueError(f"the demo CRM cannot live at speed {speed}; it must be above 0")
        if not self._path.exists():
            raise FileNotFoundError(f"no demo CRM at {self._path}; prepare() creates it")
        with _engine(self._path) as engine:
            self._live_on(engine, speed, stop)

    def _write_history(self, engine: Engine, days: int) -> None:
        now = self._clock()
        start = now - timedelta(days=days)
        with engine.connect() as connection:
            # Until it bears its name nobody misses the file, so nothing has to reach the disk.
            connection.exec_driver_sql("PRAGMA synchronous=OFF")
            METADATA.create_all(connection)
            scene = Rows(Objids())
            set_scene(scene)
            scene.write(connection)
            rows = Rows(Objids.read(connection))
            course = Course(
                read_world(connection), read_directory(connection), Random(self._seed), start
            )
            while course.due <= now:
                course.advance(course.due, rows)
            rows.write(connection)
            connection.commit()
            # The mode is kept in the file: readers then see whole steps and never wait.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    def _live_on(self, engine: Engine, speed: float, stop: threading.Event) -> None:
        with engine.connect() as connection:
            objids = Objids.read(connection)
            # With the objid a second life does not repeat the choices of the first.
            random = Random(f"{self._seed}/{objids.newest(ACT_ENTRY)}")
            world, directory = read_world(connection), read_directory(connection)
            newest = _newest_time(connection)
            connection.rollback()
        course = Course(world, directory, random, self._clock(), speed)
        while not stop.is_set():
            now = self._clock()
            # A clock that was set back is waited for, lest entries go back in time.
            due = course.due if newest is None else max(course.due, newest)
            if now < due:
                stop.wait((due - now).total_seconds())
                continue
            rows = Rows(objids)
            course.advance(now, rows)
            with engine.begin() as connection:
                rows.write(connection)
            newest = now


def _newest_time(connection: Connection) -> datetime | None:
    newest = connection.scalar(select(func.max(ACT_ENTRY.c.entry_time)))
    return None if newest is None else instant(newest)


def _url(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))


@contextmanager
def _engine(path: Path) -> Iterator[Engine]:
    """An engine for the file, which leaves no connection open."""
    engine = create_engine(_url(path), connect_args={"timeout": _SECONDS_TO_WAIT_FOR_A_LOCK})
    try:
        yield engine
    finally:
        engine.dispose()


def _remove(database: Path) -> None:
    """Removes the file, and what SQLite may have put beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
