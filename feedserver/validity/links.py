"""Rules for what Atom, and RSS with elements of Atom, name things by: ids, links, categories."""

import re
from urllib.parse import urljoin, urlsplit

from feedserver.validity.elements import Context, Element
from feedserver.validity.languages import is_language
from feedserver.validity.structure import check_attributes, check_children, check_whitespace, leaf
from feedserver.validity.texts import MEDIA_TYPE, check_no_html
from feedserver.validity.uris import (
    FULL_URI,
    REFERENCE,
    canonical,
    check_uri,
    to_ascii,
)
from feedserver.validity.words import words

PAGING_RELATIONS = frozenset(
    {"current", "first", "last", "next", "next-archive", "prev-archive", "previous"}
)
"""Relations between the pages and archives of a feed (RFC 5005)."""

_RELATIONS = PAGING_RELATIONS | words(
    """alternate describedby edit edit-media enclosure hub license payment related replies search
    self service up via"""
)
_FEED_TYPES = frozenset({"application/atom+xml", "application/rdf+xml", "application/rss+xml"})


def identifier(context: Context, element: Element) -> None:
    """An id (RFC 4287, section 4.2.6)."""
    leaf(context, element)
    check_whitespace(context, element)
    check_identity(context, element, element.text.strip())


def check_identity(context: Context, element: Element, value: str) -> None:
    """The value must be an IRI by which things can be compared, character by character."""
    valid = check_uri(context, element, value, FULL_URI, "InvalidFullLink")
    if valid and value != canonical(value):
        context.add("NonCanonicalURI", element, f"{value}, not {canonical(value)}")


def relation_of(link: Element) -> str:
    """The relation of the link by its short name."""
    relation = link.get("rel")
    registry = "http://www.iana.org/assignments/relation/"
    return "alternate" if relation is None else relation.removeprefix(registry)


def link(context: Context, element: Element) -> None:
    """A link (RFC 4287, section 4.2.7)."""
    check_attributes(
        context,
        element,
        words("href hreflang length rel title type thr:count thr:updated"),
    )
    if element.text.strip():
        context.add("AtomLinkNotEmpty", element)
    _check_relation(context, element)
    _check_link_attributes(context, element)
    href = element.get("href")
    if href is None:
        context.add("MissingHref", element)
    elif check_uri(context, element, to_ascii(href), REFERENCE, "InvalidIRI"):
        _check_self(context, element, href)


def _check_relation(context: Context, element: Element) -> None:
    relation = relation_of(element)
    if relation not in _RELATIONS and not FULL_URI.fullmatch(to_ascii(relation)):
        context.add("UnregisteredAtomLinkRel", element, relation)
    if not relation:
        context.add("AttrNotBlank", element, "rel")
    if relation in PAGING_RELATIONS and element.parent_name == "entry":
        context.add("FeedHistoryRelInEntry", element, relation)
    for count in ("count", "updated"):
        key = ("http://purl.org/syndication/thread/1.0", count)
        if key in element.attributes and relation != "replies":
            context.add("UnexpectedAttribute", element, f"thr:{count}")


def _check_link_attributes(context: Context, element: Element) -> None:
    kind, title = element.get("type"), element.get("title")
    length, language = element.get("length"), element.get("hreflang")
    if kind is not None and not MEDIA_TYPE.fullmatch(kind):
        context.add("InvalidMIMEType", element, kind)
    elif kind and relation_of(element) == "self" and kind.split(";")[0] not in _FEED_TYPES:
        context.add("SelfNotAtom", element, kind)
    if title == "":
        context.add("AttrNotBlank", element, "title")
    check_no_html(context, element, title or "")
    if length is not None and not re.fullmatch(r"\s*\+?\d+\s*", length):
        context.add("InvalidNonNegativeInteger", element, length)
    if language is not None and not is_language(language):
        context.add("InvalidLanguage", element, f"hreflang={language}")


def _check_self(context: Context, element: Element, href: str) -> None:
    if relation_of(element) != "self" or element.parent_name not in ("feed", "channel"):
        return
    if not urlsplit(href).netloc and element.base == (context.address or ""):
        context.add("RelativeSelf", element, href)
    target = urljoin(element.base, href)
    if context.address is None or target.split("#")[0] == context.address.split("#")[0]:
        return
    if canonical(target) != canonical(context.address):
        context.add("SelfDoesntMatchLocation", element, f"{href} fetched from {context.address}")


def check_alternates(context: Context, element: Element) -> None:
    """Of each type and language there may be one alternate (RFC 4287, section 4.1.1)."""
    seen = set()
    for link in element.named("link"):
        if relation_of(link) == "alternate":
            key = link.get("type") or "", link.get("hreflang") or ""
            if key in seen:
                context.add("DuplicateAtomLink", link, f"type={key[0]} hreflang={key[1]}")
            seen.add(key)


def category(context: Context, element: Element) -> None:
    """A category (RFC 4287, section 4.2.2)."""
    check_attributes(context, element, frozenset({"term", "scheme", "label"}))
    check_children(context, element, {})
    term, scheme = element.get("term"), element.get("scheme")
    if term is None:
        context.add("MissingAttribute", element, "term")
    elif not term:
        context.add("NotBlank", element, "term")
    if scheme is not None:
        check_uri(context, element, scheme, FULL_URI, "InvalidFullLink")
    check_no_html(context, element, element.get("label") or "")
