"""The contract of `ports.Log`, the same for every store."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.clock import Clock
from feedserver.errors import Moved
from feedserver.model.activity import Activity, Draft, Ending, Extra, Object, Product, Tombstone
from feedserver.model.cursor import check_of
from feedserver.model.dates import (
    MILLISECOND,
    Dates,
    changed_dates,
    first_dates,
    silent_dates,
)
from feedserver.model.search import Word, parse_words, words_of
from feedserver.ports import Bookmark, Log
from feedserver.stores.memory import MemoryLog
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, NOON, FakeClock, make_draft
from tests.stores.reading import as_activity, drafts_in


def memory_log(folder: Path, clock: Clock) -> Log:
    return MemoryLog(AUTHORITY, clock)


def sqlite_log(folder: Path, clock: Clock) -> Log:
    return open_log("sqlite:///log.db", folder, AUTHORITY, clock)


STORES: dict[str, Callable[[Path, Clock], Log]] = {"memory": memory_log, "sqlite": sqlite_log}

NAIVE = datetime(2026, 5, 8, 12, 0)  # noqa: DTZ001 - a date that no log can order


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=STORES)
def log(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Log]:
    log = STORES[request.param](tmp_path, clock)
    yield log
    log.close()


@pytest.fixture(scope="module", params=STORES)
def kept_log(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Log]:
    """A log that the examples of a law share."""
    log = STORES[request.param](tmp_path_factory.mktemp("law"), FakeClock())
    yield log
    log.close()


def ids(log: Log, after: int = 0, limit: int | None = None) -> list[str]:
    return [activity.id for activity in log.read(after, limit)]


def test_an_empty_log_has_nothing(log: Log) -> None:
    assert log.head() == 0
    assert list(log.read(0)) == []
    assert log.at([1]) == ()
    assert log.find("tag:nothing") is None
    assert set(log.known(["tag:nothing"])) == set()
    assert log.bookmark("source crm") is None


def test_a_log_tells_which_it_is(log: Log) -> None:
    assert len(log.epoch) == 8
    assert log.authority == AUTHORITY
    assert log.created == NOON


def test_positions_begin_with_1_and_grow_in_order_without_a_gap(log: Log) -> None:
    first, second, third = make_draft(), make_draft(), make_draft()

    assert log.append([first, second]) == (1, 2)
    assert log.append([third]) == (3,)

    assert [activity.position for activity in log.read(0)] == [1, 2, 3]
    assert ids(log) == [first.id, second.id, third.id]
    assert log.head() == 3


def test_a_known_id_changes_nothing(log: Log) -> None:
    draft = make_draft(title="as it was")
    log.append([draft])
    before = list(log.read(0))

    assert log.append([make_draft(id=draft.id, title="as it is")]) == (0,)

    assert list(log.read(0)) == before
    assert log.find(draft.id) == before[0]
    assert log.head() == 1


def test_a_known_id_takes_no_position_from_what_follows(log: Log) -> None:
    known, other, another = make_draft(), make_draft(), make_draft()
    log.append([known])

    assert log.append([other, known, another]) == (2, 0, 3)

    assert ids(log) == [known.id, other.id, another.id]


def test_an_id_that_stands_twice_in_a_batch_is_recorded_once_as_it_came_first(log: Log) -> None:
    first = make_draft(title="first")
    second = make_draft(id=first.id, title="second")
    other = make_draft()

    assert log.append([first, second, other, second]) == (1, 0, 2, 0)

    assert drafts_in(log) == [first, other]


def test_nothing_to_append_is_no_change(log: Log) -> None:
    assert log.append([]) == ()
    assert log.head() == 0


def test_whatever_is_committed_is_a_change(log: Log) -> None:
    draft, other = make_draft(), make_draft()
    told = [log.changes()]

    for commit in (
        lambda: log.append([draft, other]),
        lambda: log.append([], Bookmark("source crm", "place 1")),
        lambda: log.replace(1, draft, is_silent=True),
        lambda: log.replace(3, None),
        lambda: log.redact([other.id]),
    ):
        commit()
        told.append(log.changes())

    assert len(set(told)) == 6


def test_where_nothing_is_committed_nothing_has_changed(log: Log) -> None:
    log.append([make_draft()])
    told = log.changes()

    list(log.read(0))
    log.known(["tag:nothing"])

    assert log.changes() == told


def test_a_bookmark_is_stored_with_drafts(log: Log) -> None:
    log.append([make_draft()], Bookmark("source crm", "place 1"))

    assert log.bookmark("source crm") == "place 1"


def test_a_bookmark_is_stored_alone(log: Log) -> None:
    log.append([], Bookmark("source crm", "place 1"))

    assert log.bookmark("source crm") == "place 1"
    assert log.head() == 0


def test_a_bookmark_moves_also_where_every_draft_is_known(log: Log) -> None:
    draft = make_draft()
    log.append([draft], Bookmark("source crm", "place 1"))

    log.append([draft], Bookmark("source crm", "place 2", "place 1"))

    assert log.bookmark("source crm") == "place 2"


@pytest.mark.parametrize("found", [None, "place 0"])
def test_a_bookmark_that_another_process_has_moved_stays_where_it_is(
    log: Log, found: str | None
) -> None:
    log.append([], Bookmark("source crm", "place 1"))

    assert log.append([make_draft()], Bookmark("source crm", "place 2", found)) == (1,)

    assert log.bookmark("source crm") == "place 1"


def test_a_bookmark_moves_no_other_one(log: Log) -> None:
    log.append([], Bookmark("source crm", "place 1"))
    log.append([], Bookmark("source mail", "9"))
    log.append([], Bookmark("source crm", "place 2", "place 1"))

    assert (log.bookmark("source crm"), log.bookmark("source mail")) == ("place 2", "9")


def test_drafts_without_a_bookmark_leave_it_where_it_is(log: Log) -> None:
    log.append([], Bookmark("source crm", "place 1"))

    log.append([make_draft()])

    assert log.bookmark("source crm") == "place 1"


@pytest.mark.parametrize(
    ("after", "limit", "positions"),
    [
        (0, None, [1, 2, 3, 4, 5]),
        (2, None, [3, 4, 5]),
        (5, None, []),
        (99, None, []),
        (0, 2, [1, 2]),
        (3, 2, [4, 5]),
        (4, 2, [5]),
        (0, 0, []),
    ],
)
def test_reading_goes_on_after_a_position(
    log: Log, after: int, limit: int | None, positions: list[int]
) -> None:
    log.append([make_draft() for _ in range(5)])

    assert [activity.position for activity in log.read(after, limit)] == positions


def test_versions_are_given_in_the_order_asked_without_those_that_are_not(log: Log) -> None:
    log.append([make_draft() for _ in range(4)])

    found = log.at([4, 99, 1, 0, 2, 4])

    assert [activity.position for activity in found] == [4, 1, 2, 4]


def test_an_activity_is_found_by_its_id(log: Log) -> None:
    draft = make_draft()
    log.append([make_draft(), draft, make_draft()])

    found = as_activity(log.find(draft.id))

    assert (found.position, found.draft, found.id) == (2, draft, draft.id)


def test_ids_are_told_apart_by_every_sign(log: Log) -> None:
    log.append([make_draft(id="tag:a")])

    assert log.find("tag:A") is None
    assert log.find("tag:a ") is None
    assert set(log.known(["tag:A", "tag:a", "tag:"])) == {"tag:a"}


def test_the_known_ids_are_those_recorded(log: Log) -> None:
    recorded, other = make_draft(), make_draft()
    log.append([recorded])

    assert set(log.known([other.id, recorded.id])) == {recorded.id}
    assert set(log.known([])) == set()


def test_the_versions_of_ids_are_the_first_and_the_newest_of_each(log: Log) -> None:
    one, other, another = make_draft(), make_draft(), make_draft()
    log.append([one, other, another])

    versions = log.versions([another.id, one.id])

    assert dict(versions) == {
        one.id: (log.find(one.id), log.find(one.id)),
        another.id: (log.find(another.id), log.find(another.id)),
    }


def test_ids_that_are_not_recorded_have_no_versions(log: Log) -> None:
    log.append([make_draft(id="tag:a")])

    assert set(log.versions(["tag:A", "tag:a", "tag:", "tag:a "])) == {"tag:a"}
    assert dict(log.versions(["tag:b"])) == {}


def test_no_ids_have_no_versions(log: Log) -> None:
    log.append([make_draft()])

    assert dict(log.versions([])) == {}


def test_versions_are_found_whatever_the_number_of_ids_and_their_repetitions(log: Log) -> None:
    drafts = [make_draft() for _ in range(2300)]
    log.append(drafts[:2200])
    asked = [draft.id for draft in drafts]

    versions = log.versions([*asked, *asked[::-1], *asked[:5]])

    assert set(versions) == set(asked[:2200])
    positions = [(versions[id][0].position, versions[id][1].position) for id in asked[:2200]]
    assert positions == [(position, position) for position in range(1, 2201)]
    assert [as_activity(versions[id][0]).draft for id in asked[:2200]] == drafts[:2200]


def test_more_than_a_statement_takes_is_read_and_written_whole(log: Log) -> None:
    drafts = [make_draft() for _ in range(5003)]
    order = list(range(5003, 0, -1))

    assert log.append(drafts) == tuple(range(1, 5004))

    assert ids(log) == [draft.id for draft in drafts]
    assert ids(log, after=1, limit=5001) == [draft.id for draft in drafts[1:5002]]
    assert [activity.position for activity in log.at(order)] == order
    assert set(log.known([draft.id for draft in drafts])) == {draft.id for draft in drafts}
    assert log.append([*drafts, make_draft()])[-1] == 5004


def test_dates_go_on_over_batches_and_whatever_the_clock_does(log: Log, clock: FakeClock) -> None:
    expected: list[Dates] = []
    for seconds, count in [(0, 3), (0.0005, 2), (-3600, 2), (7200, 4), (0, 1)]:
        clock.advance(seconds)
        batch = [make_draft(occurred=clock()) for _ in range(count)]
        log.append(batch)
        for draft in batch:
            last = expected[-1] if expected else None
            expected.append(first_dates(last, draft.occurred, clock()))

    assert [activity.dates for activity in log.read(0)] == expected


def test_a_late_event_and_one_without_a_time_are_dated_after_the_last(log: Log) -> None:
    log.append([make_draft(occurred=NOON.replace(hour=11))])
    log.append([make_draft(occurred=NOON.replace(hour=3)), make_draft(occurred=None)])

    dates = [activity.dates for activity in log.read(0)]

    assert [date.published.microsecond for date in dates] == [0, 1000, 2000]
    assert {date.published.hour for date in dates} == {11}


def test_an_activity_is_the_same_however_it_is_read(log: Log) -> None:
    draft = make_draft()
    log.append([draft])

    (read,) = log.read(0)

    assert log.at([1]) == (read,)
    assert log.find(draft.id) == read


def test_a_draft_of_nothing_but_what_must_be_comes_back_equal(log: Log) -> None:
    draft = Draft("tag:a", "crm", Object("person"), "log", Object("case"), "")

    log.append([draft])

    assert drafts_in(log) == [draft]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
OPTIONAL = st.none() | TEXTS
OBJECTS = st.builds(Object, TEXTS, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL)
NAMES = st.lists(TEXTS, max_size=3).map(tuple)
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "source": TEXTS,
    "actor": OBJECTS,
    "verb": TEXTS,
    "object": st.none() | OBJECTS,
    "title": TEXTS,
    "occurred": st.none() | st.datetimes(timezones=st.just(UTC)),
    "target": st.none() | OBJECTS,
    "queues": NAMES,
    "products": st.lists(st.builds(Product, TEXTS, OPTIONAL), max_size=2).map(tuple),
    "tags": NAMES,
    "customer": st.none() | OBJECTS,
    "content": OPTIONAL,
    "code": OPTIONAL,
    "code_name": OPTIONAL,
    "url": OPTIONAL,
    "extra": st.none() | st.builds(Extra, TEXTS, TEXTS),
}
DRAFTS = st.fixed_dictionaries(MEMBERS).map(lambda members: make_draft(**members))


def test_the_law_below_is_about_every_member_of_a_draft() -> None:
    assert {"id", *MEMBERS} == {field.name for field in fields(Draft)}


@given(draft=DRAFTS)
def test_everything_of_a_draft_comes_back_equal(kept_log: Log, draft: Draft) -> None:
    (position,) = kept_log.append([draft])

    (version,) = kept_log.at([position])

    assert as_activity(version).draft == draft


def test_a_batch_that_fails_leaves_nothing(log: Log, clock: FakeClock) -> None:
    kept, good, bad = make_draft(), make_draft(), make_draft(occurred=NAIVE)
    log.append([kept], Bookmark("source crm", "place 1"))
    before = list(log.read(0))

    with pytest.raises(TypeError):
        log.append([good, bad, make_draft()], Bookmark("source crm", "place 2"))

    assert list(log.read(0)) == before
    assert log.head() == 1
    assert log.find(good.id) is None
    assert set(log.known([good.id, bad.id])) == set()
    assert log.bookmark("source crm") == "place 1"


def test_what_was_good_in_a_batch_that_failed_is_recorded_with_the_next_one(log: Log) -> None:
    good = make_draft()
    with pytest.raises(TypeError):
        log.append([good, make_draft(occurred=NAIVE)])

    assert log.append([good]) == (1,)

    assert drafts_in(log) == [good]


def test_threads_that_append_the_same_at_once_record_each_id_once(log: Log) -> None:
    drafts = [make_draft() for _ in range(60)]
    batches = [drafts[start : start + 6] for start in range(0, 60, 3)]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(log.append, batches + batches[::-1]))

    positions = sorted(position for answer in answers for position in answer if position)
    assert positions == list(range(1, 61))
    assert sorted(ids(log)) == sorted(draft.id for draft in drafts)


def test_an_undated_first_entry_does_not_date_a_history_today(log: Log) -> None:
    old = NOON - timedelta(days=3650)
    drafts = [make_draft(occurred=None), *(make_draft(occurred=old) for _ in range(3))]

    log.append(drafts)

    published = [activity.dates.published for activity in log.read(0)]
    assert max(published) < old + timedelta(seconds=1)


def test_a_date_far_ahead_of_the_clock_does_not_date_what_follows(log: Log) -> None:
    old = NOON - timedelta(days=3650)
    ahead = NOON + timedelta(days=26_000)

    log.append([make_draft(occurred=when) for when in (ahead, old, ahead, old)])

    activities = list(log.read(0))
    assert max(activity.dates.published for activity in activities) < old + timedelta(seconds=1)
    assert as_activity(activities[0]).draft.occurred == ahead


def test_an_edit_is_a_version_of_its_own_and_the_newest(log: Log, clock: FakeClock) -> None:
    first, other = make_draft(title="as it was"), make_draft()
    log.append([first, other])
    was, last = log.at([1, 2])
    clock.advance(60)
    edited = replace(first, title="as it is", tags=())

    assert log.replace(1, edited) == 3

    dates = changed_dates(last.dates, was.dates, clock())
    newest = Activity(3, edited, dates, replaces=1)
    assert log.find(first.id) == newest
    assert list(log.read(0)) == [was, last, newest]
    assert log.at([3, 1]) == (newest, was)
    assert log.versions([first.id]) == {first.id: (was, newest)}
    assert log.head() == 3


def test_a_silent_version_keeps_the_dates_of_the_one_it_replaces(
    log: Log, clock: FakeClock
) -> None:
    first, other = make_draft(), make_draft()
    log.append([first, other])
    was, last = log.at([1, 2])
    clock.advance(60)
    edited = replace(first, title="as it is")

    assert log.replace(1, edited, is_silent=True) == 3

    dates = silent_dates(last.dates, was.dates, clock())
    assert log.find(first.id) == Activity(3, edited, dates, replaces=1, is_silent=True)


def test_a_deletion_is_a_tombstone_and_what_was_before_stays(log: Log, clock: FakeClock) -> None:
    draft = make_draft()
    log.append([draft])
    (was,) = log.at([1])
    clock.advance(60)

    assert log.replace(1, None) == 2

    dates = changed_dates(was.dates, was.dates, clock())
    tombstone = Tombstone(2, draft.id, dates, 1, Ending.DELETED)
    assert list(log.read(0)) == [was, tombstone]
    assert log.find(draft.id) == tombstone
    assert log.versions([draft.id]) == {draft.id: (was, tombstone)}


def test_each_version_replaces_the_one_before(log: Log) -> None:
    draft = make_draft()
    log.append([draft, make_draft()])

    positions = [log.replace(1, draft)]
    positions.append(log.replace(3, draft, is_silent=True))
    positions.append(log.replace(4, None))

    assert positions == [3, 4, 5]
    assert [version.replaces for version in log.read(0)] == [0, 0, 1, 3, 4]


@pytest.mark.parametrize("position", [0, 1, 3, 5, 6, 99])
@pytest.mark.parametrize("is_deletion", [False, True])
def test_only_the_newest_version_of_what_is_there_can_be_replaced(
    log: Log, position: int, is_deletion: bool
) -> None:
    edited, deleted, redacted = make_draft(), make_draft(), make_draft()
    log.append([edited, deleted, redacted])
    log.replace(1, edited)  # 4
    log.replace(2, None)  # 5
    log.redact([redacted.id])  # 6
    before = list(log.read(0))

    with pytest.raises(Moved):
        log.replace(position, None if is_deletion else edited)

    assert list(log.read(0)) == before


def test_an_id_that_was_deleted_or_redacted_is_never_used_again(log: Log) -> None:
    deleted, redacted = make_draft(), make_draft()
    log.append([deleted, redacted])
    log.replace(1, None)
    log.redact([redacted.id])

    assert log.append([deleted, redacted, make_draft()]) == (0, 0, 5)

    assert set(log.known([deleted.id, redacted.id])) == {deleted.id, redacted.id}
    endings = [log.find(draft.id) for draft in (deleted, redacted)]
    assert [getattr(each, "ending", None) for each in endings] == [Ending.DELETED, Ending.REDACTED]


def test_redacting_erases_every_version_and_leaves_the_rest(log: Log, clock: FakeClock) -> None:
    draft, other = make_draft(), make_draft()
    log.append([draft, other])
    log.replace(1, replace(draft, title="again"))
    log.replace(3, replace(draft, title="and again"), is_silent=True)
    before = list(log.read(0))
    clock.advance(60)

    assert log.redact([draft.id]) == (5,)

    first, kept, edited, silent = before
    dates = changed_dates(
        replace(edited.dates, recorded=silent.dates.recorded), silent.dates, clock()
    )
    assert list(log.read(0)) == [
        Tombstone(1, draft.id, first.dates, 0, Ending.ERASED),
        kept,
        Tombstone(3, draft.id, edited.dates, 1, Ending.ERASED),
        Tombstone(4, draft.id, silent.dates, 3, Ending.ERASED),
        Tombstone(5, draft.id, dates, 4, Ending.REDACTED),
    ]
    assert log.find(draft.id) == log.at([5])[0]
    assert log.versions([draft.id]) == {draft.id: (log.at([1])[0], log.at([5])[0])}


def test_what_was_deleted_can_be_redacted_once(log: Log) -> None:
    draft = make_draft()
    log.append([draft])
    log.replace(1, None)

    assert log.redact([draft.id]) == (3,)
    assert log.redact([draft.id, "tag:nothing", draft.id]) == (0, 0, 0)

    endings = [each.ending for each in log.read(0) if isinstance(each, Tombstone)]
    assert endings == [Ending.ERASED, Ending.DELETED, Ending.REDACTED]
    assert log.head() == 3


def test_many_are_redacted_in_their_order_and_one_that_stands_twice_once(log: Log) -> None:
    one, other, another = make_draft(), make_draft(), make_draft()
    log.append([one, other, another])

    assert log.redact([another.id, one.id, another.id]) == (4, 5, 0)
    assert log.redact([]) == ()

    assert as_activity(log.find(other.id)).draft == other


def test_a_cursor_stands_on_what_was_redacted_as_before(log: Log) -> None:
    draft = make_draft()
    log.append([draft])
    before = check_of(log.at([1])[0])

    log.redact([draft.id])

    assert check_of(log.at([1])[0]) == before


def test_dates_go_on_after_silent_versions_and_whatever_the_clock_does(
    log: Log, clock: FakeClock
) -> None:
    draft = make_draft(occurred=NOON)
    log.append([draft])
    log.replace(1, draft, is_silent=True)
    clock.advance(-3600)
    log.replace(2, draft)
    log.append([make_draft(occurred=None)])

    dates = [version.dates for version in log.read(0)]

    assert [each.recorded - NOON for each in dates] == [n * MILLISECOND for n in (0, 0, 1, 2)]
    assert [each.updated - NOON for each in dates] == [n * MILLISECOND for n in (0, 0, 1, 2)]
    assert [each.published - NOON for each in dates] == [n * MILLISECOND for n in (0, 0, 0, 1)]


def test_a_silent_version_of_something_old_does_not_date_what_follows(log: Log) -> None:
    two, one, between = (NOON - timedelta(minutes=minutes) for minutes in (120, 60, 90))
    old, new = make_draft(occurred=two), make_draft(occurred=one)
    log.append([old, new])

    log.replace(1, old, is_silent=True)
    log.append([make_draft(occurred=between)])

    dates = [version.dates.published for version in log.read(0)]
    assert dates == [two, one, two, one + MILLISECOND]


def test_threads_that_replace_the_same_version_at_once_replace_it_once(log: Log) -> None:
    drafts = [make_draft() for _ in range(12)]
    log.append(drafts)

    def replaced(index: int) -> int:
        try:
            return log.replace(index // 4 + 1, drafts[index // 4])
        except Moved:
            return 0

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(replaced, range(48)))

    assert sorted(position for position in answers if position) == list(range(13, 25))
    assert {version.replaces for version in log.read(12)} == set(range(1, 13))


def found(log: Log, asked: str, after: int = 0) -> list[int]:
    return list(log.search(parse_words(asked), after))


def test_a_version_is_found_by_the_words_of_its_title_and_of_its_content(log: Log) -> None:
    log.append(
        [
            make_draft(title="The printer burns", content=None),
            make_draft(title="", content="<p>It <b>burn</b>s,<br>the <i>printer</i>.</p>"),
            make_draft(title="The printer", content="<p>burns</p>"),
            make_draft(title="The printer is mended", content="<p>It burned.</p>"),
            make_draft(title="Nothing", content='<p>See <a href="http://printer.example">it</a>'),
            make_draft(title="", content=None),
        ]
    )

    assert found(log, "printer burns") == [1, 2, 3]
    assert found(log, "PRINTER") == [1, 2, 3, 4]
    assert found(log, "burn*") == [1, 2, 3, 4]
    assert found(log, "water") == []
    assert found(log, "printer water") == []


def test_a_phrase_lies_in_the_title_or_in_the_content(log: Log) -> None:
    log.append(
        [
            make_draft(title="on fire", content=None),
            make_draft(title="on", content="<p>fire</p>"),
            make_draft(title="fire on", content="<p>on<br>fire</p>"),
            make_draft(title="on a fire", content=None),
        ]
    )

    assert found(log, '"on fire"') == [1, 3]
    assert found(log, '"on fi"*') == [1, 3]
    assert found(log, '"fire on" "on fire"') == [3]


@pytest.mark.parametrize("asked", ["fire", "fi*", '"on fire"', '"on fi"*', "on fire 3"])
@pytest.mark.parametrize("after", [0, 1, 2, 599, 600, 601, 700])
def test_only_what_is_behind_a_position_is_found(log: Log, asked: str, after: int) -> None:
    log.append([make_draft(title="on fire 3", content=None) for _ in range(2)])
    log.append([make_draft(title="calm", content=None) for _ in range(597)])
    log.append([make_draft(title="3 on fire", content=None) for _ in range(2)])

    assert found(log, asked, after) == [at for at in (1, 2, 600, 601) if at > after]


def test_each_version_is_found_by_its_own_words(log: Log) -> None:
    draft = make_draft(title="As it was", content=None)
    log.append([draft])
    log.replace(1, replace(draft, title="As it is"))
    log.replace(2, replace(draft, title="As it is now"), is_silent=True)
    log.replace(3, None)

    assert found(log, "as") == [1, 2, 3]
    assert found(log, "was") == [1]
    assert found(log, "is") == [2, 3]
    assert found(log, "now") == [3]


def test_what_was_redacted_is_not_found_and_all_else_is(log: Log) -> None:
    draft = make_draft(title="A secret", content="<p>A secret</p>")
    log.append([draft, make_draft(title="No secret", content=None)])
    log.replace(1, replace(draft, title="Another secret"))
    log.redact([draft.id])

    log.append([draft, make_draft(title="A secret of another", content=None)])

    assert found(log, "secret") == [2, 5]
    assert found(log, "secr*") == [2, 5]
    assert found(log, "another") == [5]


def test_what_was_not_recorded_is_not_found(log: Log) -> None:
    draft = make_draft(title="first", content=None)
    log.append([draft])
    log.append([make_draft(id=draft.id, title="known"), make_draft(title="new", content=None)])
    with pytest.raises(TypeError):
        log.append([make_draft(title="failed"), make_draft(occurred=NAIVE)])

    assert found(log, "known") == found(log, "failed") == []
    assert found(log, "new") == [2]


@pytest.mark.parametrize(
    ("asked", "positions"),
    [
        ("fire AND water", [2]),
        ("fire OR calm", [3]),
        ("fire NOT water", []),
        ("fire -water", [2]),
        ("+fire", [1, 2, 3]),
        ("^fire", [1, 2, 3]),
        ("title:fire", []),
        ("{title content}:fire", []),
        ("NEAR(fire water, 5)", []),
        ("'; DROP TABLE text; --", []),
        ("fire\x00", [1, 2, 3]),
    ],
)
def test_what_is_asked_has_no_other_meaning_in_any_store(
    log: Log, asked: str, positions: list[int]
) -> None:
    titles = ["fire", "fire and water", "calm or fire"]
    log.append([make_draft(title=title, content=None) for title in titles])

    assert found(log, asked) == positions


LETTERS = st.text(
    st.sampled_from(
        "aAbBzZ09 .,-_'\"*<&;ßẞäÄéÉıİiI\u0301\u0308ΣσςΐѐЁ東京カが\u3099ｶﾞกิหि한ﬁ²①"
        "\u00ad\u200b\u200d\ufe0f\U0001f525\U0001d400\U00020000\x00\n"
    ),
    max_size=10,
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@pytest.fixture(scope="module")
def both_logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Log]]:
    """A log of each store, in which the examples of a law are the same."""
    folder = tmp_path_factory.mktemp("both")
    logs = [open_store(folder, FakeClock()) for open_store in STORES.values()]
    yield logs
    for log in logs:
        log.close()


@given(titles=st.lists(LETTERS, min_size=1, max_size=3), content=LETTERS, asked=LETTERS)
def test_all_stores_find_the_same(
    both_logs: list[Log], titles: list[str], content: str, asked: str
) -> None:
    (head,) = {log.head() for log in both_logs}
    for log in both_logs:
        log.append([make_draft(title=title, content=content) for title in titles])
    words = [word for text in (asked, *titles) for word in words_of(text)[:3]]
    asks = [[Word((word,), is_beginning)] for word in words for is_beginning in (True, False)]
    asks += [[Word(tuple(words[:count]))] for count in (2, 3) if len(words) >= count]
    asks += [[Word((word[:1],), is_beginning=True), Word((words[0],))] for word in words]

    found = [
        [list(log.search(ask, after)) for ask in asks for after in (0, head)] for log in both_logs
    ]

    assert found[0] == found[1]
    first = [Word((word,)) for word in words_of(titles[0])]
    assert not first or all(head + 1 in log.search(first) for log in both_logs)
