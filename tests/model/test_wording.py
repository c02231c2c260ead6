"""Wording: what people read."""

from datetime import UTC, datetime, timedelta

import pytest

from feedserver.model.filter import EVERYTHING, make_filter
from feedserver.model.query import parse_parameters, parse_query
from feedserver.model.vocabulary import AS1_VERBS, AS2_ACTIVITIES, VERBS, kebab
from feedserver.model.wording import describe, nearest, never_seen, parts, past

Values = list[tuple[str, bool, str]]


@pytest.mark.parametrize(
    ("values", "phrase"),
    [
        ([("queue", False, "Support")], "Activities in queue Support"),
        ([("product", False, "Printer")], "Activities on product Printer"),
        ([("tag", False, "vip")], "Activities tagged vip"),
        ([("actor", False, "ann")], "Activities by ann"),
        ([("customer", False, "Example Works")], "Activities for customer Example Works"),
        ([("object", False, "case 1")], "Activities on case 1"),
        ([("verb", False, "close")], "Activities with verb close"),
        ([("source", False, "crm")], "Activities from crm"),
        ([("type", False, "case")], "Cases"),
        ([("type", False, "case"), ("type", False, "change-request")], "Cases or change requests"),
        (
            [("queue", False, "A"), ("queue", False, "B"), ("queue", False, "C")],
            "Activities in queue A, B or C",
        ),
        (
            [("type", False, "case"), ("queue", False, "Support"), ("tag", True, "noise")],
            "Cases in queue Support, not tagged noise",
        ),
        ([("tag", True, "noise")], "Everything, not tagged noise"),
        (
            [("type", True, "case"), ("verb", True, "log")],
            "Everything, not with verb log, not about cases",
        ),
    ],
)
def test_a_filter_is_described_as_a_phrase(values: Values, phrase: str) -> None:
    assert describe(make_filter(values)) == phrase


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("q=Printer", "Activities with “printer”"),
        ("q=fire+%22two+words%22+pr*", "Activities with “fire”, “pr…” and “two words”"),
        ("queue=A&q=fire&-tag=b", "Activities in queue A with “fire”, not tagged b"),
        ("filter=queue:A+and+queue:B", "Activities, in queue A and in queue B"),
        (
            "type=case&filter=(queue:A+and+tag:b)+or+not+actor:ann",
            "Cases, (in queue A and tagged b) or not by ann",
        ),
        ("filter=tag:a+or+until:2026-01-01", "Activities, tagged a or before 2026-01-02"),
        (
            "filter=customer~acme+or+since:2026-01-01",
            "Activities, customer with “acme” or since 2026-01-01",
        ),
        ("number=1234", "Activities with number 1234"),
    ],
)
def test_words_and_expressions_are_part_of_the_phrase(text: str, phrase: str) -> None:
    assert describe(parse_query(parse_parameters(text)).filter) == phrase


def test_each_part_of_a_filter_is_told_with_the_filter_without_it() -> None:
    asked = (
        "queue=A&queue=B&-queue=C&-tag=x&-tag=y&since=2026-01-01&until=2026-01-31"
        "&q=fire+pr*&filter=customer~acme+or+verb:log"
    )
    filter = parse_query(parse_parameters(asked)).filter

    told = {part: left.pairs for part, left in parts(filter, lambda _, value: value.lower())}

    gone = {
        "a": ("queue", "A"),
        "b": ("queue", "B"),
        "not c": ("-queue", "C"),
        "not x": ("-tag", "x"),
        "not y": ("-tag", "y"),
        "since 2026-01-01": ("since", "2026-01-01T00:00:00Z"),
        "before 2026-02-01": ("until", "2026-02-01T00:00:00Z"),
        "customer with “acme” or with verb log": ("filter", "customer~acme or verb:log"),
    }
    words = {"with “fire”": "pr*", "with “pr…”": "fire"}
    rest = [pair for pair in filter.pairs if pair[0] != "q"]
    assert {part: sorted(pairs) for part, pairs in told.items()} == {
        **{part: sorted({*filter.pairs} - {pair}) for part, pair in gone.items()},
        **{part: sorted([*rest, ("q", left)]) for part, left in words.items()},
    }


def test_no_filter_is_everything() -> None:
    assert describe(EVERYTHING) == "Everything"


def test_dates_are_part_of_the_phrase() -> None:
    since = datetime(2026, 11, 19, tzinfo=UTC)
    filter = make_filter(
        [("queue", False, "A"), ("tag", True, "b")], since, since + timedelta(hours=14, minutes=5)
    )

    assert describe(filter) == (
        "Activities in queue A since 2026-11-19 before 2026-11-19 14:05:00 UTC, not tagged b"
    )


