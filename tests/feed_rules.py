"""What the W3C feed validator would say about an Atom document."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html.entities import html5, name2codepoint
from urllib.parse import quote, unquote, unquote_to_bytes, urljoin, urlsplit
from xml.parsers import expat

ATOM = "http://www.w3.org/2005/Atom"
XHTML = "http://www.w3.org/1999/xhtml"
XML = "http://www.w3.org/XML/1998/namespace"
LARGEST_DOCUMENT = 5_000_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KNOWN_NAMESPACES = {
    ATOM: "atom",
    XHTML: "xhtml",
    "http://www.w3.org/2007/app": "app",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/rss/1.0/modules/event/": "ev",
    "http://purl.org/rss/1.0/modules/slash/": "slash",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://purl.org/syndication/history/1.0": "fh",
    "http://purl.org/syndication/thread/1.0": "thr",
    "http://a9.com/-/spec/opensearch/1.1/": "opensearch",
    "http://search.yahoo.com/mrss/": "media",
    "http://www.georss.org/georss": "georss",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://xmlns.com/foaf/0.1/": "foaf",
    "http://www.w3.org/2000/svg": "svg",
    "http://www.w3.org/1998/Math/MathML": "mathml",
    XML: "xml",
}
_RESERVED_PREFIXES = _words(
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
_WARNINGS = _words(
    """ArchiveIncomplete AtomLinkNotEmpty AttrNotBlank AvoidNamespacePrefix BadCharacters
    ContainsEmail ContainsHTML ContainsUndeclaredHTML DangerousStyleAttr DuplicateEntries
    DuplicateUpdated FeedHistoryRelInEntry HtmlFragment ImplausibleDate MisplacedXHTMLContent
    MissingCurrentInArchive MissingSelf MissingSourceElement MissingTextualContent MissingTypeAttr
    NonCanonicalURI NotBlank NotHtml NotInline ObscureEncoding QuestionableUsage RelativeSelf
    ReservedPrefix SchemeNotIANARegistered SecurityRisk SecurityRiskAttr SelfDoesntMatchLocation
    SelfNotAtom UndeterminableVocabulary UnknownHost UnknownNamespace UnregisteredAtomLinkRel
    UnsupportedNamespace"""
)


@dataclass(frozen=True)
class Findings:
    """The validator's complaints, each as `Kind: where: what`, in the order of the document."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def check(document: bytes, address: str | None = None, *, now: datetime | None = None) -> Findings:
    """Judge an Atom feed or entry document as https://validator.w3.org/feed/ would.

    `address` is the URL it was fetched from, where the match with `rel=self` matters; `now` is
    the moment against which dates are called implausible. Kinds are the validator's classes.

    Stricter than the validator where that is cheap: an empty feed needs an author (RFC 4287,
    4.1.1), a tag URI a real date and host name (RFC 4151), an id has no bare `%`, and HTML has
    no form control, SVG, MathML, ruby, style attribute or text in a table but outside its cells,
    all of which the validator may let pass.
    Not judged: the HTTP headers, and resolution of e-mail hosts.
    """
    report = _Report()
    text = _decoded(document, report)
    if text is None:
        return report.findings()
    reader = _Reader(text, address or "")
    try:
        root = reader.read()
    except expat.ExpatError as fault:
        undefined = fault.code == expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]
        report.add("UndefinedNamedEntity" if undefined else "SAXError", "document", str(fault))
        return report.findings()
    tomorrow = (now or datetime.now(UTC)).astimezone(UTC) + timedelta(days=1)
    context = _Context(
        report=report,
        address=address,
        tomorrow=f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}",
        lines_with_references=frozenset(
            number for number, line in enumerate(text.split("\n"), 1) if "&#x" in line
        ),
    )
    _check_prefixes(context, reader.prefixes)
    _check_characters(context, root)
    _check_root(context, root)
    return report.findings()


class _Report:
    """Gathers complaints, each once."""

    def __init__(self) -> None:
        self._complaints: dict[tuple[str, str], None] = {}

    def add(self, kind: str, where: str, detail: str = "") -> None:
        message = f"{kind}: {where}: {detail}" if detail else f"{kind}: {where}"
        self._complaints[kind, message] = None

    def findings(self) -> Findings:
        return Findings(
            errors=tuple(text for kind, text in self._complaints if kind not in _WARNINGS),
            warnings=tuple(text for kind, text in self._complaints if kind in _WARNINGS),
        )


@dataclass(eq=False)
class _Element:
    namespace: str
    name: str
    attributes: Mapping[tuple[str, str], str]
    line: int
    base: str
    path: str
    children: list["_Element"] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    @property
    def key(self) -> str | None:
        """The name the rules know it by, or None in a namespace the validator does not know."""
        if self.namespace == ATOM:
            return self.name
        prefix = _KNOWN_NAMESPACES.get(self.namespace)
        return prefix and f"{prefix}:{self.name}"

    @property
    def text(self) -> str:
        return "".join(self.runs)

    @property
    def parent_name(self) -> str:
        return self.path.split("/")[-2].partition("[")[0]

    @property
    def where(self) -> str:
        return f"{self.path} (line {self.line})"

    def get(self, attribute: str) -> str | None:
        return self.attributes.get(("", attribute))

    def named(self, key: str) -> list["_Element"]:
        return [child for child in self.children if child.key == key]


@dataclass(frozen=True)
class _Context:
    report: _Report
    address: str | None
    tomorrow: str
    lines_with_references: frozenset[int]

    def add(self, kind: str, element: _Element, detail: str = "") -> None:
        self.report.add(kind, element.where, detail)

    def is_own_address(self, address: str) -> bool:
        return address == self.address


_Rule = Callable[[_Context, _Element], None]


# Reading the document


