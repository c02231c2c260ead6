"""The reading side: documents, pages that lose nothing, and what strangers see."""

import json
import re
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from werkzeug.test import Client

from feedserver.model.activity import Object
from feedserver.web.app import create_app
from feedserver.web.risk import PATIENCE
from tests.builders import NOON, make_draft
from tests.web.compat.socialcast.conftest import Community, text, xml
from tests.web.conftest import ready

HOSTILE = "</title><script>alert(1)</script> ]]> & \"' \x0b\ud800 #x <b>"


def page_of(community: Community, number: int, per_page: int = 50) -> list[tuple[int, str]]:
    """The messages on a page, each by its number and when it was changed last."""
    asked = f"messages.json?page={number}&per_page={per_page}"
    messages = json.loads(community.ask(asked).data)["messages"]
    return [(each["id"], each["updated_at"]) for each in messages]


def ids(listed: list[tuple[int, str]]) -> list[int]:
    return [id for id, _ in listed]


class TestDocuments:
    def test_a_message_has_its_elements_and_their_types(self, community: Community) -> None:
        community.record()

        message = xml(community.stranger("messages/1.xml"))

        types = {child.tag: child.get("type") for child in message if child.get("type")}
        integers = {name for name, type in types.items() if type == "integer"}
        arrays = {name for name, type in types.items() if type == "array"}
        nil = {child.tag for child in message if child.get("nil") == "true"}
        assert integers == {
            "id",
            "last-interacted-at",
            "category-id",
            "comments-count",
            "likes-count",
        }
        assert arrays == {
            *("groups", "recipients", "tags", "attachments", "media-files"),
            *("external-resources", "extensions", "comments", "likes"),
        }
        assert {"target-user", "in-reply-to", "rating", "thumbnail-url"} <= nil
        assert text(message, "created-at") == "2026-05-08T12:01:00+00:00"
        assert text(message, "last-interacted-at") == str(int(NOON.timestamp()) + 60)
        assert text(message, "group/groupname") == "Support"
        assert text(message, "deletable") == "false"
        assert not any("_" in element.tag for element in message.iter())

    def test_a_list_is_declared_and_a_single_one_is_not(self, community: Community) -> None:
        community.record()

        assert community.stranger("messages.xml").data.startswith(b'<?xml version="1.0"')
        assert community.stranger("messages/1.xml").data.startswith(b"<message>")
        assert b'<comments type="array"/>' in community.stranger("messages/1.xml").data

    def test_json_has_the_same_members_with_underscores(self, community: Community) -> None:
        community.record()

        message = json.loads(community.stranger("messages/1.json").data)["message"]

        elements = [child.tag for child in xml(community.stranger("messages/1.xml"))]
        assert [name.replace("_", "-") for name in message] == elements
        assert (message["id"], message["group"]["groupname"]) == (1, "Support")

    def test_hostile_texts_stay_texts(self, community: Community) -> None:
        actor = Object("person", "urn:example:ann", HOSTILE, login=HOSTILE)
        community.record(title=HOSTILE, actor=actor, queues=(HOSTILE,), tags=(HOSTILE,))

        for path in ("messages", "messages/1", "streams", "groups", "users", "categories"):
            assert json.loads(community.stranger(f"{path}.json").data)
            assert list(xml(community.stranger(f"{path}.xml")).iter("script")) == []
        assert "<script>" in str(text(xml(community.stranger("messages/1.xml")), "title"))

    @pytest.mark.parametrize(
        ("accept", "media_type"),
        [
            ("application/json", "application/json"),
            ("text/html, image/gif, *; q=.2, */*; q=.2", "application/xml"),
            ("*/*", "application/xml"),
        ],
    )
    def test_without_an_extension_accept_decides(
        self, community: Community, accept: str, media_type: str
    ) -> None:
        for path in ("messages", "nothing"):
            assert community.stranger(path, headers={"Accept": accept}).mimetype == media_type

    def test_the_number_of_a_message_is_that_of_its_first_version(
        self, community: Community
    ) -> None:
        community.record(3)
        first = community.recorded()[0]
        community.server.writing.change(first.id, make_draft(title="Changed"))

        assert ids(page_of(community, 1)) == [1, 3, 2]
        assert text(xml(community.stranger("messages/1.xml")), "title") == "Changed"
        assert community.stranger("messages/4.xml").status_code == 404

    def test_a_user_is_who_did_it_not_who_was_said_to_have_done_it_once(
        self, community: Community
    ) -> None:
        community.record(2)
        other = Object("person", "urn:example:bob", "Bob Example", login="bob")
        community.server.writing.change(community.recorded()[0].id, make_draft(actor=other))

        user = xml(community.stranger("users/ann.xml"))

        assert text(user, "name") == "Ann Example"
        assert text(xml(community.stranger("users/bob.xml")), "name") == "Bob Example"
        assert ids(page_of(community, 1)) == [1, 2]

    def test_what_was_redacted_is_gone_everywhere(self, community: Community) -> None:
        secret = Object("person", "urn:example:secret", "Secret", login="secret")
        community.record(actor=secret, queues=("Secret",), title="Secret")
        community.record()
        for path in ("messages", "users", "groups"):
            assert "Secret" in community.stranger(f"{path}.xml").text
        number = re.findall(r"<id[^>]*>(\d+)", community.stranger("groups.xml").text)[-1]

        community.server.writing.redact([community.recorded()[0].id])

        for path in ("messages", "users", "groups", "streams", f"groups/{number}", "messages/1"):
            assert "Secret" not in community.stranger(f"{path}.xml").text
        assert community.stranger("messages/1.xml").status_code == 410


