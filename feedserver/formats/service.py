"""The documents by which an AtomPub client finds what it may post, and where (RFC 5023)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from feedserver.formats.elements import ATOM, PUBLISHING, add_text

SERVICE_TYPE = "application/atomsvc+xml; charset=utf-8"
CATEGORIES_TYPE = "application/atomcat+xml; charset=utf-8"

_NAMESPACES = {None: PUBLISHING, "atom": ATOM}


@dataclass(frozen=True, slots=True)
class Categories:
    """The categories of one scheme. `is_fixed` says that no other ones of it are meant."""

    scheme: str
    terms: tuple[str, ...]
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """A feed that takes posts: its title, its address, and the categories of what is in it.

    `own` are those that every member has, `others` the addresses of documents of those that it
    may have.
    """

    title: str
    address: str
    own: Categories | None
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workspace:
    """Collections under one title."""

    title: str
    collections: tuple[Collection, ...]


def write_service(workspaces: Iterable[Workspace], accepted: Sequence[str]) -> bytes:
    """The service document (section 8); each collection takes the media types `accepted`."""
    root = etree.Element(f"{{{PUBLISHING}}}service", nsmap=_NAMESPACES)
    for workspace in workspaces:
        element = etree.SubElement(root, f"{{{PUBLISHING}}}workspace")
        add_text(element, f"{{{ATOM}}}title", workspace.title)
        for collection in workspace.collections:
            _collection(element, collection, accepted)
    return _written(root)


def write_categories(categories: Categories) -> bytes:
    """The category document (section 7)."""
    return _written(_categories(categories))


def _collection(workspace: etree._Element, collection: Collection, accepted: Sequence[str]) -> None:
    element = etree.SubElement(workspace, f"{{{PUBLISHING}}}collection", href=collection.address)
    add_text(element, f"{{{ATOM}}}title", collection.title)
    for media_type in accepted:
        add_text(element, f"{{{PUBLISHING}}}accept", media_type)
    if collection.own is not None:
        element.append(_categories(collection.own))
    for address in collection.others:
        etree.SubElement(element, f"{{{PUBLISHING}}}categories", href=address)


def _categories(categories: Categories) -> etree._Element:
    element = etree.Element(f"{{{PUBLISHING}}}categories", nsmap=_NAMESPACES)
    element.set("fixed", "yes" if categories.is_fixed else "no")
    element.set("scheme", categories.scheme)
    for term in categories.terms:
        etree.SubElement(element, f"{{{ATOM}}}category", term=term)
    return element


def _written(root: etree._Element) -> bytes:
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"
