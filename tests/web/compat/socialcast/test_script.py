"""The PowerShell script that publishes a CRM's activities: what it sends, on its own connection."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import AUTHORITY, make_draft
from tests.web.compat.socialcast.conftest import (
    CASE,
    Community,
    basic,
    make_community,
    text,
    xml,
)
from tests.web.listening import listening

URL = "http://server/dovetail/Cases/Summary/1234"


def message(
    title: str = "Close for Ann Example at Example Works",
    body: str = "Case Title: Printer on fire #dovetailCRM",
    url: str = URL,
) -> str:
    """The one line that the script makes."""
    told = [("title", title), ("body", body), ("url", url)]
    inner = "".join(f"<{name}><![CDATA[{said}]]></{name}>" for name, said in told)
    return f"<message>{inner}</message>"


class Connection:
    """A connection of .NET's WebClient: it asks before it sends a body, and is kept."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self._socket.makefile("rb")

    def post(self, body: bytes, credentials: str | None) -> tuple[str, dict[str, str], bytes]:
        """Status, headers and body of the final answer."""
        lines = [
            "POST /api/messages.xml HTTP/1.1",
            "Content-Type: application/xml",
            "Host: feeds.example",
            f"Content-Length: {len(body)}",
            "Expect: 100-continue",
        ]
        lines += [f"Authorization: {credentials}"] if credentials else []
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        status, headers = self._head()
        if status.startswith("100"):
            self._socket.sendall(body)
            status, headers = self._head()
        return status, headers, self._file.read(int(headers["content-length"]))

    def _head(self) -> tuple[str, dict[str, str]]:
        status = self._file.readline().decode().partition(" ")[2].strip()
        lines = iter(lambda: self._file.readline().decode().strip(), "")
        return status, dict(re.split(r":\s*", line.lower(), maxsplit=1) for line in lines)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.fixture
def connection(community: Community) -> Iterator[Connection]:
    with listening(community.app, community.server) as port:
        made = Connection(port)
        yield made
        made.close()


def test_it_is_asked_for_credentials_and_sends_again_on_the_same_connection(
    community: Community, connection: Connection
) -> None:
    body = message().encode()

    refused, challenge, told = connection.post(body, None)
    status, headers, made = connection.post(body, basic(community.token))

    assert refused.startswith("401")
    assert challenge["www-authenticate"] == 'basic realm="feedserver"'
    assert b"<errors><error>Writing needs a grant." in told
    assert status.startswith("201")
    assert headers["status"] == "201"
    assert headers["location"] == "http://feeds.example/api/messages/1.xml"
    assert headers["content-type"] == "application/xml; charset=utf-8"
    assert made.startswith(b"<message>")
    assert len(community.recorded()) == 1


def test_the_message_says_what_was_sent(community: Community) -> None:
    made = community.post(message(), "application/xml")

    assert text(made, "title") == "Close for Ann Example at Example Works"
    assert text(made, "body") == "Case Title: Printer on fire #dovetailCRM"
    assert text(made, "external-url") == URL
    assert text(made, "tags/tag/name") == "dovetailCRM"
    assert text(made, "user/name") == text(made, "source/name") == "script"
    assert str(text(made, "permalink-url")).startswith("http://feeds.example/activities/tag")


def test_it_is_an_activity_of_its_own_beside_that_of_the_crm(community: Community) -> None:
    community.record(object=CASE)

    community.post(message(), "application/xml")
    community.post(message(), "application/xml")

    crm, first, second = community.recorded()
    assert first.draft.object is not None
    assert first.draft.object.id == CASE.id
    assert (first.draft.object.number, first.draft.object.url) == ("1234", URL)
    assert first.id != second.id
    assert [crm.draft.source, first.draft.source] == ["crm", "script"]
    assert first.draft.actor.id == f"tag:{AUTHORITY}:grants/script"
    assert (first.draft.verb, first.draft.tags) == ("share", ("dovetailCRM",))


def test_an_object_that_the_log_has_not_is_its_type_and_number(community: Community) -> None:
    community.post(message(url="http://server/dovetail/Solutions/Show/77"), "application/xml")

    object = community.newest().draft.object
    assert object is not None
    assert (object.type, object.number, object.id) == ("solution", "77", None)


def test_what_it_sends_of_a_new_solution_and_of_anything_else_is_taken(
    community: Community,
) -> None:
    solution = community.post(message("New Solution: Turn it off", " #dovetailCRM"))
    other = community.post(message("", " #dovetailCRM", ""))

    assert text(solution, "body") == "#dovetailCRM"
    assert (text(other, "title"), text(other, "body")) == ("#dovetailCRM", "")
    assert (text(other, "tags/tag/name"), text(other, "external-url")) == ("dovetailCRM", None)


