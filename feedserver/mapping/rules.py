"""The rules of a mapping: each makes activities of a record, member by member."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from feedserver.errors import MappingError, SettingsError
from feedserver.mapping.expressions import Expressions
from feedserver.mapping.filters import Tables
from feedserver.mapping.members import (
    Names,
    Reader,
    all_names,
    content_of,
    html_of_text,
    link_of,
    list_of,
    occurred_of,
    short_id,
    truth_of,
    word_of_line,
)
from feedserver.mapping.presets import preset_rules
from feedserver.mapping.records import Record, shown
from feedserver.model.activity import Draft, Object, Product
from feedserver.model.identity import tag
from feedserver.model.text import one_line
from feedserver.settings import merged

MEMBERS = (
    "when each id verb occurred title content text actor object target customer queues products "
    "tags code code_name url tables"
).split()
"""Every member of a rule."""

MAX_ACTIVITIES = 1000  # of one record


def rules_of(settings: Mapping[str, Any], where: str) -> Sequence[Mapping[str, Any]]:
    """The rules that a source's settings give: those of its `preset`, its `mapping`, or both.

    A table `mapping` beside a preset holds for each of its rules: its members take the place of
    the preset's, but that a `when` is asked besides. Raises SettingsError.
    """
    preset, mapping = settings.get("preset"), settings.get("mapping")
    several = mapping if isinstance(mapping, list) else [] if mapping is None else [mapping]
    if not all(isinstance(rule, Mapping) for rule in several):
        raise SettingsError(f"{where} mapping is no table; write [sources.NAME.mapping]")
    if preset is None:
        if not several:
            raise SettingsError(f"{where} has neither preset nor mapping; write one of them")
        return several
    rules = preset_rules(preset, where)
    if isinstance(mapping, list):
        raise SettingsError(
            f"{where} mapping is a list; beside a preset write one table [sources.NAME.mapping], "
            "which holds for each of its rules"
        )
    return rules if mapping is None else [_narrowed(rule, mapping) for rule in rules]


def _narrowed(rule: Mapping[str, Any], mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The rule with the members of the mapping in the place of its own."""
    made = merged(rule, mapping)
    if "when" in rule and "when" in mapping:
        made["when"] = [*_several(rule["when"]), *_several(mapping["when"])]
    for name, other in (("text", "content"), ("content", "text")):
        if name in mapping and other not in mapping:  # either says the content
            made.pop(other, None)
    return made


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class RecordMapping:
    """Makes drafts of the records of one source, as its rules say.

    The same record gives the same drafts at any time. `where` names the source in errors:
    "[sources.hooks]". Raises SettingsError, naming the member, where a rule cannot be read.
    """

    def __init__(
        self, authority: str, source: str, rules: Sequence[Mapping[str, Any]], where: str
    ) -> None:
        expressions = Expressions(_tables(rules, where))
        count = len(rules)
        self._rules = [
            _Rule(
                authority,
                source,
                rule,
                Reader(expressions, where, f" (rule {number} of {count})" if count > 1 else ""),
            )
            for number, rule in enumerate(rules, 1)
        ]
        self._where = where
        self._ids = authority, source

    def is_of_key(self, id: str, record: Record) -> bool:
        """Whether the id of a draft is made of the record's key, not by the member `id`."""
        return f"{id}/".startswith(tag(*self._ids, one_line(record.key)) + "/")

    def drafts(self, record: Record) -> tuple[Draft, ...]:
        """The drafts of the record, in order; none where no rule is for it.

        Raises MappingError where a rule is for it and cannot be followed: all or nothing.
        """
        names = _names(record)
        counts: Counter[str] = Counter()
        made: list[Draft] = []
        try:
            for rule in self._rules:
                for draft in rule.drafts(names, record.key, counts):
                    made.append(draft)
                    if len(made) > MAX_ACTIVITIES:
                        raise MappingError(
                            f"{self._where} mapping: the record gives more than "
                            f"{MAX_ACTIVITIES:,} activities"
                        )
        except MappingError as error:
            raise MappingError(str(error), shown(record)) from None
        return tuple(made)


