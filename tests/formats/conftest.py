"""A page with the odd and the plain, as golden files hold it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from feedserver.clock import Clock
from feedserver.model.activity import Draft, Object, Product
from feedserver.model.feed import Page
from feedserver.model.query import Query, parse_query
from feedserver.ports import Format
from feedserver.services.indexing import FacetIndex
from feedserver.services.intake import Intake
from feedserver.services.reading import Reading, represent
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock

BASE = "http://127.0.0.1:8000"
START = datetime(2026, 5, 8, 10, 0, tzinfo=UTC)


def reading_of(drafts: Sequence[Draft], clock: Clock | None = None) -> Reading:
    """A reading of a log that holds those drafts."""
    clock = clock or FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    Intake(log).record(drafts)
    return Reading(log, FacetIndex(log), BASE, "feedserver")


def page_of(reading: Reading, format: Format, query: Query | None = None) -> Page:
    """The page of that query, everything if there is none."""
    query = query or parse_query([])
    target = f"/all.{format.extension}"
    return reading.page(reading.select(query, represent(format), target))


def odd_drafts() -> list[Draft]:
    """One plain draft and several odd ones."""
    ann = Object("person", f"tag:{AUTHORITY}:crm/user/1", "Ann Example", login="ann")
    case = Object(
        "case",
        f"tag:{AUTHORITY}:crm/case/1",
        "Printer on fire",
        "1234",
        "http://crm.example/Cases/Summary/1234",
    )
    queue = Object("queue", f"tag:{AUTHORITY}:crm/queue/1", "Support")
    site = Object("organization", f"tag:{AUTHORITY}:crm/site/1", "Example Works")

    def draft(number: int, **members: object) -> Draft:
        given: dict[str, object] = {
            "id": f"tag:{AUTHORITY}:crm/act_entry/{number}",
            "source": "crm",
            "actor": ann,
            "verb": "log",
            "object": case,
            "title": "Ann Example logged a note on case 1234: Printer on fire",
            "occurred": START + timedelta(minutes=number),
        }
        return Draft(**(given | members))  # type: ignore[arg-type]  # checked by the dataclass users

    return [
        draft(
            1,
            verb="create",
            title="Ann Example created case 1234 for Bob at Example Works: Printer on fire",
            customer=site,
            products=(Product("XR-20", "2.1"),),
            tags=("priority:High", "vip"),
            content="Contact = Bob, Priority = High",
            code="600",
            code_name="Create",
        ),
        draft(
            2,
            verb="dispatch",
            title="Ann Example dispatched case 1234 to queue Support: Printer on fire",
            target=queue,
            queues=("Support",),
            content="from WIP default to Queue Support",
        ),
        draft(3, content=None),
        draft(
            4,
            title='Printer <B&W> says "5 > 3" ]]> it\'s caf\u00e9 \u65e5\u672c \U0001f527',
            content='Tom &amp; Jerry &lt;b&gt;"bold"&lt;/b&gt; ]]&gt; end;<br>\nvt[\x0b] soh[\x01]',
            queues=("Billing/EMEA", "a & b"),
            tags=("50% off", "<b>", "\u65e5\u672c"),
        ),
        draft(5, occurred=None, title="A time that nobody knows"),
        draft(
            6,
            actor=Object("service", f"tag:{AUTHORITY}:crm/system", "System"),
            object=Object("service", f"tag:{AUTHORITY}:crm", "crm"),
            verb="update",
            title="System updated crm (activity 99123)",
            code="99123",
        ),
        draft(7, verb="unheard-of", object=Object("gadget", None, "A gadget")),
    ]


@pytest.fixture
def reading() -> Reading:
    """A reading of the odd drafts."""
    return reading_of(odd_drafts())
