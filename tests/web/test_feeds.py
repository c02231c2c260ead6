"""Feeds by their addresses: filters, names, pages, cursors, errors."""

import html
import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import feedparser
import pytest

from feedserver.assembly import assemble_around
from feedserver.formats import FORMATS
from feedserver.model.activity import Object, Product
from feedserver.model.addresses import feed_path
from feedserver.model.filter import make_filter
from tests.builders import make_draft
from tests.web.conftest import BASE, Site

HOSTILE = (
    "Billing/EMEA",
    "v2.json",
    "v2.atom",
    "v2.rss",
    "Node.js",
    "50% off",
    "100%",
    "%2F",
    "..",
    ".",
    ".hidden",
    "../../etc/passwd",
    "a\\b",
    "C++",
    "a&b=c",
    "x;y",
    "#1",
    "what?",
    "a b",
    "-minus",
    "'quoted' \"twice\"",
    "<b>bold</b>",
    "]]>",
    "ünïcödé",
    "日本",
    "🔧",
    "all",
    "tag:x,2026:y",
    "http://host//path",
    "long " + "x" * 200,
)


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer.json["orderedItems"]]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("field", ["queue", "product", "tag", "customer", "actor"])
def test_a_name_as_it_comes_reaches_its_feed_by_every_link(
    site: Site, field: str, name: str
) -> None:
    members: dict[str, dict[str, Any]] = {
        "queue": {"queues": (name,)},
        "product": {"products": (Product(name),)},
        "tag": {"tags": (name,)},
        "customer": {"customer": Object("organization", None, name)},
        "actor": {"actor": Object("person", "urn:x:1", "Ann Example", login=name)},
    }
    draft = make_draft(**members[field])
    site.record(draft, make_draft(queues=("Other",), tags=(), products=()))
    filter = make_filter([(field, False, name)])

    page = site.get("/", accept="text/html").text
    assert field == "actor" or feed_path(filter) in hrefs(page)
    assert feed_path(filter, "atom") in hrefs(site.get(feed_path(filter), accept="text/html").text)
    assert ids(site.get(feed_path(filter, "json"))) == [draft.id]
    assert site.get(feed_path(filter, "json")).json["id"] == BASE + feed_path(filter, "json")
    entries = feedparser.parse(site.get(feed_path(filter, "atom")).body).entries
    assert [entry.id for entry in entries] == [draft.id]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_path_holds_what_a_proxy_would_change(name: str) -> None:
    path = urlsplit(feed_path(make_filter([("queue", False, name)]), "atom")).path

    assert not re.search("%2F|%5C|%25|%3B|//|/\\.|/-", path, re.IGNORECASE)


def hrefs(page: str) -> set[str]:
    return {html.unescape(address) for address in re.findall(r'href="([^"]*)"', page)}


def test_every_link_of_the_directory_leads_to_the_count_it_tells(site: Site) -> None:
    site.record(*(make_draft(queues=(name,), tags=(name,)) for name in HOSTILE))

    directory = site.get("/feeds.json").json

    assert {entry["name"] for entry in directory["queues"]} == set(HOSTILE)
    for entries in directory.values():
        for entry in entries:
            answer = site.get(entry["json"])
            assert answer.json["totalItems"] == entry["count"] > 0


def test_filters_combine_and_exclude(site: Site) -> None:
    a = make_draft(queues=("Support",), tags=("vip",), verb="log")
    b = make_draft(queues=("Support",), tags=(), verb="close")
    c = make_draft(queues=("Billing",), tags=("VIP", "noise"), verb="log")
    site.record(a, b, c)

    assert ids(site.get("/queues/Support.json")) == [b.id, a.id]
    assert ids(site.get("/all.json?tag=Vip")) == [c.id, a.id]
    assert ids(site.get("/all.json?tag=vip&-tag=noise")) == [a.id]
    assert ids(site.get("/all.json?queue=Support&queue=Billing&verb=log")) == [c.id, a.id]
    assert ids(site.get("/tags/VIP.json?queue=Support")) == [a.id]
    assert ids(site.get("/all.json?-verb=log")) == [b.id]


def test_since_and_until_are_the_true_time(site: Site) -> None:
    drafts = site.record_some(5)
    moments = [draft.occurred for draft in drafts]
    assert moments[1] is not None
    assert moments[3] is not None

    found = site.get(
        f"/all.json?since={moments[1]:%Y-%m-%dT%H:%M:%SZ}&until={moments[3]:%Y-%m-%dT%H:%M:%SZ}"
    )

    assert ids(found) == [drafts[2].id, drafts[1].id]


