"""Atom both ways: what is served is known when it comes back, what is sent is served as it was."""

import html
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedserver.assembly import Server, assemble_around
from feedserver.formats.atom import AtomFormat
from feedserver.model.activity import Activity, Draft, Extra, Object, Product
from feedserver.model.dates import rfc3339
from feedserver.model.query import parse_query
from feedserver.model.text import clean, one_line
from feedserver.model.vocabulary import AS1_BASE, AS1_TYPES, AS1_VERBS, type_of, verb_of
from feedserver.parsers.items import Document
from feedserver.services.intake import Outcome, cleaned
from feedserver.services.reading import represent
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, NOON, FakeClock, make_draft
from tests.formats.conftest import odd_drafts, page_of
from tests.formats.drafts import (
    dates,
    foreign_drafts,
    foreign_ids,
    links,
    marked_up,
    recorded_drafts,
)
from tests.formats.test_round_trips import drafts_of
from tests.laws import examples
from tests.sources.clarify_data import unpacked

ATOM = AtomFormat()
SENDER = "sender"


class Exchange:
    """A server to which Atom is sent, and from which it is read."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def parsed(self, document: bytes) -> Document:
        return self.server.parser.read(document, dialect="atom")

    def drafts(self, document: bytes) -> list[Draft]:
        """The drafts of a document in which nothing is wrong."""
        items = self.parsed(document).items
        assert [fault for item in items for fault in item.faults] == []
        return [item.draft for item in items if item.draft is not None]

    def outcomes(self, document: bytes) -> list[Outcome]:
        """What becomes of the document's entries."""
        verdicts = self.server.writing.take(self.drafts(document), SENDER)
        return [verdict.outcome for verdict in verdicts]

    def newest(self, id: str) -> Activity:
        version = self.server.log.find(id)
        assert isinstance(version, Activity)
        return version

    def alone(self, id: str) -> bytes:
        """The entry document of an activity."""
        reading, activity = self.server.reading, self.newest(id)
        page = reading.page_of(reading.activity_view(activity, represent(ATOM)))
        return ATOM.render_activity(activity, page)

    def page(self) -> bytes:
        """The feed of everything."""
        return ATOM.render(page_of(self.server.reading, ATOM, parse_query([("limit", "500")])))


@contextmanager
def exchange(drafts: Sequence[Draft] = ()) -> Iterator[Exchange]:
    """An exchange around a log that holds those drafts."""
    clock = FakeClock()
    server = assemble_around(
        MemoryLog(AUTHORITY, clock),
        make_settings(Path("/nowhere"), {"authority": AUTHORITY, "base_url": "http://x.example/d"}),
        clock,
    )
    server.intake.record(drafts)
    yield Exchange(server)
    server.close()


def assert_all_known(made: Exchange, ids: Sequence[str]) -> None:
    """Everything that is served, alone or in a feed, is known when it comes back."""
    head = made.server.log.head()
    for id in ids:
        assert made.outcomes(made.alone(id)) == [Outcome.KNOWN]
    assert made.outcomes(made.page()) == [Outcome.KNOWN] * len(ids)
    assert made.server.log.head() == head


@given(drafts=st.lists(recorded_drafts, min_size=1, max_size=3, unique_by=lambda each: each.id))
def test_what_is_served_is_known_when_it_comes_back(drafts: list[Draft]) -> None:
    with exchange(drafts) as made:
        assert_all_known(made, [draft.id for draft in drafts])


def test_what_is_odd_or_undated_is_known_when_it_comes_back() -> None:
    ahead = make_draft(occurred=NOON + timedelta(days=400))
    hashed = make_draft(title="Ann logged #smoke", content="<p>#Fire</p>", tags=())
    unsaid = make_draft(object=None, target=None, actor=Object("object", None, "Ann"))
    drafts = [*odd_drafts(), make_draft(occurred=None), ahead, hashed, unsaid]
    with exchange(drafts) as made:
        assert_all_known(made, [draft.id for draft in drafts])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<title>Ann", b"<title>Bob"),
        (b"It burns.", b"It is out."),
        (b"<name>Ann", b"<name>Bob"),
        (b"crm/user/1", b"crm/user/2"),
        (b"1.0/person", b"1.0/group"),
        (b"1.0/append", b"1.0/post"),
        (b"1.0/issue", b"1.0/task"),
        (b"crm/case/1<", b"crm/case/2<"),
        (b"<title>Printer on fire", b"<title>Printer"),
        (b"crm.example/cases/1234", b"crm.example/cases/1235"),
        (b"<title>Support", b"<title>Billing"),
        (b'term="Support"', b'term="Billing"'),
        (b"Printer 9000 B", b"Printer 9000 C"),
        (b'term="vip"', b'term="noise"'),
        (b":59:00Z</dcterms", b":58:00Z</dcterms"),
    ],
)
def test_what_was_changed_on_the_way_is_not_known(old: bytes, new: bytes) -> None:
    draft = make_draft()
    with exchange([draft]) as made:
        served = made.alone(draft.id)
        assert old in served

        assert made.outcomes(served.replace(old, new)) == [Outcome.CONFLICT]


