"""Text: everything that XML allows, and nothing else."""

from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.text import REPLACEMENT, clean, escaped, hash_words, one_line, shorten

NEWLINES = {0x0D, 0x2028}
UNDEFINED_IN_WINDOWS = {0x81, 0x8D, 0x8F, 0x90, 0x9D}


def is_char_of_xml(code: int) -> bool:
    """Char of XML 1.0, production 2."""
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
    )


def is_avoided(code: int) -> bool:
    """Legal, but shown by no reader: DEL, controls and noncharacters."""
    return (
        0x7F <= code <= 0x9F or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    ) and code not in NEWLINES


def expected(code: int) -> str:
    if code in NEWLINES:
        return "\n"
    if 0x80 <= code <= 0x9F and code not in UNDEFINED_IN_WINDOWS:
        return bytes([code]).decode("cp1252")
    return chr(code) if is_char_of_xml(code) and not is_avoided(code) else REPLACEMENT


def test_each_character_there_is_stays_or_is_replaced() -> None:
    cleaned = clean("".join(map(chr, range(0x110000))))

    wrong = [
        f"U+{code:04X}" for code, character in enumerate(cleaned) if character != expected(code)
    ]
    assert len(cleaned) == 0x110000
    assert wrong == []


@given(st.text(st.characters(codec=None)))
def test_clean_text_passes_an_xml_parser_unchanged(text: str) -> None:
    cleaned = clean(text)

    document = f"<text>{escape(cleaned)}</text>".encode()

    assert (ElementTree.fromstring(document).text or "") == cleaned


@given(st.text(st.characters(codec=None)))
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"])
def test_every_line_ends_alike(newline: str) -> None:
    assert clean(f"one{newline}two{newline}{newline}three") == "one\ntwo\n\nthree"


def test_windows_characters_read_as_latin_1_become_what_they_were() -> None:
    assert clean("it\x92s 5\x80\x85 \x93so\x94 \x81") == "it’s 5€… “so” \ufffd"


def test_tabs_and_signs_stay() -> None:
    text = "a\tb 🔧 é \N{NO-BREAK SPACE}x & <y>"

    assert clean(text) == text


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert clean("a\ud83db\udd27c") == f"a{REPLACEMENT}b{REPLACEMENT}c"


def test_one_line_has_single_spaces_and_none_at_its_ends() -> None:
    assert one_line("  one\r\n two\t\tthree \u2029four\x00 ") == f"one two three four{REPLACEMENT}"


def test_spaces_between_words_are_one() -> None:
    assert one_line(" a  b ") == "a b"


@given(st.text(st.characters(codec=None)))
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert "  " not in line
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("", 5, ""),
        ("12345", 5, "12345"),
        ("123456", 5, "1234…"),
        ("123 56", 5, "123…"),
    ],
)
def test_a_long_text_is_cut_where_an_ellipsis_shows_it(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#vip", ["vip"]),
        ("It #burns, (#fire) \"#smoke\" '#ash'; a:#b", ["burns", "fire", "smoke", "ash", "b"]),
        ("#a-b #c_d #1e #Äpfel #한국어 #火", ["a-b", "c_d", "1e", "Äpfel", "한국어", "火"]),
        ("#हिन्दी #தமிழ் #עִבְרִית #cafe\u0301s", ["हिन्दी", "தமிழ்", "עִבְרִית", "cafe\u0301s"]),
        ("#1 #12-3 # #- #_ ## a#b x/#c &#39; #!", []),
        ("#a- #b-, #c. #d#e", ["a", "b", "c", "d"]),
        ("case #1234 is #urgent\n#now", ["urgent", "now"]),
        ("", []),
    ],
)
def test_hash_words_are_words_with_a_letter(text: str, words: list[str]) -> None:
    assert hash_words(text) == words


@given(st.text(st.sampled_from("#a1_- é्\u0301,(\n")))
def test_a_hash_word_stands_in_the_text_behind_its_sign(text: str) -> None:
    for word in hash_words(text):
        assert f"#{word}" in text
        assert hash_words(f"#{word}") == [word]


def test_plain_text_is_escaped_and_keeps_its_lines() -> None:
    assert escaped("a < b & c\r\nd") == "a &lt; b &amp; c<br>\nd"
