"""Atom (RFC 4287) with Activity Streams 1.0: entries, alone or in a feed, as drafts."""

import hashlib
import html
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from feedserver.errors import Fault, InvalidActivity
from feedserver.markup import sanitised, text_of
from feedserver.model.activity import Draft, Extra
from feedserver.model.identity import namespace, scheme
from feedserver.model.iris import is_link
from feedserver.model.text import clean, one_line
from feedserver.model.vocabulary import AS1_BASE, is_iri
from feedserver.parsers.as1 import As1
from feedserver.parsers.items import Document, Item
from feedserver.parsers.members import MAX_FAULTS, Members, Reading
from feedserver.settings import Limits

DIALECT = "atom"
ATOM = "http://www.w3.org/2005/Atom"
ACTIVITY = "http://activitystrea.ms/spec/1.0/"
MAX_SHARED = 10_000  # characters of a feed's author and namespaces, which each entry takes over
MAX_BASE = 500  # characters of a base; it is added to each address
MAX_STEPS = 50  # of its path, which are gone through for each address
MAX_LINKS = 10  # of one thing that are looked at; the first that can be kept is its address
MAX_LINKED = 100_000  # characters of HTML; what is longer is read as text, without links

_APP = "http://www.w3.org/2007/app"
_DUBLIN_CORE = "http://purl.org/dc/terms/"
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_XHTML = "http://www.w3.org/1999/xhtml"
_NAMES = {
    "": ATOM,
    "activity": ACTIVITY,
    "app": _APP,
    "at": _TOMBSTONES,
    "dcterms": _DUBLIN_CORE,
    "xhtml": _XHTML,
}
_PREFIXES = {uri: f"{prefix}:" if prefix else "" for prefix, uri in _NAMES.items()}
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_ENTRIES = (f"{{{ATOM}}}entry", f"{{{_TOMBSTONES}}}deleted-entry")
_FIELDS = ("queue", "product", "tag")
_REGISTERED = "http://www.iana.org/assignments/relation/"  # a relation's name written out
_HTML = ("html", "text/html")
_DELETE = (
    "says that an entry was deleted (RFC 6721). What is posted is recorded; to delete an activity "
    "send DELETE to its address."
)
_NO_AUTHOR = "is missing. Say who did it: <author><name>Ann Example</name></author>."


class AtomParser:
    """Reads Atom documents for one log: with its authority, and within these limits.

    An entry is read as what it says in Activity Streams 1.0: its elements become the members that
    1.0 has for them in JSON, so that both are held to the same rules.
    """

    def __init__(self, authority: str, limits: Limits) -> None:
        self._as1 = As1(namespace(authority))
        self._fields = {scheme(authority, field): field for field in _FIELDS}
        self._limits = limits

    def document(self, root: Any) -> Document:
        """The activity of an entry document, or those of a feed document, in their order.

        Raises InvalidActivity where it is neither; what is wrong with one entry stands with it.
        """
        if root.tag == _tag("entry"):
            return Document(DIALECT, False, (self._item(root, None, "/entry"),))
        if root.tag != _tag("feed"):
            raise InvalidActivity([_no_atom(root)])
        _check_shared(root)
        entries = [each for each in root if each.tag in _ENTRIES]
        if len(entries) > self._limits.max_batch:
            raise InvalidActivity([_too_many(len(entries), self._limits.max_batch)])
        return Document(DIALECT, True, tuple(self._items(root, entries)))

    def _items(self, feed: Any, entries: Iterable[Any]) -> list[Item]:
        items, counts = [], dict.fromkeys(_ENTRIES, 0)
        for element in entries:
            counts[element.tag] += 1
            pointer = f"/feed/{_name(element)}[{counts[element.tag]}]"
            if element.tag == _tag("entry"):
                items.append(self._item(element, feed, pointer))
            else:
                items.append(Item(None, None, (Fault(pointer, _DELETE),), pointer))
        return items

    def _item(self, element: Any, feed: Any, pointer: str) -> Item:
        entry = _Entry(element, feed, pointer, self._fields)
        reading = Reading(self._limits, [])
        draft = self._as1.activity(Members(entry.members, "", reading))
        faults = [*entry.faults, *(entry.placed(fault) for fault in reading.faults)]
        value = None if "id" in entry.members else [_digest(element), entry.members["actor"]]
        made = None if faults else entry.completed(draft)
        return Item(value, made, tuple(faults[:MAX_FAULTS]), pointer)


