"""PUT and DELETE /activities/{id}: new versions, tombstones, and what readers see of them."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from feedserver.model.activity import Activity
from feedserver.ports import Format
from feedserver.services.indexing import ARCHIVED
from feedserver.services.intake import Outcome
from feedserver.services.reading import Reading, View
from feedserver.services.writing import Writing
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, NOON, make_draft
from tests.web.conftest import Site
from tests.web.test_archives import links

AS1 = "application/stream+json"
AS2 = "application/activity+json"
TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"

ID = "urn:example:1"
LIKE: dict[str, Any] = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": ID,
    "type": "Like",
    "name": "Ann Example liked a note",
    "actor": {"type": "Person", "name": "Ann Example"},
    "object": {"type": "Note", "name": "A note"},
    "published": "2026-05-08T11:00:00Z",
    "tags": ["vip"],
}
PLAIN = LIKE | {"tags": []}


class Writer:
    """Writes with a token, over the whole application."""

    def __init__(self, site: Site) -> None:
        self._client = Client(site.app.app)
        self._token = site.grant(write=True, label="script")

    def send(
        self, method: str, body: Any = None, id: str | None = ID, **headers: str
    ) -> TestResponse:
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self._client.open(
            "/activities" if id is None else f"/activities/{quote(id, safe='')}",
            method=method,
            data=None if body is None else json.dumps(body),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": AS2} | named,
        )

    def post(self, body: Any) -> TestResponse:
        return self.send("POST", body, id=None)

    def put(self, body: Any, id: str = ID, **headers: str) -> TestResponse:
        return self.send("PUT", body, id, **headers)

    def delete(self, id: str = ID, **headers: str) -> TestResponse:
        return self.send("DELETE", None, id, **headers)


@pytest.fixture
def writer(site: Site) -> Writer:
    return Writer(site)


@pytest.fixture
def liked(site: Site, writer: Writer) -> str:
    """The ETag of the one activity that there is."""
    answer = writer.post(LIKE)
    assert answer.status_code == 201
    site.clock.advance(60)
    return answer.headers["ETag"]


def items(site: Site, address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(address).json["orderedItems"]
    return found


def told(site: Site, address: str) -> list[tuple[str, str]]:
    return [(item["id"], item.get("name", item["type"])) for item in items(site, address)]


class TestPut:
    def test_it_is_the_newest_version_everywhere(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        answer = writer.put(LIKE | {"name": "mended"})

        assert answer.status_code == 200
        assert answer.headers["Content-Location"].endswith("/activities/urn%3Aexample%3A1")
        assert json.loads(answer.data)["name"] == "mended"
        assert told(site, "/all.json") == [(ID, "mended")]
        assert site.get(f"/activities/{ID}.json").json["name"] == "mended"
        assert told(site, "/all.json?after=") == [(ID, LIKE["name"]), (ID, "mended")]

    def test_it_comes_to_the_top_with_its_first_date(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        (before,) = items(site, "/all.json")
        writer.post(LIKE | {"id": "urn:example:2"})
        site.clock.advance(60)

        writer.put(LIKE | {"name": "mended"})

        first, second = items(site, "/all.json")
        assert (first["id"], second["id"]) == (ID, "urn:example:2")
        assert first["published"] == before["published"]
        assert first["updated"] > second["updated"] > before["updated"]
        assert first["occurred"] == before["occurred"]

    def test_a_silent_one_keeps_place_and_dates(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        (before,) = items(site, "/all.json")
        writer.post(LIKE | {"id": "urn:example:2"})
        etag = site.get("/all.json").headers["ETag"]

        writer.put(LIKE | {"name": "mended", "silent": True})

        first, second = items(site, "/all.json")
        assert (first["id"], second["id"]) == ("urn:example:2", ID)
        assert (second["name"], second["updated"]) == ("mended", before["updated"])
        assert "silent" not in second
        assert site.get("/all.json").headers["ETag"] != etag
        assert [name for _, name in told(site, "/all.json?after=")][-1] == "mended"

    def test_equal_content_is_no_new_version(self, site: Site, writer: Writer, liked: str) -> None:
        answer = writer.put(LIKE)

        assert answer.status_code == 200
        assert site.server.log.head() == 1

    @pytest.mark.parametrize(("extension", "media_type"), [("json", AS2), ("as1", AS1)])
    def test_what_we_served_is_equal_content(
        self, site: Site, writer: Writer, liked: str, extension: str, media_type: str
    ) -> None:
        served = site.get(f"/activities/{ID}.{extension}").json

        answer = writer.put(served, content_type=media_type)

        assert answer.status_code == 200
        assert site.server.log.head() == 1

    def test_an_older_version_can_be_put_back(self, site: Site, writer: Writer, liked: str) -> None:
        writer.put(LIKE | {"name": "mended"})
        writer.put(LIKE)

        assert told(site, "/all.json") == [(ID, LIKE["name"])]
        assert site.server.log.head() == 3

    def test_who_sends_no_time_leaves_it_as_it_was(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        without = {name: value for name, value in PLAIN.items() if name != "published"}

        writer.put(without)

        (item,) = items(site, "/all.json")
        assert item["occurred"] == LIKE["published"]

    def test_the_source_stays_what_it_was(self, site: Site, writer: Writer) -> None:
        draft = make_draft(source="crm")
        site.record(draft)
        body = {"type": "Update", "actor": "Ann", "object": "Case 7", "name": "mended"}

        assert writer.put(body, draft.id).status_code == 200

        (newest,) = items(site, "/all.json")
        assert (newest["name"], newest["sourceName"]) == ("mended", "crm")

    @pytest.mark.parametrize(
        ("body", "pointer", "detail"),
        [
            (LIKE | {"id": "urn:example:2"}, "/id", "another one"),
            ([LIKE], "", "collection"),
            ({"type": "Like"}, "/actor", "missing"),
            (LIKE | {"silent": "yes"}, "/silent", "write true"),
        ],
    )
    def test_what_is_wrong_is_told_and_changes_nothing(
        self, site: Site, writer: Writer, liked: str, body: Any, pointer: str, detail: str
    ) -> None:
        answer = writer.put(body)

        assert answer.status_code == 422
        (fault,) = json.loads(answer.data)["errors"]
        assert fault["pointer"] == pointer
        assert detail in fault["detail"]
        assert site.server.log.head() == 1

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_no_extension_is_cut_off_an_id_that_is_changed(
        self, site: Site, writer: Writer, liked: str, method: str
    ) -> None:
        answer = writer.send(method, PLAIN | {"id": ID + ".json"}, ID + ".json")

        assert answer.status_code == 404
        assert site.server.log.head() == 1

    def test_what_is_not_there_is_not_made(self, site: Site, writer: Writer) -> None:
        answer = writer.put(LIKE)

        assert answer.status_code == 404
        assert "POST" not in answer.headers.get("Allow", "")
        assert site.server.log.head() == 0

    def test_it_needs_a_grant_to_write(self, site: Site, writer: Writer, liked: str) -> None:
        reader = {"authorization": f"Bearer {site.grant(label='reader')}"}

        assert writer.put(PLAIN, **reader).status_code == 403
        assert writer.delete(**reader).status_code == 403
        assert writer.put(PLAIN, authorization="").status_code == 401
        assert writer.delete(authorization="").status_code == 401
        assert site.server.log.head() == 1

    def test_silent_is_refused_where_there_is_nothing_to_follow(self, writer: Writer) -> None:
        answer = writer.post(LIKE | {"silent": True})

        assert answer.status_code == 422
        (fault,) = json.loads(answer.data)["errors"]
        assert fault["pointer"] == "/silent"

    def test_post_of_other_content_says_how_to_change_it(self, writer: Writer, liked: str) -> None:
        answer = writer.post(PLAIN)

        assert answer.status_code == 409
        assert "PUT" in json.loads(answer.data)["detail"]


class TestConditions:
    @pytest.mark.parametrize("address", [".json", ".atom", ".as1"])
    def test_every_etag_of_the_newest_version_is_its_etag(
        self, site: Site, writer: Writer, liked: str, address: str
    ) -> None:
        plain = site.raw(f"/activities/{ID}{address}").headers["ETag"]
        packed = site.raw(f"/activities/{ID}{address}", accept_encoding="gzip").headers["ETag"]
        assert plain != packed

        for number, etag in enumerate((plain, packed, f'"other", {plain}')):
            assert writer.put(LIKE | {"name": f"no {number}"}, if_match=etag).status_code == (
                200 if number == 0 else 412
            )

    def test_a_version_that_was_not_the_newest_is_412(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        assert writer.put(LIKE | {"name": "first"}, if_match=liked).status_code == 200

        answer = writer.put(LIKE | {"name": "second"}, if_match=liked)

        assert answer.status_code == 412
        assert "nothing was done" in json.loads(answer.data)["detail"]
        assert told(site, "/all.json") == [(ID, "first")]
        assert writer.delete(if_match=liked).status_code == 412

    def test_a_change_whose_answer_got_lost_can_be_sent_again(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        for _ in range(2):
            assert writer.put(PLAIN).status_code == 200

        assert site.server.log.head() == 2

    def test_of_two_who_send_the_same_with_one_etag_the_second_is_told(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        assert writer.put(PLAIN, if_match=liked).status_code == 200
        assert writer.put(PLAIN, if_match=liked).status_code == 412

    def test_the_answer_is_the_version_that_was_sent_whoever_comes_next(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        change = site.server.writing.change

        def overtaken(*arguments: Any) -> tuple[Outcome, int]:
            told = change(*arguments)
            log = site.server.log
            log.replace(log.head(), make_draft(id=ID, title="of somebody else"))
            return told

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Writing, "change", lambda _, *arguments: overtaken(*arguments))
            answer = writer.put(LIKE | {"name": "mine"})

        assert json.loads(answer.data)["name"] == "mine"
        assert writer.put(PLAIN, if_match=answer.headers["ETag"]).status_code == 412

    @pytest.mark.parametrize("date", ["no date", "Sun, 06 Nov 99999999999999999999 08:49:37 GMT"])
    def test_a_malformed_date_asks_nothing(self, writer: Writer, liked: str, date: str) -> None:
        assert writer.put(PLAIN, if_unmodified_since=date).status_code == 200

    def test_who_does_not_want_that_version_to_be_there_changes_nothing(
        self, writer: Writer, liked: str
    ) -> None:
        assert writer.put(PLAIN, if_none_match=liked).status_code == 412
        assert writer.put(PLAIN, if_none_match='"other"').status_code == 200

    def test_the_answer_has_the_etag_for_the_next_change(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        etag = writer.put(PLAIN, if_match=liked).headers["ETag"]

        assert etag != liked
        answer = writer.put(LIKE, if_match=etag)
        assert answer.status_code == 200
        site.get(f"/activities/{ID}.json", 304, if_none_match=answer.headers["ETag"])

    def test_a_weak_etag_never_matches(self, writer: Writer, liked: str) -> None:
        assert writer.put(PLAIN, if_match=f"W/{liked}").status_code == 412

    def test_a_star_matches_whatever_there_is(self, writer: Writer, liked: str) -> None:
        assert writer.put(PLAIN, if_match="*").status_code == 200
        other = PLAIN | {"id": "urn:example:x"}
        assert writer.put(other, "urn:example:x", if_match="*").status_code == 404

    def test_who_wants_nothing_to_be_there_changes_nothing(
        self, writer: Writer, liked: str
    ) -> None:
        assert writer.put(PLAIN, if_none_match="*").status_code == 412

    def test_if_unmodified_since_holds_to_the_second(self, writer: Writer, liked: str) -> None:
        before, then = "Fri, 08 May 2026 11:59:59 GMT", "Fri, 08 May 2026 12:00:00 GMT"

        assert writer.put(PLAIN, if_unmodified_since=before).status_code == 412
        assert writer.put(PLAIN, if_unmodified_since=then).status_code == 200


class TestLastModified:
    def test_it_is_the_second_of_what_was_posted_in_one(self, site: Site, writer: Writer) -> None:
        for number in range(5):
            site.clock.advance(0.1)
            assert writer.post(LIKE | {"id": f"urn:example:{number}"}).status_code == 201
        assert "Last-Modified" not in site.get("/tags/vip.atom").headers
        site.clock.advance(1)

        modified = site.get("/tags/vip.atom").headers["Last-Modified"]

        assert modified == "Fri, 08 May 2026 12:00:00 GMT"
        site.get("/tags/vip.atom", 304, if_modified_since=modified)
        writer.put(PLAIN)
        site.clock.advance(1)
        site.get("/tags/vip.atom", 200, if_modified_since=modified)


class TestDelete:
    def test_it_is_gone_and_says_so(self, site: Site, writer: Writer, liked: str) -> None:
        answer = writer.delete()

        assert (answer.status_code, answer.data) == (204, b"")
        gone = site.get(f"/activities/{ID}.json", 410)
        assert gone.content_type == AS2
        assert gone.json["id"] == ID
        assert gone.json["type"] == "Tombstone"
        assert gone.json["deleted"] == "2026-05-08T12:01:00.000000Z"
        atom = site.get(f"/activities/{ID}.atom", 410)
        assert atom.content_type == "application/atomdeleted+xml"
        element = etree.fromstring(atom.body)
        assert (element.tag, element.get("ref")) == (TOMBSTONE, ID)
        assert element.get("when") == "2026-05-08T12:01:00Z"
        page = site.get(f"/activities/{ID}", 410, accept="text/html")
        assert "was deleted" in page.text
        assert LIKE["name"] not in page.text

    def test_feeds_have_a_tombstone_in_its_place(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        writer.post(LIKE | {"id": "urn:example:2", "name": "other"})
        writer.delete()

        assert told(site, "/all.json") == [(ID, "Tombstone"), ("urn:example:2", "other")]
        assert site.get("/all.json").json["totalItems"] == 1
        feed = etree.fromstring(site.get("/tags/vip.atom").body)
        assert [each.get("ref") for each in feed.iter(TOMBSTONE)] == [ID]
        names = [etree.QName(child).localname for child in feed]
        assert names[-2:] == ["deleted-entry", "entry"]
        assert LIKE["name"] not in site.get("/", accept="text/html").text

    def test_a_cursor_sees_the_removal_and_its_content_no_more(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        cursor = site.get("/tags/vip.json?after=").json["next"]
        writer.delete()

        assert told(site, cursor) == [(ID, "Tombstone")]
        assert told(site, "/tags/vip.json?after=") == [(ID, "Tombstone")]
        assert "left" not in items(site, cursor)[0]

    def test_its_id_is_never_used_again(self, site: Site, writer: Writer, liked: str) -> None:
        writer.delete()

        assert writer.post(LIKE).status_code == 410
        assert writer.put(LIKE).status_code == 410
        assert writer.delete().status_code == 410
        several = json.loads(writer.post([LIKE, LIKE | {"id": "urn:example:2"}]).data)
        assert [each["status"] for each in several["verdicts"]] == [410, 201]
        assert told(site, "/all.json?after=")[:1] == [(ID, "Tombstone")]

    def test_a_source_that_meets_it_again_brings_nothing_back(
        self, site: Site, writer: Writer
    ) -> None:
        draft = make_draft()
        site.record(draft)
        writer.delete(draft.id)

        site.record(draft)

        assert site.server.log.head() == 2


class TestLeaving:
    def test_an_edit_that_takes_a_tag_moves_the_etag_of_that_tag(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        site.record_some(5, tags=("vip",))
        site.record_some(5, tags=("noise",))
        etags = {name: site.get(f"/tags/{name}.atom").headers["ETag"] for name in ("vip", "noise")}
        cursor = site.get("/tags/vip.json?after=").json["next"]

        writer.put(PLAIN)

        site.get("/tags/vip.atom", 200, if_none_match=etags["vip"])
        site.get("/tags/noise.atom", 304, if_none_match=etags["noise"])
        (removal,) = items(site, cursor)
        assert (removal["id"], removal["type"], removal["left"]) == (ID, "Tombstone", True)
        assert ID not in [id for id, name in told(site, "/tags/vip.json") if name != "Tombstone"]
        assert ID in [id for id, _ in told(site, "/all.json")]

    def test_it_may_come_back(self, site: Site, writer: Writer, liked: str) -> None:
        writer.put(PLAIN)
        assert told(site, "/tags/vip.json") == [(ID, "Tombstone")]

        writer.put(LIKE)

        assert told(site, "/tags/vip.json") == [(ID, LIKE["name"])]
        assert [name for _, name in told(site, "/tags/vip.json?after=")] == [
            LIKE["name"],
            "Tombstone",
            LIKE["name"],
        ]

    def test_what_left_silently_has_no_date_of_its_own(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        (before,) = items(site, "/tags/vip.json")
        cursor = site.get("/tags/vip.json?after=").json["next"]

        writer.put(PLAIN | {"silent": True})

        (removal,) = items(site, cursor)
        assert removal["deleted"] == before["updated"]
        assert items(site, "/tags/vip.json") == []
        (archived,) = items(site, "/tags/vip.json?archive=0")
        assert archived == removal

    def test_tombstones_take_no_place_from_activities(self, site: Site, writer: Writer) -> None:
        drafts = site.record_some(6, tags=("vip",))
        for draft in drafts[3:]:
            writer.delete(draft.id)

        page = told(site, "/tags/vip.json?limit=2")

        assert [name for _, name in page] == [
            "Tombstone",
            "Tombstone",
            drafts[2].title,
            drafts[1].title,
        ]

    def test_the_directory_counts_what_is_there(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        site.record_some(1, tags=("vip",))
        writer.put(PLAIN)

        (tag,) = site.get("/feeds.json").json["tags"]
        assert (tag["name"], tag["count"]) == ("vip", 1)


class TestRedaction:
    def test_nothing_of_it_is_left_in_any_format(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        writer.put(LIKE | {"name": "mended marker", "tags": ["marker"], "queue": "marker"})
        site.record_some(3)
        addresses = [
            f"{path}{extension}{query}"
            for path in ("/all", "/tags/vip")
            for extension in (".json", ".atom", ".as1", ".rss", ".jsonfeed")
            for query in ("", "?after=", "?archive=0")
            if query != "?after=" or extension not in (".rss", ".jsonfeed")
        ]
        pages = ["/", "/feeds", "/feeds.json", "/tags"]
        before = {address: site.get(address) for address in (*addresses, *pages)}
        assert any(b"marker" in answer.body for answer in before.values())

        site.server.writing.redact([ID])

        for address in (*addresses, *pages):
            answer = site.get(address)
            assert b"marker" not in answer.body
            assert LIKE["name"].encode() not in answer.body
        for address in addresses:
            site.get(address, 200, if_none_match=before[address].headers["ETag"])
        site.get("/tags/marker.json", 404)
        assert site.get(f"/activities/{ID}.json", 410).json["type"] == "Tombstone"
        assert writer.post(LIKE).status_code == 410
        assert all(
            not isinstance(version, Activity)
            for version in site.server.log.read(0)
            if version.id == ID
        )

    @pytest.mark.parametrize(
        ("address", "status"),
        [("/all.json?limit=500", 200), ("archive", 302), ("/all.json?after=", 200)],
    )
    def test_one_that_comes_between_a_look_and_the_answer_is_heeded(
        self, site: Site, address: str, status: int
    ) -> None:
        drafts = [make_draft() for _ in range(ARCHIVED + 1)]
        site.record(*drafts)
        if address == "archive":
            newest = site.get(links(site.get("/all.json?limit=1"))["prev-archive"])
            address = links(newest)["prev-archive"]
        reads = count()
        read = Reading.render

        def overtaken(reading: Reading, view: View, format: Format) -> bytes:
            if next(reads) == 0:
                site.server.writing.redact([drafts[3].id])
            return read(reading, view, format)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Reading, "render", overtaken)
            answer = site.get(address, status)

        assert drafts[3].title not in answer.text
        assert next(reads) > 0

    def test_one_of_what_had_left_is_heeded_too(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        site.record_some(1, tags=("vip",))
        address, read = site.get("/tags/vip.json?after=").json["next"], Reading.render
        writer.put(PLAIN)
        reads = count()

        def overtaken(reading: Reading, view: View, format: Format) -> bytes:
            if next(reads) == 0:
                site.server.writing.redact([ID])
            return read(reading, view, format)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Reading, "render", overtaken)
            answer = site.get(address)

        again = site.get(address)
        assert (answer.headers["ETag"], answer.body) == (again.headers["ETag"], again.body)

    def test_every_reader_of_versions_is_told(self, site: Site, writer: Writer, liked: str) -> None:
        cursor = site.get("/tags/vip.json?after=").json["next"]

        site.server.writing.redact([ID])

        assert told(site, cursor) == [(ID, "Tombstone")]

    def test_who_followed_a_name_that_is_redacted_is_told(self, site: Site, writer: Writer) -> None:
        writer.post(LIKE | {"queue": "Solo"})
        cursor = site.get("/queues/Solo.json?after=").json["next"]
        assert "/queues/Solo" in cursor

        site.server.writing.redact([ID])

        assert told(site, cursor) == [(ID, "Tombstone")]
        site.get("/queues/Solo.json", 404)

    def test_a_name_that_nobody_knew_is_not_followed(self, site: Site, writer: Writer) -> None:
        writer.post(LIKE | {"queue": "Support"})

        answer = site.get("/queues/Suport.json?after=", 404)

        assert "Support" in answer.json["detail"]

    def test_the_empty_archive_after_a_full_one_moves_with_it(self, site: Site) -> None:
        drafts = [make_draft() for _ in range(ARCHIVED)]
        site.record(*drafts)
        etag = site.get("/all.atom?archive=1").headers["ETag"]

        site.server.writing.redact([drafts[0].id])

        site.get("/all.atom?archive=1", 200, if_none_match=etag)

    def test_a_cursor_that_stands_on_it_goes_on(
        self, site: Site, writer: Writer, liked: str
    ) -> None:
        cursor = site.get("/all.json?after=").json["next"]
        writer.post(LIKE | {"id": "urn:example:2", "name": "other"})

        site.server.writing.redact([ID])

        assert told(site, cursor) == [("urn:example:2", "other"), (ID, "Tombstone")]

    def test_ids_under_our_authority_are_told_as_gone_too(self, site: Site, writer: Writer) -> None:
        draft = make_draft(id=f"tag:{AUTHORITY}:crm/act_entry/1")
        site.record(draft)
        site.server.writing.redact([draft.id])

        assert writer.post(LIKE | {"id": draft.id}).status_code == 410


class TestAfterABackup:
    """Two histories of one log, that went apart."""

    def histories(self, site: Site, remove: Callable[[Site, str], object]) -> tuple[Any, Any]:
        """The first archive, after one thing was removed, and after another was."""
        drafts = [make_draft(occurred=NOON) for _ in range(2 * ARCHIVED)]
        log = site.server.log
        assert isinstance(log, MemoryLog)
        site.record(*drafts)
        versions, ids = list(log._versions), {id: list(of) for id, of in log._by_id.items()}
        last = log._last
        remove(site, drafts[5].id)
        first = site.get(links(site.get("/all.atom?limit=500"))["prev-archive"])

        log._versions[:], log._by_id, log._last = versions, ids, last
        remove(site, drafts[6].id)
        second = site.get(links(site.get("/all.atom?limit=500"))["prev-archive"])
        assert drafts[6].id not in second.text
        return first, second

    @pytest.mark.parametrize(
        "remove",
        [
            lambda site, id: site.server.writing.delete(id),
            lambda site, id: site.server.writing.redact([id]),
        ],
        ids=["deleted", "redacted"],
    )
    def test_an_archive_of_the_one_is_none_of_the_other(
        self, site: Site, remove: Callable[[Site, str], object]
    ) -> None:
        first, second = self.histories(site, remove)

        addresses = [links(each)["self"] for each in (first, second)]
        assert all("." in address.partition("archive=")[2] for address in addresses)
        assert addresses[0] != addresses[1]
        assert first.headers["ETag"] != second.headers["ETag"]
        site.get(addresses[0], 302)
