"""Migrating: an older store is brought to the version of this program, after it was copied."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from feedserver import __version__
from feedserver.clock import Clock
from feedserver.errors import StoreError
from feedserver.model.activity import Draft
from feedserver.stores.sql import documents, searching, tables
from feedserver.stores.sql.copying import PART, copy_to
from feedserver.stores.sql.engine import exclusively, keep_write_ahead, open_engine
from feedserver.stores.sql.opening import check_authority, connected, version_of

PATIENCE = 600_000  # milliseconds to wait for another process that migrates, and copies all of it

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """From which version a store came to which, and the file that holds it as it was."""

    before: int
    after: int
    copy: Path


def migrate(url: str, folder: Path, authority: str, clock: Clock) -> Migration | None:
    """Bring the store at that URL to the version of this program; None where there is no need.

    The store as it was is copied beside it first. All or nothing, also for a process that is
    killed; of several at once, one does it. Raises StoreVersionError for a newer store,
    SettingsError for another authority than the one the log was made with, and StoreError where
    it cannot be done; then the store is what it was.
    """
    engine = open_engine(url, folder)
    path = Path(str(engine.url.database))
    if not path.exists():
        return None
    try:
        with connected(engine, url) as connection:
            if version_of(connection) not in STEPS:
                return None
            check_authority(authority, connection.execute(_AUTHORITY).scalar_one())
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {PATIENCE}")
            keep_write_ahead(connection)
            with exclusively(connection):
                version = version_of(connection)
                if version is None or version not in STEPS:
                    return None  # another process has done it
                copy = path.with_name(f"{path.name}.v{version}-{clock():%Y-%m-%dT%H%M%SZ}")
                logger.info("the store is of version %d; it is copied to %s first", version, copy)
                _remove_unfinished(path, version)
                with engine.connect() as other:  # what is written to cannot be copied
                    copy_to(copy, other)
                _take_steps(connection, version)
    finally:
        engine.dispose()
    done = Migration(version, tables.SCHEMA_VERSION, copy)
    logger.info("the store is of version %d now", done.after)
    return done


def _remove_unfinished(path: Path, version: int) -> None:
    """Remove the copies that a process left which was killed; nobody makes one at this moment."""
    for file in path.parent.iterdir():
        if file.name.startswith(f"{path.name}.v{version}-") and file.name.endswith(PART):
            file.unlink(missing_ok=True)


def _take_steps(connection: sa.Connection, version: int) -> None:
    """Take the steps from that version on, and check that nothing got lost."""
    before = connection.execute(_CONTENT).one()
    while version in STEPS:
        STEPS[version](connection)
        version += 1
    connection.execute(
        sa.update(tables.store).values(schema_version=version, written_by=__version__)
    )
    damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if damage != "ok":
        raise StoreError(
            f"the store is damaged and was not migrated: {damage}. Put back a backup of it"
        )
    after = connection.execute(_CONTENT).one()
    if after != before:
        raise StoreError(
            f"the store was not migrated: of {before.count} versions up to position {before.head} "
            f"there would be {after.count} up to {after.head}"
        )


_AUTHORITY = sa.select(tables.log.c.authority)
_CONTENT = sa.select(
    sa.func.count().label("count"), sa.func.max(tables.version.c.position).label("head")
).select_from(tables.version)


def _to_2(connection: sa.Connection) -> None:
    """Versions tell what they are and what they replace; until now all were the first."""
    connection.exec_driver_sql(
        "ALTER TABLE version ADD COLUMN kind TEXT DEFAULT 'recorded' NOT NULL"
    )
    connection.exec_driver_sql(
        "ALTER TABLE version ADD COLUMN replaces BIGINT DEFAULT '0' NOT NULL"
    )
    wrong = connection.exec_driver_sql(
        "SELECT count(*) FROM version WHERE kind <> 'recorded' OR replaces <> 0 OR number <> 1"
    ).scalar_one()
    if wrong:
        raise StoreError(f"the store was not migrated: {wrong} of its versions are no first ones")


def _to_3(connection: sa.Connection) -> None:
    """Versions are found by the words in them."""
    searching.create(connection)
    count = connection.execute(_WITH_DOCUMENT).scalar_one()
    position = done = 0
    while rows := connection.execute(_DOCUMENTS, {"after": position}).all():
        searching.add(connection, [(row.position, _draft(*row)) for row in rows])
        position, before, done = rows[-1].position, done, done + len(rows)
        if done // _TOLD > before // _TOLD:
            logger.info("%s of %s texts can be searched", f"{done:,}", f"{count:,}")
    found = connection.execute(sa.select(sa.func.count()).select_from(searching.text)).scalar_one()
    if found != count:
        raise StoreError(f"the store was not migrated: of {count} texts {found} would be found")


def _to_4(connection: sa.Connection) -> None:
    """What the index held is kept, and goes with what is redacted: no older program may redact."""
    tables.snapshot.create(connection)


def _to_5(connection: sa.Connection) -> None:
    """What was delivered and could not be mapped is kept."""
    tables.kept_record.create(connection)


def _draft(position: int, document: bytes) -> Draft:
    try:
        return documents.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(
            f"the store is damaged and was not migrated: the document at position {position} "
            f"cannot be read: {error}. Put back a backup of it"
        ) from error


_TOLD = 50_000  # texts after which it is told how far it is
_HAS_DOCUMENT = tables.version.c.document != b""
_WITH_DOCUMENT = sa.select(sa.func.count()).select_from(tables.version).where(_HAS_DOCUMENT)
_DOCUMENTS = (
    sa.select(tables.version.c.position, tables.version.c.document)
    .where(_HAS_DOCUMENT, tables.version.c.position > sa.bindparam("after"))
    .order_by(tables.version.c.position)
    .limit(1000)
)

STEPS: dict[int, Callable[[sa.Connection], None]] = {1: _to_2, 2: _to_3, 3: _to_4, 4: _to_5}
"""By the version from which it leads to the next: what has to be done."""
