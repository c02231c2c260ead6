"""The other clients that there were, each as it is described: what it sends, and what it needs."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.web.compat.socialcast.conftest import Community, text, xml

FORM = "application/x-www-form-urlencoded"


def ids(answer: TestResponse) -> list[int]:
    """The numbers of the messages that an answer lists."""
    return [int(str(text(message, "id"))) for message in xml(answer)]


class TestConfluence:
    """The plugin for Confluence: it is asked for credentials, and shows what was found."""

    def test_it_posts_a_title_and_an_address_after_a_challenge(self, community: Community) -> None:
        form = "message%5Btitle%5D=Page+%C3%A4&message%5Burl%5D=https%3A%2F%2Fwiki.example%2F1"

        refused = community.stranger("messages.xml", "POST", data=form, content_type=FORM)
        made = community.post(form, FORM)

        assert (refused.status_code, refused.headers["WWW-Authenticate"][:5]) == (401, "Basic")
        assert (text(made, "title"), text(made, "body")) == ("Page ä", "")
        assert text(made, "external-url") == "https://wiki.example/1"
        assert text(made, "message-type") == "link"

    def test_its_macro_finds_all_that_it_shows(self, community: Community) -> None:
        community.record(3)

        for path in ("messages/search.xml?q=burns", "users/ann/messages.xml"):
            answer = community.stranger(path)
            assert ids(answer) == [3, 2, 1]
            for message in xml(answer):
                for name in ("body", "title", "action", "permalink-url", "icon", "created-at"):
                    assert text(message, name), name
                assert message.findall("comments/comment") == []
                assert text(message, "user/username") == "ann"
                for size in (16, 30, 45, 70):
                    assert text(message, f"user/avatars/square{size}")


class TestSocialcastr:
    """A library for Ruby of 2011: it joins the fields of forms by `;`."""

    def test_fields_may_be_parted_by_semicolons(self, community: Community) -> None:
        made = community.post("message[title]=One%3B+two;message[body]=a;b&c;message[url]=", FORM)

        assert text(made, "title") == "One; two"
        assert text(made, "body") == "a;b"
        assert text(made, "external-url") is None

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "messages/99.xml", 404),
            ("GET", "messages.xml?page=first", 400),
            ("PUT", "messages/1.xml", 405),
            ("DELETE", "messages/1.xml", 403),
            ("POST", "messages.xml", 422),
        ],
    )
    def test_what_is_wrong_has_the_status_that_it_knows(
        self, community: Community, method: str, path: str, status: int
    ) -> None:
        community.record()

        answer = community.ask(path, method, data="message[title]=" if method == "POST" else "")

        assert answer.status_code == status
        assert xml(answer).tag == "errors"
        assert text(xml(answer), "error")

    def test_an_id_is_a_whole_number_also_with_a_slug(self, community: Community) -> None:
        community.post("message[title]=Trying out the API", FORM)

        for path in ("messages/1.xml", "messages/1-trying-out-the-api.xml", "messages/1-x"):
            found = community.stranger(path)
            assert found.status_code == 200
            assert xml(found).find("id").attrib == {"type": "integer"}  # type: ignore[union-attr]
            assert text(xml(found), "url") == (
                "http://feeds.example/api/messages/1-trying-out-the-api"
            )


class TestActiveResource:
    """Rails' ActiveResource: it takes the id from `Location`, and pages until less comes."""

    def test_it_posts_xml_and_reads_back_what_was_made(self, community: Community) -> None:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<message>\n  <title>Hello</title>\n'
            '  <body>a\nb</body>\n  <group-id nil="true"></group-id>\n</message>\n'
        )

        answer = community.ask("messages.xml", "POST", data=body, content_type="application/xml")

        address = answer.headers["Location"].removeprefix("http://feeds.example/api/")
        assert text(xml(community.stranger(address)), "title") == "Hello"
        assert text(xml(answer), "body").split() == ["a", "b"]  # type: ignore[union-attr]

    def test_it_pages_until_fewer_come_than_it_asked_for(self, community: Community) -> None:
        community.record(7)
        found: list[int] = []
        page = 1
        while page < 9:
            asked = f"messages/search.xml?q=burns&page={page}&per_page=3"
            listed = xml(community.stranger(asked))
            assert (listed.tag, listed.get("type")) == ("messages", "array")
            found += [int(str(text(message, "id"))) for message in listed]
            if len(listed) < 3:
                break
            page += 1

        assert (found, page) == ([7, 6, 5, 4, 3, 2, 1], 3)

    def test_what_is_not_here_is_a_clear_404(self, community: Community) -> None:
        for path in ("messages/1/likes.xml", "messages/1/flags/2.xml", "polls.xml", "webhooks/1/s"):
            answer = community.ask(path, "POST")
            assert answer.status_code == 404
            assert "is not here" in str(text(xml(answer), "error"))


