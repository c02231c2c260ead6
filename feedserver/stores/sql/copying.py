"""A copy of the store in a file of its own, made while others use the store."""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from feedserver.errors import StoreError

PART = ".part"
"""How the name of a copy ends that is not complete: that of a process that was killed."""


def copy_to(target: Path, connection: sa.Connection) -> None:
    """Write what the store holds now into a new file, which is complete and on disk on return.

    The connection must be in no transaction that writes. Raises StoreError where the file is there
    already or cannot be written; then there is no new file.
    """
    part = None
    try:
        if target.exists():
            raise FileExistsError
        part = _beside(target)
        _fill(part, _driver(connection))
        # The name is taken first: nothing that came there meanwhile is replaced.
        target.open("xb").close()
        part.replace(target)
        _settle(target.parent)
    except FileExistsError:
        raise StoreError(
            f"{target} is there already, and a copy replaces nothing; name another file"
        ) from None
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the store cannot be copied to {target}: {error}; nothing was changed"
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    """An empty file, so that the copy never stands half done under its name."""
    descriptor, name = tempfile.mkstemp(PART, f"{target.name}.", target.parent)
    os.close(descriptor)
    return Path(name)


def _fill(part: Path, store: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        # What is half done is thrown away, so it needs no journal; it is on disk when it is whole.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        store.backup(copy)  # in one step, and so as it is at one moment
    (path,) = (row[2] for row in store.execute("PRAGMA database_list") if row[1] == "main")
    shutil.copymode(path, part)
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Bring the names in the folder to the disk, where a system can."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
