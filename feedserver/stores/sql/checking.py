"""Checking: whether a store holds what only the log could have written, whole."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from feedserver.model.cursor import check_told
from feedserver.stores.sql import documents, records, searching, snapshots, tables
from feedserver.stores.sql.caring import kept
from feedserver.stores.texts import searched

_READ_AHEAD = 1000  # rows that are in memory at once
_LATEST = ("recorded", "published", "updated", "second")

_version = tables.version.c
_replaced = tables.version.alias()
_VERSIONS = (
    sa.select(
        *_version,
        *(column.label(f"replaced_{column.name}") for column in _replaced.c),
        searching.text.c.title,
        searching.text.c.content,
    )
    .select_from(
        tables.version.outerjoin(
            _replaced,
            sa.and_(_replaced.c.id == _version.id, _replaced.c.number == _version.number - 1),
        ).outerjoin(searching.text, searching.text.c.rowid == _version.position)
    )
    .order_by(_version.position)
)
_REDACTED = sa.select(_version.id).where(_version.kind == "redacted")
_IS_REDACTED = _REDACTED.where(_version.id == sa.bindparam("redacted"))
_LEFT_OVER = (
    sa.select(_version.position)
    .where(_version.id.in_(_REDACTED), _version.document != b"")
    .order_by(_version.position)
)

_STRAY = sa.select(searching.text.c.rowid).where(
    searching.text.c.rowid.not_in(sa.select(_version.position))
)

_SNAPSHOTS = (
    sa.select(tables.snapshot, _version.id, _version.recorded)
    .select_from(
        tables.snapshot.outerjoin(tables.version, _version.position == tables.snapshot.c.position)
    )
    .where(tables.snapshot.c.format == snapshots.FORMAT)
    .order_by(tables.snapshot.c.number)
)

_RECORDS = sa.select(tables.kept_record).order_by(tables.kept_record.c.number)

Row = Any
"""A row of a table; a version has that of the number before it as `replaced_…`, None for none.