class TestDotNet:
    """The wrapper for .NET: it looks for streams and groups by name."""

    def test_it_finds_the_stream_of_everything_and_groups(self, community: Community) -> None:
        community.record()

        streams = xml(community.stranger("streams.xml"))
        groups = xml(community.stranger("groups.xml?page=1&per_page=500"))
        none = xml(community.stranger("groups.xml?page=2&per_page=500"))

        named = {text(each, "group/groupname"): text(each, "id") for each in streams.iter("stream")}
        assert list(named) == ["company stream", "Support"]
        assert named["Support"] == text(groups, "group/id")
        assert text(groups, "group/groupname") == "Support"
        assert (len(none), none.get("type")) == (0, "array")
        for id in named.values():
            assert ids(community.stranger(f"streams/{id}/messages.xml?per_page=10&page=1")) == [1]
        assert len(xml(community.stranger("groups/Support/members.xml"))) == 0

    def test_it_reads_what_changed_since_a_second_in_a_group(self, community: Community) -> None:
        community.record(3)
        community.record(2, queues=("Sales",))
        since = int(community.clock().timestamp()) - 60

        assert ids(community.stranger(f"messages.xml?per_page=20&page=1&since={since}")) == [5, 4]
        assert ids(community.stranger(f"messages.xml?since={since - 60}&group_id=Support")) == [3]
        assert ids(community.stranger("messages.xml?group_id=1")) == [5, 4, 3, 2, 1]

    def test_it_finds_users(self, community: Community) -> None:
        community.record()

        (user,) = xml(community.stranger("users/search.xml?q=EXAMPLE"))

        assert text(user, "name") == "Ann Example"
        assert text(xml(community.stranger(f"users/{text(user, 'id')}.xml")), "username") == "ann"
        assert ids(community.stranger(f"users/{text(user, 'id')}/messages.xml")) == [1]
        assert len(xml(community.stranger("users/search.xml?q=nobody"))) == 0


class TestCommandLine:
    """The official command line: JSON, with credentials that it was told before."""

    def test_it_tries_credentials_and_is_told_the_community(self, private: Community) -> None:
        form = {"email": "ann@example.com", "password": private.token}

        good = private.stranger("authentication", "POST", data=form)
        bad = private.stranger("authentication", "POST", data=form | {"password": "fs_no"})

        assert json.loads(good.data)["communities"][0]["domain"] == "feeds.example"
        assert (bad.status_code, bad.headers["WWW-Authenticate"][:5]) == (401, "Basic")
        assert "errors" in json.loads(bad.data)

    def test_it_posts_json_with_nulls_and_empty_arrays(self, community: Community) -> None:
        message: dict[str, Any] = {
            "body": "Deployed #web",
            "url": None,
            "message_type": None,
            "attachment_ids": [],
            "group_id": None,
        }

        made = community.post(json.dumps({"message": message}), "application/json", "messages.json")

        assert (made["title"], made["body"], made["tags"]) == (
            "Deployed #web",
            "",
            [{"name": "web"}],
        )
        assert made["permalink_url"].startswith("http://feeds.example/activities/")
        assert made["external_url"] is None

    def test_it_asks_who_it_is(self, community: Community) -> None:
        assert json.loads(community.ask("userinfo.json").data)["user"]["name"] == "script"
        for path in ("userinfo.json", "group_memberships.json"):
            assert community.stranger(path).status_code == 401

    def test_a_message_with_a_file_is_kept_and_says_that_the_file_is_not(
        self, community: Community
    ) -> None:
        boundary, part = "b0", "Content-Disposition: form-data; name="
        body = "\r\n".join(
            [
                *(f"--{boundary}", f'{part}"message[title]"', "", "See"),
                *(f"--{boundary}", f'{part}"message[attachment]"; filename="plan.pdf"'),
                *("Content-Type: application/pdf", "", "%PDF", f"--{boundary}--", ""),
            ]
        )

        made = community.post(body, f"multipart/form-data; boundary={boundary}")

        assert text(made, "title") == "See"
        assert text(made, "body") == "Attachment not kept: plan.pdf"
        assert community.ask("attachments.json", "POST", data=body).status_code == 404

    @pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
    @pytest.mark.parametrize("told", ["", "Content-Type: text/plain; charset={encoding}\r\n"])
    def test_the_parts_may_be_in_what_windows_writes(
        self, community: Community, encoding: str, told: str
    ) -> None:
        part = "Content-Disposition: form-data; name="
        sent = (
            f'--b0\r\n{part}"message[title]"\r\n{told.format(encoding=encoding)}\r\nCafé\r\n'
            f'--b0\r\n{part}"message[attachment]"; filename="Menü.pdf"\r\n\r\n%PDF\r\n--b0--\r\n'
        )

        made = community.post(sent.encode(encoding), "multipart/form-data; boundary=b0")

        assert text(made, "title") == "Café"
        assert text(made, "body") == "Attachment not kept: Menü.pdf"

    def test_a_part_without_a_name_is_left_out(self, community: Community) -> None:
        part = "Content-Disposition: form-data"
        sent = (
            f'--b0\r\n{part}\r\n\r\nx\r\n--b0\r\n{part}; name="message[title]"\r\n\r\nSee\r\n--b0--'
        )

        made = community.post(sent, "multipart/form-data; boundary=b0")

        assert (text(made, "title"), text(made, "body")) == ("See", "")