def test_pages_back_hold_every_entry_once(site: Site) -> None:
    drafts = site.record_some(25)
    seen: list[str] = []
    address = "/all.json?limit=10"
    while address:
        page = site.get(address)
        seen += ids(page)
        site.record_some(1)  # what comes meanwhile shifts nothing
        address = page.json.get("next")

    assert seen == [draft.id for draft in reversed(drafts)]


def test_a_cursor_reader_sees_every_entry_once_in_order_and_polls_on(site: Site) -> None:
    drafts = site.record_some(7)
    seen: list[str] = []
    address = "/all.json?limit=3&after="
    for round in range(8):
        page = site.get(address)
        seen += ids(page)
        address = page.json["next"]
        assert f'<{address}>; rel="next"' in page.headers["Link"]
        if round == 4:
            drafts += site.record_some(2)

    assert seen == [draft.id for draft in drafts]


def test_the_cursor_moves_on_where_nothing_matched(site: Site) -> None:
    site.record_some(3, queues=("Billing",))

    first = site.get("/all.json?queue=Support&after=")
    site.record_some(3, queues=("Billing",))
    second = site.get(first.json["next"])

    assert ids(first) == ids(second) == []
    assert second.json["next"] != first.json["next"]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "%C3%A4", "A" * 500])
def test_what_is_no_cursor_is_400(site: Site, cursor: str) -> None:
    answer = site.get(f"/all.json?after={cursor}", 400)

    assert "is no cursor" in answer.json["detail"]


def test_a_cursor_that_this_log_does_not_hold_is_410_with_where_to_go_on(site: Site) -> None:
    site.record_some(3)
    cursor = site.get(site.get("/all.json?after=").json["next"]).json["next"]

    # An older backup is put back, others are recorded, and the server starts again.
    del site.server.log._versions[1:]  # type: ignore[attr-defined]  # only MemoryLog can be cut
    site.record_some(4)
    site.use(assemble_around(site.server.log, site.server.settings, site.clock))

    answer = site.get(cursor, 410)
    assert answer.json["restart"] == f"{BASE}/all.json?after="
    assert answer.json["restart"] in answer.json["detail"]
    site.get(answer.json["restart"])


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/all.atom?queu=Support", "`queu` is no parameter. Did you mean `queue`?"),
        ("/all.atom?queue=", "`queue=` has no value."),
        ("/all.atom?limit=501", "`limit=501` is out of range."),
        ("/all.atom?since=yesterday", "`since=yesterday` is no date."),
        ("/all.atom?query=printer", "`query` is no parameter."),
        ("/all.atom?Tag=vip", "`Tag` is no parameter. Did you mean `tag`?"),
        ("/all.atom?before=x&after=y", "`before` and `after` go in opposite directions."),
        ("/queues/Support.atom?queue=Billing", "`queue` stands in the path already."),
        ("/all.atom?queue=%ff", "The query is not UTF-8."),
    ],
)
def test_a_filter_that_is_wrong_is_400_and_says_so(site: Site, address: str, sentence: str) -> None:
    site.record_some(1)

    answer = site.get(address, 400)

    assert answer.content_type == "application/problem+json"
    assert sentence in answer.json["detail"]
    assert answer.json["status"] == 400


def test_all_faults_are_told_at_once(site: Site) -> None:
    answer = site.get("/all.atom?queu=x&limit=-1&since=x", 400)

    assert len(answer.json["errors"]) == 3


@pytest.mark.parametrize("cruft", ["utm_source=mail", "_=1700000000", "null", "null="])
def test_what_is_added_on_the_way_is_ignored(site: Site, cruft: str) -> None:
    site.record_some(1)

    assert len(feedparser.parse(site.get(f"/all.atom?{cruft}").body).entries) == 1


def test_an_unknown_name_in_a_path_is_404_and_names_the_nearest(site: Site) -> None:
    site.record_some(1, queues=("Support",))

    answer = site.get("/queues/Suport.atom", 404)

    assert answer.json["detail"] == "No queue is called Suport. Nearest: Support."


def test_where_only_the_case_differs_the_path_leads_on(site: Site) -> None:
    site.record_some(1, queues=("Support",))

    answer = site.get("/queues/support.atom?tag=vip", 302)

    assert answer.headers["Location"].endswith("/queues/Support.atom?tag=vip")


