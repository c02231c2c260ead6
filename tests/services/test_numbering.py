"""Whole numbers for what has ids and names: they never change, and none stands for two."""

import pytest

from feedserver.errors import NotFound
from feedserver.model.activity import Activity
from feedserver.services.indexing import FacetIndex
from feedserver.services.numbering import Numbering, number_of
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, activities, make_draft


def made(log: MemoryLog) -> Numbering:
    index = FacetIndex(log)
    index.catch_up()
    return Numbering(log, index)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog(AUTHORITY, FakeClock())


def test_every_version_has_the_number_of_the_first(log: MemoryLog) -> None:
    first, other = make_draft(), make_draft()
    log.append([first, other])
    log.replace(1, first)

    versions = activities(log.read(0))

    assert made(log).of(versions) == [1, 2, 1]
    newest = made(log).activity(1)
    assert isinstance(newest, Activity)
    assert newest.position == 3


@pytest.mark.parametrize("number", [0, -1, 2, 3, 10**30])
def test_a_number_that_no_activity_has_is_not_found(log: MemoryLog, number: int) -> None:
    draft = make_draft()
    log.append([draft])
    log.replace(1, draft)

    with pytest.raises(NotFound):
        made(log).activity(number)


def test_a_name_is_found_by_its_number_in_its_own_field_alone(log: MemoryLog) -> None:
    log.append([make_draft(queues=("Support", "Café"))])
    numbering = made(log)

    assert numbering.find("queue", number_of("queue", "Support")) == "Support"
    assert numbering.find("queue", number_of("queue", "Cafe\u0301")) == "Café"
    assert numbering.find("tag", number_of("queue", "Support")) is None
    assert numbering.find("queue", number_of("product", "Support")) is None


def test_the_number_of_a_name_is_the_same_for_ever(log: MemoryLog) -> None:
    assert number_of("queue", "Support") == 201290525220297
    assert number_of("queue", "support") != number_of("queue", "Support")
    assert all(1 << 47 <= number_of("queue", str(name)) < 1 << 48 for name in range(100))
