"""Cursors: opaque, exact, and never mistaken for another."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import InvalidRequest
from feedserver.model.activity import Activity
from feedserver.model.cursor import Cursor, check_of, parse_cursor
from feedserver.model.dates import Dates
from tests.builders import NOON, FakeClock, make_draft

CURSOR = Cursor("0a1b2c3d", 4711, b"\x00\xff~\x7f")

CURSORS = st.builds(
    Cursor,
    st.text("0123456789abcdef", min_size=8, max_size=8),
    st.integers(0, 2**64 - 1),
    st.binary(min_size=4, max_size=4),
)


def repacked(text: str, index: int, byte: int) -> str:
    raw = bytearray(base64.urlsafe_b64decode(text))
    raw[index] = byte
    return base64.urlsafe_b64encode(raw).decode()


@given(CURSORS)
def test_a_cursor_is_read_back_from_its_text(cursor: Cursor) -> None:
    assert parse_cursor(str(cursor)) == cursor


@given(CURSORS)
def test_a_cursor_can_stand_in_an_address_as_it_is(cursor: Cursor) -> None:
    assert str(cursor).isascii()
    assert str(cursor).replace("-", "").replace("_", "").isalnum()


@given(CURSORS, CURSORS)
def test_different_cursors_have_different_texts(one: Cursor, other: Cursor) -> None:
    assert (str(one) == str(other)) == (one == other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "12",
        "é",
        "\ud800",
        "AAAA",
        "A" * 28,
        str(CURSOR)[:-4],
        str(CURSOR) + "AAAA",
        str(CURSOR) + "=",
        str(CURSOR) + "\n",
        " " + str(CURSOR),
        str(CURSOR)[:10] + "\n" + str(CURSOR)[10:],
        repacked(str(CURSOR), 0, 2),
        repacked(str(CURSOR), 1, 0xFF),
        str(CURSOR).replace("_", "/").replace("-", "+"),
    ],
)
def test_what_is_no_cursor_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_cursor(text)

    assert refused.value.faults == (
        f"{text!r} is no cursor; take it from a link of a feed, as it is.",
    )


@given(st.text(max_size=40))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = parse_cursor(text)
    except InvalidRequest:
        return
    assert str(cursor) == text


def test_a_cursor_of_another_log_is_another_cursor() -> None:
    other = Cursor("ffffffff", CURSOR.position, CURSOR.check)

    assert parse_cursor(str(other)) != CURSOR


def dates(clock: FakeClock) -> Dates:
    return Dates(clock(), NOON, NOON, NOON)


def test_the_check_tells_versions_at_one_position_apart() -> None:
    clock = FakeClock()
    draft, other = make_draft(), make_draft()
    check = check_of(Activity(7, draft, dates(clock)))

    assert check == check_of(Activity(7, draft, dates(clock)))
    assert check != check_of(Activity(7, other, dates(clock)))
    clock.advance(0.000001)
    assert check != check_of(Activity(7, draft, dates(clock)))
