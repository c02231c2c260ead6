"""Examining: a store is looked at as it is; nothing is made, migrated or written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url

from feedserver.clock import Clock
from feedserver.stores.sql import tables
from feedserver.stores.sql.engine import open_engine
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import connected, refuse_older, version_of


@dataclass(frozen=True, slots=True)
class Examined:
    """A store that is there, of this program's version, and its log; to be read only.

    `size` is that of its files in bytes, `mode` how SQLite writes it. `has_full_text` says whether
    the SQLite that runs here can search text.
    """

    log: SqlLog
    size: int
    mode: str
    has_full_text: bool
    _connection: sa.Connection

    def damage(self) -> list[str]:
        """What is damaged in the file, a line each; reads all of it, if not its content."""
        try:
            found = list(self._connection.exec_driver_sql("PRAGMA quick_check").scalars())
        except sa.exc.DatabaseError as error:  # of some pages SQLite itself makes nothing
            return [str(error.orig)]
        return [] if found == ["ok"] else found


def path_of(url: str, folder: Path) -> Path:
    """The file of the store at that URL, which need not be there.

    Raises SettingsError where the URL cannot be used.
    """
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        parsed = None
    if parsed is not None and parsed.get_backend_name() == "sqlite" and parsed.database:
        path = folder / parsed.database
        if not path.parent.is_dir():
            return path  # to open it would make the folder
    engine = open_engine(url, folder)
    engine.dispose()
    return Path(str(engine.url.database))


@contextmanager
def examined(url: str, folder: Path, clock: Clock) -> Iterator[Examined | None]:
    """The store at that URL while it is looked at, None where there is none yet.

    Raises StoreVersionError for a store of another version, SettingsError for a URL that cannot be
    used, and StoreError where the database cannot be read, or is none of ours.
    """
    path = path_of(url, folder)
    if not path.exists():
        yield None
        return
    engine = open_engine(url, folder)
    event.listen(engine, "connect", _read_only)
    try:
        with connected(engine, url) as connection:
            version = version_of(connection)
            if version is None:
                yield None
                return
            refuse_older(connection, version)
            row = connection.execute(sa.select(tables.log)).one()
            yield Examined(
                log=SqlLog(engine, clock, row.epoch, row.authority, row.created),
                size=sum(file.stat().st_size for file in _files(path) if file.exists()),
                mode=str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()),
                has_full_text=bool(
                    connection.exec_driver_sql(
                        "SELECT sqlite_compileoption_used('ENABLE_FTS5')"
                    ).scalar_one()
                ),
                _connection=connection,
            )
    finally:
        engine.dispose()


def _read_only(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA query_only = ON")


def _files(path: Path) -> tuple[Path, Path]:
    return path, path.with_name(f"{path.name}-wal")
