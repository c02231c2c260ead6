"""Filters: one canonical form each, and what finds an activity."""

import random
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.activity import Draft, Object, Product
from feedserver.model.expression import And, Not, Or, Test
from feedserver.model.filter import (
    EVERYTHING,
    FIELDS,
    Clause,
    Filter,
    Term,
    fold,
    label,
    make_filter,
    terms,
)
from feedserver.model.identity import feed_id
from feedserver.model.query import parse_query
from feedserver.model.search import parse_words
from feedserver.model.text import clean
from tests.builders import AUTHORITY, NOON, make_draft
from tests.filtering import made

Values = list[tuple[str, bool, str]]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda text: clean(text) == text
)
VALUES = st.lists(st.tuples(st.sampled_from(FIELDS), st.booleans(), TEXTS), max_size=8).filter(
    lambda values: made(values) is not None
)
DATES = st.none() | st.datetimes(timezones=st.just(UTC))


@given(VALUES, st.randoms(use_true_random=False))
def test_the_same_values_in_any_order_and_repetition_are_the_same_feed(
    values: Values, random: random.Random
) -> None:
    shuffled = values + random.choices(values, k=3) if values else []
    random.shuffle(shuffled)

    one, other = make_filter(values), make_filter(shuffled)

    assert one == other
    assert one.canonical == other.canonical
    assert feed_id(AUTHORITY, one.canonical) == feed_id(AUTHORITY, other.canonical)


@given(VALUES, VALUES)
def test_different_filters_have_different_feed_ids(some: Values, others: Values) -> None:
    one, other = make_filter(some), make_filter(others)

    ids_equal = feed_id(AUTHORITY, one.canonical) == feed_id(AUTHORITY, other.canonical)

    assert ids_equal == (one == other)


@given(VALUES, DATES, DATES)
def test_the_canonical_form_read_back_is_the_same_filter(
    values: Values, since: datetime | None, until: datetime | None
) -> None:
    if since is not None and until is not None and until <= since:
        until = None
    filter = make_filter(values, since, until)

    pairs = parse_qsl(filter.canonical, keep_blank_values=True, errors="strict")

    assert parse_query(pairs).filter == filter


def test_clauses_are_written_in_one_order_with_the_exclusions_last() -> None:
    filter = make_filter(
        [
            ("tag", True, "noise"),
            ("tag", False, "vip"),
            ("queue", False, "B"),
            ("queue", False, "A"),
        ]
    )

    assert filter.canonical == "queue=A&queue=B&tag=vip&-tag=noise"


def test_dates_are_part_of_the_canonical_form() -> None:
    filter = make_filter([("queue", False, "A")], since=NOON, until=NOON.replace(year=2027))

    assert filter.canonical == "queue=A&since=2026-05-08T12:00:00Z&until=2027-05-08T12:00:00Z"


def test_words_and_an_expression_stand_last_in_one_order() -> None:
    expression = Or((Test("queue", "A"), Test("verb", "close")))
    words = parse_words("b a"), parse_words("a")

    filter = make_filter([("tag", True, "x")], NOON, None, [*words[1], *words[0]], expression)

    assert [name for name, _ in filter.pairs] == ["-tag", "since", "q", "filter"]
    assert dict(filter.pairs)["q"] == "a b"


def test_a_filter_names_each_value_once_in_order_and_no_parts_of_values() -> None:
    expression = And(
        (
            Or((Test("tag", "x"), Test("actor", "b", is_part=True), Test("verb", "close"))),
            Or((Test("tag", "x"), Not(Test("actor", "ann")))),
        )
    )

    filter = make_filter([("queue", False, "A"), ("tag", True, "y")], expression=expression)

    assert filter.names[:2] == (("queue", "A"), ("tag", "y"))
    assert filter.names[2:] == (("tag", "x"), ("verb", "close"), ("actor", "ann"))


def test_signs_of_a_query_are_encoded_in_the_canonical_form() -> None:
    assert make_filter([("queue", False, "a&b=c+d #é")]).canonical == (
        "queue=a%26b%3Dc%2Bd%20%23%C3%A9"
    )


def test_the_filter_of_nothing_is_everything() -> None:
    assert make_filter([]) == EVERYTHING == Filter()
    assert EVERYTHING.canonical == ""


def test_tags_are_compared_without_case() -> None:
    assert make_filter([("tag", False, "VIP"), ("tag", False, "vip")]).clauses == (
        Clause("tag", ("vip",)),
    )
    assert make_filter([("tag", False, "Straße")]) == make_filter([("tag", False, "STRASSE")])


@pytest.mark.parametrize("field", [field for field in FIELDS if field != "tag"])
def test_all_but_tags_keep_their_case(field: str) -> None:
    filter = make_filter([(field, False, "Support"), (field, False, "support")])

    assert filter.clauses == (Clause(field, ("Support", "support")),)


