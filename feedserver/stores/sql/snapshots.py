"""Snapshots of the index in a SQL database; none holds a name that was redacted."""

import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from feedserver.ports import Snapshot
from feedserver.stores.sql import tables
from feedserver.stores.sql.engine import reading, writing

FORMAT = f"1-{sys.byteorder}"
"""What is written; a program that writes another kind finds none."""

_snapshot = tables.snapshot.c
_version = tables.version.c
_FOLLOWING = sa.select(tables.snapshot).where(
    _snapshot.before == sa.bindparam("before"),
    _snapshot.epoch == sa.bindparam("epoch"),
    _snapshot.format == FORMAT,
)
_POSITIONS = sa.select(_snapshot.number, _snapshot.position).where(
    _snapshot.epoch == sa.bindparam("epoch"), _snapshot.format == FORMAT
)
_OF = sa.delete(tables.snapshot).where(
    _snapshot.before < sa.bindparam("at"), _snapshot.position >= sa.bindparam("at")
)
_REDACTED_SINCE = sa.select(_version.position).where(
    _version.position > sa.bindparam("head"), _version.kind == "redacted"
)


class SqlSnapshots:
    """Snapshots in a store of this program's version."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def following(self, epoch: str, before: int) -> Snapshot | None:
        with reading(self._engine) as connection:
            row = connection.execute(_FOLLOWING, {"epoch": epoch, "before": before}).first()
        if row is None:
            return None
        found = read(row)
        return found if digest(found) == row.digest else replace(found, content=None)

    def positions(self, epoch: str) -> Mapping[int, int]:
        with reading(self._engine) as connection:
            rows = connection.execute(_POSITIONS, {"epoch": epoch}).all()
        return {row.number: row.position for row in rows}

    def save(self, snapshot: Snapshot, head: int, is_sure: bool = False) -> bool:
        values = {
            "number": snapshot.number,
            "format": FORMAT,
            "epoch": snapshot.epoch,
            "before": snapshot.before,
            "position": snapshot.position,
            "check": snapshot.check,
            "digest": digest(snapshot),
            "content": snapshot.content,
        }
        is_there = _POSITIONS.where(
            _snapshot.number == snapshot.number, _snapshot.position >= snapshot.position
        )
        with writing(self._engine) as connection:
            # Under the writer's lock: what is redacted from here on finds the snapshot and takes
            # it away, and what was redacted before may be in it.
            if connection.execute(_REDACTED_SINCE, {"head": head}).first() is not None:
                return False
            found = connection.execute(is_there, {"epoch": snapshot.epoch}).first()
            if found is not None and not is_sure:
                return False
            connection.execute(
                sa.delete(tables.snapshot).where(_snapshot.number == snapshot.number)
            )
            connection.execute(sa.insert(tables.snapshot).values(values))
        return True


def read(row: Any) -> Snapshot:
    """The snapshot in a row of the table."""
    return Snapshot(row.number, row.epoch, row.before, row.position, row.check, row.content)


def digest(snapshot: Snapshot) -> bytes:
    """Tells the snapshot from one that was damaged."""
    told = f"{FORMAT} {snapshot.number} {snapshot.epoch} {snapshot.before} {snapshot.position} "
    digest = hashlib.blake2b(told.encode() + snapshot.check, digest_size=16)
    digest.update(snapshot.content or b"")
    return digest.digest()


def forget(connection: sa.Connection, positions: Iterable[int]) -> None:
    """Remove the snapshots that tell of versions at those positions."""
    connection.execute(_OF, [{"at": position} for position in positions])
