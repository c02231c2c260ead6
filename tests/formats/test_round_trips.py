"""What is sent comes back, and what is served is known when it comes back."""

import html
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feedserver.clock import system_clock
from feedserver.model.activity import Draft
from feedserver.model.text import one_line
from feedserver.model.vocabulary import AS1_TYPES, AS1_VERBS, AS2_ACTIVITIES, AS2_OBJECTS, kebab
from feedserver.services.intake import Outcome, cleaned
from feedserver.sources.clarify import make_source
from feedserver.sources.clarify.codes import CODES
from tests.builders import AUTHORITY
from tests.formats.documents import CLASHING, documents, lines
from tests.formats.drafts import foreign_ids, links, marked_up, recorded_drafts
from tests.formats.exchange import DIALECTS, Exchange, draft_of
from tests.formats.losses import is_kept, told
from tests.formats.test_spec_examples import EXAMPLES
from tests.sources.clarify_builder import Clarify, one_entry_of_everything
from tests.sources.clarify_data import unpacked

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)
single_examples = pytest.mark.parametrize(
    "path",
    [path for path in EXAMPLES if "collection" not in path.stem or "object" in path.stem],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)


def example(path: Path) -> tuple[dict[str, Any], str]:
    """The document of an example, and its dialect."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document, path.parent.name


def assert_all_known(exchange: Exchange, ids: Sequence[str], dialect: str) -> None:
    """Everything that is served in the dialect, in any document, is known when it comes back."""
    for id in ids:
        assert exchange.outcomes(exchange.alone(id, dialect), dialect) == [Outcome.KNOWN]
    page = exchange.page(dialect, [("limit", "500")])
    assert exchange.outcomes(page, dialect) == [Outcome.KNOWN] * len(ids)


@both_dialects
@given(draft=recorded_drafts)
def test_what_is_written_is_read_as_it_was(draft: Draft, dialect: str) -> None:
    exchange = Exchange()
    exchange.intake.record([draft])

    (read,) = exchange.drafts(exchange.alone(draft.id, dialect), dialect)

    assert read.extra is not None
    assert read.extra.is_empty
    assert replace(cleaned(read), source=draft.source) == draft


@both_dialects
@given(drafts=st.lists(recorded_drafts, min_size=1, max_size=3, unique_by=lambda each: each.id))
def test_what_is_served_is_known_when_it_comes_back(drafts: list[Draft], dialect: str) -> None:
    exchange = Exchange()
    exchange.intake.record(drafts)

    assert_all_known(exchange, [draft.id for draft in drafts], dialect)


@both_dialects
@given(draft=recorded_drafts)
def test_what_was_taken_out_of_a_page_is_known_and_told_by_its_members(
    draft: Draft, dialect: str
) -> None:
    exchange = Exchange()
    exchange.intake.record([draft])
    page = json.loads(exchange.page(dialect))

    for document in (page, page.get("items") or page.get("orderedItems")):
        assert exchange.parsed(document, None).dialect == dialect
        assert exchange.outcomes(document, None) == [Outcome.KNOWN]


@both_dialects
@given(data=st.data())
def test_what_somebody_sent_is_known_however_it_comes_back(
    data: st.DataObject, dialect: str
) -> None:
    document = data.draw(documents[dialect])
    exchange = Exchange()

    (verdict,) = exchange.send(document, dialect)

    assert verdict.outcome is Outcome.RECORDED
    for again in DIALECTS:
        assert_all_known(exchange, [verdict.id], again)
    if "id" in document:
        assert exchange.outcomes(document, dialect) == [Outcome.KNOWN]


@both_dialects
@given(data=st.data())
def test_everything_that_was_sent_comes_back(data: st.DataObject, dialect: str) -> None:
    document = data.draw(documents[dialect])
    assume(document.get("@context") is not CLASHING)  # its names come back as IRIs
    exchange = Exchange()

    exchange.send(document, dialect)

    assert is_kept(told(document), told(exchange.only(dialect)))


RENAMED = {"form-context-clash", "form-context-prefix-clash", "form-context-of-ours"}


@single_examples
def test_everything_of_an_example_comes_back_and_is_known(path: Path) -> None:
    document, dialect = example(path)
    exchange = Exchange()

    (verdict,) = exchange.send(document, dialect)

    if path.stem not in RENAMED:  # names that clash with ours come back as IRIs
        assert is_kept(told(document), told(exchange.only(dialect)))
    for again in DIALECTS:
        assert_all_known(exchange, [verdict.id], again)


@pytest.mark.parametrize(
    "change",
    [
        {"content": "It is out."},
        {"actor": {"displayName": "Bob Example"}},
        {"object": None},
        {"target": {"displayName": "Support"}},
        {"occurred": "2026-05-08T11:00:00Z"},
        {"queue": ["Support"]},
        {"tags": ["vip"]},
        {"crmCode": "7"},
        {"url": "https://example.org/8"},
        {"priority": 2},
        {"generator": None},
    ],
    ids=str,
)
def test_what_was_changed_on_the_way_is_not_known(change: dict[str, Any]) -> None:
    document, dialect = example(next(path for path in EXAMPLES if path.stem == "form-full"))
    exchange = Exchange()
    (verdict,) = exchange.send(document, dialect)
    served = json.loads(exchange.alone(verdict.id, dialect))

    assert exchange.outcomes(served, dialect) == [Outcome.KNOWN]
    assert exchange.outcomes(served | change, dialect) == [Outcome.CONFLICT]


@both_dialects
def test_in_the_other_dialect_it_comes_back_without_what_only_one_says_and_not_with_more(
    dialect: str,
) -> None:
    document, sent_as = example(next(path for path in EXAMPLES if path.stem == "form-full"))
    exchange = Exchange()
    (verdict,) = exchange.send(document, sent_as)
    served = json.loads(exchange.alone(verdict.id, dialect))

    assert ("generator" in served) is (dialect == sent_as)
    assert exchange.outcomes(served, dialect) == [Outcome.KNOWN]
    assert exchange.outcomes(served | {"priority": 2}, dialect) == [Outcome.CONFLICT]


# What both vocabularies can say, each as its own specification says it.

_verbs = st.sampled_from(sorted(AS1_VERBS & {kebab(type) for type in AS2_ACTIVITIES}))
_types = st.sampled_from(sorted(AS1_TYPES & {kebab(type) for type in AS2_OBJECTS}))
_said = st.text(max_size=12).map(one_line).filter(bool)
_things = st.fixed_dictionaries(
    {"type": _types}, optional={"id": foreign_ids, "name": _said, "url": links}
)
_common = st.fixed_dictionaries(
    {"verb": _verbs, "actor": _things, "title": _said},
    optional={
        "object": _things,
        "target": _things,
        "id": foreign_ids,
        "published": st.just("2026-05-08T11:59:00Z"),
        "content": marked_up,
        "url": links,
        "queue": st.lists(lines, max_size=2),
        "tags": lines,
    },
)


def in_as1(said: dict[str, Any]) -> dict[str, Any]:
    """The activity or object in Activity Streams 1.0."""
    names = {"type": "objectType", "name": "displayName"}
    made = {
        names.get(name, name): in_as1(value) if isinstance(value, dict) else value
        for name, value in said.items()
    }
    return made | ({"title": html.escape(said["title"])} if "title" in said else {})


def in_as2(said: dict[str, Any]) -> dict[str, Any]:
    """The activity or object in Activity Streams 2.0."""
    names = {"verb": "type", "title": "name"}
    made: dict[str, Any] = {
        names.get(name, name): in_as2(value) if isinstance(value, dict) else value
        for name, value in said.items()
    }
    return made | {"type": "".join(part.capitalize() for part in made["type"].split("-"))}


@given(said=_common)
def test_what_both_dialects_can_say_is_the_same_draft(said: dict[str, Any]) -> None:
    first = draft_of(in_as1(said), "as1")
    second = draft_of(in_as2(said), "as2")

    assert first.extra is not None
    assert second.extra is not None
    assert first.extra.members == second.extra.members == "{}"
    assert replace(first, extra=None) == replace(second, extra=None)


# What the CRM's source makes.


@pytest.fixture(scope="module")
def of_the_crm(tmp_path_factory: pytest.TempPathFactory) -> list[Draft]:
    """A draft of each code and of each kind of object, with odd texts."""
    path = tmp_path_factory.mktemp("crm") / "crm.sqlite"
    crm = Clarify(path)
    one_entry_of_everything(crm)
    user, note = crm.user("bob", "Bob", "Sample #1"), crm.note("a #tag, <b> & \x0b\n#Tag 5 > 3")
    case = crm.case("77", "Fan #loud & <hot>")
    for code in (*CODES, 99999, None):
        crm.entry(code, "to queue #1 Support.", act_entry2case=case, act_entry2user=user)
    crm.entry(1700, act_entry2case=case, act_entry2user=user, act_entry2notes_log=note)
    crm.entry(300, time="1753-01-01 00:00:00")
    crm.close()
    return drafts_of(path)


def drafts_of(path: Path) -> list[Draft]:
    """What the source makes of everything in the database."""
    settings = {"url": f"sqlite:///{path}", "timezone": "Europe/Berlin", "start": "all"}
    links = {"case": "https://crm.example/cases/{id}?a=b#c"}
    source = make_source("crm", settings | {"links": links}, AUTHORITY, system_clock)
    poll = source.poll(None, lambda ids: ())
    source.close()
    return list(poll.drafts)


@both_dialects
def test_what_the_crm_recorded_is_known_when_it_comes_back(
    of_the_crm: list[Draft], dialect: str
) -> None:
    exchange = Exchange()
    exchange.intake.record(of_the_crm)

    assert len(of_the_crm) > len(CODES)
    assert_all_known(exchange, [draft.id for draft in of_the_crm], dialect)


@both_dialects
def test_what_a_real_log_holds_is_known_when_it_comes_back(tmp_path: Path, dialect: str) -> None:
    recorded = drafts_of(unpacked("sample", tmp_path))
    exchange = Exchange()
    exchange.intake.record(recorded[-200:])

    page = exchange.page(dialect, [("limit", "200"), ("after", "")])

    assert exchange.outcomes(page, dialect) == [Outcome.KNOWN] * 200
