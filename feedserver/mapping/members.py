"""The members of a rule, read: each gives its part of an activity over the names of a record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from feedserver.errors import MappingError, SettingsError
from feedserver.mapping.expressions import MAX_TOLD, Compiled, Expressions, near
from feedserver.mapping.values import (
    LIST,
    Unfit,
    date_of,
    kind_of,
    names_of,
    text_of,
)
from feedserver.model.activity import Object
from feedserver.model.identity import tag
from feedserver.model.iris import fault_of, is_link
from feedserver.model.text import escaped, one_line, shorten
from feedserver.model.vocabulary import word_of

OBJECT_MEMBERS = "type id name number login url".split()
"""Every member of a table that says an actor, an object, a target or a customer."""

MAX_LINE = 1000  # characters of a name, and of an id
MAX_NAMES = 100  # tags of one activity

Names = Mapping[str, Any]
"""What templates may name: the members of the record, and what is said about it."""

_RUN = ("javascript:", "vbscript:", "data:", "file:", "blob:")
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Member:
    """A member as it is written; `where` names it in errors."""

    where: str
    written: str
    value_of: Compiled

    def made(self, names: Names, make: Callable[[Any], _Made]) -> _Made:
        """What `make` makes of its value; raises MappingError where it cannot."""
        return self.fit(self.value_of(names), make)

    def fit(self, value: Any, make: Callable[[Any], _Made]) -> _Made:
        """What `make` makes of a value that was found; raises MappingError where it cannot."""
        try:
            return make(value)
        except ValueError as error:
            told = shorten(" ".join(self.written.split()), 120)
            wrong = shorten(one_line(str(error)), MAX_TOLD)
            raise MappingError(f"{self.where}: {told}: {wrong}") from None

    def line(self, names: Names) -> str | None:
        """Its text on one line; None where it is empty."""
        return self.made(names, line_of)


class Reader:
    """Reads the members of one rule; `where` and `rule` say in errors which."""

    def __init__(self, expressions: Expressions, where: str, rule: str) -> None:
        self._expressions = expressions
        self._where = where
        self._rule = rule

    def place(self, name: str) -> str:
        """What a member is called in errors."""
        return f"{self._where} mapping.{name}{self._rule}"

    def known(self, values: Mapping[str, Any], names: Sequence[str], prefix: str = "") -> None:
        """Raise SettingsError where there is a member of another name."""
        for name in values:
            if name not in names:
                raise SettingsError(f"{self.place(prefix + name)} is unknown.{near(name, names)}")

    def text(self, name: str, written: Any, default: str = "") -> Member:
        """A member that is a template; where it is not written, it gives the default."""
        written = default if written is None else written
        if isinstance(written, bool | int | float):
            written = text_of(written)
        if not isinstance(written, str):
            raise SettingsError(f"{self.place(name)} = {written!r} is no text")
        place = self.place(name)
        return Member(place, written, self._expressions.compiled(written, place))

    def texts(self, name: str, written: Any) -> list[Member]:
        """A member that is a template or a list of them."""
        several = written if isinstance(written, list) else [] if written is None else [written]
        return [self.text(name, each) for each in several]

    def expression(self, name: str, written: Any) -> Member:
        """A member that is an expression, in braces or without."""
        place = self.place(name)
        if isinstance(written, bool):
            written = text_of(written)
        if not isinstance(written, str):
            raise SettingsError(f"{place} = {written!r} is no expression; write it as a text")
        return Member(place, written, self._expressions.expression(written, place))

    def object(self, name: str, written: Any, type: str) -> "ObjectMember | None":
        """A member that is a table, or a text that is its name; None where it is not written."""
        if written is None:
            return None
        if isinstance(written, str):
            return ObjectMember(type, {"name": self.text(name, written)})
        if not isinstance(written, Mapping):
            raise SettingsError(f'{self.place(name)}: write a table {{ type = "…", id = "…" }}')
        self.known(written, OBJECT_MEMBERS, f"{name}.")
        parts = {part: self.text(f"{name}.{part}", written[part]) for part in written}
        return ObjectMember(type, parts)


@dataclass(frozen=True, slots=True)
class ObjectMember:
    """An actor, object, target or customer as it is written; `default` is its type."""

    default: str
    parts: Mapping[str, Member]

    def object(self, names: Names, authority: str, source: str) -> Object | None:
        """The object; None where nothing is said of it but its type."""
        said = {name: part.line(names) for name, part in self.parts.items()}
        word = word_of(said.pop("type", None) or self.default)
        if not any(said.values()):
            return None
        if said.get("url") is not None:
            said["url"] = self.parts["url"].fit(said["url"], link_of)
        if said.get("id") is not None:
            said["id"] = self.parts["id"].fit(
                said["id"], lambda key: id_of(key, authority, source, word)
            )
        return Object(word, **said)


def line_of(value: Any) -> str | None:
    """The value as one line, cut where it is very long; None where it is empty."""
    return shorten(one_line(text_of(value)), MAX_LINE) or None


def word_of_line(value: Any) -> str:
    """The verb or the type of object; raises Unfit where it is empty."""
    line = line_of(value)
    if line is None:
        raise Unfit("it gives an empty text; it needs a word")
    return word_of(line)


def link_of(value: Any) -> str | None:
    """The address; raises Unfit where it is none that can be linked to."""
    line = line_of(value)
    if line is None or is_link(line):
        return line
    raise Unfit(f"{shorten(line, 60)!r} is no absolute http, https or mailto address")


def occurred_of(value: Any) -> datetime | None:
    """The date; None where the value is an empty text."""
    return None if isinstance(value, str) and not value.strip() else date_of(value)


def content_of(value: Any) -> str | None:
    """The HTML; None where it is empty."""
    return text_of(value).strip() or None


def html_of_text(value: Any) -> str | None:
    """The plain text as HTML; None where it is empty."""
    return escaped(text_of(value).strip()) or None


def truth_of(value: Any) -> bool:
    """Whether the condition holds; raises Unfit where it is none."""
    if not isinstance(value, bool):
        raise Unfit(
            f"it gives {kind_of(value)}, neither true nor false; compare it (x == 'y'), or ask "
            "whether it is there (x is defined)"
        )
    return value


def list_of(value: Any) -> list[Any]:
    """The list of which each element makes an activity; null and an empty text are none."""
    if value is None or value == "":
        return []
    if not isinstance(value, LIST):
        raise Unfit(f"it gives {kind_of(value)}; it needs a list")
    return list(value)


def all_names(members: Sequence[Member], names: Names) -> tuple[str, ...]:
    """The names that the members give, each once."""
    found: dict[str, None] = {}
    for member in members:
        for name in member.made(names, names_of):
            found[shorten(one_line(name), MAX_LINE)] = None
    if len(found) > MAX_NAMES:
        where = members[0].where
        raise MappingError(f"{where}: it gives {len(found):,} names; {MAX_NAMES} is the limit")
    return tuple(name for name in found if name)


def id_of(key: str, authority: str, source: str, *path: object) -> str:
    """The key itself where it is an absolute IRI, else the `tag:` URI of the path and the key.

    Raises Unfit where that is too long to stand in addresses.
    """
    may_stand = fault_of(key) is None and not key.lower().startswith(_RUN)
    return key if may_stand else short_id(tag(authority, source, *path, key))


def short_id(id: str) -> str:
    """The id; raises Unfit where it is too long to stand in addresses."""
    if len(id) > MAX_LINE:
        raise Unfit(f"its id would have {len(id):,} characters; {MAX_LINE:,} is the limit")
    return id
