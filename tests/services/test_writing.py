"""Writing: what comes by a push is recorded, once, and not into the middle of a history."""

import threading
from collections.abc import Callable, Sequence

import pytest

from feedserver.errors import FeedserverError, InvalidRequest, NotFound, NotYet, SourceError
from feedserver.model.activity import Draft, Object
from feedserver.ports import Bookmark, Known, Poll, Problem, Source
from feedserver.services.intake import Intake, Outcome, Verdict
from feedserver.services.polling import Polling
from feedserver.services.writing import Writing
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, activities, make_draft
from tests.fakes import FailingSource

HERE = ("Case", 5, 7)
DONE = "done"  # a place at which nothing is left of the history


class FakeSource:
    """A source with one entry; its history is read at the place DONE, or there is none."""

    needs_empty_log = False

    def __init__(self, draft: Draft, name: str = "crm", has_history: bool = False) -> None:
        self.name = name
        self.draft = draft
        self.odd: tuple[Problem, ...] = ()
        self.failed: tuple[Problem, ...] = ()
        self.refusal: FeedserverError | None = None
        self.asked: list[tuple[str, int, int]] = []
        self.places: list[str | None] = []
        self._has_history = has_history

    def poll(self, place: str | None, known: Known) -> Poll:
        return Poll((self.draft,), self.odd, (), DONE, more=False)

    def is_importing(self, place: str | None) -> bool:
        self.places.append(place)
        return self._has_history and place != DONE

    def object_at(self, type: str, number: str | None, key: str | None) -> Object | None:
        return None

    def entry(self, object_type: str, database_id: int, activity_objid: int) -> Poll:
        self.asked.append((object_type, database_id, activity_objid))
        if self.refusal is not None:
            raise self.refusal
        drafts = () if self.failed else (self.draft,)
        return Poll(drafts, self.odd, self.failed, "", more=False)

    def sample(self, count: int) -> Poll:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def log(clock: FakeClock) -> MemoryLog:
    return MemoryLog(AUTHORITY, clock)


@pytest.fixture
def source() -> FakeSource:
    return FakeSource(make_draft(id=f"tag:{AUTHORITY}:crm/act_entry/7"))


def writing(log: MemoryLog, *sources: Source) -> Writing:
    return Writing(log, Intake(log), sources)


def drafts_in(log: MemoryLog) -> list[Draft]:
    return [activity.draft for activity in activities(log.read(0))]


class TestPublishing:
    def test_an_entry_is_recorded_and_then_it_is_known(
        self, log: MemoryLog, source: FakeSource
    ) -> None:
        published = writing(log, source)

        verdicts = [published.publish("crm", *HERE) for _ in range(2)]

        id = source.draft.id
        assert verdicts == [Verdict(id, Outcome.RECORDED), Verdict(id, Outcome.KNOWN)]
        assert source.asked == [HERE, HERE]
        assert drafts_in(log) == [source.draft]

    def test_it_is_cleaned_as_what_is_polled_is(self, log: MemoryLog) -> None:
        source = FakeSource(make_draft(title="a\nb\x00"))

        writing(log, source).publish("crm", *HERE)

        assert [draft.title for draft in drafts_in(log)] == ["a b\ufffd"]

    @pytest.mark.parametrize("is_polled_first", [True, False])
    def test_of_the_tail_and_the_rule_the_first_wins_and_the_other_changes_nothing(
        self, is_polled_first: bool, log: MemoryLog, source: FakeSource, clock: FakeClock
    ) -> None:
        steps: list[Callable[[], object]] = [
            lambda: Polling(source, log, Intake(log), clock).step(),
            lambda: writing(log, source).publish("crm", *HERE),
        ]
        first = source.draft
        for index, step in enumerate(steps if is_polled_first else reversed(steps)):
            step()
            if index == 0:  # what the CRM says of it later is not what was recorded
                source.draft = make_draft(id=first.id, title="Changed meanwhile")

        assert drafts_in(log) == [first]

    def test_what_is_odd_is_logged_once_when_it_is_recorded(
        self, log: MemoryLog, source: FakeSource, caplog: pytest.LogCaptureFixture
    ) -> None:
        source.odd = (Problem("act_entry 7", "it has no user"),)
        published = writing(log, source)

        for _ in range(2):
            published.publish("crm", *HERE)

        assert caplog.messages == ["source crm, act_entry 7: it has no user"]

    def test_what_cannot_become_a_draft_is_refused_and_said(
        self, log: MemoryLog, source: FakeSource
    ) -> None:
        source.failed = (Problem("act_entry 7", "ZeroDivisionError()"),)

        with pytest.raises(SourceError) as refused:
            writing(log, source).publish("crm", *HERE)

        assert str(refused.value) == (
            "source crm: act_entry 7 could not be recorded: ZeroDivisionError()"
        )
        assert log.head() == 0

    @pytest.mark.parametrize(
        "refusal", [NotFound("no"), InvalidRequest(["no"]), SourceError("no")], ids=repr
    )
    def test_what_the_source_refuses_is_refused(
        self, refusal: FeedserverError, log: MemoryLog, source: FakeSource
    ) -> None:
        source.refusal = refusal

        with pytest.raises(type(refusal), match="no"):
            writing(log, source).publish("crm", *HERE)

        assert log.head() == 0

    @pytest.mark.parametrize(
        ("names", "known"), [((), "none is set up"), (("crm", "old-crm"), "crm, old-crm")]
    )
    def test_a_source_that_is_none_is_not_found_and_the_known_are_named(
        self, names: Sequence[str], known: str, log: MemoryLog
    ) -> None:
        with pytest.raises(NotFound) as missing:
            writing(log, *map(FailingSource, names)).publish("cmr", *HERE)

        assert str(missing.value) == f"No source is called cmr; known: {known}."

    def test_each_source_is_asked_by_its_name(self, log: MemoryLog, source: FakeSource) -> None:
        other = FakeSource(make_draft(), name="old-crm")

        writing(log, other, source).publish("crm", *HERE)

        assert (other.asked, source.asked) == ([], [HERE])


