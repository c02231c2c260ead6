"""Objects of sources recognised by their addresses."""

from typing import Any

import pytest

from feedserver.model.activity import Object
from feedserver.services.indexing import FacetIndex
from feedserver.services.recognising import Recognising
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, make_draft

ROOT = f"tag:{AUTHORITY}:crm"
CASE = Object("case", f"{ROOT}/case/7", "Printer on fire", "1234")
SOLUTION = Object("solution", f"{ROOT}/probdesc/9", "Turn it off", "55")
LINKS = {
    "Case": "http://crm.example/Cases/{id}",
    "solution": "http://crm.example/show.asp?key={objid}&x=1",
    "change_request": "http://crm.example/cr/{id}",
    "job": "http://crm.example/jobs",
}


@pytest.fixture
def recognising() -> Recognising:
    log = MemoryLog(AUTHORITY, FakeClock())
    log.append([make_draft(object=CASE), make_draft(object=SOLUTION)])
    other = Object("case", "urn:example:other", "Another system's", "99")
    log.append([make_draft(object=other, source="other")])
    sources: dict[str, dict[str, Any]] = {"other": {}, "crm": {"links": LINKS}}
    return Recognising(log, FacetIndex(log), sources)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://crm.example/Cases/1234", CASE),
        ("HTTP://CRM.example/cases/1234/", CASE),
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
    recognising = Recognising(log, FacetIndex(log), {"crm": {"links": LINKS}})

    found = recognising.object_at(address)

    assert found is not None
    assert (found.type, found.id, found.name) == (was.type, None, None)
