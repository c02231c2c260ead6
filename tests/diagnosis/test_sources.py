"""The sources are asked, within a time, and nothing is recorded."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedserver.clock import Clock
from feedserver.crm.demo import DemoCrm
from feedserver.diagnosis.results import Result, Sign, results_of
from feedserver.diagnosis.sources import Around, checks_of_sources
from feedserver.errors import SourceError
from feedserver.ports import Bookmark, KeptRecord, Known, Poll, Problem, Source
from feedserver.settings import Settings, make_settings
from feedserver.sources import EVIDENCE
from feedserver.stores.memory import MemoryLog, MemoryRecords
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.fakes import FailingSource

CLOCK = FakeClock()
PLACE = Bookmark("source crm", "7")
HOOK = {"type": "webhook", "secret": "0123456789abcdef", "mapping": {"title": "t"}}


class Answering(FailingSource):
    """A source that has what a test says."""

    def __init__(self, poll: Poll, needs_empty_log: bool = False) -> None:
        super().__init__("crm")
        self.needs_empty_log = needs_empty_log
        self._poll = poll

    def poll(self, place: str | None, known: Known) -> Poll:
        return self._poll


class Silent(FailingSource):
    """A source that is asked and never answers."""

    def __init__(self) -> None:
        super().__init__("crm")
        self.never = threading.Event()

    def poll(self, place: str | None, known: Known) -> Poll:
        self.never.wait()
        raise SourceError("it was let go")

    def close(self) -> None:
        self.never.set()


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo CRM whose clock shows UTC, and has just got an entry by `CLOCK`."""
    path = tmp_path_factory.mktemp("crm") / "crm.sqlite"
    DemoCrm(path, CLOCK).prepare(days=1)
    newest = EVIDENCE["clarify"]("crm", f"sqlite:///{path}", CLOCK()).newest
    CLOCK.now = newest.replace(tzinfo=UTC) + timedelta(minutes=1)
    return path


@pytest.fixture
def log() -> MemoryLog:
    """A log in which the source was read already."""
    log = MemoryLog(AUTHORITY, CLOCK)
    log.append([make_draft()], PLACE)
    return log


def settings_of(crm: Path, **values: Any) -> Settings:
    source = {"type": "clarify", "url": f"sqlite:///{crm}", "timezone": "UTC", "start": "all"}
    return make_settings(
        crm.parent, {"authority": AUTHORITY, "sources": {"crm": {**source, **values}}}
    )


def found(
    settings: Settings,
    log: MemoryLog | None,
    source: Source | None = None,
    clock: Clock = CLOCK,
    patience: float = 10,
) -> Mapping[Sign, list[Result]]:
    around = Around(clock, patience=patience)
    if source is not None:
        around = replace(around, make=lambda *_: (source,))
    results = list(results_of(checks_of_sources(settings, log, around)))
    return {sign: [result for result in results if result.sign is sign] for sign in Sign}


def polled(*ages: float, more: bool = False, failed: tuple[Problem, ...] = ()) -> Poll:
    drafts = tuple(make_draft(occurred=CLOCK() - timedelta(minutes=age)) for age in ages)
    return Poll(drafts, (), failed, "8", more)


def test_a_source_that_is_followed_is_well(crm: Path, log: MemoryLog) -> None:
    results = found(settings_of(crm), log, Answering(polled()))

    assert results[Sign.WARNING] == results[Sign.FAILURE] == []
    assert [result.text.partition(":")[0] for result in results[Sign.OK]] == [
        "crm answers",
        "crm",
        "crm",
    ]


def test_where_there_is_none_it_says_so(crm: Path) -> None:
    (result,) = found(replace(settings_of(crm), sources={}), None)[Sign.OK]

    assert result.text == "none is set up: what is posted is recorded"


def test_one_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    results = found(settings_of(tmp_path / "gone.sqlite"), None)

    (result,) = results[Sign.FAILURE]
    assert "names no file" in result.text


def test_one_that_does_not_answer_in_time_is_told(crm: Path, log: MemoryLog) -> None:
    results = found(settings_of(crm), log, Silent(), patience=1)

    (result,) = results[Sign.FAILURE]
    assert result.text == "source crm did not answer within 1 s"


def test_one_that_fails_is_told(crm: Path, log: MemoryLog) -> None:
    (result,) = found(settings_of(crm), log, FailingSource("crm"))[Sign.FAILURE]

    assert result.text == "source crm: no answer"


def test_a_zone_in_which_its_entries_are_of_the_future_is_doubted(
    crm: Path, log: MemoryLog
) -> None:
    settings = settings_of(crm, timezone="America/Chicago")

    (result,) = found(settings, log, Answering(polled()))[Sign.WARNING]

    assert "in timezone America/Chicago its newest entry is" in result.text
    assert "in the future" in result.text
    assert "run this again" in result.mend


