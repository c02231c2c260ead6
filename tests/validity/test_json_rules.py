"""The rules of the JSON formats bite where they should, and only there."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from feedserver.validity import CHECKS

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BASE = "https://feeds.example.com"
ID = "tag:example.com,2026:crm/1"
AS2 = "https://www.w3.org/ns/activitystreams"
DATES = {"published": "2026-11-20T10:00:00.000000Z", "updated": "2026-11-20T10:00:00.000000Z"}
GOOD: dict[str, Any] = {
    "jsonfeed": {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Support",
        "home_page_url": f"{BASE}/queues/support",
        "feed_url": f"{BASE}/queues/support.jsonfeed",
        "next_url": f"{BASE}/queues/support.jsonfeed?before=7",
        "_activity": {"totalItems": 1},
        "items": [
            {
                "id": ID,
                "url": "https://crm.example.com/cases/1",
                "title": "Ann closed it",
                "content_html": "<p>It &amp; more</p>",
                "date_published": DATES["published"],
                "date_modified": DATES["updated"],
                "authors": [{"name": "Ann"}],
                "tags": ["vip"],
                "_activity": {"verb": "close"},
            }
        ],
    },
    "as1": {
        "objectType": "collection",
        "id": "tag:example.com,2026:feeds/all",
        "displayName": "Everything",
        "url": f"{BASE}/all.as1",
        "updated": DATES["updated"],
        "totalItems": 2,
        "links": [{"rel": "self", "href": f"{BASE}/all.as1"}],
        "items": [
            {
                "id": ID,
                "verb": "update",
                "title": "Ann closed &lt;it&gt;",
                "url": f"{BASE}/activities/1",
                "actor": {"objectType": "person", "displayName": "Ann"},
                "object": {"objectType": "issue", "id": f"{ID}/case"},
                **DATES,
            },
            {"objectType": "activity", "id": f"{ID}0", "deleted": DATES["updated"]},
        ],
    },
    "json": {
        "@context": [
            AS2,
            {"fs": "tag:example.com,2026:ns#", "crmVerb": "fs:crmVerb", "left": "fs:left"},
        ],
        "id": f"{BASE}/all.json",
        "type": "OrderedCollectionPage",
        "partOf": f"{BASE}/all.json?limit=0",
        "name": "Everything",
        "updated": DATES["updated"],
        "totalItems": 2,
        "next": f"{BASE}/all.json?before=7",
        "orderedItems": [
            {
                "id": ID,
                "type": ["Update", "fs:Close"],
                "name": "Ann closed it",
                "url": f"{BASE}/activities/1",
                "actor": {"type": "Person", "name": "Ann"},
                "object": {"type": ["Page", "fs:Case"], "id": f"{ID}/case"},
                "crmVerb": "close",
                **DATES,
            },
            {"id": f"{ID}0", "type": "Tombstone", "deleted": DATES["updated"], "left": True},
        ],
    },
}
ADDRESSES = {
    "jsonfeed": f"{BASE}/queues/support.jsonfeed",
    "as1": f"{BASE}/all.as1",
    "json": f"{BASE}/all.json",
}
NOTHING = object()


def kinds(extension: str, document: Any) -> set[str]:
    source = document if isinstance(document, bytes) else json.dumps(document).encode()
    findings = CHECKS[extension](source, ADDRESSES[extension], NOW)
    return {finding.rule.name for finding in findings.all}


def changed(extension: str, path: str, value: object) -> Any:
    """The good document with another value at that JSON Pointer, or without one."""
    document = deepcopy(GOOD[extension])
    *holders, name = path.strip("/").split("/")
    inner = document
    for holder in holders:
        inner = inner[int(holder) if holder.isdigit() else holder]
    name = name.replace("~1", "/")
    if value is NOTHING:
        del inner[name]
    else:
        inner[name] = value
    return document


@pytest.mark.parametrize("extension", GOOD)
def test_a_good_document_keeps_every_rule(extension: str) -> None:
    assert kinds(extension, GOOD[extension]) == set()


def test_a_finding_says_where() -> None:
    document = json.dumps(changed("jsonfeed", "/items/0/date_published", "yesterday")).encode()

    (found,) = CHECKS["jsonfeed"](document, None, NOW).errors

    assert found == "InvalidRFC3339Date: /items/0/date_published: yesterday"


@pytest.mark.parametrize(
    ("extension", "path", "value", "kind"),
    [
        ("jsonfeed", "/version", "https://jsonfeed.org/version/1", "WrongVersion"),
        ("jsonfeed", "/version", NOTHING, "MissingMember"),
        ("jsonfeed", "/title", NOTHING, "MissingMember"),
        ("jsonfeed", "/title", "", "EmptyMember"),
        ("jsonfeed", "/title", None, "EmptyMember"),
        ("jsonfeed", "/feed_url", "/queues/support", "InvalidLink"),
        ("jsonfeed", "/next_url", f"{BASE}/queues/support.jsonfeed", "LinkPastEnd"),
        ("jsonfeed", "/extension", {}, "UnknownMember"),
        ("jsonfeed", "/_activity", [], "WrongMember"),
        ("jsonfeed", "/items", NOTHING, "MissingMember"),
        ("jsonfeed", "/items", {}, "WrongMember"),
        ("jsonfeed", "/items/0/id", 7, "WrongMember"),
        ("jsonfeed", "/items/0/id", "crm/1", "InvalidFullLink"),
        ("jsonfeed", "/items/0/verb", "close", "UnknownMember"),
        ("jsonfeed", "/items/0/content_html", NOTHING, "MissingMember"),
        ("jsonfeed", "/items/0/content_html", "<b>", "NotHtml"),
        ("jsonfeed", "/items/0/date_modified", "2026-11-20T10:00:00", "InvalidRFC3339Date"),
        ("jsonfeed", "/items/0/date_modified", "2027-11-20T10:00:00Z", "ImplausibleDate"),
        ("jsonfeed", "/items/0/tags", ["vip", 7], "WrongMember"),
        ("jsonfeed", "/items/0/authors", ["Ann"], "WrongMember"),
        ("jsonfeed", "/items/0/authors", [{}], "MissingMember"),
        ("as1", "/url", f"{BASE}/other.as1", "SelfDoesntMatchLocation"),
        ("as1", "/totalItems", -1, "WrongMember"),
        ("as1", "/totalItems", True, "WrongMember"),
        ("as1", "/items", NOTHING, "MissingMember"),
        ("as1", "/links/0/href", NOTHING, "MissingMember"),
        ("as1", "/items/0/id", "crm 1", "InvalidFullLink"),
        ("as1", "/items/0/actor", NOTHING, "MissingMember"),
        ("as1", "/items/0/actor", "Ann", "WrongMember"),
        ("as1", "/items/0/published", NOTHING, "MissingMember"),
        ("as1", "/items/0/verb", NOTHING, "MissingMember"),
        ("as1", "/items/0/verb", "a verb", "InvalidName"),
        ("as1", "/items/0/object/objectType", "a/b", "InvalidName"),
        ("as1", "/items/0/title", "<b>", "NotHtml"),
        ("as1", "/items/0/name", "Ann closed it", "UnknownMember"),
        ("as1", "/items/1/deleted", "today", "InvalidRFC3339Date"),
        ("json", "/@context", NOTHING, "MissingContext"),
        ("json", "/@context", "https://example.com/context", "MissingContext"),
        ("json", "/id", f"{BASE}/other.json", "SelfDoesntMatchLocation"),
        ("json", "/partOf", NOTHING, "MissingMember"),
        ("json", "/orderedItems", NOTHING, "MissingMember"),
        ("json", "/type", "OrderedCollection", "MissingMember"),
        ("json", "/next", f"{BASE}/all.json", "LinkPastEnd"),
        ("json", "/orderedItems/0/type", "Close", "UnregisteredType"),
        ("json", "/orderedItems/0/type", ["fs:Close", "Update"], "UnregisteredType"),
        ("json", "/orderedItems/0/type", ["Update", "Close"], "UndefinedTerm"),
        ("json", "/orderedItems/0/type", ["Update", "a b:c"], "UndefinedTerm"),
        ("json", "/@context", [AS2, {"crmVerb": "tag:x", "left": "tag:y"}], "UndefinedTerm"),
        ("json", "/next", "HTTPS://feeds.example.com/all.json?before=7", "InvalidLink"),
        ("json", "/orderedItems/0/url", "/cases/1", "InvalidLink"),
        ("as1", "/items/0/url", "mailto:", "InvalidLink"),
        ("jsonfeed", "/items/0/url", "ftp://example.com/", "InvalidLink"),
        ("json", "/orderedItems/0/type", NOTHING, "MissingMember"),
        ("json", "/orderedItems/0/verb", "close", "UndefinedTerm"),
        ("json", "/orderedItems/0/actor/login", "ann", "UndefinedTerm"),
        ("json", "/orderedItems/0/actor", NOTHING, "MissingMember"),
        ("json", "/orderedItems/0/object/type", "Case", "UnregisteredType"),
        ("json", "/orderedItems/0/content", "<b>", "NotHtml"),
        ("json", "/orderedItems/0/updated", NOTHING, "MissingMember"),
        ("json", "/orderedItems/1/deleted", NOTHING, "MissingMember"),
    ],
)
def test_a_broken_document_is_complained_of(
    extension: str, path: str, value: object, kind: str
) -> None:
    beside = {"MissingContext": {"UndefinedTerm"}}

    found = kinds(extension, changed(extension, path, value))

    assert kind in found
    assert found <= {kind} | beside.get(kind, set())


def test_an_id_stands_once_in_a_json_feed() -> None:
    feed = deepcopy(GOOD["jsonfeed"])
    feed["items"] *= 2

    assert kinds("jsonfeed", feed) == {"DuplicateValue"}


@pytest.mark.parametrize("extension", GOOD)
def test_a_member_stands_once_in_an_object(extension: str) -> None:
    document = json.dumps(GOOD[extension]).encode()

    assert "DuplicateMember" in kinds(extension, b'{"_x": 1, "_x": 2, ' + document[1:])


@pytest.mark.parametrize(
    ("extension", "path", "value"),
    [
        ("json", "/orderedItems/0/type", ["Update", "https://example.com/ns#Close"]),
        ("json", "/orderedItems/0/object/type", ["Page", "urn:example:case"]),
        ("json", "/orderedItems/0/https:~1~1example.com~1ns#heat", 3),
        ("json", "/orderedItems/0/url", "mailto:ann@example.com"),
        ("as1", "/items/0/url", "mailto:?subject=Case%207"),
        ("as1", "/items/0/object/url", "HTTP://EX.example/"),
        ("jsonfeed", "/items/0/url", "HTTPS://EX.example/"),
        ("jsonfeed", "/items/0/authors", [{"url": "mailto:ann@example.com"}]),
    ],
)
def test_what_a_standard_allows_is_no_fault(extension: str, path: str, value: object) -> None:
    assert kinds(extension, changed(extension, path, value)) == set()


def test_a_context_that_stands_elsewhere_may_define_anything() -> None:
    document = changed("json", "/orderedItems/0/likelihood", 0.5)
    document["orderedItems"][0]["@context"] = "https://example.com/context"

    assert kinds("json", document) == set()


@pytest.mark.parametrize("extension", ["as1", "json"])
def test_an_activity_alone_is_judged_too(extension: str) -> None:
    items = GOOD[extension]["items" if extension == "as1" else "orderedItems"]
    alone = {"@context": GOOD["json"]["@context"]} if extension == "json" else {}

    assert kinds(extension, alone | items[0]) == set()
    assert kinds(extension, alone | {"id": ID}) != set()
