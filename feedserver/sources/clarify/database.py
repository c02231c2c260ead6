"""The connection to the CRM's database: reads only, and in chunks that every engine takes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, cached_property
from operator import itemgetter, methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url

from feedserver.errors import SettingsError, SourceError
from feedserver.sources.clarify import tables

CHUNK = 900  # keys in one statement: Oracle takes 1000 in a list, SQL Server 2100 parameters


class Row(tuple[Any, ...]):
    """A row, with each column under its name too.

    The names of SQLAlchemy's own rows take ten times as long, and an entry reads forty.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


@cache
def _row_type(columns: tuple[str, ...]) -> type[Row]:
    named = {name: property(itemgetter(place)) for place, name in enumerate(columns)}
    return type("Row", (Row,), {"__slots__": (), **named})


class Database:
    """Reads the tables of one CRM."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._engine = _engine(name, url)
        # To build a statement anew takes longer than to send it.
        self._select_by = cache(lambda name, column: tables.select_by(name, column, self.present))
        self._select_span = cache(
            lambda name, column: tables.select_span(name, column, self.present)
        )
        self._select_all = cache(lambda name: tables.select_all(name, self.present))
        self._select_moves = cache(tables.select_moves)

    @cached_property
    def present(self) -> Mapping[str, Collection[str]]:
        """The tables and columns of `tables.COLUMNS` that this database has.

        Raises SourceError where it is no CRM or cannot be reached.
        """
        found: dict[str, Collection[str]] = {}
        for name in tables.COLUMNS:
            with self._connection() as connection:
                try:
                    columns = connection.execute(tables.probe(name)).keys()
                except sa.exc.DatabaseError:
                    # Databases have one error for a table that is not there and for much that
                    # passes; only the first may be kept for as long as we run.
                    connection.rollback()
                    if sa.inspect(connection).has_table(name):
                        raise
                    continue
                found[name] = {column.lower() for column in columns}
        if tables.ENTRY not in found:
            raise SourceError(
                f"source {self._name}: its database has no table {tables.ENTRY}; "
                "set `url` to that of the CRM"
            )
        return found

    @property
    def address(self) -> str:
        """The database's URL without its password, and without its query, where one may stand."""
        return self._engine.url.set(query={}).render_as_string(hide_password=True)

    def keys(self, after: int, upto: int, count: int, newest_first: bool = False) -> list[int]:
        """The objids of entries, `after` < objid <= `upto`, at most `count`."""
        limits = {"after": after, "upto": upto}
        return [row[0] for row in self._rows(tables.select_keys(count, newest_first), limits)]

    def highest(self) -> int:
        """The highest objid of all entries, 0 where there is none."""
        return self._rows(tables.select_highest())[0][0] or 0

    def count(self, after: int) -> int:
        """How many entries have an objid above that one."""
        return int(self._rows(tables.select_count(), {"after": after})[0][0])

    def last_before(self, date: datetime) -> int:
        """The objid before the first entry of that local time or later."""
        value: object = date
        if self._engine.dialect.name == "sqlite":
            value = date.strftime("%Y-%m-%d %H:%M:%S")  # where Clarify's dates are text
        found = self._rows(tables.select_last_before(), {"moment": value})[0][0]
        return self.highest() if found is None else int(found)

    def by(self, name: str, keys: Iterable[object], column: str = "objid") -> dict[Any, Row]:
        """The rows of a table by the key in `column`; an absent table has none."""
        wanted = {key for key in keys if key is not None}
        if not wanted or name not in self.present:
            return {}
        if column not in {"objid", *self.present[name]}:
            return {}
        rows: Iterable[Row]
        span = _span(wanted)
        if span is not None:
            # One statement, and not one for each chunk of keys: where the column has no index,
            # each reads all of the table.
            rows = self._rows(self._select_span(name, column), span)
            return {key: row for row in rows if (key := getattr(row, column)) in wanted}
        rows = self._in_chunks(self._select_by(name, column), wanted)
        return {getattr(row, column): row for row in rows}

    def all(self, name: str) -> Sequence[Row]:
        """Every row of a small table."""
        if name not in self.present:
            return []
        return self._rows(self._select_all(name))

    def moves(
        self, kind: tables.Kind, keys: Iterable[object], codes: Collection[int], upto: int
    ) -> Iterator[Row]:
        """The steps through queues of those objects, up to the entry `upto`, in its order."""
        if not {kind.relation, "act_code", "addnl_info"} <= set(self.present[tables.ENTRY]):
            return iter(())
        return self._in_chunks(self._select_moves(kind, frozenset(codes)), keys, upto=upto)

    def _in_chunks(
        self, statement: sa.Select[Any], keys: Iterable[object], **parameters: object
    ) -> Iterator[Row]:
        present = {key for key in keys if key is not None}
        # By type first: SQLite may hold text where a key should be, and that compares with none.
        wanted = sorted(present, key=lambda key: (type(key).__name__, key))
        for start in range(0, len(wanted), CHUNK):
            yield from self._rows(statement, {"keys": wanted[start : start + CHUNK], **parameters})

    def _rows(
        self, statement: sa.Select[Any], parameters: Mapping[str, object] | None = None
    ) -> Sequence[Row]:
        with self._connection() as connection:
            result = connection.execute(statement, parameters or {})
            return [*map(_row_type(tuple(result.keys())), result.all())]

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error)
            password = self._engine.url.password
            if password:
                reason = reason.replace(str(password), "***")
            reason = " ".join(reason.split())  # some drivers write paragraphs
            raise SourceError(f"source {self._name}: {reason}") from error

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _span(keys: Collection[object]) -> dict[str, int] | None:
    """The first key and the last, where all are numbers and at least half of those between."""
    numbers = [key for key in keys if type(key) is int]
    if len(numbers) < len(keys):
        return None
    first, last = min(numbers), max(numbers)
    return {"first": first, "last": last} if last - first < 2 * len(numbers) else None


def _engine(name: str, url: str) -> sa.Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_engine(name, parsed)
        return sa.create_engine(parsed, pool_pre_ping=True)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: of a port that is no number
        raise SettingsError(
            f"source {name}: `url` is no SQLAlchemy address; write sqlite:////path/to/crm.sqlite"
        ) from None
    except ImportError as error:
        raise SettingsError(
            f"source {name}: `url` needs a driver that is not installed ({error}); "
            "install it beside feedserver with pip"
        ) from None


def _sqlite_engine(name: str, url: URL) -> sa.Engine:
    path = Path(str(url.database))
    if not path.is_file():
        raise SettingsError(f"source {name}: `url` names no file: {path.absolute()}")
    engine = sa.create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA busy_timeout = 10000")
    # One text that is no UTF-8 must not stop the rows beside it.
    connection.text_factory = methodcaller("decode", "utf-8", "replace")
