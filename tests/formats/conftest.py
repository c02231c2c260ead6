"""A dozen activities, plain and odd, and the log of which golden files are made."""

from collections.abc import Sequence
from dataclasses import replace
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
from tests.builders import AUTHORITY, FakeClock, activities

BASE = "http://127.0.0.1:8000"
START = datetime(2026, 5, 8, 10, 0, tzinfo=UTC)


def reading_of(drafts: Sequence[Draft], clock: Clock | None = None) -> Reading:
    """A reading of a log that holds those drafts."""
    clock = clock or FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    Intake(log).record(drafts)
    return Reading(log, FacetIndex(log), BASE, "feedserver")


def page_of(
    reading: Reading, format: Format, query: Query | None = None, parameters: str = ""
) -> Page:
    """The page of that query, or of everything; `parameters` are those with which it is asked."""
    query = query or parse_query([])
    target = f"/all.{format.extension}{parameters}"
    return reading.page(reading.select(query, represent(format), target))


def odd_drafts() -> list[Draft]:
    """A dozen drafts: two plain ones, and everything that is odd in a real log."""
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
            tags=("vip",),
            content="from WIP default to Queue Support",
        ),
        draft(3, content=None),
        draft(
            4,
            title='Fan "A<1>" & co. is 3 > 2 ]]> it\'s na\u00efve, \u6771\u4eac \U0001f525',
            content='Salt &amp; Pepper &lt;i&gt;"loud"&lt;/i&gt; ]]&gt;<br>\n\r\nVT[\x0b] [\ufffe]',
            queues=("Billing/EMEA", "a & b"),
            tags=("50% off", "<b>", "\u6771\u4eac"),
        ),
        draft(5, occurred=None, title="A time that nobody knows"),
        draft(
            6,
            actor=Object("service", f"tag:{AUTHORITY}:crm/system", "System"),
            object=Object("service", f"tag:{AUTHORITY}:crm", "crm"),
            verb="update",
            title="System updated crm (activity 98765)",
            code="98765",
        ),
        draft(7, verb="unheard-of", object=Object("gadget", None, "A gadget")),
        draft(
            8,
            actor=Object("person", None, " \t", login="bob"),
            object=None,
            title="",
            content='<p onclick="go()">It <b>burns</p><script>go()</script><a href="file:///x">x</a>',
        ),
        draft(
            9, title="The first of two in one second", url="https://elsewhere.example/9?a=b&c=d#e"
        ),
        draft(
            10,
            title="The second of two in one second",
            occurred=START + timedelta(minutes=9),
            object=Object("case", f"tag:{AUTHORITY}:crm/case/2", " Line\r\nbreaks\x00 ", " 1235 "),
        ),
        draft(
            11,
            verb="change-status",
            object=Object("case", f"tag:{AUTHORITY}:crm/case/99999"),
            title="Ann Example changed the status of a case that is not there, " + 90 * "on " + ".",
            occurred=START + timedelta(days=40),
            content="<p>Very long.</p>" + 60 * "<p>It goes on and on.</p>",
        ),
        draft(
            12,
            verb="forward",
            title="Ann Example forwarded case 1234, of which nobody knew for a year",
            occurred=START - timedelta(days=365),
            target=queue,
            queues=("Support", "support", "", "Front\u00a0desk"),
            products=(Product("XR-20", "2.1"), Product("Box & Co."), Product("", "3")),
            customer=site,
        ),
    ]


def changed_log() -> Reading:
    """A reading of a log of the odd drafts, of which the first four were changed.

    The first has left the tag `vip`, the second was deleted, the third was edited silently, and the
    fourth was edited and has that tag now.
    """
    log = MemoryLog(AUTHORITY, FakeClock())
    Intake(log).record(odd_drafts())
    created, _, silent, odd, *_ = (activity.draft for activity in activities(log.read(0)))
    log.replace(1, replace(created, tags=()))
    log.replace(2, None)
    log.replace(3, replace(silent, content="<p>Said afterwards.</p>"), is_silent=True)
    log.replace(4, replace(odd, title="Edited", tags=("vip",)))
    return Reading(log, FacetIndex(log), BASE, "feedserver")


@pytest.fixture
def reading() -> Reading:
    """A reading of the odd drafts."""
    return reading_of(odd_drafts())
