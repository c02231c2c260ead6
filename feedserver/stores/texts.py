"""The text of a draft, by whose words it is found."""

from collections.abc import Iterable, Sequence

from feedserver.markup import text_of
from feedserver.model.activity import Draft
from feedserver.model.search import Word, words_of


def searched(draft: Draft) -> tuple[list[str], list[str]]:
    """The words of its title, and those of its content without markup; phrases lie in one."""
    return words_of(draft.title), words_of(text_of(draft.content or ""))


def have(texts: Iterable[Sequence[str]], words: Iterable[Word]) -> bool:
    """Whether each of the words occurs in one of the texts of which those are the words."""
    texts = tuple(texts)
    return all(any(word.is_in(text) for text in texts) for word in words)
