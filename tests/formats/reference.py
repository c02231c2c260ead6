"""Entries of Atom and RSS as feedgen and lxml write them: what the templates are held against."""

import html
from email.utils import format_datetime
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension
from lxml import etree

from feedserver.formats.atom import ACTIVITY
from feedserver.formats.elements import DUBLIN_CORE, TOMBSTONES, add_text
from feedserver.formats.entries import as_uri, categories, link_of, true_time
from feedserver.formats.rss import CONTENT, DUBLIN_CORE_ELEMENTS
from feedserver.formats.rss import NAMESPACES as RSS_NAMESPACES
from feedserver.model.activity import Activity, Object
from feedserver.model.dates import rfc3339
from feedserver.model.feed import Page, Removal
from feedserver.model.identity import namespace, scheme
from feedserver.model.vocabulary import (
    AS1_BASE,
    AS1_TYPES,
    AS1_VERBS,
    AS2_BASE,
    AS2_TYPES,
    UNSPECIFIED,
    camel,
    is_iri,
    kebab,
    own_type,
    type_of,
    verb_of,
)

_NAMESPACES = {"activity": ACTIVITY, "dcterms": DUBLIN_CORE}


def atom_entry(entry: Activity | Removal, page: Page) -> bytes:
    """The entry of an Atom page, by feedgen."""
    if isinstance(entry, Removal):
        return _deleted(entry)
    draft, dates = entry.draft, entry.dates
    made = FeedEntry()
    made.register_extension("activity", _ActivityExtension)
    made.activity.activity = entry
    made.activity.own = namespace(page.authority)
    made.id(entry.id)
    made.title(draft.title)
    made.published(dates.published)
    made.updated(dates.updated)
    made.author({"name": draft.actor.name or "", "uri": _id(draft.actor)})
    made.link(href=link_of(entry, page))
    for field, name, label in categories(draft):
        made.category(term=name, scheme=scheme(page.authority, field), label=label)
    if draft.content is None:
        made.summary(draft.title)
    else:
        made.content(draft.content, type="html")
    return _inside("feed", _NAMESPACES, made.atom_entry())


def rss_item(entry: Activity | Removal, page: Page) -> bytes:
    """The item of an RSS page, by lxml."""
    if isinstance(entry, Removal):
        return _deleted(entry)
    draft = entry.draft
    item = etree.Element("item")
    add_text(item, "title", draft.title)
    add_text(item, "link", link_of(entry, page))
    add_text(item, "description", draft.content or html.escape(draft.title, quote=False))
    if draft.content is not None:
        add_text(item, f"{{{CONTENT}}}encoded", draft.content)
    add_text(item, f"{{{DUBLIN_CORE_ELEMENTS}}}creator", draft.actor.name or "")
    for field, name, _ in categories(draft):
        add_text(item, "category", name, domain=scheme(page.authority, field))
    add_text(item, "guid", entry.id, isPermaLink="false")
    add_text(item, "pubDate", format_datetime(entry.dates.second))
    if (created := true_time(entry)) is not None:
        add_text(item, f"{{{DUBLIN_CORE}}}created", created)
    return _inside("rss", RSS_NAMESPACES, item)


class _ActivityExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """What feedgen does not know: the Activity Streams elements of an entry."""

    activity: Activity
    own: str  # the namespace of types that nobody has registered

    def extend_atom(self, entry: Any) -> Any:
        draft = self.activity.draft
        # feedgen loses the relation and the type of an entry's link.
        entry.find("link").attrib.update({"rel": "alternate", "type": "text/html"})
        _type(entry.find("author"), draft.actor, self.own)
        verb = verb_of(draft.verb).as1
        add_text(entry, f"{{{ACTIVITY}}}verb", _iri(verb, AS1_VERBS, self.own))
        if draft.object is not None:
            _object(entry, "object", draft.object, self.own)
        if draft.target is not None:
            _object(entry, "target", draft.target, self.own)
        if (created := true_time(self.activity)) is not None:
            add_text(entry, f"{{{DUBLIN_CORE}}}created", created)
        return entry


def _object(parent: Any, role: str, object: Object, own: str) -> None:
    element = etree.SubElement(parent, f"{{{ACTIVITY}}}{role}")
    _type(element, object, own)
    if (id := _id(object)) is not None:
        add_text(element, "id", id)
    add_text(element, "title", object.name or object.number or type_of(object.type).label)
    if object.url is not None:
        etree.SubElement(element, "link", rel="related", type="text/html", href=as_uri(object.url))


def _type(parent: Any, object: Object, own: str) -> None:
    if object.type != UNSPECIFIED:
        kind = type_of(object.type).as1
        add_text(parent, f"{{{ACTIVITY}}}object-type", _iri(kind, AS1_TYPES, own))


def _id(object: Object) -> str | None:
    return object.id if object.id is not None and is_iri(object.id) else None


def _iri(name: str, registered: frozenset[str], own: str) -> str:
    if is_iri(name):
        return name
    if name in registered:
        return AS1_BASE + name
    type = camel(name)
    is_of_as2 = type in AS2_TYPES and kebab(type) == name
    return AS2_BASE + type if is_of_as2 else own + own_type(name)


def _deleted(removal: Removal) -> bytes:
    element = etree.Element(f"{{{TOMBSTONES}}}deleted-entry", nsmap={"at": TOMBSTONES})
    element.set("ref", removal.id)
    element.set("when", rfc3339(removal.when))
    if removal.has_left:
        add_text(element, f"{{{TOMBSTONES}}}comment", "It is in this feed no more.")
    document: bytes = etree.tostring(element, encoding="UTF-8", xml_declaration=False)
    return document


def _inside(name: str, namespaces: dict[str, str], element: Any) -> bytes:
    """The element as it stands inside one that declares the namespaces."""
    parent = etree.Element(name, nsmap=namespaces)
    parent.append(element)
    etree.cleanup_namespaces(parent, keep_ns_prefixes=list(namespaces))
    document: bytes = etree.tostring(parent, encoding="UTF-8", xml_declaration=False)
    return document[document.index(f"<{element.tag}>".encode()) : -len(f"</{name}>")]
