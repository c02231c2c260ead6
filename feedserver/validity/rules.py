"""The rules that documents are held against: where each stands, and what would be right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its name: that of the W3C feed validator, where that has it.

    `source` is the standard and its section. What a rule with `is_warning` forbids is allowed by
    its standard, but not every reader bears it.
    """

    name: str
    source: str
    right: str
    is_warning: bool = False


_ATOM = "RFC 4287"
_URI = "RFC 3986"
_XML = "XML 1.0"
_HTML = "HTML 5"
_RSS = "RSS 2.0"
_PROFILE = "RSS Advisory Board profile"
_HISTORY = "RFC 5005"
_DATE = "RFC 3339"
_VALIDATOR = "W3C feed validator"
_JSON_FEED = "JSON Feed 1.1"
_AS1 = "JSON Activity Streams 1.0"
_AS2 = "Activity Streams 2.0"

_ERRORS = (
    # The document
    ("ValidatorLimit", _VALIDATOR, "at most 5,000,000 bytes"),
    ("BadXmlVersion", f"{_XML}, 2.8", "version 1.0"),
    ("UnknownEncoding", f"{_XML}, 4.3.3", "UTF-8"),
    ("UnicodeError", f"{_XML}, 4.3.3", "bytes of the encoding that is declared"),
    ("SAXError", f"{_XML}, 2.1", "well-formed XML"),
    ("UndefinedNamedEntity", f"{_XML}, 4.1", "the character itself, or a numeric reference"),
    ("MissingNamespace", f"{_ATOM}, 1.2", "the namespace of Atom"),
    ("InvalidNamespace", f"{_ATOM}, 1.2", "the namespace of Atom"),
    # Its structure
    ("UndefinedElement", f"{_ATOM}, 4; {_RSS}", "only elements that may stand there"),
    ("UnexpectedAttribute", f"{_ATOM}, 2", "only attributes that may stand there"),
    ("UnexpectedText", f"{_ATOM}, 2", "elements alone"),
    ("UnexpectedWhitespace", f"{_ATOM}, 3.3 and 4.2.6", "a value without space around it"),
    ("DuplicateElement", f"{_ATOM}, 4.1; {_RSS}", "the element once"),
    ("MissingElement", f"{_ATOM}, 4.1; {_RSS}", "the element, once"),
    ("MissingAttribute", f"{_ATOM}, 4.2.2", "the attribute"),
    ("MisplacedMetadata", f"{_ATOM}, RELAX NG", "what is of the feed before its entries"),
    ("MissingContentOrAlternate", f"{_ATOM}, 4.1.2", "content, or a link with rel=alternate"),
    ("MissingSummary", f"{_ATOM}, 4.1.2", "a summary of content that is no text"),
    # Ids, links and dates
    ("InvalidFullLink", f"{_URI}, 3", "an absolute IRI"),
    ("InvalidLink", f"{_URI}, 4.1", "an IRI"),
    ("InvalidIRI", "RFC 3987, 2", "an IRI"),
    ("InvalidURIAttribute", f"{_URI}, 4.1", "an IRI"),
    ("InvalidUriChar", f"{_URI}, 2", "other characters percent-encoded"),
    ("InvalidTAG", "RFC 4151, 2.1", "tag:DOMAIN,DATE:SPECIFIC"),
    ("InvalidUUID", "RFC 4122, 3", "urn:uuid: and 32 hexadecimal digits in five groups"),
    ("InvalidURN", "RFC 8141, 2", "urn:NAMESPACE:SPECIFIC"),
    ("DuplicateIds", f"{_ATOM}, 4.2.6", "an id of its own for each entry"),
    ("InvalidRFC3339Date", _DATE, "a date, time and zone: 2026-11-20T10:00:00Z"),
    ("InvalidW3CDTFDate", "W3C NOTE-datetime", "2026-11-20, or 2026-11-20T10:00:00Z"),
    ("InvalidISO8601DateTime", "ISO 8601", "2026-11-20, or 2026-11-20T10:00:00Z"),
    ("MissingHref", f"{_ATOM}, 4.2.7.1", "the address in `href`"),
    ("DuplicateAtomLink", f"{_ATOM}, 4.1.1", "one alternate of each type and language"),
    ("FeedRelInCompleteFeed", f"{_HISTORY}, 2", "no page beside a feed that is complete"),
    ("CurrentNotSelfInCompleteFeed", f"{_HISTORY}, 2", "the feed's own address"),
    ("LinkPastEnd", f"{_HISTORY}, 3", "no link beyond the first or the last page"),
    # Values
    ("InvalidTextType", f"{_ATOM}, 3.1.1", "text, html or xhtml"),
    ("InvalidMIMEType", "RFC 2045, 5.1", "a media type: text/html"),
    ("InvalidLanguage", "RFC 5646, 2.1", "a language tag: en, de-AT"),
    ("InvalidNonNegativeInteger", f"{_ATOM}, RELAX NG; {_RSS}", "a whole number, 0 or more"),
    ("InvalidAddrSpec", f"{_ATOM}, 3.2.3", "an e-mail address"),
    ("MissingXhtmlDiv", f"{_ATOM}, 3.1.1.3", "one xhtml:div around it"),
    ("NotBase64", f"{_ATOM}, 4.1.3.3", "Base64"),
    # RSS
    ("WrongRoot", _RSS, 'rss version="2.0" with one channel'),
    ("MissingAtomSelfLink", _PROFILE, "an atom:link with rel=self, the address and the type"),
    ("MisplacedItem", _PROFILE, "what is of the channel before its items"),
    ("InvalidRFC2822Date", f"{_RSS}; RFC 822, 5", "Fri, 20 Nov 2026 10:00:00 +0000"),
    ("IncorrectDOW", "RFC 822, 5.2", "the day of the week on which that date falls"),
    ("InvalidPermalink", _RSS, 'isPermaLink="false" where the guid is no address of a page'),
    ("NeedDescriptionBeforeContent", _PROFILE, "description before content:encoded"),
    # JSON
    ("NotJson", "RFC 8259", "one JSON object in UTF-8"),
    ("DuplicateMember", "RFC 8259, 4", "each name once in an object"),
    ("MissingMember", f"{_JSON_FEED}; {_AS1}, 3; {_AS2}, 2-4", "the member"),
    ("WrongMember", f"{_JSON_FEED}; {_AS1}, 3; {_AS2}, 2-4", "a value of the kind it is for"),
    ("UnknownMember", f"{_JSON_FEED}, Extensions", "a member it knows, or one that begins with _"),
    ("EmptyMember", f"{_JSON_FEED}; {_AS1}; {_AS2}", "a value, or no member"),
    ("DuplicateValue", f"{_ATOM}, 4.2.6; {_RSS}; {_JSON_FEED}", "each id once in a document"),
    ("WrongVersion", _JSON_FEED, "https://jsonfeed.org/version/1.1"),
    ("MissingContext", f"{_AS2} Core, 2.1", "the context of Activity Streams 2.0"),
    ("UndefinedTerm", f"{_AS2} Core, 5", "a term that the document's @context defines"),
    ("UnregisteredType", f"{_AS2} Vocabulary, 3", "a registered type, alone or first of several"),
    ("InvalidName", f"{_AS1}, 3.2", "a simple name, or an IRI"),
)
_WARNINGS = (
    ("ArchiveIncomplete", f"{_HISTORY}, 4", "a link to the archive before or after"),
    ("AtomLinkNotEmpty", f"{_ATOM}, 4.2.7", "a link without text"),
    ("AttrNotBlank", _VALIDATOR, "a value, or no attribute"),
    ("AvoidNamespacePrefix", _VALIDATOR, "Atom and XHTML without a prefix"),
    ("BadCharacters", f"{_XML}, 2.2", "characters that were read in their own encoding"),
    ("ContainsEmail", f"{_ATOM}, 3.2", "the address in `email`"),
    ("ContainsHTML", _VALIDATOR, "plain text"),
    ("ContainsUndeclaredHTML", f"{_ATOM}, 3.1.1", 'type="html", or plain text'),
    ("DangerousStyleAttr", _VALIDATOR, "no style attribute"),
    ("DuplicateEntries", f"{_ATOM}, 4.1.1", "each id once in a document"),
    ("DuplicateUpdated", f"{_ATOM}, 4.2.15", "a date of its own for each entry"),
    ("FeedHistoryRelInEntry", f"{_HISTORY}, 3", "links between pages at the feed alone"),
    ("HtmlFragment", _VALIDATOR, "a whole document where the type is text/html"),
    ("ImplausibleDate", _VALIDATOR, "a date from 1990 to tomorrow"),
    ("MisplacedXHTMLContent", f"{_ATOM}, 3.1.1.3", "XHTML inside a text alone"),
    ("MissingCurrentInArchive", f"{_HISTORY}, 4", "a link with rel=current"),
    ("MissingSelf", f"{_ATOM}, 4.1.1", "a link with rel=self"),
    ("MissingSourceElement", f"{_ATOM}, 4.2.11", "id, title and updated of the source"),
    ("MissingTextualContent", _VALIDATOR, "a text that readers can show"),
    ("MissingTypeAttr", f"{_ATOM}, 4.1.3.1", "the type of what `src` names"),
    ("NonCanonicalURI", f"{_ATOM}, 4.2.6.1", "the one spelling by which ids are compared"),
    ("NotBlank", _VALIDATOR, "something in it"),
    ("NotHtml", _HTML, "HTML that a strict parser takes"),
    ("NotInline", f"{_ATOM}, 3.1.1.3", "XHTML elements, not HTML as text"),
    ("ObscureEncoding", _VALIDATOR, "UTF-8"),
    ("QuestionableUsage", _VALIDATOR, "the element at the feed or at an entry"),
    ("RelativeSelf", _VALIDATOR, "an absolute address"),
    ("ReservedPrefix", _VALIDATOR, "the prefix for the namespace that all know by it"),
    ("SchemeNotIANARegistered", "RFC 7595", "a scheme that is registered"),
    ("SecurityRisk", _VALIDATOR, "no element that readers take away"),
    ("SecurityRiskAttr", _VALIDATOR, "no attribute that readers take away"),
    ("SelfDoesntMatchLocation", f"{_ATOM}, 4.2.7.2", "the address that was asked"),
    ("SelfNotAtom", _VALIDATOR, "the media type of a feed"),
    ("UndeterminableVocabulary", _VALIDATOR, "a namespace"),
    ("UnknownHost", f"{_ATOM}, 3.2.3", "an e-mail address with a full domain name"),
    ("UnknownNamespace", _VALIDATOR, "a namespace that it knows"),
    ("UnregisteredAtomLinkRel", f"{_ATOM}, 4.2.7.2", "a registered relation, or an IRI"),
    ("UnsupportedNamespace", _VALIDATOR, "another namespace"),
    ("UriNotIri", _VALIDATOR, "characters beyond ASCII percent-encoded"),
)

RULES = {name: Rule(name, source, right) for name, source, right in _ERRORS} | {
    name: Rule(name, source, right, is_warning=True) for name, source, right in _WARNINGS
}
"""Every rule by its name."""
