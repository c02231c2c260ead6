"""Snapshots of the index: whoever reads them has what the whole log gives, and no redacted name."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from feedserver.errors import StoreError
from feedserver.model.activity import Activity, Draft, Object, Tombstone, Version
from feedserver.model.filter import EVERYTHING, FIELDS, Filter
from feedserver.ports import Snapshot
from feedserver.services import indexing
from feedserver.services.indexing import FacetIndex
from feedserver.services.snapshots import DUE_AT_LAST, Snapshots
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.services.test_versions import FILTERS, RUN, STEPS, Step, take

SEGMENT = 4
"""Versions of a snapshot in these tests."""
SAVE, START = "save", "start"
COURSE = st.lists(st.one_of(STEPS, st.sampled_from([SAVE, SAVE, START])), min_size=3, max_size=12)
MARKS = ("object", "number", "tag", "customer", "actor")


@pytest.fixture(autouse=True)
def _short_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "ARCHIVED", RUN)


class MemorySnapshots:
    """Snapshots beside a log in memory."""

    def __init__(self, log: MemoryLog) -> None:
        self.kept: dict[int, Snapshot] = {}
        self._log = log

    def following(self, epoch: str, before: int) -> Snapshot | None:
        self._forget()
        return next((each for each in self.kept.values() if each.before == before), None)

    def positions(self, epoch: str) -> Mapping[int, int]:
        self._forget()
        return {number: each.position for number, each in self.kept.items()}

    def save(self, snapshot: Snapshot, head: int, is_sure: bool = False) -> bool:
        self._forget()
        if any(isinstance(each, Tombstone) and each.ending.value == "redacted"
               for each in self._log.read(head)):  # fmt: skip
            return False
        self.kept[snapshot.number] = snapshot
        self._has_seen = self._log.head()
        return True

    _has_seen = 0

    def _forget(self) -> None:
        """What the store does while it redacts is done before anybody looks."""
        for version in list(self._log.read(self._has_seen)):
            if isinstance(version, Tombstone) and version.ending.value == "redacted":
                positions = self._log._by_id[version.id]
                for number, each in list(self.kept.items()):
                    if any(each.before < at <= each.position for at in positions):
                        del self.kept[number]
        self._has_seen = self._log.head()


def saving(index: FacetIndex, store: MemorySnapshots) -> Snapshots:
    return Snapshots(index, store, "memory00")


def started(log: MemoryLog, store: MemorySnapshots | None = None) -> FacetIndex:
    index = FacetIndex(log, snapshots=store, segment=SEGMENT)
    index.catch_up()
    return index


def answers(index: FacetIndex, log: MemoryLog, filter: Filter) -> object:
    """Everything that an index can be asked."""
    head = log.head()
    named = [(name, value) for name in FIELDS for value in ("a", "b", "x", "crm", "1234", "ann")]
    return (
        [index.newest(filter, limit, before) for limit in (0, 2, 99) for before in (None, 3, head)],
        [index.following(filter, limit, after) for limit in (2, 99) for after in (0, 2, head)],
        [index.changed(filter, 9, since) for since in (0, 2, head)],
        [index.run(filter, number) for number in range(head // RUN + 2)],
        [set(index.names(field)) for field in FIELDS],
        [set(index.values(field)) for field in FIELDS],
        [(index.find_name(*name), index.label(*name), index.has_part(*name)) for name in named],
        [index.cursor(at) for at in range(head + 1)],
        [index.recorded(at) for at in range(head + 1)],
        set(index.tallies(["log", "close"])),
    )


@given(COURSE, FILTERS)
def test_an_index_from_snapshots_is_one_from_the_log(
    course: Sequence[list[Step] | str], filter: Filter
) -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    store = MemorySnapshots(log)
    index = started(log, store)
    for each in course:
        if each == SAVE:  # the index may be behind the log
            saving(index, store).save_if_due(1)
            index.catch_up()
        elif each == START:
            index = started(log, store)
            event(f"started with {min(3, len(store.kept))} snapshots")
            assert answers(index, log, filter) == answers(started(log), log, filter)
        else:
            for step in each:
                assert isinstance(step, Step)
                take(log, clock, step)
    index.catch_up()

    assert answers(index, log, filter) == answers(started(log), log, filter)
    again = started(log, store)
    assert answers(again, log, filter) == answers(started(log), log, filter)


def marked(number: int, id: str) -> Draft:
    """A draft of which each name is its own, or spelt as nobody else spells it."""
    mark = f"mark{number}mark"
    spelling = "".join(
        letter.upper() if number >> bit & 1 else letter for bit, letter in enumerate("shared")
    )
    return make_draft(
        id=id,
        actor=Object("person", f"urn:{mark}", f"Ann {mark}", login="ann"),
        object=Object("case", f"urn:{mark}", number=mark),
        tags=(mark, f"{spelling}{mark[-1:]}"),
        customer=Object("organization", name=mark),
    )


@example(
    [
        *(("post", 0), ("post", 1), ("edit", 1), ("save", 0)),
        *(("edit", 0), ("redact", 1), ("save", 0), ("save", 0)),
    ]
)
@given(st.lists(st.tuples(st.sampled_from(["post", "edit", "silent", "redact", "save"]),
                          st.integers(0, 5)), max_size=30))  # fmt: skip
def test_no_snapshot_holds_what_was_redacted(course: list[tuple[str, int]]) -> None:
    log = MemoryLog(AUTHORITY, FakeClock())
    store = MemorySnapshots(log)
    index = started(log, store)
    numbers = count(1)
    marks: dict[str, list[Draft]] = {}
    for kind, which in course:
        id = f"urn:example:{which}"
        newest = log.find(id)
        draft = marked(next(numbers), id)
        if kind == "save":
            saving(index, store).save_if_due(1)
            index.catch_up()
        elif kind == "redact":
            log.redact([id])
        elif newest is None:
            log.append([draft])
            marks.setdefault(id, []).append(draft)
        elif isinstance(newest, Activity):
            log.replace(newest.position, draft, kind == "silent")
            marks.setdefault(id, []).append(draft)

    store.positions("memory00")
    content = b"".join(each.content or b"" for each in store.kept.values())
    for id, drafts in marks.items():
        if isinstance(log.find(id), Tombstone):
            for draft in drafts:
                for name in (draft.tags[0], draft.tags[1]):
                    event("redacted")
                    assert f'"{name}"'.encode() not in content
                assert draft.tags[0].encode() not in content


def test_a_name_is_spelt_by_the_first_that_is_left() -> None:
    spellings = ["VIP", "x", "x", "Vip", "vip"]
    drafts = [make_draft(tags=(spelling,)) for spelling in spellings]
    log = MemoryLog(AUTHORITY, FakeClock())
    log.append(drafts)
    store = MemorySnapshots(log)
    saving(started(log, store), store).save_if_due(1)
    log.redact([drafts[0].id])

    index = started(log, store)

    assert set(store.kept) == {1}
    assert index.find_name("tag", "vip") == "Vip"


class TestWhatDoesNotFit:
    @pytest.fixture
    def log(self) -> MemoryLog:
        log = MemoryLog(AUTHORITY, FakeClock())
        log.append([make_draft(queues=(f"Q{number}",)) for number in range(10)])
        return log

    @pytest.fixture
    def store(self, log: MemoryLog) -> MemorySnapshots:
        store = MemorySnapshots(log)
        assert saving(started(log), store).save_if_due(1) == 3
        return store

    def test_what_fits_is_read_and_the_log_is_not(
        self, log: MemoryLog, store: MemorySnapshots
    ) -> None:
        index = FacetIndex(_Unread(log), snapshots=store, segment=SEGMENT)

        assert index.catch_up() == 10
        assert index.newest(EVERYTHING, 1).positions == (10,)

    @pytest.mark.parametrize("number", [0, 1, 2])
    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"check": b"else"}, "it stands on another version"),
            ({"position": 99}, "it stands on another version"),
            ({"content": None}, "it is damaged"),
            ({"content": b""}, "it has no beginning"),
            ({"content": b"\1\0\0\0\5\0\0\0abc"}, "it has 11 bytes instead of 13"),
        ],
    )
    def test_the_log_is_read_instead_and_it_is_saved_anew(
        self,
        log: MemoryLog,
        store: MemorySnapshots,
        number: int,
        change: dict[str, object],
        told: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        sound = store.kept[number]
        store.kept[number] = replace(sound, **change)  # type: ignore[arg-type]

        index = started(log, store)

        assert told in caplog.text
        assert index.newest(EVERYTHING, 99) == started(log).newest(EVERYTHING, 99)
        assert saving(index, store).save_if_due(1) == (3 if "it has" in told else 1)
        assert store.kept[number] == sound
        assert saving(started(log, store), store).save_if_due(1) == 0

    def test_a_part_that_ends_early_is_not_used(
        self, log: MemoryLog, store: MemorySnapshots, caplog: pytest.LogCaptureFixture
    ) -> None:
        store.kept[0] = replace(store.kept[0], content=store.kept[1].content)

        index = started(log, store)

        assert "it ends at position" in caplog.text
        assert index.newest(EVERYTHING, 99) == started(log).newest(EVERYTHING, 99)


class _Unread(MemoryLog):
    """A log that can be asked what it has at a position, but not be read."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(AUTHORITY, FakeClock())
        self._versions, self._by_id = log._versions, log._by_id

    def read(self, after: int, limit: int | None = None) -> Iterator[Version]:
        raise AssertionError("the log was read")


