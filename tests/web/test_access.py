"""Who may read and who may write, and that a token is seen nowhere."""

import logging
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, Response
from webtest import TestApp

from feedserver.assembly import assemble_around
from feedserver.errors import StoreError
from feedserver.model.grant import Grant
from feedserver.stores.memory import MemoryGrants
from feedserver.web.access import Access
from feedserver.web.app import create_app
from tests.builders import make_draft
from tests.fakes import LivingWorker
from tests.web.conftest import BASE, Site

READING = (
    "This server is private. Ask its administrator for a token (`feedserver grant add LABEL`); "
    "send it as `Authorization: Bearer TOKEN`, or as the password, with any user name."
)
WRITING = (
    "Writing needs a grant. Ask this server's administrator for a token "
    "(`feedserver grant add --write LABEL`); "
    "send it as `Authorization: Bearer TOKEN`, or as the password, with any user name."
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class BrokenGrants(MemoryGrants):
    """Grants that cannot be read."""

    def all(self) -> tuple[Grant, ...]:
        raise StoreError("the store cannot be read: disk I/O error")


@pytest.fixture
def private(site: Site) -> Site:
    """The server, with reading = "private"."""
    return closed(site, MemoryGrants())


def closed(site: Site, grants: MemoryGrants) -> Site:
    settings = replace(site.server.settings, reading="private")
    site.use(assemble_around(site.server.log, settings, site.clock, grants=grants))
    return site


def basic(name: str, password: str, encoding: str = "utf-8") -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode(encoding)).decode("ascii")


def forms(token: str) -> list[str]:
    """Every way in which clients send a token."""
    return [
        f"Bearer {token}",
        f"bearer  {token} ",
        basic("any", token),
        basic("", token),
        basic("jürgen", token),
        basic("jürgen", token, "latin-1"),
        basic(token, ""),
        basic("any", token).replace("Basic", "BASIC"),
    ]


def malformed(token: str) -> list[str]:
    """What is no way to send it."""
    return [
        token,
        "Bearer",
        "Bearer ",
        f"Bearer{token}",
        f"Bearer x{token}",
        f"Bearer {token}, Bearer {token}",
        f"Token {token}",
        f'Digest username="{token}"',
        "Basic",
        "Basic =",
        "Basic x",
        "Basic \xe9\xe9\xe9\xe9",
        "Basic " + b64encode(token.encode()).decode()[:-1],
        basic("any", "wrong"),
        basic(token, "wrong"),
        "\xff",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 5000,
    ]


