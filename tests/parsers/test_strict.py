"""Bytes and JSON: read exactly, or refused with a sentence that says what would be right."""

import codecs
import json
import time
from contextlib import suppress
from encodings.aliases import aliases
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import InvalidRequest
from feedserver.parsers.strict import MAX_DEPTH, decode, parse_json

KNOWN = {*aliases, *aliases.values(), "idna", "mbcs", "oem", "undefined", "rot13", "utf-16-le"}
CHARSETS = [*sorted(KNOWN), "", "\0", "é", "utf-16-odd", " utf-8 ", "../x", "x" * 5000]
CHARACTERS = st.characters(exclude_categories=["Cs"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(CHARACTERS),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(CHARACTERS), inner),
    max_leaves=8,
)
DOCUMENT = '{"actor": "José – 🔧"}'
NAMES_OF_UTF = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]
NAMES_OF_UTF += [f"utf-{size}-{end}" for size in (16, 32) for end in ("le", "be")]


def brief(text: str) -> str:
    return ascii(text)[:30]


def refused(body: bytes, charset: str | None = None) -> str:
    with pytest.raises(InvalidRequest) as error:
        parse_json(decode(body, charset))
    return str(error.value)


@given(VALUES, st.booleans())
def test_json_is_read_as_it_is(value: Any, ascii: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=ascii)) == value


@pytest.mark.parametrize("name", NAMES_OF_UTF)
@pytest.mark.parametrize("said", [None, "", "utf-8", "windows-1252", "the same"])
def test_a_utf_tells_itself_whatever_is_said(name: str, said: str | None) -> None:
    if name == "utf-8" and said == "windows-1252":
        return  # in which it is something else
    body = DOCUMENT.encode(name)

    assert parse_json(decode(body, name if said == "the same" else said)) == json.loads(DOCUMENT)


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_a_byte_order_mark_is_no_part_of_the_text(name: str, mark: bytes) -> None:
    assert decode(mark + DOCUMENT.encode(name)) == DOCUMENT


def test_windows_1252_is_read_where_it_is_said() -> None:
    assert decode("José – €".encode("cp1252"), "windows-1252") == "José – €"


def test_iso_8859_1_is_read_where_it_is_said() -> None:
    assert decode("José".encode("latin-1"), "ISO-8859-1") == "José"


def test_windows_1252_that_is_not_said_is_refused_with_what_to_say() -> None:
    assert refused('{"actor": "José"}'.encode("cp1252")) == (
        "The body is not UTF-8: byte 14 is 0xE9. If it is Windows-1252, say so: "
        "Content-Type: application/json; charset=windows-1252"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (codecs.BOM_UTF16_LE + b"\x00\xdc{\x00", "The body is not UTF-16"),
        (codecs.BOM_UTF8 + b"\xff", "The body is not UTF-8"),
        (codecs.BOM_UTF32_LE + b"{", "The body is not UTF-32"),
        (b"\xed\xa0\x80", "The body is not UTF-8"),
    ],
)
def test_what_is_not_what_it_says_is_refused(body: bytes, said: str) -> None:
    assert refused(body).startswith(said)


@given(st.binary(max_size=12), st.none() | st.sampled_from(CHARSETS))
def test_any_bytes_in_any_charset_are_text_or_refused(body: bytes, charset: str | None) -> None:
    with suppress(InvalidRequest):
        decode(body, charset).encode()


def test_a_charset_of_any_name_is_known_or_refused() -> None:
    bodies = (b"{}", bytes(range(256)), b"\\ud800", b"+2D0-", b"xn--\xff", b"\x0e!!")
    for charset, body in product(CHARSETS, bodies):
        with suppress(InvalidRequest):
            decode(body, charset).encode()


def test_a_charset_is_told_briefly() -> None:
    assert len(refused(b"{}", "x" * 5000)) < 200


