"""The elements of an XML document, and what each rule is given to look at."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin
from xml.parsers import expat

from feedserver.validity.findings import Report

ATOM = "http://www.w3.org/2005/Atom"
XHTML = "http://www.w3.org/1999/xhtml"
XML = "http://www.w3.org/XML/1998/namespace"
LARGEST_DOCUMENT = 5_000_000  # bytes

KNOWN_NAMESPACES = {
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


@dataclass(eq=False)
class Element:
    """An element with what is in it; `runs` are its stretches of text, `path` tells its place."""

    namespace: str
    name: str
    attributes: Mapping[tuple[str, str], str]
    line: int
    base: str
    path: str
    children: list["Element"] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    @property
    def key(self) -> str | None:
        """The name the rules know it by, or None in a namespace the validator does not know."""
        if self.namespace == ATOM:
            return self.name
        prefix = KNOWN_NAMESPACES.get(self.namespace)
        return prefix and f"{prefix}:{self.name}"

    @property
    def text(self) -> str:
        """Its text, without that of the elements in it."""
        return "".join(self.runs)

    @property
    def parent_name(self) -> str:
        """What the element is called in which it lies."""
        return self.path.split("/")[-2].partition("[")[0]

    @property
    def where(self) -> str:
        """Its place, for a person."""
        return f"{self.path} (line {self.line})"

    def get(self, attribute: str) -> str | None:
        """The attribute without a namespace that has that name."""
        return self.attributes.get(("", attribute))

    def named(self, key: str) -> list["Element"]:
        """The elements in it that the rules know by that name."""
        return [child for child in self.children if child.key == key]


@dataclass(frozen=True)
class Context:
    """What rules are given beside an element.

    `address` is where the document was asked for, `tomorrow` the latest date to believe, as text.
    """

    report: Report
    address: str | None
    tomorrow: str
    lines_with_references: frozenset[int]

    def add(self, rule: str, element: Element, what: str = "") -> None:
        """Note that the element does not keep the rule of that name."""
        self.report.add(rule, element.where, what)

    def is_own_address(self, address: str) -> bool:
        """Whether the document was asked for there."""
        return address == self.address


@dataclass(frozen=True)
class Read:
    """A document that was read: its root, and the prefixes it declares for namespaces."""

    root: Element
    prefixes: tuple[tuple[str | None, str | None], ...]
    context: Context


Check = Callable[[Context, Element], None]
"""Looks at an element and tells the context what it finds."""


def read(document: bytes, address: str | None, report: Report, tomorrow: str) -> Read | None:
    """Read the document; None where it is none, which the report then has."""
    text = _decoded(document, report)
    if text is None:
        return None
    reader = _Reader(text, address or "")
    try:
        root = reader.read()
    except expat.ExpatError as fault:
        undefined = fault.code == expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]
        report.add("UndefinedNamedEntity" if undefined else "SAXError", "document", str(fault))
        return None
    lines = [number for number, line in enumerate(text.split("\n"), 1) if "&#x" in line]
    return Read(root, tuple(reader.prefixes), Context(report, address, tomorrow, frozenset(lines)))


def _decoded(document: bytes, report: Report) -> str | None:
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
        self._open: list[Element] = [Element("", "", {}, 0, base, "")]
        self._last_run_is_open = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartNamespaceDeclHandler = self._prefix
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self) -> Element:
        self._parser.Parse(self._text, True)
        return self._open[0].children[0]

    def _prefix(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes.append((prefix, uri))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._open[-1]
        namespace, _, local = name.rpartition(" ")
        split = {_split(key): value for key, value in attributes.items()}
        count = sum(local == sibling.name for sibling in parent.children) + 1
        element = Element(
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
