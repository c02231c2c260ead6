"""What `q` asks for: words, phrases and beginnings, however they are written."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.search import Word, parse_words, words_of

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def canonical(text: str) -> str:
    return " ".join(map(str, parse_words(text)))


def occurs(asked: str, text: str) -> bool:
    return all(word.is_in(words_of(text)) for word in parse_words(asked))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The printer burns, again!", "the printer burns again"),
        ("case-1234_b (10.0.1)", "case 1234 b 10 0 1"),
        ("Ann's e-mail: don’t", "ann s e mail don t"),
        ("ZOË Müller, Ångström, señor", "zoe muller angstrom senor"),
        ("Zoe\u0308 Mu\u0308ller", "zoe muller"),
        ("Straße STRASSE", "strasse strasse"),
        ("ISTANBUL İstanbul ıstanbul", "istanbul istanbul ıstanbul"),
        ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"),
        ("Ёлка и ель", "елка и ель"),
        ("ﬁle ＡＢＣ ① m² Wi-Fi™", "file abc 1 m2 wi fitm"),
        ("東京タワー", "東 京 タ ワ ー"),
        ("ｶﾞス が", "ガ ス が"),
        ("ภาษา", "ภ า ษ า"),
        ("한국어 사용", "한국어 사용"),
        ("हिन्दी कि कु", "हिन्दी कि कु"),
        ("soft\u00adhyphen zero\u200bwidth joi\u200dner\ufeff", "softhyphen zero width joiner"),
        ("fire 🔥 1\ufe0f\u20e3 ❤️", "fire 1"),
        ("a\x00b\nc\u2028d", "a b c d"),
        ("…", ""),
        ("", ""),
    ],
)
def test_words_are_told_as_people_tell_them(text: str, words: str) -> None:
    assert words_of(text) == words.split()


@given(ANY_TEXT)
def test_words_of_words_are_the_same(text: str) -> None:
    words = words_of(text)

    assert words_of(" ".join(words)) == words


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@given(text=ANY_TEXT)
def test_it_makes_no_difference_in_which_form_a_text_is(text: str, form: str) -> None:
    written = unicodedata.normalize(form, text)  # type: ignore[arg-type]  # each is one

    assert words_of(written) == words_of(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("printer", "printer"),
        ("  Printer \t FIRE  ", "fire printer"),
        ("fire printer Fire", "fire printer"),
        ('"printer  on FIRE!"', '"printer on fire"'),
        ('"printer"', "printer"),
        ("e-mail", '"e mail"'),
        ("print*", "print*"),
        ('"print"*', "print*"),
        ('"on fi"* e-ma*', '"e ma"* "on fi"*'),
        ("東京*", '"東 京"'),
        ("東ab*", '"東 ab"*'),
        ("ab東*", '"ab 東"'),
        ('a"b c"d', 'a "b c" d'),
        ("printer & fire", "fire printer"),
        ('printer ""', "printer"),
        ("fire AND water OR NOT air", "air and fire not or water"),
        ("title:x ^y -z +w NEAR(a,b) {c}", 'c "near a b" "title x" w y z'),
        ("'; DROP TABLE text; --", "drop table text"),
    ],
)
def test_one_asks_for_words_and_for_nothing_else(text: str, told: str) -> None:
    assert canonical(text) == told


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has no word in it. Write letters or digits."),
        (' … "" 🔥 -', "has no word in it. Write letters or digits."),
        ('19" rack', 'has a quote that is not closed. Write "printer on fire".'),
        ("*", "has a * that is not at the end of a word. Write print* or leave it out."),
        ("*er", "has a * that is not at the end of a word. Write print* or leave it out."),
        ("pri*er", "has a * that is not at the end of a word. Write print* or leave it out."),
        ("print**", "has a * that is not at the end of a word. Write print* or leave it out."),
        ("print *", "has a * that is not at the end of a word. Write print* or leave it out."),
        ('"on *"', "has a * that is not at the end of a word. Write print* or leave it out."),
        ('""*', "has a * that is not at the end of a word. Write print* or leave it out."),
        (
            "a p*",
            "asks for the beginning p*, which most words have. Write at least 2 characters of it.",
        ),
        (" ".join(map(str, range(21))), "has 21 words. Write at most 20."),
        ("a" * 201, "is too long. Write at most 200 characters."),
    ],
)
def test_what_cannot_be_asked_is_told(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(fault)}$"):
        parse_words(text)


def test_the_limits_can_be_reached() -> None:
    assert len(parse_words(" ".join(map(str, range(20))))) == 20
    assert len(canonical("a" * 200)) == 200


@given(st.text(st.sampled_from('aÄß1 "*-東\u0301'), max_size=12) | ANY_TEXT)
def test_what_is_told_asks_for_the_same(text: str) -> None:
    try:
        words = parse_words(text)
    except ValueError:
        return

    told = " ".join(map(str, words))
    assert parse_words(told) == words
    assert list(words) == sorted(set(words))


@pytest.mark.parametrize(
    ("asked", "is_there"),
    [
        ("printer", True),
        ("fire printer", True),
        ("print", False),
        ("print*", True),
        ("printer*", True),
        ("printers*", False),
        ("water", False),
        ("printer water", False),
        ('"printer is on fire"', True),
        ('"printer on fire"', False),
        ('"on fire printer"', False),
        ('"is on fi"*', True),
        ('"is on fi"', False),
        ('"fire fire"', True),
        ('"is is"', False),
        ('"fire again"', True),
        ("印刷", True),
        ("刷印", False),
    ],
)
def test_words_occur_whole_phrases_in_order_and_beginnings_at_the_beginning(
    asked: str, is_there: bool
) -> None:
    assert occurs(asked, "The Printer is on Fire! Fire, again: 印刷機") is is_there


@given(st.lists(st.sampled_from(["aa", "ab", "b"]), max_size=6), st.data())
def test_a_phrase_is_in_a_text_where_its_words_are_a_run_of_it(
    words: list[str], data: st.DataObject
) -> None:
    asked = data.draw(st.lists(st.sampled_from(["aa", "ab", "b"]), min_size=1, max_size=3))

    runs = [words[start : start + len(asked)] for start in range(len(words))]

    assert Word(tuple(asked)).is_in(words) is (asked in runs)
