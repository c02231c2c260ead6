"""Rules for what stands anywhere in a document: namespace prefixes, and characters."""

import re
from collections.abc import Iterable, Iterator

from feedserver.validity.elements import KNOWN_NAMESPACES, Context, Element
from feedserver.validity.uris import REFERENCE, uri_fault
from feedserver.validity.words import words

_RESERVED_PREFIXES = words(
    """access admin ag annotate app atom audio blogChannel cc cf company content
    conversationsNetwork cp creativeCommons dc dcterms email ev feedburner fh foaf g geo geourl
    georss gml icbm image indexing itunes kml20 kml21 kml22 l mathml media opensearch
    opensearch10 openid opml rdf rdfs ref reqv rss090 rss091 rss1 rss11 search slash soap ss str
    sub svg sx sy taxo thr trackback wfw wiki xhtml xlink xml xrd xrds"""
)
_UNSUPPORTED_NAMESPACES = frozenset(
    {
        "http://schemas.google.com/g/2005",
        "http://schema.org/",
        "https://schema.org/",
        "https://podcastindex.org/namespace/1.0",
    }
)


def check_prefixes(context: Context, prefixes: Iterable[tuple[str | None, str | None]]) -> None:
    """Look at the prefixes that the document declares."""
    for prefix, uri in prefixes:
        for kind in _prefix_faults(prefix, uri or ""):
            context.report.add(kind, f"xmlns:{prefix}" if prefix else "xmlns", uri or "")


def _prefix_faults(prefix: str | None, uri: str) -> Iterator[str]:
    known = KNOWN_NAMESPACES.get(uri)
    if prefix in ("atom", "xhtml") or (prefix and known in ("atom", "xhtml")):
        yield "AvoidNamespacePrefix"
    if prefix in _RESERVED_PREFIXES and known != prefix:
        yield "ReservedPrefix"
    elif known is None:
        fault = uri and uri_fault(uri, REFERENCE, "InvalidIRI")
        unsupported = uri in _UNSUPPORTED_NAMESPACES
        yield fault or ("UnsupportedNamespace" if unsupported else "UnknownNamespace")


def check_characters(context: Context, element: Element, read_closely: bool = True) -> None:
    """Look at every character of the element, and of what is in it."""
    # Below an element of an unknown namespace the validator only looks for single bad signs.
    read_closely = read_closely and (element.key is not None or not element.namespace)
    texts = [*element.runs, *element.attributes.values()]
    if any(re.search("[\x80-\x9f\ufffd]", text) for text in texts):
        context.add("BadCharacters", element, "U+0080 to U+009F, or U+FFFD")
    elif read_closely and any(_is_encoded_twice(run) for run in element.runs):
        context.add("BadCharacters", element, "UTF-8 read as Latin-1 and encoded again")
    for child in element.children:
        check_characters(context, child, read_closely)


def _is_encoded_twice(text: str) -> bool:
    if not re.search("[\xc2\xc3][\x80-\xbf]", text):
        return False
    try:
        text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return False
    return True
