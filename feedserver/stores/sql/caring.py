"""Caring for a store: it is copied while it is used, and rid of what was redacted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from feedserver.errors import StoreError
from feedserver.stores.sql import searching
from feedserver.stores.sql.copying import copy_to
from feedserver.stores.sql.engine import BUSY_TIMEOUT, is_busy, open_engine
from feedserver.stores.sql.opening import connected, refuse_older, version_of

_CANNOT = "the store cannot be vacuumed now: {}. Stop what uses it, or run this again later"


def back_up(url: str, folder: Path, target: Path) -> int:
    """Copy the store at that URL into a new file while others use it; how many bytes it has.

    Raises StoreError where there is no store, where the file is there already or cannot be
    written; then there is no new file.
    """
    with kept(url, folder) as connection:
        copy_to(target, connection)
    return target.stat().st_size


def vacuum(url: str, folder: Path, patience: int = BUSY_TIMEOUT) -> int:
    """Give back what the store's files hold beyond what is in it; how many bytes that was.

    On return nothing that was redacted is in any of them. Waits `patience` milliseconds for
    others that hold the store; raises StoreError where they do not let go, or it cannot be written.
    """
    with kept(url, folder) as connection:
        path = Path(str(connection.engine.url.database))
        before = _size(path)
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience}")
        try:
            searching.merge(connection)
            connection.exec_driver_sql("VACUUM")
        except sa.exc.OperationalError as error:
            if not is_busy(error.orig):
                raise
            raise StoreError(_CANNOT.format("another process writes to it")) from error
        # As long as somebody reads the store as it was, its write-ahead log holds what was in it.
        is_held, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if is_held:
            raise StoreError(_CANNOT.format("another process reads it as it was before"))
        return before - _size(path)


@contextmanager
def kept(url: str, folder: Path) -> Iterator[sa.Connection]:
    """A connection to a store that is there, of this program's version; else StoreError."""
    engine = open_engine(url, folder)
    path = Path(str(engine.url.database))
    if not path.exists():
        raise StoreError(f"there is no store at {path} yet")
    try:
        with connected(engine, url) as connection:
            version = version_of(connection)
            if version is None:
                raise StoreError(f"there is no store in {path} yet")
            refuse_older(connection, version)
            yield connection
    finally:
        engine.dispose()


def _size(path: Path) -> int:
    """How many bytes the store and its write-ahead log have."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