def test_values_are_called_what_people_call_them() -> None:
    filter = make_filter([("actor", False, "ann")])

    assert describe(filter, lambda field, value: f"{field}:{value}") == "Activities by actor:ann"

    filter = parse_query([("filter", "actor:ann or not tag:x")]).filter

    assert describe(filter, lambda _, value: value.upper()) == "Activities, not tagged X or by ANN"


def test_the_nearest_names_are_those_most_alike_without_regard_to_case() -> None:
    known = ["Support", "Billing", "support-night"]

    assert nearest("suport", known) == ["Support", "support-night"]
    assert nearest("SUPPORT", known)[0] == "Support"


def test_of_two_spellings_one_is_near_whatever_comes_first() -> None:
    assert nearest("vpi", ["vip", "VIP"]) == nearest("vpi", ["VIP", "vip"]) == ["VIP"]


def test_nothing_is_near_to_a_name_like_no_other() -> None:
    assert nearest("xyzzy", ["Support", "Billing"]) == []


def test_no_more_names_are_given_than_asked_for() -> None:
    assert len(nearest("queue", ["queue1", "queue2", "queue3"], 2)) == 2


@pytest.mark.parametrize(
    ("near", "sentence"),
    [
        ([], "The queue Suport has never been seen."),
        (["Support"], "The queue Suport has never been seen. Did you mean Support?"),
        (
            ["Support", "Export"],
            "The queue Suport has never been seen. Did you mean Support or Export?",
        ),
    ],
)
def test_a_name_that_nothing_has_is_told_with_the_nearest(near: list[str], sentence: str) -> None:
    assert never_seen("queue", "Suport", near) == sentence


# Every verb of ours and of both vocabularies that is not simply its word with -ed or -d.
PAST = {
    "accept": "accepted",
    "add": "added",
    "assign": "assigned",
    "change-status": "changed the status of",
    "close": "closed",
    "commit": "made a commitment on",
    "dispatch": "dispatched",
    "email-in": "received an e-mail on",
    "email-out": "sent an e-mail on",
    "forward": "forwarded",
    "log": "logged a note on",
    "phone": "logged a call on",
    "reopen": "reopened",
    "research": "logged research on",
    "activity": "acted on",
    "agree": "agreed with",
    "arrive": "arrived",
    "at": "was at",
    "build": "built",
    "cancel": "cancelled",
    "checkin": "checked in at",
    "deny": "denied",
    "disagree": "disagreed with",
    "find": "found",
    "flag": "flagged",
    "flag-as-inappropriate": "flagged as inappropriate",
    "give": "gave",
    "interact": "interacted with",
    "intransitive-activity": "acted",
    "leave": "left",
    "listen": "listened to",
    "lose": "lost",
    "make-friend": "made friends with",
    "play": "played",
    "qualify": "qualified for",
    "question": "asked",
    "read": "read",
    "remove-friend": "ended the friendship with",
    "request-friend": "asked for the friendship of",
    "rsvp-maybe": "may come to",
    "rsvp-no": "will not come to",
    "rsvp-yes": "will come to",
    "satisfy": "satisfied",
    "sell": "sold",
    "send": "sent",
    "stop-following": "stopped following",
    "submit": "submitted",
    "tag": "tagged",
    "tentative-accept": "tentatively accepted",
    "tentative-reject": "tentatively rejected",
    "travel": "travelled",
    "undo": "undid",
    "unsatisfy": "unsatisfied",
    "win": "won",
}
WORDS = {*VERBS, *AS1_VERBS, *map(kebab, AS2_ACTIVITIES)}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_verb_has_a_past_in_english(word: str) -> None:
    assert past(word) == PAST.get(word, word + ("d" if word.endswith("e") else "ed"))


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("https://x.example/ns#Dispatch", "dispatched"),
        ("https://x.example/verbs/mend", "mended"),
        ("ChangeStatus", "changed the status of"),
        ("checkIn", "checked in"),
        ("POST", "posted"),
        ("log-in", "logged in"),
        ("re-open", "re-opened"),
        ("e-mail", "e-mailed"),
        ("ban", "banned"),
        ("fix", "fixed"),
        ("view", "viewed"),
        ("copy", "copied"),
        ("updated", "updated"),
        ("rated 5 stars", "rated 5 stars"),
        ("点赞", "点赞"),
        ("", ""),
    ],
)
def test_a_verb_that_nobody_knows_reads_as_well_as_can_be(verb: str, said: str) -> None:
    assert past(verb) == said
