"""`/feeds.opml`: the directory as a list to import, and what was chosen of it."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree

from feedserver.assembly import assemble_around
from feedserver.formats import FORMATS
from feedserver.model.activity import Object, Product
from feedserver.model.addresses import feed_path
from feedserver.model.filter import make_filter
from feedserver.stores.memory import MemoryGrants
from tests.builders import make_draft
from tests.web.conftest import BASE, Site
from tests.web.test_access import basic
from tests.web.test_feeds import HOSTILE

KINDS = ("queues", "products", "customers", "tags", "actors")


@pytest.fixture(params=["none", "passes", "strips"])
def proxy(request: pytest.FixtureRequest) -> str:
    """Every test runs under a path, too."""
    return str(request.param)


def outlines(answer: Any) -> list[dict[str, str]]:
    """The feeds of the list, in its order, whatever they stand under."""
    return [
        dict(outline.attrib)
        for outline in etree.fromstring(answer.body).iter("outline")
        if "xmlUrl" in outline.attrib
    ]


def texts(answer: Any) -> list[str]:
    return [outline["text"] for outline in outlines(answer)]


def feeds(answer: Any) -> list[str]:
    return [outline["xmlUrl"].removeprefix(BASE) for outline in outlines(answer)]


class TestTheDirectory:
    """Without parameters it is all of it."""

    def test_it_has_the_feeds_of_the_directory_under_their_kinds(self, site: Site) -> None:
        site.record(
            *(
                make_draft(
                    queues=(name,),
                    products=(Product(name),),
                    tags=(name,),
                    customer=Object("organization", None, name),
                    actor=Object("person", f"urn:x:{number}", "Ann Example", login=name),
                )
                for number, name in enumerate(HOSTILE)
            )
        )
        directory = site.get("/feeds.json").json

        answer = site.get("/feeds.opml")

        body = etree.fromstring(answer.body).find("body")
        assert body is not None
        first, *groups = body
        assert first.get("text") == "Everything"
        assert first.get("xmlUrl") == f"{BASE}/all.atom"
        assert first.get("htmlUrl") == f"{BASE}/all"
        assert [group.get("text") for group in groups] == [kind.capitalize() for kind in KINDS]
        for kind, group in zip(KINDS, groups, strict=True):
            told = {(each.get("xmlUrl"), each.get("htmlUrl")) for each in group}
            assert told == {(entry["atom"], entry["html"]) for entry in directory[kind]}

    def test_every_address_in_it_is_of_a_feed_that_has_entries(self, site: Site) -> None:
        site.record(*(make_draft(queues=(name,), tags=(name,)) for name in HOSTILE))

        for outline in outlines(site.get("/feeds.opml")):
            feed = site.get(outline["xmlUrl"])
            assert feed.content_type == "application/atom+xml"
            title = etree.fromstring(feed.body).findtext("{*}title")
            assert (outline["title"], "<entry>" in feed.text) == (title, True)
            assert site.get(outline["htmlUrl"], accept="text/html").content_type == "text/html"

    def test_people_of_one_name_are_told_apart(self, site: Site) -> None:
        for login in ("ann", "ann2"):
            site.record(make_draft(actor=Object("person", None, "Ann Example", login=login)))

        assert texts(site.get("/feeds.opml"))[-2:] == ["Ann Example (ann)", "Ann Example (ann2)"]

    def test_who_has_a_login_and_an_id_elsewhere_stands_there_once(self, site: Site) -> None:
        ann = Object("person", "https://example.com/ann", "Ann Example", login="ann")
        site.record(make_draft(actor=ann), make_draft(actor=ann))
        site.record(make_draft(actor=Object("person", "https://example.com/bo", "Bo")))

        told = [entry["name"] for entry in site.get("/feeds.json").json["actors"]]

        assert told == ["ann", "https://example.com/bo"]

    def test_names_stand_in_an_order_that_what_happens_does_not_change(self, site: Site) -> None:
        site.record_some(1, queues=("b",))
        site.record_some(2, queues=("C",))
        site.record_some(3, queues=("a",))

        assert [text for text in texts(site.get("/feeds.opml")) if len(text) == 1] == [*"abC"]

    def test_kinds_of_which_nothing_is_there_are_left_out(self, site: Site) -> None:
        answer = site.get("/feeds.opml")

        assert texts(answer) == ["Everything"]
        assert len(list(etree.fromstring(answer.body).iter("outline"))) == 1

    def test_it_is_dated_by_the_newest_entry_and_never_by_the_clock(self, site: Site) -> None:
        empty = site.get("/feeds.opml").text
        site.record_some(1)
        first = site.get("/feeds.opml")
        site.clock.advance(3600)

        assert site.get("/feeds.opml").body == first.body
        assert "<dateModified>Fri, 08 May 2026 12:00:00 GMT<" in empty
        assert "<dateModified>Fri, 08 May 2026 12:01:00 GMT<" in first.text

    def test_it_tells_whose_it_is(self, site: Site) -> None:
        settings = replace(site.server.settings, title="Desk & Co")
        site.use(assemble_around(site.server.log, settings, site.clock))

        head = etree.fromstring(site.get("/feeds.opml").body).find("head")

        assert head is not None
        assert head.findtext("title") == "Feeds of Desk & Co"
        assert head.findtext("ownerName") == "Desk & Co"

    def test_it_is_polled_like_a_feed(self, site: Site) -> None:
        site.record_some(1)
        first = site.get("/feeds.opml")

        assert first.headers["Content-Type"] == "text/x-opml; charset=utf-8"
        assert site.get("/feeds.opml", 304, if_none_match=first.headers["ETag"]).body == b""
        packed = site.get("/feeds.opml", accept_encoding="gzip")
        assert packed.headers["ETag"] == first.headers["ETag"][:-1] + '-gzip"'
        site.record_some(1)
        site.get("/feeds.opml", 200, if_none_match=first.headers["ETag"])


class TestASelection:
    """With parameters it is a feed for each name that was chosen."""

    def test_each_name_is_a_feed_in_the_order_asked(self, site: Site) -> None:
        site.record_some(1, queues=("Support", "Billing"), tags=("VIP",))

        answer = site.get("/feeds.opml?tag=vip&queue=Support&queue=Billing&queue=Support")

        assert feeds(answer) == [
            "/tags/vip.atom",
            "/queues/Support.atom",
            "/queues/Billing.atom",
        ]
        assert texts(answer) == [
            "Activities tagged VIP",
            "Activities in queue Support",
            "Activities in queue Billing",
        ]

    def test_every_other_part_of_the_filter_narrows_each_of_them(self, site: Site) -> None:
        site.record_some(1, queues=("Support", "Billing"))
        rest = "verb=close&verb=reopen&type=case&since=2026-05-08&-tag=noise"

        answer = site.get(f"/feeds.opml?queue=Support&{rest}&queue=Billing&utm_source=x")

        narrowed = "verb=close&verb=reopen&type=case&-tag=noise&since=2026-05-08T00:00:00Z"
        assert feeds(answer) == [
            f"/queues/Support.atom?{narrowed}",
            f"/queues/Billing.atom?{narrowed}",
        ]

    def test_a_filter_without_a_name_is_a_feed_of_its_own(self, site: Site) -> None:
        answer = site.get("/feeds.opml?verb=close&-queue=Billing")

        assert texts(answer) == ["Activities with verb close, not in queue Billing"]
        assert feeds(answer) == ["/all.atom?verb=close&-queue=Billing"]

    def test_a_name_that_nothing_has_yet_is_listed_by_an_address_that_works(
        self, site: Site
    ) -> None:
        site.record_some(1)

        answer = site.get("/feeds.opml?queue=Suport&queue=Support")

        assert feeds(answer) == ["/all.atom?queue=Suport", "/queues/Support.atom"]
        for address in feeds(answer):
            site.get(address)

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("queu=Support", "`queu` is no parameter. Did you mean `queue`?"),
            ("queue=", "`queue=` has no value."),
            ("queue=Support&since=yesterday", "`since=yesterday` is no date."),
            ("limit=5", "`limit` has no meaning in a list of feeds. Leave it out."),
            ("queue=Support&after=", "`after` has no meaning in a list of feeds."),
            ("archive=0", "`archive` has no meaning in a list of feeds."),
            ("before=x", "`before` has no meaning in a list of feeds."),
        ],
    )
    def test_what_is_wrong_is_refused(self, site: Site, query: str, sentence: str) -> None:
        assert sentence in site.get(f"/feeds.opml?{query}", 400).json["detail"]

    def test_as_many_names_as_a_filter_may_have_are_listed(self, site: Site) -> None:
        names = [f"q{number}" for number in range(200)]
        query = "&".join(f"queue={name}" for name in names)

        assert len(outlines(site.get(f"/feeds.opml?{query}"))) == 200
        site.get(f"/feeds.opml?{query}&queue=more", 400)

    @pytest.mark.parametrize("name", HOSTILE)
    def test_any_name_can_be_chosen(self, site: Site, name: str) -> None:
        site.record_some(1, queues=(name,))

        answer = site.get(f"/feeds.opml?queue={quote(name, safe='')}")

        assert feeds(answer) == [feed_path(make_filter([("queue", False, name)]), "atom")]
        assert texts(answer) == [f"Activities in queue {name}"]


class TestTheDirectoryPage:
    """A person comes to the list by it."""

    def test_it_names_the_list_to_programs_and_people(self, site: Site) -> None:
        for address in ("/feeds", "/queues"):
            page = site.get(address, accept="text/html").text
            assert (
                '<link rel="outline" type="text/x-opml" title="Every feed (OPML)" '
                'href="/feeds.opml">'
            ) in page

    def test_what_was_ticked_is_what_the_list_has(self, site: Site) -> None:
        site.record(*(make_draft(queues=(name,)) for name in HOSTILE))
        form = site.get("/queues", accept="text/html").forms["choose"]
        ticked = ("a&b=c", "C++", "%2F", "日本", "'quoted' \"twice\"")
        for field in form.fields["queue"]:
            field.checked = field._value in ticked

        answer = form.submit()

        assert sorted(texts(answer)) == sorted(f"Activities in queue {name}" for name in ticked)

    def test_nothing_ticked_is_everything(self, site: Site) -> None:
        site.record_some(1)

        answer = site.get("/feeds", accept="text/html").forms["choose"].submit()

        assert answer.body == site.get("/feeds.opml").body

    def test_what_was_ticked_of_one_kind_is_also_one_feed(self, site: Site) -> None:
        drafts = [*site.record_some(1, queues=("a",)), *site.record_some(1, queues=("b",))]
        site.record_some(1, queues=("c",))
        page = site.get("/queues", accept="text/html")

        query = "queue=a&queue=b"
        (feed,) = re.findall(r'formaction="([^"]*\.atom)"', page.text)

        assert re.findall(r"<entry><id>([^<]*)", site.get(f"{feed}?{query}").text) == [
            draft.id for draft in reversed(drafts)
        ]
        assert "formaction" not in site.get("/feeds", accept="text/html").text


def test_a_token_is_never_in_the_list(site: Site) -> None:
    settings = replace(site.server.settings, reading="private")
    site.use(assemble_around(site.server.log, settings, site.clock, grants=MemoryGrants()))
    site.record_some(1)
    token = site.grant()

    for authorization in (f"Bearer {token}", basic("ann", token), basic(token, "")):
        for address in ("/feeds.opml", "/feeds.opml?queue=Support"):
            answer = site.get(address, authorization=authorization)
            assert token not in answer.text
            assert "@" not in answer.text
            assert answer.headers["Cache-Control"] == "no-cache, private"
    site.get("/feeds.opml", 401)


def test_every_format_of_a_feed_in_the_list_is_found_from_its_page(site: Site) -> None:
    site.record_some(1)
    (outline,) = outlines(site.get("/feeds.opml?queue=Support"))

    page = site.get(outline["htmlUrl"], accept="text/html").text

    for extension in FORMATS:
        assert f'href="/queues/Support.{extension}">' in page


def test_a_list_that_would_take_long_to_write_is_refused(site: Site) -> None:
    names = "&".join(f"tag={number}" for number in range(150))
    long = "%20or%20".join(f"customer~{'x' * 20}{number}" for number in range(40))

    answer = site.get(f"/feeds.opml?{names}&filter={long}", 400)

    assert "too long for a list of 150 feeds. Ask for fewer at once." in answer.text
    site.get(f"/feeds.opml?tag=1&tag=2&filter={long}")
    site.get(f"/feeds.opml?{names}&-tag=noise")
