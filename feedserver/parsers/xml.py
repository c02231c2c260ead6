"""XML 1.0 from strangers: nothing is fetched, no entity is replaced, and depth is bounded."""

import re
from collections.abc import Callable
from typing import Any

from lxml import etree

from feedserver.errors import InvalidRequest

Decode = Callable[[bytes, str | None], str]
"""Gives the text of bytes in a charset, or raises InvalidRequest."""

MAX_DEPTH = 256  # of elements in each other; it is the parser's own limit
MAX_NAME = 1000  # characters of a namespace or a base, which is copied for each look at a name

_DECLARED = re.compile(
    rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]{0,39})[\"']"
)
# The groups take no way back: a thousand comments are looked through once.
_DOCTYPE = re.compile(r"(?:\s++|(?><\?.*?\?>)|(?><!--.*?-->))*+<!DOCTYPE", re.DOTALL)
_LONG_NAME = re.compile(
    r"\s(?:xmlns(?::[^\s=]*+)?|xml:base)\s*+=\s*+"
    rf"(?:\"[^\"]{{{MAX_NAME + 1}}}|'[^']{{{MAX_NAME + 1}}})"
)
_WHERE = re.compile(r"[\s,]*line \d+, column \d+\s*$")


def decode_xml(body: bytes, charset: str | None, decode: Decode) -> str:
    """The text of an XML document: in the UTF that it begins in, else in `charset`, else as its
    declaration says (RFC 7303, section 3). Raises InvalidRequest where it is no such text.
    """
    declared = _DECLARED.match(body)
    if charset is None and declared is not None:
        charset = declared[1].decode("ascii")
    return decode(body, charset)


def parse_xml(text: str) -> Any:
    """The root element of the XML text, without comments and processing instructions.

    Raises InvalidRequest where it is no XML, telling line and column, and for a DOCTYPE, by which
    a document could name files or grow without bound. The encoding that it declares counts no
    more.
    """
    if _DOCTYPE.match(text):  # before any of it is read
        raise InvalidRequest(
            ["It has a DOCTYPE, which is refused, as entities are. Send the document without it."]
        )
    if not text.strip():
        raise InvalidRequest(["The body is empty, which is no XML. Send an entry."])
    if _LONG_NAME.search(text):
        told = f"A namespace, or a base, in it has more than {MAX_NAME:,} characters. Shorten it."
        raise InvalidRequest([told])
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise InvalidRequest([_told(error)]) from None


def _told(error: Any) -> str:
    if "Excessive depth" in error.msg:
        return f"It is nested deeper than {MAX_DEPTH} levels. Nest it less."
    if "XML_PARSE_HUGE" in error.msg:
        return "A text in it has more than 10,000,000 characters. Shorten it."
    what = _WHERE.sub("", error.msg).rstrip(".")
    line, column = error.position
    return f"It is no XML: {what} in line {line}, column {column}."
