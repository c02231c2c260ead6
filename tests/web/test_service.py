"""`/service` and the category documents: what an AtomPub client finds, and that it works."""

from typing import Any

import pytest
from lxml import etree
from werkzeug.test import Client

from feedserver.model.identity import scheme
from tests.builders import AUTHORITY, make_draft
from tests.web.conftest import BASE, Site
from tests.web.test_writing_atom import entry

NAMES = {"app": "http://www.w3.org/2007/app", "atom": "http://www.w3.org/2005/Atom"}


@pytest.fixture(autouse=True)
def some(site: Site) -> None:
    site.record(
        make_draft(queues=("Support", "Billing/EMEA"), tags=("VIP", "a & b")),
        make_draft(queues=("Support",), tags=()),
    )


def service(site: Site) -> Any:
    answer = site.get("/service")
    assert answer.headers["Content-Type"] == "application/atomsvc+xml; charset=utf-8"
    return etree.fromstring(answer.body)


def collections(root: Any) -> dict[str, dict[str, str]]:
    """The address of each collection, by its title and that of its workspace."""
    return {
        workspace.findtext("atom:title", None, NAMES): {
            each.findtext("atom:title", None, NAMES): each.get("href")
            for each in workspace.findall("app:collection", NAMES)
        }
        for workspace in root.findall("app:workspace", NAMES)
    }


def test_it_names_every_queue_product_and_tag(site: Site) -> None:
    assert collections(service(site)) == {
        "Everything": {"Everything": BASE + "/all.atom"},
        "Queues": {
            "Support": BASE + "/queues/Support.atom",
            "Billing/EMEA": BASE + "/all.atom?queue=Billing%2FEMEA",
        },
        "Products": {"Printer 9000": BASE + "/products/Printer%209000.atom"},
        "Tags": {"VIP": BASE + "/tags/vip.atom", "a & b": BASE + "/tags/a%20%26%20b.atom"},
    }


def test_each_collection_says_what_it_takes_and_what_is_in_it(site: Site) -> None:
    queue = next(
        each
        for each in service(site).findall("app:workspace/app:collection", NAMES)
        if each.get("href") == BASE + "/queues/Support.atom"
    )

    accepted = [each.text for each in queue.findall("app:accept", NAMES)]
    own, *others = queue.findall("app:categories", NAMES)

    assert accepted[0] == "application/atom+xml;type=entry"
    assert {"application/activity+json", "application/json", "application/x-ndjson"} < {*accepted}
    assert (own.get("fixed"), own.get("scheme")) == ("yes", scheme(AUTHORITY, "queue"))
    assert [each.get("term") for each in own] == ["Support"]
    assert [dict(each.attrib) for each in others] == [
        {"href": BASE + "/categories/products"},
        {"href": BASE + "/categories/tags"},
    ]


def test_every_collection_can_be_read_and_takes_what_it_accepts(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.grant(write=True)}"}
    client = Client(site.app.app)
    found = [href for each in collections(service(site)).values() for href in each.values()]

    for number, href in enumerate(found):
        answer = client.post(
            href.removeprefix(BASE),
            data=entry(id=f"urn:example:{number}"),
            content_type="application/atom+xml;type=entry",
            headers=headers,
        )
        assert answer.status_code == 201
        first = etree.fromstring(site.get(href).body).findtext("atom:entry/atom:id", None, NAMES)
        assert first == f"urn:example:{number}"
    assert len(found) == 6


@pytest.mark.parametrize(
    ("collection", "terms"),
    [
        ("queues", ["Support", "Billing/EMEA"]),
        ("products", ["Printer 9000"]),
        ("tags", ["VIP", "a & b"]),
    ],
)
def test_a_category_document_names_them_all_and_leaves_room_for_more(
    site: Site, collection: str, terms: list[str]
) -> None:
    answer = site.get(f"/categories/{collection}")
    root = etree.fromstring(answer.body)

    assert answer.headers["Content-Type"] == "application/atomcat+xml; charset=utf-8"
    assert (root.tag, root.get("fixed")) == (f"{{{NAMES['app']}}}categories", "no")
    assert root.get("scheme") == scheme(AUTHORITY, collection.removesuffix("s"))
    assert [each.get("term") for each in root.findall("atom:category", NAMES)] == terms


def test_a_log_without_names_has_one_collection(site: Site) -> None:
    site.server.writing.redact([each.id for each in site.server.log.read(0)])

    assert collections(service(site)) == {
        "Everything": {"Everything": BASE + "/all.atom"},
        "Queues": {},
        "Products": {},
        "Tags": {},
    }


def test_they_are_given_once_until_something_changes(site: Site) -> None:
    for address in ("/service", "/categories/tags"):
        etag = site.get(address).headers["ETag"]
        site.get(address, 304, if_none_match=etag)

    site.record(make_draft(tags=("new",)))

    site.get("/service", 200, if_none_match=etag)
    assert site.get("/categories/tags").headers["ETag"] != etag


def test_of_very_many_names_those_used_most_are_collections(site: Site) -> None:
    site.record(*(make_draft(tags=(f"t{number}",)) for number in range(600)))

    found = collections(service(site))
    terms = etree.fromstring(site.get("/categories/tags").body)

    assert len(found["Tags (the 500 with the most activities of 602)"]) == 500
    assert len(terms) == 602


@pytest.mark.parametrize("address", ["/service?x=1", "/categories/tags?tag=vip"])
def test_they_take_no_parameters(site: Site, address: str) -> None:
    assert "is no parameter. This document takes none." in site.get(address, 400).json["detail"]


def test_of_other_names_there_are_no_categories(site: Site) -> None:
    site.get("/categories/customers", 404)
    site.get("/categories", 404)


def test_every_page_leads_to_it(site: Site) -> None:
    link = b'<link rel="service" type="application/atomsvc+xml" href="/service">'

    for address in ("/", "/queues/Support", "/feeds", "/tags"):
        assert link in site.get(address, accept="text/html").body
    assert link in site.get("/nope", 404, accept="text/html").body


@pytest.mark.parametrize("proxy", ["passes", "strips"])
def test_under_a_path_every_address_has_it(site: Site, proxy: str) -> None:
    addresses = set(service(site).xpath("//@href"))

    assert BASE + "/queues/Support.atom" in addresses  # the proxy has taken the path off
    for address in addresses:
        site.get(address)
