"""Filters over HTTP: whatever way one is written, it is one feed, and none is ever wrong."""

import html
import re
from typing import Any
from urllib.parse import quote

import pytest

from feedserver.formats import FORMATS
from feedserver.model.activity import Draft, Object, Product
from tests.builders import AUTHORITY, make_draft
from tests.web.conftest import BASE, Site


@pytest.fixture
def desk(site: Site) -> Site:
    """A log with a few activities that differ by their titles."""

    def make(title: str, queue: str, login: str, **further: Any) -> Draft:
        actor = Object("person", login=login)
        told = {"tags": (), "content": None, **further}
        return make_draft(title=title, queues=(queue,), actor=actor, **told)

    site.record(
        make("one", "Support", "ann", tags=("vip",)),
        make("two", "Support", "ann", tags=("noise",)),
        make("three", "Billing", "bot"),
        make("four", "Support", "bot"),
        make(
            "five",
            "Support",
            "bob",
            products=(Product("XR-20"),),
            object=Object("case", "urn:case:7", "Printer on fire", "7"),
            content="<p>The printer <b>burns</b>.</p>",
        ),
    )
    return site


def titles(site: Site, address: str) -> list[str]:
    return [item["name"] for item in site.get(address).json["orderedItems"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("filter=queue:Support and not (tag:noise or actor:bot)", ["five", "one"]),
        ("filter=tag:vip or queue:Billing", ["three", "one"]),
        ("queue=Support&filter=tag:vip or actor:bot", ["four", "one"]),
        ("filter=actor~o", ["five", "four", "three"]),
        ("number=7", ["five"]),
        ("streams=user IS bot", ["four", "three"]),
        ("streams=key IS Billing XR-20", ["five", "three"]),
        ("streams=issue-key CONTAINS 7", ["five"]),
        ("streams=key NOT Billing&streams=user NOT ann", ["five", "four"]),
        ("q=printer", ["five"]),
        ("q=BURNS the", ["five"]),
        ('q="printer burns"', ["five"]),
        ('q="burns printer"', []),
        ("q=burn", []),
        ("q=burn*", ["five"]),
        ("q=printer&-queue=Support", []),
        ("q=printer&filter=tag:vip or number:7", ["five"]),
        ("q=b>burns", []),
        ("q=printer OR fire", []),
    ],
)
def test_a_filter_finds_what_it_says(desk: Site, query: str, found: list[str]) -> None:
    assert titles(desk, f"/all.json?{quote(query, safe='=&')}") == found


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize(
    ("parameters", "expression"),
    [
        ("/all.{}?queue=Support&-tag=noise&-actor=bot",
         "queue:Support and not (tag:noise or actor:bot)"),
        ("/queues/Support.{}?tag=vip", "tag:VIP and queue:Support"),
        ("/all.{}?since=2020-01-01&until=2030-01-01", "since:2020-01-01 and until:2030-01-01"),
    ],
)  # fmt: skip
def test_however_a_filter_is_written_it_is_one_feed(
    desk: Site, parameters: str, expression: str, extension: str
) -> None:
    one = desk.get(parameters.format(extension))
    other = desk.get(f"/all.{extension}?filter={quote(expression)}")

    assert one.headers["ETag"] == other.headers["ETag"]
    # They differ in nothing but the address under which each was asked for.
    assert without_address(one) == without_address(other)
    desk.get(
        f"/all.{extension}?filter={quote(expression)}",
        304,
        if_none_match=one.headers["ETag"],
    )


def without_address(answer: Any) -> str:
    address = f"{BASE}{answer.request.path_qs}"
    written = "|".join(re.escape(each) for each in (address, html.escape(address)))
    return re.sub(f'(?:{written})(?=["<])', "", answer.text)


def test_the_same_words_in_another_order_are_one_feed(desk: Site) -> None:
    one, other = desk.get("/all.json?q=the+Printer"), desk.get("/all.json?q=printer++THE+the")

    assert one.headers["ETag"] == other.headers["ETag"]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("filter=queue:Support and", "`filter` is not complete: the end stands where a test is"),
        ("filter=queu:Support", "Did you mean `queue`?"),
        ("filter=", "`filter` is not complete"),
        ("streams=key IS", "`streams=key IS` is no filter."),
        ("streams=key FOO x", "`FOO` is no operator."),
        ("q=", "`q=`"),
        ("q=***", "`q=***`"),
        ('q="open', '`q="open`'),
        ("tag=a&-tag=A", "Nothing can pass this filter"),
        ("fliter=tag:a", "`fliter` is no parameter. Did you mean `filter`?"),
        ("maxResults=5", "`maxResults` is no parameter."),
    ],
)
def test_a_filter_that_is_wrong_is_refused(desk: Site, query: str, fault: str) -> None:
    answer = desk.get(f"/all.json?{quote(query, safe='=&')}", status=400)

    assert fault in answer.json["detail"]