By the words in `title` and `content` it is found; they are None where it is not.
"""


def check(
    url: str, folder: Path, reached: Callable[[int], None] = lambda _position: None
) -> Iterator[str]:
    """What is wrong with the store at that URL, a line each, as it is at one moment.

    Looked for is damage of the file, and positions, documents, dates, what replaces what, whether
    everything is found by its words, the snapshots of the index, and the records that are kept.
    `reached` is told now and then how far it is. Raises StoreError where there is no store, or it
    cannot be read.
    """
    with kept(url, folder) as connection:
        connection.exec_driver_sql("BEGIN")
        damage = list(connection.exec_driver_sql("PRAGMA quick_check").scalars())
        if damage != ["ok"]:
            yield from damage
            return
        rows = connection.execute(sa.select(tables.log)).all()
        if len(rows) != 1:
            yield f"the table log has {len(rows)} rows instead of one"
            return
        yield from _of_log(connection, rows[0], reached)
        for position in connection.execute(_LEFT_OVER).scalars():
            yield f"position {position}: it was redacted, but what it said is still there"
        for position in connection.execute(_STRAY).scalars():
            yield f"position {position}: there is no version, but words of one are found"
        yield from _of_snapshots(connection, rows[0].epoch)
        yield from _of_records(connection)


def _of_log(connection: sa.Connection, log: Row, reached: Callable[[int], None]) -> Iterator[str]:
    latest: dict[str, int | None] = dict.fromkeys(_LATEST)
    position = words = 0
    for row in connection.execute(_VERSIONS, execution_options={"yield_per": _READ_AHEAD}):
        if row.position != position + 1:
            yield f"position {position + 1}: there is no version, but {row.position} follows"
        position = row.position
        if position % _READ_AHEAD == 0:
            reached(position)
        words += sum(map(hash, f"{row.title or ''} {row.content or ''}".split()))
        faults = (*_of_order(row), *_of_dates(row, latest), *_of_document(row, connection))
        yield from (f"position {position}: {fault}" for fault in faults)
        for name in _LATEST:
            given, last = row._mapping[name], latest[name]
            latest[name] = given if last is None else max(last, given)
    for name, told in ((name, log._mapping[name]) for name in _LATEST):
        if told != latest[name]:
            yield f"the latest date `{name}` is {latest[name]}, but {told} in the table log"
    if words != sum(hash(word) * count for word, count in searching.indexed(connection)):
        yield "the index of words is not that of the texts: what is searched may not be found"


def _of_snapshots(connection: sa.Connection, epoch: str) -> Iterator[str]:
    for row in connection.execute(_SNAPSHOTS, execution_options={"yield_per": 1}):
        name = f"the snapshot of the index up to position {row.position}"
        if snapshots.digest(snapshots.read(row)) != row.digest:
            yield f"{name} is damaged; it is not used, and saved anew"
        elif row.epoch != epoch or row.id is None or check_told(row.id, row.recorded) != row.check:
            yield f"{name} is of another log; it is not used"


def _of_records(connection: sa.Connection) -> Iterator[str]:
    for row in connection.execute(_RECORDS, execution_options={"yield_per": _READ_AHEAD}):
        try:
            records.decoded(row.document)
        except ValueError as error:
            yield f"the kept record {row.key} of {row.source} cannot be read: {error}"


def _of_order(row: Row) -> Iterator[str]:
    if row.replaced_position is None:
        if row.number != 1:
            yield f"it is version {row.number} of {row.id}, of which there is none before"
        elif row.replaces:
            yield f"it is the first version of {row.id}, but replaces {row.replaces}"
        elif row.kind != "recorded":
            yield f"it is the first version of {row.id}, but {row.kind}"
        return
    if row.replaces != row.replaced_position or row.replaces >= row.position:
        yield f"it replaces {row.replaces}, but the version before is at {row.replaced_position}"
    ended = row.replaced_kind
    if ended == "redacted" or (ended == "deleted" and row.kind != "redacted"):
        yield f"it is {row.kind}, but {row.id} was {ended} before"


def _of_dates(row: Row, latest: dict[str, int | None]) -> Iterator[str]:
    own = (row.published, row.updated, row.second)
    if latest["recorded"] is not None and row.recorded < latest["recorded"]:
        yield "it was recorded before the version at the position before"
    if row.kind == "silent":
        if own != (row.replaced_published, row.replaced_updated, row.replaced_second):
            yield "it is silent, but has other dates than the version that it replaces"
        return
    if latest["updated"] is not None and row.updated <= latest["updated"]:
        yield "its `updated` is not later than that of every version before"
    if latest["second"] is not None and row.second < latest["second"]:
        yield "its `second` is before that of a version before"
    if row.replaced_position is not None:
        if row.published != row.replaced_published:
            yield "its `published` is not that of the version that it replaces"
    elif latest["published"] is not None and row.published <= latest["published"]:
        yield "its `published` is not later than that of every version before"


def _of_document(row: Row, connection: sa.Connection) -> Iterator[str]:
    if row.kind not in ("recorded", "silent", "deleted", "redacted"):
        yield f"it is {row.kind}, which no version can be"
    elif row.kind in ("deleted", "redacted"):
        if row.document:
            yield f"it is {row.kind}, but has a document"
    elif row.document:
        try:
            draft = documents.decode(row.document)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield f"its document cannot be read: {error}"
            return
        if draft.id != row.id:
            yield f"its id is {row.id}, but {draft.id} in its document"
        if row.title is None:
            yield "it is not found by its words"
        elif (row.title.split(), (row.content or "").split()) != searched(draft):
            yield "it is found by other words than its own"
    elif connection.execute(_IS_REDACTED, {"redacted": row.id}).first() is None:
        yield f"it has no document, but {row.id} was not redacted"
    if not row.document and row.title is not None:
        yield "it says nothing, but is found by words"
