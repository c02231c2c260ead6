"""Permanent ids: `tag:` URIs (RFC 4151) made from the authority and from what a thing is.

They depend on nothing that may change: no host name, request, filter, format or time of reading.
"""

import re
from datetime import datetime
from urllib.parse import quote

from feedserver.errors import SettingsError

_AUTHORITY = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r",[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?"
)
_FOR_EXAMPLES = tuple(
    ".example .invalid .test .localhost .example.com .example.net .example.org".split()
)
_KEPT = "-._~!$&'()*+,;=:@"  # what may stand as it is in a path segment (RFC 3986, pchar)


def dated_authority(authority: str, now: datetime) -> str:
    """The authority of `tag:` URIs: as written if it has a date, else with this year.

    Raises SettingsError where it is no name of RFC 4151 (`example.com,2026`).
    """
    dated = authority.strip().lower()
    if "," not in dated:
        dated = f"{dated},{now.year}"
    if not _AUTHORITY.fullmatch(dated):
        raise SettingsError(
            f"authority = {authority!r} cannot stand in ids; write a domain name that is yours "
            "and the year from which it is: example.com,2026"
        )
    return dated


def is_for_examples(authority: str) -> bool:
    """Whether its domain is set aside for examples and tests (RFC 2606)."""
    domain = authority.strip().lower().partition(",")[0]
    return f".{domain}".endswith(_FOR_EXAMPLES)


def tag(authority: str, *path: object) -> str:
    """The `tag:` URI of that path, each part percent-encoded as a path segment."""
    return f"tag:{authority}:" + "/".join(quote(str(part), safe=_KEPT) for part in path)


def namespace(authority: str) -> str:
    """The namespace IRI of feedserver's extension terms; a term is appended to it."""
    return tag(authority, "ns") + "#"


def scheme(authority: str, field: str) -> str:
    """The scheme of the Atom categories that carry a queue, a product or a tag."""
    return tag(authority, "categories", field)


def feed_id(authority: str, canonical: str) -> str:
    """The permanent id of the feed of a filter, from the filter's canonical form."""
    return f"tag:{authority}:feeds/" + (canonical or "all")
