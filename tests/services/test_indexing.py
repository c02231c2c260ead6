"""The facet index: the same answers as looking at every activity, however it came to them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import StoreError
from feedserver.model.activity import Activity, Draft, Object, Product, Version
from feedserver.model.cursor import Cursor, check_of
from feedserver.model.expression import Expression, Since, Test
from feedserver.model.filter import EVERYTHING, FIELDS, Filter, fold, make_filter
from feedserver.model.vocabulary import AS1_BASE, AS2_BASE, word_of
from feedserver.services.indexing import BATCH, FacetIndex, Name, Tally
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, NOON, FakeClock, activities, make_draft
from tests.filtering import expressions, facts, filters, passes

MIDNIGHT = NOON.replace(hour=0)
FEW = ("a", "b", "C", "c")


def sets(values: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


MOMENTS = st.builds(
    lambda days, microseconds: MIDNIGHT + timedelta(days=days, microseconds=microseconds),
    st.integers(-2, 2),
    st.sampled_from([-1, 0, 1, 3_600_000_000]),
)
OBJECTS = st.builds(
    lambda kind, id, number: Object(kind, id, number=number),
    st.sampled_from(FEW),
    st.none() | st.sampled_from(FEW),
    st.none() | st.sampled_from(FEW),
)
DRAFTS = st.builds(
    lambda members: make_draft(**members),
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(FEW),
            "title": st.sampled_from(["Fire", "Printer", "Printer on fire"]),
            "content": st.none() | st.just("<p>One <b>fire</b>!</p>"),
            "actor": st.builds(
                lambda object, login: Object("person", object.id, login=login),
                OBJECTS,
                st.none() | st.sampled_from(FEW),
            ),
            "verb": st.sampled_from(FEW),
            "object": OBJECTS,
            "occurred": st.none() | MOMENTS,
            "queues": sets(FEW),
            "products": st.lists(
                st.builds(Product, st.sampled_from(FEW), st.sampled_from(["1", "2"])), max_size=2
            ).map(tuple),
            "tags": sets(("x", "X", "y", "ß")),
            "customer": st.none()
            | st.builds(Object, st.just("organization"), name=st.sampled_from(FEW)),
        }
    ),
)
HISTORIES = st.lists(DRAFTS, max_size=25)
VALUES = st.sampled_from([*FEW, "X", "y", "SS", "none"])
TESTS: st.SearchStrategy[Expression] = (
    st.builds(lambda field, value: Test(field, fold(field, value)), st.sampled_from(FIELDS), VALUES)
    | st.builds(
        lambda field, value: Test(field, value.casefold(), is_part=True),
        st.sampled_from(FIELDS),
        VALUES,
    )
    | st.builds(Since, MOMENTS)
)
FILTERS = filters(
    st.lists(st.tuples(st.sampled_from(FIELDS), st.booleans(), VALUES), max_size=3),
    st.none() | MOMENTS,
    st.none() | expressions(TESTS, 5),
    st.sampled_from(["fire", "printer", "one"]),
)
LIMITS = st.integers(0, 8)


def log_of(drafts: Sequence[Draft]) -> MemoryLog:
    log = MemoryLog(AUTHORITY, FakeClock())
    log.append(drafts)
    return log


def caught_up(log: MemoryLog) -> FacetIndex:
    index = FacetIndex(log)
    index.catch_up()
    return index


def passing(log: MemoryLog, filter: Filter) -> list[Activity]:
    return [
        activity
        for activity in activities(log.read(0))
        if passes(
            filter, facts(activity.draft), activity.draft.occurred or activity.dates.published
        )
    ]


@given(HISTORIES, FILTERS, LIMITS, st.none() | st.integers(0, 30))
def test_the_newest_are_those_that_pass_newest_first(
    drafts: list[Draft], filter: Filter, limit: int, before: int | None
) -> None:
    log = log_of(drafts)

    selection = caught_up(log).newest(filter, limit, before)

    all_passing = [activity.position for activity in passing(log, filter)]
    older = [position for position in all_passing if before is None or position < before]
    expected = older[::-1][:limit]
    assert list(selection.positions) == expected
    assert selection.total == len(all_passing)
    assert selection.left == len(older) - len(expected)


@given(HISTORIES, FILTERS, LIMITS, st.integers(0, 30))
def test_the_following_are_those_that_pass_oldest_first(
    drafts: list[Draft], filter: Filter, limit: int, after: int
) -> None:
    log = log_of(drafts)

    selection = caught_up(log).following(filter, limit, after)

    all_passing = [activity.position for activity in passing(log, filter)]
    newer = [position for position in all_passing if position > after]
    expected = newer[:limit]
    assert list(selection.positions) == expected
    assert selection.total == len(all_passing)
    assert selection.left == len(newer) - len(expected)


@given(HISTORIES, FILTERS, st.integers(1, 8))
def test_runs_forward_meet_everything_that_passes_once(
    drafts: list[Draft], filter: Filter, limit: int
) -> None:
    log = log_of(drafts)
    index = caught_up(log)
    met: list[int] = []
    after = 0

    for _ in range(len(drafts) + 1):
        selection = index.following(filter, limit, after)
        met += selection.positions
        after = selection.scanned

    assert met == [activity.position for activity in passing(log, filter)]
    assert after == log.head()


@given(HISTORIES, FILTERS)
def test_the_stamp_is_of_the_newest_that_passes(drafts: list[Draft], filter: Filter) -> None:
    log = log_of(drafts)

    stamp = caught_up(log).newest(filter, 0).stamp

    matching = passing(log, filter)
    newest = matching[-1] if matching else None
    assert stamp.position == (newest.position if newest else 0)
    assert stamp.updated == (newest.dates.updated if newest else None)
    assert stamp.check == (int.from_bytes(check_of(newest), "big") if newest else 0)


@given(HISTORIES, st.lists(st.integers(0, 5), max_size=8), FILTERS)
def test_an_index_kept_up_to_date_is_one_made_anew(
    drafts: list[Draft], steps: list[int], filter: Filter
) -> None:
    log = log_of([])
    kept = FacetIndex(log)
    rest = iter(drafts)
    for step in steps:
        log.append(list(islice(rest, step)))
        kept.catch_up()
    log.append(list(rest))
    kept.catch_up()

    anew = caught_up(log)

    assert kept.newest(filter, 99) == anew.newest(filter, 99)
    assert kept.following(filter, 99, 3) == anew.following(filter, 99, 3)
    assert [kept.names(field) for field in FIELDS] == [anew.names(field) for field in FIELDS]
    assert [kept.cursor(at) for at in range(log.head() + 1)] == [
        anew.cursor(at) for at in range(log.head() + 1)
    ]


@given(HISTORIES)
def test_names_tell_how_often_they_came_and_when_last(drafts: list[Draft]) -> None:
    log = log_of(drafts)
    index = caught_up(log)

    for field in FIELDS:
        dates: dict[str, list[datetime]] = {}
        for activity in activities(log.read(0)):
            for value in facts(activity.draft)[field] - {None, ""}:
                dates.setdefault(str(value), []).append(activity.dates.updated)
        told = {
            (name.value.casefold() if field == "tag" else name.value): (name.count, name.newest)
            for name in index.names(field)
        }
        assert told == {value: (len(found), found[-1]) for value, found in dates.items()}
        assert len(index.values(field)) == len(told)


def test_names_come_with_the_most_frequent_first() -> None:
    log = log_of([make_draft(queues=queues) for queues in [("B",), ("A", "C"), ("C",)]])

    names = caught_up(log).names("queue")

    assert [(name.value, name.count) for name in names] == [("C", 2), ("A", 1), ("B", 1)]


def test_a_name_is_labelled_with_what_people_call_it() -> None:
    actor = Object("person", "person-1", "Ann Example", login="ann")
    index = caught_up(log := log_of([make_draft(actor=actor)]))

    (activity,) = log.read(0)
    assert Name("ann", "Ann Example", 1, activity.dates.updated) in index.names("actor")
    assert index.label("actor", "ann") == "Ann Example"
    assert index.label("actor", "nobody") == "nobody"


def test_a_tag_is_found_in_any_case_and_told_as_it_came_first() -> None:
    index = caught_up(log_of([make_draft(tags=("Vip",)), make_draft(tags=("VIP",))]))

    assert index.find_name("tag", "vIP") == "Vip"
    assert [(name.value, name.count) for name in index.names("tag")] == [("Vip", 2)]


def test_other_names_are_found_as_they_are_spelt() -> None:
    index = caught_up(log_of([make_draft(queues=("Support",))]))

    assert index.find_name("queue", "Support") == "Support"
    assert index.find_name("queue", "support") is None


def test_an_index_that_caught_up_knows_all_that_was_committed() -> None:
    log = log_of([])
    index = caught_up(log)

    for position in (1, 2, 3):
        log.append([make_draft(queues=(f"queue {position}",))])
        assert index.catch_up() == position
        assert index.newest(EVERYTHING, 9).total == position
        assert index.find_name("queue", f"queue {position}") is not None


class FaultyLog(MemoryLog):
    """A log that can be read only in part, where `readable` says how much."""

    readable: int | None = None

    def read(self, after: int, limit: int | None = None) -> Iterator[Version]:
        for count, activity in enumerate(super().read(after, limit)):
            if count == self.readable:
                raise StoreError("the store cannot be read: disk I/O error")
            yield activity


def test_a_log_that_fails_while_it_is_read_leaves_the_index_right() -> None:
    log = FaultyLog(AUTHORITY, FakeClock())
    index = caught_up(log)
    log.append([make_draft(queues=("A",)), make_draft(queues=("B",))])
    index.catch_up()
    before = index.newest(EVERYTHING, 9)
    log.append([make_draft(queues=("A",)) for _ in range(4)])

    log.readable = 2
    with pytest.raises(StoreError, match="disk I/O error"):
        index.catch_up()
    assert index.newest(EVERYTHING, 9) == before
    log.readable = None
    index.catch_up()

    of_a = make_filter([("queue", False, "A")])
    assert before.positions == (2, 1)
    assert index.newest(EVERYTHING, 9).positions == (6, 5, 4, 3, 2, 1)
    assert index.newest(of_a, 9).positions == (6, 5, 4, 3, 1)
    assert [name.count for name in index.names("queue")] == [5, 1]


def test_more_than_a_batch_is_read_in_whole() -> None:
    draft = make_draft()
    log = log_of([make_draft(actor=draft.actor) for _ in range(BATCH + 3)])

    index = FacetIndex(log)

    assert index.catch_up() == BATCH + 3
    assert index.newest(EVERYTHING, 1).total == BATCH + 3


@given(st.integers(0, 12))
def test_a_cursor_leads_back_to_its_place(head: int) -> None:
    log = log_of([make_draft() for _ in range(head)])
    index = caught_up(log)
    index.catch_up()

    for position in range(head + 1):
        assert index.place(index.cursor(position)) == position
        assert caught_up(log).place(index.cursor(position)) == position


def test_a_cursor_from_ahead_of_this_index_is_found_once_it_caught_up() -> None:
    log = log_of([make_draft()])
    behind, ahead = caught_up(log), caught_up(log)
    log.append([make_draft()])
    ahead.catch_up()

    behind.catch_up()

    assert behind.place(ahead.cursor(2)) == 2


@pytest.mark.parametrize("position", [3, 2**31, 2**32, 2**32 + 1, 2**63, 2**64 - 1])
def test_a_cursor_beyond_the_head_has_no_place(position: int) -> None:
    log = log_of([make_draft(), make_draft()])

    assert caught_up(log).place(Cursor(log.epoch, position, b"\0\0\0\0")) is None


@pytest.mark.parametrize("position", [0, 1])
def test_a_cursor_of_another_log_or_version_has_no_place(position: int) -> None:
    log = log_of([make_draft()])
    index = caught_up(log)
    index.catch_up()
    here = index.cursor(position)

    assert index.place(Cursor("another0", here.position, here.check)) is None
    assert index.place(Cursor(here.epoch, here.position, b"\1\2\3\4")) is None
    assert index.place(here) == position


VERBS = st.sampled_from(
    [
        *("like", "close", "zap", "tentative-accept"),
        *("http://one.example/like", "http://two.example#like", "urn:one:zap", "fs:close"),
        *(AS1_BASE + "like", AS2_BASE + "Like", AS2_BASE + "TentativeAccept"),
    ]
)


@given(st.lists(st.tuples(st.sampled_from(FEW), VERBS), max_size=25))
def test_each_activity_is_tallied_once_under_its_own_verb(pairs: list[tuple[str, str]]) -> None:
    asked = ("like", "close", "tentative-accept", "unheard-of")
    index = caught_up(log_of([make_draft(source=source, verb=verb) for source, verb in pairs]))

    tallies = index.tallies(asked)

    words = [(source, word_of(verb)) for source, verb in pairs]
    counts = Counter((source, word if word in asked else None) for source, word in words)
    assert len(tallies) == len(counts)
    assert {(tally.source, tally.verb): tally.count for tally in tallies} == counts


def test_sources_are_tallied_in_the_order_of_the_log() -> None:
    log = log_of([make_draft(source=source) for source in ("z", "a", "m", "a")])
    index = caught_up(log)
    log.append([make_draft(source="b"), make_draft(source="m")])
    index.catch_up()

    tallies = index.tallies(["log"])

    assert tallies == (
        Tally("z", "log", 1),
        Tally("a", "log", 2),
        Tally("m", "log", 2),
        Tally("b", "log", 1),
    )


def test_nothing_is_older_than_the_beginning() -> None:
    index = caught_up(log_of([make_draft()]))

    assert index.newest(EVERYTHING, 9, before=0).positions == ()
    assert index.newest(EVERYTHING, 9, before=1).positions == ()
