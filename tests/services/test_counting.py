"""Going on behind a number of activities, for those who count pages."""

import pytest

from feedserver.model.filter import EVERYTHING, Filter, make_filter
from feedserver.model.query import Query
from feedserver.model.search import parse_words
from feedserver.services.indexing import FacetIndex
from feedserver.services.reading import Reading, Representation
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, activities, make_draft

JSON = Representation("json", "application/json", 1)
SUPPORT = make_filter([("queue", False, "Support")])
BURNS = Filter(words=parse_words("burns"))


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog(AUTHORITY, FakeClock())
    for number in range(6):
        log.append([make_draft(queues=("Support",) if number % 2 else ("Sales",))])
    return log


def behind(log: MemoryLog, filter: Filter, count: int) -> list[int]:
    """The positions on the page behind that many."""
    reading = Reading(log, FacetIndex(log), "http://feeds.example", "Feeds")
    before = reading.cursor_behind(filter, count)
    view = reading.select(Query(filter, 2, before=before), JSON, "/all.json")
    return [activity.position for activity in reading.page(view).activities]


@pytest.mark.parametrize(
    ("filter", "count", "expected"),
    [
        (EVERYTHING, 0, [6, 5]),
        (EVERYTHING, 1, [5, 4]),
        (EVERYTHING, 5, [1]),
        (EVERYTHING, 6, []),
        (EVERYTHING, 10**18, []),
        (SUPPORT, 1, [4, 2]),
        (BURNS, 2, [4, 3]),
        (make_filter([("queue", False, "None")]), 1, []),
    ],
)
def test_the_page_behind_a_number_of_them(
    log: MemoryLog, filter: Filter, count: int, expected: list[int]
) -> None:
    assert behind(log, filter, count) == expected


def test_an_activity_counts_once_where_its_newest_version_stands(log: MemoryLog) -> None:
    first = activities(log.read(0, 1))[0]
    log.replace(1, first.draft)
    log.replace(4, None)

    assert behind(log, EVERYTHING, 1) == [6, 5]
    assert behind(log, EVERYTHING, 3) == [3, 2]
