"""`/filters`: what a program is told that lets people choose a feed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from feedserver.assembly import assemble_around
from feedserver.formats import FORMATS
from feedserver.model.activity import Object
from feedserver.model.filter import FIELDS
from feedserver.model.query import MAX_LIMIT, MAX_PARAMETERS, MAX_QUERY
from feedserver.model.query import PARAMETERS as KNOWN
from feedserver.model.vocabulary import OBJECT_TYPES, VERBS
from feedserver.stores.memory import MemoryGrants
from feedserver.web.filters import KINDS, MOST, PARAMETERS
from tests.builders import make_draft
from tests.web.conftest import BASE, Site

Given = Mapping[str, str | Sequence[str]]


@pytest.fixture(params=["none", "passes"])
def proxy(request: pytest.FixtureRequest) -> str:
    """Every test runs under a path, too."""
    return str(request.param)


def described(site: Site) -> dict[str, dict[str, Any]]:
    """What is told of each parameter, by its name."""
    return {told["name"]: told for told in site.get("/filters").json["parameters"]}


def counts(told: Mapping[str, Any]) -> dict[str, int]:
    return {each["value"]: each["count"] for each in told["values"]}


def expand(template: str, given: Given) -> str:
    """The address that the template makes of what is given (RFC 6570, of level 4 what we use)."""

    def query(names: Sequence[str]) -> str:
        pairs: list[str] = []
        for name in names:
            value = given.get(name.removesuffix("*"), ())
            values = [value] if isinstance(value, str) else value
            assert name.endswith("*") or len(values) < 2
            pairs += [f"{name.removesuffix('*')}={quote(each, safe='')}" for each in values]
        return f"?{'&'.join(pairs)}" if pairs else ""

    def expanded(match: re.Match[str]) -> str:
        operator, names = match[1], match[2].split(",")
        assert all(re.fullmatch(r"(?:[A-Za-z0-9_]|%[0-9A-F]{2})+\*?", name) for name in names)
        if operator == ".":
            (name,) = names
            return f".{given[name]}" if name in given else ""
        return query(names)

    return re.sub(r"\{([.?])([^}]*)\}", expanded, template)


def test_every_parameter_of_a_feed_is_described_and_no_other() -> None:
    assert set(PARAMETERS) == set(KNOWN)
    assert {parameter.kind for parameter in PARAMETERS.values()} == set(KINDS)


def test_fields_repeat_and_can_be_excluded(site: Site) -> None:
    for name, told in described(site).items():
        assert told["excluded"] == (f"-{name}" if name in FIELDS else None)
        assert told["repeats"] or name not in FIELDS


@pytest.mark.parametrize("name", [name for name in KNOWN if name not in FIELDS])
def test_what_repeats_may_be_given_twice_and_nothing_else(site: Site, name: str) -> None:
    values = {
        "since": ("2026-01-01", "2026-01-02"),
        "until": ("2026-01-01", "2026-01-02"),
        "q": ("one", "two"),
        "filter": ("tag:a", "tag:b"),
        "streams": ("key IS a", "key IS b"),
        "limit": ("1", "2"),
    }.get(name, ("1.a", "1.b"))
    address = "/all.json?" + "&".join(f"{name}={quote(value)}" for value in values)

    answer = site.app.get(address, expect_errors=True)

    is_refused = answer.status_code == 400 and "is given twice" in answer.json["detail"]
    assert is_refused is not described(site)[name]["repeats"]


def test_a_field_tells_its_values_with_their_counts_the_busiest_first(site: Site) -> None:
    site.record_some(1, queues=("Billing",), verb="close")
    site.record_some(2, queues=("Support",), tags=("VIP",))

    told = described(site)

    assert counts(told["queue"]) == {"Support": 2, "Billing": 1}
    assert list(counts(told["queue"])) == ["Support", "Billing"]
    assert told["queue"]["total"] == 2
    assert counts(told["tag"]) == {"vip": 3}
    assert counts(told["verb"]) == {"log": 2, "close": 1}
    assert counts(told["type"]) == {"case": 3}
    assert counts(told["source"]) == {"crm": 3}
    assert counts(told["product"]) == {"Printer 9000": 3}
    assert counts(told["customer"]) == {"Example Works": 3}


def test_an_actor_is_told_by_login_and_by_what_people_call_him(site: Site) -> None:
    site.record_some(1)

    (told,) = described(site)["actor"]["values"]

    assert told == {"value": "ann", "label": "Ann Example", "count": 1}


def test_of_many_values_the_busiest_are_told_and_how_many_there_are(site: Site) -> None:
    site.record(*(make_draft(tags=(f"t{number}",)) for number in range(MOST + 5)))
    site.record_some(1, tags=("t104",))

    told = described(site)["tag"]

    assert told["total"] == MOST + 5
    assert len(told["values"]) == MOST
    assert told["values"][0] == {"value": "t104", "label": "t104", "count": 2}


@pytest.mark.parametrize("name", ["object", "number"])
def test_of_what_each_case_has_its_own_no_values_are_told(site: Site, name: str) -> None:
    site.record_some(1)

    assert not {"values", "total"} & described(site)[name].keys()


def test_tags_alone_of_the_names_are_found_in_any_case(site: Site) -> None:
    site.record(make_draft(queues=("Support",), tags=("Vip",), source="Crm"))
    told = described(site)

    for name in ("queue", "tag", "source"):
        value = told[name]["values"][0]["value"]
        other = site.get(f"/all.json?{name}={value.swapcase()}").json["totalItems"]
        assert told[name]["matchesCase"] is (other == 0)


def test_the_words_for_verbs_and_types_are_told_with_what_they_become(site: Site) -> None:
    told = described(site)

    assert [word["word"] for word in told["verb"]["words"]] == list(VERBS)
    assert [word["word"] for word in told["type"]["words"]] == list(OBJECT_TYPES)
    assert {"word": "dispatch", "as1": "assign", "as2": "Move"} in told["verb"]["words"]
    assert told["type"]["words"][0] == {
        "word": "case",
        "label": "case",
        "as1": "issue",
        "as2": "Page",
    }


def test_the_template_makes_the_address_of_any_feed(site: Site) -> None:
    wanted = make_draft(queues=("R&D/EMEA",), tags=("a b",), verb="close")
    site.record(
        wanted,
        make_draft(queues=("R&D/EMEA",), tags=("noise",), verb="close"),
        make_draft(queues=("Support",), verb="log"),
    )
    template = site.get("/filters").json["feed"]
    given = {
        "format": "json",
        "queue": ["R&D/EMEA", "Support"],
        "verb": ["close"],
        "%2Dtag": ["noise", "x"],
        "since": "2026-05-01",
        "limit": "5",
    }

    feed = site.get(expand(template, given)).json

    assert [item["id"] for item in feed["orderedItems"]] == [wanted.id]
    for extension in FORMATS:
        site.get(expand(template, {"format": extension, "tag": ["a b"]}))
    assert expand(template, {}) == f"{BASE}/all"


def test_the_template_has_every_parameter_and_no_other(site: Site) -> None:
    told = site.get("/filters").json

    for kind, left_out in (("feed", set()), ("opml", {"limit", "before", "after", "archive"})):
        (query,) = re.findall(r"\{\?([^}]*)\}", told[kind])
        names = [name.removesuffix("*").replace("%2D", "-") for name in query.split(",")]
        assert sorted(names) == sorted({*KNOWN} - left_out | {f"-{field}" for field in FIELDS})


def test_the_template_makes_the_address_of_any_list_of_feeds(site: Site) -> None:
    site.record_some(1)
    template = site.get("/filters").json["opml"]

    assert expand(template, {}) == f"{BASE}/feeds.opml"
    opml = site.get(expand(template, {"queue": ["Support"], "%2Dtag": ["noise"]})).text
    assert f'xmlUrl="{BASE}/queues/Support.atom?-tag=noise"' in opml


def test_its_limits_are_those_that_hold(site: Site) -> None:
    told = site.get("/filters").json
    many = "&".join(f"tag={number}" for number in range(told["limits"]["parameters"]))
    long = f"utm_source={'x' * told['limits']['bytes']}"[: told["limits"]["bytes"]]

    assert told["limits"] == {"parameters": MAX_PARAMETERS, "bytes": MAX_QUERY, "values": MOST}
    site.get(f"/all.json?{many}", 200)
    site.get(f"/all.json?{many}&tag=more", 400)
    site.get(f"/all.json?{long}", 200)
    site.get(f"/all.json?{long}x", 414)
    assert f"to {MAX_LIMIT};" in described(site)["limit"]["meaning"]


def test_every_format_is_told_with_its_media_type(site: Site) -> None:
    told = site.get("/filters").json["formats"]

    assert [each["format"] for each in told] == list(FORMATS)
    for each in told:
        answer = site.get(f"/all.{each['format']}")
        assert each["type"] == answer.headers["Content-Type"]


def test_it_changes_with_what_it_tells_and_not_else(site: Site) -> None:
    site.record_some(1)
    first = site.get("/filters")
    site.clock.advance(60)

    assert first.content_type == "application/json"
    assert site.get("/filters", 304, if_none_match=first.headers["ETag"]).body == b""
    site.record_some(1)
    assert site.get("/filters", 200, if_none_match=first.headers["ETag"]).body != first.body


def test_it_takes_no_parameters(site: Site) -> None:
    assert "`queue` is no parameter." in site.get("/filters?queue=Support", 400).json["detail"]
    site.get("/filters?utm_source=x")


def test_what_was_deleted_has_no_values(site: Site) -> None:
    site.record(make_draft(queues=("Secret",), actor=Object("person", None, "Eve", login="eve")))
    site.server.log.replace(1, None)

    assert "Secret" not in site.get("/filters").text


def test_people_are_led_to_it(site: Site) -> None:
    assert 'href="/filters"' in site.get("/feeds", accept="text/html").text


def test_a_private_server_describes_nothing_to_a_stranger(site: Site) -> None:
    settings = replace(site.server.settings, reading="private")
    site.use(assemble_around(site.server.log, settings, site.clock, grants=MemoryGrants()))
    site.record_some(1)

    assert "Support" not in site.get("/filters", 401).text
    answer = site.get("/filters", authorization=f"Bearer {site.grant()}")
    assert answer.headers["Cache-Control"] == "no-cache, private"
