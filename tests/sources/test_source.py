"""Which entries are new: nothing is left out, nothing comes twice, nothing stops the rest."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedserver.errors import FeedserverError, SettingsError, SourceError, StoreError
from feedserver.model.activity import Draft
from feedserver.ports import Bookmark, Poll, Problem, Source
from feedserver.services.intake import Intake, cleaned
from feedserver.services.polling import Polling
from feedserver.sources.clarify import make_source
from feedserver.sources.clarify.database import Database
from feedserver.sources.clarify.entries import Entry
from feedserver.sources.clarify.mapping import EntryMapping
from feedserver.sources.clarify.source import BATCH, SWEEP, ClarifySource
from feedserver.sources.clarify.tables import COLUMNS, ENTRY
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, make_draft, object_of
from tests.sources.clarify_builder import FIRST_OBJID, Clarify, one_entry_of_everything
from tests.sources.conftest import MakeSource

DAY = 24 * 60 * 60
MakePolling = Callable[[Source], Polling]


def drain(polling: Polling, most: int = 100) -> None:
    """Ask until there is no more to be had at once."""
    for _ in range(most):
        if not polling.step():
            return
    raise AssertionError("the source never comes to an end")


def objids(log: MemoryLog) -> list[int]:
    """The objids of the recorded entries, in the order of the log."""
    return [int(activity.id.rpartition("/")[2]) for activity in log.read(0)]


def found(poll: Poll) -> list[int]:
    return [int(draft.id.rpartition("/")[2]) for draft in poll.drafts]


def nothing(_ids: Sequence[str]) -> set[str]:
    return set()


@pytest.fixture
def case(crm: Clarify) -> int:
    crm.user()
    return crm.case()


@pytest.fixture
def add(crm: Clarify, case: int) -> Callable[..., int]:
    """Adds an entry of which nothing is odd."""

    def entry(**values: Any) -> int:
        return crm.entry(200, act_entry2case=case, act_entry2user=FIRST_OBJID, **values)

    return entry


@pytest.fixture
def add_many(crm: Clarify, add: Callable[..., int]) -> Callable[[int], list[int]]:
    def entries(count: int) -> list[int]:
        with crm.together():
            return [add() for _ in range(count)]

    return entries


Add = Callable[..., int]
AddMany = Callable[[int], list[int]]


class TestLateCommits:
    """An objid is drawn before its entry is committed."""

    def test_one_inside_the_window_is_found_by_the_next_poll(
        self,
        crm: Clarify,
        add: Add,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
    ) -> None:
        polling = make_polling(open_source(window=3))
        first = add()
        late = crm.skip(2)
        last = add()
        drain(polling)

        add(objid=late)
        drain(polling)
        add(objid=late + 1)
        drain(polling)

        assert objids(log) == [first, last, late, late + 1]

    def test_one_below_the_window_waits_for_the_daily_sweep(
        self,
        crm: Clarify,
        add: Add,
        add_many: AddMany,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
        clock: FakeClock,
    ) -> None:
        polling = make_polling(open_source(window=3))
        late = crm.skip(1)
        entries = add_many(5)
        drain(polling)
        add(objid=late)

        clock.advance(DAY - 1)
        drain(polling)
        assert objids(log) == entries

        clock.advance(1)
        drain(polling)
        assert objids(log) == [*entries, late]

    def test_the_sweep_comes_every_day(
        self,
        crm: Clarify,
        add: Add,
        add_many: AddMany,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
        clock: FakeClock,
    ) -> None:
        polling = make_polling(open_source(window=0))
        late = crm.skip(3)
        entries = add_many(1)
        drain(polling)

        for objid in (late + 2, late, late + 1):
            add(objid=objid)
            clock.advance(DAY)
            drain(polling)

        assert objids(log) == [*entries, late + 2, late, late + 1]

    def test_one_below_the_window_is_found_by_the_sweep_at_start(
        self,
        crm: Clarify,
        add: Add,
        add_many: AddMany,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
    ) -> None:
        late = crm.skip(1)
        entries = add_many(5)
        drain(make_polling(open_source(window=3)))
        add(objid=late)

        drain(make_polling(open_source(window=3)))

        assert objids(log) == [*entries, late]

    def test_what_comes_in_meanwhile_does_not_hold_up_the_sweep(
        self,
        crm: Clarify,
        add: Add,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
    ) -> None:
        late = crm.skip(1)
        first = add()
        drain(make_polling(open_source(window=0)))
        add(objid=late)
        polling = make_polling(open_source(window=0))
        second = add()

        drain(polling)

        assert objids(log) == [first, second, late]

    @pytest.mark.parametrize("window", [0, 1, 2, 5, 5000])
    def test_nothing_comes_twice_whatever_the_window(
        self,
        window: int,
        add_many: AddMany,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
        clock: FakeClock,
    ) -> None:
        polling = make_polling(open_source(window=window))
        entries = []
        for count in (3, 1, 0, 7):
            entries += add_many(count)
            drain(polling)
            clock.advance(DAY / 2)

        assert objids(log) == entries
        assert polling.state.recorded == len(entries)


class TestStart:
    """Where the log of the CRM begins for us."""

    def test_all_begins_with_the_first_entry(
        self, add_many: AddMany, open_source: MakeSource
    ) -> None:
        entries = add_many(3)

        assert found(open_source(start="all").poll(None, nothing)) == entries

    def test_all_is_refused_where_the_log_has_entries_already(
        self, add: Add, open_source: MakeSource, make_polling: MakePolling, log: MemoryLog
    ) -> None:
        add()
        log.append([make_draft()])

        with pytest.raises(SourceError, match=r'start = "all" .* Set start = "now"'):
            make_polling(open_source(start="all")).step()

        assert log.head() == 1

    def test_all_goes_on_where_it_was(
        self, add: Add, open_source: MakeSource, make_polling: MakePolling, log: MemoryLog
    ) -> None:
        first = add()
        drain(make_polling(open_source(start="all")))
        second = add()

        drain(make_polling(open_source(start="all")))

        assert objids(log) == [first, second]

    def test_now_begins_behind_the_newest_entry_for_window_and_sweep(
        self,
        crm: Clarify,
        add: Add,
        add_many: AddMany,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
        clock: FakeClock,
    ) -> None:
        late = crm.skip(2)
        add_many(3)
        polling = make_polling(open_source(start="now"))
        drain(polling)
        add(objid=late)  # within the window, but from before we came
        new = add_many(2)
        drain(polling)
        clock.advance(DAY)
        drain(polling)
        add(objid=late + 1)
        drain(make_polling(open_source(start="now")))

        assert objids(log) == new

    def test_now_in_an_empty_crm_begins_with_the_first_entry(
        self, add: Add, open_source: MakeSource, make_polling: MakePolling, log: MemoryLog
    ) -> None:
        polling = make_polling(open_source(start="now"))
        drain(polling)
        entry = add()
        drain(polling)

        assert objids(log) == [entry]

    @pytest.mark.parametrize("start", ["2026-03-02", date(2026, 3, 2)])
    def test_a_day_begins_with_its_first_entry_for_window_and_sweep(
        self,
        start: object,
        crm: Clarify,
        add: Add,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
        clock: FakeClock,
    ) -> None:
        add(time="2026-03-01 10:00:00")
        late = crm.skip(1)
        add(time="2026-03-01 23:59:59")
        first = add(time="2026-03-02 00:00:00")
        null = add(time="1753-01-01 00:00:00")
        last = add(time="2026-03-03 10:00:00")
        polling = make_polling(open_source(start=start))
        drain(polling)
        add(objid=late, time="2026-03-01 10:00:01")
        drain(polling)
        clock.advance(DAY)
        drain(polling)

        assert objids(log) == [first, null, last]

    def test_a_day_that_is_still_to_come_begins_with_what_is_next(
        self,
        add_many: AddMany,
        add: Add,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
    ) -> None:
        add_many(2)
        polling = make_polling(open_source(start="2999-01-01"))
        drain(polling)
        entry = add()
        drain(polling)

        assert objids(log) == [entry]


class TestPortions:
    """Much is brought in portions."""

    def test_more_than_one_poll_brings_comes_in_order_and_at_once(
        self, add_many: AddMany, open_source: MakeSource
    ) -> None:
        entries = add_many(2 * BATCH + 1)
        source = open_source(window=10)
        recorded: set[str] = set()
        polls: list[Poll] = []
        place = None
        while not polls or polls[-1].more:
            polls.append(source.poll(place, lambda ids: recorded & set(ids)))
            recorded.update(draft.id for draft in polls[-1].drafts)
            place = polls[-1].place

        assert [objid for poll in polls for objid in found(poll)] == entries
        assert max(len(poll.drafts) for poll in polls) == BATCH
        assert json.loads(str(place))["read"] == entries[-1]

    def test_a_sweep_that_finds_much_brings_it_in_portions(
        self, add_many: AddMany, open_source: MakeSource
    ) -> None:
        entries = add_many(BATCH + 10)
        source = open_source(window=0)

        polls = swept(source, entries, lost=entries)

        assert [objid for poll in polls for objid in found(poll)] == entries
        assert max(len(poll.drafts) for poll in polls) == BATCH

    def test_a_sweep_looks_at_every_objid_in_steps(
        self, add_many: AddMany, open_source: MakeSource
    ) -> None:
        entries = add_many(SWEEP + 2)
        lost = [entries[0], entries[SWEEP - 1], entries[-1]]
        source = open_source(window=0)

        polls = swept(source, entries, lost)

        assert [found(poll) for poll in polls if poll.drafts] == [lost[:2], lost[2:]]


def place_at(read: int, **final: str) -> str:
    """A bookmark as the sources of these tests leave it."""
    kept = {"timezone": "Europe/Berlin", "start": "all", **final}
    return json.dumps({"floor": 0, "read": read, **kept})


def swept(source: Source, entries: Sequence[int], lost: Sequence[int]) -> list[Poll]:
    """The polls of a sweep over those entries, of which some are not recorded until then."""
    ids = {f"tag:{AUTHORITY}:crm/act_entry/{objid}" for objid in entries}
    recorded = ids - {f"tag:{AUTHORITY}:crm/act_entry/{objid}" for objid in lost}
    place = place_at(entries[-1])
    polls: list[Poll] = []
    while not polls or polls[-1].more:
        assert len(polls) < 10, "the sweep does not end"
        polls.append(source.poll(place, recorded.intersection))
        recorded.update(draft.id for draft in polls[-1].drafts)
    return polls


class TestFinalSettings:
    """What was recorded stays as it is: so do the settings that it was made with."""

    @pytest.mark.parametrize(("name", "value"), [("timezone", "UTC"), ("start", "now")])
    def test_another_one_is_refused_and_records_nothing(
        self,
        name: str,
        value: str,
        add_many: AddMany,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
    ) -> None:
        entries = add_many(2)
        drain(make_polling(open_source()))
        add_many(1)

        with pytest.raises(SourceError, match=f'{name} = "{value}", but its entries were recorded'):
            make_polling(open_source(**{name: value})).step()

        assert objids(log) == entries

    def test_two_processes_that_begin_at_once_begin_at_one_place(
        self,
        add_many: AddMany,
        open_source: MakeSource,
        log: MemoryLog,
    ) -> None:
        add_many(3)
        first, second = open_source(start="now"), open_source(start="now")
        one = first.poll(None, log.known)
        between = add_many(2)
        other = second.poll(None, log.known)

        log.append(one.drafts, Bookmark("source crm", one.place, None))
        log.append(other.drafts, Bookmark("source crm", other.place, None))
        place = log.bookmark("source crm")

        assert found(second.poll(place, log.known)) == between


class FullLog(MemoryLog):
    """A log without space for more, as long as it `is_full`."""

    is_full = False

    def append(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        if self.is_full:
            raise StoreError("the store cannot be written: disk full")
        return super().append(drafts, bookmark)


class TestCrashes:
    """Whatever a process leaves half done, the next one does."""

    def test_what_a_sweep_found_and_could_not_record_is_found_again(
        self,
        crm: Clarify,
        add: Add,
        add_many: AddMany,
        open_source: MakeSource,
        clock: FakeClock,
    ) -> None:
        log = FullLog(AUTHORITY, clock)
        late = crm.skip(1)
        entries = add_many(5)
        drain(Polling(open_source(window=0), log, Intake(log), clock))
        add(objid=late)
        polling = Polling(open_source(window=0), log, Intake(log), clock)

        log.is_full = True
        for _ in range(2):
            with pytest.raises(StoreError):
                polling.step()
        log.is_full = False
        drain(polling)

        assert objids(log) == [*entries, late]

    def test_what_was_read_and_not_recorded_is_read_again(
        self, add_many: AddMany, open_source: MakeSource, log: MemoryLog, make_polling: MakePolling
    ) -> None:
        entries = add_many(3)
        assert found(open_source().poll(log.bookmark("source crm"), log.known)) == entries

        drain(make_polling(open_source()))

        assert objids(log) == entries

    def test_what_was_recorded_without_its_bookmark_does_not_come_again(
        self, add_many: AddMany, open_source: MakeSource, log: MemoryLog, make_polling: MakePolling
    ) -> None:
        entries = add_many(3)
        log.append([], Bookmark("source crm", place_at(0)))
        log.append(open_source().poll(None, log.known).drafts)

        poll = open_source().poll(log.bookmark("source crm"), log.known)
        drain(make_polling(open_source()))

        assert poll.drafts == ()
        assert objids(log) == entries

    def test_a_store_that_fails_once_loses_nothing(
        self, add_many: AddMany, open_source: MakeSource, log: MemoryLog, clock: FakeClock
    ) -> None:
        class FailingOnce:
            def __init__(self) -> None:
                self.has_failed = False

            def record(self, drafts: Sequence[Draft], bookmark: Bookmark) -> tuple[int, ...]:
                if not self.has_failed:
                    self.has_failed = True
                    raise OSError("the disk is full")
                return log.append(drafts, bookmark)

        entries = add_many(3)
        polling = Polling(open_source(), log, FailingOnce(), clock)  # type: ignore[arg-type]

        with pytest.raises(OSError, match="full"):
            polling.step()
        assert polling.state.failing == "the disk is full"
        drain(polling)

        assert objids(log) == entries
        assert polling.state.failing is None


class BrittleMapping(EntryMapping):
    """A mapping that cannot make a draft of some entries."""

    broken: frozenset[int] = frozenset()

    def draft(self, entry: Entry) -> tuple[Draft, list[Problem]]:
        if entry.objid in self.broken:
            raise ZeroDivisionError("of all things")
        return super().draft(entry)


class TestBadRows:
    """One bad row never stops the rest."""

    @pytest.fixture
    def mapping(self) -> BrittleMapping:
        return BrittleMapping(AUTHORITY, "crm", ZoneInfo("UTC"), {})

    @pytest.fixture
    def brittle(
        self, crm: Clarify, mapping: BrittleMapping, clock: FakeClock
    ) -> Iterator[ClarifySource]:
        source = ClarifySource("crm", Database("crm", crm.url), mapping, "all", "UTC", clock)
        yield source
        source.close()

    def test_it_is_reported_and_the_rest_goes_on(
        self,
        add_many: AddMany,
        brittle: ClarifySource,
        mapping: BrittleMapping,
        make_polling: MakePolling,
        log: MemoryLog,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        first, bad, third = add_many(3)
        mapping.broken = frozenset({bad})
        polling = make_polling(brittle)

        drain(polling)
        (later,) = add_many(1)
        drain(polling)

        assert objids(log) == [first, third, later]
        assert polling.state.failed == 1
        assert polling.state.failing is None
        assert [record.getMessage() for record in caplog.records] == [
            f"source crm, act_entry {bad} could not be recorded: ZeroDivisionError('of all things')"
        ]

    def test_it_is_tried_again_at_the_next_sweep(
        self,
        add_many: AddMany,
        brittle: ClarifySource,
        mapping: BrittleMapping,
        make_polling: MakePolling,
        log: MemoryLog,
        clock: FakeClock,
    ) -> None:
        first, bad = add_many(2)
        mapping.broken = frozenset({bad})
        polling = make_polling(brittle)
        drain(polling)
        clock.advance(DAY)
        drain(polling)
        assert polling.state.failed == 2

        mapping.broken = frozenset()
        clock.advance(DAY)
        drain(polling)

        assert objids(log) == [first, bad]

    def test_no_value_of_a_column_is_too_odd(
        self, crm: Clarify, add: Add, open_source: MakeSource
    ) -> None:
        values = (b"\xff\xfe", "garbage", 3.5, -1, 2**63 - 1, "")
        odd = {(column, value): add() for column in COLUMNS[ENTRY] for value in values}
        for (column, value), objid in odd.items():
            crm.execute(f"UPDATE {ENTRY} SET {column} = ? WHERE objid = ?", value, objid)

        poll = open_source().poll(None, nothing)

        assert poll.failed == ()
        assert found(poll) == list(odd.values())
        assert [cleaned(draft).id for draft in poll.drafts]

    @pytest.mark.parametrize("value", [b"\xff\xfe", "garbage", 3.5, ""])
    def test_no_value_in_another_table_is_too_odd(
        self, value: object, crm: Clarify, open_source: MakeSource
    ) -> None:
        keys = one_entry_of_everything(crm)
        source = open_source()
        for table, columns in COLUMNS.items():
            for column in columns if table != ENTRY else ():
                rows = crm.execute(f"SELECT {column}, objid FROM {table}")
                crm.execute(f"UPDATE {table} SET {column} = ?", value)

                poll = source.sample(len(keys))

                assert poll.failed == (), (table, column)
                assert found(poll) == keys
                assert [cleaned(draft).id for draft in poll.drafts]
                for row in rows:
                    crm.execute(f"UPDATE {table} SET {column} = ? WHERE objid = ?", *row)

    def test_bytes_that_are_no_text_are_replaced_and_that_is_said(
        self, crm: Clarify, add: Add, case: int, open_source: MakeSource
    ) -> None:
        before, odd, after = add(info="Grüße"), add(), add(info="fine")
        crm.execute(
            f"UPDATE {ENTRY} SET addnl_info = CAST(x'4772fcdf65' AS TEXT) WHERE objid = ?", odd
        )

        poll = open_source().poll(None, nothing)

        assert found(poll) == [before, odd, after]
        assert [draft.content for draft in poll.drafts] == ["Grüße", "Gr\ufffd\ufffde", "fine"]
        assert [(problem.key, problem.text) for problem in poll.problems] == [
            (f"act_entry {odd}", "its text holds characters that no feed can carry")
        ]


class TestPoorSites:
    """A site may lack tables and columns."""

    @pytest.fixture
    def keys(self, crm: Clarify) -> list[int]:
        return one_entry_of_everything(crm)

    @pytest.mark.parametrize("table", sorted(set(COLUMNS) - {ENTRY}))
    def test_a_table_may_be_missing(
        self, table: str, crm: Clarify, keys: list[int], open_source: MakeSource
    ) -> None:
        crm.execute(f"DROP TABLE {table}")

        poll = open_source().poll(None, nothing)

        assert poll.failed == ()
        assert found(poll) == keys

    @pytest.mark.parametrize("table", sorted(COLUMNS))
    def test_columns_may_be_missing(
        self, table: str, crm: Clarify, keys: list[int], open_source: MakeSource
    ) -> None:
        for column in COLUMNS[table]:
            crm.execute(f"ALTER TABLE {table} DROP COLUMN {column}")

        poll = open_source().poll(None, nothing)

        assert poll.failed == ()
        assert found(poll) == keys

    @pytest.mark.parametrize("column", sorted(COLUMNS[ENTRY]))
    def test_one_column_of_the_entries_may_be_missing(
        self, column: str, crm: Clarify, keys: list[int], open_source: MakeSource
    ) -> None:
        crm.execute(f"ALTER TABLE {ENTRY} DROP COLUMN {column}")

        poll = open_source().poll(None, nothing)

        assert poll.failed == ()
        assert found(poll) == keys

    def test_nothing_but_the_entries_may_be_there(self, tmp_path: Path, clock: FakeClock) -> None:
        poor = Clarify(tmp_path / "poor.sqlite", without_tables=set(COLUMNS) - {ENTRY})
        poor.entry(600, "Hello", act_entry2case=5, act_entry2user=6)
        settings = {"url": poor.url, "timezone": "UTC", "start": "all"}
        source = make_source("crm", settings, AUTHORITY, clock)

        (draft,) = source.poll(None, nothing).drafts

        assert draft.title == "user 6 created a case that is not there"
        assert draft.content == "Hello"
        source.close()
        poor.close()

    def test_a_view_may_stand_for_a_table(
        self, crm: Clarify, keys: list[int], open_source: MakeSource
    ) -> None:
        crm.execute("ALTER TABLE table_case RENAME TO cases")
        crm.execute("CREATE VIEW TABLE_CASE AS SELECT objid, ID_NUMBER, TITLE FROM cases")

        poll = open_source().poll(None, nothing)

        assert found(poll) == keys
        assert object_of(poll.drafts[0]).number == "1234"

    def test_a_table_that_cannot_be_read_now_is_not_taken_for_missing(
        self, crm: Clarify, keys: list[int], open_source: MakeSource
    ) -> None:
        crm.execute("ALTER TABLE table_notes_log RENAME TO elsewhere")
        crm.execute("CREATE VIEW table_notes_log AS SELECT * FROM nowhere")
        source = open_source()

        with pytest.raises(SourceError, match=r"source crm: .*nowhere"):
            source.poll(None, nothing)

        crm.execute("DROP VIEW table_notes_log")
        crm.execute("ALTER TABLE elsewhere RENAME TO table_notes_log")
        assert found(source.poll(None, nothing)) == keys


class TestWrongSettings:
    """What cannot be read is said in a sentence that names the source."""

    def test_a_database_that_is_no_crm_is_refused(
        self, tmp_path: Path, open_source: MakeSource
    ) -> None:
        sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE t (x)").connection.close()
        url = f"sqlite:///{tmp_path}/other.sqlite"

        with pytest.raises(SourceError) as caught:
            open_source(url=url).sample(1)

        assert str(caught.value).startswith("source crm: ")
        assert str(tmp_path) not in str(caught.value)  # it may be shown by /readyz
        assert ENTRY in str(caught.value)

    def test_a_file_that_is_no_database_is_refused(
        self, tmp_path: Path, open_source: MakeSource
    ) -> None:
        (tmp_path / "text").write_text("Not a database, whatever its name says. " * 9)

        with pytest.raises(SourceError, match=r"source crm: .*not a database"):
            open_source(url=f"sqlite:///{tmp_path}/text").poll(None, nothing)

    @pytest.mark.parametrize(
        ("setting", "value", "sentence"),
        [
            ("url", None, "[sources.crm] url = None: write the SQLAlchemy address"),
            ("url", 5, "[sources.crm] url = 5: write the SQLAlchemy address"),
            ("url", "", "[sources.crm] url = '': write the SQLAlchemy address"),
            ("window", True, "window = True is no number of objids"),
            ("window", 10**20, "is no number of objids"),
            ("links", {"cas": "http://x/{id}"}, "links.cas: no type of object; known: case,"),
            ("links", {"case": "http://x/{foo}"}, "holds braces"),
            ("url", "crm.sqlite", "`url` is no SQLAlchemy address"),
            ("url", "sqlite:////nowhere/crm.sqlite", "`url` names no file: /nowhere/crm.sqlite"),
            ("url", "sqlite://", "`url` names no file"),
            ("url", "nosuchbase://host/crm", "`url` is no SQLAlchemy address"),
            ("url", "postgresql+nosuchdriver://host/crm", "`url`"),
            ("url", "postgresql://host:port/crm", "`url` is no SQLAlchemy address"),
            ("timezone", None, "timezone is not set"),
            ("timezone", "", "timezone is not set"),
            ("timezone", "Berlin", "timezone is no time zone"),
            ("timezone", "Europe", "timezone is no time zone"),
            ("timezone", "../etc/passwd", "timezone is no time zone"),
            ("timezone", "x" * 300, "timezone is no time zone"),
            ("timezone", 1, "timezone is no time zone"),
            ("start", None, 'start = None: write "all", "now", or the first day'),
            ("start", "yesterday", "start = 'yesterday': write"),
            ("start", "2026-02-30", "start = '2026-02-30': write"),
            ("start", 5, "start = 5: write"),
            ("window", -1, "window = -1 is no number of objids"),
            ("window", "many", "window = 'many' is no number of objids"),
            ("links", "https://crm/{id}", "links must be a table"),
            ("links", {"case": "javascript:alert(1)"}, "links.case = 'javascript:alert(1)'"),
            ("links", {"case": 5}, "links.case = 5"),
        ],
    )
    def test_each_has_its_sentence(
        self, setting: str, value: object, sentence: str, open_source: MakeSource
    ) -> None:
        with pytest.raises(SettingsError) as caught:
            open_source(**{setting: value})

        assert sentence in str(caught.value)
        assert "crm" in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql+nosuchdriver://user:s3cret@host/crm",
            "postgresql://user:s3cret@host:port/crm",
            "nosuchbase://user:s3cret@host/crm",
            "user:s3cret@host",
            "sqlite://user:s3cret@/nowhere",
            "mssql+nosuchdriver:///?odbc_connect=UID%3Dme%3BPWD%3Ds3cret",
        ],
    )
    def test_a_password_is_in_no_sentence(self, url: str, open_source: MakeSource) -> None:
        with pytest.raises(FeedserverError) as caught:
            open_source(url=url).poll(None, nothing)

        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("{url}?password=s3cret", "sqlite:///{path}"),
            ("{url}?odbc_connect=PWD%3Ds3cret", "sqlite:///{path}"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:Query string argument")
    def test_a_password_in_the_query_of_an_address_is_not_shown(
        self, url: str, address: str, crm: Clarify
    ) -> None:
        database = Database("crm", url.format(url=crm.url))

        assert database.address == address.format(path=crm.path)
        database.close()

    def test_a_password_that_the_database_repeats_is_not_shown(self, crm: Clarify) -> None:
        crm.execute("DROP TABLE table_queue")
        crm.execute("CREATE VIEW table_queue AS SELECT * FROM s3cret")
        database = Database("crm", crm.url)
        # SQLite has no passwords; only the address is asked for it.
        database._engine.url = database._engine.url.set(username="me", password="s3cret")

        with pytest.raises(SourceError) as caught:
            database.all("table_queue")

        assert "s3cret" not in str(caught.value)
        assert "no such table: main.***" in str(caught.value)
        database.close()


class TestAddresses:
    """The settings of a source that are optional or may be written in several ways."""

    @pytest.mark.parametrize("start", [datetime.fromisoformat("2026-03-02 23:30:00"), "2026-03-02"])
    def test_a_date_with_a_time_is_its_day(
        self, start: object, add: Add, open_source: MakeSource
    ) -> None:
        add(time="2026-03-01 23:59:59")
        first = add(time="2026-03-02 00:00:00")

        source = open_source(start=start)
        poll = source.poll(None, nothing)

        assert found(poll) == [first]

    def test_a_sample_is_of_the_newest_and_moves_nothing(
        self, add_many: AddMany, open_source: MakeSource
    ) -> None:
        entries = add_many(5)
        source = open_source(start="now")

        assert found(source.sample(2)) == entries[-2:]
        assert found(source.sample(99)) == entries
        assert found(source.poll(place_at(0, start="now"), nothing)) == entries

    def test_a_sample_of_an_empty_crm_is_empty(self, crm: Clarify, open_source: MakeSource) -> None:
        assert open_source().sample(5).drafts == ()

    @pytest.mark.parametrize("by_number", [True, False])
    def test_an_object_is_found_before_anything_is_recorded_of_it(
        self, crm: Clarify, open_source: MakeSource, case: int, by_number: bool
    ) -> None:
        crm.entry(act_entry2case=case)
        source = open_source()
        (draft,) = source.sample(1).drafts
        assert draft.object is not None

        number, key = (draft.object.number, None) if by_number else (None, str(case))
        found = source.object_at("case", number, key)

        assert found == draft.object
        assert source.object_at("case", "no such number", None) is None
        assert source.object_at("task", draft.object.number, None) is None
        assert source.object_at("site-part", "1", None) is None

    def test_the_crm_is_never_written(
        self, crm: Clarify, add_many: AddMany, open_source: MakeSource
    ) -> None:
        add_many(3)
        before = crm.path.read_bytes()
        source = open_source()
        source.poll(None, nothing)
        database = Database("crm", crm.url)

        with database._engine.connect() as connection, pytest.raises(Exception, match="readonly"):
            connection.exec_driver_sql("DELETE FROM table_case")

        database.close()
        assert crm.path.read_bytes() == before

    def test_a_source_that_was_down_goes_on_where_it_was(
        self,
        add_many: AddMany,
        open_source: MakeSource,
        make_polling: MakePolling,
        log: MemoryLog,
        clock: FakeClock,
    ) -> None:
        entries = add_many(2)
        drain(make_polling(open_source()))
        clock.now += timedelta(days=9)
        entries += add_many(2)

        drain(make_polling(open_source()))

        assert objids(log) == entries
