"""The rows of one transaction, collected before they are written."""

from collections.abc import Iterable
from typing import Self

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update

from feedserver.crm.demo.schema import FIRST_OBJID, METADATA

Value = int | str | None
Row = dict[str, Value]


def ordinal(objid: int) -> int:
    """Which row of its table this is, counted from 1."""
    return objid - FIRST_OBJID + 1


class Objids:
    """Hands out the objids of every table; true as long as nobody else writes."""

    def __init__(self) -> None:
        self._newest = {table.name: FIRST_OBJID - 1 for table in METADATA.sorted_tables}

    @classmethod
    def read(cls, connection: Connection) -> Self:
        """Goes on where the tables end."""
        objids = cls()
        for table in METADATA.sorted_tables:
            newest = connection.scalar(select(func.max(table.c.objid)))
            if newest is not None:
                objids._newest[table.name] = newest
        return objids

    def newest(self, table: Table) -> int:
        return self._newest[table.name]

    def take(self, table: Table) -> int:
        self._newest[table.name] += 1
        return self._newest[table.name]


class Rows:
    """Inserts and updates that belong together.

    An update of a row that is still to be inserted changes what will be inserted, so that a
    whole history is one statement per table.
    """

    def __init__(self, objids: Objids) -> None:
        self._objids = objids
        self._inserts: dict[Table, dict[int, Row]] = {}
        self._updates: dict[Table, dict[int, Row]] = {}

    def insert(self, table: Table, **values: Value) -> int:
        """Adds a row, with its upper-case copies, and returns its objid."""
        objid = self._objids.take(table)
        row: Row = {"objid": objid, **_with_copies(table, values)}
        self._inserts.setdefault(table, {})[objid] = row
        return objid

    def update(self, table: Table, objid: int, **values: Value) -> None:
        rows = self._inserts.get(table, {})
        if objid not in rows:
            rows = self._updates.setdefault(table, {})
        rows.setdefault(objid, {}).update(_with_copies(table, values))

    def write(self, connection: Connection) -> None:
        """Sends everything to the database; the transaction is the caller's."""
        for table, rows in self._inserts.items():
            names = [column.name for column in table.columns]
            connection.execute(insert(table), list(_filled(rows.values(), names)))
        for table, rows in self._updates.items():
            statement = update(table).where(table.c.objid == bindparam("row"))
            for objid, row in rows.items():
                connection.execute(statement.values(row), {"row": objid})


def _with_copies(table: Table, values: Row) -> Row:
    """The values, and what Clarify keeps in upper case for searching."""
    copies: Row = {
        f"s_{name}": value.upper()
        for name, value in values.items()
        if isinstance(value, str) and f"s_{name}" in table.columns
    }
    return values | copies


def _filled(rows: Iterable[Row], names: list[str]) -> Iterable[Row]:
    for row in rows:
        yield {name: row.get(name) for name in names}
