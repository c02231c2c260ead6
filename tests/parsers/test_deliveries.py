"""What is delivered to a webhook, from bytes and headers to records."""

import json
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import InvalidRequest, TooLarge, UnsupportedType
from feedserver.mapping.records import Record
from feedserver.model.text import one_line
from feedserver.parsers.deliveries import (
    EVENT,
    EVENTS,
    FORM,
    JSON,
    MAX_FIELDS,
    MAX_HEADER,
    MAX_RECORDS,
    Delivery,
    records_of,
)
from tests.builders import NOON

TYPED = {"specversion": "1.0", "id": "a-1", "source": "/shop", "type": "order.made"}


def read(
    body: bytes | object, media_type: str = JSON, charset: str | None = None, **headers: str
) -> tuple[Record, ...]:
    """The records of a delivery whose headers are given as `webhook_id="1"`."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    new = count(1)
    delivery = Delivery(media_type, charset, named, data, NOON)
    return records_of(delivery, lambda: f"new-{next(new)}")


def value_of(*arguments: Any, **headers: str) -> Any:
    (record,) = read(*arguments, **headers)
    return record.value


def refusal(*arguments: Any, **headers: str) -> str:
    with pytest.raises(InvalidRequest) as refused:
        read(*arguments, **headers)
    return str(refused.value)


class TestJson:
    def test_an_object_is_a_record(self) -> None:
        (record,) = read({"n": 1})

        assert record == Record("new-1", {"n": 1}, {}, NOON)

    def test_a_very_long_list_is_refused_as_a_whole(self) -> None:
        assert len(read([{}] * MAX_RECORDS)) == MAX_RECORDS
        with pytest.raises(TooLarge, match="1,001 items"):
            read([{}] * (MAX_RECORDS + 1))

    @pytest.mark.parametrize("id", ["a  b", "a\nb", "a\tb", "a\x00b", " a", "\u3000", "\x1b[2J"])
    def test_a_key_that_is_no_line_stands_in_ids_as_its_digest(self, id: str) -> None:
        (record,) = read({**TYPED, "id": id, "source": "s"}, EVENT)
        (other,) = read({**TYPED, "id": one_line(id) or "-", "source": "s"}, EVENT)

        assert record.key.startswith("sha256-")
        assert record.key != other.key

    def test_a_list_is_a_record_for_each_item_under_one_key(self) -> None:
        records = read([{"n": 1}, {"n": 2}], idempotency_key="k")

        assert [(record.key, record.value["n"]) for record in records] == [("k/1", 1), ("k/2", 2)]

    def test_a_list_of_nothing_is_no_record(self) -> None:
        assert read([]) == ()

    @pytest.mark.parametrize("media_type", [JSON, "application/vnd.example+json"])
    def test_any_type_of_json_is_taken(self, media_type: str) -> None:
        assert value_of({"n": 1}, media_type) == {"n": 1}

    def test_the_charset_that_is_said_is_that_of_the_body(self) -> None:
        assert value_of('{"n": "ü"}'.encode("cp1252"), JSON, "windows-1252") == {"n": "ü"}

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (b"", "The body is empty, which is no JSON."),
            (b"{", "It is no JSON: "),
            (b'"text"', "The body is no JSON object."),
            (b"[{}, 1]", "item 2 of the list is no JSON object."),
            (b'{"n": 1, "n": 2}', '"n" stands twice in one object.'),
            ('{"n": "ü"}'.encode("cp1252"), "The body is not UTF-8: "),
        ],
    )
    def test_what_is_no_json_object_is_refused(self, body: bytes, told: str) -> None:
        assert refusal(body).startswith(told)

    @pytest.mark.parametrize(
        ("media_type", "told"),
        [("text/xml", "The body is text/xml. Taken are"), ("", "The body has no Content-Type.")],
    )
    def test_another_type_is_refused_and_the_known_are_named(
        self, media_type: str, told: str
    ) -> None:
        with pytest.raises(UnsupportedType, match=told) as refused:
            read(b"<a/>", media_type)

        assert refused.value.known == (JSON, FORM, EVENT, EVENTS)


class TestForm:
    def test_its_fields_are_members_and_several_of_a_name_a_list(self) -> None:
        assert value_of(b"a=1&b=%C3%BC+x&a=2&c=", FORM) == {"a": ["1", "2"], "b": "ü x", "c": ""}

    def test_a_payload_of_json_is_the_record(self) -> None:
        assert value_of(b"payload=%7B%22n%22%3A1%7D", FORM) == {"n": 1}

    @pytest.mark.parametrize("body", [b"payload=text", b"payload=%7B%7D&more=1"])
    def test_any_other_payload_is_a_member(self, body: bytes) -> None:
        assert "payload" in value_of(body, FORM)

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (b'{"n": 1}', "The body is JSON, and says it is a form."),
            (b"a=%FF", "The form is not UTF-8."),
            (b"&".join([b"a=1"] * (MAX_FIELDS + 1)), "The form has more than 1,000 fields."),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, body: bytes, told: str) -> None:
        assert refusal(body, FORM).startswith(told)


class TestEvents:
    EVENT_WITH_DATA = TYPED | {"data": {"n": "ü"}, "datacontenttype": JSON}

    def test_structured_and_binary_are_one_record(self) -> None:
        named = {f"ce_{name}": value for name, value in TYPED.items()}

        structured = read(self.EVENT_WITH_DATA, EVENT)
        binary = read({"n": "ü"}, JSON, **named)

        assert [record.value for record in binary] == [record.value for record in structured]
        assert [record.key for record in binary] == ["/shop a-1"]
        assert [record.key for record in structured] == ["/shop a-1"]

    def test_each_event_of_a_batch_has_its_own_key(self) -> None:
        records = read([TYPED, TYPED | {"id": "a-2"}], EVENTS)

        assert [record.key for record in records] == ["/shop a-1", "/shop a-2"]

    @pytest.mark.parametrize(
        ("value", "read_as"),
        [
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
            ('"quoted %22 \\" it"', 'quoted " " it'),
            ("plain", "plain"),
            ("ü".encode().decode("latin-1"), "ü"),
        ],
    )
    def test_headers_of_binary_events_are_decoded(self, value: str, read_as: str) -> None:
        named = {f"ce_{name}": text for name, text in TYPED.items()}

        assert value_of(b"", "", **named, ce_subject=value)["subject"] == read_as

    def test_a_header_that_is_no_text_is_refused(self) -> None:
        assert refusal(b"", "", ce_id="%FF") == "The header ce-id is not UTF-8, percent-encoded."

    @pytest.mark.parametrize(
        ("body", "media_type", "data"),
        [
            (b"a=1", FORM, {"a": "1"}),
            (b"plain", "text/plain", "plain"),
            (b'{"n": 1}', "", {"n": 1}),
        ],
    )
    def test_the_data_of_a_binary_event_is_read_by_its_type(
        self, body: bytes, media_type: str, data: Any
    ) -> None:
        named = {f"ce_{name}": text for name, text in TYPED.items()}

        assert value_of(body, media_type, **named)["data"] == data

    def test_data_of_a_binary_event_that_is_no_text_stays_in_base64(self) -> None:
        named = {f"ce_{name}": text for name, text in TYPED.items()}

        value = value_of(b"\x89PNG", "image/png", **named)

        assert "data" not in value
        assert value["data_base64"] == "iVBORw=="

    @pytest.mark.parametrize(
        ("members", "data"),
        [
            ({"data_base64": "eyJuIjogMX0=", "datacontenttype": JSON}, {"n": 1}),
            ({"data_base64": "eyJuIjogMX0="}, {"n": 1}),
            ({"data_base64": "eyJuIjogMX0=", "datacontenttype": "text/plain"}, '{"n": 1}'),
            ({"data_base64": "/w==", "datacontenttype": "image/png"}, None),
        ],
    )
    def test_data_in_base64_is_data(self, members: dict[str, str], data: Any) -> None:
        assert value_of(TYPED | members, EVENT).get("data") == data

    @pytest.mark.parametrize(
        ("event", "told"),
        [
            ([], "The CloudEvent is no JSON object."),
            (
                {"id": 1, "source": "", "type": "x"},
                (
                    "The CloudEvent has no `specversion`, a text. "
                    "The CloudEvent has no `id`, a text. The CloudEvent has no `source`, a text."
                ),
            ),
            (TYPED | {"specversion": "0.3"}, "The CloudEvent is of version '0.3'; 1.0 is taken."),
            (TYPED | {"data_base64": "?"}, "The CloudEvent: `data_base64` is no base64."),
        ],
    )
    def test_what_is_no_event_is_refused(self, event: object, told: str) -> None:
        assert refusal(event, EVENT) == told

    def test_in_a_batch_it_is_told_which(self) -> None:
        assert refusal([TYPED, {}], EVENTS).startswith("CloudEvent 2 has no `specversion`")
        assert refusal({}, EVENTS) == "A batch of CloudEvents is a list."


class TestKeys:
    @pytest.mark.parametrize(
        ("headers", "key"),
        [
            ({"webhook_id": "msg_1", "x_github_delivery": "g"}, "msg_1"),
            ({"x_github_delivery": "g", "idempotency_key": "i"}, "g"),
            ({"idempotency_key": '"i-1"'}, "i-1"),
            ({"idempotency_key": " "}, "new-1"),
            ({}, "new-1"),
        ],
    )
    def test_the_headers_give_it(self, headers: dict[str, str], key: str) -> None:
        (record,) = read({}, **headers)

        assert record.key == key

    def test_an_event_has_its_own_but_where_the_delivery_is_numbered(self) -> None:
        keys = [
            read(TYPED, EVENT, idempotency_key="i")[0].key,
            read(TYPED, EVENT, webhook_id="msg_1")[0].key,
        ]

        assert keys == ["/shop a-1", "msg_1"]

    def test_a_long_one_is_told_by_its_hash(self) -> None:
        one, other = (read({}, idempotency_key="k" * 300 + end)[0].key for end in "ab")

        assert one != other
        assert one.startswith("sha256-")
        assert len(one) < 80


def test_headers_that_hold_secrets_are_left_out() -> None:
    (record,) = read(
        {},
        authorization="Basic x",
        cookie="x",
        x_hub_signature_256="x",
        x_gitlab_token="x",
        x_api_key="x",
        x_auth="x",
        x_functions_key="x",
        x_event_key="repo:push",
        x_author="ann",
    )

    assert record.headers == {"x-event-key": "repo:push", "x-author": "ann"}


def test_a_very_long_header_is_not_copied_to_each_of_many_records() -> None:
    records = read([{}, {}], x_long="a" * (MAX_HEADER + 1), x_event="push")

    assert [record.headers for record in records] == [{"x-event": "push"}] * 2


@given(
    st.binary(max_size=60),
    st.sampled_from([JSON, FORM, EVENT, EVENTS, "text/plain", ""]),
    st.dictionaries(
        st.sampled_from(["ce-id", "ce-specversion", "ce-x", "webhook-id"]),
        st.text(st.characters(max_codepoint=255), max_size=8),
    ),
)
def test_whatever_is_delivered_is_read_or_refused(
    body: bytes, media_type: str, headers: dict[str, str]
) -> None:
    with suppress(InvalidRequest, UnsupportedType):
        records = records_of(Delivery(media_type, None, headers, body, NOON), lambda: "new")

        assert all(record.key and isinstance(record.value, dict) for record in records)
