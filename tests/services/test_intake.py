"""Intake: nothing that could break a feed reaches the log."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.activity import Draft, Object, Product
from feedserver.model.text import clean
from feedserver.ports import Bookmark
from feedserver.services.intake import MAX_TITLE, Intake, cleaned
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, make_draft

TEXTS = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(["", " ", "\x0b", "\n"])
OPTIONAL = st.none() | TEXTS
WORDS = TEXTS.map(lambda text: f"w{text}")
OBJECTS = st.builds(Object, WORDS, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL)
NAMES = st.lists(TEXTS, max_size=4).map(tuple)
DRAFTS = st.builds(
    Draft,
    id=WORDS,
    source=WORDS,
    actor=OBJECTS,
    verb=WORDS,
    object=OBJECTS,
    title=TEXTS | st.text("x ", min_size=MAX_TITLE - 3, max_size=MAX_TITLE + 3),
    target=st.none() | OBJECTS,
    queues=NAMES,
    products=st.lists(st.builds(Product, TEXTS, OPTIONAL), max_size=3).map(tuple),
    tags=NAMES,
    customer=st.none() | OBJECTS,
    content=OPTIONAL,
    code=OPTIONAL,
    code_name=OPTIONAL,
)


def texts(part: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in the data, with the name of the member in which it is."""
    if isinstance(part, str):
        yield name, part
    elif isinstance(part, tuple):
        for inner in part:
            yield from texts(inner, name)
    elif is_dataclass(part):
        for field in fields(part):
            yield from texts(getattr(part, field.name), field.name)


@given(DRAFTS)
def test_every_text_of_a_cleaned_draft_may_stand_in_a_feed(draft: Draft) -> None:
    for name, text in texts(cleaned(draft)):
        assert clean(text) == text, name
        assert name == "content" or text.splitlines() in ([], [text]), name


@given(DRAFTS)
def test_a_cleaned_draft_is_clean(draft: Draft) -> None:
    assert cleaned(cleaned(draft)) == cleaned(draft)


@given(DRAFTS)
def test_a_title_is_one_short_line(draft: Draft) -> None:
    assert 0 < len(cleaned(draft).title) <= MAX_TITLE


@given(DRAFTS)
def test_names_are_neither_empty_nor_said_twice(draft: Draft) -> None:
    recorded = cleaned(draft)

    for names in (recorded.queues, recorded.tags, recorded.products):
        assert len(set(names)) == len(names)
    assert all(recorded.queues)
    assert all(recorded.tags)
    assert all(product.name for product in recorded.products)


def test_a_clean_draft_stays_as_it_is() -> None:
    draft = make_draft(content="<p>two\n  lines</p>", tags=("VIP", "vip"))

    assert cleaned(draft) == draft


def test_names_keep_their_order_when_repetitions_are_left_out() -> None:
    draft = make_draft(
        queues=("B", " A ", "B", "", "A"),
        products=(Product("P", " "), Product("P"), Product(" "), Product("P", "2")),
    )

    assert cleaned(draft).queues == ("B", "A")
    assert cleaned(draft).products == (Product("P"), Product("P", "2"))


def test_what_is_empty_is_absent() -> None:
    object = cleaned(make_draft(object=Object("case", "", " ", "\n", "", "\t"))).object

    assert object == Object("case")


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        (Object("person", "person-1", " ", login="ann"), "ann"),
        (Object("person", "person-1"), "person-1"),
        (Object("service"), "system"),
    ],
)
def test_an_actor_without_a_name_gets_one(actor: Object, name: str) -> None:
    assert cleaned(make_draft(actor=actor)).actor.name == name


def test_an_activity_without_a_title_gets_one() -> None:
    draft = make_draft(title=" ", actor=Object("person", name="Ann"), verb="close")

    assert cleaned(draft).title == "Ann: close case 1234"


def test_drafts_are_recorded_cleaned_with_their_bookmark() -> None:
    log = MemoryLog(AUTHORITY, FakeClock())

    positions = Intake(log).record(
        [make_draft(title="a\x00\nb"), make_draft()], Bookmark("source crm", "place 1")
    )

    assert positions == (1, 2)
    assert [activity.draft.title for activity in log.at([1])] == ["a\N{REPLACEMENT CHARACTER} b"]
    assert log.bookmark("source crm") == "place 1"


def test_a_known_draft_is_answered_with_0() -> None:
    intake = Intake(MemoryLog(AUTHORITY, FakeClock()))
    draft = make_draft()
    intake.record([draft])

    assert intake.record([draft, make_draft()]) == (0, 2)