class TestPages:
    def test_there_are_twenty_and_never_more_than_500(self, community: Community) -> None:
        drafts = [make_draft() for _ in range(510)]
        community.server.intake.record(drafts)

        assert len(xml(community.stranger("messages.xml"))) == 20
        assert len(xml(community.stranger("messages.xml?per_page=9999"))) == 500
        assert len(xml(community.stranger("messages.xml?page=2&per_page=501"))) == 10

    def test_a_page_past_the_end_is_empty(self, community: Community) -> None:
        community.record(2)

        for page in (2, 999999999999):
            answer = community.stranger(f"messages.xml?page={page}")
            assert (answer.status_code, len(xml(answer))) == (200, 0)

    @pytest.mark.parametrize("is_edited", [False, True])
    def test_an_importer_that_pages_to_what_it_knows_loses_nothing_of_500(
        self, community: Community, is_edited: bool
    ) -> None:
        community.record(5)
        known = set(page_of(community, 1))
        community.server.intake.record([make_draft() for _ in range(500)])
        if is_edited:
            community.clock.advance(60)
            edited = community.recorded()[2].id
            community.server.writing.change(edited, make_draft(title="Changed"))

        found: list[tuple[int, str]] = []
        for number in count(1):
            found += page_of(community, number)
            community.record()  # others write while it pages
            if known & set(found):
                break

        assert {id for id, _ in found} >= set(range(6, 506)) | ({3} if is_edited else set())

    def test_an_entry_that_is_changed_while_it_pages_is_not_lost(
        self, community: Community
    ) -> None:
        community.record(6)
        first = page_of(community, 1, 3)
        community.server.writing.change(community.recorded()[0].id, make_draft(title="Changed"))

        assert {*ids(first), *ids(page_of(community, 2, 3))} >= {2, 3, 4, 5, 6}

    def test_since_compares_when_it_was_changed(self, community: Community) -> None:
        community.record(3)
        since = int(community.clock().timestamp()) + 1
        community.clock.advance(60)
        community.server.writing.change(community.recorded()[0].id, make_draft(title="Changed"))

        asked = f"messages.json?since={since}&per_page=1"
        told = json.loads(community.ask(asked).data)

        assert [each["id"] for each in told["messages"]] == [1]
        assert json.loads(community.ask(asked + "&page=2").data)["messages"] == []

    def test_who_has_it_is_told_so_until_something_comes(self, community: Community) -> None:
        community.record(2)
        for path in ("messages.xml", "messages/1.xml", "groups.json", "users.xml"):
            etag = community.ask(path).headers["ETag"]
            assert community.ask(path, headers={"If-None-Match": etag}).status_code == 304

        etag = community.ask("messages.xml").headers["ETag"]
        community.record()

        assert community.ask("messages.xml", headers={"If-None-Match": etag}).status_code == 200

    def test_what_may_be_deleted_is_another_document_for_another_caller(
        self, community: Community
    ) -> None:
        community.post("message[title]=Mine")
        own, others = community.ask("messages.xml"), community.stranger("messages.xml")

        assert own.headers["ETag"] != others.headers["ETag"]
        assert "Authorization" in own.headers["Vary"]


