"""A store that another program holds is told apart from one that fails otherwise."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from feedserver.errors import StoreBusy, StoreError
from feedserver.stores.sql.engine import open_engine, writing
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, FakeClock, make_draft

URL = "sqlite:///log.db"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_engine(URL, tmp_path)
    sa.event.listen(engine, "connect", _impatient)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE part (name TEXT UNIQUE)")
    yield engine
    engine.dispose()


def _impatient(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA busy_timeout = 10")


def written(engine: sa.Engine, statement: str) -> type[StoreError] | None:
    """The kind of error with which that could not be written."""
    try:
        with writing(engine) as connection:
            connection.exec_driver_sql(statement)
    except StoreError as error:
        return type(error)
    return None


def test_a_store_that_another_program_holds_is_busy_until_it_lets_go(
    engine: sa.Engine, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        held = written(engine, "INSERT INTO part VALUES ('one')")
        other.execute("ROLLBACK")

    assert held is StoreBusy
    assert written(engine, "INSERT INTO part VALUES ('one')") is None


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO nothing VALUES (1)", "INSERT INTO part VALUES ('one'), ('one')"],
)
def test_what_cannot_be_written_otherwise_is_not_busy(engine: sa.Engine, statement: str) -> None:
    assert written(engine, statement) is StoreError


def test_half_a_surrogate_pair_is_not_busy(tmp_path: Path) -> None:
    with (
        closing(open_log(URL, tmp_path, AUTHORITY, FakeClock())) as log,
        pytest.raises(StoreError) as caught,
    ):
        log.append([make_draft(title="\ud800")])

    assert caught.type is StoreError


def test_who_appends_to_a_log_that_another_program_holds_is_told_that_it_is_busy(
    tmp_path: Path,
) -> None:
    with closing(open_log(URL, tmp_path, AUTHORITY, FakeClock())) as log:
        sa.event.listen(log._engine, "connect", _impatient)
        log._engine.dispose()
        with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusy):
                log.append([make_draft()])
            other.execute("ROLLBACK")
        position = log.append([make_draft()])

    assert position == (1,)
