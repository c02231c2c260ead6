"""Opening a store: made when it is not there, refused when it is not ours to use."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from feedserver import __version__
from feedserver.clock import Clock
from feedserver.errors import SettingsError, StoreError, StoreVersionError
from feedserver.model.dates import to_microseconds
from feedserver.model.identity import dated_authority
from feedserver.stores.sql import searching, tables
from feedserver.stores.sql.engine import (
    exclusively,
    is_busy,
    keep_write_ahead,
    open_engine,
)
from feedserver.stores.sql.log import SqlLog


def open_log(url: str, folder: Path, authority: str, clock: Clock) -> SqlLog:
    """The log in the store at that URL; a store that is not there is made.

    Raises StoreVersionError for a store of another version, SettingsError for another authority
    than the one the log was made with, and StoreError where the database cannot be used.
    """
    engine = open_engine(url, folder)
    try:
        with connected(engine, url) as connection:
            _is_made(connection)  # Before the mode is set: what is not ours stays untouched.
            keep_write_ahead(connection)
            with exclusively(connection):
                is_made = _is_made(connection)
                tables.metadata.create_all(connection)  # Those that an older store lacks, too.
                if not is_made:
                    _fill(connection, authority, clock)
                log = connection.execute(sa.select(tables.log)).one()
        check_authority(authority, log.authority)
    except BaseException:
        engine.dispose()
        raise
    return SqlLog(engine, clock, log.epoch, log.authority, log.created)


@contextmanager
def connected(engine: sa.Engine, url: str) -> Iterator[sa.Connection]:
    """A connection to the store at that URL; raises StoreError where it cannot be opened."""
    try:
        with engine.connect() as connection:
            searching.refuse_without_engine(connection)
            yield connection
    except sa.exc.DBAPIError as error:
        hint = "; close what holds it, and run this again" if is_busy(error.orig) else ""
        raise StoreError(f"the store {url} cannot be opened: {error.orig}{hint}") from error


def version_of(connection: sa.Connection) -> int | None:
    """The version of the store, None where there is none yet.

    Raises StoreError for a database that is not ours, and StoreVersionError for a store of a
    version that is none of this program's: neither its own nor an older one.
    """
    names = sa.inspect(connection).get_table_names()
    if tables.store.name not in names:
        if names:
            raise StoreError(
                "the database holds tables, but no store of feedserver "
                f"({', '.join(sorted(names)[:3])}…); set `store` to a file of its own"
            )
        return None
    rows = connection.execute(sa.select(tables.store)).all()
    if len(rows) != 1:
        raise StoreError(f"the table store has {len(rows)} rows instead of one; put back a backup")
    version, written_by = rows[0]
    if not 1 <= version <= tables.SCHEMA_VERSION:
        raise StoreVersionError(
            f"{_told(version, written_by)}. Run the feedserver that wrote it, or a newer one"
        )
    return int(version)


def refuse_older(connection: sa.Connection, version: int) -> None:
    """Raise StoreVersionError where a store of that version has to be migrated first."""
    if version < tables.SCHEMA_VERSION:
        written_by = connection.execute(sa.select(tables.store.c.written_by)).scalar_one()
        raise StoreVersionError(
            f"{_told(version, written_by)}. Run: feedserver store migrate (it keeps a copy)"
        )


def _told(version: int, written_by: str) -> str:
    return (
        f"the store is of version {version} (written by feedserver {written_by}); this is "
        f"feedserver {__version__}, which needs version {tables.SCHEMA_VERSION}"
    )


def _is_made(connection: sa.Connection) -> bool:
    version = version_of(connection)
    if version is not None:
        refuse_older(connection, version)
    return version is not None


def _fill(connection: sa.Connection, authority: str, clock: Clock) -> None:
    now = clock()
    searching.create(connection)
    connection.execute(
        sa.insert(tables.store).values(schema_version=tables.SCHEMA_VERSION, written_by=__version__)
    )
    connection.execute(
        sa.insert(tables.log).values(
            epoch=secrets.token_hex(4),
            authority=dated_authority(authority, now),
            created=to_microseconds(now),
        )
    )


def check_authority(setting: str, kept: str) -> None:
    """Raise SettingsError where the log was made with another authority than the setting's."""
    wanted = setting.strip().lower()
    if wanted not in (kept, kept.partition(",")[0]):
        raise SettingsError(
            f"authority = {setting!r}, but this store's ids were made with {kept!r} and are "
            "permanent; set it back, or start an empty store"
        )
