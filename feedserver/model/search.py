"""What `q` asks for: words of the text of an activity."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MAX_WORDS = 20
"""Words and phrases that one `q` may hold."""
MAX_LENGTH = 200
"""Characters that they may have together, as `q` holds them."""
MIN_BEGINNING = 2
"""Characters that a beginning of a word must have."""

# Accents, marks around a character, and what shows nothing, such as soft hyphens, joiners and
# directions: a word is the same with and without them. (Marks of other scripts are vowels.)
_UNSEEN = re.compile(
    "[\xad\u0300-\u036f\u061c\u200c-\u200f\u202a-\u202e\u2060-\u206f\u20dd-\u20e4"
    "\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
# Thai and Lao, Burmese, Khmer, Japanese and Chinese have no spaces between words: each of their
# characters is a word, so that whatever is asked for is found as a phrase.
_ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\U00020000-\U0003ffff]"
)
_ASKED = re.compile(r'"([^"]*)"(\*?)|([^\s"]+)')


@dataclass(frozen=True, slots=True, order=True)
class Word:
    """A word that must occur, or several that must follow one another: a phrase.

    Each is as `words_of` gives it. Of a beginning the last one may go on.
    """

    words: tuple[str, ...]
    is_beginning: bool = False

    def __str__(self) -> str:
        text = " ".join(self.words)
        return (f'"{text}"' if len(self.words) > 1 else text) + "*" * self.is_beginning

    def is_in(self, words: Sequence[str]) -> bool:
        """Whether it occurs in the text of which those are the words."""
        *first, last = self.words
        return any(
            (word.startswith(last) if self.is_beginning else word == last)
            and list(words[end - len(first) : end]) == first
            for end, word in enumerate(words)
        )


def parse_words(text: str) -> tuple[Word, ...]:
    """What a `q` asks for, each once and in order; joined by spaces it is asked for again.

    All must occur: words, "quoted phrases", and beginnings of either, which have a star behind
    them. Nothing else has a meaning. Raises ValueError, whose message says what is wrong with it.
    """
    if text.count('"') % 2:
        raise ValueError('has a quote that is not closed. Write "printer on fire".')
    asked = sorted({word for parts in _ASKED.findall(text) for word in _read(*parts)})
    if not asked:
        raise ValueError("has no word in it. Write letters or digits.")
    if len(asked) > MAX_WORDS:
        raise ValueError(f"has {len(asked)} words. Write at most {MAX_WORDS}.")
    if len(" ".join(map(str, asked))) > MAX_LENGTH:
        raise ValueError(f"is too long. Write at most {MAX_LENGTH} characters.")
    return tuple(asked)


def _read(quoted: str, star: str, bare: str) -> Sequence[Word]:
    """What a part of `q` asks for: nothing, where there are only signs in it."""
    text = quoted or bare.removesuffix("*")
    has_star = bool(star) or bare.endswith("*")
    words = tuple(words_of(text))
    if "*" in text or (has_star and not words):
        raise ValueError("has a * that is not at the end of a word. Write print* or leave it out.")
    is_beginning = has_star and not _ALONE.match(words[-1])
    if is_beginning and len(words[-1]) < MIN_BEGINNING:
        raise ValueError(
            f"asks for the beginning {words[-1]}*, which most words have. "
            f"Write at least {MIN_BEGINNING} characters of it."
        )
    return [Word(words, is_beginning)] if words else []


def words_of(text: str) -> list[str]:
    """The words of plain text in its order, such that equal ones are equal character by character.

    Letters, digits and vowel signs make words, all else parts them. Case, accents, width and
    ligatures make no difference: "Straße" and "STRASSE" are one word. Words of words are the same.
    """
    return (text.lower() if text.isascii() else _folded(text)).translate(_PARTED).split()


def _folded(text: str) -> str:
    # As Unicode folds identifiers (UAX 31, NFKC_Casefold), but without accents.
    text = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))


class _Parted(dict[int, str]):
    """By its code: what stands for a character in a text whose words are parted by spaces."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if not character.isalnum() and unicodedata.category(character)[0] != "M":
            parted = " "
        elif _ALONE.match(character):
            parted = f" {character} "
        else:
            parted = character
        if code < 0x10000:  # The others are many and rare.
            self[code] = parted
        return parted


_PARTED = _Parted()
