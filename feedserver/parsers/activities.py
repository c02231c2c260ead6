"""What the dialects of Activity Streams share: how members become a draft."""

import html
import json
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from feedserver.markup import sanitised, text_of
from feedserver.model.activity import Draft, Extra, Object, Product
from feedserver.model.addresses import activity_path
from feedserver.model.text import clean, hash_words, one_line, shorten
from feedserver.model.vocabulary import UNSPECIFIED
from feedserver.parsers.members import TEXT, Members, Reading, as_html, each, is_id
from feedserver.settings import Limits

_MANY = 1000  # objects that are remembered in a dialect, and
_LONG = 500  # the characters of their members: whoever sends others makes nothing grow

_Known = tuple[Object, dict[str, Any]]
"""An object, and the members of it that are left; nobody changes them."""


class Dialect(ABC):
    """How one version of Activity Streams names things, in one document."""

    name: str

    def __init__(self) -> None:
        # The same people and cases come again and again.
        self._remembered = lru_cache(_MANY)(self._read)

    @abstractmethod
    def verb(self, members: Members, has_target: bool) -> str:
        """The verb of an activity, as a word; what it was called beside that is left."""

    @abstractmethod
    def title(self, members: Members) -> str:
        """The title of an activity as plain text, empty where there is none."""

    @abstractmethod
    def object(self, members: Members) -> Object:
        """The object that the members describe."""

    def plain_object(self, value: dict[str, Any], limits: Limits) -> Object | None:
        """What `object` gives for a few members that are all as they should be; None for others.

        Most objects are so, and this takes a third of the time.
        """
        return None

    def known_object(self, value: dict[str, Any], limits: Limits) -> "_Known | None":
        """The object that was read from the same members before, or is now, and what is left.

        None where a member is no text, they are long, or something in them is wrong.
        """
        texts = value.values()
        if not TEXT.issuperset(map(type, texts)):
            return None
        if len("".join(value)) + len("".join(texts)) > _LONG:
            return None
        return self._remembered(limits, *value.items())

    def _read(self, limits: Limits, *members: tuple[str, str]) -> "_Known | None":
        value = dict(members)
        plain = self.plain_object(value, limits)
        if plain is not None:
            return plain, {}
        inner = Members(value, "", Reading(limits, []))
        made = self.object(inner)
        return None if inner.reading.faults else (made, inner.left())

    def content(self, members: Members) -> str | None:
        """The HTML content of an activity."""
        return members.text("content")

    def tags(self, members: Members) -> tuple[str, ...]:
        """The tags that an activity names."""
        return members.names("tags", _tag_name)

    def activity(self, members: Members) -> Draft:
        """The draft that the members describe; what is wrong is among the faults."""
        id = members.iri("id", "@id") or ""
        is_ours = members.look("recorded") is not None
        actor = self._object(members, "actor")
        if actor is None:
            members.fault('is missing. Say who did it: "actor": "Ann Example".', "actor")
            actor = Object(UNSPECIFIED)
        object, target = self._object(members, "object"), self._object(members, "target")
        verb = self.verb(members, target is not None)
        title, content = self.title(members), self._content(members)
        members.take("sourceName")  # the sender does not choose it
        return Draft(
            id=id,
            source="",
            actor=actor,
            verb=verb,
            object=object,
            title=title,
            occurred=_occurred(members, is_ours),
            target=target,
            queues=members.names("queue", _name),
            products=_products(members),
            tags=members.names("tags") if is_ours else self._tags(members, title, content),
            customer=self._object(members, "customer", "organization"),
            content=content,
            code=members.line("crmCode"),
            code_name=members.line("crmCodeName"),
            url=_own_address(members, id),
            extra=_extra(self.name, members),  # what is left when all else was taken
        )

    def _object(self, parent: Members, name: str, kind: str = UNSPECIFIED) -> Object | None:
        """An object: an id or a name alone, the members of one, or the first of several.

        What is more than an object holds is left in its place.
        """
        value = parent.take(name)
        found = [one for one in each(name, value) if _is_said(one[0])]
        if not found:
            return None
        (first, path), several = found[0], isinstance(value, list)
        if isinstance(first, dict):
            known = None if several else self.known_object(first, parent.reading.limits)
            if known is None:
                inner = Members(first, parent.place(*path), parent.reading)
                made = self.object(inner)
                left = {} if several else inner.left()
            else:
                made, left = known
            if left:
                parent.put_back(name, left)
        elif isinstance(first, str) and is_id(first):
            made = Object(kind, id=first)
        else:
            made = Object(kind, name=parent.as_line(first, *path))
        if several:
            parent.put_back(name, value)
        return made

    def _content(self, members: Members) -> str | None:
        """The content of the activity; where it has none, that of its object."""
        members.make_html()
        texts = [self.content(members)]
        for object, _ in each("object", members.look("object"))[:1]:
            if isinstance(object, dict) and any(name.startswith("content") for name in object):
                reading = replace(members.reading, faults=[])  # it may be of any kind
                texts.append(self.content(Members(as_html(object), "", reading)))
        made = (sanitised(clean(text)) for text in texts if text is not None)
        return next(filter(None, made), None)

    def _tags(self, members: Members, title: str, content: str | None) -> tuple[str, ...]:
        """The tags that are named, and then the `#words` of title and content."""
        found: dict[str, str] = {}
        named = self.tags(members)
        said = text_of(content) if content and "#" in content else ""  # the text of most has none
        for name in (*named, *hash_words(title), *hash_words(said)):
            found.setdefault(name.casefold(), name)
        return tuple(found.values())[: max(len(named), members.reading.limits.max_tags)]


