"""Atom 1.0 (RFC 4287) with the Activity Streams 1.0 extension."""

from collections.abc import Collection, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feedserver.formats.elements import (
    ATOM,
    DUBLIN_CORE,
    HISTORY,
    PUBLISHING,
    add_text,
    deleted_entry,
    link_attributes,
)
from feedserver.formats.entries import as_uri, categories, link_of, true_time
from feedserver.model.activity import Activity, Object
from feedserver.model.addresses import activity_path
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

ACTIVITY = "http://activitystrea.ms/spec/1.0/"

_NAMESPACES = {"activity": ACTIVITY, "dcterms": DUBLIN_CORE}
_CLOSE = b"</feed>"
_CLOSE_ENTRY = b"</entry>"
_ARCHIVE = f'<fh:archive xmlns:fh="{HISTORY}"/>'.encode()


class AtomFormat:
    """Writes a page as an Atom feed document, an activity as an Atom entry document."""

    extension = "atom"
    title = "Atom"
    media_type = "application/atom+xml; charset=utf-8"
    removal_type = "application/atomdeleted+xml; charset=utf-8"
    accepted_as: tuple[str, ...] = ("application/atom+xml", "application/xml", "text/xml")
    version = 4

    def render(self, page: Page) -> bytes:
        """The page as a feed document.

        feedgen writes the head and each entry by itself; the entries are put in as bytes, so
        that one that was written before can be used again.
        """
        head = self._head(page)[: -len(_CLOSE)] + (_ARCHIVE if page.is_archive else b"")
        entries = b"".join(
            _deleted(entry) if isinstance(entry, Removal) else _entry(entry, page)
            for entry in _in_order(page.entries)
        )
        return head + entries + _CLOSE + b"\n"

    def render_activity(self, activity: Activity, page: Page) -> bytes:
        """The activity as an entry document (RFC 4287, section 2).

        It tells where it is edited, and when it was last (RFC 5023, sections 10.2 and 11.1).
        """
        namespaces = {**_NAMESPACES, "app": PUBLISHING}
        declarations = "".join(f' xmlns:{name}="{uri}"' for name, uri in namespaces.items())
        root = f'<entry xmlns="{ATOM}"{declarations}>'.encode()
        entry = _entry(activity, page).removeprefix(b"<entry>").removesuffix(_CLOSE_ENTRY)
        edited = f"<app:edited>{rfc3339(activity.dates.recorded)}</app:edited>"
        edit = quoteattr(page.home + activity_path(activity.id))
        last = f'<link rel="edit" href={edit}/>{edited}'.encode() + _CLOSE_ENTRY
        return b"<?xml version='1.0' encoding='UTF-8'?>\n" + root + entry + last + b"\n"

    def render_removal(self, removal: Removal, page: Page) -> bytes:
        """The removal as a document of its own (RFC 6721, section 6)."""
        return b"<?xml version='1.0' encoding='UTF-8'?>\n" + _deleted(removal) + b"\n"

    def _head(self, page: Page) -> bytes:
        feed = FeedGenerator()
        feed.register_extension("activity", _Namespaces, None)
        feed.id(page.feed.id)
        feed.title(page.feed.title)
        if page.feed.subtitle is not None:
            feed.subtitle(page.feed.subtitle)
        feed.updated(page.updated)
        feed.author({"name": page.server})
        feed.generator("feedserver")
        for link in page.links:
            feed.link(**link_attributes(link))
        document: bytes = feed.atom_str()
        return document


class _Namespaces(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    def extend_ns(self) -> dict[str, str]:
        return _NAMESPACES


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


def _in_order(entries: Sequence[Activity | Removal]) -> list[Activity | Removal]:
    """The removals first, as the schema of RFC 4287 has it, whose entries stand last.

    But in a page of versions that tells of one activity twice, the order says what is newer.
    """
    is_history = len({entry.id for entry in entries}) < len(entries)
    return sorted(entries, key=lambda entry: not is_history and isinstance(entry, Activity))


def _deleted(removal: Removal) -> bytes:
    """That an entry was removed from the feed (RFC 6721, section 3)."""
    document: bytes = etree.tostring(
        deleted_entry(removal), encoding="UTF-8", xml_declaration=False
    )
    return document


def _entry(activity: Activity, page: Page) -> bytes:
    draft, dates = activity.draft, activity.dates
    entry = FeedEntry()
    entry.register_extension("activity", _ActivityExtension)
    entry.activity.activity = activity
    entry.activity.own = namespace(page.authority)
    entry.id(activity.id)
    entry.title(draft.title)
    entry.published(dates.published)
    entry.updated(dates.updated)
    entry.author({"name": draft.actor.name or "", "uri": _id(draft.actor)})
    entry.link(href=link_of(activity, page))
    for field, name, label in categories(draft):
        entry.category(term=name, scheme=scheme(page.authority, field), label=label)
    if draft.content is None:
        entry.summary(draft.title)  # readers, and the validator, want a text
    else:
        entry.content(draft.content, type="html")
    return _serialised(entry.atom_entry())


def _object(parent: Any, role: str, object: Object, own: str) -> None:
    element = etree.SubElement(parent, f"{{{ACTIVITY}}}{role}")
    _type(element, object, own)
    if (id := _id(object)) is not None:
        add_text(element, "id", id)
    add_text(element, "title", object.name or object.number or type_of(object.type).label)
    if object.url is not None:
        # Any other relation, or none, and feedparser takes this for the link of the entry.
        etree.SubElement(element, "link", rel="related", type="text/html", href=as_uri(object.url))


def _type(parent: Any, object: Object, own: str) -> None:
    if object.type == UNSPECIFIED:
        return
    kind = type_of(object.type).as1
    add_text(parent, f"{{{ACTIVITY}}}object-type", _iri(kind, AS1_TYPES, own))


def _id(object: Object) -> str | None:
    """The id, where Atom may hold it: a source may have ids that are no IRIs."""
    return object.id if object.id is not None and is_iri(object.id) else None


def _iri(name: str, registered: Collection[str], own: str) -> str:
    """The IRI of a verb or type: of Activity Streams 1.0, else of 2.0, else in our namespace."""
    if is_iri(name):
        return name
    if name in registered:
        return AS1_BASE + name
    type = camel(name)
    is_of_as2 = type in AS2_TYPES and kebab(type) == name
    return AS2_BASE + type if is_of_as2 else own + own_type(name)


def _serialised(entry: Any) -> bytes:
    """The entry as it stands inside a feed that declares the namespaces."""
    feed = etree.Element("feed", nsmap=_NAMESPACES)
    feed.append(entry)
    etree.cleanup_namespaces(feed, keep_ns_prefixes=list(_NAMESPACES))
    document: bytes = etree.tostring(feed, encoding="UTF-8", xml_declaration=False)
    return document[document.index(b"<entry>") : -len(_CLOSE)]
