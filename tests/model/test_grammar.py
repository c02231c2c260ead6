"""The grammar of `filter=`: what it says is what it means, and what it does not know it refuses."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import InvalidRequest
from feedserver.model.dates import rfc3339
from feedserver.model.expression import And, Expression, Not, Or, Since, Test, write
from feedserver.model.filter import FIELDS, fold
from feedserver.model.grammar import MAX_TESTS
from feedserver.model.query import parse_expression_text, parse_query
from feedserver.model.text import clean
from tests.builders import NOON
from tests.filtering import expressions, faults, made

A, B, C = Test("queue", "A"), Test("tag", "b"), Test("actor", "c")

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda text: clean(text) == text
)
TESTS: st.SearchStrategy[Expression] = (
    st.builds(lambda field, value: Test(field, fold(field, value)), st.sampled_from(FIELDS), TEXTS)
    | st.builds(
        lambda field, value: Test(field, fold(field, value).casefold(), is_part=True),
        st.sampled_from([field for field in FIELDS if field != "object"]),
        TEXTS,
    )
    | st.builds(lambda seconds: Since(NOON + timedelta(seconds=seconds)), st.integers(0, 10**6))
)
WORDS = ["and", "or", "not", "(", ")", '"', "\\", ":", "~", "=", "-", " ", "queue", "since", "A"]


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("queue:A", A),
        ("not queue:A", Not(A)),
        ("not not queue:A", Not(Not(A))),
        ("queue:A and tag:b and actor:c", And((A, B, C))),
        ("queue:A or tag:b and actor:c", Or((A, And((B, C))))),
        ("not queue:A and tag:b", And((Not(A), B))),
        ("not (queue:A or tag:b)", Not(Or((A, B)))),
        ("(queue:A or tag:b) and actor:c", And((Or((A, B)), C))),
        ("((queue:A))", A),
        ("  queue:A\n\tAND  tag:B ", And((A, B))),
        ("queue:A and(tag:b Or not(actor:c))", And((A, Or((B, Not(C)))))),
        ('queue:"Two words"', Test("queue", "Two words")),
        (r'queue:"a \"b\" \\ c"', Test("queue", r'a "b" \ c')),
        (r"queue:Billing\EMEA", Test("queue", r"Billing\EMEA")),
        (
            "object:tag:example.com,2026:crm/case/1",
            Test("object", "tag:example.com,2026:crm/case/1"),
        ),
        ("queue:and and queue:or", And((Test("queue", "and"), Test("queue", "or")))),
        ("customer~ACME", Test("customer", "acme", is_part=True)),
        ('product~"XR 20"', Test("product", "xr 20", is_part=True)),
        ("verb:Like", Test("verb", "like")),
        ("since:2026-05-08T12:00:00Z", Since(NOON)),
        ("until:2026-05-08T12:00:00Z", Not(Since(NOON))),
        ("until:2026-05-07", Not(Since(NOON - timedelta(hours=12)))),
    ],
)
def test_an_expression_is_read(text: str, expression: Expression) -> None:
    assert parse_expression_text(text) == expression


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is not complete: the end stands where a test is missing."),
        ("not", "is not complete: the end stands where a test is missing."),
        ("queue:A and", "is not complete: the end stands where a test is missing."),
        ("(queue:A", "is not complete: the end stands where a closing parenthesis is missing."),
        ("queue:A)", "is wrong at character 8: `)` closes a parenthesis that none opens."),
        ("()", "is wrong at character 2: `)` stands where a test is missing."),
        ("and queue:A", "is wrong at character 1: `and` stands where a test is missing."),
        ("queue:A tag:b", "at character 9: a test follows without `and` or `or` between."),
        ("queue:A not tag:b", "at character 9: `not` follows without `and` or `or` between."),
        ("Support", "`Support` is no test. Write a field and a value, as in queue:Support."),
        ("queu:A", "`queu` is no field. Did you mean `queue`? Known: queue, product, "),
        ("Queue:A", "`Queue` is no field. Did you mean `queue`?"),
        ("q:printer", "`q` is no field."),
        ("queue:", 'at character 1: `queue` has no value. Write queue:Name, or queue:"Two words".'),
        ('queue:""', "at character 1: `queue` has no value."),
        ("tag:a and queue:", "at character 11: `queue` has no value."),
        ('tag:"a', "at character 1: `tag` has a quote that is misplaced or not closed."),
        ('tag:"a"b', "at character 1: `tag` has a quote that is misplaced or not closed."),
        ('tag:a"b"', "at character 1: `tag` has a quote that is misplaced or not closed."),
        (r'tag:"a\n"', "at character 1: `tag` has a quote that is misplaced or not closed."),
        ("queue=A", "at character 1: write queue:A, with a colon."),
        ("-tag:b", "at character 1: write `not tag:b`."),
        ("queue:A && tag:b", "at character 9: `&&` is no word of it. Write `and`, `or`, `not`."),
        ("tag:a\x00b", "at character 1: `tag` holds characters that no name can have."),
        ("since:yesterday", "`since:yesterday` is no date. Write a day, 2026-11-19"),
        (
            "object~crm",
            "an object is named by its id, which is no name to search in. Write number~",
        ),
        ("until~2026-01-01", "at character 1: write until:2026-01-01."),
        (
            "(" * 60 + "tag:a" + ")" * 60,
            "at character 51: `(` is more than 50 deep; write it plainer.",
        ),
        ("not " * 60 + "tag:a", "is more than 50 deep; write it plainer."),
        (" or ".join(["tag:a"] * (MAX_TESTS + 1)), f"makes more than {MAX_TESTS} tests"),
    ],
)
def test_what_is_no_expression_is_refused_with_what_and_where(text: str, fault: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_query([("filter", text)])

    (told,) = refused.value.faults
    assert told.startswith("`filter` ")
    assert fault in told


@given(expressions(TESTS, 12))
def test_an_expression_written_and_read_again_is_the_same(expression: Expression) -> None:
    read = parse_expression_text(write(expression))

    assert made(expression=read) == made(expression=expression)
    assert parse_expression_text(write(read)) == read


@given(TESTS, TESTS, TESTS)
def test_parentheses_are_written_where_they_are_needed(
    one: Expression, other: Expression, third: Expression
) -> None:
    for expression in (
        And((Or((one, other)), third)),
        Or((And((one, other)), third)),
        Not(Or((one, other))),
        Not(And((one, other))),
    ):
        assert parse_expression_text(write(expression)) == expression


@given(st.lists(st.sampled_from(WORDS) | TEXTS, max_size=20).map("".join))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    assert all(fault.endswith(".") for fault in faults([("filter", text)]))


def test_two_filters_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="`filter` is given twice"):
        parse_query([("filter", "tag:a"), ("filter", "tag:b")])


def test_a_time_is_written_as_it_is_read() -> None:
    assert write(Since(NOON)) == f"since:{rfc3339(NOON)}"
    assert write(Not(Since(NOON))) == f"until:{rfc3339(NOON)}"
