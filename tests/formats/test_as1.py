"""Activity Streams 1.0: what its specification asks for, and what those who read it look at."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from feedserver.markup import text_of
from feedserver.model.activity import Draft, Object
from feedserver.model.query import parse_query
from feedserver.model.vocabulary import AS1_TYPES, AS1_VERBS
from feedserver.services.reading import Reading
from tests.builders import make_draft
from tests.formats.conftest import BASE, odd_drafts, page_of, reading_of
from tests.formats.drafts import recorded_drafts
from tests.formats.exchange import WRITTEN

AS1 = WRITTEN["as1"]
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SIMPLE_NAME = re.compile(r"(?:[\w!$&'()*+,;=@.~-]|%[0-9A-Fa-f]{2})+")  # isegment-nz-nc
IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


def document_of(reading: Reading, *query: tuple[str, str]) -> Any:
    return json.loads(AS1.render(page_of(reading, AS1, parse_query(query))))


def item_of(draft: Draft) -> Any:
    (item,) = document_of(reading_of([draft]))["items"]
    return item


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """Every member of the value, however deep, with its name."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield name, member
            yield from members(member)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


def test_a_page_is_a_collection_that_tells_of_itself_and_the_next(reading: Reading) -> None:
    page = document_of(reading, ("limit", "2"))

    assert page["objectType"] == "collection"
    assert page["displayName"] == "Everything"
    assert page["url"] == f"{BASE}/all.as1"
    assert page["totalItems"] == len(odd_drafts())
    assert [item["id"] for item in page["items"]] == [draft.id for draft in odd_drafts()[:-3:-1]]
    assert page["next"].startswith(f"{BASE}/all.as1?limit=2&before=")
    links = {link["rel"]: link for link in page["links"]}
    assert links["self"] == {
        "rel": "self",
        "href": f"{BASE}/all.as1",
        "type": "application/stream+json",
    }
    assert links["next"]["href"] == page["next"]
    assert links["alternate"]["type"] == "text/html"


@pytest.mark.parametrize("query", [[("queue", "nobody")], [("limit", "0")]])
def test_a_page_without_entries_has_an_empty_array_of_them(query: list[tuple[str, str]]) -> None:
    page = document_of(reading_of(odd_drafts()), *query)

    assert page["items"] == []
    assert "next" not in page


def test_a_page_that_goes_forward_always_tells_the_next() -> None:
    for recorded in ([], odd_drafts()):
        page = document_of(reading_of(recorded), ("after", ""))

        assert [item["id"] for item in page["items"]] == [draft.id for draft in recorded]
        assert page["next"].startswith(f"{BASE}/all.as1?after=")


@given(recorded_drafts)
def test_an_activity_has_what_the_specification_requires(draft: Draft) -> None:
    item = item_of(draft)

    assert isinstance(item["actor"], dict)
    assert isinstance(item["actor"]["displayName"], str)
    assert all(DATE.fullmatch(item[name]) for name in ("published", "updated", "recorded"))
    assert IRI.fullmatch(item["id"])
    assert IRI.fullmatch(item["url"])
    for name, value in members(item):
        assert value not in (None, [])
        if name in ("verb", "objectType"):
            assert SIMPLE_NAME.fullmatch(value) or IRI.fullmatch(value)
    assert not {"type", "name", "@context"} & {name for name, _ in members(item)}


@given(recorded_drafts)
def test_titles_are_html_and_names_are_plain(draft: Draft) -> None:
    item = item_of(draft)

    assert " ".join(text_of(item["title"]).split()) == " ".join(draft.title.split())
    assert "<" not in item["title"]
    assert item["actor"]["displayName"] == draft.actor.name
    assert item.get("content") == draft.content


TABLE = """
create       create   Create
dispatch     assign   Move
accept       accept   Accept
assign       assign   Add
forward      assign   Move
yank         assign   Move
reject       reject   Reject
change-status update  Update
log          append   Add
phone        append   Add
research     append   Add
commit       schedule Create
email-in     receive  Create
email-out    send     Create
attach       attach   Add
detach       remove   Remove
link         tie      Add
unlink       remove   Remove
close        close    Update
reopen       open     Update
update       update   Update
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines())
def test_the_crms_verbs_become_those_that_come_nearest(row: str) -> None:
    verb, as1, as2 = row.split()
    reading = reading_of([make_draft(verb=verb)])

    (in_as1,) = document_of(reading)["items"]
    page = page_of(reading, WRITTEN["as2"])
    in_as2 = json.loads(WRITTEN["as2"].render_activity(page.activities[0], page))

    assert (in_as1["verb"], in_as1["crmVerb"]) == (as1, verb)
    types = in_as2["type"] if isinstance(in_as2["type"], list) else [in_as2["type"]]
    assert (types[0], in_as2["crmVerb"]) == (as2, verb)
    assert as1 in AS1_VERBS


def test_a_type_of_the_crm_stands_beside_the_registered_one() -> None:
    item = item_of(make_draft())

    assert item["object"]["objectType"] == "issue"
    assert item["object"]["crmType"] == "case"
    assert item["object"]["number"] == "1234"
    assert item["actor"]["objectType"] == "person"
    assert "crmType" not in item["actor"]
    assert {item["object"]["objectType"], item["target"]["objectType"]} <= AS1_TYPES


@pytest.mark.parametrize("number", range(2))
def test_what_nobody_knows_is_not_said(number: int) -> None:
    bare = make_draft(
        actor=Object("object", None, "Somebody"),
        object=None,
        target=None,
        occurred=None,
        content=None,
        queues=(),
        products=(),
        tags=(),
        customer=None,
        code=None,
        code_name=None,
    )
    bare = replace(bare, url=["https://example.org/7", None][number])

    item = item_of(bare)

    assert set(item) == {"id", "verb", "title", "published", "updated", "actor", "url"} | {
        "recorded",
        "sourceName",
        "crmVerb",
    }
    assert item["actor"] == {"displayName": "Somebody"}
    assert item["url"].startswith(bare.url or f"{BASE}/activities/")
