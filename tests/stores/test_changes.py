"""Whether anything was committed, asked of one process while another one writes."""

import os
import sqlite3
from pathlib import Path

import pytest

from feedserver.errors import StoreError
from feedserver.model.grant import Grant
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, NOON, FakeClock, make_draft

URL = "sqlite:///log.db"


def test_what_another_one_commits_is_a_change_at_once(tmp_path: Path) -> None:
    log, other = (open_log(URL, tmp_path, AUTHORITY, FakeClock()) for _ in range(2))
    told = [log.changes()]

    for _ in range(3):
        other.append([make_draft()])
        told.append(log.changes())
    other.grants.add(Grant("ann", b"digest", False, NOON))
    told.append(log.changes())

    assert len(set(told)) == 5
    log.close()
    other.close()


def test_what_is_not_committed_yet_is_no_change(tmp_path: Path) -> None:
    log = open_log(URL, tmp_path, AUTHORITY, FakeClock())
    told = log.changes()
    other = sqlite3.connect(tmp_path / "log.db", isolation_level=None)

    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE log SET recorded = 1")
    before = log.changes()
    other.execute("COMMIT")

    assert before == told
    assert log.changes() != told
    other.close()
    log.close()


def test_a_connection_that_is_opened_anew_tells_another_number(tmp_path: Path) -> None:
    log = open_log(URL, tmp_path, AUTHORITY, FakeClock())
    told = log.changes()

    log.close()

    assert log.changes() != told
    log.close()


def test_a_forked_process_asks_on_a_connection_of_its_own(tmp_path: Path) -> None:
    log = open_log(URL, tmp_path, AUTHORITY, FakeClock())
    told = log.changes()

    child = os.fork()
    if child == 0:
        os._exit(0 if log.changes() > told + 1000 else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert log.changes() == told
    log.close()


def test_a_store_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    log = open_log(URL, tmp_path, AUTHORITY, FakeClock())
    log.close()
    (tmp_path / "log.db").unlink()
    (tmp_path / "log.db").mkdir()

    with pytest.raises(StoreError, match=r"^the store cannot be read: unable to open database"):
        log.changes()
    log.close()
