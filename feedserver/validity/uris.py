"""Rules for ids and addresses: URIs, IRIs, `tag:` and `urn:`, and the spelling to compare by."""

import re
import unicodedata
from urllib.parse import quote, unquote, unquote_to_bytes

from feedserver.model.iris import URI_SIGNS, is_tag, is_urn, is_uuid
from feedserver.validity.elements import Context, Element
from feedserver.validity.words import words

REFERENCE = re.compile(
    rf"(?:[a-zA-Z][0-9a-zA-Z+\-.]*:)?/{{0,2}}(?:\[[0-9A-Fa-f:]+\])?[{URI_SIGNS}#]*"
)
FULL_URI = re.compile(rf"[a-zA-Z][0-9a-zA-Z+\-.]*:(?://)?[{URI_SIGNS}#]+")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_REGISTERED_SCHEMES = words(
    """aaa aaas acap cap cid crid data dav dict dns fax file ftp go gopher http https iax icap im
    imap info ipp iris ldap mailto mid modem msrp msrps mtqp mupdate news nfs nntp opaquelocktoken
    pop pres prospero rtsp service shttp sip sips tag tel telnet tftp thismessage tip tv urn vemmi
    wais xmpp"""
)


def uri_fault(value: str, form: re.Pattern[str], invalid: str) -> str | None:
    """The rule that the value does not keep: `invalid`, where no other tells more."""
    scheme = value.split(":")[0].lower()
    if scheme == "tag":
        return None if is_tag(value) else "InvalidTAG"
    if value.lower().startswith("urn:uuid:"):
        return None if is_uuid(value) else "InvalidUUID"
    if scheme == "urn":
        return None if is_urn(value) else "InvalidURN"
    if not form.fullmatch(value):
        if re.search(rf"[^{URI_SIGNS}#\x80-\U0010ffff]", value):
            return "InvalidUriChar"
        return "UriNotIri" if form.fullmatch(_BEYOND_ASCII.sub("-", value)) else invalid
    if scheme in ("http", "ftp") and not re.match(r"\w+://[^/]", value):
        return invalid
    if ":" in value and scheme.isalpha() and scheme not in _REGISTERED_SCHEMES:
        return "SchemeNotIANARegistered"
    return None


def to_ascii(value: str) -> str:
    """The IRI in ASCII as the validator has it, by IDNA; itself where that fails.

    That treats the whole IRI as a host name: a stretch of more than 63 characters between two
    dots that holds a non-ASCII sign cannot be encoded. The validator calls it invalid then, and
    we what it is: an IRI.
    """
    try:
        return value.encode("idna").decode("ascii")
    except UnicodeError:
        return value


def check_uri(
    context: Context, element: Element, value: str, form: re.Pattern[str], invalid: str
) -> bool:
    """Whether the value of the element keeps `uri_fault`; where not, the context has it."""
    fault = uri_fault(value, form, invalid)
    if fault:
        context.add(fault, element, value)
    return fault is None


def canonical(uri: str) -> str | None:
    """The spelling that lets ids be compared as strings; None where there is none."""
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