class TestPhp:
    """The library for PHP: `.json` everywhere."""

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("userinfo.json", "user"),
            ("users.json", "users"),
            ("users/search.json?q=ann", "users"),
            ("group_memberships.json", "group_memberships"),
            ("groups.json", "groups"),
            ("groups/Support.json", "group"),
            ("messages.json", "messages"),
            ("messages/1.json", "message"),
            ("messages/search.json?q=burns", "messages"),
            ("categories.json", "categories"),
            ("streams.json", "streams"),
            ("streams/primary.json", "stream"),
        ],
    )
    def test_what_it_asks_for_is_there(self, community: Community, path: str, name: str) -> None:
        community.record()

        answer = community.ask(path)

        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        assert json.loads(answer.data)[name]

    @pytest.mark.parametrize("path", ["polls", "thanks", "badges", "conversations", "attachment"])
    def test_what_is_not_there_is_told_as_errors(self, community: Community, path: str) -> None:
        answer = community.ask(f"{path}.json")

        assert answer.status_code == 404
        assert len(json.loads(answer.data)["errors"]) == 1

    def test_who_wrote_a_message_can_delete_it_and_nobody_else(self, community: Community) -> None:
        made = community.post("message[title]=Oops", FORM, "messages.json")
        other = {"Authorization": f"Bearer {community.server.grants.add('other', True)}"}

        foreign = json.loads(community.ask("messages/1.json", headers=other).data)["message"]
        forbidden = community.ask(f"messages/{made['id']}.json", "DELETE", headers=other)
        deleted = community.ask(f"messages/{made['id']}.json", "DELETE")

        assert (made["deletable"], foreign["deletable"], forbidden.status_code) == (
            True,
            False,
            403,
        )
        assert (deleted.status_code, deleted.data) == (200, b"")
        assert community.ask(f"messages/{made['id']}.json").status_code == 410
        assert json.loads(community.ask("messages.json").data)["messages"] == []


def test_a_script_picks_the_company_stream_and_reads_its_pages(community: Community) -> None:
    community.record(5)
    streams = json.loads(community.ask("streams.json").data)["streams"]
    (id,) = [stream["id"] for stream in streams if stream["name"] == "Company Stream"]

    def page(number: int) -> Any:
        asked = f"streams/{id}/messages.json?page={number}&per_page=2"
        return json.loads(community.ask(asked).data)

    assert [page(number)["messages_next_page"] for number in (1, 2, 3, 4)] == [2, 3, None, None]
    assert [message["id"] for message in page(3)["messages"]] == [1]


class TestBroker:
    """A broker for Bitbucket: a form whose `group_id` is empty where there is none."""

    def test_an_empty_group_is_none(self, community: Community) -> None:
        form = "message[title]=Push&message[body]=2+commits&message[group_id]="

        made = community.post(form, FORM, "messages.json")

        assert (made["group"], made["groups"]) == ({}, [])

    def test_a_group_is_a_queue_by_its_number_or_its_name(self, community: Community) -> None:
        community.record()
        (group,) = json.loads(community.ask("groups.json").data)["groups"]

        for named in (group["id"], "Support"):
            community.post(f"message[title]=Push&message[group_id]={named}", FORM)
            assert community.newest().draft.queues == ("Support",)

    def test_a_number_that_no_group_has_is_refused(self, community: Community) -> None:
        answer = community.ask(
            "messages.json", "POST", data="message[title]=x&message[group_id]=17"
        )

        assert answer.status_code == 422
        assert "no queue has the number 17" in json.loads(answer.data)["errors"][0]
        assert community.recorded() == []
