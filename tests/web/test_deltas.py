"""Deltas of feeds (RFC 3229): who sends `A-IM: feed` is told only what has changed."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest
from feedparser.http import ACCEPT_HEADER

from feedserver.assembly import assemble_around
from feedserver.formats import FORMATS
from feedserver.model.activity import Draft
from tests.builders import AUTHORITY, make_draft
from tests.web.conftest import Site

FORMS = ["/all.atom", "/all.rss", "/all.json", "/all.as1", "/all.jsonfeed", "/all"]
ENCODINGS = ("identity", "gzip", "br")


def etag(site: Site, address: str) -> str:
    given: str = site.get(address).headers["ETag"]
    return given


def ask(site: Site, address: str, had: str, status: int = 226, **headers: str) -> Any:
    """GET by a reader that had that ETag and takes deltas."""
    return site.get(address, status, **({"a_im": "feed", "if_none_match": had} | headers))


def change(site: Site, draft: Draft, new: Draft | None, is_silent: bool = False) -> None:
    log = site.server.log
    newest = log.find(draft.id)
    assert newest is not None
    log.replace(newest.position, new, is_silent)


def test_every_format_has_deltas() -> None:
    assert {f"/all.{extension}" for extension in FORMATS} == set(FORMS) - {"/all"}


@pytest.mark.parametrize("address", FORMS)
def test_a_delta_tells_what_has_changed_and_nothing_else(site: Site, address: str) -> None:
    same, edited, silent, left, deleted, redacted = site.record_some(6)
    had = etag(site, f"{address}?tag=vip")
    change(site, edited, replace(edited, title="Edited"))
    change(site, silent, replace(silent, title="Mended"), is_silent=True)
    change(site, left, replace(left, tags=()))
    change(site, deleted, None)
    site.server.log.redact([redacted.id])
    (new,) = site.record_some(1)

    answer = ask(site, f"{address}?tag=vip", had)

    whole = site.get(f"{address}?tag=vip")
    assert (answer.status, answer.headers["IM"]) == ("226 IM USED", "feed")
    assert answer.headers["Delta-Base"] == had
    assert answer.headers["ETag"] == whole.headers["ETag"] != had
    assert answer.headers["Cache-Control"] == "no-store"
    for name in ("Vary", "Link", "Content-Type"):
        assert answer.headers[name] == whole.headers[name]
    for draft in (edited, silent, left, deleted, redacted, new):
        assert draft.id in answer.text
    assert same.id not in answer.text
    assert same.id in whole.text
    assert "Edited" in answer.text
    assert "Mended" in answer.text
    assert len(answer.body) < len(whole.body)


@pytest.mark.parametrize("address", FORMS)
def test_who_has_it_all_gets_304(site: Site, address: str) -> None:
    site.record_some(2)
    had = etag(site, address)
    (new,) = site.record_some(1)
    changed = ask(site, address, had).headers["ETag"]

    answer = ask(site, address, changed, 304)

    assert answer.body == b""
    assert answer.headers["Vary"] == "Accept, Accept-Encoding, A-IM"
    assert "IM" not in answer.headers
    assert new.id in site.get(address).text


def test_the_edges_of_a_feed_vary_by_what_readers_take(site: Site) -> None:
    site.record_some(3)
    older = site.get("/all.json?limit=1").json["next"]

    for address in (*FORMS, "/all.atom?limit=1", "/queues/Support.atom", "/"):
        assert site.get(address).headers["Vary"] == "Accept, Accept-Encoding, A-IM"
    for address in (older, "/all.json?after=", "/all.json?archive=0", "/feeds.json"):
        assert site.get(address).headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("taken", ["feed", "Feed", "gzip, feed", "feed;q=0.5", " feed ,x"])
def test_a_reader_may_name_feed_among_others(site: Site, taken: str) -> None:
    had = etag(site, "/all.atom")
    site.record_some(1)

    ask(site, "/all.atom", had, a_im=taken)


@pytest.mark.parametrize("taken", ["", "*", "gzip", "feeds", "vcdiff, diffe", "feed;q=0", "fe ed"])
def test_a_reader_that_does_not_name_it_gets_the_feed(site: Site, taken: str) -> None:
    site.record_some(2)
    had = etag(site, "/all.atom")
    site.record_some(1)

    answer = ask(site, "/all.atom", had, 200, a_im=taken)

    assert answer.body == site.get("/all.atom", 200, if_none_match=had).body
    assert "IM" not in answer.headers
    assert "Delta-Base" not in answer.headers


def test_a_program_for_which_its_library_asks_gets_the_feed(site: Site) -> None:
    had = etag(site, "/all.atom")
    site.record_some(1)

    ask(site, "/all.atom", had, 200, accept=ACCEPT_HEADER)


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "W/{}",
        '"other", {}',
        ' {} , "x"',
        "W/{},W/{}",
        '"x"\t,{},',
        '""{}""',
        "&quot;{}&quot;",
    ],
)
@pytest.mark.parametrize("suffix", ["", "-gzip", "-br", "--gzip", "-zstd"])
def test_an_etag_is_known_whatever_was_made_of_it(site: Site, form: str, suffix: str) -> None:
    had = etag(site, "/all.atom").strip('"') + suffix
    (new,) = site.record_some(1)

    for quoted in (f'"{had}"', had):
        answer = ask(site, "/all.atom", form.replace("{}", quoted))

        assert answer.headers["Delta-Base"] == f'"{had}"'
        assert new.id in answer.text


@pytest.mark.parametrize(
    "had", ['"other"', "", '"', "W/", "garbage", ",", '"*"', "\xff", 48 * "A", 9000 * "a ,"]
)
def test_an_etag_that_nobody_knows_gets_the_feed(site: Site, had: str) -> None:
    site.record_some(1)

    answer = ask(site, "/all.atom", had, 200)

    assert answer.body == site.get("/all.atom").body


def test_an_asterisk_gets_304(site: Site) -> None:
    ask(site, "/all.atom", "*", 304)


def test_an_etag_of_another_feed_gets_the_feed(site: Site) -> None:
    site.record_some(2)
    had = etag(site, "/all.atom")
    site.record_some(1)
    elsewhere = ("/all.rss", "/all.atom?limit=9", "/all.atom?tag=vip", "/queues/Support.atom")

    for address in elsewhere:
        assert ask(site, address, had, 200).body == site.get(address).body
    for address in ("/all.atom", "/", "/all.atom?limit=100", "/all.atom?filter=tag:a+or+not+tag:a"):
        ask(site, address, had)


def test_pages_for_people_and_other_pages_of_a_feed_have_no_deltas(site: Site) -> None:
    site.record_some(3)
    older = site.get("/all.json?limit=1").json["next"]
    for address in ("/", older, "/all.json?after=", "/all.json?archive=0", "/all.atom?limit=0"):
        had = site.get(address, accept="text/html, */*;q=0.1").headers["ETag"]
        site.record_some(1)

        answer = site.app.get(
            address, headers={"A-IM": "feed", "If-None-Match": had, "Accept": "text/html, */*;q=.1"}
        )

        assert answer.status_int in (200, 304)


def test_more_than_a_page_of_it_is_the_feed_and_its_archives_lead_on(site: Site) -> None:
    site.record_some(4)
    had = etag(site, "/all.atom?limit=3")
    site.record_some(3)
    assert ask(site, "/all.atom?limit=3", had).text.count("<entry>") == 3
    site.record_some(1)

    answer = ask(site, "/all.atom?limit=3", had, 200)

    assert answer.text.count("<entry>") == 3
    assert 'rel="prev-archive"' in answer.headers["Link"]
    assert answer.headers["Cache-Control"] != "no-store"


def test_a_reader_away_for_a_while_needs_one_answer(site: Site) -> None:
    had = etag(site, "/all.atom")
    drafts = [draft for _ in range(4) for draft in site.record_some(2)]

    text = ask(site, "/all.atom", had).text

    assert [text.count(f"<id>{draft.id}</id>") for draft in drafts] == 8 * [1]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_delta_is_packed_and_has_the_etag_of_the_feed_so_packed(
    site: Site, encoding: str
) -> None:
    had = site.raw("/all.atom", accept_encoding=encoding).headers["ETag"]
    site.record_some(3)
    asked = {"a_im": "feed", "accept_encoding": encoding}

    answer = site.raw("/all.atom", if_none_match=had, **asked)

    whole = site.raw("/all.atom", accept_encoding=encoding)
    assert answer.status_code == 226
    for name in ("ETag", "Content-Encoding"):
        assert answer.headers.get(name) == whole.headers.get(name)
    assert answer.headers["Delta-Base"] == had
    again = site.raw("/all.atom", if_none_match=answer.headers["ETag"], **asked)
    assert again.status_code == 304
    if encoding == "gzip":
        assert gzip.decompress(answer.data) == ask(site, "/all.atom", had).body


def test_head_has_the_headers_of_get(site: Site) -> None:
    had = etag(site, "/all.atom")
    site.record_some(3)
    asked = {"a_im": "feed", "if_none_match": had, "accept_encoding": "gzip"}
    got = site.raw("/all.atom", **asked)

    head = site.raw("/all.atom", "HEAD", **asked)

    assert (head.status_code, head.data) == (226, b"")
    assert int(head.headers["Content-Length"]) == len(got.data)
    assert sorted(head.headers) == sorted(got.headers)


def test_a_date_alone_never_gets_a_delta(site: Site) -> None:
    site.record_some(1)
    date = formatdate(site.clock().timestamp(), usegmt=True)
    had = etag(site, "/all.atom")
    site.clock.advance(1)
    site.record_some(1)

    assert site.get("/all.atom", 200, a_im="feed", if_modified_since=date).status_int == 200
    site.get("/all.atom", 200, a_im="feed")
    ask(site, "/all.atom", had, if_modified_since=date)


def test_a_delta_is_not_taken_for_the_feed_that_others_get(site: Site) -> None:
    site.record_some(2)
    had = etag(site, "/all.atom")
    site.record_some(1)

    first = ask(site, "/all.atom", had)

    assert site.get("/all.atom").text.count("<entry>") == 3
    assert ask(site, "/all.atom", had).body == first.body


def test_every_server_of_a_log_understands_the_etags_of_the_others(site: Site) -> None:
    site.record_some(2)
    had = etag(site, "/all.atom")
    (new,) = site.record_some(1)
    first = ask(site, "/all.atom", had)

    site.use(assemble_around(site.server.log, site.server.settings, site.clock))

    again = ask(site, "/all.atom", had)
    assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])
    assert new.id in again.text


def test_an_etag_from_before_a_backup_was_put_back_gets_the_feed(site: Site) -> None:
    site.record_some(3)
    had = etag(site, "/all.atom")
    del site.server.log._versions[1:]  # type: ignore[attr-defined]  # only MemoryLog can be cut
    site.record_some(4)
    site.use(assemble_around(site.server.log, site.server.settings, site.clock))

    answer = ask(site, "/all.atom", had, 200)

    assert answer.text.count("<entry>") == 5


def test_who_asks_for_deltas_is_never_refused_for_asking_often(site: Site) -> None:
    site.use(replace(site.server, settings=replace(site.server.settings, max_polls=2)))
    had = etag(site, "/all.atom")
    site.record_some(1)

    for _ in range(5):
        answer = site.app.get(
            "/all.atom",
            headers={"A-IM": "feed", "If-None-Match": had},
            extra_environ={"REMOTE_ADDR": "192.0.2.7"},
        )
        assert answer.status_int == 226


def test_a_delta_of_a_private_server_is_private(site: Site) -> None:
    settings = replace(site.server.settings, reading="private")
    site.use(replace(site.server, settings=settings))
    bearer = f"Bearer {site.grant()}"
    had = site.get("/all.atom", authorization=bearer).headers["ETag"]
    site.record_some(1)

    answer = ask(site, "/all.atom", had, authorization=bearer)

    kept = {each.strip() for each in answer.headers["Cache-Control"].split(",")}
    assert kept == {"no-store", "private"}
    ask(site, "/all.atom", had, 401)


def test_what_is_redacted_while_a_delta_is_made_is_not_in_it(site: Site) -> None:
    had = etag(site, "/all.atom")
    first, second = site.record_some(2)
    reading = site.server.reading
    select = reading.select

    def redact_then(*arguments: Any, **more: Any) -> Any:
        view = select(*arguments, **more)
        site.server.log.redact([second.id])
        return view

    racing = Racing(reading, redact_then)
    site.use(replace(site.server, reading=racing))  # type: ignore[arg-type]

    text = ask(site, "/all.atom", had).text

    assert second.title not in text
    assert f"<id>{second.id}</id>" not in text
    assert f'ref="{second.id}"' in text
    assert f"<id>{first.id}</id>" in text


class Racing:
    """Reading during which something happens."""

    def __init__(self, reading: Any, select: Callable[..., Any]) -> None:
        self._reading = reading
        self.select = select

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading, name)


@pytest.mark.parametrize("habit", ["keeps what it was told", "begins anew after a while"])
def test_a_reader_of_deltas_has_the_feed(site: Site, habit: str) -> None:
    held: dict[str, str] = {}
    expected: dict[str, str] = {}
    had = ""
    for poll in range(12):
        if poll % 5 == 4 and habit == "begins anew after a while":
            had, held = "", {}
        for draft in site.record_some(poll % 3):
            expected[draft.id] = draft.title
        if poll % 4 == 3 and expected:
            id, title = min(expected.items())
            draft = make_draft(id=id, title=f"{title}!")
            change(site, draft, draft if poll % 8 == 3 else None, is_silent=poll == 3)
            expected |= {id: draft.title}
            if poll % 8 != 3:
                del expected[id]

        answer = site.app.get("/all.json", headers={"A-IM": "feed", "If-None-Match": had})
        had = answer.headers["ETag"]
        for item in [] if answer.status_int == 304 else answer.json["orderedItems"]:
            held.pop(item["id"], None)
            if item["type"] != "Tombstone":
                held[item["id"]] = item["name"]

        assert held == expected
    assert AUTHORITY in min(held)