class TestSaving:
    def test_a_segment_that_is_full_is_saved_once(self) -> None:
        log = MemoryLog(AUTHORITY, FakeClock())
        log.append([make_draft() for _ in range(6)])
        index, store = started(log), MemorySnapshots(log)
        snapshots = saving(index, store)

        assert snapshots.save_if_due(4) == 1
        assert snapshots.save_if_due(4) == 0
        log.append([make_draft() for _ in range(3)])
        index.catch_up()
        assert snapshots.save_if_due(3) == 1
        assert {number: each.position for number, each in store.kept.items()} == {0: 3, 1: 7}

    def test_names_of_cases_are_sealed_where_the_segment_is_full(self) -> None:
        log = MemoryLog(AUTHORITY, FakeClock())
        log.append([make_draft() for _ in range(9)])

        sealed = started(log)._contents.versions._sealed

        assert {name: [each.base for each in several] for name, several in sealed.items()} == {
            "object": [0, 4],
            "number": [0, 4],
        }

    def test_the_last_one_is_saved_as_it_grows(self) -> None:
        log = MemoryLog(AUTHORITY, FakeClock())
        log.append([make_draft()])
        index, store = started(log), MemorySnapshots(log)
        snapshots = saving(index, store)

        positions = []
        for _ in range(3):
            snapshots.save_if_due(1)
            positions.append(store.kept[0].position)
            log.append([make_draft()])
            index.catch_up()

        assert positions == [1, 2, 3]

    def test_what_another_process_saved_is_not_saved_again(self) -> None:
        log = MemoryLog(AUTHORITY, FakeClock())
        log.append([make_draft() for _ in range(6)])
        store = MemorySnapshots(log)
        saving(started(log), store).save_if_due(1)

        assert saving(started(log), store).save_if_due(1) == 0

    def test_a_store_that_cannot_be_written_is_logged_and_tried_again(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Full(MemorySnapshots):
            is_full = True

            def save(self, snapshot: Snapshot, head: int, is_sure: bool = False) -> bool:
                if self.is_full:
                    raise StoreError("the store cannot be written: disk is full")
                return super().save(snapshot, head, is_sure)

        log = MemoryLog(AUTHORITY, FakeClock())
        log.append([make_draft()])
        store = Full(log)
        snapshots = saving(started(log), store)

        with caplog.at_level(logging.WARNING):
            assert snapshots.save_if_due(1) == 0
        assert "no snapshot of the index was saved: the store cannot be written" in caplog.text
        store.is_full = False
        assert snapshots.save_if_due(1) == 1

    def test_who_leaves_saves_what_the_next_start_would_read(self) -> None:
        log = MemoryLog(AUTHORITY, FakeClock())
        draft = make_draft()
        log.append([replace(draft, id=f"urn:{number}") for number in range(DUE_AT_LAST)])
        index = FacetIndex(log)
        index.catch_up()
        store = MemorySnapshots(log)
        snapshots = saving(index, store)

        snapshots.start()
        snapshots.stop()

        assert store.kept[0].position == DUE_AT_LAST
