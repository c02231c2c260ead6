"""Pages with edits and removals in them."""

from collections.abc import Sequence

from feedserver.model.activity import Draft
from feedserver.model.feed import Page
from feedserver.model.query import parse_query
from feedserver.ports import Format
from feedserver.services.indexing import FacetIndex
from feedserver.services.intake import Intake
from feedserver.services.reading import Reading
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.formats.conftest import BASE, page_of


def page_with_an_edit(format: Format, drafts: Sequence[Draft]) -> Page:
    """The page of those drafts, of which the first was edited when all were recorded."""
    log = MemoryLog(AUTHORITY, FakeClock())
    Intake(log).record(drafts)
    for draft in drafts[:1]:
        log.replace(1, draft)
    return page_of(Reading(log, FacetIndex(log), BASE, "feedserver"), format)


def page_with_removals(format: Format, *query: tuple[str, str]) -> tuple[Page, list[Draft]]:
    """A page of the tag `vip` of which, of three drafts, one was deleted and one has left."""
    drafts = [make_draft(tags=("vip",)) for _ in range(3)]
    log = MemoryLog(AUTHORITY, FakeClock())
    Intake(log).record(drafts)
    log.replace(1, None)
    log.replace(2, make_draft(id=drafts[1].id, tags=()))
    reading = Reading(log, FacetIndex(log), BASE, "feedserver")
    return page_of(reading, format, parse_query([("tag", "vip"), *query])), drafts


def page_of_a_return(format: Format) -> tuple[Page, Draft]:
    """An archive that tells that a draft has left the tag `vip`, and that it is there again."""
    draft = make_draft(tags=("vip",))
    away = make_draft(id=draft.id, tags=())
    log = MemoryLog(AUTHORITY, FakeClock())
    Intake(log).record([draft])
    for position, version in enumerate((away, away, draft), 1):
        log.replace(position, version)
    reading = Reading(log, FacetIndex(log), BASE, "feedserver")
    page = page_of(reading, format, parse_query([("tag", "vip"), ("archive", "0")]))
    return page, draft