def test_a_change_keeps_what_atom_has_no_words_for() -> None:
    draft = make_draft(verb="dispatch", occurred=None)
    with exchange([draft]) as made:
        served = made.alone(draft.id).replace(b"It burns.", b"It is out.")
        (sent,) = made.drafts(served)

        outcome, _ = made.server.writing.change(draft.id, sent)

        assert outcome is Outcome.CHANGED
        assert made.newest(draft.id).draft == replace(draft, content="<p>It is out.</p>")
        assert_all_known(made, [draft.id])


def test_a_part_that_was_changed_is_as_it_was_sent() -> None:
    draft = make_draft(verb="dispatch")
    with exchange([draft]) as made:
        served = made.alone(draft.id).replace(b"crm/user/1", b"crm/user/2")
        (sent,) = made.drafts(served.replace(b"1.0/assign", b"1.0/close"))

        made.server.writing.change(draft.id, sent)

        changed = made.newest(draft.id).draft
        ann = Object("person", f"tag:{AUTHORITY}:crm/user/2", "Ann Example")
        assert changed == replace(draft, actor=ann, verb="close")


def test_what_another_dialect_said_beside_it_goes_with_what_it_said() -> None:
    extra = Extra("as1", '{"title":"<b>Old</b>"}')
    draft = make_draft(title="Old", extra=extra)
    with exchange([draft]) as made:
        served = made.alone(draft.id)
        (same,), (other,) = (
            made.drafts(text) for text in (served, served.replace(b"<title>Old", b"<title>New"))
        )

        assert made.server.writing.change(draft.id, same) == (Outcome.KNOWN, 1)
        made.server.writing.change(draft.id, other)

        assert made.newest(draft.id).draft == replace(draft, title="New", extra=None)


def test_a_change_that_says_what_is_there_is_none() -> None:
    draft = make_draft()
    with exchange([draft]) as made:
        (sent,) = made.drafts(made.alone(draft.id))

        assert made.server.writing.change(draft.id, sent) == (Outcome.KNOWN, 1)


def test_both_the_first_and_the_newest_version_are_known() -> None:
    draft = make_draft()
    with exchange([draft]) as made:
        first = made.alone(draft.id)
        made.server.writing.change(draft.id, replace(draft, title="Other"))

        assert made.outcomes(first) == [Outcome.KNOWN]
        assert made.outcomes(made.alone(draft.id)) == [Outcome.KNOWN]
        assert made.outcomes(first.replace(b"burns", b"smokes")) == [Outcome.CONFLICT]


# What an entry can say, as its author may write it.

_lines = st.text(max_size=12).map(one_line).filter(bool)
_types = st.sampled_from(sorted(kind for kind in AS1_TYPES if type_of(kind).as1 == kind))
_things = st.builds(
    Object,
    type=_types,
    id=st.none() | foreign_ids,
    name=_lines,
    url=st.none() | links,
)
_said = st.builds(
    Draft,
    id=foreign_ids,
    source=st.just(SENDER),
    actor=st.builds(Object, type=_types, id=st.none() | foreign_ids, name=_lines),
    verb=st.sampled_from(sorted(word for word in AS1_VERBS if verb_of(word).as1 == word)),
    object=_things,
    title=_lines.filter(lambda line: "#" not in line),
    occurred=dates.filter(lambda date: date < NOON),
    target=st.none() | _things,
    queues=st.lists(_lines, max_size=2, unique=True).map(tuple),
    products=st.lists(st.builds(Product, _lines, st.none() | _lines), max_size=2, unique=True).map(
        tuple
    ),
    tags=st.lists(
        _lines.filter(lambda line: "#" not in line), max_size=2, unique_by=str.casefold
    ).map(tuple),
    content=st.none() | marked_up.filter(lambda text: "#" not in text),
    url=links,
)
"""Drafts of which Atom can say all."""


