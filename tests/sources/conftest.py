"""What the tests of sources share: a CRM to fill, a clock, and sources and logs to go with it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedserver.ports import Source
from feedserver.services.intake import Intake
from feedserver.services.polling import Polling
from feedserver.sources.clarify import make_source
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock
from tests.sources.clarify_builder import Clarify

MakeSource = Callable[..., Source]


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Clarify]:
    """A Clarify database with lists and nothing else."""
    database = Clarify(tmp_path / "crm.sqlite")
    yield database
    database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def open_source(crm: Clarify, clock: FakeClock) -> Iterator[MakeSource]:
    """Makes sources of the CRM, with any settings; each is a process started anew."""
    opened: list[Source] = []

    def make(**settings: Any) -> Source:
        values = {"url": crm.url, "timezone": "Europe/Berlin", "start": "all", **settings}
        opened.append(make_source("crm", values, AUTHORITY, clock))
        return opened[-1]

    yield make
    for source in opened:
        source.close()


@pytest.fixture
def log(clock: FakeClock) -> MemoryLog:
    return MemoryLog(AUTHORITY, clock)


@pytest.fixture
def make_polling(log: MemoryLog, clock: FakeClock) -> Callable[[Source], Polling]:
    return lambda source: Polling(source, log, Intake(log), clock)
