"""Hooking: what is delivered is recorded once, or kept until it can be."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feedserver.errors import NotYet, StoreError
from feedserver.mapping.records import Record
from feedserver.mapping.rules import RecordMapping
from feedserver.model.activity import Activity, Draft
from feedserver.ports import Bookmark, KeptRecord, Log, RecordStore
from feedserver.services.hooking import Hooking, Taken, states
from feedserver.services.intake import Intake
from feedserver.services.writing import Writing
from feedserver.sources.webhook.admitting import ByAddress
from feedserver.stores.memory import MemoryLog, MemoryRecords
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, NOON, FakeClock, activities
from tests.fakes import FailingSource

RULE = {"when": "n is defined", "title": "{{ title }}", "verb": "update", "actor": "Ann"}


class ImportingSource(FailingSource):
    """A source whose history is still being read."""

    def is_importing(self, place: str | None) -> bool:
        return True


class FullLog(MemoryLog):
    """A log on a disk that is full."""

    def appended(
        self, drafts: Sequence[Draft], bookmark: Bookmark | None = None
    ) -> tuple[Activity | None, ...]:
        raise StoreError("the store cannot be written: the disk is full")


class FullRecords(MemoryRecords):
    """Kept records on a disk that is full."""

    def keep(self, records: Sequence[KeptRecord]) -> tuple[bool, ...]:
        raise StoreError("the store cannot be written: the disk is full")


class BrokenMapping(RecordMapping):
    """A mapping in which something is wrong that nobody has foreseen."""

    def drafts(self, record: Record) -> tuple[Draft, ...]:
        raise ZeroDivisionError


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def log(clock: FakeClock) -> MemoryLog:
    return MemoryLog(AUTHORITY, clock)


@pytest.fixture
def kept() -> MemoryRecords:
    return MemoryRecords()


Make = Callable[..., Hooking]


@pytest.fixture
def make(log: MemoryLog, kept: MemoryRecords, clock: FakeClock) -> Make:
    """Makes a webhook around the log, by a rule that is RULE unless it is given."""

    def make(
        log: Log = log,
        kept: RecordStore = kept,
        kind: type[RecordMapping] = RecordMapping,
        sources: Sequence[FailingSource] = (),
        **rule: Any,
    ) -> Hooking:
        mapping = kind(AUTHORITY, "ci", [RULE | rule], "[sources.ci]")
        intake = Intake(log)
        admission = ByAddress("0123456789abcdef")
        writing = Writing(log, intake, sources)
        return Hooking("ci", admission, mapping, intake, writing, kept, clock)

    return make


def make_record(key: str = "1", **members: Any) -> Record:
    return Record(key, {"n": 1, **members}, {"x-event": "push"}, NOON)


def id_of(key: str) -> str:
    return f"tag:{AUTHORITY}:ci/{key}"


def test_what_can_be_mapped_is_recorded_in_its_order(make: Make, log: MemoryLog) -> None:
    taken = make().take([make_record("1", title="One"), make_record("2", title="Two")])

    assert taken == (Taken("1", (id_of("1"),)), Taken("2", (id_of("2"),)))
    made = activities(log.read(0))
    assert [(each.id, each.draft.title, each.draft.source) for each in made] == [
        (id_of("1"), "One", "ci"),
        (id_of("2"), "Two", "ci"),
    ]


def test_the_same_delivery_again_is_known(make: Make, log: MemoryLog) -> None:
    hook = make()
    hook.take([make_record(title="One")])

    taken = hook.take([make_record(title="One")])

    assert taken == (Taken("1", known=(id_of("1"),)),)
    assert log.head() == 1


def test_what_stands_twice_in_a_delivery_is_recorded_once(make: Make, log: MemoryLog) -> None:
    taken = make().take([make_record(title="One"), make_record(title="One")])

    assert [(each.recorded, each.known) for each in taken] == [
        ((id_of("1"),), ()),
        ((), (id_of("1"),)),
    ]
    assert log.head() == 1


def test_where_no_rule_applies_nothing_is_recorded_or_kept(
    make: Make, log: MemoryLog, kept: MemoryRecords
) -> None:
    taken = make().take([Record("1", {}, {}, NOON)])

    assert taken == (Taken("1"),)
    assert (log.head(), kept.find("ci")) == (0, ())


def test_what_cannot_be_mapped_is_kept_as_it_came_and_the_rest_recorded(
    make: Make, log: MemoryLog, kept: MemoryRecords
) -> None:
    taken = make().take([make_record("1"), make_record("2", title="Two")])

    assert taken[0].reason is not None
    assert "mapping.title" in taken[0].reason
    assert taken[1] == Taken("2", (id_of("2"),))
    (record,) = kept.find("ci")
    assert (record.key, record.value, record.headers) == ("1", {"n": 1}, {"x-event": "push"})
    assert (record.received, record.reason) == (NOON, taken[0].reason)
    assert log.head() == 1


def test_an_id_that_stands_for_something_else_loses_nothing(
    make: Make, log: MemoryLog, kept: MemoryRecords
) -> None:
    hook = make(id="{{ number }}")
    first, again = make_record("a", number=7, title="One"), make_record("b", number=7, title="One")
    hook.take([first])

    known = hook.take([again])
    (told,) = hook.take([make_record("c", number=7, title="Two")])

    assert known == (Taken("b", known=(id_of("7"),)),)
    assert told.reason is not None
    assert f"mapping.id: {id_of('7')} is recorded with other content" in told.reason
    assert (told.recorded, told.known, told.is_new) == ((), (), True)
    assert [each.key for each in kept.find("ci")] == ["c"]
    assert log.head() == 1
    assert list(make(id="{{ number }}-{{ title }}").retry()) == [Taken("c", (id_of("7-Two"),))]
    assert kept.find("ci") == ()


def test_a_delivery_that_comes_again_is_known_though_it_would_be_mapped_otherwise_now(
    make: Make, log: MemoryLog, kept: MemoryRecords
) -> None:
    make().take([make_record(title="One")])

    taken = make(title="{{ title }} and more").take([make_record(title="One")])

    assert taken == (Taken("1", known=(id_of("1"),)),)
    assert kept.find("ci") == ()


def test_what_is_kept_and_comes_again_stands_once(make: Make, kept: MemoryRecords) -> None:
    hook = make()

    first, again = hook.take([make_record()]), hook.take([make_record()])

    assert (first[0].is_new, again[0].is_new) == (True, False)
    assert len(kept.find("ci")) == 1


def test_the_log_tells_of_what_is_kept_when_it_is_new(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    hook = make()
    for _ in range(2):
        hook.take([make_record()])
    list(hook.retry())

    told = [each.getMessage() for each in caplog.records]
    assert told == [
        "source ci, 1 is kept: [sources.ci] mapping.title: {{ title }}: there is no title"
    ]


def test_a_fault_of_the_mapping_keeps_the_record_too(make: Make, kept: MemoryRecords) -> None:
    (taken,) = make(kind=BrokenMapping).take([make_record(title="One")])

    assert taken.reason == "It could not be mapped: ZeroDivisionError."
    assert len(kept.find("ci")) == 1


@pytest.mark.parametrize("members", [{"title": "One"}, {}])
def test_where_the_store_fails_it_is_told_and_nothing_is_acknowledged(
    make: Make, clock: FakeClock, members: dict[str, str]
) -> None:
    hook = make(FullLog(AUTHORITY, clock), FullRecords())

    with pytest.raises(StoreError, match="the disk is full"):
        hook.take([make_record(**members)])

    state = hook.state(None)
    assert state.failing == "the store cannot be written: the disk is full"
    assert (state.failing_since, state.recorded, state.failed) == (NOON, 0, 0)


def test_where_the_rest_cannot_be_recorded_what_was_kept_comes_again_as_known(
    make: Make, clock: FakeClock, kept: MemoryRecords
) -> None:
    records = [make_record("1"), make_record("2", title="Two")]
    with pytest.raises(StoreError):
        make(FullLog(AUTHORITY, clock)).take(records)

    taken = make().take(records)

    assert [each.is_new for each in taken if each.reason] == [False]
    assert taken[1].recorded == (id_of("2"),)
    assert len(kept.find("ci")) == 1


def test_while_a_source_imports_its_history_nothing_is_taken(
    make: Make, log: MemoryLog, kept: MemoryRecords
) -> None:
    hook = make(sources=[ImportingSource("crm")])

    with pytest.raises(NotYet, match="history of source crm"):
        hook.take([make_record(title="One"), make_record("2")])

    assert (log.head(), kept.find("ci")) == (0, ())


class TestRetry:
    @pytest.fixture(autouse=True)
    def keep(self, make: Make, clock: FakeClock) -> None:
        """Two records are kept, for an hour."""
        make().take([make_record("1"), make_record("2", name="Two")])
        clock.advance(3600)

    def test_with_another_mapping_it_is_recorded_and_kept_no_more(
        self, make: Make, log: MemoryLog, kept: MemoryRecords
    ) -> None:
        taken = list(make(title="{{ name | default('nameless') }}").retry())

        assert taken == [Taken("1", (id_of("1"),)), Taken("2", (id_of("2"),))]
        assert kept.find("ci") == ()
        titles = [(each.draft.title, each.draft.occurred) for each in activities(log.read(0))]
        assert titles == [("nameless", NOON), ("Two", NOON)]

    def test_with_the_same_one_all_is_kept(self, make: Make, kept: MemoryRecords) -> None:
        taken = list(make().retry())

        assert all(each.reason is not None for each in taken)
        assert [record.key for record in kept.find("ci")] == ["1", "2"]

    def test_one_may_be_named(self, make: Make, kept: MemoryRecords) -> None:
        taken = list(make(title="Now").retry("2"))

        assert [each.key for each in taken] == ["2"]
        assert [record.key for record in kept.find("ci")] == ["1"]

    def test_where_another_reason_is_found_it_is_told(
        self, make: Make, kept: MemoryRecords
    ) -> None:
        list(make(title="{{ another }}").retry())

        assert ["there is no another" in record.reason for record in kept.find("ci")] == [True] * 2

    def test_what_no_rule_applies_to_is_kept_no_more(
        self, make: Make, log: MemoryLog, kept: MemoryRecords
    ) -> None:
        list(make(when="false").retry())

        assert (log.head(), kept.find("ci")) == (0, ())

    def test_what_was_recorded_before_a_crash_is_known_and_kept_no_more(
        self, make: Make, kept: MemoryRecords
    ) -> None:
        records = kept.find("ci")
        hook = make(title="Now")
        list(hook.retry())
        kept.keep(records)  # as if the process had ended in between

        taken = list(make(title="Now").retry())

        assert [each.known for each in taken] == [(id_of("1"),), (id_of("2"),)]
        assert kept.find("ci") == ()

    def test_what_came_meanwhile_under_another_key_and_says_no_time_is_known(
        self, make: Make, kept: MemoryRecords
    ) -> None:
        hook = make(title="Now", id="order-{{ n }}")
        hook.take([make_record("another")])

        taken = list(hook.retry())

        assert [each.known for each in taken] == [(id_of("order-1"),)] * 2
        assert kept.find("ci") == ()

    def test_what_is_delivered_again_and_can_be_mapped_now_is_kept_no_more(
        self, make: Make, kept: MemoryRecords
    ) -> None:
        (taken,) = make(title="Now").take([make_record("1")])

        assert taken.recorded == (id_of("1"),)
        assert [record.key for record in kept.find("ci")] == ["2"]


def test_it_tells_how_it_does(make: Make, kept: MemoryRecords, clock: FakeClock) -> None:
    hook = make()
    (before,) = states([hook], kept)
    hook.take([make_record("1", title="One"), make_record("2")])
    clock.advance(90)
    hook.take([make_record("1", title="One"), make_record("3")])

    (state,) = states([hook], kept)

    assert (before.received, before.kept, before.lag(NOON)) == (None, 0, 0)
    assert (state.name, state.recorded, state.failed, state.kept) == ("ci", 1, 2, 2)
    assert state.received == NOON + timedelta(seconds=90)
    assert state.lag(clock()) == 90
    assert state.failing is None


@pytest.mark.parametrize("members", [{"title": "One"}, {}])
def test_of_many_that_deliver_the_same_at_once_one_is_first(
    make: Make, tmp_path: Path, members: dict[str, str]
) -> None:
    log = open_log("sqlite:///log.db", tmp_path, AUTHORITY, FakeClock())
    hook = make(log, log.records)
    told: list[Taken] = []
    barrier = threading.Barrier(8)

    def deliver() -> None:
        barrier.wait()
        told.extend(hook.take([make_record(**members)]))

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    made = [version for version in log.read(0) if isinstance(version, Activity)]
    kept = log.records.find("ci")
    log.close()
    assert len(told) == 8
    assert len(made) + len(kept) == 1
    assert sum(bool(each.recorded or (each.reason and each.is_new)) for each in told) == 1


class CountingLog(MemoryLog):
    """A log that remembers how many drafts came together."""

    def __init__(self, authority: str, clock: FakeClock) -> None:
        super().__init__(authority, clock)
        self.together: list[int] = []

    def appended(
        self, drafts: Sequence[Draft], bookmark: Bookmark | None = None
    ) -> tuple[Activity | None, ...]:
        self.together.append(len(drafts))
        return super().appended(drafts, bookmark)


def test_all_that_is_recorded_of_a_delivery_is_recorded_together(
    make: Make, clock: FakeClock
) -> None:
    log = CountingLog(AUTHORITY, clock)

    make(log).take([make_record("1", title="One"), make_record("2"), make_record("3", title="3")])

    assert log.together == [2]