class _Entry:
    """What an entry says, as the members of Activity Streams 1.0, and what was wrong already.

    `feed` is what the entry stands in, if it does, `fields` the fields by the schemes of ours.
    """

    def __init__(self, entry: Any, feed: Any, pointer: str, fields: Mapping[str, str]) -> None:
        self.members: dict[str, Any] = {}
        self.faults: list[Fault] = []
        self._entry = entry
        self._pointer = pointer
        self._places: dict[str, Any] = {"": entry}
        self._refuse_draft()
        self._say("id", self._text(entry, "id"), "id")
        self._texts()
        self._dates()
        self.members["url"] = self._addresses("/url", _links(entry, "alternate"))
        self._actor(feed)
        self._categories(fields)
        verb = self._only(entry, "activity:verb")
        if verb is not None:
            self._say("verb", _resolved(verb), "activity:verb")
        object, target = (self._only(entry, f"activity:{role}") for role in ("object", "target"))
        # An entry that is no full activity is itself the object, of a post if it does not say
        # another verb. But where it says a verb, and not what kind of object it is, there is none:
        # so it is in what we write.
        is_object = object is None and (
            verb is None or entry.find(_tag("activity:object-type")) is not None
        )
        self._is_object = is_object
        if is_object:
            self._object("object", entry, {})
        elif object is not None:
            self._object("object", object, self._described("object", object))
        if target is not None:
            self._object("target", target, self._described("target", target))

    def placed(self, fault: Fault) -> Fault:
        """The fault in a member, at the element that said it."""
        path = fault.pointer
        while path not in self._places:
            path = path.rpartition("/")[0]
        return Fault(self._path(self._places[path]), fault.detail)

    def completed(self, draft: Draft) -> Draft:
        """The draft of the members, with the title of an entry that is the object as its name."""
        object = draft.object
        if self._is_object and object is not None:
            # Not with the entry's id: a linked-data reader would take both for one thing.
            object = replace(object, name=draft.title or None, url=draft.url)
        return replace(draft, object=object, extra=Extra(DIALECT, "{}"))

    def _refuse_draft(self) -> None:
        draft = self._entry.find(f"{_tag('app:control')}/{_tag('app:draft')}")
        if draft is not None and _line(draft) == "yes":
            self._fault(draft, "is yes. Drafts are not kept here: send it when all may see it.")

    def _texts(self) -> None:
        """The title as HTML, the content as HTML or text; the summary in the place of either."""
        entry = self._entry
        title, content, summary = (
            _construct(self._only(entry, name)) for name in ("title", "content", "summary")
        )
        if title is not None and _plain(title):
            self._say("title", _as_html(title), "title")
        elif summary is not None:
            self._say("summary", _as_html(summary), "summary")
        if content is None and summary is not None:
            # Where there is no content, ours says the title once more, for its readers.
            is_title = title is not None and _plain(summary) == _plain(title)
            content = None if is_title else summary
        self._say_content(self.members, content)

    def _say_content(self, members: dict[str, Any], content: tuple[str, bool] | None) -> None:
        if content is not None:
            members["content"], is_text = content
            members["mediaType"] = "text/plain" if is_text else None

    def _dates(self) -> None:
        """When it happened: our own element for it, else the date of publishing, else any."""
        entry = self._entry
        published, updated = self._text(entry, "published"), self._text(entry, "updated")
        self._say("occurred", self._text(entry, "dcterms:created"), "dcterms:created")
        if published:
            self._say("updated", updated, "updated")
            self._say("published", published, "published")
        else:
            self._say("published", updated, "updated")

    def _actor(self, feed: Any) -> None:
        """The author that applies to the entry: its own, that of its source, that of the feed."""
        holders = (self._entry, self._entry.find(_tag("source")), feed)
        found = (each.find(_tag("author")) for each in holders if each is not None)
        author = next((each for each in found if each is not None), None)
        if author is None:
            self.faults.append(Fault(f"{self._pointer}/author", _NO_AUTHOR))
            self.members["actor"] = {}
            return
        uri, id = author.find(_tag("uri")), author.find(_tag("id"))
        address = None if uri is None else _joined(uri.base, _line(uri))
        links = self._addresses("/actor/url", _links(author, "alternate"))
        if id is not None and not links and address is not None and is_link(address):
            links = [address]
        self._object(
            "actor",
            author,
            {
                "displayName": self._text(author, "name"),
                "id": address if id is None else _line(id),
                "url": links,
            },
        )
        for member, found in (
            ("displayName", author.find(_tag("name"))),
            ("id", uri if id is None else id),
        ):
            if found is not None:
                self._places[f"/actor/{member}"] = found

    def _categories(self, fields: Mapping[str, str]) -> None:
        """Queues, products and tags by our schemes; a category of any other one is a tag."""
        names: dict[str, list[str]] = {"queue": [], "product": [], "revision": [], "tags": []}
        for category in self._entry.findall(_tag("category")):
            term = one_line(category.get("term", ""))
            field = fields.get(category.get("scheme", "").strip(), "tag")
            member = "tags" if field == "tag" else field
            self._places.setdefault(f"/{member}", category)
            self._places[f"/{member}/{len(names[member])}"] = category
            names[member].append(term)
            if field == "product":
                label = one_line(category.get("label", ""))
                is_revised = term and label.startswith(f"{term} ")
                names["revision"].append(label.removeprefix(f"{term} ") if is_revised else "")
        self.members |= {name: found for name, found in names.items() if found}

    def _described(self, name: str, element: Any) -> dict[str, Any]:
        """The members of an activity's object or target."""
        title = _construct(self._only(element, "title"))
        content = _construct(element.find(_tag("content")))
        links = _links(element, "alternate") or _links(element, "related")
        members: dict[str, Any] = {
            "id": self._text(element, "id"),
            "displayName": None if title is None else _plain(title),
            "url": self._addresses(f"/{name}/url", links),
        }
        self._say_content(members, content or _construct(element.find(_tag("summary"))))
        return members

    def _object(self, name: str, element: Any, members: dict[str, Any]) -> None:
        """Say an object, with its type."""
        type = element.find(_tag("activity:object-type"))
        if type is not None:
            members["objectType"] = _resolved(type)
            self._places[f"/{name}/objectType"] = type
        self._places[f"/{name}"] = element
        for member, tag in (("id", "id"), ("displayName", "title")):
            if (found := element.find(_tag(tag))) is not None:
                self._places[f"/{name}/{member}"] = found
        self.members[name] = {key: value for key, value in members.items() if value}

    def _addresses(self, pointer: str, links: list[Any]) -> list[str]:
        """The addresses of links that stand for the member."""
        if links:
            self._places[pointer] = links[0]
        return [_joined(link.base, link.get("href", "").strip()) for link in links[:MAX_LINKS]]

    def _say(self, member: str, value: Any, name: str) -> None:
        if value:
            self.members[member] = value
            self._places[f"/{member}"] = self._entry.find(_tag(name))

    def _text(self, parent: Any, name: str) -> str | None:
        element = self._only(parent, name)
        return None if element is None else _line(element)

    def _only(self, parent: Any, name: str) -> Any:
        """The child of that name; there must not be another one."""
        found = parent.findall(_tag(name))
        if len(found) > 1:
            self._fault(found[1], f"is one of {len(found)}. Write one.")
        return found[0] if found else None

    def _fault(self, element: Any, detail: str) -> None:
        self.faults.append(Fault(self._path(element), detail))

    def _path(self, element: Any) -> str:
        """Where the element stands, in the manner of XPath, the prefixes being those above."""
        steps: list[str] = []
        while element is not self._entry:
            parent = element.getparent()
            if parent is None:  # what applies to the entry stands in the feed
                return "/".join(("", _name(element), *reversed(steps)))
            # Of the authors of a feed it is the first; there may be very many.
            is_shared = parent is not self._entry and parent.getparent() is None
            alike = [element] if is_shared else parent.findall(element.tag)
            place = f"[{alike.index(element) + 1}]" if len(alike) > 1 else ""
            steps.append(_name(element) + place)
            element = parent
        return "/".join((self._pointer, *reversed(steps)))


