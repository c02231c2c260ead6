"""Rules for elements in general: their attributes, what may stand in them, and where."""

from collections.abc import Mapping

from feedserver.validity.elements import KNOWN_NAMESPACES, XHTML, XML, Check, Context, Element
from feedserver.validity.languages import is_language
from feedserver.validity.uris import REFERENCE, check_uri, to_ascii
from feedserver.validity.words import words

EVERYWHERE = words(
    """dc:contributor dc:coverage dc:description dc:format dc:identifier dc:publisher dc:relation
    dc:rights dc:source dc:title dc:type dc:language dcterms:abstract dcterms:alternative
    dcterms:audience dcterms:available dcterms:created dcterms:dateAccepted dcterms:dateCopyrighted
    dcterms:dateSubmitted dcterms:issued dcterms:license dcterms:mediator dcterms:modified
    dcterms:provenance dcterms:rightsHolder dcterms:spatial dcterms:temporal dcterms:valid"""
)
"""What may stand at a feed and at an entry, so that elsewhere it is questionable, not unknown.

There is no dcterms:date and no dcterms:medium: both are undefined elements to the validator.
"""

_COMMON_ATTRIBUTES = frozenset({"xml:base", "xml:id", "xml:lang", "xml:space"})
_REPEATABLE = words(
    """author category contributor entry link dc:contributor dc:coverage dc:creator dc:identifier
    dc:publisher dc:relation dc:subject dcterms:alternative dcterms:audience dcterms:available
    dcterms:license dcterms:provenance dcterms:rightsHolder dcterms:spatial dcterms:temporal
    dcterms:valid ev:location ev:organizer opensearch:Query thr:in-reply-to"""
)


def check_attributes(
    context: Context, element: Element, expected: frozenset[str] = frozenset()
) -> None:
    """Look for attributes other than the expected ones and those that any element may have."""
    for namespace, name in element.attributes:
        prefix = KNOWN_NAMESPACES.get(namespace)
        key = f"{prefix}:{name}" if prefix else name
        foreign = bool(namespace) and prefix is None
        if not foreign and key not in expected and key not in _COMMON_ATTRIBUTES:
            context.add("UnexpectedAttribute", element, key)
    language = element.attributes.get((XML, "lang"))
    if language and not is_language(language):
        context.add("InvalidLanguage", element, f"xml:lang={language}")
    base = element.attributes.get((XML, "base"))
    if base:
        check_uri(context, element, to_ascii(base), REFERENCE, "InvalidIRI")


def check_children(context: Context, element: Element, rules: Mapping[str, Check]) -> None:
    """Hold each element in this one against the rule for its name; there must be one."""
    if element.text.strip():
        context.add("UnexpectedText", element)
    seen = set()
    for child in element.children:
        key = child.key
        if key is None:
            if not child.namespace:
                context.add("UndeterminableVocabulary", child)
            continue
        if key in seen and key not in _REPEATABLE:
            context.add("DuplicateElement", child)
        seen.add(key)
        rule = rules.get(key, _misplaced)
        rule(context, child)


def _misplaced(context: Context, element: Element) -> None:
    if element.namespace == XHTML:
        context.add("MisplacedXHTMLContent", element)
    elif element.key in EVERYWHERE:
        context.add("QuestionableUsage", element)
    else:
        context.add("UndefinedElement", element, element.key or "")


def leaf(context: Context, element: Element, attributes: frozenset[str] = frozenset()) -> None:
    """Nothing may stand in it but text."""
    check_attributes(context, element, attributes)
    for child in element.children:
        context.add("UndefinedElement", child, f"nothing belongs inside {element.name}")


def eaten(context: Context, element: Element) -> None:
    """Accept whatever it holds, as the validator does here."""


def empty(context: Context, element: Element) -> None:
    """Nothing may stand in it."""
    check_attributes(context, element)
    check_children(context, element, {})


def check_whitespace(context: Context, element: Element) -> None:
    """Its text must have no space around it."""
    if element.text != element.text.strip():
        context.add("UnexpectedWhitespace", element)


def check_not_blank(context: Context, element: Element) -> None:
    """There must be text in it."""
    if not element.text.strip():
        context.add("NotBlank", element)