def _decoded(document: bytes, report: _Report) -> str | None:
    if len(document) > LARGEST_DOCUMENT:
        report.add("ValidatorLimit", "document", f"{len(document)} bytes")
        return None
    declaration = re.match(
        rb"""(?:\xef\xbb\xbf)?<\?xml\s+version\s*=\s*["']([-\w.:]+)["']"""
        rb"""(?:\s+encoding\s*=\s*["']([-\w.]+)["'])?""",
        document,
    )
    version, encoding = declaration.groups() if declaration else (b"1.0", None)
    if version != b"1.0":
        report.add("BadXmlVersion", "document", version.decode("ascii", "replace"))
    name = (encoding or b"utf-8").decode("ascii")
    try:
        text = document.decode(name).removeprefix("\ufeff")
    except LookupError:
        report.add("UnknownEncoding", "document", name)
        return None
    except UnicodeDecodeError as fault:
        report.add("UnicodeError", "document", str(fault))
        return None
    if not re.fullmatch(r"(?i)utf-8|us-ascii|iso-8859-(1|2|7|15)|windows-125[01245]", name):
        report.add("ObscureEncoding", "document", name)
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Reader:
    """Builds the elements with expat, as the validator does: its line numbers matter."""

    def __init__(self, text: str, base: str) -> None:
        self.prefixes: list[tuple[str | None, str | None]] = []
        self._text = text
        self._open: list[_Element] = [_Element("", "", {}, 0, base, "")]
        self._last_run_is_open = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartNamespaceDeclHandler = self._prefix
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self) -> _Element:
        self._parser.Parse(self._text, True)
        return self._open[0].children[0]

    def _prefix(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes.append((prefix, uri))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._open[-1]
        namespace, _, local = name.rpartition(" ")
        split = {_split(key): value for key, value in attributes.items()}
        count = sum(local == sibling.name for sibling in parent.children) + 1
        element = _Element(
            namespace=namespace,
            name=local,
            attributes=split,
            line=self._parser.CurrentLineNumber,
            base=urljoin(parent.base, split.get((XML, "base"), "")),
            path=f"{parent.path}/{local}" + (f"[{count}]" if count > 1 or local == "entry" else ""),
        )
        parent.children.append(element)
        self._open.append(element)
        self._last_run_is_open = False

    def _end(self, name: str) -> None:
        self._open.pop()
        self._last_run_is_open = False

    def _characters(self, text: str) -> None:
        runs = self._open[-1].runs
        if self._last_run_is_open:
            runs[-1] += text
        else:
            runs.append(text)
        self._last_run_is_open = True


def _split(name: str) -> tuple[str, str]:
    namespace, _, local = name.rpartition(" ")
    return namespace, local


# Rules for the whole document


def _check_prefixes(context: _Context, prefixes: list[tuple[str | None, str | None]]) -> None:
    for prefix, uri in prefixes:
        for kind in _prefix_faults(prefix, uri or ""):
            context.report.add(kind, f"xmlns:{prefix}" if prefix else "xmlns", uri or "")


def _prefix_faults(prefix: str | None, uri: str) -> Iterator[str]:
    known = _KNOWN_NAMESPACES.get(uri)
    if prefix in ("atom", "xhtml") or (prefix and known in ("atom", "xhtml")):
        yield "AvoidNamespacePrefix"
    if prefix in _RESERVED_PREFIXES and known != prefix:
        yield "ReservedPrefix"
    elif known is None:
        fault = uri and _uri_fault(uri, _REFERENCE, "InvalidIRI")
        unsupported = uri in _UNSUPPORTED_NAMESPACES
        yield fault or ("UnsupportedNamespace" if unsupported else "UnknownNamespace")


def _check_characters(context: _Context, element: _Element, read_closely: bool = True) -> None:
    # Below an element of an unknown namespace the validator only looks for single bad signs.
    read_closely = read_closely and element.key is not None
    texts = [*element.runs, *element.attributes.values()]
    if any(re.search("[\x80-\x9f\ufffd]", text) for text in texts):
        context.add("BadCharacters", element, "U+0080 to U+009F, or U+FFFD")
    elif read_closely and any(_is_encoded_twice(run) for run in element.runs):
        context.add("BadCharacters", element, "UTF-8 read as Latin-1 and encoded again")
    for child in element.children:
        _check_characters(context, child, read_closely)


def _is_encoded_twice(text: str) -> bool:
    if not re.search("[\xc2\xc3][\x80-\xbf]", text):
        return False
    try:
        text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return False
    return True


def _check_root(context: _Context, root: _Element) -> None:
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


# Rules for elements in general


def _check_attributes(
    context: _Context, element: _Element, expected: frozenset[str] = frozenset()
) -> None:
    for namespace, name in element.attributes:
        prefix = _KNOWN_NAMESPACES.get(namespace)
        key = f"{prefix}:{name}" if prefix else name
        foreign = bool(namespace) and prefix is None
        if not foreign and key not in expected and key not in _COMMON_ATTRIBUTES:
            context.add("UnexpectedAttribute", element, key)
    language = element.attributes.get((XML, "lang"))
    if language and not _is_language(language):
        context.add("InvalidLanguage", element, f"xml:lang={language}")
    base = element.attributes.get((XML, "base"))
    if base:
        _check_uri(context, element, _to_ascii(base), _REFERENCE, "InvalidIRI")


_COMMON_ATTRIBUTES = frozenset({"xml:base", "xml:id", "xml:lang", "xml:space"})


def _check_children(context: _Context, element: _Element, rules: Mapping[str, _Rule]) -> None:
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


def _misplaced(context: _Context, element: _Element) -> None:
    if element.namespace == XHTML:
        context.add("MisplacedXHTMLContent", element)
    elif element.key in _EVERYWHERE:
        context.add("QuestionableUsage", element)
    else:
        context.add("UndefinedElement", element, element.key or "")


def _leaf(context: _Context, element: _Element, attributes: frozenset[str] = frozenset()) -> None:
    _check_attributes(context, element, attributes)
    for child in element.children:
        context.add("UndefinedElement", child, f"nothing belongs inside {element.name}")


def _eaten(context: _Context, element: _Element) -> None:
    """Accept whatever it holds, as the validator does here."""


def _empty(context: _Context, element: _Element) -> None:
    _check_attributes(context, element)
    _check_children(context, element, {})


def _check_whitespace(context: _Context, element: _Element) -> None:
    if element.text != element.text.strip():
        context.add("UnexpectedWhitespace", element)


def _check_not_blank(context: _Context, element: _Element) -> None:
    if not element.text.strip():
        context.add("NotBlank", element)


# Dates

_TIME = r"T(\d\d):(\d\d)(?::(\d\d(?:\.\d*)?))"
_ZONE = r"(?:Z|[+-]\d\d:\d\d)"
_RFC3339 = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d){_TIME}{_ZONE}", re.ASCII)
_W3CDTF = re.compile(rf"(\d{{4}})(?:-(\d\d)(?:-(\d\d)(?:{_TIME}?{_ZONE})?)?)?", re.ASCII)


