"""Versions are written in one place, read from the code itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "feedserver"
STATEMENT = re.compile(r"\b(insert|replace|update|delete|alter|drop)\b.*\bversion\b", re.IGNORECASE)


def writes(code: str) -> Iterator[tuple[str, str]]:
    """The functions in which the code writes the table of versions, each with how it does."""
    for function in ast.walk(ast.parse(code)):
        if isinstance(function, ast.FunctionDef):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and _is_writing(call):
                    yield function.name, ast.unparse(call.func)


def _is_writing(call: ast.Call) -> bool:
    how = ast.unparse(call.func)
    if how.endswith((".exec_driver_sql", ".text", ".executescript")) or re.search(
        r"\bcursor\.execute(many)?$", how
    ):
        return STATEMENT.search(ast.unparse(call)) is not None
    target = call.args[0] if how.startswith("sa.") and call.args else call.func
    what = ast.unparse(target)
    is_versions = re.search(r"\btables\.version(\.(insert|update|delete))?$", what) is not None
    return how.endswith((".insert", ".update", ".delete")) and is_versions


def test_only_the_log_writes_versions_and_each_kind_in_one_function() -> None:
    found = {
        (str(path.relative_to(PACKAGE)), *write)
        for path in PACKAGE.rglob("*.py")
        for write in writes(path.read_text(encoding="utf-8"))
    }

    assert found == {
        ("stores/sql/log.py", "_write", "cursor.executemany"),  # appends
        ("stores/sql/log.py", "_redact", "sa.update"),  # erases what was redacted
        ("stores/sql/migrating.py", "_to_2", "connection.exec_driver_sql"),
    }


def test_only_one_module_knows_how_words_are_kept_and_found() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\b(fts5\w*|MATCH|(FROM|INTO|UPDATE) text)\b", path.read_text("utf-8"))
    }

    assert found == {"stores/sql/searching.py"}


@pytest.mark.parametrize(
    "call",
    [
        "sa.insert(tables.version)",
        "sa.update(tables.version).where(x).values(kind='silent')",
        "sa.delete(tables.version)",
        "tables.version.insert()",
        "connection.exec_driver_sql('DELETE FROM version')",
        "connection.execute(sa.text('insert into version values (1)'))",
        "cursor.execute('REPLACE INTO version VALUES (?)', row)",
    ],
)
def test_whoever_else_would_write_them_is_found(call: str) -> None:
    assert [name for name, _ in writes(f"def other():\n    {call}")] == ["other"]
