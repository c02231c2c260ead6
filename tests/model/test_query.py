"""Queries: strict, so that a filter is never silently wrong."""

from datetime import UTC, datetime

import pytest

from feedserver.errors import InvalidRequest
from feedserver.model.filter import EVERYTHING, FIELDS, make_filter
from feedserver.model.query import DEFAULT_LIMIT, Query, parse_parameters, parse_query
from feedserver.model.text import shorten

KNOWN = (
    "Known: queue, product, tag, actor, customer, object, verb, type, source, number, "
    "since, until, q, filter, streams, limit, before, after, archive."
)
BEYOND = "is beyond all dates that can be told."
NO_DATE = "is no date. Write a day, 2026-11-19, or a time with its zone, 2026-11-19T14:05:00Z."
NO_ZONE = "has no zone. Add Z, or an offset (%2B01:00 in an address)."
BROKEN_PLUS = "is no date. In an address write %2B for the + of an offset."
NO_LIMIT = "is out of range. Write a whole number from 0 to 500."


def faults_of(*pairs: tuple[str, str], path: tuple[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(InvalidRequest) as refused:
        parse_query(pairs, path)
    return refused.value.faults


def test_no_parameters_ask_for_the_newest_of_everything() -> None:
    assert parse_query([]) == Query(EVERYTHING, DEFAULT_LIMIT, None, None)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_can_be_asked_for_and_excluded(field: str) -> None:
    query = parse_query([(field, "a"), (field, "b"), (f"-{field}", "c")])

    expected = make_filter([(field, False, "a"), (field, False, "b"), (field, True, "c")])
    assert query.filter == expected


def test_what_the_path_says_is_part_of_the_filter() -> None:
    query = parse_query([("tag", "vip"), ("-queue", "Night")], ("queue", "Support"))

    assert query.filter == make_filter(
        [("queue", False, "Support"), ("queue", True, "Night"), ("tag", False, "vip")]
    )


@pytest.mark.parametrize("name", ["utm_source", "utm_anything", "utm_", "_", "null"])
def test_what_is_added_on_the_way_is_ignored(name: str) -> None:
    assert parse_query([(name, "x"), ("limit", "5")]) == Query(limit=5)


@pytest.mark.parametrize("text", ["0", "1", "100", "500", "0500"])
def test_a_limit_may_be_from_0_to_500(text: str) -> None:
    assert parse_query([("limit", text)]).limit == int(text)


@pytest.mark.parametrize("text", ["501", "-1", "", "ten", "1.5", "٣", "²", " 5", "00005", "9" * 99])
def test_a_limit_out_of_range_is_refused(text: str) -> None:
    assert faults_of(("limit", text)) == (f"`limit={shorten(text, 60)}` {NO_LIMIT}",)


def test_cursors_are_handed_on_as_text() -> None:
    assert parse_query([("before", "abc")]).before == "abc"
    assert parse_query([("after", "abc")]).after == "abc"


def test_after_without_a_value_is_the_beginning() -> None:
    assert parse_query([("after", "")]).after == ""


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2026-11-19", datetime(2026, 11, 19, tzinfo=UTC)),
        ("2026-11-19T14:05:00Z", datetime(2026, 11, 19, 14, 5, tzinfo=UTC)),
        ("2026-11-19T14:05:00.123456Z", datetime(2026, 11, 19, 14, 5, 0, 123456, UTC)),
        ("2026-11-19T14:05:00+01:00", datetime(2026, 11, 19, 13, 5, tzinfo=UTC)),
        ("2026-11-19T23:30:00-02:30", datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),
    ],
)
def test_since_is_a_day_or_a_time_with_its_zone(text: str, since: datetime) -> None:
    filter = parse_query([("since", text)]).filter

    assert filter.since == since
    assert filter.since.tzinfo is UTC


def test_since_a_day_and_until_a_day_hold_both_days_whole() -> None:
    filter = parse_query([("since", "2026-11-19"), ("until", "2026-11-20")]).filter

    assert filter.since == datetime(2026, 11, 19, tzinfo=UTC)
    assert filter.until == datetime(2026, 11, 21, tzinfo=UTC)


def test_until_a_time_is_that_time() -> None:
    filter = parse_query([("until", "2026-11-19T00:00:00Z")]).filter

    assert filter.until == datetime(2026, 11, 19, tzinfo=UTC)


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", NO_DATE),
        ("yesterday", NO_DATE),
        ("2026", NO_DATE),
        ("2026-13-01", NO_DATE),
        ("2026-02-30", NO_DATE),
        ("2026-11-19T25:00:00Z", NO_DATE),
        ("２０２６-11-19", NO_DATE),
        ("1700000000", NO_DATE),
        ("2026-W01-1", NO_DATE),
        ("2026-11-19x14:05:00Z", NO_DATE),
        ("0001-01-01T00:00:00+23:00", BEYOND),
        ("9999-12-31T23:59:59-23:00", BEYOND),
        ("2026-11-19T14:05:00+24:30", NO_DATE),
        ("2026-11-19T14:05:00", NO_ZONE),
        ("2026-11-19T14:05:00 01:00", BROKEN_PLUS),
    ],
)
def test_what_is_no_date_is_refused_with_what_is_one(name: str, text: str, sentence: str) -> None:
    assert faults_of((name, text)) == (f"`{name}={text}` {sentence}",)


