"""Whether anything was committed to the store since somebody looked, by whichever process."""

import os
import sqlite3
import threading
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from feedserver.errors import StoreError
from feedserver.stores.sql.engine import cursor_of

_OPENED = 1 << 32  # what each connection adds: more than one ever counts


class Changes:
    """Asks one connection of its own, which never writes.

    SQLite tells a connection of every commit but of its own ones.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._opened = 0
        self._connection: sa.Connection | None = None
        self._cursor: Any = None
        """Of that connection: another one for each look would take a microsecond more."""
        self._begin()
        # As in `engine`: a process that was forked shares no connection, and no lock that is held.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def count(self) -> int:
        """A number that differs whenever anything was committed since it was last asked.

        It takes 3 µs. Raises StoreError.
        """
        with self._lock:
            ((version,),) = self._ask("PRAGMA data_version")
            return self._opened + int(version)

    def read(self, statement: str) -> Sequence[Any]:
        """The rows of that statement, on the same connection: it takes a tenth of one of the pool.

        Raises StoreError.
        """
        with self._lock:
            return self._ask(statement)

    def close(self) -> None:
        """Give the connection back; asked again, another one is opened."""
        with self._lock:
            self._close()

    def _begin(self) -> None:
        # SQLite forbids to close in a child what its parent opened: it is kept, and never used.
        self._of_parent = self._connection, self._cursor
        self._connection = self._cursor = None
        self._lock = threading.Lock()

    def _ask(self, statement: str) -> Sequence[Any]:
        try:
            cursor = self._cursor or self._open()
            rows: Sequence[Any] = cursor.execute(statement).fetchall()
        except (sqlite3.Error, sa.exc.DBAPIError) as error:
            self._close()
            raise StoreError(
                f"the store cannot be read: {getattr(error, 'orig', error)}"
            ) from error
        return rows

    def _open(self) -> Any:
        self._opened += _OPENED
        self._connection = self._engine.connect()
        self._cursor = cursor_of(self._connection)
        return self._cursor

    def _close(self) -> None:
        self._cursor = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
