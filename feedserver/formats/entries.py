"""What formats of every kind say alike of an entry: its link, its categories, itself alone."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

from feedserver.formats.members import Members, present
from feedserver.model import vocabulary
from feedserver.model.activity import Activity, Draft, Object
from feedserver.model.addresses import activity_path
from feedserver.model.dates import IMPLAUSIBLE, rfc3339
from feedserver.model.feed import Link, Page, Removal
from feedserver.model.vocabulary import UNSPECIFIED, as1_type, word_of
from feedserver.ports import Entry

KEPT_WORDS = 1000
"""Verbs and types of which a format keeps how it writes them: senders may have any number."""


def link_of(activity: Activity, page: Page) -> str:
    """Where a reader goes from the entry: to it elsewhere, to its object, or to its own page."""
    draft = activity.draft
    elsewhere = draft.url or (draft.object and draft.object.url)
    return as_uri(elsewhere) if elsewhere else page.home + activity_path(activity.id)


def as_uri(address: str) -> str:
    """The address with brackets only where a URI may have them, about a host (RFC 3986, 3.2.2)."""
    if "[" not in address and "]" not in address:
        return address
    host = urlsplit(address).netloc
    end = address.find(host) + len(host)
    return address[:end] + address[end:].replace("[", "%5B").replace("]", "%5D")


def categories(draft: Draft) -> list[tuple[str, str, str]]:
    """The field, the name and the label of each queue, product and tag."""
    queues = [("queue", queue, queue) for queue in draft.queues]
    products = [
        ("product", product.name, " ".join(filter(None, (product.name, product.revision))))
        for product in draft.products
    ]
    return [*queues, *products, *(("tag", tag, tag) for tag in draft.tags)]


def true_time(activity: Activity) -> str | None:
    """When it happened, as RFC 3339; None where nobody knows, or where nobody would believe it."""
    occurred = activity.draft.occurred
    if occurred is None or occurred - activity.dates.recorded > IMPLAUSIBLE:
        return None
    return rfc3339(occurred)


def neighbours(page: Page) -> tuple[str | None, str | None]:
    """The addresses of the pages before and after this one, in the order of its entries.

    An archive has its newest first: the one after it is the archive before it.
    """
    links = {link.rel: link.href for link in page.links}
    newer, older = ("next-archive", "prev-archive") if page.is_archive else ("prev", "next")
    return links.get(newer), links.get(older)


def entry_of(entry: Activity | Removal, text: str) -> Entry:
    """The entry that is written as that text."""
    second = None if isinstance(entry, Removal) else entry.dates.second
    return Entry(entry.id, second, text.encode())


def newest_of_each(entries: Iterable[Entry]) -> list[Entry]:
    """What is told first of each id: of a page that has the newest first, the newest.

    For formats in which an id may stand in a document only once.
    """
    newest: dict[str, Entry] = {}
    for entry in entries:
        newest.setdefault(entry.id, entry)
    return list(newest.values())


def alone(entry: Activity | Removal, page: Page) -> Page:
    """The entry as a feed of its own, for formats that have no other documents."""
    title = f"{entry.id} was deleted" if isinstance(entry, Removal) else entry.draft.title
    own = [link for link in page.links if link.rel == "self"]
    own.append(Link("alternate", page.home + activity_path(entry.id), "text/html"))
    return replace(
        page,
        feed=replace(page.feed, id=entry.id, title=title, subtitle=None),
        entries=(entry,),
        total=int(isinstance(entry, Activity)),
        links=tuple(own),
        max_age=None,
    )


def as1_object(object: Object) -> Members:
    """The object in the terms of Activity Streams 1.0 and of our extension."""
    kind, own = _as1_types(object.type)
    return present(
        {
            "objectType": kind,
            "id": object.id,
            "displayName": object.name,
            "url": object.url,
            "number": object.number,
            "login": object.login,
            "crmType": own,
        }
    )


@lru_cache(maxsize=KEPT_WORDS)
def as1_verb(word: str) -> str:
    """The verb of Activity Streams 1.0 that comes nearest to the word."""
    return vocabulary.as1_verb(word)


@lru_cache(maxsize=KEPT_WORDS)
def _as1_types(word: str) -> tuple[str | None, str | None]:
    """The object type of Activity Streams 1.0, and the word where that says less."""
    kind = as1_type(word)
    return kind, None if word_of(kind or UNSPECIFIED) == word else word