def found_by(draft: Draft) -> set[tuple[str, str]]:
    return {(term.field, term.value) for term in terms(draft)}


def test_an_activity_is_found_by_everything_that_feeds_are_cut_by() -> None:
    draft = make_draft(
        actor=Object("person", "person-1", "Ann Example", login="ann"),
        verb="log",
        object=Object("case", "case-1", number="1234"),
        queues=("Support", "Night"),
        products=(Product("Printer", "B"), Product("Toner")),
        tags=("vip",),
        customer=Object("organization", "site-1", "Example Works"),
        source="crm",
    )

    assert found_by(draft) == {
        ("verb", "log"),
        ("type", "case"),
        ("source", "crm"),
        ("queue", "Support"),
        ("queue", "Night"),
        ("product", "Printer"),
        ("product", "Toner"),
        ("tag", "vip"),
        ("customer", "Example Works"),
        ("actor", "ann"),
        ("actor", "person-1"),
        ("object", "case-1"),
        ("number", "1234"),
    }


def test_an_activity_is_not_found_by_what_it_has_not() -> None:
    draft = make_draft(
        actor=Object("service"),
        object=Object("case"),
        queues=(),
        products=(),
        tags=(),
        customer=None,
    )

    assert found_by(draft) == {("verb", "log"), ("type", "case"), ("source", "crm")}


def test_a_customer_without_a_name_is_no_name() -> None:
    draft = make_draft(customer=Object("organization", "site-1"))

    assert "customer" not in {field for field, _ in found_by(draft)}


def test_ids_are_labelled_with_what_people_say() -> None:
    found = terms(
        make_draft(
            actor=Object("person", "person-1", "Ann Example", login="ann"),
            object=Object("case", "case-1", "Printer on fire", "1234"),
        )
    )

    assert Term("actor", "ann", "Ann Example") in found
    assert Term("actor", "person-1", "Ann Example") in found
    assert Term("object", "case-1", "case 1234") in found
    assert Term("queue", "Support", "Support") in found


@pytest.mark.parametrize(
    ("object", "said"),
    [
        (Object("case", "id", "name", "12"), "case 12"),
        (Object("change-request", number="12"), "change request 12"),
        (Object("person", "id", "Ann Example"), "Ann Example"),
        (Object("person", "id"), "id"),
        (Object("person"), "a person"),
        (Object("object"), "something"),
    ],
)
def test_an_object_is_called_by_its_number_else_its_name(object: Object, said: str) -> None:
    assert label(object) == said


IRI = "https://x.example/ns#Mend"


def test_a_verb_that_is_an_iri_is_found_by_it_and_by_its_short_name() -> None:
    found = found_by(make_draft(verb=IRI, object=Object("https://x.example/ns#Pump")))

    assert {("verb", IRI), ("verb", "Mend")} < found
    assert {("type", "https://x.example/ns#Pump"), ("type", "Pump")} < found


@pytest.mark.parametrize("verb", ["fs: Mend", "mend it", "Mend", "like"])
def test_a_verb_that_is_no_iri_is_found_by_itself_alone(verb: str) -> None:
    assert [term.value for term in terms(make_draft(verb=verb)) if term.field == "verb"] == [verb]


@pytest.mark.parametrize("field", ["verb", "type"])
@pytest.mark.parametrize(
    "names",
    [
        ["like", "Like", "as:Like", "https://www.w3.org/ns/activitystreams#Like"],
        ["like", "http://activitystrea.ms/schema/1.0/like"],
        [
            "tentative-accept",
            "TentativeAccept",
            "http://www.w3.org/ns/activitystreams#TentativeAccept",
        ],
        [IRI],
    ],
)
def test_a_verb_by_any_of_its_names_is_one_canonical_filter(field: str, names: list[str]) -> None:
    filters = {make_filter([(field, False, name)]) for name in names}

    assert filters == {make_filter([(field, False, name) for name in names])}
    assert {clause.values for filter in filters for clause in filter.clauses} == {(names[0],)}


@pytest.mark.parametrize(
    "name", ["as:as:Like", "http://activitystrea.ms/schema/1.0/as:Like", "as:"]
)
def test_the_canonical_form_of_an_odd_verb_read_back_is_the_same_filter(name: str) -> None:
    filter = make_filter([("verb", False, name)])

    assert parse_query(parse_qsl(filter.canonical)).filter == filter


@given(TEXTS)
def test_a_draft_is_found_by_its_own_verb_and_type(word: str) -> None:
    draft = make_draft(verb=word, object=Object(word))
    known = {(term.field, fold(term.field, term.value)) for term in terms(draft)}

    for field in ("verb", "type"):
        ((wanted,),) = (clause.values for clause in make_filter([(field, False, word)]).clauses)
        assert (field, wanted) in known
