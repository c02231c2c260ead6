"""The log in a SQL database: one function appends, nothing else writes it."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from feedserver.clock import Clock
from feedserver.errors import Moved
from feedserver.model.activity import Activity, Draft, Ending, Tombstone, Version, give_dates
from feedserver.model.cursor import check_told
from feedserver.model.dates import (
    Dates,
    changed_dates,
    from_microseconds,
    latest,
    silent_dates,
    to_microseconds,
)
from feedserver.model.search import Word
from feedserver.ports import Bookmark
from feedserver.stores.sql import documents, searching, tables
from feedserver.stores.sql.engine import reading, writing
from feedserver.stores.sql.grants import SqlGrants

T = TypeVar("T")

_CHUNK = 1000  # ids or positions in one statement; every database takes as many parameters
_READ_AHEAD = 5000  # rows that a reader holds in memory at once

_version = tables.version.c
_VERSIONS = sa.select(
    _version.position,
    _version.id,
    _version.kind,
    _version.replaces,
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
_newest = (
    sa.select(tables.version.c.id, sa.func.max(tables.version.c.number).label("number"))
    .where(tables.version.c.id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(tables.version.c.id)
    .subquery()
)
_FIRST_AND_NEWEST = _VERSIONS.join(_newest, _newest.c.id == _version.id).where(
    sa.or_(_version.number == 1, _version.number == _newest.c.number)
)
_KNOWN = sa.select(_version.id).where(_version.id.in_(sa.bindparam("ids", expanding=True)))
_NEWEST = (
    sa.select(_version.position, _version.id, _version.recorded)
    .order_by(_version.position.desc())
    .limit(1)
)
_HEAD = sa.select(sa.func.coalesce(sa.func.max(_version.position), 0))
_NUMBER = sa.select(_version.number).where(_version.position == sa.bindparam("position"))
_PLACE = sa.select(tables.bookmark.c.place).where(tables.bookmark.c.name == sa.bindparam("name"))


class SqlLog:
    """The log in a database that `stores.sql.opening.open_log` has prepared."""

    def __init__(
        self, engine: sa.Engine, clock: Clock, epoch: str, authority: str, created: int
    ) -> None:
        self.epoch = epoch
        self.authority = authority
        self.created = from_microseconds(created)
        self.grants = SqlGrants(engine)
        self._engine = engine
        self._clock = clock

    def append(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        with writing(self._engine) as connection:
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

    def replace(self, position: int, draft: Draft | None, is_silent: bool = False) -> int:
        with writing(self._engine) as connection:
            (found,) = self._at(connection, [position]) or (None,)
            newest = None if found is None else self._newest(connection, found.id)
            if not isinstance(newest, Activity) or newest.position != position:
                raise Moved("There is a newer version than the one that this is about.")
            kind = "deleted" if draft is None else "silent" if is_silent else "recorded"
            return self._follow(connection, newest, kind, draft)

    def redact(self, ids: Sequence[str]) -> tuple[int, ...]:
        with writing(self._engine) as connection:
            return tuple(self._redact(connection, id) for id in ids)

    def _redact(self, connection: sa.Connection, id: str) -> int:
        newest = self._newest(connection, id)
        if newest is None or (
            isinstance(newest, Tombstone) and newest.ending is not Ending.DELETED
        ):
            return 0
        of_id = _version.id == id
        positions = connection.execute(sa.select(_version.position).where(of_id)).scalars().all()
        searching.remove(connection, positions)
        connection.execute(sa.update(tables.version).where(of_id).values(document=b""))
        return self._follow(connection, newest, "redacted", None)

    def _follow(
        self, connection: sa.Connection, replaced: Version, kind: str, draft: Draft | None
    ) -> int:
        """Insert the version that replaces that one."""
        last = _last_dates(connection)
        assert last is not None
        give = silent_dates if kind == "silent" else changed_dates
        dates = give(last, replaced.dates, self._clock())
        number = connection.execute(_NUMBER, {"position": replaced.position}).scalar_one()
        row = {
            "id": replaced.id,
            "number": number + 1,
            "document": b"" if draft is None else documents.encode(draft),
            "kind": kind,
            "replaces": replaced.position,
            **_columns(dates),
        }
        drafts = [] if draft is None else [draft]
        return self._write(connection, [row], drafts, latest(last, dates))[replaced.id]

    def _insert(self, connection: sa.Connection, drafts: Sequence[Draft]) -> dict[str, int]:
        """Insert the first versions of the drafts."""
        last = _last_dates(connection)
        dates = give_dates(drafts, last, self._clock())
        rows = [
            {
                "id": draft.id,
                "number": 1,
                "document": documents.encode(draft),
                "kind": "recorded",
                "replaces": 0,
                **_columns(given),
            }
            for draft, given in zip(drafts, dates, strict=True)
        ]
        return self._write(connection, rows, drafts, latest(last, dates[-1]))

    def _write(
        self,
        connection: sa.Connection,
        rows: list[dict[str, Any]],
        drafts: Sequence[Draft],
        last: Dates,
    ) -> dict[str, int]:
        """Append the rows, and the words of their drafts: the one place where versions are written.

        Gives the new position of each id.
        """
        head = connection.execute(_HEAD).scalar_one()
        connection.execute(sa.insert(tables.version), rows)
        connection.execute(sa.update(tables.log).values(_columns(last)))
        new = sa.select(_version.id, _version.position).where(_version.position > head)
        written = {row.id: row.position for row in connection.execute(new)}
        searching.add(connection, [(written[draft.id], draft) for draft in drafts])
        return written

    def head(self) -> int:
        with reading(self._engine) as connection:
            return int(connection.execute(_HEAD).scalar_one())

    def newest(self) -> tuple[int, bytes]:
        with reading(self._engine) as connection:
            row = connection.execute(_NEWEST).one_or_none()
        return (0, b"") if row is None else (row.position, check_told(row.id, row.recorded))

    def read(self, after: int, limit: int | None = None) -> Iterator[Version]:
        left = sys.maxsize if limit is None else limit
        while left > 0:
            count = min(left, _READ_AHEAD)
            with reading(self._engine) as connection:
                rows = connection.execute(_AFTER, {"after": after, "count": count}).all()
            yield from (_read(*row) for row in rows)
            if len(rows) < count:
                return
            left -= count
            after = rows[-1].position

    def at(self, positions: Sequence[int]) -> tuple[Version, ...]:
        with reading(self._engine) as connection:
            return self._at(connection, positions)

    def _at(self, connection: sa.Connection, positions: Sequence[int]) -> tuple[Version, ...]:
        found: dict[int, Version] = {}
        for chunk in _chunks(positions):
            rows = connection.execute(_AT, {"positions": chunk})
            found.update((row.position, _read(*row)) for row in rows)
        return tuple(found[position] for position in positions if position in found)

    def find(self, id: str) -> Version | None:
        with reading(self._engine) as connection:
            return self._newest(connection, id)

    def _newest(self, connection: sa.Connection, id: str) -> Version | None:
        row = connection.execute(_NEWEST_OF, {"id": id}).one_or_none()
        return None if row is None else _read(*row)

    def known(self, ids: Sequence[str]) -> set[str]:
        with reading(self._engine) as connection:
            return _known(connection, ids)

    def versions(self, ids: Sequence[str]) -> Mapping[str, tuple[Version, Version]]:
        found: dict[str, tuple[Version, Version]] = {}
        with reading(self._engine) as connection:
            for chunk in _chunks(ids):
                rows = connection.execute(_FIRST_AND_NEWEST, {"ids": chunk})
                for version in sorted((_read(*row) for row in rows), key=_position):
                    first, _ = found.get(version.id, (version, version))
                    found[version.id] = (first, version)
        return found

    def search(self, words: Sequence[Word], after: int = 0) -> Sequence[int]:
        with reading(self._engine) as connection:
            return searching.search(connection, words, after)

    def bookmark(self, name: str) -> str | None:
        with reading(self._engine) as connection:
            return connection.execute(_PLACE, {"name": name}).scalar_one_or_none()

    def close(self) -> None:
        self._engine.dispose()


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


def _read(
    position: int, id: str, kind: str, replaces: int, document: bytes, *dates: int
) -> Version:
    given = _dates(*dates)
    if document:
        draft = documents.decode(document)
        return Activity(position, draft, given, replaces, kind == "silent")
    is_ending = kind in (Ending.DELETED.value, Ending.REDACTED.value)
    return Tombstone(position, id, given, replaces, Ending(kind) if is_ending else Ending.ERASED)


def _position(version: Version) -> int:
    return version.position


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
