"""Polling: what a source brings is recorded with its bookmark, and how it does is known."""

import logging
from collections.abc import Sequence

import pytest

from feedserver.errors import SourceError, StoreError
from feedserver.model.activity import Draft, Object
from feedserver.ports import Bookmark, Known, Poll, Problem
from feedserver.services.intake import Intake
from feedserver.services.polling import Polling
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, NOON, FakeClock, activities, make_draft


class FakeSource:
    """A source that answers each poll with the next of what it was given."""

    name = "crm"

    def __init__(self, *answers: Poll | Exception, needs_empty_log: bool = False) -> None:
        self.needs_empty_log = needs_empty_log
        self.answers = list(answers)
        self.asked_from: list[str | None] = []
        self.known: Known | None = None

    def poll(self, place: str | None, known: Known) -> Poll:
        self.asked_from.append(place)
        self.known = known
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def is_importing(self, place: str | None) -> bool:
        raise NotImplementedError

    def object_at(self, type: str, number: str | None, key: str | None) -> Object | None:
        return None

    def entry(self, object_type: str, database_id: int, activity_objid: int) -> Poll:
        raise NotImplementedError

    def sample(self, count: int) -> Poll:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class CountedLog(MemoryLog):
    """A log that counts what is written, and fails to be written while `fault` is set."""

    writes = 0
    fault: Exception | None = None

    def append(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        if self.fault is not None:
            raise self.fault
        self.writes += 1
        return super().append(drafts, bookmark)


def answer(
    *drafts: Draft,
    place: str = "1",
    more: bool = False,
    odd: Sequence[str] = (),
    failed: Sequence[str] = (),
) -> Poll:
    return Poll(
        drafts,
        tuple(Problem(key, "is odd") for key in odd),
        tuple(Problem(key, "has no actor") for key in failed),
        place,
        more,
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def log(clock: FakeClock) -> CountedLog:
    return CountedLog(AUTHORITY, clock)


def polling(source: FakeSource, log: CountedLog, clock: FakeClock) -> Polling:
    return Polling(source, log, Intake(log), clock)


def drafts_in(log: MemoryLog) -> list[Draft]:
    return [activity.draft for activity in activities(log.read(0))]


def test_what_a_source_brings_is_recorded_in_its_order(log: CountedLog, clock: FakeClock) -> None:
    first, second, third = make_draft(), make_draft(), make_draft()
    source = FakeSource(answer(first, second), answer(third, place="2"))
    asking = polling(source, log, clock)

    asking.step()
    asking.step()

    assert drafts_in(log) == [first, second, third]
    assert asking.state.recorded == 3


def test_what_a_source_brings_is_cleaned(log: CountedLog, clock: FakeClock) -> None:
    polling(FakeSource(answer(make_draft(title="a\nb"))), log, clock).step()

    assert [draft.title for draft in drafts_in(log)] == ["a b"]


def test_a_source_is_asked_from_where_it_was_left(log: CountedLog, clock: FakeClock) -> None:
    source = FakeSource(answer(place="1"), answer(place="2"), answer(place="2"))
    for _ in range(3):
        polling(source, log, clock).step()

    assert source.asked_from == [None, "1", "2"]
    assert log.bookmark("source crm") == "2"


def test_a_source_can_tell_what_is_known(log: CountedLog, clock: FakeClock) -> None:
    recorded = make_draft()
    source = FakeSource(answer(recorded))
    polling(source, log, clock).step()

    assert source.known is not None
    assert set(source.known([recorded.id, "tag:other"])) == {recorded.id}


def test_whether_there_is_more_is_told(log: CountedLog, clock: FakeClock) -> None:
    asking = polling(FakeSource(answer(more=True), answer(more=False)), log, clock)

    assert asking.state.is_behind
    assert asking.step() is True
    assert asking.state.is_behind
    assert asking.step() is False
    assert not asking.state.is_behind


def test_nothing_new_writes_nothing(log: CountedLog, clock: FakeClock) -> None:
    asking = polling(FakeSource(answer(place="1"), answer(place="1")), log, clock)
    asking.step()

    asking.step()

    assert log.writes == 1


def test_what_was_known_is_not_counted_as_recorded(log: CountedLog, clock: FakeClock) -> None:
    draft = make_draft()
    asking = polling(FakeSource(answer(draft), answer(draft, make_draft())), log, clock)

    asking.step()
    asking.step()

    assert asking.state.recorded == 2
    assert log.head() == 2


def test_when_a_source_was_asked_and_answered_is_told(log: CountedLog, clock: FakeClock) -> None:
    asking = polling(FakeSource(answer(), SourceError("gone")), log, clock)
    asking.step()
    answered = clock()
    clock.advance(5)

    with pytest.raises(SourceError):
        asking.step()

    assert (asking.state.answered, asking.state.asked) == (answered, clock())


def test_what_comes_while_a_source_answers_may_be_behind(log: CountedLog, clock: FakeClock) -> None:
    class SlowSource(FakeSource):
        def poll(self, place: str | None, known: Known) -> Poll:
            clock.advance(7)
            return super().poll(place, known)

    asking = polling(SlowSource(answer()), log, clock)
    assert asking.state.lag(clock()) is None

    asking.step()

    assert asking.state.lag(clock()) == 7


def test_the_lag_is_told_while_a_source_is_asked_for_the_first_time(
    log: CountedLog, clock: FakeClock
) -> None:
    lags = []

    class SlowSource(FakeSource):
        def poll(self, place: str | None, known: Known) -> Poll:
            clock.advance(7)
            lags.append(asking.state.lag(clock()))
            return super().poll(place, known)

    asking = polling(SlowSource(answer()), log, clock)

    asking.step()

    assert lags == [7]


def test_what_the_store_refuses_is_not_recorded_and_lags(log: CountedLog, clock: FakeClock) -> None:
    asking = polling(FakeSource(answer(), answer(make_draft())), log, clock)
    asking.step()
    clock.advance(60)

    log.fault = StoreError("the store cannot be written: disk full")
    with pytest.raises(StoreError):
        asking.step()

    assert asking.state.lag(clock()) == 60


@pytest.mark.parametrize("error", [SourceError("source crm: no route"), RuntimeError("no route")])
def test_a_source_that_fails_is_raised_and_told_since_when(
    log: CountedLog, clock: FakeClock, error: Exception
) -> None:
    asking = polling(FakeSource(error, SourceError("no route either")), log, clock)

    with pytest.raises(type(error), match="no route"):
        asking.step()
    clock.advance(60)
    with pytest.raises(SourceError):
        asking.step()

    assert asking.state.failing == "no route either"
    assert asking.state.failing_since == NOON


def test_a_source_that_answers_again_is_not_failing(log: CountedLog, clock: FakeClock) -> None:
    draft = make_draft()
    asking = polling(FakeSource(SourceError("no route"), answer(draft)), log, clock)
    with pytest.raises(SourceError):
        asking.step()

    asking.step()

    assert asking.state.failing is None
    assert asking.state.failing_since is None
    assert drafts_in(log) == [draft]


def test_a_failure_is_logged_once_and_its_end_too(
    log: CountedLog, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    faults = [SourceError("no route"), SourceError("no route"), SourceError("no login")]
    asking = polling(FakeSource(*faults, answer()), log, clock)

    for _ in faults:
        with pytest.raises(SourceError):
            asking.step()
    asking.step()

    assert caplog.messages == ["no route", "no login", "source crm answers again"]


def test_a_store_that_fails_moves_nothing_on(log: CountedLog, clock: FakeClock) -> None:
    draft = make_draft()
    source = FakeSource(answer(draft, odd=["7"]), answer(draft, odd=["7"]))
    asking = polling(source, log, clock)

    log.fault = StoreError("the store cannot be written: disk full")
    with pytest.raises(StoreError):
        asking.step()
    log.fault = None
    told = asking.state
    asking.step()

    assert (told.failing, told.recorded, told.odd) == (
        "the store cannot be written: disk full",
        0,
        0,
    )
    assert source.asked_from == [None, None]
    assert drafts_in(log) == [draft]
    assert (asking.state.recorded, asking.state.odd) == (1, 1)


def test_an_old_log_is_refused_where_others_are_recorded_already(
    log: CountedLog, clock: FakeClock
) -> None:
    log.append([make_draft()])
    source = FakeSource(answer(make_draft()), needs_empty_log=True)
    asking = polling(source, log, clock)

    with pytest.raises(SourceError) as refused:
        asking.step()

    assert str(refused.value) == (
        'source crm: start = "all" would put old entries in front of every reader, for the log '
        'is not empty. Set start = "now", or the day from which it goes on'
    )
    assert asking.state.failing == str(refused.value)
    assert source.asked_from == []
    assert log.head() == 1


def test_an_old_log_is_recorded_into_an_empty_one_and_goes_on(
    log: CountedLog, clock: FakeClock
) -> None:
    source = FakeSource(
        answer(make_draft(), place="1", more=True),
        answer(make_draft(), place="2"),
        needs_empty_log=True,
    )
    asking = polling(source, log, clock)

    asking.step()
    asking.step()

    assert log.head() == 2


def test_a_source_that_begins_now_may_join_others(log: CountedLog, clock: FakeClock) -> None:
    log.append([make_draft()])

    polling(FakeSource(answer(make_draft())), log, clock).step()

    assert log.head() == 2


def test_what_is_odd_and_what_failed_is_counted_and_logged(
    log: CountedLog, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    asking = polling(
        FakeSource(
            answer(make_draft(), odd=["act_entry 7", "act_entry 8"], failed=["act_entry 9"]),
            answer(odd=["act_entry 10"]),
        ),
        log,
        clock,
    )

    asking.step()
    asking.step()

    assert (asking.state.recorded, asking.state.odd, asking.state.failed) == (1, 3, 1)
    assert asking.state.failing is None
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "source crm, act_entry 7: is odd"),
        (logging.WARNING, "source crm, act_entry 8: is odd"),
        (logging.ERROR, "source crm, act_entry 9 could not be recorded: has no actor"),
        (logging.WARNING, "source crm, act_entry 10: is odd"),
    ]


def test_two_sources_keep_bookmarks_of_their_own(log: CountedLog, clock: FakeClock) -> None:
    crm, mail = FakeSource(answer(place="1")), FakeSource(answer(place="9"))
    mail.name = "mail"

    polling(crm, log, clock).step()
    polling(mail, log, clock).step()

    assert (log.bookmark("source crm"), log.bookmark("source mail")) == ("1", "9")
