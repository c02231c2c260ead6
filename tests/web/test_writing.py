"""POST /activities: one, several, and a stream of lines."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from feedserver.errors import StoreError
from feedserver.formats.as1 import As1Format
from feedserver.formats.as2 import As2Format
from tests.builders import AUTHORITY, NOON, activities, make_draft
from tests.web.conftest import BASE, Site

AS1 = "application/stream+json"
AS2 = "application/activity+json"
JSON = "application/json"
NDJSON = "application/x-ndjson"

LIKE = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": "urn:example:1",
    "type": "Like",
    "actor": {"type": "Person", "name": "Ann Example"},
    "object": {"type": "Note", "name": "A note"},
    "published": "2026-05-08T11:00:00Z",
}


@pytest.fixture
def token(site: Site) -> str:
    return site.server.grants.add("script", can_write=True)


class Writer:
    """Posts with a token, over the whole application."""

    def __init__(self, site: Site, token: str) -> None:
        self._client = Client(site.app.app)
        self._headers = {"Authorization": f"Bearer {token}"}

    def post(self, body: Any, media_type: str = JSON, **headers: str) -> TestResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self._client.post(
            "/activities", data=data, content_type=media_type, headers=self._headers | named
        )

    def lines(self, *values: Any) -> list[dict[str, Any]]:
        body = b"\n".join(v if isinstance(v, bytes) else json.dumps(v).encode() for v in values)
        answer = self.post(body, NDJSON)
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.data.splitlines()]


@pytest.fixture
def writer(site: Site, token: str) -> Writer:
    return Writer(site, token)


def said(answer: TestResponse) -> Any:
    """What the answer says in JSON."""
    return json.loads(answer.data)


def ids(site: Site) -> list[str]:
    return [activity.id for activity in site.server.log.read(0)]


class TestOne:
    def test_it_is_recorded_and_its_address_told(self, site: Site, writer: Writer) -> None:
        answer = writer.post(LIKE, AS2)

        assert answer.status_code == 201
        address = BASE + "/activities/urn%3Aexample%3A1"
        assert answer.headers["Location"] == answer.headers["Content-Location"] == address
        assert site.get(address, accept="application/activity+json").json["id"] == LIKE["id"]

    def test_what_was_recorded_comes_back_in_the_dialect_in_which_it_came(
        self, site: Site, writer: Writer
    ) -> None:
        two = writer.post(LIKE, AS2)
        one = writer.post({"actor": "Ann", "verb": "close", "object": "Case 7"}, AS1)

        assert two.headers["Content-Type"] == As2Format.media_type
        assert said(two)["type"] == "Like"
        assert one.headers["Content-Type"] == As1Format.media_type
        assert said(one)["title"] == "Ann closed Case 7"

    def test_it_stands_in_feeds_at_once(self, site: Site, writer: Writer) -> None:
        site.get("/all.json")
        writer.post(LIKE | {"queue": "Support", "tags": "vip"}, AS2)

        for address in ("/all.json", "/queues/Support.json", "/tags/VIP.json?verb=like"):
            answer = site.get(address)
            answer = answer.follow() if answer.status_int == 302 else answer
            assert [item["id"] for item in answer.json["orderedItems"]] == [LIKE["id"]]

    def test_the_grant_s_label_is_its_source_whatever_it_says(
        self, site: Site, writer: Writer
    ) -> None:
        writer.post(LIKE | {"sourceName": "crm"}, AS2)

        assert site.get("/all.json?source=script").json["totalItems"] == 1
        assert site.get("/all.json?source=crm").json["totalItems"] == 0

    def test_without_an_id_it_gets_one_and_is_always_new(self, site: Site, writer: Writer) -> None:
        closed = {"actor": "Ann", "verb": "close", "object": "Case 7"}

        first, second = writer.post(closed), writer.post(closed)

        assert (first.status_code, second.status_code) == (201, 201)
        assert said(first)["id"].startswith(f"tag:{AUTHORITY}:activities/")
        assert ids(site) == [said(first)["id"], said(second)["id"]]

    def test_a_known_id_with_the_same_content_changes_nothing(
        self, site: Site, writer: Writer
    ) -> None:
        writer.post(LIKE, AS2)
        site.clock.advance(60)

        again = writer.post(LIKE, AS2)

        assert again.status_code == 200
        assert "Location" not in again.headers
        assert again.headers["Content-Location"].endswith("urn%3Aexample%3A1")
        assert site.server.log.head() == 1

    def test_what_is_answered_says_its_length_and_a_strong_etag_and_is_kept_by_nobody(
        self, site: Site, writer: Writer
    ) -> None:
        answer = writer.post(LIKE, AS2)

        assert answer.headers["Content-Length"] == str(len(answer.data))
        assert answer.headers["ETag"] == f'"{answer.headers["ETag"].strip(chr(34))}"'
        assert answer.headers["Cache-Control"] == "no-store"

    def test_a_known_id_with_other_content_is_a_conflict(self, site: Site, writer: Writer) -> None:
        writer.post(LIKE, AS2)

        other = writer.post(LIKE | {"name": "Something else"}, AS2)

        assert other.status_code == 409
        assert other.content_type == "application/problem+json"
        assert "urn:example:1 is recorded with other content" in said(other)["detail"]
        assert site.server.log.head() == 1

    @pytest.mark.parametrize("extension", ["json", "as1"])
    def test_what_we_serve_and_get_back_unchanged_is_known(
        self, site: Site, writer: Writer, extension: str
    ) -> None:
        draft = make_draft(occurred=None)
        site.record(draft)
        served = site.get(f"/activities/{draft.id}.{extension}")

        answer = writer.post(served.body, AS2 if extension == "json" else AS1)

        assert answer.status_code == 200
        assert site.server.log.head() == 1

    def test_an_id_under_our_authority_that_nobody_gave_is_refused(
        self, site: Site, writer: Writer
    ) -> None:
        answer = writer.post(LIKE | {"id": f"tag:{AUTHORITY}:crm/act_entry/1"}, AS2)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in said(answer)["errors"]] == ["/id"]
        assert site.server.log.head() == 0

    def test_everything_that_is_wrong_is_told_with_its_place(self, writer: Writer) -> None:
        answer = writer.post(
            {"type": "Note", "id": "1", "published": "today", "object": {"id": 5}}, AS2
        )

        assert answer.status_code == 422
        assert answer.content_type == "application/problem+json"
        pointers = {fault["pointer"] for fault in said(answer)["errors"]}
        assert pointers == {"/type", "/id", "/published", "/object/id", "/actor"}
        assert all(fault["detail"] for fault in said(answer)["errors"])

    def test_a_browser_gets_the_faults_too(self, writer: Writer) -> None:
        answer = writer.post({"actor": "Ann", "published": "today"}, JSON, accept="text/html")

        assert answer.status_code == 422
        assert "/published" in answer.text


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (b"", "no JSON"),
            (b"{", "no JSON"),
            (b'{"actor": NaN}', "NaN"),
            (b'{"actor": "\\ud800"}', "surrogate"),
            (b'{"actor": "Ann", "actor": "Bob"}', "twice"),
            (b'<!DOCTYPE x [<!ENTITY a "b">]><entry/>', "no JSON"),
            (
                '{"actor": "Jos\xe9"}'.encode("cp1252"),
                "Content-Type: application/json; charset=windows-1252",
            ),
        ],
    )
    def test_what_is_no_json_is_a_400_that_says_why(
        self, writer: Writer, body: bytes, told: str
    ) -> None:
        answer = writer.post(body)

        assert answer.status_code == 400
        assert told in said(answer)["detail"]

    @pytest.mark.parametrize(
        ("charset", "media_type"),
        [
            ("utf-8-sig", JSON),
            ("utf-16", JSON),
            ("utf-16-le", JSON),
            ("cp1252", f"{JSON}; charset=windows-1252"),
            ("iso-8859-1", f'{JSON}; charset="ISO-8859-1"'),
        ],
    )
    def test_other_encodings_are_read_where_they_are_said_or_seen(
        self, site: Site, writer: Writer, charset: str, media_type: str
    ) -> None:
        answer = writer.post('{"actor": "Jos\xe9 M\xfcller"}'.encode(charset), media_type)

        assert answer.status_code == 201
        assert said(answer)["actor"] == {"displayName": "Jos\xe9 M\xfcller"}

    @pytest.mark.parametrize(
        "media_type", ["", "text/plain", "text/html", "application/x-www-form-urlencoded"]
    )
    def test_other_media_types_are_refused_with_those_that_are_taken(
        self, writer: Writer, media_type: str
    ) -> None:
        answer = writer.post(b'{"actor": "Ann"}', media_type)

        assert answer.status_code == 415
        assert "application/activity+json" in answer.headers["Accept"]
        assert "Content-Type: application/json" in said(answer)["detail"]

    def test_a_compressed_body_is_refused(self, writer: Writer) -> None:
        assert writer.post(LIKE, AS2, content_encoding="gzip").status_code == 415

    def test_a_body_beyond_the_limit_is_a_413_with_both_numbers(
        self, site: Site, writer: Writer
    ) -> None:
        limit = site.server.settings.limits.max_body
        answer = writer.post(b" " * (limit + 1))

        assert answer.status_code == 413
        assert f"{limit + 1:,} bytes; {limit:,} is the limit (`max_body`)" in said(answer)["detail"]
        assert writer.post(b" " * limit).status_code == 400

    def test_html_is_made_harmless_and_unknown_members_come_back(
        self, site: Site, writer: Writer
    ) -> None:
        content = "<p onclick='x()'>Hi<script>x()</script></p>"
        answer = writer.post(LIKE | {"content": content, "mood": {"level": 3}}, AS2)

        assert said(answer)["content"] == "<p>Hi</p>"
        assert said(answer)["mood"] == {"level": 3}
        assert b"script" not in site.get("/all.atom").body


class TestSeveral:
    def test_each_has_a_verdict_in_order(self, site: Site, writer: Writer) -> None:
        writer.post(LIKE, AS2)
        items = [
            LIKE,
            LIKE | {"name": "Other"},
            LIKE | {"id": "urn:example:2"},
            {"type": "Like"},
            LIKE | {"id": f"tag:{AUTHORITY}:mine"},
        ]

        answer = writer.post({"type": "Collection", "items": items}, AS2)

        assert answer.status_code == 200
        told = said(answer)
        assert (told["recorded"], told["known"], told["refused"]) == (1, 1, 3)
        verdicts = [(each["verdict"], each["status"]) for each in told["verdicts"]]
        assert verdicts == [
            ("known", 200),
            ("conflict", 409),
            ("recorded", 201),
            ("invalid", 422),
            ("foreign", 422),
        ]
        pointers = [[e["pointer"] for e in each.get("errors", [])] for each in told["verdicts"]]
        assert pointers == [[], ["/items/1/id"], [], ["/items/3/actor"], ["/items/4/id"]]
        assert told["verdicts"][2]["location"] == BASE + "/activities/urn%3Aexample%3A2"

    @pytest.mark.parametrize(
        ("wrap", "media_type"),
        [
            (lambda item: [item, item], JSON),
            (lambda item: {"items": [item, item]}, AS1),
            (lambda item: {"type": "OrderedCollectionPage", "orderedItems": [item, item]}, AS2),
        ],
    )
    def test_collections_of_every_form(self, writer: Writer, wrap: Any, media_type: str) -> None:
        answer = writer.post(wrap({"actor": "Ann", "type": "Like", "verb": "like"}), media_type)

        assert said(answer)["recorded"] == 2

    def test_a_page_of_ours_comes_back_as_known(self, site: Site, writer: Writer) -> None:
        site.record_some(5)
        page = site.get("/all.json")

        assert said(writer.post(page.body, AS2))["known"] == 5

    def test_too_many_are_refused_together(self, site: Site, writer: Writer) -> None:
        limit = site.server.settings.limits.max_batch
        answer = writer.post([{"actor": "Ann"}] * (limit + 1))

        assert answer.status_code == 422
        assert "max_batch" in said(answer)["detail"]
        assert site.server.log.head() == 0


class TestLines:
    def test_each_line_has_a_verdict_with_its_number(self, site: Site, writer: Writer) -> None:
        told = writer.lines(LIKE, b"", b"{oops", LIKE, [LIKE], {"actor": "Ann"})

        assert [(each["line"], each["verdict"], each["status"]) for each in told] == [
            (1, "recorded", 201),
            (3, "invalid", 400),
            (4, "known", 200),
            (5, "invalid", 422),
            (6, "recorded", 201),
        ]
        assert site.server.log.head() == 2

    def test_verdicts_are_sent_while_lines_still_come(self, site: Site, token: str) -> None:
        """Little is held, however long the stream: the body is read as the answer is."""
        sent = 0

        def lines() -> Iterator[bytes]:
            nonlocal sent
            for sent in range(1, 5001):
                yield json.dumps({"actor": f"Ann {sent}"}).encode() + b"\n"

        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": NDJSON,
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "wsgi.input": _Stream(lines()),
            "wsgi.input_terminated": True,
        }
        answer = Client(site.app.app).post("/activities", environ_overrides=environ, buffered=False)
        first = next(iter(answer.response))

        assert b'"recorded"' in first
        assert sent < 3000

    def test_a_line_that_is_too_long_is_refused_alone(self, site: Site, writer: Writer) -> None:
        long = b" " * (site.server.settings.limits.max_body + 1)

        told = writer.lines({"actor": "Ann"}, long, {"actor": "Bob"})

        assert [each["status"] for each in told] == [201, 413, 201]

    def test_a_store_that_fails_ends_the_answer_and_says_so(
        self, site: Site, writer: Writer
    ) -> None:
        appended = site.server.log.appended
        site.server.log.appended = lambda drafts, bookmark=None: (_ for _ in ()).throw(  # type: ignore[method-assign]
            StoreError("the store cannot be written: disk full")
        )
        try:
            (told,) = writer.lines({"actor": "Ann"})
        finally:
            site.server.log.appended = appended  # type: ignore[method-assign]

        assert told["status"] == 503
        assert "disk full" in told["detail"]

    def test_another_encoding_that_is_not_said_is_refused_with_what_to_say(
        self, writer: Writer
    ) -> None:
        answer = writer.post('{"actor": "Jos\xe9"}\n'.encode("cp1252"), NDJSON)

        assert f"say so: Content-Type: {NDJSON}; charset=windows-1252" in said(answer)["detail"]

    def test_other_encodings(self, site: Site, writer: Writer) -> None:
        text = '{"actor": "Jos\xe9"}\n{"actor": "J\xfcrgen"}\n'
        for body, media_type in (
            (text.encode("cp1252"), f"{NDJSON}; charset=windows-1252"),
            (text.encode("utf-16"), NDJSON),
            (text.encode("utf-16-be"), f"{NDJSON}; charset=utf-16be"),
            (text.encode("utf-8-sig"), NDJSON),
        ):
            assert writer.post(body, media_type).data.count(b'"recorded"') == 2
        names = [activity.draft.actor.name for activity in activities(site.server.log.read(0))]
        assert names == ["Jos\xe9", "J\xfcrgen"] * 4


class _Stream(io.RawIOBase):
    """A body that is made as it is read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._held = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._held:
            self._held = next(self._parts, b"")
        given, self._held = self._held[:size], self._held[size:]
        return given