def _is_said(value: Any) -> bool:
    """Whether the value says anything: it is neither null nor an empty text."""
    return bool(one_line(value)) if isinstance(value, str) else value is not None


def _name(value: Any) -> Any:
    """The name of a tag, queue or product that may be an object."""
    if not isinstance(value, dict):
        return value
    name = value.get("name") or value.get("displayName")
    return name if isinstance(name, str) else value


def _tag_name(value: Any) -> Any:
    name = _name(value)
    return name.removeprefix("#") if isinstance(name, str) else name


def _occurred(members: Members, is_ours: bool) -> datetime | None:
    """When it happened. In what we have written, `published` is the date in our feeds."""
    published, occurred = members.date("published"), members.date("occurred")
    members.date("updated")
    members.date("recorded")
    return occurred if is_ours else occurred or published


def _products(members: Members) -> tuple[Product, ...]:
    if members.look("product") is None and members.look("revision") is None:
        return ()
    names, revisions = _paired(members.look("product")), _paired(members.look("revision"))
    members.names("product", _name)  # notes what is wrong with them
    members.names("revision")
    if len(revisions) > len(names):
        members.fault("has more elements than `product`. Give one for each product.", "revision")
        return ()
    revisions += [""] * (len(names) - len(revisions))
    return tuple(
        Product(one_line(name), one_line(revision) or None)
        for name, revision in zip(names, revisions, strict=True)
        if one_line(name)
    )


def _paired(value: Any) -> list[str]:
    """The texts of a member that is one or a list, empty ones too, for they keep the place."""
    values = value if isinstance(value, list) else [value]
    return [name for name in map(_name, values) if isinstance(name, str)]


def _own_address(members: Members, id: str) -> str | None:
    """Where the activity can be seen elsewhere; our own page of it is told by its path."""
    url = members.link("url")
    return None if url is not None and id and url.endswith(activity_path(id)) else url


_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
_extras: dict[tuple[str, str], Extra] = {}  # verbs and types of ours, which come again and again


def _extra(dialect: str, members: Members) -> Extra:
    if not members.rest:
        return Extra(dialect, "{}")
    told = repr(members.rest)
    found = _extras.get((dialect, told))
    if found is None:
        found = Extra(dialect, _encode(members.left()))
        if len(told) <= _LONG and len(_extras) < _MANY:
            _extras[dialect, told] = found
    return found


def title_of(markup: str, members: Members) -> str:
    """A title from HTML that was not written as one, as plain text and not too long."""
    return shorten(one_line(text_of(markup)), members.reading.limits.max_title)


def is_same_text(markup: str, title: str) -> bool:
    """Whether the HTML says the plain text and nothing more."""
    return markup == html.escape(title, quote=False)