def test_what_nobody_has_yet_is_told_of_a_boolean_filter_too(desk: Site) -> None:
    page = desk.get("/all.json?filter=queue:Suport+or+tag:xyz").json

    assert page["totalItems"] == 0
    assert "The queue Suport has never been seen. Did you mean Support?" in page["summary"]
    assert "The tag xyz has never been seen." in page["summary"]


@pytest.mark.parametrize(("count", "further"), [(3, ""), (5, " Nor have 2 more of its names.")])
def test_of_many_names_that_nobody_has_the_first_are_told(
    desk: Site, count: int, further: str
) -> None:
    query = "&".join(f"tag=t{number}xyz" for number in range(count))

    page = desk.get(f"/all.json?{query}").json

    assert page["summary"] == (
        "The tag t0xyz has never been seen. The tag t1xyz has never been seen. "
        f"The tag t2xyz has never been seen.{further}"
    )


def test_links_of_a_feed_carry_its_whole_filter(desk: Site) -> None:
    asked = "/queues/Support.json?limit=1&filter=tag:vip+or+number:7"

    first = desk.get(asked)
    older = desk.get(first.json["next"].removeprefix(BASE))

    assert [item["name"] for item in first.json["orderedItems"]] == ["five"]
    assert [item["name"] for item in older.json["orderedItems"]] == ["one"]


def test_the_page_shows_each_part_of_a_filter_and_leads_to_the_feed_without_it(desk: Site) -> None:
    page = desk.get(
        "/queues/Support?since=2020-01-01&q=printer&filter=tag:vip+or+number:7",
        accept="text/html",
    )

    chips = {link.text.strip(): link.attrs["href"] for link in page.html.select(".chips.active a")}
    assert chips["with “printer” ×"] == (
        "/queues/Support?since=2020-01-01T00:00:00Z&filter=tag:vip%20or%20number:7"
    )
    assert "since 2020-01-01 ×" in chips
    assert "tagged vip or with number 7 ×" in chips


def test_the_page_of_a_feed_that_nothing_is_in_leads_to_no_page_that_is_not_there(
    desk: Site,
) -> None:
    page = desk.get("/all?queue=Nightly&-tag=vip", accept="text/html").html

    links = page.select(".subscribe, .chips a, link[rel=alternate]")
    assert len(links) > 5
    for link in links:
        desk.get(link.attrs["href"])


def test_parts_of_a_filter_are_called_what_people_call_them(site: Site) -> None:
    site.record(make_draft(actor=Object("person", name="Ann Example", login="ann")))

    page = site.get("/actors/ann?tag=vip", accept="text/html")

    chips = [link.text.strip() for link in page.html.select(".chips.active a")]
    assert chips == ["vip ×", "Ann Example ×"]


def test_the_page_searches_in_its_own_stream(desk: Site) -> None:
    page = desk.get("/queues/Support?q=fire", accept="text/html")
    form = page.forms[0]
    form["q"] = "printer"

    found = form.submit(headers={"Accept": "text/html"})

    assert found.html.h1.text == "Activities in queue Support with “printer”"
    assert "five" in found.text
    assert "three" not in found.text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("q=xyzzy", "No entry has “xyzzy”."),
        ("q=printer&tag=vip", "No entry has “printer” here. Of all entries 1 have “printer”."),
        (
            "q=one four xyz*",
            (
                "No entry here has all of “four”, “one”, “xyz…”. "
                "Of all entries 1 have “four”, 1 have “one”, 0 have “xyz…”."
            ),
        ),
    ],
)
def test_words_that_nothing_has_are_told_with_how_often_there_is_each(
    desk: Site, query: str, told: str
) -> None:
    address = f"/all.json?{quote(query, safe='=&')}"
    before = desk.get(address)

    assert before.json["summary"] == told
    desk.record(make_draft(title="one four xyzzy printer", tags=("vip",)))
    assert "summary" not in desk.get(address, if_none_match=before.headers["ETag"]).json


def test_part_of_a_name_is_looked_for_in_names_and_not_in_ids(desk: Site) -> None:
    desk.record(make_draft(title="six", actor=Object("person", f"tag:{AUTHORITY}:crm/user/1")))

    page = desk.get("/all.json?filter=actor~crm").json

    assert page["totalItems"] == 0
    assert page["summary"] == "No actor with “crm” in its name has been seen."
    assert "summary" not in desk.get("/all.json?filter=actor~NN").json


def test_however_its_accents_are_encoded_a_name_is_one(desk: Site) -> None:
    composed, decomposed = "Caf\xe9", "Cafe\u0301"
    for number, name in enumerate((composed, decomposed)):
        desk.record(make_draft(title=f"c{number}", queues=(name,), tags=(name.upper(),)))

    for name in (composed, decomposed):
        for filter in (f"queue={quote(name)}", f"tag={quote(name)}", f"filter=queue~{quote(name)}"):
            assert titles(desk, f"/all.json?{filter}") == ["c1", "c0"], filter
    assert "/queues/Caf%C3%A9." in desk.get(f"/all.json?queue={quote(decomposed)}").json["partOf"]
