"""The ids that every feed may hold: absolute IRIs that keep the rules of their scheme, too."""

import re
from datetime import date
from urllib.parse import urlsplit

from feedserver.model.text import clean
from feedserver.model.vocabulary import is_iri

LINK_SCHEMES = frozenset({"http", "https", "mailto"})
"""The schemes of addresses that people may follow."""

URI_SIGNS = r"0-9a-zA-Z;/?:@&=+$.\-_!~*'()%,"
"""What may stand in a URI beside `#`, for a set of a regular expression."""

_TAG = re.compile(
    rf"tag:(?:[a-z0-9\-._]+@)?([a-z0-9.\-]+),(\d{{4}})(?:-(\d\d)(?:-(\d\d))?)?"
    rf":[{URI_SIGNS}]*(?:#[{URI_SIGNS}]*)?",
    re.ASCII,
)
_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_URN = re.compile(
    r"(?i:urn):[a-zA-Z0-9][a-zA-Z0-9-]{1,31}:(?:[\w()+,.:=@;$!*'\-]|%[\da-fA-F]{2})+", re.ASCII
)
_UUID = re.compile(r"(?i)urn:uuid:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}", re.ASCII)
_BEGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^#]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f-\x9f]+")
_OF_THE_WEB = re.compile(r"(?i)(?:https?|ftp):")
_WITH_HOST = re.compile(r"\w+://(?:[^/?#@]*@)?+[^/?#@:]")


def fault_of(iri: str) -> str | None:
    """What is wrong with it as an id, and what would be right; None where nothing is.

    An IRI (RFC 3987) without a mistake in its scheme can stand in every format as an id. What
    strict readers refuse is wrong, too: capital letters in the name of a `tag:`, an address in
    brackets in place of a host name, and in a `urn:` what RFC 8141 added to RFC 2141.
    """
    lower = iri.lower()
    if lower.startswith("tag:") and not is_tag(iri):
        return "is no tag: URI (RFC 4151). Write tag:example.com,2026:1, the name in small letters"
    if lower.startswith("urn:uuid:") and not is_uuid(iri):
        return "is no UUID (RFC 9562). Write urn:uuid: and 32 hexadecimal digits, 8-4-4-4-12"
    if lower.startswith("urn:") and not is_urn(iri):
        return (
            "is no URN that all readers know (RFC 2141). Write urn:example:1, the namespace with "
            "2 letters or more, and what is no letter, digit or one of ()+,-.:=@;$_!*' behind it "
            "percent-encoded"
        )
    if not is_iri(iri):
        if _BEGIN.match(iri):
            return "holds what no IRI does (RFC 3987). Write it percent-encoded, and % as %25"
        return "is no absolute IRI (RFC 3987). Write urn:uuid:… or https://…"
    if _OF_THE_WEB.match(iri) and not _WITH_HOST.match(iri):
        return "names no host. Write https://example.com/…"
    return None


def is_address(text: str) -> bool:
    """Whether it has a scheme, and nothing in it that no address has."""
    return _ADDRESS.fullmatch(text) is not None and clean(text) == text


def is_link(text: str) -> bool:
    """Whether it is an absolute http, https or mailto address that carries no password."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        return False
    if not is_address(text) or parts.scheme.lower() not in LINK_SCHEMES:
        return False
    return parts.scheme.lower() == "mailto" or (bool(parts.hostname) and parts.password is None)


def is_tag(text: str) -> bool:
    """Whether it is a `tag:` URI (RFC 4151) of a host name in small letters and a day there is."""
    match = _TAG.fullmatch(text)
    if match is None:
        return False
    host, year, month, day = match.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    return all(map(_HOST_LABEL.fullmatch, host.split(".")))


def is_urn(text: str) -> bool:
    """Whether it is a URN (RFC 8141) that was one by RFC 2141 already, as readers know them."""
    return _URN.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Whether it is a UUID as a URN (RFC 9562, section 4)."""
    return _UUID.fullmatch(text) is not None
