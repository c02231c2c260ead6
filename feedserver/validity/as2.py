"""The rules of Activity Streams 2.0, for those who read it as JSON and as linked data."""

from collections.abc import Container
from datetime import datetime
from typing import Any

from feedserver.model.extension import PREFIX
from feedserver.model.vocabulary import AS2_ACTIVITIES, AS2_TYPES, is_iri
from feedserver.validity.dates import tomorrow_of
from feedserver.validity.findings import Findings, Report
from feedserver.validity.members import Members, members_of
from feedserver.validity.words import words

CONTEXT = "https://www.w3.org/ns/activitystreams"

_COLLECTIONS = ("OrderedCollection", "OrderedCollectionPage")
_TERMS = words(
    """id type subject relationship actor attributedTo attachment bcc bto cc context current first
    generator icon image inReplyTo items instrument orderedItems last location next object oneOf
    anyOf closed origin accuracy prev preview replies result audience partOf tag target to url
    altitude content contentMap name nameMap duration endTime height href hreflang latitude
    longitude mediaType published radius rel startIndex startTime summary summaryMap totalItems
    units updated width describes formerType deleted inbox outbox following followers streams
    preferredUsername endpoints uploadMedia proxyUrl liked oauthAuthorizationEndpoint
    oauthTokenEndpoint provideClientKey signClientKey sharedInbox source likes shares alsoKnownAs
    @context @id @type @value @language @list"""
)
"""The terms that the context of Activity Streams 2.0 defines."""


def check_as2(document: bytes, address: str | None, now: datetime) -> Findings:
    """Judge a collection, a page of one, or an activity by https://www.w3.org/TR/activitystreams-core/.

    `address` is where it was asked for. Stricter: each activity has `id`, `actor`, `name`,
    `published` and `updated`, and no member is lost for who reads it as linked data.
    """
    report = Report()
    members = members_of(document, report, tomorrow_of(now))
    if members is None:
        return report.findings()
    contexts = _contexts(members.values)
    if CONTEXT not in contexts:
        members.add("MissingContext", "@context")
    kind = members.values.get("type")
    if kind in _COLLECTIONS:
        _collection(members, str(kind), contexts)
        if address is not None and members.values.get("id") != address:
            members.add("SelfDoesntMatchLocation", "id", f"fetched from {address}")
    else:
        _item(members, contexts)
    return report.findings()


def _contexts(values: Any) -> list[Any]:
    context = values.get("@context", [])
    return context if isinstance(context, list) else [context]


def _collection(collection: Members, kind: str, contexts: list[Any]) -> None:
    _check_terms(collection, contexts)
    is_page = kind == "OrderedCollectionPage"
    collection.address("id", is_needed=True)
    collection.text("name", is_needed=True)
    collection.html("summary")
    collection.date("updated", is_needed=True)
    collection.count("totalItems", is_needed=not is_page)
    collection.address("partOf", is_needed=is_page)
    collection.address("first", is_needed=not is_page)
    for name in ("next", "prev", "last"):
        if collection.address(name) == collection.values.get("id") is not None:
            collection.add("LinkPastEnd", name, "it leads to this very document")
    for item in collection.inners("orderedItems", is_needed=is_page):
        _item(item, contexts)


def _item(item: Members, contexts: list[Any]) -> None:
    contexts = contexts + _contexts(item.values)
    _check_terms(item, contexts)
    item.iri("id", is_needed=True)
    if item.values.get("type") == "Tombstone":
        item.date("deleted", is_needed=True)
        return
    _check_type(item, AS2_ACTIVITIES, contexts)
    item.text("name", is_needed=True)
    item.html("summary")
    item.html("content")
    item.date("published", is_needed=True)
    item.date("updated", is_needed=True)
    item.link("url", is_needed=True)
    actor = item.inner("actor", is_needed=True)
    for thing in (actor, item.inner("object"), item.inner("target")):
        if thing is not None:
            _check_terms(thing, contexts)
            _check_type(thing, AS2_TYPES, contexts)
            thing.text("name")


def _check_type(members: Members, registered: Container[str], contexts: list[Any]) -> None:
    value = members.values.get("type")
    types = value if isinstance(value, list) else [value]
    if types[:1] == [None]:
        members.add("MissingMember", "type")
    elif types[:1] == [] or types[0] not in registered:
        members.add("UnregisteredType", "type", value)
    for type in types[1:]:
        if not isinstance(type, str) or not _is_defined(type, AS2_TYPES, contexts):
            members.add("UndefinedTerm", "type", type)


def _check_terms(members: Members, contexts: list[Any]) -> None:
    for name in members.values:
        if not _is_defined(name, _TERMS, contexts):
            members.add("UndefinedTerm", name)


def _is_defined(name: str, known: Container[str], contexts: list[Any]) -> bool:
    """Whether the context says what the name means, itself or by its prefix, or it says so itself.

    An absolute IRI needs no context (JSON-LD 1.1, section 3.2); our own prefix is none. A context
    that stands elsewhere may say it: what is there is not looked at.
    """
    if any(isinstance(context, str) and context != CONTEXT for context in contexts):
        return True
    defined = {term for context in contexts if isinstance(context, dict) for term in context}
    prefix, colon, _ = name.partition(":")
    if not colon:
        return name in known or name in defined
    return prefix in defined or (prefix != PREFIX and is_iri(name))
