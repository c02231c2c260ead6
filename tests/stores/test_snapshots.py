"""Snapshots in SQLite: kept while they are true, and gone with what was redacted."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from feedserver.errors import StoreError
from feedserver.model.activity import Object
from feedserver.model.filter import EVERYTHING
from feedserver.ports import Snapshot
from feedserver.services.indexing import FacetIndex
from feedserver.services.snapshots import Snapshots
from feedserver.stores.sql.caring import back_up, vacuum
from feedserver.stores.sql.checking import check
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.stores.statements import ask

URL = "sqlite:///log.db"
MARK = "Xylophon"
SEGMENT = 4


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqlLog]:
    log = open_log(URL, tmp_path, AUTHORITY, FakeClock())
    yield log
    log.close()


@pytest.fixture
def made(log: SqlLog) -> Snapshot:
    return Snapshot(0, log.epoch, 0, 3, b"abcd", b"content")


def indexed(log: SqlLog) -> FacetIndex:
    index = FacetIndex(log, snapshots=log.snapshots, segment=SEGMENT)
    index.catch_up()
    return index


def save(log: SqlLog, index: FacetIndex | None = None) -> int:
    return Snapshots(index or indexed(log), log.snapshots, log.epoch).save_if_due(1)


def test_it_is_found_by_where_it_begins_and_whose_log_it_is_of(log: SqlLog, made: Snapshot) -> None:
    assert log.snapshots.save(made, 0)

    assert log.snapshots.following(log.epoch, 0) == made
    assert log.snapshots.following(log.epoch, 3) is None
    assert log.snapshots.following("another0", 0) is None
    assert log.snapshots.positions(log.epoch) == {0: 3}
    assert log.snapshots.positions("another0") == {}


@pytest.mark.parametrize(
    "change",
    [
        "content = x'00'",
        "\"check\" = x'00'",
        "position = 2",
        "digest = x''",
    ],
)
def test_what_was_damaged_has_no_content(
    log: SqlLog, tmp_path: Path, made: Snapshot, change: str
) -> None:
    log.snapshots.save(made, 0)

    ask(tmp_path / "log.db", f"UPDATE snapshot SET {change}")

    found = log.snapshots.following(log.epoch, 0)
    assert found is not None
    assert found.content is None


def test_what_another_program_wrote_is_not_found_and_replaced(
    log: SqlLog, tmp_path: Path, made: Snapshot
) -> None:
    log.snapshots.save(made, 0)

    ask(tmp_path / "log.db", "UPDATE snapshot SET format = '0-little'")

    assert log.snapshots.following(log.epoch, 0) is None
    assert log.snapshots.positions(log.epoch) == {}
    assert log.snapshots.save(made, 0)
    assert log.snapshots.following(log.epoch, 0) == made


def test_what_was_damaged_is_saved_anew(log: SqlLog, tmp_path: Path) -> None:
    log.append([make_draft() for _ in range(9)])
    save(log)
    ask(tmp_path / "log.db", "UPDATE snapshot SET content = x'00' WHERE number = 1")

    index = indexed(log)

    assert index.newest(EVERYTHING, 99).positions == tuple(range(9, 0, -1))
    assert save(log, index) == 1
    assert list(check(URL, tmp_path)) == []


def test_the_newer_one_of_two_is_kept(log: SqlLog, made: Snapshot) -> None:
    newer = replace(made, position=4, content=b"newer")

    assert log.snapshots.save(made, 0)
    assert log.snapshots.save(newer, 0)
    assert not log.snapshots.save(made, 0)
    assert log.snapshots.following(log.epoch, 0) == newer
    assert log.snapshots.save(made, 0, is_sure=True)
    assert log.snapshots.following(log.epoch, 0) == made


def test_one_from_before_a_redaction_is_not_kept(log: SqlLog, made: Snapshot) -> None:
    draft = make_draft()
    log.append([draft])

    (tombstone,) = log.redact([draft.id])

    assert not log.snapshots.save(made, tombstone - 1)
    assert log.snapshots.save(made, tombstone)


def test_what_is_redacted_takes_those_with_it_that_tell_of_it_and_no_others(log: SqlLog) -> None:
    drafts = [make_draft() for _ in range(12)]
    log.append(drafts)
    log.replace(2, replace(drafts[1], title="edited"))
    assert save(log) == 4

    log.redact([drafts[1].id])

    assert log.snapshots.positions(log.epoch) == {1: 7, 2: 11}


def test_what_was_redacted_is_in_no_file_afterwards(log: SqlLog, tmp_path: Path) -> None:
    secret = make_draft(
        actor=Object("person", "urn:x", MARK, login=MARK),
        tags=(MARK,),
        queues=(MARK,),
        object=Object("case", f"urn:{MARK}", number=MARK),
    )
    log.append([make_draft(), secret, *(make_draft() for _ in range(9))])
    index = indexed(log)
    assert save(log, index) == 3
    ((content,),) = ask(tmp_path / "log.db", "SELECT content FROM snapshot WHERE number = 0")
    assert MARK.encode() in content

    log.redact([secret.id])
    assert save(log, index) == 0, "the index has not caught up"
    index.catch_up()
    assert save(log, index) == 2
    vacuum(URL, tmp_path)

    for path in tmp_path.iterdir():
        assert MARK.encode() not in path.read_bytes()
    assert indexed(log).find_name("tag", MARK) is None


def test_a_redaction_that_is_taken_back_takes_nothing_with_it(log: SqlLog) -> None:
    draft = make_draft()
    log.append([draft])
    save(log)

    with pytest.raises(StoreError, match="surrogate"):
        log.redact([draft.id, "urn:\ud800"])

    assert log.snapshots.positions(log.epoch) == {0: 1}


def test_a_backup_holds_them_and_is_ready_as_soon(log: SqlLog, tmp_path: Path) -> None:
    log.append([make_draft() for _ in range(9)])
    save(log)

    back_up(URL, tmp_path, tmp_path / "copy.db")

    copy = open_log("sqlite:///copy.db", tmp_path, AUTHORITY, FakeClock())
    assert copy.snapshots.positions(copy.epoch) == {0: 3, 1: 7, 2: 9}
    assert indexed(copy).newest(EVERYTHING, 99) == indexed(log).newest(EVERYTHING, 99)
    copy.close()


def test_several_that_save_at_once_leave_sound_ones(log: SqlLog, tmp_path: Path) -> None:
    log.append([make_draft() for _ in range(40)])
    others = [open_log(URL, tmp_path, AUTHORITY, FakeClock()) for _ in range(3)]
    indexes = [indexed(each) for each in others]
    threads = [
        threading.Thread(target=save, args=pair) for pair in zip(others, indexes, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(log.snapshots.positions(log.epoch)) == 11
    assert list(check(URL, tmp_path)) == []
    for other in others:
        other.close()


def test_check_tells_of_one_that_is_damaged(log: SqlLog, tmp_path: Path) -> None:
    log.append([make_draft() for _ in range(5)])
    save(log)
    assert list(check(URL, tmp_path)) == []

    ask(tmp_path / "log.db", "UPDATE snapshot SET content = x'00' WHERE number = 1")

    assert list(check(URL, tmp_path)) == [
        "the snapshot of the index up to position 5 is damaged; it is not used, and saved anew"
    ]


def test_check_tells_of_one_that_is_not_of_this_log(
    log: SqlLog, tmp_path: Path, made: Snapshot
) -> None:
    log.append([make_draft()])
    log.snapshots.save(made, 0)

    assert list(check(URL, tmp_path)) == [
        "the snapshot of the index up to position 3 is of another log; it is not used"
    ]