def _check_date(context: _Context, element: _Element, form: re.Pattern[str], invalid: str) -> None:
    _leaf(context, element)
    value = element.text.strip()
    match = form.fullmatch(value)
    if match is None or not _is_possible(*match.groups()):
        context.add(invalid, element, value)
    # The validator compares the bare strings, whatever their zones.
    elif value < "1990-01-01" or value > context.tomorrow:
        context.add("ImplausibleDate", element, value)


def _is_possible(
    year: str,
    month: str | None,
    day: str | None,
    hour: str | None,
    minute: str | None,
    second: str | None,
) -> bool:
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    return int(hour or 0) <= 23 and int(minute or 0) <= 60 and float(second or 0) <= 60


def _timestamp(context: _Context, element: _Element) -> None:
    _check_date(context, element, _RFC3339, "InvalidRFC3339Date")
    _check_whitespace(context, element)


def _w3c_date(context: _Context, element: _Element) -> None:
    _check_date(context, element, _W3CDTF, "InvalidW3CDTFDate")


def _plain_date(context: _Context, element: _Element) -> None:
    _leaf(context, element)
    if not _W3CDTF.fullmatch(element.text.strip()):
        context.add("InvalidISO8601DateTime", element, element.text.strip())


# URIs

_URI_SIGNS = r"0-9a-zA-Z;/?:@&=+$.\-_!~*'()%,"
_REFERENCE = re.compile(
    rf"(?:[a-zA-Z][0-9a-zA-Z+\-.]*:)?/{{0,2}}(?:\[[0-9A-Fa-f:]+\])?[{_URI_SIGNS}#]*"
)
_FULL_URI = re.compile(rf"[a-zA-Z][0-9a-zA-Z+\-.]*:(?://)?[{_URI_SIGNS}#]+")
_TAG_URI = re.compile(
    rf"tag:(?:[a-z0-9\-._]+@)?([a-z0-9.\-]+),(\d{{4}})(?:-(\d\d)(?:-(\d\d))?)?"
    rf":[{_URI_SIGNS}]*(?:#[{_URI_SIGNS}]*)?",
    re.ASCII,
)
_URN = re.compile(
    r"(?i:urn):[a-zA-Z0-9][a-zA-Z0-9-]{1,31}:(?:[\w()+,.:=@;$!*'\-]|%[\da-fA-F]{2})+", re.ASCII
)
_UUID = re.compile(r"(?i)urn:uuid:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}", re.ASCII)
_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_REGISTERED_SCHEMES = _words(
    """aaa aaas acap cap cid crid data dav dict dns fax file ftp go gopher http https iax icap im
    imap info ipp iris ldap mailto mid modem msrp msrps mtqp mupdate news nfs nntp opaquelocktoken
    pop pres prospero rtsp service shttp sip sips tag tel telnet tftp thismessage tip tv urn vemmi
    wais xmpp"""
)


def _uri_fault(value: str, form: re.Pattern[str], invalid: str) -> str | None:
    scheme = value.split(":")[0].lower()
    if scheme == "tag":
        return None if _is_tag(value) else "InvalidTAG"
    if value.lower().startswith("urn:uuid:"):
        return None if _UUID.fullmatch(value) else "InvalidUUID"
    if scheme == "urn":
        return None if _URN.fullmatch(value) else "InvalidURN"
    if not form.fullmatch(value):
        if re.search(rf"[^{_URI_SIGNS}#\x80-\U0010ffff]", value):
            return "InvalidUriChar"
        return "UriNotIri" if form.fullmatch(_to_ascii(value)) else invalid
    if scheme in ("http", "ftp") and not re.match(r"\w+://[^/]", value):
        return invalid
    if ":" in value and scheme.isalpha() and scheme not in _REGISTERED_SCHEMES:
        return "SchemeNotIANARegistered"
    return None


def _is_tag(value: str) -> bool:
    match = _TAG_URI.fullmatch(value)
    if match is None:
        return False
    host, year, month, day = match.groups()
    labels = host.split(".")
    return all(map(_HOST_LABEL.fullmatch, labels)) and _is_possible(
        year, month, day, None, None, None
    )


def _to_ascii(value: str) -> str:
    """Turn an IRI into ASCII as the validator does, by IDNA, or leave it where that fails.

    That treats the whole IRI as a host name: a stretch of more than 63 characters between two
    dots that holds a non-ASCII sign cannot be encoded and is then called invalid.
    """
    try:
        return value.encode("idna").decode("ascii")
    except UnicodeError:
        return value


def _check_uri(
    context: _Context, element: _Element, value: str, form: re.Pattern[str], invalid: str
) -> bool:
    fault = _uri_fault(value, form, invalid)
    if fault:
        context.add(fault, element, value)
    return fault is None


def _canonical(uri: str) -> str | None:
    """Return the spelling that lets ids be compared as strings, or None if there is none."""
    match = re.fullmatch(
        r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", uri, re.DOTALL
    )
    if match is None:
        return None
    scheme, authority, path, query, fragment = match.groups()
    if scheme is None and authority is None and not path.startswith("/"):
        return None
    try:
        parts = [scheme.lower() + ":" if scheme else ""]
        if authority is not None:
            parts.append("//" + _canonical_authority(authority, (scheme or "").lower()))
        if authority is not None or path.startswith("/"):
            path = _without_dots(path)
        parts.append(_canonical_escapes(path, "/"))
        parts.extend(
            sign + _canonical_escapes(part, "/?")
            for sign, part in (("?", query), ("#", fragment))
            if part is not None
        )
    except (UnicodeError, ValueError):
        return None
    return "".join(parts)


def _canonical_authority(authority: str, scheme: str) -> str:
    user, at, host = authority.rpartition("@")
    host, _, port = host.lower().partition(":")
    default = {"http": "80", "https": "443", "ftp": "21"}.get(scheme)
    shown = f":{port}" if port and port != default else ""
    return (user + at if user.strip(":") else "") + host.removesuffix(".") + shown


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")
    for number, segment in enumerate(segments):
        if segment == ".." and len(kept) > 1:
            kept.pop()
        if segment not in (".", ".."):
            kept.append(segment)
        elif number == len(segments) - 1:
            kept.append("")
    return "/".join(kept) if len(kept) > 1 else "/"