def entry_of(draft: Draft) -> bytes:
    """The draft as another program might write it: with its own prefixes and order."""

    def text(name: str, value: str | None, attributes: str = "") -> str:
        if value is None:
            return ""
        return f"<a:{name}{attributes}>{html.escape(clean(value))}</a:{name}>"

    def thing(role: str, object: Object | None) -> str:
        if object is None:
            return ""
        link = f'<a:link rel="alternate" href="{html.escape(object.url)}"/>' if object.url else ""
        kind = f"<s:object-type>{object.type}</s:object-type>"
        return (
            f"<s:{role}>{text('title', object.name)}{link}{kind}{text('id', object.id)}</s:{role}>"
        )

    def category(field: str, term: str, label: str) -> str:
        scheme = f"tag:{AUTHORITY}:categories/{field}"
        told = "".join(
            f' {name}="{html.escape(value)}"'
            for name, value in (("label", label), ("scheme", scheme), ("term", term))
        )
        return f"<a:category{told}/>"

    products = [
        (each.name, " ".join(filter(None, (each.name, each.revision)))) for each in draft.products
    ]
    assert draft.occurred is not None
    parts = [
        f"<s:verb>{AS1_BASE}{draft.verb}</s:verb>",
        thing("target", draft.target),
        thing("object", draft.object),
        text("published", rfc3339(draft.occurred)),
        text("updated", "2026-05-08T12:00:00+02:00"),
        text("content", draft.content, ' type="html"'),
        *(category("tag", name, name) for name in draft.tags),
        *(category("product", *names) for names in products),
        *(category("queue", name, name) for name in draft.queues),
        f'<a:link href="{html.escape(draft.url or "")}"/>',
        (
            f"<a:author>{text('name', draft.actor.name)}{text('uri', draft.actor.id)}"
            f"<s:object-type>{AS1_BASE}{draft.actor.type}</s:object-type></a:author>"
        ),
        text("title", draft.title),
        text("id", draft.id),
    ]
    names = 'xmlns:a="http://www.w3.org/2005/Atom" xmlns:s="http://activitystrea.ms/spec/1.0/"'
    return f"<a:entry {names}>{''.join(parts)}</a:entry>".encode()


@given(said=_said)
def test_what_was_sent_is_read_and_served_as_it_was(said: Draft) -> None:
    with exchange() as made:
        (sent,) = made.drafts(entry_of(said))
        assert cleaned(replace(sent, source=SENDER)) == cleaned(said)

        assert made.outcomes(entry_of(said)) == [Outcome.RECORDED]

        (back,) = made.drafts(made.alone(said.id))
        assert cleaned(replace(back, source=SENDER)) == made.newest(said.id).draft
        assert made.outcomes(entry_of(said)) == [Outcome.KNOWN]
        assert_all_known(made, [said.id])


@given(draft=foreign_drafts)
def test_what_one_server_serves_and_another_records_comes_back_to_both(draft: Draft) -> None:
    with exchange([draft]) as first, exchange() as second:
        document = first.alone(draft.id)

        assert second.outcomes(document) == [Outcome.RECORDED]

        assert_all_known(second, [draft.id])
        assert second.outcomes(document) == [Outcome.KNOWN]


def test_a_plain_entry_comes_back_as_the_post_that_it_is() -> None:
    plain = b"""<entry xmlns="http://www.w3.org/2005/Atom"><id>urn:example:1</id><title>Hello</title>
      <link href="https://example.org/hello"/><published>2026-05-08T10:00:00Z</published>
      <updated>2026-05-08T10:00:00Z</updated><author><name>Ann</name></author>
      <summary>It works.</summary></entry>"""
    with exchange() as made:
        made.outcomes(plain)

        draft = made.newest("urn:example:1").draft
        assert (draft.verb, draft.title, draft.content) == ("post", "Hello", "It works.")
        assert draft.object == Object("object", None, "Hello", None, "https://example.org/hello")
        assert made.outcomes(plain) == [Outcome.KNOWN]
        assert_all_known(made, ["urn:example:1"])


def validator() -> Any:
    data = os.environ.get("FEEDSERVER_TEST_DATA")
    schema = Path(data or "/nowhere") / ".." / "schemas" / "atom.rng"
    if not schema.is_file():
        pytest.skip("FEEDSERVER_TEST_DATA names no folder with ../schemas/atom.rng")
    return etree.RelaxNG(etree.parse(str(schema)))


@examples(0.7)
@given(said=_said)
def test_what_was_sent_is_served_as_valid_atom(said: Draft) -> None:
    rules = validator()
    with exchange() as made:
        made.outcomes(entry_of(said))

        document = etree.fromstring(made.alone(said.id))

        assert rules.validate(document), rules.error_log


def test_what_a_real_log_holds_is_known_when_it_comes_back(tmp_path: Path) -> None:
    drafts = drafts_of(unpacked("sample", tmp_path))[-200:]
    with exchange(drafts) as made:
        assert made.outcomes(made.page()) == [Outcome.KNOWN] * 200
