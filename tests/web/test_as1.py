"""Activity Streams 1.0 over HTTP: its address, its media type, its pages."""

from urllib.parse import quote

import pytest

from tests.builders import make_draft
from tests.web.conftest import BASE, Site

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_it_has_an_address_and_a_media_type_of_its_own(site: Site) -> None:
    (draft,) = site.record_some(1)

    for address in ("/all.as1", "/queues/Support.as1", "/tags/vip.as1?-verb=close"):
        answer = site.get(address, accept="text/html")
        assert answer.content_type == "application/stream+json"
        assert [item["id"] for item in answer.json["items"]] == [draft.id]


@pytest.mark.parametrize("address", ["/", "/all", "/queues/Support"])
def test_who_accepts_it_best_gets_it(site: Site, address: str) -> None:
    site.record_some(1)

    asked = "application/stream+json, application/activity+json;q=0.9, */*;q=0.1"
    equal = "application/stream+json, application/activity+json"

    assert site.get(address, accept=asked).content_type == "application/stream+json"
    assert site.get(address, accept=equal).content_type == "application/activity+json"


def test_an_activity_alone_has_an_address(site: Site) -> None:
    site.record(make_draft(), draft := make_draft(id="https://example.org/a.as1?b#c"))
    address = f"/activities/{quote(draft.id, safe='')}.as1"

    answer = site.get(address)

    assert answer.content_type == "application/stream+json"
    assert answer.json["id"] == draft.id
    assert "items" not in answer.json
    site.get(address, 304, if_none_match=answer.headers["ETag"])


@pytest.mark.parametrize("address", ["/all.as1", "/all.as1?after=", "/queues/Support.as1?limit=1"])
def test_head_and_304_are_as_for_every_feed(site: Site, address: str) -> None:
    site.record_some(3)
    answer = site.get(address)

    head = site.app.head(address)
    again = site.get(address, 304, if_none_match=answer.headers["ETag"])

    assert head.body == again.body == b""
    assert sorted(head.headers.items()) == sorted(answer.headers.items())
    assert answer.headers["ETag"] != site.get(address.replace(".as1", ".json")).headers["ETag"]
    site.record_some(1)
    site.get(address, 200, if_none_match=answer.headers["ETag"])


def test_a_name_that_ends_in_as1_reaches_its_feed(site: Site) -> None:
    draft = make_draft(queues=("v2.as1",))
    site.record(draft, make_draft(queues=("v2",)))

    entries = site.get("/feeds.json").json["queues"]
    (entry,) = [entry for entry in entries if entry["name"] == "v2.as1"]

    assert entry["as1"] == f"{BASE}/all.as1?queue=v2.as1"
    for name in ("html", "atom", "json", "as1"):
        assert draft.id in site.get(entry[name], accept=BROWSER).text or name == "html"
    assert [item["id"] for item in site.get(entry["as1"]).json["items"]] == [draft.id]


def test_going_back_ends_and_going_forward_never_does(site: Site) -> None:
    drafts = site.record_some(5)

    first = site.get("/all.as1?limit=3").json
    second = site.get(first["next"]).json
    seen, address = [], "/all.as1?limit=2&after="
    for _ in range(6):
        page = site.get(address)
        seen += [item["id"] for item in page.json["items"]]
        address = page.json["next"]
        assert f'<{address}>; rel="next"' in page.headers["Link"]

    assert "next" not in second
    assert len(first["items"] + second["items"]) == 5
    assert seen == [draft.id for draft in drafts]


@pytest.mark.parametrize("address", ["/", "/queues/Support", "/activities/{}"])
def test_pages_lead_to_it(site: Site, address: str) -> None:
    (draft,) = site.record_some(1)
    path = address.format(quote(draft.id, safe=""))
    feed = "/all.as1" if path == "/" else f"{path}.as1"

    page = site.get(path, accept=BROWSER).text

    assert 'type="application/stream+json"' in page
    assert f'<a href="{feed}">AS1</a>' in page
    assert draft.id in site.get(feed).text
