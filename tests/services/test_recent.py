"""What is told of the newest versions: never that a feed is untouched which is not."""

from datetime import timedelta

import pytest
from hypothesis import event, given

from feedserver.model.activity import Activity, Draft, Tombstone, Version
from feedserver.model.expression import Or, Test
from feedserver.model.filter import EVERYTHING, Filter, make_filter
from feedserver.model.passing import facts_of, passes
from feedserver.model.search import Word
from feedserver.services.recent import KEPT, TESTS
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, NOON, FakeClock, activities, make_draft
from tests.filtering import facts
from tests.filtering import passes as plainly_passes
from tests.services.test_indexing import FILTERS as MANY_FILTERS
from tests.services.test_indexing import HISTORIES, caught_up, log_of
from tests.services.test_versions import FILTERS, STEPS, Model, Step, take

OF_A = make_filter([("queue", False, "A")])
NEVER = Word(("never",))


@given(HISTORIES, MANY_FILTERS.filter(lambda filter: not filter.words))
def test_one_activity_passes_as_it_would_among_all(drafts: list[Draft], filter: Filter) -> None:
    for activity in activities(log_of(drafts).read(0)):
        occurred = activity.draft.occurred or activity.dates.published

        is_passed = passes(filter, facts_of(activity))

        assert is_passed == plainly_passes(filter, facts(activity.draft), occurred)


@given(STEPS, STEPS, FILTERS)
def test_a_feed_is_touched_as_the_whole_log_tells(
    steps: list[Step], more: list[Step], filter: Filter
) -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    log.append([make_draft()])
    for step in steps:
        take(log, clock, step)
    index = caught_up(log)
    began = index.position
    for step in more:
        take(log, clock, step)
        index.catch_up()

    touching = Model(log, filter).touching
    for since in range(began, log.head() + 1):
        is_touched = index.touched(filter, since)

        newer = list(log.read(since))
        is_sure = not any(isinstance(version, Tombstone) for version in newer)
        is_told = is_sure and any(_is_new(log, filter, version) for version in newer)
        expected = any(at > since for at in touching)
        event(f"touched: {is_touched}")
        assert is_touched or not expected
        if is_sure and not is_told and not filter.words:
            assert is_touched == expected


def _is_new(log: MemoryLog, filter: Filter, version: Version) -> bool:
    """Whether the version may have brought a name of which the feed tells."""
    fields = {field for field, _ in (*filter.names, *filter.sought)}
    until = log.read(0, version.position)
    told = [facts_of(each).values for each in until if isinstance(each, Activity)]
    return any(
        value not in [known for earlier in told[:-1] for known in earlier.get(field, ())]
        for field in fields
        for value in told[-1].get(field, ())
    )


def test_what_came_elsewhere_touches_no_feed() -> None:
    log = log_of([make_draft(queues=("A",)), make_draft(queues=("B",))])
    index = caught_up(log)
    log.append([make_draft(queues=("B",))])
    index.catch_up()

    assert index.position == 3
    assert not index.touched(OF_A, 2)
    assert index.touched(EVERYTHING, 2)
    assert not index.touched(EVERYTHING, 3)


def test_an_edit_touches_the_feed_that_it_leaves() -> None:
    log = log_of([draft := make_draft(queues=("A",)), make_draft(queues=("B",))])
    index = caught_up(log)
    log.replace(1, make_draft(id=draft.id, queues=("B",)))
    index.catch_up()

    assert index.touched(OF_A, 2)


@pytest.mark.parametrize("kind", ["delete", "redact"])
def test_a_tombstone_touches_every_feed(kind: str) -> None:
    log = log_of([draft := make_draft(queues=("B",)), make_draft(queues=("A",))])
    index = caught_up(log)
    if kind == "delete":
        log.replace(1, None)
    else:
        log.redact([draft.id])
    index.catch_up()

    assert index.touched(OF_A, 2)


