"""Atlassian's filters: their grammar word for word, without what it leaves out in silence."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import InvalidRequest
from feedserver.model.filter import Filter
from feedserver.model.query import parse_parameters, parse_query
from feedserver.model.streams import parse_stream
from tests.builders import NOON
from tests.filtering import faults, holds

MILLISECOND = timedelta(milliseconds=1)


def filter_of(*streams: str) -> Filter:
    """The filter of those values, as a client sends them."""
    text = "&".join(f"streams={quote_plus(stream)}" for stream in streams)
    return parse_query(parse_parameters(text)).filter


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        ("key IS SUPPORT", "queue:SUPPORT or product:SUPPORT"),
        ("key IS A B", "queue:A or product:A or queue:B or product:B"),
        ("key NOT A B", "not (queue:A or queue:B or product:A or product:B)"),
        ("user IS ann", "actor:ann"),
        ("user NOT ann bob", "not actor:ann and not actor:bob"),
        ("user IS Ann_Example", 'actor:"Ann Example"'),
        (r"user IS ann\_example", "actor:ann_example"),
        (r"user IS a\_b_c", 'actor:"a_b c"'),
        ("issue-key IS 1234", "number:1234"),
        ("issue-key NOT 1234 77", "not number:1234 and not number:77"),
        ("issue-key IS tag:example.com,2026:case", "object:tag:example.com,2026:case"),
        ("issue-key CONTAINS SD-", "number~sd-"),
        ("issue-key DOES_NOT_CONTAIN SD- X", "not (number~sd- or number~x)"),
        ("issue_type IS case change-request", "type:case or type:change-request"),
        ("issue_type NOT Person", "not type:person"),
        ("activity IS case:close", "type:case and verb:close"),
        ("activity NOT case:close", "not (type:case and verb:close)"),
        (
            "activity IS case:close note:log",
            "(type:case and verb:close) or (type:note and verb:log)",
        ),
    ],
)
def test_a_stream_means_a_filter(stream: str, text: str) -> None:
    assert filter_of(stream) == parse_query([("filter", text)]).filter


def test_an_activity_may_be_told_in_words_of_activity_streams() -> None:
    filter = filter_of("activity IS issue:post")

    (types, verbs) = sorted(filter.clauses, key=lambda clause: clause.field)
    assert {"issue", "case", "change-request"} <= set(types.values)
    assert {"post", "create"} <= set(verbs.values)
    assert filter_of("activity IS case:open").clauses[0].values == ("open", "reopen")


def test_several_streams_must_all_hold() -> None:
    both = filter_of("user IS ann", "activity IS case:close")

    assert both == parse_query([("actor", "ann"), ("type", "case"), ("verb", "close")]).filter


def test_streams_and_parameters_hold_together() -> None:
    pairs = parse_parameters("queue=Support&streams=user+IS+ann&filter=not+tag:noise")

    assert parse_query(pairs).filter.canonical == "queue=Support&actor=ann&-tag=noise"


@pytest.mark.parametrize(
    ("operator", "offsets", "inside", "outside"),
    [
        ("AFTER", [0], [0, 1], [-1]),
        ("BEFORE", [0], [0, -1], [1]),
        ("BETWEEN", [0, 5], [0, 3, 5], [-1, 6]),
        ("BETWEEN", [0, 0], [0], [-1, 1]),
        ("BETWEEN", [0, 5, 10, 12], [0, 5, 10, 12], [-1, 7, 13]),
    ],
)
def test_the_edges_of_times_are_inside(
    operator: str, offsets: list[int], inside: list[int], outside: list[int]
) -> None:
    times = " ".join(str(milliseconds(NOON) + offset) for offset in offsets)

    expression = parse_stream(f"update-date {operator} {times}")

    for offset in inside:
        assert holds(expression, {}, NOON + offset * MILLISECOND), offset
    for offset in outside:
        assert not holds(expression, {}, NOON + offset * MILLISECOND), offset
    # A time is cut off to milliseconds there: what happened within the last one is inside.
    last = NOON + inside[-1] * MILLISECOND + timedelta(microseconds=999)
    assert holds(expression, {}, last) or operator == "BEFORE"


def test_a_window_is_since_and_until() -> None:
    filter = filter_of(f"update-date BETWEEN {milliseconds(NOON)} {milliseconds(NOON) + 999}")

    assert (filter.since, filter.until) == (NOON, NOON + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        ("", "is no filter. Write a key, an operator and values"),
        ("key", "is no filter."),
        ("key IS", "is no filter."),
        ("key IS ", "is no filter."),
        ("key  IS A", "is no filter."),
        ("keys IS A", "names no key `keys`. Did you mean `key`? Known: key, user, issue-key"),
        ("key EQUALS A", "`EQUALS` is no operator. Write IS or NOT."),
        ("key is A", "`is` is no operator. Write IS or NOT."),
        ("key CONTAINS A", "`CONTAINS` is none for `key`. Write IS or NOT."),
        ("user CONTAINS ann", "`CONTAINS` is none for `user`. Write IS or NOT."),
        ("update-date IS 5", "`IS` is none for `update-date`. Write BEFORE or AFTER or BETWEEN."),
        ("update-date AFTER 2026-01-01", "`2026-01-01` is no time. Write milliseconds since 1970"),
        ("update-date AFTER 999999999999999", "is no time."),
        ("update-date AFTER 253402300799999", "is no time. Write milliseconds since 1970"),
        ("update-date AFTER ٣", "`٣` is no time."),
        ("update-date AFTER ²", "`²` is no time."),
        ("update-date BETWEEN 5", "BETWEEN takes pairs of times, and there are 1."),
        ("update-date BETWEEN 5 4", "nothing lies between 5 and an earlier time."),
        ("activity IS close", "`close` is no activity. Write object:verb, as in case:close."),
        ("activity IS :close", "`:close` is no activity."),
        ("user IS a\x00b", "holds characters that no name can have."),
    ],
)
def test_what_is_no_stream_is_refused_with_what_would_be_right(stream: str, fault: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        filter_of(stream)

    (told,) = refused.value.faults
    assert told.startswith("`streams=")
    assert fault in told


@given(
    st.lists(
        st.sampled_from(
            ["key", "user", "update-date", "activity", "IS", "BETWEEN", "5", "a:b", "_"]
        )
        | st.text(max_size=5),
        max_size=6,
    ).map(" ".join)
)
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    assert all(fault.endswith(".") for fault in faults([("streams", text)]))


def test_before_the_first_of_all_times_is_nothing() -> None:
    first = datetime(1970, 1, 1, tzinfo=UTC)

    assert filter_of("update-date AFTER 0").since == first


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("maxResults=10", "`maxResults` is no parameter. Here it is `limit`."),
        ("issues=activity+IS+issue:post", "`issues` is no parameter. A filter of one provider is"),
        ("issues=x", "`issues` is no parameter. Known: "),
    ],
)
def test_what_stands_beside_streams_elsewhere_is_told_what_it_is_here(text: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_query(parse_parameters(text))

    assert refused.value.faults[0].startswith(told)
