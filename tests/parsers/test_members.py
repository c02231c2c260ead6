"""Members: ids, links, dates, and what is kept of what nobody has told us of."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.iris import fault_of, is_link, is_uuid
from feedserver.model.text import clean
from feedserver.model.vocabulary import is_iri
from feedserver.parsers.members import MAX_ID, is_id, kept, parse_date, pointer_of
from tests.parsers.reading import as1, as2, draft_of, left_of, wrong_in

MOMENT = datetime(2026, 11, 19, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-19T14:05:00Z", MOMENT),
        ("2026-11-19t14:05:00z", MOMENT),
        ("2026-11-19 14:05:00Z", MOMENT),
        ("2026-11-19T14:05Z", MOMENT),
        ("2026-11-19T15:05:00+01:00", MOMENT),
        ("2026-11-19T15:05:00+0100", MOMENT),
        ("2026-11-19T00:20:00-13:45", MOMENT),
        ("2026-11-19T14:05:00-00:00", MOMENT),
        ("2026-11-20T14:04:00+23:59", MOMENT),
        ("2026-11-19T14:05:00.5Z", MOMENT.replace(microsecond=500_000)),
        ("2026-11-19T14:05:00,5Z", MOMENT.replace(microsecond=500_000)),
        ("2026-11-19T14:05:00.12Z", MOMENT.replace(microsecond=120_000)),
        ("2026-11-19T14:05:00.1234Z", MOMENT.replace(microsecond=123_400)),
        ("2026-11-19T14:05:00.123456Z", MOMENT.replace(microsecond=123_456)),
        ("2026-11-19T14:05:00.999999999Z", MOMENT.replace(microsecond=999_999)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2016-12-31T15:59:60.25-08:00", datetime(2016, 12, 31, 23, 59, 59, 250_000, UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00-01:00", datetime(1, 1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59+01:00", datetime(9999, 12, 31, 22, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_date_of_rfc_3339_is_read_exactly(text: str, moment: datetime) -> None:
    found = parse_date(text)

    assert found == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize("year", ["0001", "0999", "9999"])
def test_a_year_that_not_every_format_can_tell_is_a_fault(year: str) -> None:
    assert wrong_in(as2(published=f"{year}-06-01T00:00:00Z")) == ["/published"]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2026-11-19",
        "2026-11-19T14:05:00",
        "2026-11-19T14:05:00 Z",
        "2026-11-19T14:05.5Z",
        "2026-11-19T14Z",
        "2026-11-19T14:05:00.Z",
        "20261119T140500Z",
        "2026-W47-4T14:05:00Z",
        "2026-11-19T14:05:61Z",
        "2026-11-19T14:60:00Z",
        "2026-11-19T25:05:00Z",
        "2026-11-19T14:05:00+24:00",
        "2026-11-19T14:05:00+01:60",
        "2026-11-19T14:05:00+1:00",
        "2026-11-19T14:05:00EST",
        "2026-11-31T14:05:00Z",
        "2025-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "10000-01-01T00:00:00Z",
        "-2026-11-19T14:05:00Z",
        "２０２６-11-19T14:05:00Z",
        "2026-11-19T14:05:00Z\n",
        "Thu, 19 Nov 2026 14:05:00 GMT",
        1795356300,
        1.5,
        True,
        ["2026-11-19T14:05:00Z"],
        {"@value": "2026-11-19T14:05:00Z"},
    ],
)
@pytest.mark.parametrize("name", ["published", "updated", "occurred", "recorded"])
def test_what_is_no_date_with_a_zone_is_a_fault(name: str, value: Any) -> None:
    assert wrong_in(as2(**{name: value})) == [f"/{name}"]


@pytest.mark.parametrize(
    "id",
    [
        "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "tag:example.org,2026:a/b?c#d",
        "HTTPS://Example.ORG:443/%7eann/../x",
        "https://example.org/é/%C3%A9/🔧",
        "x:" + "y" * (MAX_ID - 2),
        "object:search.example:1",
        "did:web:example.org",
        "mailto:ann@example.org",
    ],
)
def test_an_id_is_kept_byte_for_byte(id: str) -> None:
    for dialect, value in (("as1", as1(id=id, object={"id": id})), ("as2", as2(id=id, object=id))):
        draft = draft_of(value, dialect)

        assert draft.id == id
        assert draft.object is not None
        assert draft.object.id == id


@pytest.mark.parametrize(
    "id",
    [
        "",
        "1234",
        "/activities/1",
        "//example.org/1",
        "#1",
        "example.org",
        "https:",
        "1a:b",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "DATA:,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://example.org/1",
        "https://example.org/a b",
        " https://example.org/",
        "https://example.org/\n",
        "https://example.org/\xa0",
        "https://example.org/<script>",
        'https://example.org/"',
        "https://example.org/{x}",
        "https://example.org/\x00",
        "https://example.org/\x85",
        "https://example.org/\ufffe",
        "https://example.org/\u2028",
        "x:" + "y" * (MAX_ID - 1),
        "x:%zz",
        "http:x",
        "tag:x",
        "urn:x:1",
        "urn:uuid:5b2",
        1234,
        True,
        ["urn:example:1"],
        {"@id": "urn:example:1"},
    ],
)
def test_what_is_no_absolute_iri_is_no_id(id: Any) -> None:
    assert wrong_in(as2(id=id)) == wrong_in(as1(id=id), "as1") == ["/id"]
    assert wrong_in(as2(object={"id": id})) == ["/object/id"]


@given(st.text(max_size=12).map("urn:example:".__add__))
def test_an_id_is_what_it_is_after_cleaning(id: str) -> None:
    assert not is_id(id) or clean(id) == id


@given(st.from_regex(r"(?i)urn:uuid:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}", fullmatch=True))
def test_every_uuid_keeps_the_rules_of_all_ids(id: str) -> None:
    is_told_at_once = is_uuid(id)

    keeps_rules = is_iri(id) and fault_of(id) is None and clean(id) == id
    assert is_id(id) == is_told_at_once == keeps_rules


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://example.org/a?b=c#d", True),
        ("HTTP://EXAMPLE.ORG", True),
        ("http://127.0.0.1:8000/x", True),
        ("http://[::1]:8000/", True),
        ("https://ann@example.org/", True),
        ("mailto:ann@example.org", True),
        ("https://ann:secret@example.org/", False),
        ("https://example.org:99999/", False),
        ("https://example.org:x/", False),
        ("http://[::1/", False),
        ("https://", False),
        ("https:///x", False),
        ("https:x", False),
        ("https://example.org/a b", False),
        ("https://example.org\\@evil.example/", False),
        ("https://example.org/\t", False),
        ("//example.org/", False),
        ("/x", False),
        ("x", False),
        ("", False),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("\x01javascript:alert(1)", False),
        ("javascript://example.org/%0aalert(1)", False),
        ("data:text/html,x", False),
        ("ftp://example.org/", False),
        ("magnet:?xt=urn:x", False),
        ("tag:example.org,2026:x", False),
        ("mailto:", False),
    ],
)
def test_a_link_is_absolute_and_runs_nothing(text: str, is_one: bool) -> None:
    assert is_link(text) is is_one
    assert (
        (draft_of(as2(url=text)).url == text) if is_one else (wrong_in(as2(url=text)) == ["/url"])
    )
    for name in ("url", "href", "src", "image", "icon", "as:url", "https://x.example/#href"):
        assert kept({"x": {name: text}}) == {"x": {name: text} if is_one else {}}
        assert kept({name: [text, "no link"]}) == ({name: [text]} if is_one else {})


HTML = "<p onclick=x>a<script>b</script></p>"


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ({"x": HTML}, {"x": HTML}),
        ({"content": HTML}, {"content": "<p>a</p>"}),
        ({"summary": HTML, "embedCode": HTML}, {"summary": "<p>a</p>", "embedCode": "<p>a</p>"}),
        ({"title": HTML}, {"title": "<p>a</p>"}),
        ({"as:content": HTML}, {"as:content": "<p>a</p>"}),
        ({"https://x.example/ns#content": HTML}, {"https://x.example/ns#content": "<p>a</p>"}),
        ({"contentMap": {"en": HTML}}, {"contentMap": {"en": "<p>a</p>"}}),
        ({"summaryMap": {"en": [HTML]}}, {"summaryMap": {"en": ["<p>a</p>"]}}),
        ({"content": {"@value": HTML}}, {"content": {"@value": "<p>a</p>"}}),
        ({"content": [[{"x": HTML}]]}, {"content": [[{"x": "<p>a</p>"}]]}),
        ({"a": [{"b": {"content": HTML}}]}, {"a": [{"b": {"content": "<p>a</p>"}}]}),
        ({"content": {"href": "javascript:x"}}, {"content": {}}),
        ({"url": {"@id": "javascript:x"}}, {"url": {}}),
        ({"url": {"@id": "/x", "@type": "@id"}}, {"url": {"@type": "@id"}}),
        ({"url": {"type": "Link", "href": "x"}}, {"url": {"type": "Link"}}),
        ({"url": ["x", "https://x.example/"]}, {"url": ["https://x.example/"]}),
        ({"icon": {"type": "Image", "url": "x"}}, {"icon": {"type": "Image"}}),
        ({"id": "javascript:x", "to": ["Data:,x", "urn:example:1"]}, {"to": ["urn:example:1"]}),
        ({"name": "data: what we know", "x": " vbscript:x"}, {"name": "data: what we know"}),
        ({"id": "x", "inReplyTo": "x"}, {"id": "x", "inReplyTo": "x"}),
        ({"bto": "a", "x": [{"bcc": ["b"]}], "to": "c"}, {"x": [{}], "to": "c"}),
        ({"as:bto": "a", "https://www.w3.org/ns/activitystreams#bcc": "b"}, {}),
        ({"a": None, "b": [None, 1], "c": {"d": None}, "e": []}, {"b": [1], "c": {}}),
        ({"a\x00b\x85": "c\x01\ufffe\r\n\u2028d"}, {"a\ufffdb…": "c\ufffd\ufffd\n\nd"}),
        ({"content": "&#1;"}, {"content": "\ufffd"}),
        ({"a": 0, "b": False, "c": 1.5, "d": ""}, {"a": 0, "b": False, "c": 1.5, "d": ""}),
        ({"mediaType": "text/plain", "content": "a < b\nc"}, {"content": "a &lt; b<br>\nc"}),
        ({"mediaType": "TEXT/Markdown", "content": "*a*"}, {"content": "*a*"}),
        (
            {"mediaType": "text/plain", "contentMap": {"en": "a < b"}},
            {"contentMap": {"en": "a &lt; b"}},
        ),
        (
            {"mediaType": "text/html; charset=utf-8", "content": HTML},
            {"mediaType": "text/html; charset=utf-8", "content": "<p>a</p>"},
        ),
        ({"mediaType": "text/css", "name": "x"}, {"mediaType": "text/css", "name": "x"}),
        (
            {"@context": {"url": {"@id": "ex:url"}, "x": None, "content": "ex:\x00", "y": []}},
            {"@context": {"url": {"@id": "ex:url"}, "x": None, "content": "ex:\ufffd", "y": []}},
        ),
        (
            {"x": {"@context": [None, {"href": "ex:a"}]}},
            {"x": {"@context": [None, {"href": "ex:a"}]}},
        ),
    ],
)
def test_unknown_members_are_kept_and_made_harmless(sent: Any, left: Any) -> None:
    assert kept(sent) == left
    assert kept(left) == left


@pytest.mark.parametrize("make", [as1, as2])
def test_unknown_members_of_an_activity_and_its_objects_are_left(make: Any) -> None:
    value = make(
        heat=7,
        nothing=None,
        bcc="urn:example:1",
        object={"displayName": "It", "name": "It", "heat": {"content": HTML}, "bto": "urn:x:2"},
        attachments=[{"url": "javascript:x", "summary": HTML}],
    )
    other = "name" if make is as1 else "displayName"

    assert left_of(value) == {
        "heat": 7,
        "object": {other: "It", "heat": {"content": "<p>a</p>"}},
        "attachments": [{"summary": "<p>a</p>"}],
    }


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ((), ""),
        (("a", 0, "b"), "/a/0/b"),
        (("a/b", "c~d", "~1", ""), "/a~1b/c~0d/~01/"),
        (("é \n",), "/é \n"),
    ],
)
def test_a_pointer_escapes_what_rfc_6901_escapes(path: tuple[Any, ...], pointer: str) -> None:
    assert pointer_of(path) == pointer