def test_the_day_after_the_last_day_is_refused() -> None:
    assert faults_of(("until", "9999-12-31")) == (f"`until=9999-12-31` {BEYOND}",)


@pytest.mark.parametrize("until", ["2026-11-19T12:00:00Z", "2026-11-19T11:59:59Z"])
def test_until_must_be_later_than_since(until: str) -> None:
    assert faults_of(("since", "2026-11-19T12:00:00Z"), ("until", until)) == (
        "`until` is not later than `since`. Nothing can lie between them.",
    )


def test_an_unknown_parameter_is_named_with_the_nearest_known_one() -> None:
    assert faults_of(("que", "Support")) == (
        f"`que` is no parameter. Did you mean `queue`? {KNOWN}",
    )


def test_a_parameter_in_the_wrong_case_is_named_with_the_right_one() -> None:
    assert faults_of(("Queue", "x")) == (f"`Queue` is no parameter. Did you mean `queue`? {KNOWN}",)


def test_an_unknown_exclusion_is_named_with_the_nearest_known_one() -> None:
    assert faults_of(("-tags", "x")) == (f"`-tags` is no parameter. Did you mean `-tag`? {KNOWN}",)


@pytest.mark.parametrize("name", ["-limit", "-since", "--tag", "", "utm", "__", "nul"])
def test_what_is_nearly_a_parameter_is_none(name: str) -> None:
    (fault,) = faults_of((name, "5"))

    assert fault.startswith(f"`{name}` is no parameter.")


def test_an_unknown_parameter_like_no_other_has_no_suggestion() -> None:
    assert faults_of(("xyzzy", "1")) == (f"`xyzzy` is no parameter. {KNOWN}",)


@pytest.mark.parametrize("name", ["queue", "-queue"])
def test_a_field_without_a_value_is_refused(name: str) -> None:
    assert faults_of((name, "")) == (f"`{name}=` has no value. Give one, or leave `{name}` out.",)


def test_a_field_that_the_path_names_is_refused_as_a_parameter() -> None:
    assert faults_of(("queue", "Night"), path=("queue", "Support")) == (
        "`queue` stands in the path already. For either of two write /all?queue=…&queue=…",
    )


@pytest.mark.parametrize("name", ["since", "until", "limit", "before", "after"])
def test_what_may_stand_once_is_refused_twice(name: str) -> None:
    first = {"limit": "5", "since": "2026-11-19", "until": "2026-11-19"}.get(name, "abc")

    assert faults_of((name, first), (name, "2026-11-18")) == (
        f"`{name}` is given twice. Give it once.",
    )


def test_the_same_said_twice_is_said_once() -> None:
    assert parse_query([("limit", "5"), ("limit", "5")]).limit == 5


def test_before_and_after_together_are_refused() -> None:
    assert faults_of(("before", "a"), ("after", "b")) == (
        "`before` and `after` go in opposite directions. Give one of them.",
    )


def test_before_without_a_value_is_refused() -> None:
    assert faults_of(("before", "")) == (
        "`before=` has no value. For the newest entries leave `before` out.",
    )


def test_everything_wrong_is_told_at_once() -> None:
    faults = faults_of(
        ("que", "x"), ("tag", ""), ("limit", "many"), ("since", "now"), ("before", "")
    )

    assert faults == (
        f"`que` is no parameter. Did you mean `queue`? {KNOWN}",
        "`tag=` has no value. Give one, or leave `tag` out.",
        f"`since=now` {NO_DATE}",
        f"`limit=many` {NO_LIMIT}",
        "`before=` has no value. For the newest entries leave `before` out.",
    )


@pytest.mark.parametrize("name", ["q", "limit", "since", "until", "streams"])
def test_a_wrong_value_that_is_long_is_told_by_its_beginning(name: str) -> None:
    words = " ".join(["word"] * 40) + ' "'

    (fault,) = faults_of((name, words))

    assert fault.startswith(f"`{name}={'word ' * 11}word…` ")
    assert len(fault) < 250


def test_the_message_of_a_refusal_holds_every_fault() -> None:
    with pytest.raises(InvalidRequest, match=r"`limit=x` .* `since=y` |`since=y` .* `limit=x` "):
        parse_query([("limit", "x"), ("since", "y")])


@pytest.mark.parametrize("value", ["\0", "a\x0bb", "\ufffe", "\x1f", "line\rend"])
def test_a_name_with_characters_that_no_name_has_is_refused(value: str) -> None:
    assert faults_of(("queue", value)) == (
        f"`queue` holds characters that no name can have: {value!a}.",
    )


@pytest.mark.parametrize("text", ["queue=%ff", "\udcff=1"])
def test_parameters_that_are_not_utf_8_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="not UTF-8"):
        parse_parameters(text)


def test_more_parameters_than_a_filter_can_have_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="201 parameters; 200 is the limit"):
        parse_parameters("&".join(f"queue={number}" for number in range(201)))
