"""Activity Streams 2.0: plain JSON for those who read it so, linked data for the rest."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from feedserver.formats.as2 import As2Format
from feedserver.model.query import parse_query
from feedserver.services.reading import Reading
from tests.builders import make_draft
from tests.formats.conftest import BASE, odd_drafts, page_of, reading_of
from tests.formats.golden import assert_golden

AS2 = As2Format()


def document_of(reading: Reading, *query: tuple[str, str]) -> Any:
    return json.loads(AS2.render(page_of(reading, AS2, parse_query(query))))


def test_the_page_is_as_the_golden_file_has_it(reading: Reading) -> None:
    assert_golden("odd.json", AS2.render(page_of(reading, AS2)))


def test_an_activity_alone_is_as_the_golden_file_has_it(reading: Reading) -> None:
    page = page_of(reading, AS2)

    assert_golden("activity.json", AS2.render_activity(page.activities[-1], page))


def test_a_page_tells_of_its_collection(reading: Reading) -> None:
    page = document_of(reading, ("limit", "2"))

    assert page["type"] == "OrderedCollectionPage"
    assert page["partOf"] == f"{BASE}/all.json?limit=0"
    assert page["totalItems"] == len(odd_drafts())
    assert len(page["orderedItems"]) == 2
    assert page["next"].startswith(f"{BASE}/all.json?limit=2&before=")


def test_limit_0_is_the_collection(reading: Reading) -> None:
    collection = document_of(reading, ("limit", "0"))

    assert collection["type"] == "OrderedCollection"
    assert collection["first"] == f"{BASE}/all.json"
    assert "orderedItems" not in collection


def test_what_happened_is_carried_with_registered_types_and_our_own(reading: Reading) -> None:
    dispatched = document_of(reading)["orderedItems"][-2]

    assert dispatched["type"] == ["Move", "fs:Dispatch"]
    assert dispatched["crmVerb"] == "dispatch"
    assert dispatched["object"]["type"] == ["Page", "fs:Case"]
    assert dispatched["object"]["number"] == "1234"
    assert dispatched["target"]["name"] == "Support"
    assert dispatched["queue"] == ["Support"]
    assert dispatched["occurred"] == "2026-05-08T10:02:00Z"
    assert not {"verb", "title", "displayName", "objectType"} & set(dispatched)


def test_absent_is_left_out(reading: Reading) -> None:
    items = document_of(reading)["orderedItems"]

    assert all(value not in (None, [], {}) for item in items for value in item.values())
    assert "content" not in items[-3]


text = st.text(max_size=60)


@settings(max_examples=100)
@given(title=text, content=st.none() | text, tags=st.lists(text, max_size=3).map(tuple))
def test_whatever_is_recorded_is_valid_json(
    title: str, content: str | None, tags: tuple[str, ...]
) -> None:
    reading = reading_of([make_draft(title=title, content=content, tags=tags)])

    assert len(document_of(reading)["orderedItems"]) == 1