class TestHostile:
    """What reviewers sent, each of which did harm once."""

    @pytest.mark.parametrize(
        "members",
        [
            {"tags": ["a"], "fs:tags": ["a", "b", "x" * 1001]},
            {"customer": [1], "fs:customer": {"url": "bad"}},
            {"queue": "one", "fs:queue": "two"},
            {"content": "<p>a</p>", "as:content": "<script>b</script>"},
        ],
    )
    def test_a_member_under_two_of_its_names_is_refused(
        self, site: Site, writer: Writer, members: dict[str, Any]
    ) -> None:
        answer = writer.post(LIKE | members, AS2)

        assert answer.status_code == 422
        assert "twice in one object" in said(answer)["detail"]
        assert site.server.log.head() == 0

    @pytest.mark.parametrize("date", ["9999-12-31T23:30:00Z", "0001-01-01T00:00:00Z"])
    def test_a_date_that_no_zone_can_tell_is_refused(self, writer: Writer, date: str) -> None:
        answer = writer.post(LIKE | {"published": date}, AS2)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in said(answer)["errors"]] == ["/published"]

    def test_a_context_is_not_multiplied_by_what_it_is_around(
        self, site: Site, writer: Writer
    ) -> None:
        around = [LIKE["@context"], "http://x/" + "y" * 20_000]
        answer = writer.post({"@context": around, "type": "Collection", "items": [LIKE] * 9}, AS2)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in said(answer)["errors"]] == ["/@context"]

    def test_faults_are_bounded(self, writer: Writer) -> None:
        answer = writer.post({"type": "Like", "tags": [1] * 100, "queue": [1] * 100}, AS2)

        assert len(said(answer)["errors"]) == 25

    def test_an_alias_of_a_context_carries_nothing_past_the_checks(self, writer: Writer) -> None:
        aliases = {"c": "as:content", "u": {"@id": "as:url", "@type": "@id"}, "b": "as:bcc"}
        answer = writer.post(
            LIKE
            | {
                "@context": [LIKE["@context"], aliases],
                "c": "<p>Hi<script>x()</script></p>",
                "b": "secret",
                "attachment": "javascript:x()",
            },
            AS2,
        )

        assert said(answer)["content"] == "<p>Hi</p>"
        assert not {"c", "b", "bcc", "attachment"} & set(said(answer))

    @pytest.mark.parametrize("key", ["items", "orderedItems"])
    def test_no_activity_of_a_collection_is_passed_over(self, writer: Writer, key: str) -> None:
        both = {"type": "Collection", "items": [{"type": "Like", "actor": "Ann"}]}
        both |= {"orderedItems": [{"type": "Like", "actor": "Ben"}]}
        assert said(writer.post(both, AS2))["recorded"] == 2

        paged = {"type": "OrderedCollection", "totalItems": 3, "first": {key: [LIKE]}}
        assert writer.post(paged, AS2).status_code == 422

    def test_a_word_of_our_namespace_comes_back_as_known(self, site: Site, writer: Writer) -> None:
        verb = f"tag:{AUTHORITY}:ns#foo"
        writer.post({"id": "urn:example:z", "actor": "A", "type": "foo", "crmVerb": verb})

        for extension, media_type in (("json", AS2), ("as1", AS1)):
            served = site.get(f"/activities/urn:example:z.{extension}")
            assert writer.post(served.body, media_type).status_code == 200

    @pytest.mark.parametrize("id", ["http://h.example/a/", "a:/", "urn:example:.json"])
    def test_every_id_is_found_in_every_format(self, site: Site, writer: Writer, id: str) -> None:
        answer = writer.post(LIKE | {"id": id}, AS2)

        address = answer.headers["Location"]
        for each in (address, address + ".atom", address + ".json", address + ".as1"):
            assert site.get(each).status_int == 200

    def test_a_name_of_a_charset_is_a_name(self, writer: Writer) -> None:
        assert writer.post(LIKE, f"{JSON}; charset={'z' * 100}").status_code == 400

    def test_a_page_of_another_site_writes_nothing(self, site: Site, writer: Writer) -> None:
        assert writer.post(LIKE, AS2, origin="http://evil.example").status_code == 403
        assert writer.post(LIKE, AS2, origin="null").status_code == 403
        assert writer.post(LIKE, AS2, origin=BASE).status_code == 201
        assert writer.post(LIKE, AS2, origin="http://localhost").status_code == 200

    def test_streams_of_lines_leave_threads_for_others(self, site: Site, writer: Writer) -> None:
        client = Client(site.app.app)
        headers = {"Authorization": "Bearer " + site.server.grants.add("many", can_write=True)}
        line = b'{"actor": "Ann"}'

        def stream() -> TestResponse:
            return client.post(
                "/activities", data=line, content_type=NDJSON, headers=headers, buffered=False
            )

        held = [stream() for _ in range(4)]
        refused = stream()
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]

        for answer in held:
            answer.close()
        assert writer.lines({"actor": "Ann"})[0]["status"] == 201


class TestGrants:
    def test_writing_needs_a_grant_that_may_write(self, site: Site) -> None:
        reader = site.server.grants.add("reader", can_write=False)

        assert Writer(site, "fs_wrong").post(LIKE, AS2).status_code == 401
        assert Writer(site, reader).post(LIKE, AS2).status_code == 403
        assert site.server.log.head() == 0

    def test_a_stranger_s_body_is_not_looked_at(self, site: Site) -> None:
        assert Writer(site, "fs_wrong").post(b"{", "text/plain").status_code == 401


def test_get_says_what_the_address_takes(site: Site) -> None:
    answer = site.get("/activities", status=405)

    assert answer.headers["Allow"] == "OPTIONS, POST"
    assert "GET does nothing here" in answer.json["detail"]


def test_dates_are_ours_and_the_true_time_is_kept(site: Site, writer: Writer) -> None:
    answer = writer.post(LIKE | {"updated": "2030-01-01T00:00:00Z"}, AS2)

    (activity,) = site.server.log.read(0)
    assert said(answer)["occurred"] == "2026-05-08T11:00:00Z"
    assert said(answer)["updated"].startswith("2026-05-08T11:00:00")
    assert activity.dates.recorded == NOON
