"""The contract of `ports.RecordStore`, the same for every store, and what a database adds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feedserver.errors import StoreError
from feedserver.ports import Keeping, KeptRecord, RecordStore
from feedserver.stores.memory import MemoryRecords
from feedserver.stores.sql.caring import back_up
from feedserver.stores.sql.checking import check
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, NOON, FakeClock
from tests.stores.statements import ask

URL = "sqlite:///log.db"

Open = Callable[[], SqlLog]


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Open]:
    """Opens the store of the test, as a process of its own would."""
    with ExitStack() as opened:

        def open_store() -> SqlLog:
            log = open_log(URL, tmp_path, AUTHORITY, FakeClock())
            opened.callback(log.close)
            return log

        yield open_store


@pytest.fixture(params=["memory", "sqlite"])
def records(request: pytest.FixtureRequest, open_store: Open) -> RecordStore:
    return MemoryRecords() if request.param == "memory" else open_store().records


def make_record(key: str = "1", **overrides: Any) -> KeptRecord:
    made: dict[str, Any] = {
        "source": "ci",
        "key": key,
        "received": NOON,
        "headers": {"x-event": "püsh"},
        "value": {"n": [1, 2.5, None, True, "№ 1\u0000", 10**30]},
        "reason": "there is no title",
    }
    return KeptRecord(**(made | overrides))


def test_at_first_nothing_is_kept(records: RecordStore) -> None:
    assert records.find("ci") == ()
    assert records.standing() == {}
    assert records.keep([]) == ()


def test_records_are_kept_as_they_are_in_the_order_in_which_they_came(records: RecordStore) -> None:
    given = (make_record("b"), make_record("a"), make_record("c", value=[]))

    are_new = records.keep(given[:2]) + records.keep(given[2:])

    assert are_new == (True, True, True)
    assert records.find("ci") == given
    assert records.find("ci", "a") == given[1:2]


def test_sources_have_nothing_to_do_with_each_other(records: RecordStore) -> None:
    records.keep([make_record("1"), make_record("1", source="other")])

    assert [record.source for record in records.find("ci")] == ["ci"]
    assert records.drop("ci", ["1"]) == 1
    assert len(records.find("other")) == 1


def test_what_comes_again_stands_once_as_it_came_first_with_the_newest_reason(
    records: RecordStore,
) -> None:
    records.keep([make_record("1"), make_record("2")])

    are_new = records.keep([make_record("1", reason="another", value={}), make_record("3")])

    assert are_new == (False, True)
    assert records.keys("ci") == ("1", "2", "3")
    assert records.find("ci") == (
        make_record("1", reason="another"),
        make_record("2"),
        make_record("3"),
    )


def test_what_is_dropped_is_kept_no_more(records: RecordStore) -> None:
    records.keep([make_record("1"), make_record("2"), make_record("3")])

    assert records.drop("ci", ["1", "3", "4"]) == 2
    assert records.drop("ci", []) == 0

    assert [record.key for record in records.find("ci")] == ["2"]


def test_it_tells_how_many_are_kept_and_since_when(records: RecordStore) -> None:
    later = NOON + timedelta(microseconds=1)
    records.keep([make_record("1", received=later), make_record("2"), make_record("3")])
    records.keep([make_record("1", source="other", received=later)])

    assert records.standing() == {
        "ci": Keeping(3, NOON, later),
        "other": Keeping(1, later, later),
    }


def test_what_one_process_keeps_another_one_finds(open_store: Open) -> None:
    one, other = open_store().records, open_store().records

    one.keep([make_record()])

    assert other.find("ci") == (make_record(),)


def test_of_many_that_keep_one_record_at_once_one_has_a_new_one(open_store: Open) -> None:
    stores = [open_store().records for _ in range(4)]
    told: list[bool] = []
    barrier = threading.Barrier(4)

    def keep(store: RecordStore) -> None:
        barrier.wait()
        told.extend(store.keep([make_record()]))

    threads = [threading.Thread(target=keep, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == [False, False, False, True]
    assert len(stores[0].find("ci")) == 1


def test_all_or_none_of_what_is_kept_together_is(open_store: Open, tmp_path: Path) -> None:
    records = open_store().records
    ask(
        tmp_path / "log.db",
        "CREATE TRIGGER full BEFORE INSERT ON kept_record WHEN NEW.key = '2' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END",
    )

    with pytest.raises(StoreError, match="cannot be written"):
        records.keep([make_record("1"), make_record("2")])

    assert records.find("ci") == ()


def test_a_damaged_record_is_told_by_the_check_and_by_who_reads_it(
    open_store: Open, tmp_path: Path
) -> None:
    records = open_store().records
    records.keep([make_record("1"), make_record("2")])
    assert list(check(URL, tmp_path)) == []
    ask(tmp_path / "log.db", "UPDATE kept_record SET document = x'7b' WHERE key = '2'")

    told = list(check(URL, tmp_path))

    assert [line.partition(": ")[0] for line in told] == ["the kept record 2 of ci cannot be read"]
    with pytest.raises(StoreError, match="the kept record 2 of ci is damaged"):
        records.find("ci")


def test_a_backup_holds_what_is_kept(open_store: Open, tmp_path: Path) -> None:
    open_store().records.keep([make_record()])

    back_up(URL, tmp_path, tmp_path / "copy.db")

    assert ask(tmp_path / "copy.db", "SELECT source, key FROM kept_record") == [("ci", "1")]
