"""Processes that die: `python -m tests.stores.dying STORE WORK…`, each one statement later.

Each WORK is done in a copy of the store, in a folder beside it, by a process that kills itself
before its first statement, in another copy before its second, and so on, until one comes to its
end. Tells how many they were.
"""

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from feedserver.clock import system_clock
from feedserver.model.activity import Activity
from feedserver.stores.sql.migrating import migrate
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY

URL = "sqlite:///log.db"


def migrates(folder: Path, begin: Callable[[], None]) -> None:
    begin()
    migrate(URL, folder, AUTHORITY, system_clock)


def edits(folder: Path, begin: Callable[[], None]) -> None:
    log = open_log(URL, folder, AUTHORITY, system_clock)
    (first,) = log.at([1])
    assert isinstance(first, Activity)
    begin()
    log.replace(1, replace(first.draft, title="edited"))


def redacts(folder: Path, begin: Callable[[], None]) -> None:
    log = open_log(URL, folder, AUTHORITY, system_clock)
    (first,) = log.at([1])
    begin()
    log.redact([first.id])


WORKS = {"migrate": migrates, "edit": edits, "redact": redacts}


def die_before(number: int) -> None:
    """From now on, let this process kill itself before its statement of that number."""
    numbers = count(1)

    def counted(_: str) -> None:
        if next(numbers) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def count_in(connection: sqlite3.Connection, *_: Any) -> None:
        connection.set_trace_callback(counted)

    sa.event.listen(sa.pool.Pool, "checkout", count_in)


def die(store: Path, work: str) -> int:
    """Do the work in one copy after the other, until it was done; how many there are."""
    for number in count(1):
        folder = store.parent / f"{work}-{number}"
        folder.mkdir()
        shutil.copy(store, folder / "log.db")
        child = os.fork()
        if child == 0:
            WORKS[work](folder, partial(die_before, number))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            break
        assert os.WIFSIGNALED(status), "it fails by itself"
    return number


def main(store: str, *works: str) -> None:
    for work in works:
        print(die(Path(store), work))


if __name__ == "__main__":
    main(*sys.argv[1:])
