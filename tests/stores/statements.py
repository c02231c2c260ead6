"""Statements on a store's file, past the log."""

import sqlite3
from pathlib import Path
from typing import Any


def ask(path: Path, statement: str) -> list[Any]:
    """Run a statement on a database past the log, and give its rows."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute(statement).fetchall()
        connection.commit()
        return rows
    finally:
        connection.close()