def _check_shared(feed: Any) -> None:
    names = (name or "" for pair in feed.nsmap.items() for name in pair)
    texts = feed.xpath("a:author[1]//text()", namespaces={"a": ATOM})
    if sum(map(len, (*names, *texts))) > MAX_SHARED:
        told = f"has an author, or namespaces, of more than {MAX_SHARED:,} characters. Use less."
        raise InvalidActivity([Fault("/feed", told)])


def _no_atom(root: Any) -> Fault:
    if root.tag == _tag("at:deleted-entry"):
        return Fault(f"/{_name(root)}", _DELETE)
    name = etree.QName(root)
    inside = f"in the namespace {name.namespace[:100]}" if name.namespace else "in no namespace"
    return Fault(
        f"/{_name(root)}",
        f"is <{name.localname[:40]}> {inside}, which is no Atom. Send an entry or a feed: "
        f'<entry xmlns="{ATOM}">.',
    )


def _too_many(count: int, limit: int) -> Fault:
    return Fault(
        "/feed",
        f"holds {count:,} entries; {limit:,} is the limit (`max_batch`). Send them in several "
        "feeds.",
    )


def _tag(name: str) -> str:
    """The name of an element as the tree has it; one without a prefix is Atom's."""
    prefix, _, local = name.rpartition(":")
    return f"{{{_NAMES[prefix]}}}{local}"


