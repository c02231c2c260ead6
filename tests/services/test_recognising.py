"""Objects of sources recognised by their addresses."""

from dataclasses import replace
from typing import Any

import pytest

from feedserver.model.activity import Object
from feedserver.services.indexing import FacetIndex
from feedserver.services.recognising import Recognising
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.fakes import FailingSource

ROOT = f"tag:{AUTHORITY}:crm"
CASE = Object("case", f"{ROOT}/case/7", "Printer on fire", "1234")
NEW = Object("case", f"{ROOT}/case/8", "Toner everywhere", "1235")
SOLUTION = Object("solution", f"{ROOT}/probdesc/9", "Turn it off", "55")
LINKS = {
    "Case": "http://crm.example/Cases/{id}",
    "solution": "http://crm.example/show.asp?key={objid}&x=1",
    "change_request": "http://crm.example/cr/{id}",
    "job": "http://crm.example/jobs",
}


class Crm(FailingSource):
    """A source that has objects of which the log knows nothing yet."""

    def object_at(self, type: str, number: str | None, key: str | None) -> Object | None:
        found = [each for each in (SOLUTION, NEW) if each.type == type]
        return next(
            (
                each
                for each in found
                if (each.number == number if number else str(each.id).endswith(f"/{key}"))
            ),
            None,
        )


@pytest.fixture
def recognising() -> Recognising:
    log = MemoryLog(AUTHORITY, FakeClock())
    log.append([make_draft(object=CASE), make_draft(object=SOLUTION)])
    other = Object("case", "urn:example:other", "Another system's", "99")
    log.append([make_draft(object=other, source="other")])
    sources: dict[str, dict[str, Any]] = {"other": {}, "crm": {"links": LINKS}}
    return Recognising(log, FacetIndex(log), [Crm("crm"), FailingSource("other")], sources)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://crm.example/Cases/1234", CASE),
        ("HTTP://CRM.example/cases/1234/", CASE),
        ("http://crm.example/Cases/1235", NEW),
        ("http://crm.example/show.asp?key=9&x=1", SOLUTION),
        ("http://crm.example/show.asp?key=10&x=1", Object("solution")),
        ("http://crm.example/Cases/99", Object("case", number="99")),
        ("http://crm.example/Cases/A%2F1", Object("case", number="A/1")),
        ("http://crm.example/cr/3", Object("change-request", number="3")),
    ],
)
def test_an_address_tells_the_object(
    recognising: Recognising, address: str, expected: Object
) -> None:
    found = recognising.object_at(address)

    assert found is not None
    assert found.url == address
    assert (found.type, found.id, found.number) == (expected.type, expected.id, expected.number)


@pytest.mark.parametrize(
    "address",
    [
        "http://crm.example/Cases/",
        "http://crm.example/Cases/1234/notes",
        "http://crm.example/Cases/1234?x=1",
        "http://crm.example/jobs",
        "http://crmxexample/Cases/1234",
        "http://crm.example/Cases/1234%20",
        "http://crm.example/Cases/%20",
        "http://crm.example/Cases/12%00",
        "http://crm.example/Cases/12%FF",
        "",
    ],
)
def test_an_address_of_no_template_is_of_no_object(recognising: Recognising, address: str) -> None:
    assert recognising.object_at(address) is None


@pytest.mark.parametrize(
    ("was", "address"),
    [
        (CASE, "http://crm.example/Cases/1234"),
        (SOLUTION, "http://crm.example/show.asp?key=9&x=1"),
    ],
)
def test_an_object_is_not_that_which_an_activity_was_once_about(was: Object, address: str) -> None:
    log = MemoryLog(AUTHORITY, FakeClock())
    log.append([make_draft(object=was)])
    log.replace(1, make_draft(object=Object(was.type, "urn:example:8", "Another", "8")))
    recognising = Recognising(log, FacetIndex(log), [], {"crm": {"links": LINKS}})

    found = recognising.object_at(address)

    assert found is not None
    assert (found.type, found.id, found.name) == (was.type, None, None)


def test_where_the_source_cannot_be_asked_the_address_tells_what_it_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = MemoryLog(AUTHORITY, FakeClock())
    settings = {"crm": {"links": LINKS}}

    found = Recognising(log, FacetIndex(log), [FailingSource("crm")], settings).object_at(
        "http://crm.example/Cases/1234"
    )

    assert found is not None
    assert (found.type, found.id, found.number) == ("case", None, "1234")
    assert "source crm: no answer" in caplog.text


TWO = "http://crm.example/one/{id}"


def test_an_address_of_two_types_is_of_neither() -> None:
    log = MemoryLog(AUTHORITY, FakeClock())
    log.append([make_draft(object=CASE)])
    links = {"case": TWO, "task": TWO}

    recognising = Recognising(log, FacetIndex(log), [], {"crm": {"links": links}})

    assert recognising.object_at(TWO.format(id="1234")) is None


@pytest.mark.parametrize(
    ("objects", "id"),
    [({"crm": CASE}, CASE.id), ({"crm": CASE, "old": replace(CASE, id="urn:example:old")}, None)],
)
def test_of_an_address_of_two_sources_only_what_is_certain_is_told(
    objects: dict[str, Object], id: str | None
) -> None:
    log = MemoryLog(AUTHORITY, FakeClock())
    log.append([make_draft(object=each, source=source) for source, each in objects.items()])
    sources: dict[str, dict[str, Any]] = {
        "old": {"links": {"case": TWO}},
        "crm": {"links": {"case": TWO}},
    }

    found = Recognising(log, FacetIndex(log), [], sources).object_at(TWO.format(id="1234"))

    assert found is not None
    assert (found.type, found.id, found.number) == ("case", id, "1234")
