"""What Atom and RSS share of XML: namespaces, escaping, and elements that stand in both."""

from typing import Any

from lxml import etree

from feedserver.model.dates import rfc3339
from feedserver.model.feed import Link, Removal

ATOM = "http://www.w3.org/2005/Atom"
DUBLIN_CORE = "http://purl.org/dc/terms/"
PUBLISHING = "http://www.w3.org/2007/app"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def add_text(parent: Any, name: str, text: str, **attributes: str) -> None:
    """Add an element that holds nothing but the text."""
    etree.SubElement(parent, name, attributes).text = text


def link_attributes(link: Link) -> dict[str, str]:
    """The attributes of an `atom:link`, its relation by the name that RFC 5005 has for it."""
    rel = "previous" if link.rel == "prev" else link.rel
    told = {"rel": rel, "href": link.href, "type": link.type, "title": link.title}
    return {name: value for name, value in told.items() if value is not None}


def escaped(text: str) -> str:
    """The text as it stands in an element, and is read from there again, as lxml writes it.

    It holds only what XML allows (`model/text.py`).
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


def quoted(text: str) -> str:
    """The text as the value of an attribute, in its quotes, as lxml writes it."""
    text = escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{text}"'


def deleted_entry(removal: Removal) -> str:
    """That an entry was removed from the feed (RFC 6721, section 3)."""
    start = (
        f'<at:deleted-entry xmlns:at="{TOMBSTONES}" ref={quoted(removal.id)}'
        f' when="{rfc3339(removal.when)}"'
    )
    if not removal.has_left:
        return f"{start}/>"
    return f"{start}><at:comment>It is in this feed no more.</at:comment></at:deleted-entry>"
