"""Archives (RFC 5005): every feed can be walked to its beginning, and what is full stays."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree

from feedserver.assembly import assemble_around
from feedserver.model.activity import Draft
from feedserver.services.indexing import ARCHIVED
from tests.builders import make_draft
from tests.web.conftest import BASE, Site

ATOM = "{http://www.w3.org/2005/Atom}"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"


def links(answer: Any) -> dict[str, str]:
    """The addresses of the `Link` field by their relations."""
    found = re.findall(r'<([^>]*)>; rel="([^"]*)"', answer.headers["Link"])
    return {rel: address for address, rel in found}


def ids(answer: Any) -> list[str]:
    """The ids of the entries of an Atom or JSON document."""
    if answer.content_type == "application/atom+xml":
        feed = etree.fromstring(answer.body)
        return [str(entry.findtext(f"{ATOM}id")) for entry in feed.iter(f"{ATOM}entry")]
    return [item["id"] for item in answer.json["orderedItems"]]


def walk(site: Site, address: str) -> Iterator[Any]:
    """The document there, and every archive before it."""
    following: str | None = address
    while following is not None:
        answer = site.get(following)
        yield answer
        following = links(answer).get("prev-archive")


@pytest.fixture
def drafts(site: Site) -> list[Draft]:
    """Three archives full, and a half of one; every other one is tagged odd."""
    made = []
    for number in range(3 * ARCHIVED + ARCHIVED // 2):
        site.clock.advance(60)
        made.append(make_draft(occurred=site.clock(), tags=("odd",) if number % 2 else ()))
    site.record(*made)
    return made


@pytest.mark.parametrize("extension", ["atom", "json"])
@pytest.mark.parametrize("limit", [1, 7, 100, 500])
def test_a_walk_from_the_newest_leaves_no_gap(
    site: Site, drafts: list[Draft], limit: int, extension: str
) -> None:
    documents = list(walk(site, f"/all.{extension}?limit={limit}"))

    met = list(dict.fromkeys(id for document in documents for id in ids(document)))
    assert met == [draft.id for draft in reversed(drafts)]
    assert all(len(ids(document)) <= ARCHIVED for document in documents[1:])


@pytest.mark.parametrize("query", ["tag=odd", "-tag=odd", "queue=Support&tag=odd", "verb=log"])
def test_every_filter_has_archives(site: Site, drafts: list[Draft], query: str) -> None:
    documents = list(walk(site, f"/all.atom?{query}&limit=3"))

    wanted = [d.id for d in drafts if ("-" in query) != ("odd" in d.tags) or "verb" in query]
    met = dict.fromkeys(id for document in documents for id in ids(document))
    assert list(met) == wanted[::-1]


def test_an_archive_is_the_same_whatever_the_limit(site: Site, drafts: list[Draft]) -> None:
    walks = [
        [links(document)["self"] for document in walk(site, f"/all.atom?limit={limit}")]
        for limit in (1, 2, 50)
    ]

    assert walks[0][1:] == walks[1][1:] == walks[2][1:]


def test_what_is_full_may_be_kept_for_a_year_and_the_newest_must_be_asked_for(
    site: Site, drafts: list[Draft]
) -> None:
    _, newest, *full = walk(site, "/all.atom?limit=1")

    assert newest.headers["Cache-Control"] == "no-cache"
    assert len(full) == 3
    assert {each.headers["Cache-Control"] for each in full} == {"max-age=31536000, immutable"}


def test_what_is_full_never_changes(site: Site, drafts: list[Draft]) -> None:
    _, _, *full = walk(site, "/all.atom?tag=odd&limit=1")
    site.record_some(250, tags=("odd",), actor=drafts[0].actor)

    for before in full:
        address = links(before)["self"]
        after = site.get(address)
        assert after.body == before.body
        assert after.headers["ETag"] == before.headers["ETag"]
        assert after.headers["Link"] == before.headers["Link"]
    # Nor is it another one on another node, or after a restart.
    site.use(assemble_around(site.server.log, site.server.settings, site.clock))
    assert all(site.get(links(each)["self"]).body == each.body for each in full)


def test_what_a_name_is_called_later_changes_nothing(site: Site, drafts: list[Draft]) -> None:
    address = "/all.atom?tag=odd&tag=unheard&actor=ann&limit=1"
    _, *archives = walk(site, address)
    full = [each for each in archives if "immutable" in each.headers["Cache-Control"]]
    assert full

    site.record_some(1, tags=("Unheard",))

    assert all(site.get(links(each)["self"]).body == each.body for each in full)


def test_links_lead_from_one_to_the_next(site: Site, drafts: list[Draft]) -> None:
    head, newest, third, second, first = walk(site, "/all.atom?limit=1")

    assert links(head)["prev-archive"] == links(newest)["self"]
    for later, earlier in ((newest, third), (third, second), (second, first)):
        assert links(later)["prev-archive"] == links(earlier)["self"]
        forward = site.app.get(links(earlier)["next-archive"].removeprefix(BASE))
        forward = forward.follow() if forward.status_int == 302 else forward
        assert forward.body == later.body
    for archive in (newest, third, second, first):
        assert links(archive)["current"] == BASE + "/all.atom"
        assert etree.fromstring(archive.body).find(ARCHIVE) is not None
    assert "prev-archive" not in links(first)
    assert "next-archive" not in links(newest)
    assert etree.fromstring(head.body).find(ARCHIVE) is None


def test_the_links_of_the_header_are_those_of_the_body(site: Site, drafts: list[Draft]) -> None:
    for document in walk(site, "/all.atom?limit=1"):
        feed = etree.fromstring(document.body)
        own = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
        assert own == links(document)


def test_json_archives_have_the_one_before_as_their_next_page(
    site: Site, drafts: list[Draft]
) -> None:
    _, *archives = walk(site, "/all.json?limit=1")

    for archive in archives:
        assert archive.json.get("next") == links(archive).get("prev-archive")
        assert "totalItems" not in archive.json


def test_the_one_after_the_newest_full_one_is_there_though_it_is_empty(site: Site) -> None:
    site.record(*[make_draft() for _ in range(ARCHIVED)])
    _, full = walk(site, "/all.atom?limit=1")

    after = site.get(links(full)["next-archive"])

    assert ids(after) == []
    assert links(after)["prev-archive"] == links(full)["self"]
    assert after.headers["Cache-Control"] == "no-cache"


def test_an_address_of_when_it_was_not_full_leads_to_the_one_it_has_now(
    site: Site, drafts: list[Draft]
) -> None:
    newest = links(site.get("/all.atom?limit=1"))["prev-archive"]
    site.record(*[make_draft() for _ in range(ARCHIVED)])

    answer = site.get(newest, 302)

    assert answer.headers["Cache-Control"] == "no-store"
    full = site.get(answer.headers["Location"])
    assert "immutable" in full.headers["Cache-Control"]
    assert len(ids(full)) == ARCHIVED


class TestRemovals:
    def test_a_deletion_moves_every_archive_of_the_feeds_it_was_in(
        self, site: Site, drafts: list[Draft]
    ) -> None:
        walks = {
            query: [links(each)["self"] for each in walk(site, f"/all.atom?limit=1{query}")]
            for query in ("", "&tag=odd", "&-tag=odd")
        }
        site.server.writing.delete(drafts[1].id)

        for query, addresses in walks.items():
            full = [each for each in addresses if "." in each.partition("archive=")[2]]
            assert full
            for address in full:
                if query == "&-tag=odd":  # it was never in this one
                    assert drafts[1].id not in site.get(address).text
                    continue
                answer = site.get(address, 302)
                assert answer.headers["Location"] == (BASE + f"/all.atom?{query[1:]}").rstrip("?&")
                assert answer.headers["Cache-Control"] == "no-store"
            met = [id for each in walk(site, f"/all.atom?limit=1{query}") for id in ids(each)]
            assert drafts[1].id not in met

    def test_a_redaction_moves_all_archives_at_once(self, site: Site, drafts: list[Draft]) -> None:
        before = [links(each)["self"] for each in walk(site, "/all.atom?limit=1&-tag=odd")]

        site.server.writing.redact([drafts[1].id])

        full = [address for address in before if "." in address.partition("archive=")[2]]
        assert full
        for address in full:
            site.get(address, 302)

    def test_a_walker_that_keeps_the_newest_of_each_id_ends_with_the_feed(
        self, site: Site, drafts: list[Draft]
    ) -> None:
        log = site.server.log
        log.replace(5, drafts[4])
        log.replace(7, make_draft(id=drafts[6].id, tags=("odd",)), is_silent=True)
        site.server.writing.delete(drafts[9].id)

        held: dict[str, str] = {}
        for document in walk(site, "/all.json?limit=4&tag=odd"):
            for item in document.json["orderedItems"]:
                held.setdefault(item["id"], item["type"])

        state = {id for id, type in held.items() if type != "Tombstone"}
        odd = {draft.id for draft in drafts if draft.tags} | {drafts[6].id}
        assert state == odd - {drafts[9].id}
        assert site.get("/all.json?limit=0&tag=odd").json["totalItems"] == len(state)


class TestOddAddresses:
    @pytest.mark.parametrize("value", ["", "x", "-1", "1.", "01", "0.zz", "0.0123456789abc"])
    def test_what_is_no_address_is_400(self, site: Site, value: str) -> None:
        answer = site.get(f"/all.atom?archive={value}", 400)

        assert "archive" in answer.json["detail"]

    @pytest.mark.parametrize("other", ["limit=5", "before=x", "after="])
    def test_nothing_else_goes_with_it(self, site: Site, other: str) -> None:
        answer = site.get(f"/all.atom?archive=0&{other}", 400)

        assert "always the same" in answer.json["detail"]

    def test_a_page_is_no_archive(self, site: Site) -> None:
        site.get("/all?archive=0", 400, accept="text/html")

    @pytest.mark.parametrize("value", ["7", "0.0123456789ab", "999999999"])
    def test_one_that_this_log_has_not_leads_to_the_newest(self, site: Site, value: str) -> None:
        site.record_some(2)

        answer = site.get(f"/all.atom?archive={value}", 302)

        assert answer.headers["Location"] == BASE + "/all.atom"

    def test_an_empty_feed_has_none_and_an_empty_first_one(self, site: Site) -> None:
        assert "prev-archive" not in links(site.get("/all.atom"))
        assert ids(site.get("/all.atom?archive=0")) == []
