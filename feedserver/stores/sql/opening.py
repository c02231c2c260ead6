"""Opening a store: made when it is not there, refused when it is not ours to use."""

import secrets
from pathlib import Path

import sqlalchemy as sa

from feedserver import __version__
from feedserver.clock import Clock
from feedserver.errors import SettingsError, StoreError, StoreVersionError
from feedserver.model.dates import to_microseconds
from feedserver.model.identity import dated_authority
from feedserver.stores.sql import tables
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
        with engine.connect() as connection:
            _is_made(connection)  # Before the mode is set: what is not ours stays untouched.
            keep_write_ahead(connection)
            with exclusively(connection):
                is_made = _is_made(connection)
                tables.metadata.create_all(connection)  # Those that an older store lacks, too.
                if not is_made:
                    _fill(connection, authority, clock)
                log = connection.execute(sa.select(tables.log)).one()
        _check_authority(authority, log.authority)
    except sa.exc.DBAPIError as error:
        engine.dispose()
        hint = "; close what holds it, and run this again" if is_busy(error.orig) else ""
        raise StoreError(f"the store {url} cannot be opened: {error.orig}{hint}") from error
    except BaseException:
        engine.dispose()
        raise
    return SqlLog(engine, clock, log.epoch, log.authority, log.created)


def _is_made(connection: sa.Connection) -> bool:
    names = sa.inspect(connection).get_table_names()
    if tables.store.name not in names:
        if names:
            raise StoreError(
                "the database holds tables, but no store of feedserver "
                f"({', '.join(sorted(names)[:3])}…); set `store` to a file of its own"
            )
        return False
    row = connection.execute(sa.select(tables.store)).one()
    if row.schema_version != tables.SCHEMA_VERSION:
        raise StoreVersionError(
            f"the store is of version {row.schema_version} (written by feedserver "
            f"{row.written_by}); this is feedserver {__version__}, which needs version "
            f"{tables.SCHEMA_VERSION}"
        )
    return True


def _fill(connection: sa.Connection, authority: str, clock: Clock) -> None:
    now = clock()
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


def _check_authority(setting: str, kept: str) -> None:
    wanted = setting.strip().lower()
    if wanted not in (kept, kept.partition(",")[0]):
        raise SettingsError(
            f"authority = {setting!r}, but this store's ids were made with {kept!r} and are "
            "permanent; set it back, or start an empty store"
        )
