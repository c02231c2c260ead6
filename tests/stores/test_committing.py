"""Writers that overlap are committed together, each acknowledged after that and refused alone."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from feedserver.errors import Moved, StoreError
from feedserver.model.activity import Activity, Draft
from feedserver.stores.sql import committing
from feedserver.stores.sql.engine import open_engine
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, NOON, FakeClock, make_draft
from tests.stores.statements import ask

URL = "sqlite:///log.db"
NAIVE = datetime(2026, 5, 8, 12, 0)  # noqa: DTZ001 - a date that no log can order


class Held:
    """A store in which the first commit waits, so that all who come meanwhile wait for it."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        self.path = folder / "log.db"
        self.clock = FakeClock()
        self.log = open_log(URL, folder, AUTHORITY, self.clock)
        self.log.append([make_draft(title="first")])
        self.commits = 0
        self.before_commit: Callable[[], None] = lambda: None
        self._pool = pool
        self._reached, self._go_on = threading.Event(), threading.Event()
        self._engine = self.log._engine
        sa.event.listen(self._engine, "before_cursor_execute", self._hold)

    def _hold(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement != "COMMIT":
            return
        self.commits += 1
        if self.commits == 1:
            self._reached.set()
            assert self._go_on.wait(10)
        else:
            self.before_commit()

    def together(
        self, *works: Callable[[SqlLog], Any], meanwhile: Callable[[], None] = lambda: None
    ) -> list[Future[Any]]:
        """Do all of it while another one commits; each comes in its turn, and then that happens."""
        leader = self._pool.submit(self.log.append, [make_draft(title="leader")])
        assert self._reached.wait(10)
        done = []
        for number, work in enumerate(works, 1):
            done.append(self._pool.submit(work, self.log))
            while len(self.log._committing._waiting) < number:
                assert not done[-1].done()
        meanwhile()
        self._go_on.set()
        leader.result(10)
        for each in done:
            each.exception(10)
        return done


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    with ThreadPoolExecutor(20) as pool:
        held = Held(tmp_path, pool)
        yield held
        held._go_on.set()
        held.log.close()


def appends(*drafts: Draft) -> Callable[[SqlLog], Any]:
    return lambda log: log.append(drafts)


def stored(path: Path) -> list[str]:
    """What is on the disk, as another process finds it."""
    return [id for (id,) in ask(path, "SELECT id FROM version ORDER BY position")]


def test_who_waits_while_another_one_commits_is_committed_together(held: Held) -> None:
    drafts = [make_draft() for _ in range(15)]

    done = held.together(*(appends(draft) for draft in drafts))

    assert held.commits == 2
    assert [each.result() for each in done] == [(position,) for position in range(3, 18)]
    assert stored(held.path)[2:] == [draft.id for draft in drafts]


def test_nobody_is_told_before_it_is_on_disk(held: Held) -> None:
    drafts = [make_draft() for _ in range(5)]
    told: list[str] = []

    def append(draft: Draft) -> Callable[[SqlLog], None]:
        def appended(log: SqlLog) -> None:
            log.append([draft])
            found = stored(held.path)
            told.append("on disk" if draft.id in found else "not yet")

        return appended

    before: list[str] = []
    held.before_commit = lambda: before.extend(told)
    for each in held.together(*map(append, drafts)):
        each.result()

    assert (before, told) == ([], ["on disk"] * 5)


def test_positions_dates_and_commits_are_in_one_order(held: Held) -> None:
    held.clock.advance(60)
    first = held.together(*(appends(make_draft(occurred=None)) for _ in range(4)))

    dates = [version.dates for version in held.log.read(0)]

    assert [each.result() for each in first] == [(3,), (4,), (5,), (6,)]
    assert sorted({each.updated for each in dates}) == [each.updated for each in dates]
    assert sorted({each.published for each in dates}) == [each.published for each in dates]
    assert sorted(each.recorded for each in dates) == [each.recorded for each in dates]


def test_the_clock_is_read_when_it_is_its_turn(held: Held) -> None:
    (done,) = held.together(
        appends(make_draft(occurred=None)), meanwhile=lambda: held.clock.advance(3600)
    )

    (position,) = done.result()
    assert held.log.at([position])[0].dates.recorded == NOON + timedelta(seconds=3600)


def test_one_that_fails_takes_nothing_of_the_others_with_it(held: Held) -> None:
    good, other = make_draft(), make_draft()

    done = held.together(
        appends(good), appends(make_draft(), make_draft(occurred=NAIVE)), appends(other)
    )

    assert isinstance(done[1].exception(), TypeError)
    assert [done[0].result(), done[2].result()] == [(3,), (4,)]
    assert stored(held.path)[2:] == [good.id, other.id]


def test_one_that_moved_is_refused_alone_and_in_the_same_commit(held: Held) -> None:
    (first,) = held.log.at([1])
    assert isinstance(first, Activity)
    edited, late, new = first.draft, first.draft, make_draft()

    done = held.together(
        lambda log: log.replace(1, edited), lambda log: log.replace(1, late), appends(new)
    )

    assert held.commits == 2
    assert isinstance(done[1].exception(), Moved)
    assert [done[0].result(), done[2].result()] == [3, (4,)]
    assert [version.id for version in held.log.read(2)] == [first.id, new.id]


def test_an_id_that_several_send_at_once_is_recorded_once(held: Held) -> None:
    draft, other = make_draft(title="first"), make_draft()

    done = held.together(
        appends(draft), appends(make_draft(id=draft.id, title="second"), other), appends(draft)
    )

    assert held.commits == 2
    assert [each.result() for each in done] == [(3,), (0, 4), (0,)]
    found = held.log.find(draft.id)
    assert isinstance(found, Activity)
    assert found.draft.title == "first"


def test_edits_deletions_and_redactions_keep_their_turn(held: Held) -> None:
    draft = make_draft()
    (first,) = held.log.at([1])

    done = held.together(
        appends(draft),
        lambda log: log.replace(3, make_draft(id=draft.id)),
        lambda log: log.redact([first.id]),
        lambda log: log.replace(4, None),
        appends(make_draft()),
    )

    assert [each.result() for each in done] == [(3,), 4, (5,), 6, (7,)]


def test_a_commit_that_fails_is_told_to_each_and_leaves_nothing(held: Held) -> None:
    def fails() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    held.before_commit = fails

    done = held.together(*(appends(make_draft()) for _ in range(3)))

    told = [str(each.exception()) for each in done]
    assert told == ["the store cannot be written: database or disk is full"] * 3
    assert held.commits == 2  # none of them tries alone what none can do
    assert len(stored(held.path)) == 2
    held.before_commit = lambda: None
    assert held.log.append([make_draft()]) == (3,)


def test_a_store_that_another_process_holds_is_told_to_each_and_then_goes_on(
    held: Held,
) -> None:
    other = sqlite3.connect(held.path, isolation_level=None, check_same_thread=False)
    with held._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 10")

    def holds() -> None:
        other.execute("BEGIN IMMEDIATE")

    sa.event.listen(held._engine, "after_cursor_execute", _once("COMMIT", holds))
    done = held.together(*(appends(make_draft()) for _ in range(3)))

    told = [each.exception() for each in done]
    assert [str(error) for error in told] == ["the store cannot be written: database is locked"] * 3
    assert all(isinstance(error, StoreError) for error in told)
    other.rollback()
    other.close()
    assert held.log.append([make_draft()]) == (3,)


class Parts:
    """Parts that are written one by one into a database, of which what is wrong is not."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "parts.db"
        self.begun = 0
        self.before_begin: Callable[[int], None] = lambda _: None
        self.engine = open_engine("sqlite:///parts.db", folder)
        sa.event.listen(self.engine, "connect", _impatient)
        with self.engine.connect() as connection:
            connection.exec_driver_sql("CREATE TABLE part (name TEXT)")
        sa.event.listen(self.engine, "before_cursor_execute", self._begin)
        self.committing = committing.Committing(self.engine, self._write)

    def _begin(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("BEGIN"):
            self.begun += 1
            self.before_begin(self.begun)

    @staticmethod
    def _write(connection: sa.Connection, parts: Sequence[Any]) -> list[str]:
        for part in parts:
            if part.name == "wrong":
                raise TypeError("it is wrong")
            connection.execute(sa.text("INSERT INTO part VALUES (:name)"), {"name": part.name})
        return [part.name for part in parts]


def _impatient(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA busy_timeout = 10")


@dataclass
class Named:
    """A part that writes its name."""

    name: str
    rows: int = 1
    size: int = 1


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    parts = Parts(tmp_path)
    yield parts
    parts.engine.dispose()


def test_who_came_while_the_lock_could_not_be_had_is_told_the_same_at_once(parts: Parts) -> None:
    others: list[Future[Any]] = []
    with (
        ThreadPoolExecutor(9) as pool,
        closing(sqlite3.connect(parts.path, isolation_level=None)) as other,
    ):

        def come(begun: int) -> None:
            if begun == 1:
                for number in range(8):
                    others.append(pool.submit(parts.committing.commit, Named(str(number))))
                while len(parts.committing._waiting) < 8:
                    pass

        parts.before_begin = come
        other.execute("BEGIN IMMEDIATE")
        first = pool.submit(parts.committing.commit, Named("first"))
        told = {str(each.exception(10)) for each in (first, *others)}
        other.execute("ROLLBACK")

    assert told == {"the store cannot be written: database is locked"}
    assert parts.begun == 1
    parts.before_begin = lambda _: None
    assert parts.committing.commit(Named("next")) == "next"


@pytest.mark.parametrize(("begun", "written"), [(3, "last"), (5, "first")])
def test_who_was_written_is_not_told_that_another_one_could_not_be(
    parts: Parts, begun: int, written: str
) -> None:
    names = ("first", "wrong", "last")
    done: dict[str, Future[Any]] = {}
    with (
        ThreadPoolExecutor(9) as pool,
        closing(
            sqlite3.connect(parts.path, isolation_level=None, check_same_thread=False)
        ) as other,
    ):

        def hold(number: int) -> None:
            if number == 1:  # the others come; they are written together next, and then each alone
                for name in names:
                    done[name] = pool.submit(parts.committing.commit, Named(name))
                    while len(parts.committing._waiting) < len(done):
                        pass
            elif number == begun:
                other.execute("BEGIN IMMEDIATE")
            elif number == begun + 1:
                other.execute("ROLLBACK")

        parts.before_begin = hold
        parts.committing.commit(Named("leader"))
        told = {name: str(done[name].exception(10)) for name in names}
        if other.in_transaction:
            other.execute("ROLLBACK")
        found = [name for (name,) in other.execute("SELECT name FROM part")]

    locked = "the store cannot be written: database is locked"
    refused = dict.fromkeys(names, locked) | {"wrong": "it is wrong", written: "None"}
    assert found == ["leader", written]
    assert told == refused


def _once(statement: str, do: Callable[[], None]) -> Callable[..., None]:
    is_done = False

    def after(_connection: Any, _cursor: Any, said: str, *_: Any) -> None:
        nonlocal is_done
        if said == statement and not is_done:
            is_done = True
            do()

    return after


def test_a_batch_is_not_held_up_by_many_and_many_not_by_a_batch(held: Held) -> None:
    batch = [make_draft() for _ in range(committing.MAX_ROWS)]

    done = held.together(appends(make_draft()), appends(*batch), appends(make_draft()))

    assert held.commits == 4  # the one that held all up, and each of these
    assert done[2].result() == (3 + committing.MAX_ROWS + 1,)


def test_threads_without_end_are_all_served_in_their_order(tmp_path: Path) -> None:
    log = open_log(URL, tmp_path, AUTHORITY, FakeClock())

    def write(_: int) -> list[int]:
        return [log.append([make_draft()])[0] for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(write, range(8)))

    assert all(each == sorted(each) for each in answers)
    assert sorted(position for each in answers for position in each) == list(range(1, 161))
    assert log.head() == 160
    log.close()
