"""What Atom and RSS share of XML: namespaces, and elements that stand in both."""

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


def deleted_entry(removal: Removal) -> Any:
    """That an entry was removed from the feed (RFC 6721, section 3)."""
    element = etree.Element(f"{{{TOMBSTONES}}}deleted-entry", nsmap={"at": TOMBSTONES})
    element.set("ref", removal.id)
    element.set("when", rfc3339(removal.when))
    if removal.has_left:
        add_text(element, f"{{{TOMBSTONES}}}comment", "It is in this feed no more.")
    return element
