"""Activity Streams 1.0 in JSON: activities as its specification writes them, and more loosely."""

import html

from feedserver.markup import sanitised, text_of
from feedserver.model.activity import Object
from feedserver.model.text import clean, one_line
from feedserver.model.vocabulary import (
    UNSPECIFIED,
    as1_name,
    as1_type,
    as1_verb,
    word_of,
    word_of_own_type,
)
from feedserver.parsers.activities import Dialect, is_same_text, title_of
from feedserver.parsers.members import Members
from feedserver.parsers.remembering import Remembered


class As1(Dialect):
    """The names of Activity Streams 1.0; what is in the namespace `own` are words of ours."""

    name = "as1"

    def __init__(self, own: str) -> None:
        super().__init__()
        self._own = own
        self._word = Remembered(self._read_word)

    def verb(self, members: Members, has_target: bool) -> str:
        """`crmVerb`, else `verb`; `post` where neither is there (section 3.2)."""
        said, own = self._said(members, "verb"), self._own_word(members.line("crmVerb"))
        word = own or said or "post"
        _leave(members, "verb", said, _VERB[word])
        return word

    def title(self, members: Members) -> str:
        """`title`, which is HTML, or its place taken by `displayName` or `summary`."""
        title = members.text("title")
        if not title:
            name, summary = members.look("displayName"), members.look("summary")
            other = html.escape(name) if isinstance(name, str) and name else summary
            return title_of(other, members) if isinstance(other, str) else ""
        title = sanitised(clean(title))
        text = members.as_line(text_of(title), "title") or ""
        if not is_same_text(title, text):
            members.put_back("title", title)
        return text

    def object(self, members: Members) -> Object:
        """`objectType`, `id`, `displayName` and `url`, with the extension's terms."""
        said, own = self._said(members, "objectType"), self._own_word(members.line("crmType"))
        word = own or said or UNSPECIFIED
        _leave(members, "objectType", said, _TYPE[word])
        if "objectType" in members.rest and own not in (None, said):
            members.put_back("crmType", own)
        return Object(
            type=word,
            id=members.iri("id"),
            name=members.line("displayName"),
            number=members.line("number"),
            url=members.link("url"),
            login=members.line("login"),
        )

    def _said(self, members: Members, name: str) -> str | None:
        """The word that the member says."""
        said = members.line(name)
        return said and self._word[said]

    def _read_word(self, said: str) -> str:
        word = self._own_word(said)
        return word_of(said) if word is None or word == said else word

    def _own_word(self, name: str | None) -> str | None:
        """The word of a name in our namespace; another name as it is."""
        if name is not None and name.startswith(self._own):
            return one_line(word_of_own_type(name.removeprefix(self._own)))
        return name


# What is written for a word.
_VERB, _TYPE, _NAME = Remembered(as1_verb), Remembered(as1_type), Remembered(as1_name)


def _leave(members: Members, name: str, said: str | None, written: str | None) -> None:
    """Leave the verb or type that was said where we would write another."""
    if said is not None and _NAME[said] != written:
        members.put_back(name, _NAME[said])
