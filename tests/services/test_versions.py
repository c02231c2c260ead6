"""The facet index over edits and deletions: the same answers as a look at every version."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import StoreError
from feedserver.model.activity import Activity, Draft, Ending, Tombstone, Version
from feedserver.model.expression import Test
from feedserver.model.filter import FIELDS, Filter, make_filter
from feedserver.model.search import Word, parse_words
from feedserver.services import indexing
from feedserver.services.indexing import FacetIndex
from feedserver.services.searching import SEARCHED
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, NOON, FakeClock, make_draft
from tests.filtering import expressions, facts, filters, passes
from tests.services.test_indexing import LIMITS

RUN = 3
"""Versions of an archive in these tests."""


MOMENTS = st.sampled_from([NOON - timedelta(days=1), NOON, NOON + timedelta(seconds=1)])
FEW = st.lists(st.sampled_from("ab"), max_size=2, unique=True).map(tuple)
DRAFTS = st.builds(
    lambda title, queues, tags, occurred: make_draft(
        title=title, queues=queues, tags=tags, occurred=occurred
    ),
    st.sampled_from(["x", "y", "x y"]),
    FEW,
    FEW,
    st.none() | MOMENTS,
)
FILTERS = filters(
    st.lists(
        st.tuples(st.sampled_from(["queue", "tag"]), st.booleans(), st.sampled_from("ab")),
        max_size=2,
    ),
    st.none() | st.just(NOON),
    st.none()
    | expressions(
        st.sampled_from([*(Test(name, each) for name in ("queue", "tag") for each in "ab")]), 4
    ),
    st.sampled_from("xy"),
)


@dataclass(frozen=True)
class Step:
    """What is done to the log: to the `which`-th id that it has, if it is not a new one."""

    kind: str
    which: int
    draft: Draft
    seconds: float


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["post", "post", "edit", "edit", "silent", "delete", "redact"]),
        st.integers(0, 9),
        DRAFTS,
        st.sampled_from([0.0, 0.0, 0.4, 1.0, 7.0, -3.0]),
    ),
    max_size=25,
)


@pytest.fixture(autouse=True)
def _short_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "ARCHIVED", RUN)


def take(log: MemoryLog, clock: FakeClock, step: Step) -> None:
    clock.advance(step.seconds)
    ids = list(log._by_id)
    if step.kind == "post" or not ids:
        log.append([step.draft])
        return
    id = ids[step.which % len(ids)]
    newest = log.find(id)
    if step.kind == "redact":
        log.redact([id])
    elif isinstance(newest, Activity):
        draft = None if step.kind == "delete" else replace(step.draft, id=id)
        log.replace(newest.position, draft, step.kind == "silent")


def history(steps: Sequence[Step]) -> MemoryLog:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    for step in steps:
        take(log, clock, step)
    return log


def caught_up(log: MemoryLog) -> FacetIndex:
    index = FacetIndex(log)
    index.catch_up()
    return index


class Model:
    """The feed of a filter, told from the versions one by one."""

    def __init__(self, log: MemoryLog, filter: Filter) -> None:
        self.versions: dict[int, Version] = {each.position: each for each in log.read(0)}
        self.filter = filter
        newest = {version.id: version for version in self.versions.values()}
        self.newest = {version.position for version in newest.values()}
        self.deleted = {id for id, each in newest.items() if isinstance(each, Tombstone)}

    def matches(self, position: int) -> bool:
        version = self.versions.get(position)
        return isinstance(version, Activity) and passes(
            self.filter, facts(version.draft), version.draft.occurred or version.dates.published
        )

    def leaves(self, position: int) -> bool:
        version = self.versions[position]
        if isinstance(version, Tombstone) and version.ending is Ending.REDACTED:
            return True
        return self.matches(version.replaces) and not self.matches(position)

    @property
    def touching(self) -> list[int]:
        return [at for at in self.versions if self.matches(at) or self.leaves(at)]

    def is_shown(self, position: int) -> bool:
        """Whether a reader of versions meets it: its content, or that something left."""
        return self.leaves(position) or self.versions[position].id not in self.deleted

    def place(self, position: int) -> int:
        version = self.versions[position]
        is_silent = isinstance(version, Activity) and version.is_silent
        return self.place(version.replaces) if is_silent else position

    @property
    def state(self) -> dict[int, int]:
        """The activities of the feed as it is now: positions by place."""
        return {self.place(at): at for at in sorted(self.newest) if self.matches(at)}


@given(STEPS, FILTERS, LIMITS, st.none() | st.integers(1, 25))
def test_a_page_shows_each_activity_once_at_its_newest_version(
    steps: list[Step], filter: Filter, limit: int, before: int | None
) -> None:
    log = history(steps)
    model = Model(log, filter)

    selection = caught_up(log).newest(filter, limit, before)

    state = model.state
    older = sorted((place for place in state if before is None or place < before), reverse=True)
    shown = [at for at in selection.positions if at not in selection.removed]
    assert shown == [state[place] for place in older[:limit]]
    assert selection.total == len(state)
    assert selection.left == len(older) - len(shown)
    dates = [model.versions[at].dates.updated for at in selection.positions]
    assert dates == sorted(set(dates), reverse=True)


@given(STEPS, FILTERS, LIMITS)
def test_a_page_tells_what_left_the_feed_in_its_time(
    steps: list[Step], filter: Filter, limit: int
) -> None:
    log = history(steps)
    model = Model(log, filter)

    selection = caught_up(log).newest(filter, limit)

    oldest = selection.edge if selection.left else 0
    last = {model.versions[at].id: at for at in model.touching}
    left = [
        at
        for at in sorted(last.values(), reverse=True)
        if model.leaves(at) and at > oldest and model.place(at) == at
    ]
    assert sorted(selection.removed, reverse=True) == left[:limit]


@given(STEPS, FILTERS, st.integers(1, 8), st.integers(0, 25))
def test_a_cursor_meets_every_version_and_every_removal_in_order(
    steps: list[Step], filter: Filter, limit: int, after: int
) -> None:
    log = history(steps)
    model = Model(log, filter)
    index = caught_up(log)
    met: list[tuple[int, bool]] = []
    after = min(after, log.head())
    place = after

    for _ in range(len(steps) + 1):
        selection = index.following(filter, limit, place)
        met += [(at, at in selection.removed) for at in selection.positions]
        place = selection.scanned

    expected = [at for at in model.touching if at > after and model.is_shown(at)]
    assert met == [(at, model.leaves(at)) for at in expected]
    assert place == log.head()


@given(STEPS, FILTERS)
def test_a_reader_of_versions_ends_with_the_feed(steps: list[Step], filter: Filter) -> None:
    log = history(steps)
    model = Model(log, filter)
    held: dict[str, int] = {}

    selection = caught_up(log).following(filter, 99, 0)
    for at in selection.positions:
        id = model.versions[at].id
        held.pop(id, None)
        if at not in selection.removed:
            held[id] = at

    assert sorted(held.values()) == sorted(model.state.values())


@given(STEPS, FILTERS, st.integers(1, 4))
def test_the_head_and_its_archives_leave_no_gap(
    steps: list[Step], filter: Filter, limit: int
) -> None:
    log = history(steps)
    model = Model(log, filter)
    index = caught_up(log)

    selection = index.newest(filter, limit)
    held = {model.versions[at].id: at for at in selection.positions}
    address = selection.archive
    while address is not None:
        run = index.run(filter, int(address.partition(".")[0]))
        assert run is not None
        assert run.address == address
        for at in run.positions:
            id = model.versions[at].id
            held[id] = max(at, held.get(id, 0))
        address = run.earlier

    kept = [at for at in held.values() if not model.leaves(at)]
    assert sorted(kept) == sorted(model.state.values())
    assert (selection.archive is None) == (not model.touching)


@given(STEPS, STEPS, FILTERS)
def test_an_address_of_an_archive_leads_to_the_same_versions_for_ever(
    steps: list[Step], more: list[Step], filter: Filter
) -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    index = FacetIndex(log)
    known: dict[str, object] = {}
    for step in [*steps, *more]:
        take(log, clock, step)
        index.catch_up()
        number = 0
        while (run := index.run(filter, number)) is not None:
            if run.is_full:
                is_shown = [(at, at in run.removed) for at in run.positions]
                told = (is_shown, run.stamp, run.earlier, run.later)
                assert known.setdefault(run.address, told) == told
            else:
                assert "." not in run.address
                assert run.later is None
            number += 1
        assert number == len(Model(log, filter).touching) // RUN + 1


@given(STEPS, FILTERS)
def test_the_stamp_moves_with_what_touches_the_feed_and_with_nothing_else(
    steps: list[Step], filter: Filter
) -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    index = FacetIndex(log)
    before = index.newest(filter, 99)
    shown_before: list[Version] = []
    for step in steps:
        take(log, clock, step)
        index.catch_up()
        after = index.newest(filter, 99)
        model = Model(log, filter)
        shown = [model.versions[at] for at in model.state.values()]
        touching = model.touching
        newest = touching[-1] if touching else 0
        assert after.stamp.position == newest
        if shown != shown_before:
            assert after.stamp != before.stamp
        if newest < log.head() and isinstance(model.versions[log.head()], Activity):
            assert after.stamp == before.stamp
        before, shown_before = after, shown


@given(STEPS, FILTERS)
def test_the_date_of_a_feed_never_goes_back(steps: list[Step], filter: Filter) -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    index = FacetIndex(log)
    last = NOON - timedelta(days=9999)
    for step in steps:
        take(log, clock, step)
        index.catch_up()
        model = Model(log, filter)
        stamp = index.newest(filter, 99).stamp
        loud = [at for at in model.touching if model.place(at) == at]
        dates = [model.versions[at].dates.updated for at in (*loud, *model.state.values())]
        assert stamp.updated == max(dates, default=None)
        if stamp.updated is None or any(each.kind == "silent" for each in steps):
            continue  # what came silently, and with its date, may leave silently
        assert stamp.updated >= last
        last = stamp.updated


@given(STEPS, FILTERS)
def test_a_second_is_told_only_where_it_tells_one_state_of_the_feed(
    steps: list[Step], filter: Filter
) -> None:
    log = history(steps)
    model = Model(log, filter)

    modified = caught_up(log).newest(filter, 1).stamp.modified

    times = [model.versions[at].dates.recorded for at in model.touching]
    if not times:
        assert modified is None
        return
    ends = {model.versions[at].id: at for at in model.newest}
    if any(
        ends[model.versions[at].id] > model.touching[-1]
        for at in model.touching
        if model.versions[at].id in model.deleted
    ):
        assert modified is None  # its archives have moved since
        return
    second = times[-1].replace(microsecond=0)
    of_second = {time for time in times if time.replace(microsecond=0) == second}
    is_redacted = any(
        isinstance(version := model.versions[at], Tombstone)
        and version.ending is Ending.REDACTED
        and version.dates.recorded >= second
        for at in model.touching
    )
    assert modified == (second if len(of_second) == 1 and not is_redacted else None)


def modified_of(index: FacetIndex) -> datetime | None:
    index.catch_up()
    return index.newest(make_filter([]), 1).stamp.modified


def test_a_second_is_told_where_all_of_it_was_there_before_it_was_over() -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    index = FacetIndex(log, clock)
    index.catch_up()
    for _ in range(3):
        log.append([make_draft()])
        clock.advance(0.2)
        index.notice()
    assert modified_of(index) is None  # it is not over
    clock.advance(1)

    assert modified_of(index) == NOON
    assert modified_of(FacetIndex(log, clock)) is None  # it has not seen that


def test_a_second_is_not_told_where_something_of_it_came_after_it() -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    index = FacetIndex(log, clock)
    log.append([make_draft()])
    clock.advance(1)
    assert modified_of(index) == NOON

    clock.advance(-0.5)  # another process has looked at its clock then, and commits only now
    log.append([make_draft()])
    clock.advance(0.5)
    assert modified_of(index) is None
    clock.advance(60)
    assert modified_of(index) is None


def test_a_clock_that_is_set_back_makes_no_second_exact_that_was_told() -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    index = FacetIndex(log, clock)
    log.append([make_draft()])
    clock.advance(1)
    assert modified_of(index) == NOON

    clock.advance(-0.9)
    log.append([make_draft()])
    index.notice()
    clock.advance(60)

    assert modified_of(index) is None


def test_a_second_that_was_told_before_a_start_is_not_made_exact_by_a_clock_set_back() -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    log.append([make_draft()])
    clock.advance(-0.5)
    index = FacetIndex(log, clock)
    index.catch_up()
    clock.advance(0.7)
    log.append([make_draft()])
    index.notice()
    clock.advance(60)

    assert modified_of(index) is None


def test_a_second_is_over_by_the_time_before_the_log_was_read() -> None:
    clock = FakeClock()
    slow = SlowLog(AUTHORITY, clock)
    index = FacetIndex(slow, clock)
    index.catch_up()
    slow.append([make_draft()])
    index.catch_up()

    slow.takes, slow.clock = 1.0, clock
    assert modified_of(index) is None
    slow.takes = 0.0

    assert modified_of(index) == NOON


class SlowLog(MemoryLog):
    """A log that takes its time to be looked at."""

    takes = 0.0
    clock: FakeClock

    def newest(self) -> tuple[int, bytes]:
        found = super().newest()
        if self.takes:
            self.clock.advance(self.takes)
        return found


def test_a_store_that_cannot_be_read_is_told_to_who_asks_and_not_to_who_wrote() -> None:
    log = MemoryLog(AUTHORITY, FakeClock())
    index = FacetIndex(log)
    log.append([make_draft()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryLog, "newest", _broken)

        index.notice()

        with pytest.raises(StoreError):
            index.catch_up()
    assert index.catch_up() == 1


def _broken(log: MemoryLog) -> tuple[int, bytes]:
    raise StoreError("the store cannot be read: no such disk")


def answers(index: FacetIndex, filter: Filter, head: int) -> list[object]:
    return [
        index.newest(filter, 5),
        index.newest(filter, 5, 7),
        index.following(filter, 99, 3),
        [index.run(filter, number) for number in range(10)],
        [index.names(field) for field in FIELDS],
        [sorted(index.values(field)) for field in FIELDS],
        [index.cursor(at) for at in range(head + 1)],
        index.tallies(("a", "b")),
    ]


@given(STEPS, FILTERS)
def test_an_index_that_followed_is_one_made_anew(steps: list[Step], filter: Filter) -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    kept = FacetIndex(log)
    for step in steps:
        take(log, clock, step)
        kept.catch_up()
        kept.newest(filter, 1)  # what was searched is remembered

    anew = caught_up(log)

    assert answers(kept, filter, log.head()) == answers(anew, filter, log.head())


@given(STEPS, STEPS, FILTERS)
def test_an_index_notices_that_a_backup_was_put_back(
    steps: list[Step], others: list[Step], filter: Filter
) -> None:
    log = history(steps)
    index = caught_up(log)
    index.newest(filter, 1)  # what was searched is remembered
    before = log.head()
    other = history(others)
    log._versions[:], log._by_id = list(other._versions), dict(other._by_id)
    log._last = other._last
    log.append([make_draft()])  # what happens next, at the latest, shows it

    index.catch_up()

    if before == log.head():
        return  # as long as before: the next version will show it
    assert answers(index, filter, log.head()) == answers(caught_up(log), filter, log.head())


@pytest.mark.parametrize("since", [None, NOON - timedelta(days=1)])
def test_what_was_redacted_is_in_no_feed_of_a_time(since: datetime | None) -> None:
    log = MemoryLog(AUTHORITY, FakeClock())
    secret, known = make_draft(), make_draft()
    log.append([secret, known])
    index = caught_up(log)
    filter = make_filter([], since, NOON + timedelta(days=1))
    assert index.following(filter, 9, 0).positions == (1, 2)

    log.redact([secret.id])
    index.catch_up()

    assert index.following(filter, 9, 0).positions == (2, 3)


def searching(index: FacetIndex, text: str) -> int:
    return index.newest(Filter(words=parse_words(text)), 0).total


@pytest.mark.parametrize("is_silent", [False, True])
def test_only_the_newest_version_has_the_words_that_are_found(is_silent: bool) -> None:
    log = MemoryLog(AUTHORITY, FakeClock())
    draft = make_draft(title="Smoke")
    log.append([draft])
    index = caught_up(log)
    for position, title in enumerate(("Fire", "Water"), 1):
        log.replace(position, replace(draft, title=title), is_silent)
        index.catch_up()
        searching(index, "fire")

    counts = [searching(index, word) for word in ("smoke", "fire", "water")]

    assert counts == [0, 0, 1]


def test_a_search_that_began_before_a_backup_was_put_back_is_not_remembered() -> None:
    clock = FakeClock()
    fire, water = (MemoryLog(AUTHORITY, clock) for _ in range(2))
    fire.append([make_draft(title="Fire")])
    clock.advance(1)
    water.append([make_draft(title="Water"), make_draft(title="Water")])

    class Replaced(MemoryLog):
        def search(self, words: Sequence[Word], after: int = 0) -> Sequence[int]:
            found = super().search(words, after)
            if not after and self._versions == fire._versions:
                self._versions = list(water._versions)
                index.catch_up()
            return found

    log = Replaced(AUTHORITY, clock)
    log._versions = list(fire._versions)
    index = caught_up(log)

    index.search(parse_words("fire"))

    assert searching(index, "fire") == 0
    assert searching(index, "water") == 2


def test_what_came_while_a_search_took_place_is_found() -> None:
    class Growing(MemoryLog):
        def search(self, words: Sequence[Word], after: int = 0) -> Sequence[int]:
            found = super().search(words, after)
            if not after:
                self.append([make_draft(title="Fire")])
                index.catch_up()
            return found

    log = Growing(AUTHORITY, FakeClock())
    log.append([make_draft(title="Fire")])
    index = caught_up(log)

    index.search(parse_words("fire"))

    assert searching(index, "fire") == 2


class CountingLog(MemoryLog):
    """One that notes what it is asked for."""

    asked: tuple[str, ...] = ()

    def search(self, words: Sequence[Word], after: int = 0) -> Sequence[int]:
        self.asked = (*self.asked, f"{' '.join(map(str, words))} {after}")
        return super().search(words, after)


def test_what_was_searched_last_is_remembered_and_nothing_else() -> None:
    log = CountingLog(AUTHORITY, FakeClock())
    log.append([make_draft()])
    index = caught_up(log)
    searches = [parse_words(f"word{number}") for number in range(SEARCHED + 1)]
    for words in searches:
        index.search(words)
    log.append([make_draft()])
    index.catch_up()
    before = len(log.asked)

    for words in (searches[0], searches[-1], searches[2]):
        index.search(words)
        index.newest(Filter(words=words), 1)
        index.newest(Filter(words=words), 1)

    assert log.asked[before:] == ("word0 0", f"word{SEARCHED} 1", "word2 1")


@given(STEPS)
def test_names_count_what_is_there_now(steps: list[Step]) -> None:
    log = history(steps)
    index = caught_up(log)

    for name in index.names("tag"):
        filter = make_filter([("tag", False, name.value)])
        assert name.count == len(Model(log, filter).state) > 0


def test_what_was_redacted_leaves_no_name() -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    secret = make_draft(tags=("secret",), queues=("Support",))
    log.append([secret, make_draft(tags=("known",), queues=("Support",))])
    index = caught_up(log)
    assert index.find_name("tag", "secret") == "secret"

    log.redact([secret.id])
    index.catch_up()

    assert index.find_name("tag", "secret") is None
    assert index.find_name("queue", "Support") == "Support"


def test_a_name_is_spelt_by_the_first_that_is_left() -> None:
    log = MemoryLog(AUTHORITY, FakeClock())
    first, second = make_draft(tags=("VIP",)), make_draft(tags=("vip",))
    log.append([first, second])
    index = caught_up(log)
    assert index.find_name("tag", "vip") == "VIP"

    log.redact([first.id])
    index.catch_up()

    assert index.find_name("tag", "vip") == "vip"
