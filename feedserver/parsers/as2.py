"""Activity Streams 2.0: activities as its specification writes them, and more loosely."""

from dataclasses import dataclass
from typing import Any

from feedserver.markup import sanitised
from feedserver.model.activity import Draft, Extra, Object, Product
from feedserver.model.extension import PREFIX
from feedserver.model.text import clean, one_line
from feedserver.model.vocabulary import (
    AS2_OBJECTS,
    AS2_TYPES,
    UNSPECIFIED,
    as2_types,
    as2_verb,
    camel,
    is_iri,
    type_of,
    word_of,
    word_of_own_type,
)
from feedserver.parsers.activities import Dialect, is_same_text, title_of
from feedserver.parsers.contexts import Context
from feedserver.parsers.members import TEXT, Members, date_of, each, is_id
from feedserver.parsers.remembering import Remembered
from feedserver.settings import Limits

_GENERAL = ("Object", "Activity", "IntransitiveActivity")  # said beside what says more
_PLAIN = {"type", "id", "name"}
_PLAIN_ACTIVITY = frozenset(
    "@context type id name content published actor object queue product tags".split()
)
_SAID_IN_PLAIN = ("type", "id", "name", "content", "published")
_LANGUAGES = ("en", "en-US", "en-GB", "und")  # of a text in many, the first of these is shown


@dataclass(frozen=True, slots=True)
class _Type:
    """A type of a document: its word, how we write it, and how little it says."""

    word: str
    written: str
    rank: int


