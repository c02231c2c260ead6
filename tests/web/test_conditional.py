"""Validators, encodings and headers of feeds (RFC 9110)."""

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime, formatdate

import brotli
import pytest
from flask import Flask, Response
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.addresses import activity_path
from feedserver.web.bodies import Bodies
from feedserver.web.conditional import answer
from tests.builders import NOON, make_draft
from tests.web.conftest import Site

FEEDS = (
    "/all.atom",
    "/all.json",
    "/queues/Support.atom?tag=vip",
    "/all.json?after=",
    "/feeds.json",
)
PAGES = ("/", "/all", "/all.atom", "/all.json", "/queues/Support.atom", "/all.atom?limit=0")
DIRECTORIES = ("/feeds", "/feeds.json", "/feeds.opml", "/filters", "/queues")
ENCODINGS = ("identity", "gzip", "br")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SECOND = NOON - timedelta(hours=1)
"""The second in which the body of these tests changed last; it is noon now."""


@pytest.mark.parametrize("address", [*PAGES, *DIRECTORIES])
def test_a_reader_that_has_the_page_gets_304_without_body(site: Site, address: str) -> None:
    site.record_some(3)
    for encoding in ENCODINGS:
        first = site.raw(address, accept_encoding=encoding)

        again = site.raw(address, accept_encoding=encoding, if_none_match=first.headers["ETag"])

        assert (again.status_code, again.data) == (304, b"")
        for name in ("ETag", "Cache-Control", "Vary"):
            assert again.headers[name] == first.headers[name]
        assert "Content-Type" not in again.headers


@pytest.mark.parametrize(
    "form",
    ["{}", "W/{}", '"other", {}', ' {} , "x"', "*", " * ", "W/{},W/{}", '"x"\t,{},'],
    ids=repr,
)
@pytest.mark.parametrize("address", ["/all.atom", "/", "/feeds.json"])
def test_every_form_of_if_none_match_is_understood(site: Site, form: str, address: str) -> None:
    site.record_some(1)
    etag = site.get(address).headers["ETag"]

    site.get(address, 304, if_none_match=form.replace("{}", etag))


def test_another_etag_or_a_broken_one_gets_the_page(site: Site) -> None:
    site.record_some(1)

    for other in ('"other"', "", '"', "W/", "garbage", ",", '"*"', "W/*", "\xff", 9000 * "a ,"):
        site.get("/all.atom", 200, if_none_match=other)


def test_the_etag_moves_when_a_matching_entry_comes_and_only_then(site: Site) -> None:
    site.record_some(2, queues=("Support",))
    before = site.get("/queues/Support.atom")

    site.record_some(3, queues=("Billing",))
    meanwhile = site.get("/queues/Support.atom", 304, if_none_match=before.headers["ETag"])
    site.record_some(1, queues=("Support",))
    after = site.get("/queues/Support.atom", 200, if_none_match=before.headers["ETag"])

    assert meanwhile.body == b""
    assert after.headers["ETag"] != before.headers["ETag"]


def test_format_filter_and_page_have_etags_of_their_own(site: Site) -> None:
    site.record_some(3)
    addresses = ("/all.atom", "/all.json", "/all.atom?limit=1", "/all.atom?tag=vip", "/")

    etags = {site.get(address, accept="text/html").headers["ETag"] for address in addresses}

    assert len(etags) == len(addresses)


def test_the_same_page_is_the_same_bytes(site: Site) -> None:
    site.record_some(5)

    for address in ("/all.atom", "/all.json"):
        site.server.index.catch_up()
        assert site.get(address).body == site.get(address).body


def test_gzip_is_given_to_those_who_ask_with_an_etag_of_its_own(site: Site) -> None:
    site.record_some(5)
    plain = site.raw("/all.atom")

    packed = site.raw("/all.atom", accept_encoding="gzip, deflate")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Content-Encoding" not in plain.headers
    site.get("/all.atom", 304, accept_encoding="gzip", if_none_match=packed.headers["ETag"])