def test_a_zone_is_doubted_where_another_fits(crm: Path, log: MemoryLog) -> None:
    settings = settings_of(crm, timezone="Asia/Tokyo")

    (result,) = found(settings, log, Answering(polled()))[Sign.WARNING]

    assert "UTC it would be of just now" in result.text


def test_of_a_crm_at_rest_nothing_is_said(crm: Path, log: MemoryLog) -> None:
    def next_year() -> Any:
        return CLOCK() + timedelta(days=365)

    results = found(settings_of(crm, timezone="Asia/Tokyo"), log, Answering(polled()), next_year)

    assert results[Sign.WARNING] == []


def test_one_that_was_never_asked_is_told(crm: Path) -> None:
    (result,) = found(settings_of(crm), None, Answering(polled()))[Sign.WARNING]

    assert result.text == "crm was never asked"
    assert "feedserver pull --once crm" in result.mend


def test_one_that_can_no_more_begin_is_told(crm: Path) -> None:
    log = MemoryLog(AUTHORITY, CLOCK)
    log.append([make_draft()])

    (result,) = found(settings_of(crm), log, Answering(polled(), needs_empty_log=True))[
        Sign.FAILURE
    ]

    assert "the log is not empty" in result.text
    assert 'Set start = "now"' in result.mend


@pytest.mark.parametrize(
    ("ages", "more", "sign", "text"),
    [
        ((60, 2), False, Sign.WARNING, "2 entries are not recorded, the first of them 1 h old"),
        ((60,), True, Sign.WARNING, "1 or more entries are not recorded"),
        ((2,), False, Sign.OK, "all is recorded but 1 new entries"),
        ((), False, Sign.OK, "all is recorded"),
    ],
)
def test_how_far_behind_it_is(
    crm: Path, log: MemoryLog, ages: tuple[float, ...], more: bool, sign: Sign, text: str
) -> None:
    results = found(settings_of(crm), log, Answering(polled(*ages, more=more)))

    assert any(text in result.text for result in results[sign])


def test_records_that_cannot_be_recorded_are_told(crm: Path, log: MemoryLog) -> None:
    failed = tuple(Problem(f"act_entry {number}", "odd") for number in range(5))

    (result,) = found(settings_of(crm), log, Answering(polled(failed=failed)))[Sign.FAILURE]

    assert "5 of the entries" in result.text
    assert result.details == tuple(f"act_entry {number}: odd" for number in range(3))


def test_asking_records_nothing(crm: Path) -> None:
    log = MemoryLog(AUTHORITY, CLOCK)
    place = '{"floor": 0, "read": 0, "timezone": "UTC", "start": "all", "imported": false}'
    log.append([], Bookmark("source crm", place))

    results = found(settings_of(crm), log)

    assert any("entries are not recorded" in result.text for result in results[Sign.WARNING])
    assert (log.head(), log.bookmark("source crm")) == (0, place)


def test_another_zone_than_it_was_read_with_is_told(crm: Path) -> None:
    log = MemoryLog(AUTHORITY, CLOCK)
    place = '{"floor": 0, "read": 0, "timezone": "Asia/Tokyo", "start": "all", "imported": true}'
    log.append([], Bookmark("source crm", place))

    (result,) = found(settings_of(crm), log)[Sign.FAILURE]

    assert 'timezone = "UTC", but its entries were recorded with "Asia/Tokyo"' in result.text


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    """No test leaves a thread behind."""
    before = threading.active_count()
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("asking "):
            thread.join(5)
    assert threading.active_count() == before


class TestWebhooks:
    """What is delivered to is not asked; what it keeps is told."""

    def results_of_hook(self, folder: Path, records: MemoryRecords, **values: Any) -> list[Result]:
        settings = make_settings(folder, {"authority": AUTHORITY, "sources": {"ci": HOOK | values}})
        log = MemoryLog(AUTHORITY, CLOCK)
        return list(results_of(checks_of_sources(settings, log, Around(CLOCK), records)))

    def test_its_address_is_told_and_not_its_secret(self, tmp_path: Path) -> None:
        (result,) = self.results_of_hook(tmp_path, MemoryRecords())

        assert result.sign is Sign.OK
        assert result.text == ("ci takes what is posted to http://127.0.0.1:8000/hooks/ci/SECRET")

    def test_what_it_keeps_is_a_warning(self, tmp_path: Path) -> None:
        records = MemoryRecords()
        received = CLOCK() - timedelta(hours=2)
        records.keep([KeptRecord("ci", "1", received, {}, {}, "there is no title")])

        _, result = self.results_of_hook(tmp_path, records)

        assert result.sign is Sign.WARNING
        assert result.text == (
            "ci keeps 1 of what was delivered, for it could not be mapped; the oldest is 2 h old"
        )
        assert "feedserver source retry ci" in result.mend

    def test_a_mapping_that_cannot_be_read_fails(self, tmp_path: Path) -> None:
        (result,) = self.results_of_hook(tmp_path, MemoryRecords(), mapping={"title": "{{"})

        assert result.sign is Sign.FAILURE
        assert "[sources.ci] mapping.title" in result.text