class As2(Dialect):
    """The names of Activity Streams 2.0 in a document with that context."""

    name = "as2"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self._type = Remembered(self._read_type)
        self._plain_word = Remembered(self._read_plain_word)
        self._plain_verb = Remembered(self._read_plain_verb)
        self._is_plain = context == Context.around(context.own)

    def verb(self, members: Members, has_target: bool) -> str:
        """`crmVerb`, else the type that says most."""
        told = len(members.reading.faults)
        said, types = members.line("crmVerb"), self._types(members)
        is_own = said is not None and said.startswith(self.context.own)
        own = self._type[said].word if said and is_own else said and word_of(said)
        if own is None and not types and told == len(members.reading.faults):
            members.fault('is missing. Say what was done: "type": "Create".', "type")
        best = min(types, key=lambda each: each.rank, default=None)
        if own is None and best is not None and best.written in AS2_OBJECTS:
            members.fault(
                f"is {best.written}, which is no activity. Put it into one: "
                f'{{"type": "Create", "actor": …, "object": {{"type": "{best.written}", …}}}}',
                "type",
            )
        word = own or (best.word if best is not None else "")
        _leave(members, types, (_SAID_WITH_TARGET if has_target else _SAID)[word])
        return word

    def title(self, members: Members) -> str:
        """`name`, or its place taken by `summary`, which is HTML; of several languages one."""
        name = members.line("name") or self._in_language(members, "name")
        summary = members.look("summary")
        if not isinstance(summary, str):
            summary = self._in_language(members, "summary")
            return name or title_of(sanitised(clean(summary or "")), members)
        title = name or title_of(sanitised(clean(summary)), members)
        if is_same_text(sanitised(clean(summary)), title):
            members.take("summary")
        return title

    def content(self, members: Members) -> str | None:
        """`content`; of several languages one."""
        return members.text("content") or self._in_language(members, "content")

    def tags(self, members: Members) -> tuple[str, ...]:
        """`tags`, and the names of what stands in `tag`."""
        named = list(super().tags(members))
        limit = members.reading.limits.max_tags
        for tag, path in each("tag", members.look("tag")):
            name = tag.get("name") if isinstance(tag, dict) else tag
            if isinstance(name, str) and not (name is tag and is_iri(name)):
                line = members.as_line(name, *path) or ""
                named.append(line.removeprefix("#"))
        found = tuple(dict.fromkeys(filter(None, named)))
        if len(found) > limit:
            members.fault(
                f"brings {len(found):,} tags; {limit:,} is the limit (`max_tags`).", "tag"
            )
        return found

    def object(self, members: Members) -> Object:
        """`type`, `id`, `name` and `url` (of a Link, `href`), with the extension's terms."""
        types = self._types(members)
        best = min(types, key=lambda each: each.rank, default=None)
        word = UNSPECIFIED if best is None else best.word
        _leave(members, types, _SAID_OF_OBJECT[word])
        href, url = members.look("href"), members.link("url") or members.link("href")
        if href is not None:
            members.put_back("href", href)
        return Object(
            type=word,
            id=members.iri("id", "@id"),
            name=members.line("name") or self._in_language(members, "name"),
            number=members.line("number"),
            url=url,
            login=members.line("login"),
        )

    def plain_object(self, value: dict[str, Any], limits: Limits) -> Object | None:
        """One with `type`, `id` and `name` alone, all texts, and a type that its word says."""
        if value.keys() != _PLAIN or not TEXT.issuperset(map(type, value.values())):
            return None
        word, id, name = self._plain_word[value["type"]], value["id"], one_line(value["name"])
        is_short = max(len(name), len(value["type"])) <= limits.max_title
        return Object(word, id, name) if word and name and is_short and is_id(id) else None

    def plain_activity(self, value: dict[str, Any], limits: Limits) -> Draft | None:
        """What `activity` gives where all is written as most do, and is as it should be, else None.

        It takes a quarter of the time. Whatever is more, or not right, is looked at by the other.
        """
        if not self._is_plain or not value.keys() <= _PLAIN_ACTIVITY:
            return None
        said: list[Any] = list(map(value.get, _SAID_IN_PLAIN))
        names = [value[name] for name in ("queue", "product") if name in value]
        tags = value.get("tags", [])
        actor, object = value.get("actor"), value.get("object")
        are_tags = isinstance(tags, list) and len(tags) < limits.max_tags
        if not are_tags or not isinstance(actor, dict) or not isinstance(object, dict):
            return None
        if not TEXT.issuperset(map(type, (*said, *names, *tags))):
            return None
        kind, id, name, content, published = said
        lines = {text: one_line(text) for text in (kind, name, *names, *tags)}
        if not all(lines.values()) or max(map(len, lines.values())) > limits.max_title:
            return None
        if "#" in name or "#" in content or any(tag[:1] == "#" for tag in tags):
            return None
        word, made = self._plain_verb[kind], sanitised(clean(content))
        who, what = self.known_object(actor, limits), self.known_object(object, limits)
        if not word or not made or who is None or what is None or not is_id(id):
            return None
        if who[1] or what[1]:  # what would mean another in another context is left, too
            return None
        occurred = date_of(published)
        if occurred is None:
            return None
        found: dict[str, str] = {}
        for tag in tags:
            found.setdefault(lines[tag].casefold(), lines[tag])
        return Draft(
            id=id,
            source="",
            actor=who[0],
            verb=word,
            object=what[0],
            title=lines[name],
            occurred=occurred,
            queues=(lines[value["queue"]],) if "queue" in value else (),
            products=(Product(lines[value["product"]]),) if "product" in value else (),
            tags=tuple(found.values()),
            content=made,
            extra=Extra(self.name, "{}"),
        )

    def _read_plain_verb(self, name: str) -> str:
        """The word of the type of an activity, empty where it says more than the word does."""
        if one_line(name) != name or ":" in name:
            return ""
        found = self._type[name]
        is_said = found.written in _SAID[found.word] and found.written not in AS2_OBJECTS
        return found.word if is_said else ""

    def _read_plain_word(self, name: str) -> str:
        """The word of the type, empty where it says more than the word does, or is odd."""
        if not name or one_line(name) != name or ":" in name:
            return ""
        found = self._type[name]
        return found.word if found.written in _SAID_OF_OBJECT[found.word] else ""

    def _types(self, members: Members) -> list[_Type]:
        return [self._type[name] for name in members.names("type") + members.names("@type")]

    def _read_type(self, name: str) -> _Type:
        iri = self.context.iri(name)
        if iri.startswith(self.context.own):
            local = iri.removeprefix(self.context.own)
            if own := one_line(word_of_own_type(local)):
                return _Type(own, f"{PREFIX}:{local}", 0)
        word = word_of(iri)
        registered = camel(word)
        if registered not in AS2_TYPES or (word == iri and iri not in AS2_TYPES):
            return _Type(word, word, 2)
        return _Type(word, registered, 3 if registered in _GENERAL else 1)

    def _in_language(self, members: Members, name: str) -> str | None:
        """One of the texts of a natural language map (section 4.7), None where there is none."""
        texts = members.look(f"{name}Map")
        if not isinstance(texts, dict):
            return None
        found = {tag: text for tag, text in texts.items() if isinstance(text, str)}
        best = next((tag for tag in _LANGUAGES if tag in found), min(found, default=""))
        if name == "name" and best in found:
            return members.as_line(found[best], "nameMap", best)
        return found.get(best)


# The types that say a verb, without and with a target, and those that say what an object is.
_SAID = Remembered(lambda word: as2_types(as2_verb(word, False), word))
_SAID_WITH_TARGET = Remembered(lambda word: as2_types(as2_verb(word, True), word))
_SAID_OF_OBJECT = Remembered(lambda word: as2_types(type_of(word).as2, word))


def _leave(members: Members, types: list[_Type], said: list[str]) -> None:
    """Leave the types that the word does not say again."""
    rest = [each.written for each in types if each.written not in said]
    if rest:
        members.put_back("type", rest)