class TestWhileAHistoryIsRead:
    def test_nothing_is_published_nor_looked_up(self, log: MemoryLog) -> None:
        source = FakeSource(make_draft(), has_history=True)

        with pytest.raises(NotYet, match="The history of source crm is still being read"):
            writing(log, source).publish("crm", *HERE)

        assert source.asked == []
        assert log.head() == 0

    def test_another_source_that_reads_its_history_is_waited_for_too(
        self, log: MemoryLog, source: FakeSource
    ) -> None:
        old = FakeSource(make_draft(), name="old-crm", has_history=True)

        with pytest.raises(NotYet, match="source old-crm"):
            writing(log, source, old).publish("crm", *HERE)

    def test_nothing_is_taken(self, log: MemoryLog) -> None:
        source = FakeSource(make_draft(), has_history=True)

        with pytest.raises(NotYet):
            writing(log, source).take([make_draft(id="urn:example:1")], "script")

        assert log.head() == 0

    def test_it_is_possible_as_soon_as_the_bookmark_says_so(self, log: MemoryLog) -> None:
        source = FakeSource(make_draft(), has_history=True)
        published = writing(log, source)
        log.append((), Bookmark("source crm", "half"))
        with pytest.raises(NotYet):
            published.publish("crm", *HERE)

        log.append((), Bookmark("source crm", DONE, "half"))

        assert published.publish("crm", *HERE).outcome is Outcome.RECORDED
        assert source.places[-1] == DONE

    def test_what_was_read_once_is_not_asked_for_again(self, log: MemoryLog) -> None:
        source = FakeSource(make_draft())
        published = writing(log, source)

        for _ in range(3):
            published.publish("crm", *HERE)

        assert len(source.places) == 1

    def test_of_many_requests_at_once_none_gets_past_a_source_that_reads_it(
        self, log: MemoryLog, source: FakeSource
    ) -> None:
        barrier = threading.Barrier(8, timeout=10)

        class Slow(FakeSource):
            def is_importing(self, place: str | None) -> bool:
                barrier.wait()
                return super().is_importing(place)

        old = FakeSource(make_draft(), name="old-crm", has_history=True)
        published = writing(log, Slow(source.draft), old)
        refused: list[Exception] = []

        def publish() -> None:
            try:
                published.publish("crm", *HERE)
            except Exception as error:  # noqa: BLE001 - told below
                refused.append(error)

        threads = [threading.Thread(target=publish) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert [type(error) for error in refused] == [NotYet] * 8
        assert log.head() == 0