def test_gzip_is_deterministic(site: Site) -> None:
    site.record_some(5)

    packed = site.raw("/all.atom", accept_encoding="gzip").data

    assert packed[4:8] == b"\0\0\0\0"  # no time in the header (RFC 1952, section 2.3)
    assert packed == gzip.compress(site.raw("/all.atom").data, 6, mtime=0)


@pytest.mark.parametrize("address", [*PAGES, *DIRECTORIES])
def test_brotli_is_given_to_those_who_ask_with_an_etag_of_its_own(site: Site, address: str) -> None:
    site.record_some(5)
    plain, packed = site.raw(address), site.raw(address, accept_encoding="gzip")

    smallest = site.raw(address, accept_encoding="gzip, deflate, br, zstd")

    assert smallest.headers["Content-Encoding"] == "br"
    assert brotli.decompress(smallest.data) == plain.data
    assert len({each.headers["ETag"] for each in (plain, packed, smallest)}) == 3


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "zstd", "gzip;q=0.1, identity;q=1"])
def test_who_does_not_want_gzip_gets_the_plain_body(site: Site, accepted: str) -> None:
    site.record_some(1)

    assert "Content-Encoding" not in site.raw("/all.atom", accept_encoding=accepted).headers


def test_an_etag_with_a_suffix_that_a_proxy_left_is_known(site: Site) -> None:
    site.record_some(1)
    etag = site.get("/all.atom").headers["ETag"]

    for suffix in ("-gzip", "-br"):
        site.get("/all.atom", 304, if_none_match=f'W/{etag[:-1]}{suffix}"')


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_etag_is_known_without_the_suffix_that_a_proxy_took(site: Site, encoding: str) -> None:
    site.record_some(1)
    etag = site.raw("/all.atom", accept_encoding=encoding).headers["ETag"]
    stripped = etag.replace(f"-{encoding}", "")

    again = site.raw("/all.atom", accept_encoding=encoding, if_none_match=stripped)

    assert stripped != etag
    assert (again.status_code, again.headers["ETag"]) == (304, stripped)


def test_what_a_reader_has_and_takes_is_good_enough(site: Site) -> None:
    site.record_some(1)
    etag = site.raw("/all.atom", accept_encoding="gzip").headers["ETag"]

    again = site.raw("/all.atom", accept_encoding="gzip, br", if_none_match=etag)

    assert (again.status_code, again.headers["ETag"]) == (304, etag)


def test_what_a_reader_has_and_does_not_take_is_given_anew(site: Site) -> None:
    site.record_some(1)
    etag = site.raw("/all.atom", accept_encoding="gzip").headers["ETag"]

    again = site.raw("/all.atom", accept_encoding="identity", if_none_match=etag)

    assert again.status_code == 200
    assert "Content-Encoding" not in again.headers


@pytest.mark.parametrize("address", [*PAGES, *FEEDS, "/feeds", "/queues", "an activity", "/nope"])
def test_head_has_the_headers_of_get(site: Site, address: str) -> None:
    drafts = site.record_some(3)
    if address == "an activity":
        address = activity_path(drafts[0].id)
    for encoding in ENCODINGS:
        got = site.raw(address, accept_encoding=encoding, accept=BROWSER)

        head = site.raw(address, "HEAD", accept_encoding=encoding, accept=BROWSER)

        assert head.data == b""
        assert int(head.headers["Content-Length"]) == len(got.data)
        assert (head.status, sorted(head.headers)) == (got.status, sorted(got.headers))


@pytest.mark.parametrize("address", ["/all.atom", "/all.json", "/", "/feeds", "/healthz", "/nope"])
def test_every_answer_forbids_to_guess_its_type(site: Site, address: str) -> None:
    answer = site.app.get(address, expect_errors=True)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("address", [*PAGES, *FEEDS, *DIRECTORIES])