def test_an_unknown_name_as_parameter_is_an_empty_valid_feed_that_says_so(site: Site) -> None:
    site.record_some(1, queues=("Support",))

    feed = feedparser.parse(site.get("/all.atom?queue=Suport").body)

    assert feed.entries == []
    assert feed.feed.subtitle == "The queue Suport has never been seen. Did you mean Support?"
    assert feed.feed.author == "feedserver"


def test_a_feed_without_entries_was_updated_when_the_log_was_made(site: Site) -> None:
    created = site.server.log.created

    feed = site.get("/all.atom")

    assert f"<updated>{created.isoformat()}</updated>" in feed.text


def test_an_activity_is_found_by_its_id_in_every_format(site: Site) -> None:
    draft = make_draft(id="http://other.example//a%20b?c#d")
    site.record(draft)
    address = "/activities/http%3A%2F%2Fother.example%2F%2Fa%2520b%3Fc%23d"

    assert site.get(address + ".json").json["id"] == draft.id
    assert feedparser.parse(site.get(address + ".atom").body).entries[0].id == draft.id
    assert draft.title in site.get(address, accept="text/html").text
    assert site.get("/activities/tag%3Anobody", 404).json["status"] == 404


def test_ids_are_the_same_in_every_format_and_feed(site: Site) -> None:
    site.record_some(3)

    atom = [entry.id for entry in feedparser.parse(site.get("/all.atom").body).entries]

    assert atom == ids(site.get("/all.json"))
    assert atom == ids(site.get("/queues/Support.json?tag=vip"))


def test_links_lead_where_they_say(site: Site) -> None:
    site.record_some(5)

    feed = feedparser.parse(site.get("/queues/Support.atom?limit=2&tag=vip").body)

    links = {link.rel: link for link in feed.feed.links}
    assert links["self"].href == f"{BASE}/queues/Support.atom?limit=2&tag=vip"
    assert links["alternate"].type == "text/html"
    for link in links.values():
        site.get(link.href, accept="text/html")
    assert len(feedparser.parse(site.get(links["next"].href).body).entries) == 2


def test_limit_0_is_the_feed_without_entries(site: Site) -> None:
    site.record_some(2)

    collection = site.get("/all.json?limit=0").json

    assert collection["type"] == "OrderedCollection"
    assert collection["totalItems"] == 2
    assert ids(site.get(collection["first"])) == ids(site.get("/all.json"))
    assert site.get("/all.json").json["partOf"] == collection["id"]
    assert feedparser.parse(site.get("/all.atom?limit=0").body).entries == []


def test_unknown_paths_and_methods_are_told_in_words(site: Site) -> None:
    assert "/feeds" in site.get("/nope", 404).json["detail"]
    assert site.app.delete("/all.atom", status=405).json["status"] == 405
    assert "no format" in site.get("/all.xyz", 404).json["detail"]


def test_a_fault_of_ours_tells_nothing_but_a_number(site: Site) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("secret detail")

    site.flask.view_functions["all"] = broken
    site.flask.config["PROPAGATE_EXCEPTIONS"] = False

    answer = site.get("/all", 500)

    assert "r-" in answer.json["detail"]
    assert "secret" not in answer.text


def test_the_self_link_holds_only_what_an_address_may_hold(site: Site) -> None:
    site.record_some(1)

    answer = site.get("/all.json?tag=%3Cb%3E&utm_x=%22%27")

    address = answer.json["id"]
    assert address == f"{BASE}/all.json?tag=%3Cb%3E&utm_x=%22%27"
    assert unquote(urlsplit(address).query) == "tag=<b>&utm_x=\"'"


@pytest.mark.parametrize("extension", ["atom", "json"])
@pytest.mark.parametrize("value", ["%00", "a%0Bb", "%EF%BF%BE"])
def test_characters_that_no_name_has_are_refused_in_every_format(
    site: Site, extension: str, value: str
) -> None:
    for name in ("queue", "type", "-tag"):
        answer = site.get(f"/all.{extension}?{name}={value}", 400)
        assert "holds characters that no name can have" in answer.json["detail"]


def test_an_address_that_is_too_long_is_414_and_says_how_long_it_may_be(site: Site) -> None:
    answer = site.get("/all.json?queue=" + "x" * 8000, 414)

    assert "8,000 is the limit" in answer.json["detail"]


def test_many_unknown_names_are_told_in_few_words(site: Site) -> None:
    site.record_some(1)
    names = "&".join(f"queue=nobody-{number}" for number in range(150))

    summary = site.get(f"/all.json?{names}").json["summary"]

    assert summary.count("has never been seen") == 3
    assert summary.endswith("Nor have 147 more of its names.")