def _canonical_escapes(text: str, more: str) -> str:
    if re.search("%(?![0-9a-fA-F]{2})", text):
        raise ValueError(text)
    safe = "-._~!$&'()*+,;=:@" + more
    kept = "|".join(rf"{re.escape(sign)}|%{ord(sign):02X}" for sign in safe if sign not in "-._~")
    pieces = re.split(f"((?i:{kept}))", text)
    # The validator takes escapes off twice, so that %2541 is not canonical either.
    return "".join(
        piece.upper() if number % 2 else quote(_unescaped(piece), safe)
        for number, piece in enumerate(pieces)
    )


def _unescaped(text: str) -> str:
    return unicodedata.normalize("NFC", unquote(unquote_to_bytes(text).decode("utf-8")))


# Texts

_MEDIA_TYPE = re.compile(
    r"""[^\s()<>,;:\\"/[\]?=]+/[^\s()<>,;:\\"/[\]?=]+"""
    r"""(?:\s*;\s*[^\s()<>,;:\\"/[\]?=]+=(?:"[^"]*"|[^\s()<>,;:\\"/[\]?=]+))*"""
)


def _check_no_html(
    context: _Context, element: _Element, text: str, kind: str = "ContainsHTML"
) -> None:
    tags = [tag for tag in re.findall(r"</(\w+)>", text) if tag.lower() in _HTML_TAGS]
    if tags:
        context.add(kind, element, f"</{tags[0]}>")
    # A hexadecimal reference in the line of the start tag says that the signs are meant.
    elif element.line not in context.lines_with_references:
        for name in re.findall(r"&(#?\w+)", text):
            if name in name2codepoint or name == "apos" or not name.isalpha():
                context.add(kind, element, f"&{name}")


def _plain(context: _Context, element: _Element) -> None:
    _leaf(context, element)
    _check_no_html(context, element, element.text)


def _text_construct(context: _Context, element: _Element) -> None:
    kind = element.get("type")
    if kind and "/" in kind:
        context.add("InvalidTextType", element, kind)
    _check_typed_text(context, element, kind)


def _content(context: _Context, element: _Element) -> None:
    source = element.get("src")
    if source is not None:
        _check_uri(context, element, source, _REFERENCE, "InvalidURIAttribute")
        if element.get("type") is None:
            context.add("MissingTypeAttr", element)
        if element.text.strip():
            context.add("UnexpectedText", element)
    _check_typed_text(context, element, element.get("type"))


def _check_typed_text(context: _Context, element: _Element, kind: str | None) -> None:
    _check_attributes(context, element, frozenset({"type", "src"}))
    if kind == "":
        context.add("AttrNotBlank", element, "type")
    elif kind not in (None, "text", "html", "xhtml") and not _MEDIA_TYPE.fullmatch(kind or ""):
        context.add("InvalidMIMEType", element, kind or "")
    if not element.text and not element.children and element.get("src") is None:
        context.add("NotBlank", element)
    if kind == "xhtml":
        _check_xhtml(context, element)
        return
    if element.children and not (kind or "").endswith(("+xml", "/xml")):
        context.add("UndefinedElement", element.children[0], f"type is {kind or 'text'}")
    if kind == "html" or (kind or "").endswith("/html"):
        _check_html(context, element, element.text)
        if kind != "html" and "<html" not in element.text and element.get("src") is None:
            context.add("HtmlFragment", element)
    elif "/" in (kind or "") and not _is_textual(kind or ""):
        if not re.fullmatch(r"[A-Za-z0-9+/=\s]*", element.text):
            context.add("NotBase64", element)
    else:
        _check_no_html(context, element, element.text, "ContainsUndeclaredHTML")


