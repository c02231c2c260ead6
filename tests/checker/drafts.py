"""What writers send: ids, titles that come once, terms by chance; and the documents of them."""

import html
import json
import random
from collections.abc import Iterable
from typing import Any

from tests.checker.documents import WORDS, Terms
from tests.checker.history import Write
from tests.checker.installation import AUTHORITY

AS2 = "application/activity+json"
ENTRY = "application/atom+xml;type=entry"
ATOM = "application/atom+xml"
NDJSON = "application/x-ndjson"

_FORMS = (
    "urn:example:{who}:{number}",
    "https://app.example/{who}/{number}?part=a&of=b%2Fc",
    "tag:app.example,2026:{who}/{number}",
)
_FILLING = "It was said at length what had happened, and why. " * 4
# Every document says it: a version that left it out would keep that of the one before.
_HAPPENED = "2026-01-01T00:00:00Z"
_ENTRY = """<entry xmlns="http://www.w3.org/2005/Atom"><id>{id}</id>
<title>{title}</title><updated>{happened}</updated>
<author><name>Ann Example</name></author>{categories}<content type="html">{content}</content>
</entry>"""
_CATEGORY = '<category scheme="tag:{authority}:categories/{field}" term="{name}"/>'


class Drafts:
    """Makes what the writer of that name writes."""

    def __init__(self, who: str, chance: random.Random) -> None:
        self._who = who
        self._chance = chance
        self._ids = self._titles = 0

    def id(self) -> str:
        """An id that nothing has."""
        self._ids += 1
        form = _FORMS[self._ids % len(_FORMS)]
        return form.format(who=self._who, number=self._ids)

    def version(self, id: str, terms: Terms | None = None) -> Write:
        """A version of that activity, with those terms, by chance in Atom.

        Its title is one that nothing has; of its words some stand there.
        """
        terms = self._terms() if terms is None else terms
        self._titles += 1
        shown = [word for word in _of(terms, "word") if self._chance.random() < 0.3]
        title = " ".join([f"{self._who}-{self._titles}", *shown])
        return Write(id, title, terms, is_atom=self._chance.random() < 0.3)

    def versions(self, count: int) -> list[Write]:
        """So many versions of new activities, all of them in Atom or none."""
        made = [self.version(self.id()) for _ in range(count)]
        for write in made:
            write.is_atom = made[0].is_atom
        return made

    def _terms(self) -> Terms:
        """A queue, and each of two tags and of the words half of the time."""
        queue = self._chance.choice(("Support", "Billing", "Sales"))
        others = ("tag:vip", "tag:noise", *(f"word:{word}" for word in WORDS))
        return frozenset(
            [f"queue:{queue}", *(term for term in others if self._chance.random() < 0.5)]
        )


def media_type(write: Write) -> str:
    """The media type of the version's document."""
    return ENTRY if write.is_atom else AS2


def body(write: Write, left_out: Terms = frozenset()) -> bytes:
    """The document of the version, in AS2 or Atom, without the terms that are left out."""
    assert write.title is not None
    assert write.terms is not None
    terms = write.terms - left_out
    words = [word for word in _of(terms, "word") if word not in write.title]
    content = f"<p>{write.title}: {_FILLING}</p><p>{'<br>'.join(words)}</p>"
    if write.is_atom:
        assert not write.is_silent, "Atom has no word for it"
        return _entry(write, content, terms)
    return _document(write, content, terms)


def several(writes: Iterable[Write], in_atom: bool) -> bytes:
    """The documents of several versions: an Atom feed, or one a line."""
    if not in_atom:
        return b"".join(body(write) + b"\n" for write in writes)
    return b'<feed xmlns="http://www.w3.org/2005/Atom">' + b"".join(map(body, writes)) + b"</feed>"


def _document(write: Write, content: str, terms: Terms) -> bytes:
    made: dict[str, Any] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "type": "Create",
        "id": write.id,
        "name": write.title,
        "published": _HAPPENED,
        "actor": {"type": "Person", "name": "Ann Example"},
        "object": {"type": "Note", "name": "Something"},
        "content": content,
        "queue": _of(terms, "queue"),
        "tags": _of(terms, "tag"),
    }
    if write.is_silent:
        made["silent"] = True
    return json.dumps(made).encode()


def _entry(write: Write, content: str, terms: Terms) -> bytes:
    categories = [
        _CATEGORY.format(authority=AUTHORITY, field=field, name=name)
        for field in ("queue", "tag")
        for name in _of(terms, field)
    ]
    return _ENTRY.format(
        id=html.escape(write.id),
        title=write.title,
        happened=_HAPPENED,
        categories="".join(categories),
        content=html.escape(content),
    ).encode()


def _of(terms: Terms, field: str) -> list[str]:
    """The names of the terms of that field."""
    return sorted(name for term in terms for of, _, name in [term.partition(":")] if of == field)
