"""The log in a SQL database: one function appends, nothing else writes it."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, TypeVar, cast

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
from feedserver.stores.sql import documents, searching, snapshots, tables
from feedserver.stores.sql.changes import Changes
from feedserver.stores.sql.committing import Committing
from feedserver.stores.sql.engine import cursor_of, reading, storing
from feedserver.stores.sql.grants import SqlGrants
from feedserver.stores.sql.records import SqlRecords

T = TypeVar("T")

_CHUNK = 512  # ids or positions in one statement; every database takes as many parameters
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
_NEWEST = (
    sa.select(_version.position, _version.id, _version.recorded)
    .order_by(_version.position.desc())
    .limit(1)
)
_HEAD = sa.select(sa.func.coalesce(sa.func.max(_version.position), 0))
_NUMBER = sa.select(_version.number).where(_version.position == sa.bindparam("position"))
_PLACE = sa.select(tables.bookmark.c.place).where(tables.bookmark.c.name == sa.bindparam("name"))


@dataclass(frozen=True, slots=True)
class _Row:
    """A draft with what is written of it."""

    draft: Draft
    document: bytes
    words: tuple[str, str]


class _Append:
    """What one caller has to append."""

    def __init__(self, made: Sequence[_Row], bookmark: Bookmark | None) -> None:
        self.made = made
        self.bookmark = bookmark
        self.rows = len(made)
        self.size = sum(len(row.document) for row in made)


@dataclass(frozen=True, slots=True)
class _Change:
    """What one caller has to change of what is there: `do` does it."""

    do: Callable[[sa.Connection], Any]
    rows: int = 1
    size: int = 0


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
        self._changes = Changes(engine)
        self.grants = SqlGrants(engine, self._changes)
        self.snapshots = snapshots.SqlSnapshots(engine)
        self.records = SqlRecords(engine)
        self._committing = Committing(engine, self._write_parts)

    def append(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        made = self.appended(drafts, bookmark)
        return tuple(0 if activity is None else activity.position for activity in made)

    def appended(
        self, drafts: Sequence[Draft], bookmark: Bookmark | None = None
    ) -> tuple[Activity | None, ...]:
        if not drafts and bookmark is None:
            return ()
        with storing():
            # Before the writer's turn, for which others wait.
            rows = [
                _Row(draft, documents.encode(draft), searching.words_in(draft)) for draft in drafts
            ]
        made: tuple[Activity | None, ...] = self._committing.commit(_Append(rows, bookmark))
        return made

    def replace(self, position: int, draft: Draft | None, is_silent: bool = False) -> int:
        def replaced(connection: sa.Connection) -> int | Moved:
            (found,) = self._at(connection, [position]) or (None,)
            newest = None if found is None else self._newest(connection, found.id)
            if not isinstance(newest, Activity) or newest.position != position:
                return Moved("There is a newer version than the one that this is about.")
            kind = "deleted" if draft is None else "silent" if is_silent else "recorded"
            return self._follow(connection, newest, kind, draft)

        new: int = self._committing.commit(_Change(replaced))
        return new

    def redact(self, ids: Sequence[str]) -> tuple[int, ...]:
        def redacted(connection: sa.Connection) -> tuple[int, ...]:
            return tuple(self._redact(connection, id) for id in ids)

        positions: tuple[int, ...] = self._committing.commit(_Change(redacted, len(ids)))
        return positions

    def _write_parts(
        self, connection: sa.Connection, parts: Sequence["_Append | _Change"]
    ) -> Sequence[Any]:
        """Write what several have to write, in order; what is appended, in as few statements."""
        outcomes: list[Any] = []
        for kind, run in groupby(parts, type):
            if kind is _Append:
                outcomes += self._append(connection, [cast(_Append, part) for part in run])
            else:
                outcomes += [cast(_Change, part).do(connection) for part in run]
        return outcomes

    def _append(
        self, connection: sa.Connection, parts: Sequence["_Append"]
    ) -> Sequence[tuple[Activity | None, ...]]:
        """Insert the first versions of what is not known, and move the bookmarks."""
        # The writer's lock is held: the clock is read under it, so that commit order, position
        # order and the order of dates are one.
        known = _known(connection, [row.draft.id for part in parts for row in part.made])
        last, position = _last(connection)
        outcomes: list[tuple[Activity | None, ...]] = []
        rows: list[tuple[Any, ...]] = []
        words: list[tuple[int, str, str]] = []
        for part in parts:
            new: dict[str, _Row] = {}
            for row in part.made:
                if row.draft.id not in known:
                    new.setdefault(row.draft.id, row)
            known.update(new)
            made: dict[str, Activity] = {}
            dates = give_dates([row.draft for row in new.values()], last, self._clock())
            for row, given in zip(new.values(), dates, strict=True):
                position += 1
                made[row.draft.id] = Activity(position, row.draft, given)
                started = (position, row.draft.id, 1, "recorded", 0, row.document)
                rows.append((*started, *_columns(given)))
                words.append((position, *row.words))
            last = latest(last, dates[-1]) if dates else last
            outcomes.append(tuple(made.pop(row.draft.id, None) for row in part.made))
        if last is not None and rows:
            self._write(connection, rows, words, last)
        for part in parts:
            if part.bookmark is not None:
                _move_bookmark(connection, part.bookmark)
        return outcomes

    def _redact(self, connection: sa.Connection, id: str) -> int:
        newest = self._newest(connection, id)
        if newest is None or (
            isinstance(newest, Tombstone) and newest.ending is not Ending.DELETED
        ):
            return 0
        of_id = _version.id == id
        positions = connection.execute(sa.select(_version.position).where(of_id)).scalars().all()
        searching.remove(connection, positions)
        snapshots.forget(connection, positions)
        connection.execute(sa.update(tables.version).where(of_id).values(document=b""))
        return self._follow(connection, newest, "redacted", None)

    def _follow(
        self, connection: sa.Connection, replaced: Version, kind: str, draft: Draft | None
    ) -> int:
        """Insert the version that replaces that one."""
        last, position = _last(connection)
        assert last is not None
        give = silent_dates if kind == "silent" else changed_dates
        dates = give(last, replaced.dates, self._clock())
        number = connection.execute(_NUMBER, {"position": replaced.position}).scalar_one() + 1
        document = b"" if draft is None else documents.encode(draft)
        row = (position + 1, replaced.id, number, kind, replaced.position, document)
        words = [] if draft is None else [(position + 1, *searching.words_in(draft))]
        self._write(connection, [(*row, *_columns(dates))], words, latest(last, dates))
        return position + 1

    def _write(
        self,
        connection: sa.Connection,
        rows: Sequence[tuple[Any, ...]],
        words: Sequence[tuple[int, str, str]],
        last: Dates,
    ) -> None:
        """Append the rows, and the words in them: the one place where versions are written."""
        cursor = cursor_of(connection)
        cursor.executemany(
            "INSERT INTO version (position, id, number, kind, replaces, document, recorded,"
            " published, updated, second) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        cursor.execute(
            "UPDATE log SET recorded = ?, published = ?, updated = ?, second = ?", _columns(last)
        )
        searching.add_words(connection, words)

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
            found.update((row[0], _read(*row)) for row in rows)
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

    def changes(self) -> int:
        return self._changes.count()

    def close(self) -> None:
        self._changes.close()
        self._engine.dispose()


def _known(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    cursor = cursor_of(connection)
    for chunk in _chunks(ids):
        # A power of two: each statement is another one to SQLite, which keeps those it knows.
        places = 1 << (len(chunk) - 1).bit_length()
        asked = (*chunk, *[chunk[-1]] * (places - len(chunk)))
        found.update(id for (id,) in cursor.execute(_known_among(places), asked))
    return found


@cache
def _known_among(count: int) -> str:
    return f"SELECT id FROM version WHERE number = 1 AND id IN ({', '.join('?' * count)})"


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


def _last(connection: sa.Connection) -> tuple[Dates | None, int]:
    """The latest of each date that was given, and the latest position, also where it is gone."""
    cursor = cursor_of(connection).execute(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'version'), 0),"
        " recorded, published, updated, second FROM log"
    )
    position, recorded, *dates = cursor.fetchone()
    return None if recorded is None else _dates(recorded, *dates), position


def _columns(dates: Dates) -> tuple[int, int, int, int]:
    """As they stand in the row of a version, and in that of the log."""
    updated = to_microseconds(dates.updated)
    return (
        to_microseconds(dates.recorded),
        updated if dates.published is dates.updated else to_microseconds(dates.published),
        updated,
        updated if dates.second is dates.updated else to_microseconds(dates.second),
    )


def _dates(recorded: int, published: int, updated: int, second: int) -> Dates:
    dated = from_microseconds(updated)
    return Dates(
        from_microseconds(recorded),
        dated if published == updated else from_microseconds(published),
        dated,
        dated if second == updated else from_microseconds(second),
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
