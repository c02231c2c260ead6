"""Lines: the same however the stream comes in pieces, and little of it is held."""

import codecs
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.parsers.lines import is_wide, split_lines

TEXTS = st.text(st.sampled_from("a{é\u2028\x85\r\x0b \n\n🔧"), max_size=24)
SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=8)
MARKED = ("utf-16", "utf-32", "utf-8-sig")


def read_of(pieces: Iterator[bytes]) -> Callable[[int], bytes]:
    """What reads the pieces one by one, whatever size is asked for."""
    return lambda size: next(pieces, b"")


def pieces_of(stream: bytes, sizes: list[int]) -> Iterator[bytes]:
    while stream:
        for size in sizes:
            if stream:
                yield stream[:size]
                stream = stream[size:]


def lines_of(
    stream: bytes, sizes: list[int], limit: int = 1000, charset: str | None = None
) -> list[bytes | None]:
    return list(split_lines(read_of(pieces_of(stream, sizes)), limit, charset))


def ended(lines: list[bytes]) -> list[bytes]:
    """The parts of a split, of which an empty last one is no line."""
    return lines[:-1] if lines[-1] == b"" else lines


@given(TEXTS.map(str.encode), SIZES)
def test_lines_end_with_a_line_feed_and_nothing_else(stream: bytes, sizes: list[int]) -> None:
    assert lines_of(stream, sizes) == ended(stream.split(b"\n"))


@given(TEXTS.map(str.encode), SIZES, st.integers(0, 6))
def test_a_line_that_is_too_long_is_none_and_the_others_are_there(
    stream: bytes, sizes: list[int], limit: int
) -> None:
    expected = [line if len(line) <= limit else None for line in ended(stream.split(b"\n"))]

    assert lines_of(stream, sizes, limit) == expected


@pytest.mark.parametrize("name", ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-be"])
@given(text=TEXTS, sizes=SIZES)
def test_wide_lines_are_given_as_utf_8_where_it_is_said(
    name: str, text: str, sizes: list[int]
) -> None:
    text = "{" + text  # as JSON begins

    expected = ended(text.encode().split(b"\n"))

    assert lines_of(text.encode(name), sizes, charset=name) == expected


@pytest.mark.parametrize("name", ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("charset", [None, "utf-8", "utf-16-be"])
@given(text=TEXTS, sizes=SIZES)
def test_wide_lines_tell_themselves(
    name: str, charset: str | None, text: str, sizes: list[int]
) -> None:
    text = "{" + text

    assert lines_of(text.encode(name), sizes, charset=charset) == ended(text.encode().split(b"\n"))


def test_the_mark_of_utf_8_stays_in_the_first_line() -> None:
    assert lines_of(codecs.BOM_UTF8 + b"a\nb", [1]) == [codecs.BOM_UTF8 + b"a", b"b"]


@pytest.mark.parametrize("name", MARKED)
@pytest.mark.parametrize("charset", ["windows-1252", "no-such"])
def test_a_stream_that_begins_in_another_charset_than_is_said_is_refused(
    name: str, charset: str
) -> None:
    with pytest.raises(UnicodeDecodeError, match="it begins in utf-"):
        lines_of("{}\n".encode(name), [100], charset=charset)


def test_a_wide_stream_that_breaks_off_is_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        lines_of("{}\n".encode("utf-16")[:-1], [3])


@pytest.mark.parametrize(
    ("charset", "wide"),
    [
        (None, False),
        ("", False),
        ("utf-8", False),
        ("windows-1252", False),
        ("no-such", False),
        ("utf-16-no-such", False),
        ("\0", False),
        ("UTF-16", True),
        ("utf16", True),
        ("utf_16_le", True),
        ("U32", True),
        ("UTF-32BE", True),
    ],
)
def test_a_charset_is_wide_by_any_of_its_names(charset: str | None, wide: bool) -> None:
    assert is_wide(charset) is wide


def test_a_line_that_never_ends_is_not_held() -> None:
    piece = b"x" * 65_536
    count = 200 * 1024 * 1024 // len(piece)
    pieces = (piece for _ in range(count))
    tracemalloc.start()
    try:
        lines = list(split_lines(read_of(pieces), 1_000_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert lines == [None]
    assert peak < 3_000_000


def test_a_long_line_is_put_together_in_one_go() -> None:
    piece, count = b"x" * 8192, 8 * 1024
    begin = time.process_time()

    (line,) = split_lines(read_of(iter([piece] * count)), len(piece) * count)

    assert line is not None
    assert len(line) == len(piece) * count
    assert time.process_time() - begin < 1.5


def test_a_stream_is_read_no_further_than_asked() -> None:
    pieces = iter([b"one\ntwo\n", b"three\n", b"four\n"])
    lines = split_lines(read_of(pieces), 100)

    assert [next(lines), next(lines)] == [b"one", b"two"]
    assert next(pieces) == b"three\n"
