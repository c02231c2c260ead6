"""Feeds are found from each page, as a reader finds them that is given a page's address."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import feedparser
import pytest
from lxml import html

from feedserver.formats import FORMATS
from feedserver.model.activity import Object
from feedserver.model.addresses import activity_path
from feedserver.web.negotiation import format_of
from tests.builders import make_draft
from tests.web.conftest import Site

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TITLES = [format_of(extension).title for extension in FORMATS]


@pytest.fixture(params=["none", "passes", "strips"])
def proxy(request: pytest.FixtureRequest) -> str:
    """Every test runs under a path, too."""
    return str(request.param)


class Found(NamedTuple):
    """A link of a page to a feed."""

    title: str
    type: str
    address: str


def found(answer: Any) -> list[Found]:
    """What a page tells readers, in its order."""
    links = feedparser.parse(answer.body).feed.get("links", [])
    assert all(link["title"] for link in links if link["rel"] == "alternate")
    return [
        Found(link["title"], link["type"], link["href"])
        for link in links
        if link["rel"] == "alternate"
    ]


def ids(answer: Any) -> Sequence[str]:
    return [item["id"] for item in answer.json["orderedItems"]]


@pytest.mark.parametrize(
    ("address", "feeds", "title"),
    [
        ("/", "/all.{}", "Everything"),
        ("/all", "/all.{}", "Everything"),
        ("/queues/Support", "/queues/Support.{}", "Activities in queue Support"),
        ("/tags/VIP", "/tags/vip.{}", "Activities tagged vip"),
        (
            "/queues/Support?-tag=noise&tag=vip",
            "/all.{}?queue=Support&tag=vip&-tag=noise",
            "Activities in queue Support tagged vip, not tagged noise",
        ),
        (
            "/all?queue=Billing/EMEA&limit=1",
            "/all.{}?queue=Billing%2FEMEA",
            "Activities in queue Billing/EMEA",
        ),
        ("/all?queue=Suport", "/all.{}?queue=Suport", "Activities in queue Suport"),
        ("/feeds", "/all.{}", "Everything"),
        ("/queues", "/all.{}", "Everything"),
        ("/products", "/all.{}", "Everything"),
    ],
)
def test_a_page_tells_the_feed_of_what_it_shows_in_every_format(
    site: Site, address: str, feeds: str, title: str
) -> None:
    site.record_some(1, queues=("Support", "Billing/EMEA"))

    links = found(site.get(address, accept=BROWSER))

    assert links == [
        Found(
            f"{title} ({format_of(extension).title})",
            site.get(feeds.format(extension)).content_type,
            feeds.format(extension),
        )
        for extension in FORMATS
    ]


def test_a_page_farther_back_tells_the_feed_and_not_its_own_address(site: Site) -> None:
    site.record_some(3)
    older = site.get("/queues/Support.json?limit=1").json["next"].replace(".json", "")

    links = found(site.get(older, accept=BROWSER))

    assert links == found(site.get("/queues/Support", accept=BROWSER))


@pytest.mark.parametrize("address", ["/nope", "/queues/Suport", "/all?queu=Support"])
def test_a_page_that_tells_of_an_error_leads_to_everything(site: Site, address: str) -> None:
    site.record_some(1)

    answer = site.app.get(address, headers={"Accept": BROWSER}, expect_errors=True)

    assert answer.status_code >= 400
    assert found(answer) == found(site.get("/", accept=BROWSER))


def test_an_entry_tells_what_follows_on_its_object_before_itself(site: Site) -> None:
    first, second = site.record_some(2)
    site.record_some(1, object=Object("case", "urn:x:2", "Other", "2"))

    links = found(site.get(activity_path(first.id), accept=BROWSER))

    count = len(FORMATS)
    assert [link.title for link in links] == [
        *(f"Everything on case 1234 ({title})" for title in TITLES),
        *(f"This entry alone ({title})" for title in TITLES),
    ]
    for link in links:
        assert site.get(link.address).content_type == link.type
    by_type = {link.type: link.address for link in links[:count]}
    assert ids(site.get(by_type["application/activity+json"])) == [second.id, first.id]
    alone = {link.type: link.address for link in links[count:]}
    assert site.get(alone["application/activity+json"]).json["id"] == first.id


def test_an_entry_without_an_object_tells_itself(site: Site) -> None:
    draft = make_draft(object=None)
    site.record(draft)

    links = found(site.get(activity_path(draft.id), accept=BROWSER))

    assert [link.title for link in links] == [f"This entry alone ({title})" for title in TITLES]


def test_a_name_is_no_markup_in_a_title(site: Site) -> None:
    site.record(make_draft(queues=('"><script>',)))

    page = html.fromstring(site.get('/all?queue="><script>', accept=BROWSER).body)

    assert page.xpath('//head/link[@rel="alternate"]/@title') == [
        f'Activities in queue "><script> ({title})' for title in TITLES
    ]
