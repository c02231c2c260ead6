"""Every statement is one that all the databases of CRMs take."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Dialect

from feedserver.sources.clarify.database import CHUNK, Database
from feedserver.sources.clarify.joining import Joined
from feedserver.sources.clarify.tables import COLUMNS, statements
from tests.sources.clarify_builder import Clarify, one_entry_of_everything

STATEMENTS = statements()
DIALECTS: dict[str, Dialect] = {
    name: registry.load(name)() for name in ("sqlite", "postgresql", "mssql", "oracle")
}
ROW_LIMIT = {"sqlite": "LIMIT", "postgresql": "LIMIT", "mssql": "TOP", "oracle": "FETCH FIRST"}
MOST_PARAMETERS = {"sqlite": 999, "postgresql": 32767, "mssql": 2100, "oracle": 1000}
VALUES: dict[str, Any] = {"after": 1, "upto": 9, "moment": "2026-01-01"}
PARAMETER = re.compile(r"\?|%\(\w+\)s|(?<!:):\w+")


def compiled(name: str, dialect: str, keys: Sequence[object] | None = None) -> str:
    """The statement as it is sent, its lists of keys written out."""
    statement = STATEMENTS[name]
    parameters = sa.sql.visitors.iterate(statement)
    names = {part.key for part in parameters if isinstance(part, sa.BindParameter)}
    keys = keys or (["ann", "bob"] if name.endswith("login_name") else [1, 2, 3])
    values = {name: value for name, value in {"keys": keys, **VALUES}.items() if name in names}
    return str(
        statement.params(values).compile(
            dialect=DIALECTS[dialect], compile_kwargs={"render_postcompile": True}
        )
    )


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", STATEMENTS)
def test_every_statement_compiles(name: str, dialect: str) -> None:
    text = compiled(name, dialect)

    assert text.startswith("SELECT")
    assert "POSTCOMPILE" not in text


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", STATEMENTS)
def test_no_name_is_quoted(name: str, dialect: str) -> None:
    # A quoted name is compared with its case, and Oracle keeps names in capitals.
    assert not re.search(r'["\[`]', compiled(name, dialect))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["keys", "newest keys"])
def test_what_may_be_millions_is_asked_for_in_portions(name: str, dialect: str) -> None:
    text = compiled(name, dialect)

    assert ROW_LIMIT[dialect] in text
    assert text.count("SELECT") == 1  # the order is that of the answer, not of a part of it
    assert "ORDER BY" in text


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", [name for name in STATEMENTS if name.startswith("probe")])
def test_a_probe_asks_for_no_rows(name: str, dialect: str) -> None:
    assert compiled(name, dialect).endswith("WHERE 1 = 0")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_list_of_keys_is_short_enough(dialect: str) -> None:
    text = compiled("moves of case", dialect, keys=list(range(CHUNK)))

    assert CHUNK < len(PARAMETER.findall(text)) <= MOST_PARAMETERS[dialect]


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_internal_part_of_a_log_is_never_read(name: str) -> None:
    text = compiled(name, "sqlite")

    assert not re.search(r"\binternal\b", text, re.IGNORECASE)
    if "*" in text:  # every column, but of no row
        assert text.endswith("WHERE 1 = 0")


def test_every_statement_that_is_sent_is_one_of_these(crm: Clarify) -> None:
    sent: list[str] = []
    database = Database("crm", crm.url)
    event.listen(
        database._engine, "before_execute", lambda _c, statement, *_: sent.append(str(statement))
    )

    keys = one_entry_of_everything(crm)
    Joined(database, keys)
    database.keys(0, database.highest(), 5)
    database.keys(0, database.highest(), 5, newest_first=True)
    database.last_before(datetime.fromisoformat("2026-01-01"))
    database.count(0)
    database.close()

    known = {str(statement) for statement in STATEMENTS.values()}
    # How many codes there are is no part of a statement: they are a list as well.
    assert {statement for statement in sent if statement not in known} == set()
    assert len(set(sent)) > 40


def test_the_columns_are_those_of_clarify() -> None:
    for table, columns in COLUMNS.items():
        assert table.startswith("table_")
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in columns)
