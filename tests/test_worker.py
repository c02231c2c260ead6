"""The worker: every source goes at its own pace, and all stop when they are told to."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedserver.errors import SourceError
from feedserver.model.activity import Object
from feedserver.ports import Known, Poll
from feedserver.services.intake import Intake
from feedserver.services.polling import Polling
from feedserver.stores.memory import MemoryLog
from feedserver.worker import Worker
from tests.builders import AUTHORITY, FakeClock, activities, make_draft

ROOT = Path(__file__).parent.parent
PATIENCE = 10.0  # seconds until a test gives up; what works takes milliseconds
NEVER = 3600.0  # seconds between polls, for a source that is asked once


class LiveSource:
    """A source whose every poll is what it was told to do, counted."""

    needs_empty_log = False

    def __init__(self, name: str, act: Callable[[int], bool] = lambda count: False) -> None:
        self.name = name
        self.count = 0
        self._act = act

    def poll(self, place: str | None, known: Known) -> Poll:
        self.count += 1
        more = self._act(self.count)
        return Poll((make_draft(source=self.name),), (), (), str(self.count), more)

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


def failing(count: int) -> bool:
    raise SourceError("no route")


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog(AUTHORITY, FakeClock())


@contextmanager
def working(log: MemoryLog, sources: Mapping[LiveSource, float]) -> Iterator[Worker]:
    intake, clock = Intake(log), FakeClock()
    worker = Worker(
        {Polling(source, log, intake, clock): every for source, every in sources.items()}
    )
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def eventually(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.002)
    return claim()


def test_each_source_is_polled_again_and_again(log: MemoryLog) -> None:
    crm, mail = LiveSource("crm"), LiveSource("mail")

    with working(log, {crm: 0.001, mail: 0.001}):
        assert eventually(lambda: crm.count > 3 and mail.count > 3)

    assert {activity.draft.source for activity in activities(log.read(0))} == {"crm", "mail"}


@pytest.mark.parametrize("error", [SourceError("no route"), RuntimeError("a bug")])
def test_a_source_that_fails_holds_up_no_other_and_is_tried_again(
    log: MemoryLog, error: Exception
) -> None:
    def fail(count: int) -> bool:
        raise error

    broken, good = LiveSource("broken", fail), LiveSource("good")

    with working(log, {broken: 0.001, good: 0.001}) as worker:
        assert eventually(lambda: good.count > 5 and broken.count > 2)
        assert worker.is_alive


def test_a_source_that_hangs_holds_up_no_other(log: MemoryLog) -> None:
    released = threading.Event()
    hanging = LiveSource("hanging", lambda count: released.wait(PATIENCE) and False)
    good = LiveSource("good")

    with working(log, {hanging: 0.001, good: 0.001}):
        reached = eventually(lambda: good.count > 5)
        asked = hanging.count
        released.set()

    assert reached
    assert asked == 1


def test_a_fault_in_what_follows_a_poll_is_told_and_the_source_is_polled_on(
    log: MemoryLog, caplog: pytest.LogCaptureFixture
) -> None:
    def then() -> None:
        raise RuntimeError("a bug")

    source, intake, clock = LiveSource("crm"), Intake(log), FakeClock()
    worker = Worker({Polling(source, log, intake, clock): 0.001}, then)
    worker.start()
    assert eventually(lambda: source.count > 3)
    worker.stop()

    assert "what follows a poll of source crm failed" in caplog.text
    assert "a bug" in caplog.text


def test_a_source_that_fails_is_asked_ever_less_often(log: MemoryLog) -> None:
    broken = LiveSource("broken", failing)

    with working(log, {broken: 0.01}):
        time.sleep(0.3)

    # 0.01 + 0.02 + 0.04 + 0.08 + 0.16 s: at an even pace it would be asked thirty times.
    assert 2 <= broken.count <= 8


def test_a_source_that_has_more_is_asked_at_once(log: MemoryLog) -> None:
    behind = LiveSource("crm", lambda count: count < 5)

    with working(log, {behind: NEVER}):
        assert eventually(lambda: behind.count == 5)

    assert log.head() == 5


def test_a_source_that_has_no_more_is_not_asked_before_its_time(log: MemoryLog) -> None:
    idle = LiveSource("crm")

    with working(log, {idle: NEVER}):
        eventually(lambda: idle.count > 0)
        time.sleep(0.05)

    assert idle.count == 1


def test_a_worker_that_waits_stops_at_once(log: MemoryLog) -> None:
    idle, broken = LiveSource("crm"), LiveSource("broken", failing)

    with working(log, {idle: NEVER, broken: NEVER}) as worker:
        eventually(lambda: idle.count == 1 and broken.count == 1)
        began = time.monotonic()
        worker.stop(PATIENCE)
        took = time.monotonic() - began

    assert took < 1
    assert not worker.is_alive


def test_what_is_in_hand_is_finished_and_recorded(log: MemoryLog) -> None:
    asked, released = threading.Event(), threading.Event()

    def act(count: int) -> bool:
        asked.set()
        return released.wait(PATIENCE)

    with working(log, {LiveSource("crm", act): NEVER}) as worker:
        assert asked.wait(PATIENCE)
        threading.Timer(0.05, released.set).start()
        worker.stop(PATIENCE)

        assert log.head() == 1
        assert not worker.is_alive


def test_sources_that_hang_are_waited_for_together(log: MemoryLog) -> None:
    released = threading.Event()
    sources = [LiveSource(f"s{n}", lambda count: released.wait(PATIENCE)) for n in range(4)]

    with working(log, dict.fromkeys(sources, NEVER)) as worker:
        eventually(lambda: all(source.count for source in sources))
        began = time.monotonic()
        worker.stop(0.3)
        took = time.monotonic() - began
        released.set()

    assert 0.3 <= took < 0.9


def test_a_worker_is_alive_from_its_start_to_its_stop(log: MemoryLog) -> None:
    worker = Worker({Polling(LiveSource("crm"), log, Intake(log), FakeClock()): NEVER})

    before = worker.is_alive
    worker.start()
    meanwhile = worker.is_alive
    worker.stop()

    assert (before, meanwhile, worker.is_alive) == (False, True, False)


def test_a_worker_without_sources_has_nothing_that_could_die() -> None:
    worker = Worker({})
    worker.start()
    worker.stop()

    assert worker.is_alive


HANGING = """
import threading
from feedserver.services.intake import Intake
from feedserver.services.polling import Polling
from feedserver.stores.memory import MemoryLog
from feedserver.worker import Worker
from tests.builders import AUTHORITY, FakeClock
from tests.test_worker import LiveSource

asked = threading.Event()

def hang(count):
    asked.set()
    threading.Event().wait()

log = MemoryLog(AUTHORITY, FakeClock())
worker = Worker({Polling(LiveSource("crm", hang), log, Intake(log), FakeClock()): 1.0})
worker.start()
asked.wait(10)
worker.stop(0.1)
"""


def test_a_source_that_hangs_does_not_keep_the_process() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGING], cwd=ROOT, timeout=PATIENCE, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stderr) == (0, "")