@pytest.mark.parametrize("charset", ["utf-7", "idna", "unicode_escape", "hex", "no-such", "\0"])
def test_a_charset_that_is_none_is_refused_with_those_to_send(charset: str) -> None:
    assert refused(b"{}", charset) == (
        f"charset={charset!r} is none that is known here. Send UTF-8, or windows-1252."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": NaN}', "NaN is no JSON. Leave the member out."),
        ('{"a": [-Infinity]}', "-Infinity is no JSON. Leave the member out."),
        ("Infinity", "Infinity is no JSON. Leave the member out."),
        ('{"a": 1e999}', "1e999 is too large for a number. Write it as a text."),
        ('{"a": -1E400}', "-1E400 is too large for a number. Write it as a text."),
        ("9" * 999 + ".0", "9" * 20 + " is too large for a number. Write it as a text."),
        ("9" * 5000, "A number has more than 4,300 digits. Write it as a text."),
        ('{"a": 1, "a": 1}', '"a" stands twice in one object. Leave one.'),
        ('[{"b": {"a": 1, "c": 0, "\\u0061": 2}}]', '"a" stands twice in one object. Leave one.'),
        (r'{"a": "\ud83d"}', r"It holds half a surrogate pair: \ud83d. Write both."),
        (r'{"a": "\udd27\ud83d"}', r"It holds half a surrogate pair: \udd27. Write both."),
        (r'[{"\uDBFF": 1}]', r"It holds half a surrogate pair: \udbff. Write both."),
        ("", "The body is empty, which is no JSON. Send an activity."),
        (" \n", "The body is empty, which is no JSON. Send an activity."),
        (
            '<!DOCTYPE x [<!ENTITY a "b">]><entry/>',
            "It is no JSON: Expecting value in column 1.",
        ),
        ("{'a': 1}", None),
        ("{} {}", None),
        ('"a\nb"', None),
        ("01", None),
        (
            "\ufeff\ufeff{}",
            "It is no JSON: Unexpected UTF-8 BOM (decode using utf-8-sig) in column 1.",
        ),
        ("// a\n{}", None),
    ],
    ids=brief,
)
def test_what_is_no_json_or_could_be_read_in_two_ways_is_refused(
    text: str, said: str | None
) -> None:
    message = refused(text.encode(), "utf-8")

    assert said is None or message == said
    assert len(message) < 200


@pytest.mark.parametrize("text", [r'"\ud83d\udd27"', '"🔧"', r'{"\ud83d\udd27": "\\ud83d"}'])
def test_whole_surrogate_pairs_are_characters(text: str) -> None:
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize(
    ("begin", "end", "levels"),
    [("[", "]", MAX_DEPTH), ('{"a":', "}", MAX_DEPTH), ('[{"a":', "}]", MAX_DEPTH // 2)],
)
def test_what_is_nested_too_deeply_is_refused(begin: str, end: str, levels: int) -> None:
    parse_json(begin * levels + "1" + end * levels)

    assert refused((begin * (levels + 1) + "1" + end * (levels + 1)).encode()) == (
        "It is nested deeper than 32 levels. Nest it less."
    )


def test_brackets_inside_of_texts_are_no_levels() -> None:
    assert parse_json(json.dumps(["[{" * 100])) == ["[{" * 100]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 100_000 + "]" * 100_000,
        "[" * 900 + "]" * 900,
        "{" + ",".join(f'"{n}":1' for n in range(50_000)) + ',"49999":2}',
        "[" + "9" * 4301 + "," + "9" * 400_000 + "]",
        '"' + "\\ud83d" * 50_000 + '"',
        "1" * 400_000 + "e9",
    ],
    ids=["brackets", "members", "closed", "deep", "twice", "digits", "surrogates", "float"],
)
def test_what_is_meant_to_hurt_is_refused_at_once(text: str) -> None:
    begin = time.process_time()

    refused(text.encode())

    assert time.process_time() - begin < 1
