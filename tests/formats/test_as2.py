"""Activity Streams 2.0: plain JSON for those who read it so, linked data for the rest."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.formats.as2 import As2Format
from feedserver.model.activity import Draft
from feedserver.model.extension import TERMS
from feedserver.model.feed import Link
from feedserver.model.query import parse_query
from feedserver.model.vocabulary import AS2_ACTIVITIES, AS2_TYPES
from feedserver.services.reading import Reading
from tests.builders import AUTHORITY, make_draft
from tests.formats.conftest import BASE, odd_drafts, page_of, reading_of
from tests.formats.drafts import recorded_drafts
from tests.formats.golden import FOLDER
from tests.laws import examples

AS2 = As2Format()


def document_of(reading: Reading, *query: tuple[str, str]) -> Any:
    return json.loads(AS2.render(page_of(reading, AS2, parse_query(query))))


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
    assert collection["totalItems"] == len(odd_drafts())
    assert collection["first"] == f"{BASE}/all.json"
    assert not {"orderedItems", "partOf", "prev", "next"} & set(collection)


def test_a_collection_has_the_id_by_which_its_pages_name_it_however_it_was_asked_for() -> None:
    reading, asked = reading_of(odd_drafts()), [("tag", "vip"), ("limit", "0")]

    collection = AS2.render(page_of(reading, AS2, parse_query(asked), "?tag=vip&limit=0"))

    assert json.loads(collection)["id"] == f"{BASE}/tags/vip.json?limit=0"
    assert document_of(reading, ("tag", "vip"))["partOf"] == f"{BASE}/tags/vip.json?limit=0"


def test_the_pages_beside_an_archive_are_the_archives_beside_it() -> None:
    page = page_of(reading_of(odd_drafts()), AS2, parse_query([("archive", "0")]))
    beside = (Link("prev-archive", f"{BASE}/earlier"), Link("next-archive", f"{BASE}/later"))

    archive = json.loads(AS2.render(replace(page, links=page.links + beside)))

    assert (archive["next"], archive["prev"]) == (f"{BASE}/earlier", f"{BASE}/later")


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


def objects(value: Any) -> Iterator[Any]:
    """The JSON object itself, and those in it, however deep."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from objects(inner)


@given(recorded_drafts)
def test_only_registered_words_and_our_own_are_used(draft: Draft) -> None:
    (item,) = document_of(reading_of([draft]))["orderedItems"]

    assert item["crmVerb"] == draft.verb
    for each in objects(item):
        assert not {"verb", "objectType", "displayName", "title"} & set(each)
        kinds = each["type"] if isinstance(each["type"], list) else [each["type"]]
        assert kinds[0] in (AS2_ACTIVITIES if each is item else AS2_TYPES)
        assert all(":" in kind for kind in kinds[1:])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("json/*")), ids=lambda path: path.stem)
def test_every_document_says_itself_what_our_words_mean(path: Path) -> None:
    activity_streams, ours = json.loads(path.read_text(encoding="utf-8"))["@context"]

    assert activity_streams == "https://www.w3.org/ns/activitystreams"
    assert ours["fs"] == f"tag:{AUTHORITY}:ns#"
    assert {name: ours[name] for name in TERMS} == TERMS


def test_absent_is_left_out(reading: Reading) -> None:
    items = document_of(reading)["orderedItems"]

    assert all(value not in (None, [], {}) for item in items for value in item.values())
    assert "content" not in items[-3]


text = st.text(max_size=60)


@examples(2)
@given(title=text, content=st.none() | text, tags=st.lists(text, max_size=3).map(tuple))
def test_whatever_is_recorded_is_valid_json(
    title: str, content: str | None, tags: tuple[str, ...]
) -> None:
    reading = reading_of([make_draft(title=title, content=content, tags=tags)])

    assert len(document_of(reading)["orderedItems"]) == 1
