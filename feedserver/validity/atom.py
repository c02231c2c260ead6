"""The rules of Atom 1.0 (RFC 4287), with the extensions that the W3C feed validator knows."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from feedserver.validity.characters import check_characters, check_prefixes
from feedserver.validity.dates import plain_date, timestamp, tomorrow_of, w3c_date
from feedserver.validity.elements import ATOM, Check, Context, Element, read
from feedserver.validity.findings import Findings, Report
from feedserver.validity.languages import is_language
from feedserver.validity.links import (
    PAGING_RELATIONS,
    category,
    check_alternates,
    check_identity,
    identifier,
    link,
    relation_of,
)
from feedserver.validity.structure import (
    EVERYWHERE,
    check_attributes,
    check_children,
    check_not_blank,
    check_whitespace,
    eaten,
    empty,
    leaf,
)
from feedserver.validity.texts import (
    MEDIA_TYPE,
    check_no_html,
    content,
    is_textual,
    plain,
    text_construct,
)
from feedserver.validity.uris import REFERENCE, check_uri, to_ascii

_ADDRESS = (
    r"[A-Z0-9_\-+.']+@(?:[0-9]{1,3}(?:\.[0-9]{1,3}){2}\.|(?:[A-Z0-9\-]+\.)+)[A-Z0-9][-A-Z0-9]*"
)


def check_atom(document: bytes, address: str | None, now: datetime) -> Findings:
    """Judge an Atom feed or entry document as https://validator.w3.org/feed/ would.

    `address` is the URL it was fetched from, where the match with `rel=self` matters; `now` is
    the moment against which dates are called implausible. Rules have the validator's names.

    Stricter than the validator where that is cheap: an empty feed needs an author (RFC 4287,
    4.1.1), a tag URI a real date and host name (RFC 4151), an id has no bare `%`, and HTML has
    no form control, SVG, MathML, ruby, style attribute or text in a table but outside its cells,
    all of which the validator may let pass.
    Not judged: the HTTP headers, and resolution of e-mail hosts.
    """
    report = Report()
    found = read(document, address, report, tomorrow_of(now))
    if found is not None:
        check_prefixes(found.context, found.prefixes)
        check_characters(found.context, found.root)
        _check_root(found.context, found.root)
    return report.findings()


def _check_root(context: Context, root: Element) -> None:
    if root.name not in ("feed", "entry"):
        context.add("UndefinedElement", root)
    elif not root.namespace:
        context.add("MissingNamespace", root)
    elif root.namespace != ATOM:
        context.add("InvalidNamespace", root, root.namespace)
    elif root.name == "feed":
        _feed(context, root)
    else:
        _entry(context, root)
        if not _has_author(root):
            context.add("MissingElement", root, "author")


def _generator(context: Context, element: Element) -> None:
    leaf(context, element, frozenset({"uri", "version"}))
    check_not_blank(context, element)
    check_no_html(context, element, element.text)
    uri = element.get("uri")
    if uri is not None:
        check_uri(context, element, uri, REFERENCE, "InvalidURIAttribute")


def _image(context: Context, element: Element) -> None:
    leaf(context, element)
    check_not_blank(context, element)
    check_whitespace(context, element)
    check_uri(context, element, element.text.strip(), REFERENCE, "InvalidLink")


def _person(context: Context, element: Element) -> None:
    check_attributes(context, element, frozenset({"rdf:parseType"}))
    check_children(context, element, _PERSON_RULES)
    if not element.named("name"):
        context.add("MissingElement", element, "name")


def check_person_name(context: Context, element: Element) -> None:
    """What a person is called (RFC 4287, section 3.2.1)."""
    plain(context, element)
    check_not_blank(context, element)
    if re.search(f"(?i)<{_ADDRESS}>", element.text):
        context.add("ContainsEmail", element)


def _email(context: Context, element: Element) -> None:
    leaf(context, element)
    value = element.text.strip()
    if not re.fullmatch(f"(?i){_ADDRESS}", value):
        known_form = re.fullmatch(r"[\w._%+-]+@[A-Za-z][\w.-]+", value)
        context.add("UnknownHost" if known_form else "InvalidAddrSpec", element, value)


def _person_uri(context: Context, element: Element) -> None:
    leaf(context, element)
    check_not_blank(context, element)
    check_whitespace(context, element)
    check_uri(context, element, to_ascii(element.text.strip()), REFERENCE, "InvalidIRI")


def _feed(context: Context, element: Element) -> None:
    check_attributes(context, element)
    check_children(context, element, _FEED_RULES)
    _check_metadata(context, element, "MissingElement")
    links = {relation_of(link): link.get("href") or "" for link in element.named("link")}
    if "self" not in links:
        context.add("MissingSelf", element)
    _check_history(context, element, links)
    entries = element.named("entry")
    if not entries and not element.named("author"):
        context.add("MissingElement", element, "author, of a feed without entries")
    for entry in entries:
        if not element.named("author") and not _has_author(entry):
            context.add("MissingElement", entry, "author")
    _check_order(context, element)
    _check_unique(context, entries)


def _check_metadata(context: Context, element: Element, missing: str) -> None:
    for name in ("id", "title", "updated"):
        if not element.named(name):
            context.add(missing, element, name)
    check_alternates(context, element)


def _check_history(context: Context, element: Element, links: Mapping[str, str]) -> None:
    """RFC 5005, as the validator reads it."""
    complete = bool(element.named("fh:complete"))
    for relation in PAGING_RELATIONS.intersection(links) if complete else ():
        if relation != "current":
            context.add("FeedRelInCompleteFeed", element, relation)
        elif context.address and not context.is_own_address(links["current"]):
            context.add("CurrentNotSelfInCompleteFeed", element)
    for end, beyond in (("first", "previous"), ("last", "next")):
        if context.is_own_address(links.get(end, "")) and beyond in links:
            context.add("LinkPastEnd", element, f"{beyond} in the {end} page")
    if element.named("fh:archive") and not complete:
        if "prev-archive" not in links and "next-archive" not in links:
            context.add("ArchiveIncomplete", element)
        if "current" not in links:
            context.add("MissingCurrentInArchive", element)


def _check_order(context: Context, element: Element) -> None:
    names = [child.key for child in element.children]
    after = names.index("entry") if "entry" in names else len(names)
    for child in element.children[after:]:
        if child.namespace == ATOM and child.name != "entry" and child.name in _FEED_RULES:
            context.add("MisplacedMetadata", child)


def _check_unique(context: Context, entries: list[Element]) -> None:
    again = list(_repeated(entries, "id"))
    if len(entries) > 9 and len(entries) == len(again) + 1:
        context.add("DuplicateIds", entries[0], "every entry has this id")
    else:
        for element in again:
            context.add("DuplicateEntries", element, element.text.strip())
    for element in _repeated(entries, "updated"):
        context.add("DuplicateUpdated", element, element.text.strip())


def _repeated(entries: list[Element], name: str) -> Iterator[Element]:
    seen = set()
    for element in (child for entry in entries for child in entry.named(name)):
        value = element.text.strip()
        if value and value in seen:
            yield element
        seen.add(value)


def _has_author(entry: Element) -> bool:
    return any(holder.named("author") for holder in (entry, *entry.named("source")))


def _entry(context: Context, element: Element) -> None:
    check_attributes(context, element, frozenset({"rdf:parseType"}))
    check_children(context, element, _ENTRY_RULES)
    for name in ("id", "title", "updated"):
        if not element.named(name):
            context.add("MissingElement", element, name)
    for id in element.named("id"):
        check_not_blank(context, id)
    check_alternates(context, element)
    if not element.named("summary"):
        _check_textual_content(context, element)
    if not element.named("content") and not any(
        relation_of(link) == "alternate" for link in element.named("link")
    ):
        context.add("MissingContentOrAlternate", element)


def _check_textual_content(context: Context, entry: Element) -> None:
    contents = entry.named("content")
    if not contents:
        context.add("MissingTextualContent", entry)
    for element in contents:
        kind = element.get("type") or ""
        if element.get("src") is not None or ("/" in kind and not is_textual(kind)):
            context.add("MissingSummary", entry)


def _source(context: Context, element: Element) -> None:
    check_attributes(context, element)
    check_children(
        context, element, {key: rule for key, rule in _FEED_RULES.items() if key != "entry"}
    )
    _check_metadata(context, element, "MissingSourceElement")


def _count(context: Context, element: Element) -> None:
    leaf(context, element)
    if not re.fullmatch(r"\s*\+?\d+\s*", element.text):
        context.add("InvalidNonNegativeInteger", element, element.text)


def _reply(context: Context, element: Element) -> None:
    leaf(context, element, frozenset({"href", "ref", "source", "type"}))
    reference, kind = element.get("ref"), element.get("type")
    if reference is not None:
        check_identity(context, element, reference)
    for name in ("href", "source"):
        check_uri(context, element, to_ascii(element.get(name) or ""), REFERENCE, "InvalidIRI")
    if kind is not None and not MEDIA_TYPE.fullmatch(kind):
        context.add("InvalidMIMEType", element, kind)


def _language(context: Context, element: Element) -> None:
    leaf(context, element)
    if not is_language(element.text.strip()):
        context.add("InvalidLanguage", element, element.text)


def _same(check: Check, prefix: str, names: str) -> dict[str, Check]:
    return {f"{prefix}:{name}": check for name in names.split()}


_PERSON_RULES: Mapping[str, Check] = {
    "name": check_person_name,
    "email": _email,
    "uri": _person_uri,
}
_EVERYWHERE: Mapping[str, Check] = {
    **dict.fromkeys(EVERYWHERE, leaf),
    **_same(plain, "dc", "rights"),
    **_same(_language, "dc", "language"),
    **_same(w3c_date, "dcterms", "created issued modified"),
    **_same(eaten, "dcterms", "available license provenance rightsHolder spatial temporal valid"),
}
_EXTENSIONS: Mapping[str, Check] = {
    **_EVERYWHERE,
    **_same(leaf, "dc", "creator subject"),
    **_same(w3c_date, "dc", "date"),
    **_same(_reply, "thr", "in-reply-to"),
}
_FEED_RULES: Mapping[str, Check] = {
    **_EXTENSIONS,
    **_same(empty, "fh", "archive complete"),
    **_same(_count, "opensearch", "itemsPerPage startIndex totalResults"),
    **_same(eaten, "opensearch", "Query"),
    **_same(eaten, "app", "collection"),
    **_same(leaf, "sy", "updateFrequency updatePeriod"),
    **_same(w3c_date, "sy", "updateBase"),
    "author": _person,
    "category": category,
    "contributor": _person,
    "entry": _entry,
    "generator": _generator,
    "icon": _image,
    "id": identifier,
    "link": link,
    "logo": _image,
    "rights": text_construct,
    "subtitle": text_construct,
    "title": text_construct,
    "updated": timestamp,
}
_ENTRY_RULES: Mapping[str, Check] = {
    **_EXTENSIONS,
    **_same(_count, "thr", "total"),
    **_same(timestamp, "app", "edited"),
    **_same(eaten, "app", "control"),
    **_same(plain_date, "ev", "startdate enddate"),
    **_same(leaf, "ev", "type"),
    **_same(eaten, "ev", "location organizer"),
    "author": _person,
    "category": category,
    "content": content,
    "contributor": _person,
    "id": identifier,
    "link": link,
    "published": timestamp,
    "rights": text_construct,
    "source": _source,
    "summary": text_construct,
    "title": text_construct,
    "updated": timestamp,
}