def _name(element: Any) -> str:
    """What an element is called in a path."""
    name = etree.QName(element)
    return _PREFIXES.get(name.namespace, "") + str(name.localname)


def _digest(element: Any) -> str:
    """What tells the element from any other that says something else."""
    return hashlib.sha256(etree.tostring(element, with_tail=False)).hexdigest()


def _line(element: Any) -> str:
    """The text of an element that holds nothing but one."""
    return one_line("".join(element.itertext()))


def _resolved(element: Any) -> str:
    """The IRI of a verb or a type, which may be relative to that of the Activity Base Schema."""
    word = _line(element)
    try:
        return word if is_iri(word) or not word else urljoin(AS1_BASE, word)
    except ValueError:  # it only looks like an address
        return word


def _joined(base: str | None, address: str) -> str:
    """The address, made absolute with the `xml:base` that holds for it, if one does."""
    if not base or len(base) > MAX_BASE or base.count("/") > MAX_STEPS:
        return address
    try:
        return urljoin(base, address)
    except ValueError:  # it only looks like an address
        return address


def _links(parent: Any, relation: str) -> list[Any]:
    """The links of that relation, those of pages first."""
    links = [
        link
        for link in parent.findall(_tag("link"))
        if link.get("rel", "alternate").strip().removeprefix(_REGISTERED) == relation
    ]
    links.sort(key=lambda link: link.get("type", "text/html").partition(";")[0] != "text/html")
    return links


def _construct(element: Any) -> tuple[str, bool] | None:
    """What a text construct or content holds, and whether it is text; None where it has none.

    Without it is content that stands elsewhere (`src`), or is of a type that is no text.
    """
    if element is None or element.get("src") is not None:
        return None
    type = element.get("type", "text").partition(";")[0].strip().lower()
    if type == "xhtml":
        return _inner(element), False
    if type not in ("text", "html") and not type.startswith("text/"):
        return None
    text = "".join(element.itertext())
    return (_based(text, element.base), False) if type in _HTML else (text, True)


def _based(markup: str, base: str | None) -> str:
    """The HTML with absolute addresses, where there is a base; as it came where none changes."""
    if not base or "<" not in markup or len(markup) > MAX_LINKED:
        return markup
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    root = etree.fromstring(f"<html><body>{markup}".encode(), parser)
    is_changed = False
    for element in root.iter("a", "img"):
        for name in ("href", "src"):
            address = element.get(name)
            if address is not None and (joined := _joined(base, address.strip())) != address:
                element.set(name, joined)
                is_changed = True
    if not is_changed or len(parser.error_log.filter_from_fatals()):
        return markup  # fatal is what ends the reading: nested too deep
    made = str(etree.tostring(root, method="html", encoding="unicode"))
    return made if len(made) <= MAX_LINKED else markup


def _inner(element: Any) -> str:
    """The HTML of a construct of type xhtml: what its `div` holds, with absolute addresses."""
    div = element.find(_tag("xhtml:div"))
    if div is None:
        return html.escape("".join(element.itertext()), quote=False)
    made, bases = deepcopy(div), {element: element.base}
    for old, new in zip(div.iter(), made.iter(), strict=True):
        new.tag = etree.QName(old).localname
        # Going up from each link to the root would take the square of the depth.
        around, own = bases[old.getparent()], old.get(_BASE)
        bases[old] = around if own is None else _joined(around, own)
        for name in ("href", "src"):
            if (address := old.get(name)) is not None:
                new.set(name, _joined(bases[old], address))
    etree.strip_elements(made, "script", "style", with_tail=False)  # HTML has no escapes in them
    etree.cleanup_namespaces(made)
    parts = [etree.tostring(child, method="html", encoding="unicode") for child in made]
    return html.escape(made.text or "", quote=False) + "".join(parts)


def _as_html(said: tuple[str, bool]) -> str:
    text, is_text = said
    return html.escape(text, quote=False) if is_text else text


def _plain(said: tuple[str, bool]) -> str:
    """The text on one line."""
    text, is_text = said
    return one_line(text if is_text else text_of(sanitised(clean(text))))