class TestPrivate:
    @pytest.mark.parametrize(
        "path",
        [
            "messages.xml",
            "messages/1.json",
            "streams",
            "groups.xml",
            "users.xml",
            "none",
            "userinfo",
        ],
    )
    def test_a_stranger_is_asked_for_credentials_and_told_nothing(
        self, private: Community, path: str
    ) -> None:
        private.record()

        answer = private.stranger(path)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="feedserver"'
        assert "error" in answer.text
        assert "Printer" not in answer.text
        assert "Ann" not in answer.text

    def test_who_has_a_grant_reads(self, private: Community) -> None:
        private.record()

        answer = private.ask("messages.xml")

        assert answer.status_code == 200
        assert "private" in answer.headers["Cache-Control"]

    @pytest.mark.parametrize("credentials", ["Basic !!!", "Basic Og==", "Bearer", "Digest x"])
    def test_odd_credentials_are_none(self, private: Community, credentials: str) -> None:
        answer = private.ask("userinfo.xml", headers={"Authorization": credentials})

        assert answer.status_code == 401


class BrokenLog:
    """A log that breaks where one looks for a version in it."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        if name == "at":
            raise RuntimeError("broken")
        return getattr(self._log, name)


def test_a_fault_of_ours_is_told_in_the_same_shape(community: Community) -> None:
    community.record()
    broken: Any = BrokenLog(community.server.log)
    community.app = ready(create_app(replace(community.server, log=broken)))

    answer = community.ask("messages/1.json")

    assert answer.status_code == 500
    (told,) = json.loads(answer.data)["errors"]
    assert "it is our fault" in told
    assert "broken" not in told


def risk(community: Community) -> str:
    """How many readers miss entries, as /metrics tells it when it is too late to go on."""
    community.clock.advance(PATIENCE.total_seconds())
    told = Client(community.app).get("/metrics").text
    found = re.search(r"^feedserver_subscribers_at_risk (.*)$", told, re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("pages", "at_risk"),
    [
        (["page=1"], "1.0"),
        (["page=1", "page=2"], "1.0"),
        (["page=1", "page=2", "page=3"], "0.0"),
        (["page=1&since={since}"], "1.0"),
        (["page=1&since={since}", "page=2&since={since}"], "0.0"),
    ],
)
def test_an_importer_that_does_not_page_to_what_it_knows_is_at_risk(
    community: Community, pages: list[str], at_risk: str, caplog: pytest.LogCaptureFixture
) -> None:
    community.record(40)
    community.ask("messages.json?per_page=20")
    community.record(30)
    since = int(community.clock().timestamp())
    community.record(25)

    for page in pages:
        community.ask(f"messages.json?per_page=20&{page.format(since=since)}")

    assert risk(community) == at_risk
    told = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert len(told) == float(at_risk)
    assert all("of /api/messages.json: since it asked before" in each for each in told)
    assert all("or ask with per_page=" in each for each in told)