def test_words_are_touched_by_whatever_comes() -> None:
    log = log_of([make_draft()])
    index = caught_up(log)
    log.append([make_draft()])
    index.catch_up()

    assert index.touched(Filter(words=(NEVER,)), 1)
    assert not index.touched(Filter(words=(NEVER,)), 2)


@pytest.mark.parametrize(
    ("expression", "queue", "is_touched"),
    [
        (Test("queue", "C"), "C", True),
        (Test("queue", "C"), "D", True),  # it tells which names are nearest
        (Test("queue", "B"), "C", False),
        (Test("queue", "c", is_part=True), "C", True),
        (Test("queue", "c", is_part=True), "D", False),
    ],
)
def test_a_name_that_is_new_touches_a_feed_that_tells_of_it(
    expression: Test, queue: str, is_touched: bool
) -> None:
    log = log_of([make_draft(queues=("B",)), make_draft(verb="close")])
    index = caught_up(log)
    log.append([make_draft(queues=(queue,))])
    index.catch_up()

    feed = make_filter([("verb", False, "close")], expression=expression)
    assert index.touched(feed, 2) == is_touched


def test_who_saw_none_of_the_newest_is_told_to_look() -> None:
    log = log_of([make_draft(queues=("A",)), make_draft(queues=("B",))])
    index = caught_up(log)
    log.append([make_draft(queues=("B",)) for _ in range(KEPT)])
    index.catch_up()
    assert not index.touched(OF_A, 2)

    log.append([make_draft(queues=("B",))])
    index.catch_up()

    assert index.touched(OF_A, 2)
    assert not index.touched(OF_A, 3)


@pytest.mark.parametrize("kind", ["names", "expression"])
def test_who_asks_for_many_names_is_told_to_look_where_much_came(kind: str) -> None:
    names = [f"N{number}" for number in range(200)]
    many = (
        make_filter([("queue", False, name) for name in names])
        if kind == "names"
        else make_filter([], expression=Or(tuple(map(Test, 100 * ("queue", "tag"), names))))
    )
    log = log_of([make_draft(queues=("A",)), make_draft(queues=("B",))])
    index = caught_up(log)
    log.append([make_draft(queues=("B",)) for _ in range(KEPT)])
    index.catch_up()
    head, looked_at = index.position, TESTS // (len(names) + 1)

    assert not index.touched(many, head - looked_at)
    assert index.touched(many, head - looked_at - 1)
    assert index.touched(many, 2)


def test_who_asks_for_few_names_is_told_exactly_of_all_that_is_kept() -> None:
    few = make_filter([("queue", False, "A"), ("queue", False, "C"), ("verb", True, "reopen")])
    log = log_of([make_draft(queues=("A", "C")), make_draft(queues=("B",), verb="reopen")])
    index = caught_up(log)
    log.append([make_draft(queues=("A",)), *(make_draft(queues=("B",)) for _ in range(KEPT - 1))])
    index.catch_up()

    assert index.touched(few, 2)
    assert not index.touched(few, 3)


def test_after_a_backup_was_put_back_everyone_is_told_to_look() -> None:
    log = log_of([make_draft(queues=("B",)) for _ in range(3)])
    index = caught_up(log)
    removals = index.removals
    log._versions[:] = list(log_of([make_draft(queues=("B",)) for _ in range(5)]).read(0))
    index.catch_up()

    assert all(index.touched(OF_A, since) for since in range(5))
    assert index.removals != removals


def test_what_lies_ahead_of_the_index_is_looked_at() -> None:
    assert caught_up(log_of([make_draft()])).touched(OF_A, 2)


def test_time_is_tested_to_the_microsecond() -> None:
    (activity,) = activities(log_of([make_draft(occurred=NOON)]).read(0))
    tick = timedelta(microseconds=1)

    told = [
        passes(make_filter([], since, until), facts_of(activity))
        for since, until in [(NOON, None), (NOON + tick, None), (None, NOON), (None, NOON + tick)]
    ]

    assert told == [True, False, False, True]