def test_a_doubled_slash_leads_nobody_elsewhere(site: Site) -> None:
    site.record_some(1, queues=("Support",))

    for address in ("/queues//Support", "/queues/%2FSupport"):
        answer = site.app.get(address, headers={"Host": "evil.example"}, status=404)
        assert "Location" not in answer.headers
        assert "evil" not in answer.text


def test_a_redirect_keeps_its_parameters_and_refuses_wrong_ones(site: Site) -> None:
    site.record_some(1, queues=("Support",))

    site.get("/queues/support?x%0d%0ay=1", 400)
    answer = site.get("/queues/support?tag=a%26b", 302)

    assert answer.headers["Location"].endswith("/queues/Support?tag=a%26b")


def test_a_cursor_reader_that_asks_for_nothing_is_led_on(site: Site) -> None:
    drafts = site.record_some(2)

    page = site.get("/all.json?limit=0&after=").json

    assert page["type"] == "OrderedCollectionPage"
    assert ids(site.get(page["next"])) == [draft.id for draft in drafts]


def test_the_etag_tells_what_stands_at_a_position(site: Site) -> None:
    first, second, third = make_draft(), make_draft(), make_draft()
    site.record(first, second)
    etags = {name: site.get(f"/all.{name}").headers["ETag"] for name in ("atom", "json")}

    # An older copy is put back, and another entry comes with the same dates.
    log = site.server.log
    gone = log._versions.pop()  # type: ignore[attr-defined]  # only MemoryLog can be cut
    del log._by_id[gone.id]  # type: ignore[attr-defined]  # likewise
    site.record(third)
    site.use(assemble_around(log, site.server.settings, site.clock))

    for name, etag in etags.items():
        answer = site.get(f"/all.{name}", 200, if_none_match=etag)
        assert third.id in answer.text


@pytest.mark.parametrize("cruft", ["utm_source=x", "_=1", "null"])
@pytest.mark.parametrize("path", ["/feeds", "/feeds.json", "/activities/{}"])
def test_cruft_is_ignored_everywhere(site: Site, path: str, cruft: str) -> None:
    (draft,) = site.record_some(1)

    site.get(f"{path.format(quote(draft.id, safe=''))}?{cruft}")


def test_dates_in_json_sort_as_texts(site: Site) -> None:
    site.record(*(make_draft(occurred=site.clock()) for _ in range(5)))

    items = site.get("/all.json").json["orderedItems"]

    for member in ("published", "updated"):
        told = [item[member] for item in items]
        assert told == sorted(told, reverse=True)
        assert len(set(told)) == 5


@pytest.mark.parametrize(
    ("minutes", "seconds"),
    [(0.2, 60), (1, 60), (1.9, 60), (2, 120), (12, 600), (59, 1800), (60, 3600), (60 * 24, 3600)],
)
def test_a_feed_may_be_kept_for_as_long_as_its_own_pace(
    site: Site, minutes: float, seconds: int
) -> None:
    drafts = []
    for number in range(6):
        site.clock.advance(60 * minutes)
        # What happens elsewhere is no news for this feed.
        drafts += [make_draft(occurred=site.clock(), tags=("slow",))]
        drafts += [make_draft(occurred=site.clock()) for _ in range(number)]
    site.record(*drafts)

    answers = {name: site.get(f"/tags/slow.{name}") for name in FORMATS}

    for answer in answers.values():
        assert answer.headers["Cache-Control"] == f"max-age={seconds}"
    assert f"<ttl>{seconds // 60}</ttl>" in answers["rss"].text
    site.clock.advance(60 * 60 * 24)
    assert site.get("/tags/slow.atom").headers["Cache-Control"] == f"max-age={seconds}"


def test_a_feed_of_which_no_pace_is_known_is_asked_for_often(site: Site) -> None:
    assert site.get("/all.atom").headers["Cache-Control"] == "max-age=60"


@pytest.mark.parametrize("parameter", ["after=", "before={}"])
def test_other_pages_of_a_feed_are_asked_for_each_time(site: Site, parameter: str) -> None:
    site.record_some(3)
    cursor = site.get("/all.json?limit=1").json["next"].partition("before=")[2]

    answer = site.get(f"/all.json?{parameter.format(cursor)}")

    assert answer.headers["Cache-Control"] == "no-cache"
