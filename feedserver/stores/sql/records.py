"""The records that could not be mapped in a SQL database, beside the log."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from feedserver.errors import StoreError
from feedserver.model.dates import from_microseconds, to_microseconds
from feedserver.ports import Keeping, KeptRecord
from feedserver.stores.sql import tables
from feedserver.stores.sql.engine import reading, storing, writing

_record = tables.kept_record.c
_ROWS = sa.select(
    _record.source, _record.key, _record.received, _record.document, _record.reason
).order_by(_record.number)
_ONE = sa.and_(_record.source == sa.bindparam("of"), _record.key == sa.bindparam("called"))
_STANDING = sa.select(
    _record.source,
    sa.func.count().label("amount"),
    sa.func.min(_record.received).label("oldest"),
    sa.func.max(_record.received).label("newest"),
).group_by(_record.source)


class SqlRecords:
    """The records in a database that `stores.sql.opening.open_log` has prepared."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def keep(self, records: Sequence[KeptRecord]) -> tuple[bool, ...]:
        if not records:
            return ()
        with storing():
            rows = [_row(record) for record in records]  # before the writer's turn
        with writing(self._engine) as connection:
            # Asked under the writer's lock: of two deliveries of one record, one finds the other.
            return tuple(_kept(connection, row) for row in rows)

    def find(self, source: str, key: str | None = None) -> tuple[KeptRecord, ...]:
        rows = _ROWS.where(_record.source == source)
        if key is not None:
            rows = rows.where(_record.key == key)
        with reading(self._engine) as connection:
            return tuple(_read(row) for row in connection.execute(rows))

    def keys(self, source: str) -> tuple[str, ...]:
        rows = sa.select(_record.key).where(_record.source == source).order_by(_record.number)
        with reading(self._engine) as connection:
            return tuple(connection.scalars(rows))

    def drop(self, source: str, keys: Sequence[str]) -> int:
        dropped = sa.delete(tables.kept_record).where(_ONE)
        with writing(self._engine) as connection:
            return sum(
                connection.execute(dropped, {"of": source, "called": key}).rowcount for key in keys
            )

    def standing(self) -> Mapping[str, Keeping]:
        with reading(self._engine) as connection:
            return {
                row.source: Keeping(
                    row.amount, from_microseconds(row.oldest), from_microseconds(row.newest)
                )
                for row in connection.execute(_STANDING)
            }


def _row(record: KeptRecord) -> dict[str, Any]:
    document = {"headers": dict(record.headers), "value": record.value}
    return {
        "source": record.source,
        "key": record.key,
        "received": to_microseconds(record.received),
        "document": json.dumps(document, ensure_ascii=False).encode(),
        "reason": record.reason,
    }


def _kept(connection: sa.Connection, row: dict[str, Any]) -> bool:
    told = sa.update(tables.kept_record).where(_ONE).values(reason=row["reason"])
    if connection.execute(told, {"of": row["source"], "called": row["key"]}).rowcount:
        return False
    connection.execute(sa.insert(tables.kept_record).values(**row))
    return True


def _read(row: Any) -> KeptRecord:
    try:
        document = decoded(row.document)
    except ValueError as error:
        raise StoreError(f"the kept record {row.key} of {row.source} is damaged: {error}") from None
    return KeptRecord(
        source=row.source,
        key=row.key,
        received=from_microseconds(row.received),
        headers=document["headers"],
        value=document["value"],
        reason=row.reason,
    )


def decoded(document: bytes) -> dict[str, Any]:
    """The headers and the value in that document; raises ValueError where it is damaged."""
    found = json.loads(document)
    if not isinstance(found, dict) or not isinstance(found.get("headers"), dict):
        raise ValueError("it is no record")
    return {"value": None, **found}
