"""While a source still brings its history, it says so."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from feedserver.errors import SourceError
from feedserver.ports import Bookmark, Source
from feedserver.services.polling import Polling
from feedserver.sources.clarify import make_source
from feedserver.sources.clarify.source import BATCH
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock
from tests.sources.clarify_builder import FIRST_OBJID, Clarify
from tests.sources.conftest import MakeSource

DAY = 24 * 60 * 60
NAME = "source crm"
HISTORIES = ("all", "2026-01-01")
MakePolling = Callable[[Source], Polling]
AddMany = Callable[[int], Sequence[int]]


@pytest.fixture
def add_many(crm: Clarify) -> AddMany:
    """Adds entries of which nothing is odd."""
    user, case = crm.user(), crm.case()

    def entries(count: int) -> list[int]:
        with crm.together():
            return [crm.entry(200, act_entry2case=case, act_entry2user=user) for _ in range(count)]

    return entries


@pytest.mark.parametrize("start", HISTORIES)
def test_a_source_that_was_never_asked_has_its_history_to_bring(
    start: str, open_source: MakeSource
) -> None:
    assert open_source(start=start).is_importing(None)


def test_one_that_begins_now_has_none(add_many: AddMany, open_source: MakeSource) -> None:
    add_many(3)
    source = open_source(start="now")

    place = source.poll(None, lambda ids: set()).place

    assert not source.is_importing(None)
    assert not source.is_importing(place)


def test_one_that_begins_now_and_is_behind_at_once_has_none_either(open_source: MakeSource) -> None:
    place = {"floor": 5, "read": 5, "timezone": "Europe/Berlin", "start": "now"}

    assert not open_source(start="now").is_importing(json.dumps({**place, "imported": False}))


@pytest.mark.parametrize("start", HISTORIES)
@pytest.mark.parametrize("count", [0, 1, BATCH, BATCH + 1, 3 * BATCH])
def test_it_is_brought_when_a_poll_has_nothing_more(
    start: str,
    count: int,
    add_many: AddMany,
    open_source: MakeSource,
    make_polling: MakePolling,
    log: MemoryLog,
) -> None:
    add_many(count)
    source = open_source(start=start, window=10)
    polling = make_polling(source)

    while polling.step():
        assert source.is_importing(log.bookmark(NAME))

    assert not source.is_importing(log.bookmark(NAME))
    assert log.head() == count


def test_the_bookmark_tells_it_to_every_process(
    add_many: AddMany, open_source: MakeSource, make_polling: MakePolling, log: MemoryLog
) -> None:
    add_many(BATCH + 1)
    make_polling(open_source(window=10)).step()
    assert open_source(window=10).is_importing(log.bookmark(NAME))

    polling = make_polling(open_source(window=10))
    while polling.step():
        pass

    assert not open_source(window=10).is_importing(log.bookmark(NAME))


def test_a_poll_that_brings_nothing_and_ends_it_moves_the_bookmark(
    add_many: AddMany, open_source: MakeSource, make_polling: MakePolling, log: MemoryLog
) -> None:
    entries = add_many(2)
    # As a process leaves it that was killed before the poll that found nothing more.
    place = {"floor": 0, "read": entries[-1], "timezone": "Europe/Berlin", "start": "all"}
    log.append(open_source().poll(None, log.known).drafts)
    log.append((), Bookmark(NAME, json.dumps({**place, "imported": False})))
    source = open_source()
    polling = make_polling(source)

    while polling.step():
        pass

    assert polling.state.recorded == 0
    assert not source.is_importing(log.bookmark(NAME))


def test_it_does_not_begin_anew_with_a_sweep_or_with_much_at_once(
    crm: Clarify,
    add_many: AddMany,
    open_source: MakeSource,
    make_polling: MakePolling,
    log: MemoryLog,
    clock: FakeClock,
) -> None:
    late = crm.skip(1)
    add_many(20)
    source = open_source(window=0)
    polling = make_polling(source)
    while polling.step():
        pass
    crm.entry(200, act_entry2case=FIRST_OBJID, act_entry2user=FIRST_OBJID, objid=late)
    add_many(2 * BATCH)
    clock.advance(DAY)

    steps = 1
    while polling.step():
        assert not source.is_importing(log.bookmark(NAME))
        steps += 1

    assert steps > 2
    assert log.head() == 21 + 2 * BATCH


@pytest.mark.parametrize("start", ["all", "now"])
def test_a_place_of_an_earlier_version_counts_as_brought(
    start: str, open_source: MakeSource
) -> None:
    place = {"floor": 0, "read": 5, "timezone": "Europe/Berlin", "start": start}

    assert not open_source(start=start).is_importing(json.dumps(place))


@pytest.mark.parametrize("setting", [{"timezone": "UTC"}, {"start": "now"}])
def test_other_final_settings_are_refused_here_too(
    setting: dict[str, str], add_many: AddMany, open_source: MakeSource
) -> None:
    add_many(1)
    place = open_source().poll(None, lambda ids: set()).place

    with pytest.raises(SourceError, match="set it back"):
        open_source(**setting).is_importing(place)


def test_a_crm_that_is_away_can_still_be_told_of(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "broken").write_bytes(b"no database")
    settings = {"url": f"sqlite:///{tmp_path}/broken", "timezone": "UTC", "start": "now"}

    source = make_source("crm", settings, AUTHORITY, clock)

    assert not source.is_importing(None)
    source.close()