@pytest.mark.parametrize(
    "body",
    [
        message("Café").encode(),
        message("Café").encode("cp1252"),
        message("Café").encode("utf-8-sig"),
        message("Café").encode("utf-16"),
        ('<?xml version="1.0" encoding="utf-8"?>\r\n' + message("Café")).encode("cp1252"),
        ('<?xml version="1.0" encoding="windows-1252"?>' + message("Café")).encode("cp1252"),
        (' <?xml version="1.0"?>' + message("Café")).encode(),
        message("Café", url="")
        .replace("<url><![CDATA[]]></url>", "<url/><nothing>x</nothing>")
        .encode(),
    ],
    ids=["utf-8", "cp1252", "mark", "utf-16", "wrong declaration", "declared", "space", "unknown"],
)
def test_it_is_read_in_the_encoding_in_which_it_came(community: Community, body: bytes) -> None:
    assert text(community.post(body, "application/xml"), "title") == "Café"


def test_the_end_of_cdata_inside_a_title_is_a_readable_400(community: Community) -> None:
    answer = community.ask("messages.xml", "POST", data=message("a ]]> b"))

    assert answer.status_code == 400
    told = text(xml(answer), "error")
    assert told is not None
    assert "It is no XML" in told
    assert "]]]]><![CDATA[>" in told
    assert community.recorded() == []


def test_a_doctype_is_refused(community: Community) -> None:
    doctype = '<!DOCTYPE message [<!ENTITY x SYSTEM "file:///etc/passwd">]>'

    answer = community.ask("messages.xml", "POST", data=doctype + message("&x;"))

    assert answer.status_code == 400
    assert "DOCTYPE" in answer.text


def test_characters_that_xml_cannot_hold_are_replaced(community: Community) -> None:
    made = community.post(message("Close \x0b for \x00"), "application/xml")

    assert text(made, "title") == "Close \ufffd for \ufffd"


def test_a_grant_that_may_only_read_is_forbidden_to_post(community: Community) -> None:
    reader = community.server.grants.add("reader", False)

    answer = community.ask(
        "messages.xml", "POST", data=message(), headers={"Authorization": basic(reader)}
    )

    assert answer.status_code == 403
    assert "may only read" in str(text(xml(answer), "error"))


def test_the_token_may_stand_in_the_place_of_the_user(community: Community) -> None:
    answer = community.ask(
        "messages.xml",
        "POST",
        data="<message><body><![CDATA[Hello]]></body></message>",
        headers={"Authorization": basic("", community.token)},
    )

    assert answer.status_code == 201


def test_a_body_that_is_too_long_is_refused(community: Community) -> None:
    answer = community.ask("messages.xml", "POST", data=message("x" * 1_100_000))

    assert answer.status_code == 413
    assert community.recorded() == []


def test_of_many_hash_words_the_first_are_tags(tmp_path: Path) -> None:
    community = make_community(tmp_path, max_tags="2")

    community.post(message("#one", body="#two #One #three"), "application/xml")

    assert community.newest().draft.tags == ("one", "two")
    community.server.close()


def test_nothing_is_shown_twice_and_nothing_left_out(community: Community) -> None:
    community.post(message("", "First line\nand <b>more</b>\n", ""))
    first = community.newest().draft
    community.post(message("x" * 1200, "", ""))
    long = community.newest().draft

    assert (first.title, first.content) == ("First line", "and &lt;b&gt;more&lt;/b&gt;")
    assert len(long.title) == 1000
    assert long.content == "x" * 1200


def test_an_address_that_is_none_of_the_web_stands_in_the_text(community: Community) -> None:
    community.post(message("Title", "Body", "javascript:alert(1)"))

    draft = community.newest().draft
    assert (draft.object, draft.verb) == (None, "post")
    assert draft.content == "Body<br>\njavascript:alert(1)"


def test_an_address_that_is_of_no_source_is_a_page(community: Community) -> None:
    community.post(message(url="https://wiki.example/page?x=1"))

    object = community.newest().draft.object
    assert object is not None
    assert (object.type, object.id, object.url) == (
        "page",
        object.url,
        "https://wiki.example/page?x=1",
    )


def test_both_stand_in_the_feed_of_the_object(community: Community) -> None:
    community.server.intake.record([make_draft(object=CASE)])
    community.post(message())

    answer = community.app.test_client().get(f"/all.json?object={CASE.id}")

    assert answer.json is not None
    assert answer.json["totalItems"] == 2
