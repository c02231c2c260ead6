"""Connections to the store, as durable and as patient as the promises need."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url

from feedserver.errors import SettingsError, StoreBusy, StoreError
from feedserver.model.masking import masked

BUSY_TIMEOUT = 10_000  # milliseconds that a writer waits for another one to commit


def open_engine(url: str, folder: Path) -> sa.Engine:
    """An engine for the store at that SQLAlchemy URL; a relative path is relative to `folder`.

    A connection is in no transaction until `BEGIN` is said to it. Raises SettingsError where the
    URL cannot be used, and StoreError where its folder cannot be made.
    """
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: of a port that is no number
        raise SettingsError(
            f"store = {masked(url)!r} is no address of a database; write sqlite:///feedserver.db"
        ) from None
    is_file = parsed.database not in (None, "", ":memory:") and not parsed.query
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite") or not is_file:
        raise SettingsError(
            f"store = {parsed.render_as_string()!r} cannot hold a log in this version; "
            "write sqlite:///feedserver.db (a path, relative to the instance folder)"
        )
    path = folder / str(parsed.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the store's folder {path.parent} cannot be made: {error}") from error
    engine = sa.create_engine(parsed.set(database=str(path)), isolation_level="AUTOCOMMIT")
    event.listen(engine, "connect", _prepare)
    # A server that forks after the application was loaded must not share a connection.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to read with; raises StoreError where the store cannot be read."""
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise StoreError(f"the store cannot be read: {error.orig}") from error
    except sqlite3.Error as error:
        raise StoreError(f"the store cannot be read: {error}") from error


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that writes in one transaction, alone; it is on disk when the block ends.

    Raises StoreError where the store cannot be written, and then nothing was.
    """
    with storing(), engine.connect() as connection, exclusively(connection):
        yield connection


@contextmanager
def storing() -> Iterator[None]:
    """Raises StoreError where something cannot be written, or not be held by any store.

    StoreBusy it is where another program holds the store.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        kind = StoreBusy if is_busy(error.orig) else StoreError
        raise kind(f"the store cannot be written: {error.orig}") from error
    except sqlite3.Error as error:
        raise StoreError(f"the store cannot be written: {error}") from error
    except UnicodeEncodeError as error:
        raise StoreError(f"the store cannot hold half a surrogate pair: {error}") from error


@contextmanager
def exclusively(connection: sa.Connection) -> Iterator[None]:
    """One transaction, alone: no other writer from here to its commit."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        # Of a full disk SQLite has rolled back itself; its complaint must not hide the cause.
        with suppress(sa.exc.DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def cursor_of(connection: sa.Connection) -> Any:
    """A cursor of the driver, for statements that are said so often that SQLAlchemy's part counts.

    It takes 20 µs of each. Errors are those of `sqlite3`, which `writing` tells as it does others.
    """
    return connection.connection.cursor()


def keep_write_ahead(connection: sa.Connection) -> None:
    """Put the database into write-ahead mode, in which it stays."""
    # SQLite does not wait for this lock, whatever its timeout: of processes that open a new store
    # at once, some would be told that it is locked.
    deadline = monotonic() + BUSY_TIMEOUT / 1000
    while True:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            return
        except sa.exc.OperationalError as error:
            if not is_busy(error.orig) or monotonic() > deadline:
                raise
        sleep(0.01)


def is_busy(error: BaseException | None) -> bool:
    """Whether SQLite failed because another program holds the database."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return bool(code & 0xFF == sqlite3.SQLITE_BUSY)  # the upper bits tell why


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # FULL: a commit is on disk when it returns. In WAL mode NORMAL would lose the newest ones
    # at a power loss, and with them ids and positions that readers have seen. The mode itself is
    # kept in the file: it is set where the store is known to be ours.
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()
