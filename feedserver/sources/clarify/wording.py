"""What a site words itself: the sentences and tags of its entries, in the mapping language."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from feedserver.errors import MappingError, SettingsError
from feedserver.mapping.expressions import Compiled, Expressions
from feedserver.mapping.values import LIST, names_of, text_of
from feedserver.model.activity import Draft
from feedserver.model.text import one_line
from feedserver.sources.clarify.codes import CODES, ON_THE_PARENT, UNKNOWN
from feedserver.sources.clarify.entries import Entry
from feedserver.sources.clarify.members import NAMES, members_of
from feedserver.sources.clarify.tables import KINDS

TYPES = (*(kind.word for kind in KINDS), "service")
"""The types of object of which an entry may tell; the CRM itself is a service."""

VERBS = sorted({code.verb for code in (*CODES.values(), *ON_THE_PARENT.values(), UNKNOWN)})
"""The verbs that an entry may have."""

MAX_TAGS = 100  # of an entry; a tag for each word of a mail is soon written

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the settings, which `where` names."""

    where: str
    compiled: Compiled

    def value(self, members: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        """What it gives over those members, as `read` reads it; raises MappingError alone."""
        try:
            return read(self.compiled(members))
        except MappingError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it does, the entry is recorded
            raise MappingError(f"{self.where}: {str(error) or repr(error)}") from None


class Wording:
    """A site's own words in the place of the built-in ones.

    `sentences` are by `TYPE.CODE`, `CODE`, `TYPE.VERB` or `VERB`, the first of which that is there
    is taken. `tags` make all tags of an entry; where they are None, it has the built-in ones.
    """

    def __init__(self, sentences: Mapping[str, Template], tags: Sequence[Template] | None) -> None:
        self._sentences = sentences
        self._tags = tags

    def reworded(self, draft: Draft, entry: Entry, text: str) -> tuple[Draft, list[str]]:
        """The draft in the site's words, and which of them this entry cannot be told in, and why.

        `text` is the entry's public text. A sentence that fails leaves the built-in one, a tag
        that fails is left out: no template keeps an entry from being recorded.
        """
        sentence = self._sentence_of(draft)
        if sentence is None and self._tags is None:
            return draft, []
        members = members_of(draft, entry, text)
        odd: list[str] = []
        title = draft.title if sentence is None else _title(sentence, members, odd)
        tags = draft.tags if self._tags is None else _all_tags(self._tags, members, odd)
        return replace(draft, title=title, tags=tags), odd

    def _sentence_of(self, draft: Draft) -> Template | None:
        type_ = None if draft.object is None else draft.object.type
        for word in (draft.code, draft.verb):
            for name in (f"{type_}.{word}", str(word)):
                if name in self._sentences:
                    return self._sentences[name]
        return None


def _title(template: Template, members: Mapping[str, Any], odd: list[str]) -> str:
    try:
        title = one_line(template.value(members, text_of))
        wrong = f"{template.where}: it gives no text"
    except MappingError as error:
        title, wrong = "", str(error)
    if title:
        return title
    odd.append(f"{wrong}; it is told by the built-in sentence")
    return str(members["sentence"])


def _all_tags(
    templates: Sequence[Template], members: Mapping[str, Any], odd: list[str]
) -> tuple[str, ...]:
    unique: dict[str, str] = {}
    for template in templates:
        try:
            names = template.value(members, names_of)
        except MappingError as error:
            odd.append(f"{error}; the tag is left out")
            continue
        for name in map(one_line, names):
            unique.setdefault(name.casefold(), name)
    if len(unique) > MAX_TAGS:
        odd.append(f"it would have {len(unique):,} tags; the first {MAX_TAGS} are kept")
    return tuple(unique.values())[:MAX_TAGS]


def make_wording(where: str, sentences: object, tags: object) -> Wording | None:
    """The wording that those two settings of a source describe; None where neither is set.

    Raises SettingsError, naming the member, for a sentence that no entry has and for a template
    that cannot be read.
    """
    if sentences is None and tags is None:
        return None
    expressions = Expressions(names=NAMES)

    def template(member: str, text: object) -> Template:
        place = f"{where} {member}"
        if not isinstance(text, str):
            raise SettingsError(f"{place} = {text!r} is no text: write the template in quotes")
        return Template(place, expressions.compiled(text, place))

    told = _sentences(where, {} if sentences is None else sentences)
    tagged = enumerate(tags if isinstance(tags, LIST) else (tags,))
    return Wording(
        {name: template(member, text) for name, member, text in told},
        None if tags is None else [template(f"tags[{place}]", text) for place, text in tagged],
    )


def _sentences(where: str, value: object) -> Iterator[tuple[str, str, object]]:
    """Each sentence by its name, as what it stands in the settings, and its template."""
    seen: dict[str, str] = {}
    for member, text in _leaves(where, "sentences", value):
        name = _name(where, member)
        if name in seen:
            raise SettingsError(f"{where} {member} and {seen[name]} are the same; keep one")
        seen[name] = member
        yield name, member, text


def _leaves(where: str, member: str, value: object) -> Iterator[tuple[str, object]]:
    """What stands in tables in each other: `case.dispatch` without quotes is a table in TOML."""
    if not isinstance(value, Mapping):
        raise SettingsError(f'{where} {member} must be a table: {{ "case.dispatch" = "…" }}')
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _leaves(where, f"{member}.{name}", inner)
        else:
            yield f"{member}.{name}", inner


def _name(where: str, member: str) -> str:
    """The member as sentences are looked up: a type, where there is one, and a verb or code."""
    *types, word = re.sub(r"[_ ]", "-", member.lower()).split(".")[1:]
    if len(types) > 1 or (types and types[0] not in TYPES):
        raise SettingsError(
            f"{where} {member}: no type of object; known: {', '.join(sorted(TYPES))}"
        )
    if re.fullmatch(r"[0-9]{1,9}", word):
        word = str(int(word))
    elif word not in VERBS:
        raise SettingsError(
            f"{where} {member}: no verb of this source; write the number of an act_code, or one "
            f"of {', '.join(VERBS)}"
        )
    return ".".join([*types, word])
