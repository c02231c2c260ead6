"""OPML 2.0: a list of feeds to subscribe to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from lxml import etree

from feedserver.formats.elements import add_text

MEDIA_TYPE = "text/x-opml; charset=utf-8"
"""No type is registered; this is the one by which a page names its list (`rel="outline"`)."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed: what it is called in the list, its own title, its address and that of its page."""

    text: str
    title: str
    feed: str
    page: str


@dataclass(frozen=True, slots=True)
class Group:
    """Feeds under a heading; readers make a folder or a tag of it."""

    text: str
    outlines: tuple[Outline, ...]


def write_opml(
    title: str, owner: str, modified: datetime, outlines: Sequence[Outline | Group]
) -> bytes:
    """The list as a document.

    A feed is of type `rss` whatever its format is, or readers overlook it. The specification has
    versions for RSS alone, and leaves it to others to name theirs as it does: `RSS1`, `Atom1`.
    """
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    add_text(head, "title", title)
    add_text(head, "dateModified", format_datetime(modified.replace(microsecond=0), usegmt=True))
    add_text(head, "ownerName", owner)
    add_text(head, "docs", "http://opml.org/spec2.opml")
    body = etree.SubElement(root, "body")
    for outline in outlines:
        if isinstance(outline, Group):
            group = etree.SubElement(body, "outline", text=outline.text)
            for each in outline.outlines:
                _add(group, each)
        else:
            _add(body, outline)
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"


def _add(parent: Any, outline: Outline) -> None:
    etree.SubElement(
        parent,
        "outline",
        type="rss",
        text=outline.text,
        title=outline.title,
        description=outline.title,
        xmlUrl=outline.feed,
        htmlUrl=outline.page,
        version="Atom1",
    )
