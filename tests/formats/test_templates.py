"""Entries of Atom and RSS are, to the byte, what feedgen and lxml would write."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedserver.formats import FORMATS
from feedserver.formats.elements import escaped, quoted
from feedserver.model.activity import Activity, Draft
from feedserver.model.dates import Dates
from feedserver.model.feed import Page, Removal
from feedserver.model.query import parse_query
from feedserver.ports import Format
from tests.formats.conftest import changed_log, odd_drafts, page_of, reading_of
from tests.formats.drafts import dates, foreign_ids, recorded_drafts, texts
from tests.formats.reference import atom_entry, rss_item

REFERENCES: dict[str, Callable[[Activity | Removal, Page], bytes]] = {
    "atom": atom_entry,
    "rss": rss_item,
}
XML = pytest.mark.parametrize("extension", REFERENCES)
PAGES = {name: page_of(reading_of([]), FORMATS[name]()) for name in FORMATS}

recorded = st.builds(
    Activity,
    st.just(1),
    recorded_drafts,
    st.builds(Dates, dates, dates, dates, dates.map(lambda date: date.replace(microsecond=0))),
)
removals = st.builds(Removal, foreign_ids, dates, st.booleans())


@XML
@given(activity=recorded)
def test_an_activity_is_written_as_the_reference_has_it(extension: str, activity: Activity) -> None:
    page = PAGES[extension]

    written = FORMATS[extension]().entry(activity, page).body

    assert written.decode() == REFERENCES[extension](activity, page).decode()


@XML
@given(removal=removals)
def test_a_removal_is_written_as_the_reference_has_it(extension: str, removal: Removal) -> None:
    page = PAGES[extension]

    written = FORMATS[extension]().entry(removal, page).body

    assert written.decode() == REFERENCES[extension](removal, page).decode()


@XML
def test_what_is_odd_is_written_as_the_reference_has_it(extension: str) -> None:
    format = FORMATS[extension]()
    page = page_of(changed_log(), format, parse_query([("tag", "vip")]))
    all_of_them = page_of(reading_of(odd_drafts()), format)

    for entry in (*page.entries, *all_of_them.entries):
        assert format.entry(entry, page).body.decode() == (
            REFERENCES[extension](entry, page).decode()
        )


@given(texts | st.text(st.sampled_from("&<>\"'\r\n\t ;#amp]x\u2028é\U0001f525")))
def test_text_is_escaped_as_lxml_does_it(text: str) -> None:
    text = "".join(sign for sign in text if sign in "\t\n\r" or is_allowed(sign))
    element = etree.Element("e", a=text)
    element.text = text

    written = etree.tostring(element, encoding="UTF-8", xml_declaration=False).decode()

    inner = f">{escaped(text)}</e>"
    assert written == f"<e a={quoted(text)}{inner}"
    assert etree.fromstring(written).text == (text or None)
    assert etree.fromstring(written).get("a") == text


def is_allowed(sign: str) -> bool:
    return "\x20" <= sign < "\ud800" or "\ue000" <= sign < "\ufffe" or sign > "\uffff"


@pytest.mark.parametrize("extension", list(FORMATS))
@given(drafts=st.lists(recorded_drafts, max_size=3, unique_by=lambda draft: draft.id))
def test_an_entry_depends_on_nothing_else_of_its_page(extension: str, drafts: list[Draft]) -> None:
    format = FORMATS[extension]()
    page = page_of(reading_of(drafts), format)
    other = page_of(reading_of([]), format, parse_query([("tag", "x"), ("limit", "3")]), "?tag=x")
    other = replace(other, server="Another name", address="http://elsewhere.example/", links=())

    for entry in page.entries:
        assert format.entry(entry, page) == format.entry(entry, other)


@pytest.mark.parametrize("extension", list(FORMATS))
def test_a_page_is_its_entries_joined(extension: str) -> None:
    format: Format = FORMATS[extension]()
    page = page_of(changed_log(), format, parse_query([("tag", "vip")]))
    entries = [format.entry(entry, page) for entry in page.entries]

    joined = format.join(replace(page, entries=()), entries)

    assert joined == format.render(page)
    assert any(entry.is_removal for entry in entries)
    assert all(entry.body in joined for entry in entries)


@pytest.mark.parametrize("extension", ["json", "as1", "jsonfeed"])
@given(drafts=st.lists(recorded_drafts, max_size=3, unique_by=lambda draft: draft.id))
def test_joined_json_is_what_would_be_written_in_one_go(
    extension: str, drafts: list[Draft]
) -> None:
    format = FORMATS[extension]()

    document = format.render(page_of(reading_of(drafts), format)).decode()

    again = json.dumps(json.loads(document), ensure_ascii=False, separators=(",", ":"))
    assert document == again + "\n"
