"""The rules of RSS 2.0, and of the profile of the RSS Advisory Board."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from feedserver.validity.atom import check_person_name
from feedserver.validity.characters import check_characters, check_prefixes
from feedserver.validity.dates import is_plausible, tomorrow_of, w3c_date
from feedserver.validity.elements import ATOM, Context, Element, read
from feedserver.validity.findings import Findings, Report
from feedserver.validity.links import check_identity, link, relation_of
from feedserver.validity.structure import check_whitespace, leaf
from feedserver.validity.texts import check_html, check_no_html
from feedserver.validity.uris import FULL_URI, REFERENCE, check_uri, to_ascii

MEDIA_TYPE = "application/rss+xml"

_OF_CHANNEL = ("title", "link", "description", "lastBuildDate", "generator", "ttl", "item")
_ONCE_IN_CHANNEL = ("title", "link", "description", "lastBuildDate", "generator")
_OF_ITEM = ("title", "link", "description", "category", "guid", "pubDate")
_ONCE_IN_ITEM = ("title", "link", "description", "guid", "pubDate", "dc:creator")
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
_DATE = re.compile(
    rf"({'|'.join(_DAYS)}), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" \d{4} \d\d:\d\d:\d\d [+-]\d{4}",
    re.ASCII,
)


def check_rss(document: bytes, address: str | None, now: datetime) -> Findings:
    """Judge an RSS document as https://validator.w3.org/feed/ would.

    `address` and `now` are as for Atom. Stricter than the validator: it has to have
    `lastBuildDate`, each item `title`, `link`, `guid` and `pubDate`, and dates have names of days,
    years of four digits and numeric zones.
    """
    report = Report()
    found = read(document, address, report, tomorrow_of(now))
    if found is None:
        return report.findings()
    context, root = found.context, found.root
    # The prefix that the profile has for it is one that Atom's own documents do better without.
    check_prefixes(context, [each for each in found.prefixes if each != ("atom", ATOM)])
    check_characters(context, root)
    channels = _named(root, "channel")
    is_rss = (root.name, root.namespace) == ("rss", "") and root.get("version") == "2.0"
    if not is_rss or len(channels) != 1 or len(root.children) != 1:
        context.add("WrongRoot", root, root.name)
    for channel in channels[:1]:
        _channel(context, channel)
    return report.findings()


def _channel(context: Context, channel: Element) -> None:
    items = _named(channel, "item")
    _check_once(context, channel, _ONCE_IN_CHANNEL)
    _check_known(context, channel, _OF_CHANNEL)
    _check_texts(context, channel)
    _check_self(context, channel)
    for ttl in _named(channel, "ttl"):
        if not re.fullmatch("[1-9][0-9]*", ttl.text):
            context.add("InvalidNonNegativeInteger", ttl, ttl.text)
    for built in _named(channel, "lastBuildDate"):
        _date(context, built)
    behind = channel.children[channel.children.index(items[0]) :] if items else ()
    for child in behind:
        if child.name != "item" and child.namespace in ("", ATOM):
            context.add("MisplacedItem", child)
    ids: set[str] = set()
    for item in items:
        _item(context, item)
        for guid in _named(item, "guid"):
            if guid.text in ids:
                context.add("DuplicateValue", guid, guid.text)
            ids.add(guid.text)


def _item(context: Context, item: Element) -> None:
    _check_once(context, item, _ONCE_IN_ITEM)
    _check_known(context, item, _OF_ITEM)
    _check_texts(context, item)
    names = [child.key or child.name for child in item.children]
    if "content:encoded" in names and "description" in names[names.index("content:encoded") :]:
        context.add("NeedDescriptionBeforeContent", item)
    for guid in _named(item, "guid"):
        check_whitespace(context, guid)
        check_identity(context, guid, guid.text.strip())
        if guid.get("isPermaLink") != "false":
            context.add("InvalidPermalink", guid, guid.get("isPermaLink") or "")
    for date in _named(item, "pubDate"):
        _date(context, date)
    for category in _named(item, "category"):
        if not category.text:
            context.add("NotBlank", category)
        check_uri(context, category, category.get("domain") or "", FULL_URI, "InvalidFullLink")
    for text in (*_named(item, "description"), *item.named("content:encoded")):
        check_html(context, text, text.text)
    for creator in item.named("dc:creator"):
        check_person_name(context, creator)
    for created in item.named("dcterms:created"):
        w3c_date(context, created)


def _check_texts(context: Context, holder: Element) -> None:
    """What a channel and an item have alike."""
    for title in _named(holder, "title"):
        leaf(context, title)
        check_no_html(context, title, title.text)
    for address in _named(holder, "link"):
        leaf(context, address)
        check_uri(context, address, to_ascii(address.text), REFERENCE, "InvalidIRI")
    for element in holder.named("link"):
        link(context, element)


def _check_self(context: Context, channel: Element) -> None:
    links = [link for link in channel.named("link") if relation_of(link) == "self"]
    if [link.get("type") for link in links] != [MEDIA_TYPE]:
        context.add("MissingAtomSelfLink", channel, ", ".join(link.where for link in links))


def _check_once(context: Context, holder: Element, names: tuple[str, ...]) -> None:
    for name in names:
        found = _named(holder, name) if ":" not in name else holder.named(name)
        if not found:
            context.add("MissingElement", holder, name)
        for again in found[1:]:
            context.add("DuplicateElement", again)
        for element in found[:1]:
            if not element.text.strip():
                context.add("NotBlank", element)


def _check_known(context: Context, holder: Element, known: tuple[str, ...]) -> None:
    for child in holder.children:
        if not child.namespace and child.name not in known:
            context.add("UndefinedElement", child)


def _date(context: Context, element: Element) -> None:
    leaf(context, element)
    text = element.text
    try:
        date = parsedate_to_datetime(text) if _DATE.fullmatch(text) else None
    except ValueError:
        date = None
    if date is None:
        context.add("InvalidRFC2822Date", element, text)
        return
    if not is_plausible(f"{date.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", context.tomorrow):
        context.add("ImplausibleDate", element, text)
    if _DAYS[date.weekday()] != text[:3]:
        context.add("IncorrectDOW", element, text)


def _named(element: Element, name: str) -> list[Element]:
    """The elements of RSS itself, which has no namespace, with that name."""
    return [child for child in element.children if (child.namespace, child.name) == ("", name)]