def _is_textual(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type.endswith(("+xml", "/xml"))


# HTML

_RISKY_TAGS = _words(
    """applet base basefont bdo body comment embed frame frameset head html iframe isindex link
    listing meta noframes object param plaintext script slot style title xmp"""
)
_SAFE_TAGS = _words(
    """a abbr acronym address area article aside audio b bdi big blockquote br canvas caption
    center cite code col colgroup dd del details dfn dialog dir div dl dt em fieldset figcaption
    figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd legend li main map mark
    menu meter nav ol p picture pre progress q s samp section small source span strike strong sub
    summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr"""
)
_HTML_TAGS = (
    _RISKY_TAGS
    | _SAFE_TAGS
    | _words(
        """button command data datagrid datalist eventsource form input label m noscript optgroup
        option output rp rt ruby select template textarea"""
    )
)
_SAFE_ATTRIBUTES = _words(
    """abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset
    cite class clear color cols colspan compact coords crossorigin datetime decoding default dir
    download draggable face frame headers height hidden high href hreflang hspace id ismap itemid
    itemprop itemref itemscope itemtype kind label lang loading longdesc loop low max media min
    muted name nowrap open optimum playsinline poster preload referrerpolicy rel rev reversed
    rowspan rules scope shape size sizes span spellcheck src srclang srcset start summary tabindex
    target title translate type usemap valign value vspace width xml:lang"""
)
_VOID = _words("area br col hr img source track wbr base embed link meta param")
_RAW = _words("script style iframe noframes title xmp")
_HEADINGS = _words("h1 h2 h3 h4 h5 h6")
_FORMATTING = _words("a b big code em font i s small strike strong tt u")
_BLOCKS = _words(
    """address article aside blockquote center details dir div dl fieldset figcaption figure
    footer header hgroup main menu nav ol pre section summary ul"""
)
_IMPLIED_ENDS = frozenset({"dd", "dt", "li", "p"})
_MAY_STAY_OPEN = _IMPLIED_ENDS | {"tbody", "td", "tfoot", "th", "thead", "tr"}
_TABLE_PARTS = _words("caption col colgroup tbody td tfoot th thead tr")
_ROW_GROUPS = frozenset({"tbody", "tfoot", "thead"})
_CELLS = frozenset({"td", "th"})
_SCOPES = frozenset({"caption", "table", "td", "th"})
_SPECIAL = (
    (_BLOCKS - {"figcaption", "hgroup", "main", "summary"})
    | _HEADINGS
    | _TABLE_PARTS
    | frozenset({"dd", "dt", "li", "p", "table"})
)

_LONGEST_NAME = max(map(len, html5))
_SPACE = r"[\t\n\f\r ]"
_MARKUP = re.compile(
    rf"""<!--(?!-?>)(?:-?[^-])*-->
    |<(?P<end>/?)(?P<tag>[a-zA-Z][^\t\n\f\r />]*)
     (?P<attributes>(?:{_SPACE}+[^\t\n\f\r />"'<=]+
      (?:{_SPACE}*={_SPACE}*(?:"[^"]*"|'[^']*'|[^\t\n\f\r "'=<>`]+))?)*)
     {_SPACE}*(?P<closed>/?)>""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    rf"""([^\t\n\f\r />"'<=]+)(?:{_SPACE}*={_SPACE}*("[^"]*"|'[^']*'|[^\t\n\f\r "'=<>`]+))?"""
)
_NOT_IN_HTML = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)


class _MalformedError(Exception):
    """HTML that a strict HTML 5 parser refuses."""


@dataclass(frozen=True)
class _Tag:
    name: str
    attributes: tuple[str, ...]


def _check_html(context: _Context, element: _Element, text: str) -> None:
    """Parse the text strictly, then ask whether each tag and attribute is harmless."""
    try:
        tags = _parsed(text)
    except _MalformedError as fault:
        context.add("NotHtml", element, str(fault))
        return
    for tag in tags:
        if tag.name in _RISKY_TAGS:
            context.add("SecurityRisk", element, tag.name)
        elif tag.name not in _SAFE_TAGS:
            context.add("NotHtml", element, f"tag {tag.name} is unknown, or not looked into here")
        for attribute in tag.attributes:
            if attribute == "style":
                context.add("DangerousStyleAttr", element, f"{tag.name} style")
            elif attribute not in _SAFE_ATTRIBUTES and not attribute.startswith("data-"):
                context.add("SecurityRiskAttr", element, f"{tag.name} {attribute}")


def _parsed(text: str) -> list[_Tag]:
    if bad := _NOT_IN_HTML.search(text):
        raise _MalformedError(f"U+{ord(bad[0]):04X} is no character of HTML")
    tags = []
    tree = _Tree()
    position = 0
    while position < len(text):
        opening = text.find("<", position)
        plain = text[position : opening if opening >= 0 else len(text)]
        _check_references(plain)
        tree.text(plain)
        position += len(plain)
        if position == len(text):
            break
        match = _MARKUP.match(text, position)
        if match is None:
            raise _MalformedError(f"no tag at {text[position : position + 20]!r}")
        position = match.end()
        name = (match["tag"] or "").lower()
        if match["end"]:
            if match["attributes"] or match["closed"]:
                raise _MalformedError(f"more than a name in </{name}>")
            tree.end(name)
        elif name:
            tags.append(_Tag(name, _attribute_names(match["attributes"])))
            if match["closed"] and name not in _VOID:
                raise _MalformedError(f"<{name}/> does not close {name}")
            if name in _RAW:
                position = _end_of_raw_text(text, position, name)
            else:
                tree.start(name)
    tree.finish()
    return tags


def _end_of_raw_text(text: str, position: int, name: str) -> int:
    end = re.compile(rf"</{name}{_SPACE}*>", re.IGNORECASE).search(text, position)
    if end is None:
        raise _MalformedError(f"{name} is not closed")
    return end.end()


def _attribute_names(text: str) -> tuple[str, ...]:
    pairs = _ATTRIBUTE.findall(text)
    names = tuple(name.lower() for name, _ in pairs)
    if len(set(names)) < len(names):
        raise _MalformedError(f"an attribute comes twice in{text}")
    for _, value in pairs:
        _check_references(value.strip("\"'"), in_attribute=value)
    return names


def _check_references(text: str, in_attribute: str = "") -> None:
    for match in re.finditer(r"&(?:#([xX]?)([0-9a-fA-F]*)(;?)|([^\t\n\f\r <&][^<&]*))", text):
        hexadecimal, digits, semicolon, name = match.groups()
        if name is None:
            _check_number(digits, 16 if hexadecimal else 10, semicolon)
        elif name[0] != in_attribute[:1]:
            _check_name(name)


def _check_name(text: str) -> None:
    names = (text[:end] for end in range(min(len(text), _LONGEST_NAME) + 1))
    longest = max((name for name in names if name in html5), default="", key=len)
    if not longest.endswith(";"):
        raise _MalformedError(f"&{text[:20]} is no named reference")


def _check_number(digits: str, radix: int, semicolon: str) -> None:
    digits = digits if radix == 16 else (re.match(r"\d*", digits) or [""])[0]
    if not digits or not semicolon:
        raise _MalformedError(f"&#{digits} is no numeric reference")
    number = int(digits, radix)
    surrogate = 0xD800 <= number <= 0xDFFF
    if number > 0x10FFFF or surrogate or number == 13 or _NOT_IN_HTML.match(chr(number)):
        raise _MalformedError(f"&#{digits}; is no character of HTML")


class _Tree:
    """The open elements of a strict HTML 5 parser; each method refuses what it calls an error."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def text(self, text: str) -> None:
        if text.strip("\t\n\f\r ") and self._table_context() not in _CELLS | {None, "caption"}:
            raise _MalformedError("text in a table, outside its cells")

    def start(self, name: str) -> None:
        if self._table_context() not in _CELLS | {None, "caption"}:
            self._start_in_table(name)
        elif name in _TABLE_PARTS:
            self._start_part(name)
        else:
            self._start_in_body(name)

    def end(self, name: str) -> None:
        context = self._table_context()
        if context in _CELLS | {None, "caption"}:
            self._end_in_body(name, context)
        elif context == "colgroup" and name != "colgroup":
            self._open.pop()
            self.end(name)
        elif name == context:
            self._open.pop()
        elif name in _ROW_GROUPS | {"table"} and name in self._open_in_table():
            self._open.pop()
            self.end(name)
        else:
            raise _MalformedError(f"</{name}> in {context}")

    def finish(self) -> None:
        for name in reversed(self._open):
            if name not in _MAY_STAY_OPEN:
                raise _MalformedError(f"{name} is not closed")

    def _table_context(self) -> str | None:
        parts = (_TABLE_PARTS | {"table"}).intersection(self._open)
        return next((name for name in reversed(self._open) if name in parts), None)

    def _open_in_table(self) -> list[str]:
        last = max((at for at, name in enumerate(self._open) if name == "table"), default=0)
        return self._open[last:]

    def _current(self) -> str | None:
        return self._open[-1] if self._open else None

    def _in_scope(self, names: frozenset[str], barriers: frozenset[str] = _SCOPES) -> bool:
        for name in reversed(self._open):
            if name in names:
                return True
            if name in barriers:
                return False
        return False

    def _imply_ends(self, except_for: str = "") -> None:
        while self._current() in _IMPLIED_ENDS - {except_for}:
            self._open.pop()

    def _close(self, name: str, keep: str = "") -> None:
        self._imply_ends(keep)
        if self._current() != name:
            raise _MalformedError(f"{name} ends while {self._current()} is open")
        self._open.pop()

    def _close_paragraph(self) -> None:
        if self._in_scope(frozenset({"p"})):
            self._close("p", "p")

    def _start_in_body(self, name: str) -> None:
        if name in ("html", "head", "body", "frame", "frameset", "image"):
            raise _MalformedError(f"<{name}> in a fragment")
        if name in ("li", "dd", "dt"):
            self._end_item_before(frozenset({"li"} if name == "li" else {"dd", "dt"}))
        if name in _BLOCKS | _HEADINGS | {"li", "dd", "dt", "hr", "p", "table"}:
            self._close_paragraph()
        if name in _HEADINGS and self._current() in _HEADINGS:
            raise _MalformedError(f"<{name}> in {self._current()}")
        if name == "a" and self._in_scope(frozenset({"a"}), _CELLS | {"caption"}):
            raise _MalformedError("a in a")
        if name not in _VOID:
            self._open.append(name)

    def _end_item_before(self, names: frozenset[str]) -> None:
        for name in reversed(self._open):
            if name in names:
                self._close(name, name)
                return
            if name in _SPECIAL - {"address", "div", "p"}:
                return

    def _start_part(self, name: str) -> None:
        cells = [open_ for open_ in self._open_in_table() if open_ in _CELLS]
        if not cells:
            raise _MalformedError(f"<{name}> outside a table")
        self._close(cells[-1], cells[-1])
        self.start(name)

    def _start_in_table(self, name: str) -> None:
        context = self._table_context()
        below = {"table": 0, "thead": 1, "tbody": 1, "tfoot": 1, "tr": 2}.get(context or "")
        if name == "col" and context == "colgroup":
            return
        if below is None:
            self._open.pop()
            self.start(name)
        elif (below == 2 and name in _CELLS) or (below == 1 and name == "tr"):
            self._open.append(name)
        elif below and name in _TABLE_PARTS - (_CELLS if below == 1 else frozenset()):
            self._open.pop()
            self.start(name)
        elif below == 0 and name in _ROW_GROUPS | {"caption", "colgroup"}:
            self._open.append(name)
        elif below == 0 and name in ("col", "tr"):
            self._open.append("colgroup" if name == "col" else "tbody")
            self.start(name)
        else:
            raise _MalformedError(f"<{name}> in {context}")

    def _end_in_body(self, name: str, context: str | None) -> None:
        if name in _CELLS or name == "caption":
            if name != context:
                raise _MalformedError(f"</{name}> without its start")
            self._close(name, name)
        elif name in _ROW_GROUPS | {"table", "tr"} and context in _CELLS:
            if name not in self._open_in_table():
                raise _MalformedError(f"</{name}> without its start")
            self._close(context or "", context or "")
            self.end(name)
        elif name in _BLOCKS | {"p", "li", "dd", "dt"}:
            barriers = _SCOPES | ({"ol", "ul"} if name == "li" else set())
            if not self._in_scope(frozenset({name}), barriers):
                raise _MalformedError(f"</{name}> without its start")
            self._close(name, "" if name in _BLOCKS else name)
        elif name in _HEADINGS:
            self._close(name)
        elif name in _FORMATTING:
            if self._current() != name:
                raise _MalformedError(f"</{name}> while {self._current()} is open")
            self._open.pop()
        else:
            self._end_other(name)

    def _end_other(self, name: str) -> None:
        for open_ in reversed(self._open):
            if open_ == name:
                self._close(name, name)
                return
            if open_ in _SPECIAL:
                break
        raise _MalformedError(f"</{name}> without its start")


def _check_xhtml(context: _Context, element: _Element) -> None:
    first = element.children[0] if element.children else None
    if first is None or first.name != "div" or element.text.strip():
        context.add("MissingXhtmlDiv", element)
    for child in element.children:
        _check_no_html(context, element, child.text, "NotInline")
        _check_xhtml_element(context, child)


def _check_xhtml_element(context: _Context, element: _Element) -> None:
    if element.namespace != XHTML or element.name not in _HTML_TAGS:
        context.add("NotHtml", element, f"{{{element.namespace}}}{element.name}")
    elif element.name not in _SAFE_TAGS:
        context.add("SecurityRisk", element, element.name)
    for _, name in element.attributes:
        if name == "style":
            context.add("DangerousStyleAttr", element)
        elif name.startswith("on"):
            context.add("SecurityRiskAttr", element, name)
    for child in element.children:
        _check_xhtml_element(context, child)


# The elements of Atom, RFC 4287

_LANGUAGES = _words(
    """aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy
    da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy
    hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li
    ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os
    pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te
    tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu x"""
)
_PAGING_RELATIONS = frozenset(
    {"current", "first", "last", "next", "next-archive", "prev-archive", "previous"}
)
_RELATIONS = _PAGING_RELATIONS | _words(
    """alternate describedby edit edit-media enclosure hub license payment related replies search
    self service up via"""
)
_FEED_TYPES = frozenset({"application/atom+xml", "application/rdf+xml", "application/rss+xml"})
_ADDRESS = (
    r"[A-Z0-9_\-+.']+@(?:[0-9]{1,3}(?:\.[0-9]{1,3}){2}\.|(?:[A-Z0-9\-]+\.)+)[A-Z0-9][-A-Z0-9]*"
)


def _is_language(value: str) -> bool:
    primary = value.split("-")[0].lower()
    # Of the codes with three letters the validator knows those of ISO 639-2.
    return primary in _LANGUAGES or bool(re.fullmatch("[a-z]{3}", primary))


def _identifier(context: _Context, element: _Element) -> None:
    _leaf(context, element)
    _check_whitespace(context, element)
    _check_identity(context, element, element.text.strip())


def _check_identity(context: _Context, element: _Element, value: str) -> None:
    valid = _check_uri(context, element, value, _FULL_URI, "InvalidFullLink")
    if valid and value != _canonical(value):
        context.add("NonCanonicalURI", element, f"{value}, not {_canonical(value)}")


def _relation(link: _Element) -> str:
    relation = link.get("rel")
    registry = "http://www.iana.org/assignments/relation/"
    return "alternate" if relation is None else relation.removeprefix(registry)


def _link(context: _Context, element: _Element) -> None:
    _check_attributes(
        context,
        element,
        _words("href hreflang length rel title type thr:count thr:updated"),
    )
    if element.text.strip():
        context.add("AtomLinkNotEmpty", element)
    _check_relation(context, element)
    _check_link_attributes(context, element)
    href = element.get("href")
    if href is None:
        context.add("MissingHref", element)
    elif _check_uri(context, element, _to_ascii(href), _REFERENCE, "InvalidIRI"):
        _check_self(context, element, href)


def _check_relation(context: _Context, element: _Element) -> None:
    relation = _relation(element)
    if relation not in _RELATIONS and not _FULL_URI.fullmatch(_to_ascii(relation)):
        context.add("UnregisteredAtomLinkRel", element, relation)
    if not relation:
        context.add("AttrNotBlank", element, "rel")
    if relation in _PAGING_RELATIONS and element.parent_name == "entry":
        context.add("FeedHistoryRelInEntry", element, relation)
    for count in ("count", "updated"):
        key = ("http://purl.org/syndication/thread/1.0", count)
        if key in element.attributes and relation != "replies":
            context.add("UnexpectedAttribute", element, f"thr:{count}")


def _check_link_attributes(context: _Context, element: _Element) -> None:
    kind, title = element.get("type"), element.get("title")
    length, language = element.get("length"), element.get("hreflang")
    if kind is not None and not _MEDIA_TYPE.fullmatch(kind):
        context.add("InvalidMIMEType", element, kind)
    elif kind and _relation(element) == "self" and kind.split(";")[0] not in _FEED_TYPES:
        context.add("SelfNotAtom", element, kind)
    if title == "":
        context.add("AttrNotBlank", element, "title")
    _check_no_html(context, element, title or "")
    if length is not None and not re.fullmatch(r"\s*\+?\d+\s*", length):
        context.add("InvalidNonNegativeInteger", element, length)
    if language is not None and not _is_language(language):
        context.add("InvalidLanguage", element, f"hreflang={language}")


def _check_self(context: _Context, element: _Element, href: str) -> None:
    if _relation(element) != "self" or element.parent_name != "feed":
        return
    if not urlsplit(href).netloc and element.base == (context.address or ""):
        context.add("RelativeSelf", element, href)
    target = urljoin(element.base, href)
    if context.address is None or target.split("#")[0] == context.address.split("#")[0]:
        return
    if _canonical(target) != _canonical(context.address):
        context.add("SelfDoesntMatchLocation", element, f"{href} fetched from {context.address}")


def _check_alternates(context: _Context, element: _Element) -> None:
    seen = set()
    for link in element.named("link"):
        if _relation(link) == "alternate":
            key = link.get("type") or "", link.get("hreflang") or ""
            if key in seen:
                context.add("DuplicateAtomLink", link, f"type={key[0]} hreflang={key[1]}")
            seen.add(key)


def _category(context: _Context, element: _Element) -> None:
    _check_attributes(context, element, frozenset({"term", "scheme", "label"}))
    _check_children(context, element, {})
    term, scheme = element.get("term"), element.get("scheme")
    if term is None:
        context.add("MissingAttribute", element, "term")
    elif not term:
        context.add("NotBlank", element, "term")
    if scheme is not None:
        _check_uri(context, element, scheme, _FULL_URI, "InvalidFullLink")
    _check_no_html(context, element, element.get("label") or "")


def _generator(context: _Context, element: _Element) -> None:
    _leaf(context, element, frozenset({"uri", "version"}))
    _check_not_blank(context, element)
    _check_no_html(context, element, element.text)
    uri = element.get("uri")
    if uri is not None:
        _check_uri(context, element, uri, _REFERENCE, "InvalidURIAttribute")


def _image(context: _Context, element: _Element) -> None:
    _leaf(context, element)
    _check_not_blank(context, element)
    _check_whitespace(context, element)
    _check_uri(context, element, element.text.strip(), _REFERENCE, "InvalidLink")


def _person(context: _Context, element: _Element) -> None:
    _check_attributes(context, element, frozenset({"rdf:parseType"}))
    _check_children(context, element, _PERSON_RULES)
    if not element.named("name"):
        context.add("MissingElement", element, "name")


def _person_name(context: _Context, element: _Element) -> None:
    _plain(context, element)
    _check_not_blank(context, element)
    if re.search(f"(?i)<{_ADDRESS}>", element.text):
        context.add("ContainsEmail", element)


def _email(context: _Context, element: _Element) -> None:
    _leaf(context, element)
    value = element.text.strip()
    if not re.fullmatch(f"(?i){_ADDRESS}", value):
        known_form = re.fullmatch(r"[\w._%+-]+@[A-Za-z][\w.-]+", value)
        context.add("UnknownHost" if known_form else "InvalidAddrSpec", element, value)


def _person_uri(context: _Context, element: _Element) -> None:
    _leaf(context, element)
    _check_not_blank(context, element)
    _check_whitespace(context, element)
    _check_uri(context, element, _to_ascii(element.text.strip()), _REFERENCE, "InvalidIRI")


def _feed(context: _Context, element: _Element) -> None:
    _check_attributes(context, element)
    _check_children(context, element, _FEED_RULES)
    _check_metadata(context, element, "MissingElement")
    links = {_relation(link): link.get("href") or "" for link in element.named("link")}
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


def _check_metadata(context: _Context, element: _Element, missing: str) -> None:
    for name in ("id", "title", "updated"):
        if not element.named(name):
            context.add(missing, element, name)
    _check_alternates(context, element)


def _check_history(context: _Context, element: _Element, links: Mapping[str, str]) -> None:
    """RFC 5005, as the validator reads it."""
    complete = bool(element.named("fh:complete"))
    for relation in _PAGING_RELATIONS.intersection(links) if complete else ():
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


def _check_order(context: _Context, element: _Element) -> None:
    names = [child.key for child in element.children]
    after = names.index("entry") if "entry" in names else len(names)
    for child in element.children[after:]:
        if child.namespace == ATOM and child.name != "entry" and child.name in _FEED_RULES:
            context.add("MisplacedMetadata", child)


def _check_unique(context: _Context, entries: list[_Element]) -> None:
    again = list(_repeated(entries, "id"))
    if len(entries) > 9 and len(entries) == len(again) + 1:
        context.add("DuplicateIds", entries[0], "every entry has this id")
    else:
        for element in again:
            context.add("DuplicateEntries", element, element.text.strip())
    for element in _repeated(entries, "updated"):
        context.add("DuplicateUpdated", element, element.text.strip())


def _repeated(entries: list[_Element], name: str) -> Iterator[_Element]:
    seen = set()
    for element in (child for entry in entries for child in entry.named(name)):
        value = element.text.strip()
        if value and value in seen:
            yield element
        seen.add(value)


def _has_author(entry: _Element) -> bool:
    return any(holder.named("author") for holder in (entry, *entry.named("source")))


def _entry(context: _Context, element: _Element) -> None:
    _check_attributes(context, element, frozenset({"rdf:parseType"}))
    _check_children(context, element, _ENTRY_RULES)
    for name in ("id", "title", "updated"):
        if not element.named(name):
            context.add("MissingElement", element, name)
    for identifier in element.named("id"):
        _check_not_blank(context, identifier)
    _check_alternates(context, element)
    if not element.named("summary"):
        _check_textual_content(context, element)
    if not element.named("content") and not any(
        _relation(link) == "alternate" for link in element.named("link")
    ):
        context.add("MissingContentOrAlternate", element)


def _check_textual_content(context: _Context, entry: _Element) -> None:
    contents = entry.named("content")
    if not contents:
        context.add("MissingTextualContent", entry)
    for content in contents:
        kind = content.get("type") or ""
        if content.get("src") is not None or ("/" in kind and not _is_textual(kind)):
            context.add("MissingSummary", entry)


def _source(context: _Context, element: _Element) -> None:
    _check_attributes(context, element)
    _check_children(
        context, element, {key: rule for key, rule in _FEED_RULES.items() if key != "entry"}
    )
    _check_metadata(context, element, "MissingSourceElement")


def _count(context: _Context, element: _Element) -> None:
    _leaf(context, element)
    if not re.fullmatch(r"\s*\+?\d+\s*", element.text):
        context.add("InvalidNonNegativeInteger", element, element.text)


def _reply(context: _Context, element: _Element) -> None:
    _leaf(context, element, frozenset({"href", "ref", "source", "type"}))
    reference, kind = element.get("ref"), element.get("type")
    if reference is not None:
        _check_identity(context, element, reference)
    for name in ("href", "source"):
        _check_uri(context, element, _to_ascii(element.get(name) or ""), _REFERENCE, "InvalidIRI")
    if kind is not None and not _MEDIA_TYPE.fullmatch(kind):
        context.add("InvalidMIMEType", element, kind)


def _language(context: _Context, element: _Element) -> None:
    _leaf(context, element)
    if not _is_language(element.text.strip()):
        context.add("InvalidLanguage", element, element.text)


def _same(rule: _Rule, prefix: str, names: str) -> dict[str, _Rule]:
    return {f"{prefix}:{name}": rule for name in names.split()}


_PERSON_RULES: Mapping[str, _Rule] = {
    "name": _person_name,
    "email": _email,
    "uri": _person_uri,
}
# There is no dcterms:date and no dcterms:medium: both are undefined elements to the validator.
_EVERYWHERE: Mapping[str, _Rule] = {
    **_same(
        _leaf,
        "dc",
        "contributor coverage description format identifier publisher relation source title type",
    ),
    **_same(_plain, "dc", "rights"),
    **_same(_language, "dc", "language"),
    **_same(_w3c_date, "dcterms", "created issued modified"),
    **_same(_leaf, "dcterms", "abstract alternative audience dateAccepted dateCopyrighted"),
    **_same(_leaf, "dcterms", "dateSubmitted mediator"),
    **_same(_eaten, "dcterms", "available license provenance rightsHolder spatial temporal valid"),
}
_EXTENSIONS: Mapping[str, _Rule] = {
    **_EVERYWHERE,
    **_same(_leaf, "dc", "creator subject"),
    **_same(_w3c_date, "dc", "date"),
    **_same(_reply, "thr", "in-reply-to"),
}
_FEED_RULES: Mapping[str, _Rule] = {
    **_EXTENSIONS,
    **_same(_empty, "fh", "archive complete"),
    **_same(_count, "opensearch", "itemsPerPage startIndex totalResults"),
    **_same(_eaten, "opensearch", "Query"),
    **_same(_eaten, "app", "collection"),
    **_same(_leaf, "sy", "updateFrequency updatePeriod"),
    **_same(_w3c_date, "sy", "updateBase"),
    "author": _person,
    "category": _category,
    "contributor": _person,
    "entry": _entry,
    "generator": _generator,
    "icon": _image,
    "id": _identifier,
    "link": _link,
    "logo": _image,
    "rights": _text_construct,
    "subtitle": _text_construct,
    "title": _text_construct,
    "updated": _timestamp,
}
_ENTRY_RULES: Mapping[str, _Rule] = {
    **_EXTENSIONS,
    **_same(_count, "thr", "total"),
    **_same(_timestamp, "app", "edited"),
    **_same(_eaten, "app", "control"),
    **_same(_plain_date, "ev", "startdate enddate"),
    **_same(_leaf, "ev", "type"),
    **_same(_eaten, "ev", "location organizer"),
    "author": _person,
    "category": _category,
    "content": _content,
    "contributor": _person,
    "id": _identifier,
    "link": _link,
    "published": _timestamp,
    "rights": _text_construct,
    "source": _source,
    "summary": _text_construct,
    "title": _text_construct,
    "updated": _timestamp,
}
_REPEATABLE = _words(
    """author category contributor entry link dc:contributor dc:coverage dc:creator dc:identifier
    dc:publisher dc:relation dc:subject dcterms:alternative dcterms:audience dcterms:available
    dcterms:license dcterms:provenance dcterms:rightsHolder dcterms:spatial dcterms:temporal
    dcterms:valid ev:location ev:organizer opensearch:Query thr:in-reply-to"""
)
