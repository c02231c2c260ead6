"""Validators, encodings and headers of feeds (RFC 9110)."""

import gzip

import pytest

from tests.builders import make_draft
from tests.web.conftest import Site

FEEDS = (
    "/all.atom",
    "/all.json",
    "/queues/Support.atom?tag=vip",
    "/all.json?after=",
    "/feeds.json",
)
PAGES = ("/", "/all", "/all.atom", "/all.json", "/queues/Support.atom", "/all.atom?limit=0")


@pytest.mark.parametrize("address", PAGES)
def test_a_reader_that_has_the_page_gets_304_without_body(site: Site, address: str) -> None:
    site.record_some(3)
    first = site.get(address)

    again = site.get(address, 304, if_none_match=first.headers["ETag"])

    assert again.body == b""
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]
    assert "Content-Type" not in again.headers


@pytest.mark.parametrize(
    "form", ["{}", "W/{}", '"other", {}', ' {} , "x"', "*", "W/{},W/{}"], ids=repr
)
def test_every_form_of_if_none_match_is_understood(site: Site, form: str) -> None:
    site.record_some(1)
    etag = site.get("/all.atom").headers["ETag"]

    site.get("/all.atom", 304, if_none_match=form.replace("{}", etag))


def test_another_etag_or_a_broken_one_gets_the_page(site: Site) -> None:
    site.record_some(1)

    for other in ('"other"', "", '"', "W/", "garbage"):
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


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br", "gzip;q=0.1, identity;q=1"])
def test_who_does_not_want_gzip_gets_the_plain_body(site: Site, accepted: str) -> None:
    site.record_some(1)

    assert "Content-Encoding" not in site.raw("/all.atom", accept_encoding=accepted).headers


def test_an_etag_with_a_suffix_that_a_proxy_left_is_known(site: Site) -> None:
    site.record_some(1)
    etag = site.get("/all.atom").headers["ETag"]

    site.get("/all.atom", 304, if_none_match=etag[:-1] + '-gzip"')


@pytest.mark.parametrize("address", [*PAGES, *FEEDS, "/feeds"])
def test_head_has_the_headers_of_get(site: Site, address: str) -> None:
    site.record_some(3)
    answer = site.get(address)

    head = site.app.head(address)

    assert head.body == b""
    assert sorted(head.headers.items()) == sorted(answer.headers.items())


@pytest.mark.parametrize("address", ["/all.atom", "/all.json", "/", "/feeds", "/healthz", "/nope"])
def test_every_answer_forbids_to_guess_its_type(site: Site, address: str) -> None:
    answer = site.app.get(address, expect_errors=True)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("address", ["/all.atom", "/all.json", "/"])
def test_feeds_may_be_kept_and_must_be_asked_for(site: Site, address: str) -> None:
    answer = site.get(address)

    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert answer.headers["ETag"].startswith('"')


def test_a_304_never_hides_what_was_recorded_before_the_request(site: Site) -> None:
    etag = site.get("/all.atom").headers["ETag"]

    for _ in range(10):
        site.record(make_draft())
        etag_now = site.get("/all.atom", 200, if_none_match=etag).headers["ETag"]
        assert etag_now != etag
        etag = etag_now
