"""Intake: nothing that could break a feed reaches the log."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.activity import Draft, Extra, Object, Product, Version
from feedserver.model.text import clean
from feedserver.model.vocabulary import UNSPECIFIED
from feedserver.ports import Bookmark, Log
from feedserver.services.intake import MAX_TITLE, Intake, Outcome, Verdict, cleaned
from feedserver.stores.memory import MemoryLog
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, FakeClock, activities, make_draft

OWN = f"tag:{AUTHORITY}:"
RECORDED, KNOWN, CONFLICT, FOREIGN = (
    Outcome.RECORDED,
    Outcome.KNOWN,
    Outcome.CONFLICT,
    Outcome.FOREIGN,
)

TEXTS = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(["", " ", "\x0b", "\n"])
OPTIONAL = st.none() | TEXTS
WORDS = TEXTS.map(lambda text: f"w{text}")
OBJECTS = st.builds(Object, WORDS, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL)
NAMES = st.lists(TEXTS, max_size=4).map(tuple)
MARKUP = st.lists(
    TEXTS
    | st.sampled_from(
        ("<p>", "</p>", "<b title='", "'>", "<br>", "<a href='https://example.org/", "<script>")
    )
    | st.integers(0, 0x10FFFF).map("&#{};".format)
).map("".join)
DRAFTS = st.builds(
    Draft,
    id=WORDS,
    source=WORDS,
    actor=OBJECTS,
    verb=WORDS,
    object=st.none() | OBJECTS,
    title=TEXTS | st.text("x ", min_size=MAX_TITLE - 3, max_size=MAX_TITLE + 3),
    target=st.none() | OBJECTS,
    queues=NAMES,
    products=st.lists(st.builds(Product, TEXTS, OPTIONAL), max_size=3).map(tuple),
    tags=NAMES,
    customer=st.none() | OBJECTS,
    content=OPTIONAL | MARKUP,
    code=OPTIONAL,
    code_name=OPTIONAL,
    url=OPTIONAL,
    extra=st.none() | st.sampled_from((Extra("as1", "{}"), Extra("as2", '{"a":"b"}'))),
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
        (Object("service"), "A system"),
        (Object(UNSPECIFIED), "Something"),
    ],
)
def test_an_actor_without_a_name_gets_one(actor: Object, name: str) -> None:
    assert cleaned(make_draft(actor=actor)).actor.name == name


ANN = Object("person", name="Ann")
CASE = Object("case", number="1234", name="Printer on fire")


@pytest.mark.parametrize(
    ("actor", "verb", "object", "title"),
    [
        (ANN, "close", CASE, "Ann closed case 1234: Printer on fire"),
        (ANN, "close", Object("case", number="1234"), "Ann closed case 1234"),
        (ANN, "like", Object("note", name="A note"), "Ann liked A note"),
        (ANN, "email-out", CASE, "Ann sent an e-mail on case 1234: Printer on fire"),
        (ANN, "email-out", None, "Ann sent an e-mail on something"),
        (ANN, "change-status", None, "Ann changed the status of something"),
        (ANN, "join", None, "Ann joined"),
        (ANN, "delete", Object("note"), "Ann deleted a note"),
        (Object("person"), "close", CASE, "A person closed case 1234: Printer on fire"),
        (Object("person", login="ann"), "join", None, "ann joined"),
        (Object("person", id="urn:example:ann"), "join", None, "urn:example:ann joined"),
    ],
)
def test_an_activity_without_a_title_gets_a_sentence(
    actor: Object, verb: str, object: Object | None, title: str
) -> None:
    draft = make_draft(title=" ", actor=actor, verb=verb, object=object)

    assert cleaned(draft).title == title


def test_html_that_would_run_or_lead_astray_is_taken_out() -> None:
    draft = make_draft(content="<p onclick='x()'>It <b>burns</b>.<script>x()</script></p>\x00")

    assert cleaned(draft).content == "<p>It <b>burns</b>.</p>\N{REPLACEMENT CHARACTER}"


def test_a_title_is_as_long_as_the_limit_says() -> None:
    assert cleaned(make_draft(title="x" * 30), max_title=20).title == "x" * 19 + "…"


def test_nothing_more_than_was_understood_is_the_same_as_nothing() -> None:
    assert cleaned(make_draft(extra=Extra("as2", "{}"))).extra is None


def test_drafts_are_recorded_cleaned_with_their_bookmark() -> None:
    log = MemoryLog(AUTHORITY, FakeClock())

    positions = Intake(log).record(
        [make_draft(title="a\x00\nb"), make_draft()], Bookmark("source crm", "place 1")
    )

    assert positions == (1, 2)
    assert [activity.draft.title for activity in activities(log.at([1]))] == [
        "a\N{REPLACEMENT CHARACTER} b"
    ]
    assert log.bookmark("source crm") == "place 1"


def test_a_known_draft_is_answered_with_0() -> None:
    intake = Intake(MemoryLog(AUTHORITY, FakeClock()))
    draft = make_draft()
    intake.record([draft])

    assert intake.record([draft, make_draft()]) == (0, 2)


def outcomes(verdicts: Sequence[Verdict]) -> list[Outcome]:
    return [verdict.outcome for verdict in verdicts]


def sent(id: str = "urn:example:1", **members: Any) -> Draft:
    """A draft of somebody else."""
    return make_draft(id=id, **{"title": "as it was", **members})


class TestTaking:
    """What somebody sends, with a verdict each."""

    @pytest.fixture
    def log(self) -> MemoryLog:
        return MemoryLog(AUTHORITY, FakeClock())

    @pytest.fixture
    def intake(self, log: MemoryLog) -> Intake:
        return Intake(log)

    def test_a_new_id_is_kept(self, intake: Intake, log: MemoryLog) -> None:
        assert intake.take([sent()]) == (Verdict("urn:example:1", RECORDED),)
        assert [activity.id for activity in log.read(0)] == ["urn:example:1"]

    def test_it_is_recorded_cleaned(self, intake: Intake, log: MemoryLog) -> None:
        intake.take([sent(title="a\n b", content="<script>x()</script>")])

        (activity,) = activities(log.read(0))
        assert (activity.draft.title, activity.draft.content) == ("a b", None)

    def test_nothing_is_taken_from_nothing(self, intake: Intake) -> None:
        assert intake.take([]) == ()

    def test_a_known_id_with_the_same_content_changes_nothing(
        self, intake: Intake, log: MemoryLog
    ) -> None:
        intake.take([sent(title="a  b")])
        before = list(log.read(0))

        assert outcomes(intake.take([sent(title="a b")])) == [KNOWN]
        assert list(log.read(0)) == before

    @pytest.mark.parametrize(
        "members",
        [
            {"title": "as it is"},
            {"content": None},
            {"tags": ("vip", "new")},
            {"occurred": None},
            {"extra": Extra("as2", '{"a":"b"}')},
            {"actor": Object("person")},
        ],
    )
    def test_a_known_id_with_other_content_is_a_conflict_and_changes_nothing(
        self, intake: Intake, log: MemoryLog, members: dict[str, Any]
    ) -> None:
        intake.take([sent()])
        before = list(log.read(0))

        assert outcomes(intake.take([sent(**members)])) == [CONFLICT]
        assert list(log.read(0)) == before

    def test_the_sender_is_no_content(self, intake: Intake) -> None:
        intake.take([sent(source="files")])

        assert outcomes(intake.take([sent(source="ci-bot")])) == [KNOWN]

    def test_each_of_a_batch_has_its_own_verdict_in_order(self, intake: Intake) -> None:
        intake.take([sent("urn:example:old")])

        verdicts = intake.take(
            [
                sent("urn:example:1"),
                sent("urn:example:old", title="as it is"),
                sent(OWN + "crm/act_entry/1"),
                sent("urn:example:1"),
                sent("urn:example:old"),
                sent("urn:example:1", title="as it is"),
                sent("urn:example:2"),
            ]
        )

        assert outcomes(verdicts) == [RECORDED, CONFLICT, FOREIGN, KNOWN, KNOWN, CONFLICT, RECORDED]
        assert [verdict.id.rpartition(":")[2] for verdict in verdicts] == (
            ["1", "old", "crm/act_entry/1", "1", "old", "1", "2"]
        )

    def test_what_has_no_id_is_always_new_and_gets_one_of_ours(
        self, intake: Intake, log: MemoryLog
    ) -> None:
        draft = sent("")

        verdicts = intake.take([draft, draft]) + intake.take([draft])

        assert outcomes(verdicts) == [RECORDED] * 3
        assert [verdict.id for verdict in verdicts] == [activity.id for activity in log.read(0)]
        assert len({verdict.id for verdict in verdicts}) == 3
        assert all(verdict.id.startswith(OWN + "activities/") for verdict in verdicts)

    def test_what_has_no_id_is_named_by_its_place_among_names(self, intake: Intake) -> None:
        drafts = [sent(""), sent("urn:example:1"), sent(""), sent(" ")]

        verdicts = intake.take(drafts, ["a", "unused", "b c", "d"])

        assert [verdict.id for verdict in verdicts] == [
            OWN + "activities/a",
            "urn:example:1",
            OWN + "activities/b%20c",
            OWN + "activities/d",
        ]
        assert outcomes(intake.take(drafts, ["a", "unused", "b c", "d"])) == [KNOWN] * 4

    @pytest.mark.parametrize("id", [OWN + "x", "TAG:Example.COM,2026:x", f" {OWN}x", OWN])
    def test_an_id_under_our_authority_comes_only_from_its_source(
        self, intake: Intake, log: MemoryLog, id: str
    ) -> None:
        assert outcomes(intake.take([sent(id)])) == [FOREIGN]
        assert log.head() == 0

    @pytest.mark.parametrize(
        "id", ["tag:example.com,2025:x", "tag:example.com,2026-01:x", f"urn:{OWN}x", OWN[:-1]]
    )
    def test_an_id_that_only_resembles_ours_is_somebody_else_s(
        self, intake: Intake, id: str
    ) -> None:
        assert outcomes(intake.take([sent(id)])) == [RECORDED]

    def test_what_a_source_has_recorded_is_known_or_in_conflict(self, intake: Intake) -> None:
        draft = make_draft(source="crm")
        intake.record([draft])

        assert outcomes(intake.take([draft])) == [KNOWN]
        assert outcomes(intake.take([replace(draft, source="files")])) == [KNOWN]
        assert outcomes(intake.take([replace(draft, title="as it is")])) == [CONFLICT]

    def test_the_first_and_the_newest_version_are_known_those_between_are_not(self) -> None:
        first, between, newest = (sent(title=title) for title in ("first", "between", "newest"))
        log = LogOfVersions(first, newest)

        verdicts = [Intake(log).take([draft])[0].outcome for draft in (first, between, newest)]

        assert verdicts == [KNOWN, CONFLICT, KNOWN]

    def test_what_comes_in_the_other_dialect_is_the_same_without_what_only_one_can_say(
        self, intake: Intake
    ) -> None:
        intake.take([sent(extra=Extra("as2", '{"attachment":"x"}'))])

        assert outcomes(intake.take([sent(extra=Extra("as1", "{}"))])) == [KNOWN]
        assert outcomes(intake.take([sent(extra=Extra("as1", '{"icon":"x"}'))])) == [CONFLICT]
        assert outcomes(intake.take([sent(extra=Extra("as2", "{}"))])) == [CONFLICT]

    def test_titles_are_compared_as_they_are_recorded(self, log: MemoryLog) -> None:
        intake = Intake(log, max_title=20)
        draft = sent(title="x" * 30)

        assert outcomes(intake.take([draft, draft])) == [RECORDED, KNOWN]


class LogOfVersions(MemoryLog):
    """A log in which the one activity there is has a first and a newest version."""

    def __init__(self, first: Draft, newest: Draft) -> None:
        super().__init__(AUTHORITY, FakeClock())
        self.append([first])
        (recorded,) = activities(self.at([1]))
        self._newest = replace(recorded, position=3, draft=newest)

    def versions(self, ids: Sequence[str]) -> dict[str, tuple[Version, Version]]:
        return {id: (first, self._newest) for id, (first, _) in super().versions(ids).items()}


class TestTakingAtOnce:
    """Several writers with a log each of one store."""

    @pytest.fixture(params=["memory", "sqlite"])
    def logs(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Log]]:
        memory = MemoryLog(AUTHORITY, FakeClock())

        def opened() -> Log:
            return open_log("sqlite:///log.db", tmp_path, AUTHORITY, FakeClock())

        logs = [memory if request.param == "memory" else opened() for _ in range(8)]
        yield logs
        for log in logs:
            log.close()

    def taken(self, logs: Sequence[Log], works: Sequence[list[Draft]]) -> list[list[Verdict]]:
        """The verdicts of writers that each take their work in small batches, all at once."""

        def take(log: Log, work: list[Draft]) -> list[Verdict]:
            intake = Intake(log)
            batches = [work[start : start + 7] for start in range(0, len(work), 7)]
            return [verdict for batch in batches for verdict in intake.take(batch)]

        with ThreadPoolExecutor(len(works)) as threads:
            return list(threads.map(take, logs, works))

    def test_one_id_with_the_same_content_is_recorded_once(self, logs: list[Log]) -> None:
        works = [[sent(f"urn:example:{number}")] for number in range(20)]

        for work in works:
            verdicts = self.taken(logs[:2], [work, work])
            assert sorted(v.outcome.value for each in verdicts for v in each) == [
                "known",
                "recorded",
            ]

        assert logs[0].head() == 20

    def test_one_id_with_two_contents_is_the_winner_s(self, logs: list[Log]) -> None:
        for number in range(20):
            one = sent(f"urn:example:{number}", title="one")
            other = replace(one, title="other")

            (mine,), (theirs,) = self.taken(logs[:2], [[one], [other]])

            assert {mine.outcome, theirs.outcome} == {RECORDED, CONFLICT}
            (recorded, _) = activities(logs[0].versions([one.id])[one.id])
            assert recorded.draft.title == ("one" if mine.outcome is RECORDED else "other")

    def test_of_many_writers_every_verdict_is_true(self, logs: list[Log]) -> None:
        said = [[sent(f"urn:example:{n}", title=title) for title in "ab"] for n in range(60)]
        chance = random.Random(8)
        works = [[chance.choice(chance.choice(said)) for _ in range(80)] for _ in logs]

        verdicts = self.taken(logs, works)

        kept = {activity.id: activity.draft.title for activity in activities(logs[0].read(0))}
        assert kept.keys() == {draft.id for work in works for draft in work}
        assert logs[0].head() == len(kept)
        counted: Counter[str] = Counter()
        for work, told in zip(works, verdicts, strict=True):
            for draft, verdict in zip(work, told, strict=True):
                assert verdict.id == draft.id
                is_kept = kept[draft.id] == draft.title
                assert (verdict.outcome is CONFLICT) == (not is_kept)
                counted[draft.id] += verdict.outcome is RECORDED
        assert set(counted.values()) == {1}
