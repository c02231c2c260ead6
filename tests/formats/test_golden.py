"""Every kind of document in every format, of the same dozen activities, to the byte."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from feedserver.formats import FORMATS
from feedserver.model.activity import Draft, Tombstone
from feedserver.model.query import parse_query
from feedserver.ports import Format
from feedserver.services.reading import Reading, removal, represent
from tests.formats.conftest import changed_log, odd_drafts, page_of, reading_of
from tests.formats.golden import assert_golden
from tests.sources.clarify_data import expected


def page(reading: Reading, format: Format, *query: tuple[str, str]) -> bytes:
    """The page that the query asks for."""
    parameters = f"?{urlencode(query)}" if query else ""
    return format.render(page_of(reading, format, parse_query(query), parameters))


def between(format: Format) -> bytes:
    """A page between two others."""
    reading = reading_of(odd_drafts())
    first = page_of(reading, format, parse_query([("limit", "4")]))
    (following,) = [link.href for link in first.links if link.rel == "next"]
    return page(reading, format, *parse_qsl(urlsplit(following).query))


def alone(reading: Reading, format: Format, id: str) -> bytes:
    """The document of the activity of that id, or that it is gone."""
    version = reading.activity(id)
    around = reading.page_of(reading.activity_view(version, represent(format)))
    if isinstance(version, Tombstone):
        return format.render_removal(removal(version), around)
    return format.render_activity(version, around)


DOCUMENTS: dict[str, Callable[[Format], bytes]] = {
    "page": lambda format: page(reading_of(odd_drafts()), format),
    "between": between,
    "bare": lambda format: page(reading_of(odd_drafts()), format, ("limit", "0")),
    "empty": lambda format: page(reading_of([]), format),
    "unknown": lambda format: page(reading_of(odd_drafts()), format, ("queue", "Suport")),
    "removals": lambda format: page(changed_log(), format, ("tag", "vip")),
    "archive": lambda format: page(changed_log(), format, ("tag", "vip"), ("archive", "0")),
    "activity": lambda format: alone(changed_log(), format, odd_drafts()[0].id),
    "gone": lambda format: alone(changed_log(), format, odd_drafts()[1].id),
}
FORWARD = ("atom", "json", "as1")


@pytest.mark.parametrize("extension", list(FORMATS))
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_is_as_the_golden_file_has_it(kind: str, extension: str) -> None:
    format = FORMATS[extension]()

    assert_golden(f"{extension}/{kind}.{extension}", DOCUMENTS[kind](format))


@pytest.mark.parametrize("extension", FORWARD)
def test_a_page_that_goes_forward_is_as_the_golden_file_has_it(extension: str) -> None:
    format = FORMATS[extension]()

    document = page(changed_log(), format, ("after", ""))

    assert_golden(f"{extension}/forward.{extension}", document)


ODD: dict[str, Callable[[Draft], bool]] = {
    "unknown_code": lambda draft: draft.code is not None and draft.code_name is None,
    "odd_characters": lambda draft: "\ufffd" in (draft.content or ""),
    "null_date": lambda draft: draft.occurred is None,
    "case_missing": lambda draft: draft.object is not None and draft.object.name is None,
    "no_user": lambda draft: draft.actor.type == "service",
    "no_object": lambda draft: draft.object is None or draft.object.type == "service",
    "same_second": lambda draft: "of two in one second" in draft.title,
    "odd_title_case": lambda draft: all(sign in draft.title for sign in ("<", "&", '"', "]]>")),
}
"""What is odd in the log that a real one was made into, by the names that it has there."""


def test_everything_odd_is_among_the_dozen() -> None:
    page = page_of(reading_of(odd_drafts()), FORMATS["atom"]())

    drafts = [activity.draft for activity in page.activities]

    assert len(drafts) == 12
    assert {name for name, is_so in ODD.items() if any(map(is_so, drafts))} == set(ODD)


def test_everything_odd_is_what_is_odd_in_the_real_log() -> None:
    # The time bomb is none of its activities.
    assert set(expected("sample")["edge_rows"]) - {"parked_time_bomb"} == set(ODD)
