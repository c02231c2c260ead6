"""The log in a SQL database: one function appends, nothing else writes it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

import sqlalchemy as sa

from feedserver.clock import Clock
from feedserver.errors import StoreError
from feedserver.model.activity import Activity, Draft, first_occurred
from feedserver.model.dates import Dates, first_dates, from_microseconds, to_microseconds
from feedserver.ports import Bookmark
from feedserver.stores.sql import documents, tables

T = TypeVar("T")

_CHUNK = 1000  # ids or positions in one statement; every database takes as many parameters
_READ_AHEAD = 5000  # rows that a reader holds in memory at once

_version = tables.version.c
_VERSIONS = sa.select(
    _version.position,
    _version.document,
    _version.recorded,
    _version.published,
    _version.updated,
    _version.second,
)
_AFTER = (
    _VERSIONS.where(_version.position > sa.bindparam("after"))
    .order_by(_version.position)
    .limit(sa.bindparam("count", type_=sa.Integer))
)
_AT = _VERSIONS.where(_version.position.in_(sa.bindparam("positions", expanding=True)))
_NEWEST_OF = (
    _VERSIONS.where(_version.id == sa.bindparam("id")).order_by(_version.number.desc()).limit(1)
)
_KNOWN = sa.select(_version.id).where(_version.id.in_(sa.bindparam("ids", expanding=True)))
_HEAD = sa.select(sa.func.coalesce(sa.func.max(_version.position), 0))
_PLACE = sa.select(tables.bookmark.c.place).where(tables.bookmark.c.name == sa.bindparam("name"))


class SqlLog:
    """The log in a database that `stores.sql.opening.open_log` has prepared."""

    def __init__(
        self, engine: sa.Engine, clock: Clock, epoch: str, authority: str, created: int
    ) -> None:
        self.epoch = epoch
        self.authority = authority
        self.created = from_microseconds(created)
        self._engine = engine
        self._clock = clock

    def append(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        with self._writing() as connection:
            # The writer's lock is held from here on: the clock is read under it, so that commit
            # order, position order and the order of dates are one.
            known = _known(connection, [draft.id for draft in drafts])
            new: dict[str, Draft] = {}
            for draft in drafts:
                if draft.id not in known:
                    new.setdefault(draft.id, draft)
            positions = self._insert(connection, list(new.values())) if new else {}
            if bookmark is not None:
                _move_bookmark(connection, bookmark)
        return tuple(positions.pop(draft.id, 0) for draft in drafts)

    def _insert(self, connection: sa.Connection, drafts: Sequence[Draft]) -> dict[str, int]:
        now = self._clock()
        head = connection.execute(_HEAD).scalar_one()
        last = _last_dates(connection)
        rows = []
        for draft in drafts:
            occurred = first_occurred(drafts, now) if last is None else draft.occurred
            last = first_dates(last, occurred, now)
            rows.append(
                {
                    "id": draft.id,
                    "number": 1,
                    "document": documents.encode(draft),
                    **_columns(last),
                }
            )
        connection.execute(sa.insert(tables.version), rows)
        if last is not None:
            connection.execute(sa.update(tables.log).values(_columns(last)))
        written = connection.execute(
            sa.select(_version.id, _version.position).where(_version.position > head)
        )
        return {row.id: row.position for row in written}

    def head(self) -> int:
        with self._reading() as connection:
            return int(connection.execute(_HEAD).scalar_one())

    def read(self, after: int, limit: int | None = None) -> Iterator[Activity]:
        left = sys.maxsize if limit is None else limit
        while left > 0:
            count = min(left, _READ_AHEAD)
            with self._reading() as connection:
                rows = connection.execute(_AFTER, {"after": after, "count": count}).all()
            yield from (_activity(*row) for row in rows)
            if len(rows) < count:
                return
            left -= count
            after = rows[-1].position

    def at(self, positions: Sequence[int]) -> tuple[Activity, ...]:
        found: dict[int, Activity] = {}
        with self._reading() as connection:
            for chunk in _chunks(positions):
                rows = connection.execute(_AT, {"positions": chunk})
                found.update((row.position, _activity(*row)) for row in rows)
        return tuple(found[position] for position in positions if position in found)

    def find(self, id: str) -> Activity | None:
        with self._reading() as connection:
            row = connection.execute(_NEWEST_OF, {"id": id}).one_or_none()
        return None if row is None else _activity(*row)

    def known(self, ids: Sequence[str]) -> set[str]:
        with self._reading() as connection:
            return _known(connection, ids)

    def bookmark(self, name: str) -> str | None:
        with self._reading() as connection:
            return connection.execute(_PLACE, {"name": name}).scalar_one_or_none()

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise StoreError(f"the store cannot be read: {error.orig}") from error

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection, exclusively(connection):
                yield connection
        except sa.exc.DBAPIError as error:
            raise StoreError(f"the store cannot be written: {error.orig}") from error
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


def _known(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for chunk in _chunks(ids):
        found.update(connection.execute(_KNOWN, {"ids": chunk}).scalars())
    return found


def _move_bookmark(connection: sa.Connection, bookmark: Bookmark) -> None:
    """Move it from the place where it was found; where another process moved it, it stays."""
    table = tables.bookmark
    place = connection.execute(_PLACE, {"name": bookmark.name}).scalar_one_or_none()
    if place != bookmark.found:
        return
    if place is None:
        connection.execute(sa.insert(table).values(name=bookmark.name, place=bookmark.place))
    else:
        connection.execute(
            sa.update(table).where(table.c.name == bookmark.name).values(place=bookmark.place)
        )


def _last_dates(connection: sa.Connection) -> Dates | None:
    log = tables.log.c
    row = connection.execute(sa.select(log.recorded, log.published, log.updated, log.second)).one()
    return None if row.recorded is None else _dates(*row)


def _columns(dates: Dates) -> dict[str, int]:
    return {
        "recorded": to_microseconds(dates.recorded),
        "published": to_microseconds(dates.published),
        "updated": to_microseconds(dates.updated),
        "second": to_microseconds(dates.second),
    }


def _dates(recorded: int, published: int, updated: int, second: int) -> Dates:
    return Dates(
        from_microseconds(recorded),
        from_microseconds(published),
        from_microseconds(updated),
        from_microseconds(second),
    )


def _activity(position: int, document: bytes, *dates: int) -> Activity:
    return Activity(position, documents.decode(document), _dates(*dates))


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