def _tables(rules: Sequence[Mapping[str, Any]], where: str) -> Tables:
    """The value tables of all rules; each may use those of the others."""
    found: dict[str, Mapping[str, Any]] = {}
    for rule in rules:
        tables = rule.get("tables", {})
        if not isinstance(tables, Mapping) or not all(
            isinstance(table, Mapping) for table in tables.values()
        ):
            raise SettingsError(f'{where} mapping.tables: write NAME = {{ value = "word" }}')
        for name, table in tables.items():
            found[name] = {**found.get(name, {}), **table}
    return found


def _names(record: Record) -> dict[str, Any]:
    members = record.value if isinstance(record.value, dict) else {}
    own = {"record": record.value, "headers": dict(record.headers), "key": record.key}
    return {**members, **own}


class _Rule:
    """One rule, read."""

    def __init__(
        self, authority: str, source: str, rule: Mapping[str, Any], reader: Reader
    ) -> None:
        reader.known(rule, MEMBERS)
        if "text" in rule and "content" in rule:
            raise SettingsError(f"{reader.place('text')} stands beside content; write one of them")
        self._authority, self._source = authority, source
        self._when = [reader.expression("when", each) for each in _several(rule.get("when", True))]
        self._each = reader.expression("each", rule["each"]) if "each" in rule else None
        self._lines = {
            name: reader.text(name, rule.get(name))
            for name in ("id", "title", "code", "code_name", "url", "occurred")
        }
        self._verb = reader.text("verb", rule.get("verb"), "update")
        self._is_plain = "text" in rule
        name = "text" if self._is_plain else "content"
        self._content = reader.text(name, rule.get(name))
        self._names = {
            name: reader.texts(name, rule.get(name)) for name in ("queues", "products", "tags")
        }
        self._objects = {
            name: reader.object(name, rule.get(name), type)
            for name, type in (
                ("actor", "person"),
                ("object", "object"),
                ("target", "object"),
                ("customer", "organization"),
            )
        }

    def drafts(self, names: Names, key: str, counts: Counter[str]) -> Iterator[Draft]:
        """The drafts that it makes; `counts` are those of each key so far, and grow."""
        if not all(condition.made(names, truth_of) for condition in self._when):
            return
        if self._each is None:
            yield self._draft(names, key, counts)
            return
        for item in self._each.made(names, list_of):
            yield self._draft({**names, "item": item}, key, counts)

    def _draft(self, names: Names, key: str, counts: Counter[str]) -> Draft:
        lines, make_content = self._lines, html_of_text if self._is_plain else content_of
        return Draft(
            id=self._id(names, key, counts),
            source=self._source,
            actor=self._object("actor", names) or self._system(),
            verb=self._verb.made(names, word_of_line),
            object=self._object("object", names),
            title=lines["title"].line(names) or "",
            occurred=lines["occurred"].made(names, occurred_of),
            target=self._object("target", names),
            queues=all_names(self._names["queues"], names),
            products=tuple(map(Product, all_names(self._names["products"], names))),
            tags=all_names(self._names["tags"], names),
            customer=self._object("customer", names),
            content=self._content.made(names, make_content),
            code=lines["code"].line(names),
            code_name=lines["code_name"].line(names),
            url=lines["url"].made(names, link_of),
        )

    def _id(self, names: Names, key: str, counts: Counter[str]) -> str:
        """The id of the next activity of the key: the second is KEY/2."""
        member = self._lines["id"]
        own = member.line(names) or one_line(key)
        counts[own] += 1
        path = (own,) if counts[own] == 1 else (own, counts[own])
        return member.fit(tag(self._authority, self._source, *path), short_id)

    def _object(self, name: str, names: Names) -> Object | None:
        member = self._objects[name]
        return None if member is None else member.object(names, self._authority, self._source)

    def _system(self) -> Object:
        """Who did what nobody is said to have done: the source itself."""
        return Object("service", tag(self._authority, self._source), self._source)