def test_what_is_read_may_be_kept_and_asked_for_again(site: Site, address: str) -> None:
    site.record_some(1)

    for accept in (BROWSER, "*/*"):
        got = site.get(address, accept=accept)
        assert re.fullmatch(r"no-cache|max-age=\d+", got.headers["Cache-Control"])
        assert got.headers["Vary"] in ("Accept, Accept-Encoding", "Accept, Accept-Encoding, A-IM")
        assert got.headers["ETag"].startswith('"')
        assert "Expires" not in got.headers


def test_a_304_never_hides_what_was_recorded_before_the_request(site: Site) -> None:
    etag = site.get("/all.atom").headers["ETag"]

    for _ in range(10):
        site.record(make_draft())
        etag_now = site.get("/all.atom", 200, if_none_match=etag).headers["ETag"]
        assert etag_now != etag
        etag = etag_now


def asked(*, modified: datetime | None = SECOND, now: datetime = NOON, **headers: str) -> Response:
    """An answer to a request with those headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with Flask(__name__).test_request_context(headers=named):
        return answer("etag", "text/plain", Bodies(), lambda: b"body", modified=modified, now=now)


def test_the_date_is_told_on_200_and_304_where_it_is_exact() -> None:
    expected = "Fri, 08 May 2026 11:00:00 GMT"

    assert asked().headers["Last-Modified"] == expected
    assert asked(If_None_Match='"etag"').headers["Last-Modified"] == expected
    assert "Last-Modified" not in asked(modified=None).headers


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 08 May 2026 11:00:00 GMT",
        "Friday, 08-May-26 11:00:00 GMT",
        "Fri May  8 11:00:00 2026",
        "Fri, 08 May 2026 11:00:01 GMT",
        "Fri, 08 May 2026 12:00:00 GMT",
    ],
)
def test_who_has_it_since_it_changed_gets_304(date: str) -> None:
    response = asked(If_Modified_Since=date)

    assert response.status_code == 304
    assert response.data == b""
    assert response.headers["ETag"] == '"etag"'
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 08 May 2026 10:59:59 GMT",
        "Fri, 08 May 2026 12:00:01 GMT",  # a clock that is ahead
        "Mon, 01 Jan 2800 00:00:00 GMT",
        "Wed, 01 Jan 1800 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Fri, 08 May 99999999999999999999999999 11:00:00 GMT",
        "Fri, 08 May 2026 25:00:00 GMT",
        "Fri, 08 May 2026 11:00:00 +9999999999",
        "2026-05-08T11:00:00Z",
        "1778238000",
        "yesterday",
        "",
        "null",
        "\xff",
    ],
)
def test_any_other_date_says_nothing(date: str) -> None:
    response = asked(If_Modified_Since=date)

    assert (response.status_code, response.data) == (200, b"body")


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60))
def test_no_text_in_a_validator_breaks_anything(text: str) -> None:
    assert asked(If_Modified_Since=text).status_code in (200, 304)
    assert asked(If_None_Match=text, Accept_Encoding=text).status_code in (200, 304)


@pytest.mark.parametrize("etag", ['"other"', "", "garbage", 'W/"etag-old"', "null"])
def test_an_etag_wins_over_a_date_whatever_it_is(etag: str) -> None:
    date = formatdate(NOON.timestamp(), usegmt=True)

    assert asked(If_None_Match=etag, If_Modified_Since=date).status_code == 200
    assert asked(If_None_Match='"etag"', If_Modified_Since="yesterday").status_code == 304


def test_no_date_is_believed_where_none_is_exact() -> None:
    date = formatdate(NOON.timestamp(), usegmt=True)

    assert asked(modified=None, If_Modified_Since=date).status_code == 200


@pytest.mark.parametrize("address", ["/all.atom", "/all.json", "/queues/Support.atom?tag=vip"])
def test_a_feed_has_the_date_of_its_newest_version_when_that_second_is_over(
    site: Site, address: str
) -> None:
    site.record_some(2)
    at_once = site.get(address)
    site.clock.advance(1)

    later = site.get(address)

    assert "Last-Modified" not in at_once.headers
    assert later.headers["Last-Modified"] == "Fri, 08 May 2026 12:02:00 GMT"
    site.get(address, 304, if_modified_since=later.headers["Last-Modified"])
    site.record_some(1)
    site.get(address, 200, if_modified_since=later.headers["Last-Modified"])


def test_the_caller_says_how_long_an_answer_may_be_kept() -> None:
    for known in ("", '"etag"'):
        with Flask(__name__).test_request_context(headers={"If-None-Match": known}):
            given = answer("etag", "text/plain", Bodies(), bytes, cache_control="max-age=300")
        assert given.headers["Cache-Control"] == "max-age=300"


Kept = Mapping[str, str]


def bare(kept: Kept) -> str:
    return kept["ETag"].strip('"')


HABITS: Mapping[str, Callable[[Kept], Mapping[str, str]]] = {
    "sends what it got": lambda kept: {"If-None-Match": kept["ETag"]},
    "strips the quotes": lambda kept: {"If-None-Match": bare(kept)},
    "doubles the quotes": lambda kept: {"If-None-Match": f'""{bare(kept)}""'},
    "escapes the quotes": lambda kept: {"If-None-Match": f"&quot;{bare(kept)}&quot;"},
    "weakens": lambda kept: {"If-None-Match": "W/" + kept["ETag"]},
    "adds a suffix": lambda kept: {"If-None-Match": f'"{bare(kept)}-gzip"'},
    "sends the year 1800": lambda kept: {"If-Modified-Since": "Wed, 01 Jan 1800 00:00:00 GMT"},
    "sends both": lambda kept: {
        "If-None-Match": kept["ETag"],
        "If-Modified-Since": kept["now"],
    },
    "sends its clock, five minutes behind": lambda kept: {"If-Modified-Since": kept["behind"]},
    "sends its clock, five minutes ahead": lambda kept: {"If-Modified-Since": kept["ahead"]},
    "sends null": lambda kept: {"If-None-Match": "null", "If-Modified-Since": "null"},
    "sends nothing": lambda kept: {},
}


@pytest.mark.parametrize("habit", HABITS)
def test_no_habit_of_readers_loses_anything(site: Site, habit: str) -> None:
    seen: set[str] = set()
    recorded: set[str] = set()
    headers: Mapping[str, str] = {}
    for poll in range(4):
        recorded |= {draft.id for draft in site.record_some(poll % 3)}
        site.clock.advance(60)
        answered = site.app.get("/all.atom?null", headers=headers, expect_errors=True)
        assert answered.status_int in (200, 304)
        seen |= set(re.findall(r"<entry><id>([^<]*)", answered.text))

        assert seen == recorded
        moments = {"now": 0, "behind": -300, "ahead": 300}
        dates = {
            name: format_datetime(site.clock() + timedelta(seconds=seconds), usegmt=True)
            for name, seconds in moments.items()
        }
        headers = HABITS[habit]({"ETag": answered.headers["ETag"], **dates})


def test_head_and_then_get_loses_nothing(site: Site) -> None:
    site.record_some(1)
    etag = site.app.head("/all.atom").headers["ETag"]
    site.record_some(1)

    site.get("/all.atom", 200, if_none_match=etag)


def test_bytes_stay_the_same_while_nothing_comes_for_readers_that_compare_them(site: Site) -> None:
    site.record_some(3)
    before = site.raw("/all.atom", accept_encoding="br").data

    site.clock.advance(3600)
    site.use(replace(site.server))

    assert site.raw("/all.atom", accept_encoding="br").data == before


def test_a_directory_has_another_etag_when_it_shows_something_else(site: Site) -> None:
    for address in DIRECTORIES:
        site.record_some(1)
        etag = site.get(address).headers["ETag"]
        site.record_some(1)

        assert site.get(address, 200, if_none_match=etag).headers["ETag"] != etag