ADDRESSES = [
    "/",
    "/all",
    "/all.atom",
    "/all.json?after=",
    "/queues",
    "/queues/Support",
    "/queues/Suport.atom",
    "/feeds",
    "/feeds.opml",
    "/feeds.opml?queue=Support",
    "/filters",
    "/service",
    "/all.atom?q=case",
    "/all.json?filter=queue:Suport",
    "/feeds.json",
    "/activities/tag:nothing",
    "/nothing/here",
    "/all.atom?nonsense=1",
    "/favicon.ico",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_private_server_tells_a_stranger_nothing(private: Site, address: str) -> None:
    private.record(make_draft(queues=("Support",)))

    answer = private.get(address, 401)

    assert answer.headers.getall("WWW-Authenticate") == [
        'Basic realm="feedserver", charset="UTF-8"',
        'Bearer realm="feedserver"',
    ]
    assert answer.json["detail"] == READING
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert "Support" not in answer.text
    assert "ETag" not in answer.headers
    assert "Link" not in answer.headers


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_grant_opens_every_address(private: Site, site: Site, address: str) -> None:
    site.record(make_draft(queues=("Support",)))
    token = private.grant()

    answer = private.raw(address, authorization=f"Bearer {token}")

    assert answer.status_code not in (401, 403, 500)


def test_neither_head_nor_another_method_goes_round_it(private: Site) -> None:
    for method in ("HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"):
        assert private.app.request("/all.atom", method=method, status="*").status_code == 401


def test_who_posts_to_a_private_server_is_told_what_writing_needs(private: Site) -> None:
    assert private.app.post("/all.atom", status=401).json["detail"] == WRITING


def test_a_token_is_taken_in_every_form(private: Site) -> None:
    token = private.grant()

    for form in forms(token):
        private.get("/all.atom", 200, authorization=form)


def test_a_malformed_header_is_a_stranger(private: Site) -> None:
    for header in malformed(private.grant()):
        private.get("/all.atom", 401, authorization=header)


def test_a_revoked_token_ends_at_once(private: Site) -> None:
    token = private.grant(label="ann")
    etag = private.get("/all.atom", authorization=f"Bearer {token}").headers["ETag"]

    private.server.grants.revoke("ann")

    private.get("/all.atom", 401, authorization=f"Bearer {token}", if_none_match=etag)


def test_a_browser_gets_a_page_and_is_asked_for_a_password(private: Site) -> None:
    answer = private.get("/", 401, accept=BROWSER)

    assert answer.content_type == "text/html"
    assert "This server is private." in answer.text
    assert answer.headers.getall("WWW-Authenticate")[0].startswith("Basic ")


def test_what_belongs_to_nobody_is_for_all(private: Site) -> None:
    assert private.get("/healthz").text == "ok\n"
    style = private.get("/static/style.css")
    assert "private" not in style.headers["Cache-Control"]
    private.get("/static/nothing", 404)


def test_a_stranger_is_told_only_whether_a_private_server_is_ready(private: Site) -> None:
    token = private.grant()

    for header in ("", "Bearer wrong"):
        assert private.get("/readyz", authorization=header).json == {"ready": True}
    told = private.get("/readyz", authorization=f"Bearer {token}").json
    assert set(told) == {"ready", "store", "worker", "followers", "sources"}


def test_a_server_that_is_not_ready_says_so_to_strangers(private: Site) -> None:
    class DeadWorker(LivingWorker):
        is_alive = False

    app = TestApp(create_app(private.server, DeadWorker()))

    assert app.get("/readyz", status=503).json == {"ready": False}


def test_a_store_that_cannot_tell_lets_nobody_in(site: Site) -> None:
    site = closed(site, BrokenGrants())

    assert site.get("/all.atom", 503, authorization="Bearer x").json["status"] == 503
    assert site.get("/readyz", authorization="Bearer x").json == {"ready": True}
    site.get("/all.atom", 401)


@pytest.mark.parametrize("address", ["/all.atom", "/", "/feeds", "/feeds.json", "/queues/support"])
def test_what_a_private_server_tells_is_kept_by_no_shared_cache(
    private: Site, address: str
) -> None:
    private.record(make_draft(queues=("Support",)))
    header = f"Bearer {private.grant()}"

    answer = private.raw(address, authorization=header)
    again = private.raw(address, authorization=header, if_none_match=answer.headers.get("ETag", ""))

    assert answer.status_code == (302 if address == "/queues/support" else 200)
    assert again.status_code == (304 if "ETag" in answer.headers else answer.status_code)
    assert "private" in answer.headers["Cache-Control"].split(", ")
    assert answer.headers["Cache-Control"] == again.headers["Cache-Control"]


def test_every_grant_reads_the_same_bytes(private: Site) -> None:
    private.record_some(3)
    one, other = private.grant(label="one"), private.grant(label="other", write=True)

    answers = [private.get("/all.atom", authorization=f"Bearer {token}") for token in (one, other)]

    assert answers[0].body == answers[1].body
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"]


def test_an_open_server_asks_nobody(site: Site) -> None:
    site.record_some(1)
    expected = site.get("/all.atom")
    token = site.grant()

    for header in [*forms(token), *malformed(token)]:
        answer = site.get("/all.atom", authorization=header)
        assert answer.body == expected.body
        assert answer.headers["ETag"] == expected.headers["ETag"]
        assert "private" not in answer.headers["Cache-Control"]
    assert "store" in site.get("/readyz").json


@pytest.fixture(params=["open", "private"])
def writable(request: pytest.FixtureRequest, site: Site) -> Site:
    """A server, open and private, with an address that needs a grant to write."""
    settings = replace(site.server.settings, reading=request.param)
    site.use(assemble_around(site.server.log, settings, site.clock))
    flask: Flask = site.app.app
    access = Access(site.server.grants, request.param, BASE)
    flask.add_url_rule(
        "/written", "written", lambda: access.writer().label, methods=["POST", "PUT", "DELETE"]
    )
    return site


def write(site: Site, status: int, **headers: str) -> Any:
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return site.app.post("/written", headers=named, status=status)


def test_a_grant_to_write_writes_under_its_label(writable: Site) -> None:
    token = writable.grant(write=True, label="ci-bot")

    for form in forms(token):
        assert write(writable, 200, authorization=form).text == "ci-bot"


def test_writing_needs_a_grant_also_where_reading_is_open(writable: Site) -> None:
    for header in ["", *malformed(writable.grant(write=True))]:
        answer = write(writable, 401, authorization=header)
        of_none = "The token that came is of no grant in force: it is mistyped, or revoked. "
        assert answer.json["detail"] in (WRITING, of_none + WRITING)
        assert len(answer.headers.getall("WWW-Authenticate")) == 2


def test_a_grant_to_read_does_not_write_and_is_named(writable: Site) -> None:
    token = writable.grant(label="ann")

    answer = write(writable, 403, authorization=f"Bearer {token}")

    assert answer.json["detail"].startswith("The grant ann may only read.")
    assert "WWW-Authenticate" not in answer.headers


def test_a_revoked_grant_does_not_write(writable: Site) -> None:
    token = writable.grant(write=True, label="ci-bot")
    writable.server.grants.revoke("ci-bot")

    write(writable, 401, authorization=f"Bearer {token}")


@pytest.mark.parametrize("where", ["cross-site", "same-site"])
def test_a_page_of_another_site_cannot_make_a_browser_write(writable: Site, where: str) -> None:
    header = basic("ann", writable.grant(write=True))

    answer = write(writable, 403, authorization=header, sec_fetch_site=where)

    assert answer.json["detail"].startswith("A page of another site")


@pytest.mark.parametrize("where", ["same-origin", "none"])
def test_a_browser_writes_for_the_person_who_uses_it(writable: Site, where: str) -> None:
    header = basic("ann", writable.grant(write=True))

    write(writable, 200, authorization=header, sec_fetch_site=where)


def test_a_token_is_in_no_log(private: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "feedserver.access")  # a command before may have set it
    token = private.grant()

    private.get("/all.atom", authorization=f"Bearer {token}")
    private.get("/all.atom", authorization=basic("any", token))
    private.get(f"/all.atom?token={token}", 401)
    private.get(f"/all.atom?tag={token}", authorization=f"Bearer {token}")
    private.get(f"/t/{token}/all.atom", 401)
    private.get(f"/queues/{token}.atom", 404, authorization=f"Bearer {token}")

    assert token[3:] not in caplog.text
    assert "/all.atom?token=fs_… 401" in caplog.text
    assert "/t/fs_…/all.atom 401" in caplog.text


def test_a_token_is_in_no_page_feed_or_header_that_it_opens(private: Site) -> None:
    private.record(make_draft(queues=("Support",), tags=("vip",)))
    token = private.grant(write=True)

    for address in (*ADDRESSES, "/queues/support", "/readyz", "/all.json?limit=1"):
        for accept in ("*/*", BROWSER):
            answer = private.raw(address, authorization=basic("any", token), accept=accept)
            assert token[3:] not in f"{answer.get_data(as_text=True)} {answer.headers}"


@pytest.mark.parametrize("accept", ["*/*", BROWSER])
@pytest.mark.parametrize(
    "address",
    [
        "/all.atom?token={}",
        "/all.atom?{}",
        "/all.atom?limit={}",
        "/all.atom?since={}",
        "/all.atom?after={}",
        "/all.{}",
        "/queues/{}.atom",
        "/activities/{}",
        "/feeds?access_token={}",
        "/t/{}/all.atom",
    ],
)
def test_a_token_in_the_wrong_place_is_not_repeated(
    private: Site, address: str, accept: str
) -> None:
    token = private.grant()

    answer = private.raw(address.format(token), authorization=f"Bearer {token}", accept=accept)

    assert 400 <= answer.status_code < 500
    assert token[3:] not in f"{answer.get_data(as_text=True)} {answer.headers}"


def test_a_fault_of_ours_is_logged_without_the_token(
    private: Site, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(token: str) -> str:
        raise ZeroDivisionError

    private.app.app.add_url_rule("/broken/<token>", "broken", broken)
    token = private.grant()

    private.get(f"/broken/{token}", 500, authorization=f"Bearer {token}")

    assert "ZeroDivisionError" in caplog.text
    assert token[3:] not in caplog.text


@pytest.mark.parametrize("address", ["/", "/all.atom", "/feeds.json", "/queues", "/nope"])
def test_no_search_engine_shows_what_a_private_server_tells(private: Site, address: str) -> None:
    token = private.grant()

    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        answer = private.app.get(address, headers=headers, expect_errors=True)
        assert answer.headers["X-Robots-Tag"] == "noindex"


def test_what_is_for_all_may_be_found(private: Site, site: Site) -> None:
    assert "X-Robots-Tag" not in private.get("/healthz").headers
    assert "X-Robots-Tag" not in private.get("/static/feed.svg").headers


def test_an_open_server_may_be_found(site: Site) -> None:
    assert "X-Robots-Tag" not in site.get("/all.atom").headers


def test_how_long_a_private_answer_may_be_kept_stays_beside_private(private: Site) -> None:
    def archived() -> Response:
        response = Response("x")
        response.headers["Cache-Control"] = "max-age=31536000, immutable"
        return response

    private.app.app.add_url_rule("/archived", "archived", archived)

    kept = private.get("/archived", authorization=f"Bearer {private.grant()}")

    assert kept.headers["Cache-Control"] == "max-age=31536000, immutable, private"


@pytest.mark.parametrize("address", [*ADDRESSES, "/healthz", "/readyz", "/metrics"])
def test_nothing_sets_a_cookie(private: Site, address: str) -> None:
    for headers in ({}, {"Authorization": f"Bearer {private.grant()}", "Cookie": "session=x"}):
        answer = private.app.get(address, headers=headers, expect_errors=True)
        assert "Set-Cookie" not in answer.headers
