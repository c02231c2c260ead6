"""Receiving: lines and documents, each activity with its place and what became of it."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import pytest

from feedserver.errors import InvalidActivity, InvalidRequest, NotYet, StoreError
from feedserver.model.activity import Activity, Draft
from feedserver.parsers.documents import Parser
from feedserver.ports import Bookmark
from feedserver.receiving import BATCH, BATCH_BYTES, Answer, Receiving
from feedserver.services.intake import Intake
from feedserver.services.writing import Writing
from feedserver.settings import Limits
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, activities


class WatchedLog(MemoryLog):
    """A log that keeps how much is appended at once, and fails where it is told to."""

    def __init__(self) -> None:
        super().__init__(AUTHORITY, FakeClock())
        self.batches: list[int] = []
        self.fails_at = -1

    def appended(
        self, drafts: Sequence[Draft], bookmark: Bookmark | None = None
    ) -> tuple[Activity | None, ...]:
        if len(self.batches) == self.fails_at:
            raise StoreError("the disk is full")
        self.batches.append(len(drafts))
        return super().appended(drafts, bookmark)


@pytest.fixture
def log() -> WatchedLog:
    return WatchedLog()


def receiving(log: MemoryLog, by_content: bool = False) -> Receiving:
    """A sender that begins anew, as a process that was started again."""
    return Receiving(
        Parser(AUTHORITY, Limits(max_batch=10_000)),
        Writing(log, Intake(log), sources=()),
        "files",
        by_content,
    )


def said(id: str | None = None, **members: Any) -> dict[str, Any]:
    """An activity of 1.0; without an id where none is given."""
    named = {} if id is None else {"id": f"urn:example:{id}"}
    return {"actor": "Ann", "verb": "close", "object": "Case 7", **named, **members}


def line(*values: Any) -> bytes:
    """A line: an activity, or a collection of several."""
    return json.dumps(values[0] if len(values) == 1 else values).encode()


def answers(batches: Iterator[tuple[Answer, ...]]) -> list[Answer]:
    return list(chain.from_iterable(batches))


def places(batches: Iterator[tuple[Answer, ...]]) -> list[tuple[int, str]]:
    return [(answer.place, answer.outcome) for answer in answers(batches)]


def ids(log: MemoryLog) -> list[str]:
    return [activity.id for activity in log.read(0)]


def test_each_line_has_its_number_whatever_stands_between(log: WatchedLog) -> None:
    lines = [
        b"",
        line(said("1")),
        b" \t\r",
        b"no json",
        None,
        line(said("2")) + b"\r",
        line(said("3"), said("4"), {"verb": "close"}),
        b"5",
        b"\xff",
        b"\xef\xbb\xbf",
        b"[]",
        b"\xef\xbb\xbf" + line(said("1")),
        line(said("2", verb="open")),
        line(said() | {"id": f"tag:{AUTHORITY}:x"}),
    ]

    told = [
        (answer.place, answer.status, answer.outcome)
        for answer in answers(receiving(log).lines(lines, with_collections=True))
    ]

    assert told == [
        (2, 201, "recorded"),
        (4, 400, "invalid"),
        (5, 413, "invalid"),
        (6, 201, "recorded"),
        (7, 201, "recorded"),
        (7, 201, "recorded"),
        (7, 422, "invalid"),
        (8, 422, "invalid"),
        (9, 400, "invalid"),
        (12, 200, "known"),
        (13, 409, "conflict"),
        (14, 422, "foreign"),
    ]
    assert ids(log) == [f"urn:example:{number}" for number in (1, 2, 3, 4)]


def test_what_was_refused_says_why_and_where(log: WatchedLog) -> None:
    lines = [b"{", None, line(said("1"), {"verb": "close"}), line(said("1", verb="open"))]

    refused = [
        each for each in answers(receiving(log).lines(lines, with_collections=True)) if each.faults
    ]

    assert [[fault.pointer for fault in answer.faults] for answer in refused] == [
        [""],
        [""],
        ["/1/actor"],
        ["/id"],
    ]
    assert all(answer.is_refused for answer in refused)
    assert "is longer than a line may be" in refused[1].faults[0].detail
    assert "urn:example:1 is recorded with other content" in refused[3].faults[0].detail


def test_a_collection_in_a_line_is_refused_where_it_is_not_expected(log: WatchedLog) -> None:
    (answer,) = answers(receiving(log).lines([line(said("1"), said("2"))]))

    assert (answer.place, answer.status) == (1, 422)
    assert "Send one activity a line." in answer.faults[0].detail
    assert log.head() == 0


def test_lines_are_recorded_in_batches_of_a_bounded_number(log: WatchedLog) -> None:
    lines = [line(said(str(number))) for number in range(2 * BATCH + 7)]

    batches = [len(batch) for batch in receiving(log).lines(lines)]

    assert batches == log.batches == [BATCH, BATCH, 7]


def test_bad_lines_count_in_a_batch_so_that_their_answers_do_not_wait(log: WatchedLog) -> None:
    first = next(receiving(log).lines(iter([b"no json"] * (BATCH + 1))))

    assert len(first) == BATCH


def test_lines_are_recorded_in_batches_of_bounded_bytes(log: WatchedLog) -> None:
    long = "x" * (BATCH_BYTES // 10)
    lines = [line(said(str(number), content=long)) for number in range(25)]

    batches = [len(batch) for batch in receiving(log).lines(lines)]

    assert batches == log.batches == [10, 10, 5]


def test_what_one_line_holds_is_recorded_in_batches_too(log: WatchedLog) -> None:
    collection = line(*(said(str(number)) for number in range(BATCH + 100)))
    lines = [line(said("first")), collection, line(said("last"))]

    batches = receiving(log).lines(lines, with_collections=True)

    assert places(batches) == [
        (1, "recorded"),
        *[(2, "recorded")] * (BATCH + 100),
        (3, "recorded"),
    ]
    assert log.batches == [BATCH, 102]


def test_the_bytes_of_a_collection_count_once(log: WatchedLog) -> None:
    long = "x" * (BATCH_BYTES // 10)
    collection = line(*(said(str(number), content=long) for number in range(5)))

    list(receiving(log).lines([collection, line(said("last"))], with_collections=True))

    assert log.batches == [6]


def test_lines_are_read_no_further_than_what_was_answered(log: WatchedLog) -> None:
    read: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in range(3 * BATCH):
            read.append(number)
            yield line(said(str(number)))

    next(receiving(log).lines(lines()))

    assert len(read) == log.head() == BATCH


@pytest.mark.parametrize(
    "error", [OSError(5, "broken"), UnicodeDecodeError("utf-16", b"", 0, 1, "x")]
)
def test_what_stood_before_a_break_is_recorded(log: WatchedLog, error: Exception) -> None:
    def lines() -> Iterator[bytes]:
        yield line(said("1"))
        yield line(said("2"))
        raise error

    told: list[Answer] = []
    with pytest.raises(type(error)):
        told.extend(chain.from_iterable(receiving(log).lines(lines())))

    assert [answer.outcome for answer in told] == ["recorded", "recorded"]
    assert log.head() == 2


def test_where_the_store_fails_only_what_was_answered_is_recorded(log: WatchedLog) -> None:
    log.fails_at = 1
    lines = [line(said(str(number))) for number in range(2 * BATCH)]
    told: list[Answer] = []

    with pytest.raises(StoreError):
        told.extend(chain.from_iterable(receiving(log).lines(lines)))

    assert len(told) == log.head() == BATCH


def test_a_document_is_recorded_in_batches_with_places_in_it(log: WatchedLog) -> None:
    body = line(*(said(str(number)) for number in range(BATCH + 1)), {"verb": "close"})

    told = places(receiving(log).whole(body))

    assert told == [
        *((place, "recorded") for place in range(1, BATCH + 2)),
        (BATCH + 2, "invalid"),
    ]
    assert log.batches == [BATCH, 1]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"no json", InvalidRequest),
        (b"\xff", InvalidRequest),
        (line(*[1] * 10_001), InvalidActivity),
    ],
)
def test_what_is_no_document_is_refused_at_once(
    log: WatchedLog, body: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        receiving(log).whole(body)


def test_a_charset_is_that_of_every_line(log: WatchedLog) -> None:
    lines = ['{"actor": "José"}'.encode("cp1252"), '{"actor": "Zoë"}'.encode("cp1252")]

    list(receiving(log).lines(lines, "windows-1252"))

    assert [activity.draft.actor.name for activity in activities(log.read(0))] == ["José", "Zoë"]


def test_a_dialect_that_is_named_is_that_of_every_line(log: WatchedLog) -> None:
    told = answers(receiving(log).lines([line({"actor": "Ann", "type": "Like"})], dialect="as1"))

    assert [answer.outcome for answer in told] == ["recorded"]
    assert [activity.draft.verb for activity in activities(log.read(0))] == ["post"]


def test_everything_is_recorded_under_the_name_of_the_sender(log: WatchedLog) -> None:
    list(receiving(log).lines([line(said("1", sourceName="crm"))]))

    assert [activity.draft.source for activity in activities(log.read(0))] == ["files"]


class TestByContent:
    """What has no id is known by what it says."""

    def test_the_same_sent_again_is_known(self, log: WatchedLog) -> None:
        lines = [line(said()), line(said(object="Case 8"))]

        first = places(receiving(log, by_content=True).lines(lines))
        again = places(receiving(log, by_content=True).lines(lines))

        assert first == [(1, "recorded"), (2, "recorded")]
        assert again == [(1, "known"), (2, "known")]

    def test_otherwise_it_is_new_each_time(self, log: WatchedLog) -> None:
        for _ in range(2):
            assert places(receiving(log).lines([line(said())])) == [(1, "recorded")]

    def test_the_same_counts_as_often_as_it_stands_there(self, log: WatchedLog) -> None:
        lines = [line(said())] * 3 + [line(said(object="Case 8"))] + [line(said())] * (BATCH)

        assert len(ids_after(log, lines)) == BATCH + 4
        assert len(ids_after(log, lines)) == BATCH + 4
        assert len(ids_after(log, [*lines, line(said())])) == BATCH + 5

    def test_order_and_spelling_do_not_count(self, log: WatchedLog) -> None:
        one, other = said(), dict(reversed(said().items()))
        told = places(receiving(log, by_content=True).lines([line(one)]))
        told += places(
            receiving(log, by_content=True).whole(json.dumps([other], indent=2).encode())
        )

        assert told == [(1, "recorded"), (1, "known")]

    def test_it_is_known_wherever_it_stands(self, log: WatchedLog) -> None:
        lines = [line(said(object=f"Case {number}")) for number in range(9)]
        list(receiving(log, by_content=True).lines(lines))

        told = places(receiving(log, by_content=True).lines([lines[5], lines[7], lines[0]]))

        assert [outcome for _, outcome in told] == ["known"] * 3

    def test_what_was_sent_in_part_is_completed(self, log: WatchedLog) -> None:
        lines = [line(said(object=f"Case {number % 700}")) for number in range(2 * BATCH)]
        next(receiving(log, by_content=True).lines(lines))

        told = Counter(place[1] for place in places(receiving(log, by_content=True).lines(lines)))

        assert told == {"known": BATCH, "recorded": BATCH}
        assert log.head() == 2 * BATCH

    def test_what_has_an_id_is_told_by_it(self, log: WatchedLog) -> None:
        lines = [line(said("1")), line(said("1")), line(said("2"))]

        told = places(receiving(log, by_content=True).lines(lines))

        assert told == [(1, "recorded"), (2, "known"), (3, "recorded")]
        assert ids(log) == ["urn:example:1", "urn:example:2"]


def ids_after(log: MemoryLog, lines: list[bytes]) -> list[str]:
    """The ids in the log after a new sender has sent these lines."""
    list(receiving(log, by_content=True).lines(lines))
    return ids(log)


def test_nothing_is_taken_while_a_source_imports_its_history(log: WatchedLog) -> None:
    class Importing(Writing):
        def refuse_while_importing(self) -> None:
            raise NotYet("later")

    sender = Receiving(Parser(AUTHORITY, Limits()), Importing(log, Intake(log), ()), "files")

    with pytest.raises(NotYet):
        list(sender.lines([line(said("1"))]))
    assert log.head() == 0


def test_who_decodes_can_be_given(log: WatchedLog) -> None:
    def decode(line: bytes, charset: str | None) -> str:
        raise InvalidRequest([f"It is not {charset}."])

    sender = Receiving(
        Parser(AUTHORITY, Limits()), Writing(log, Intake(log), ()), "files", decode=decode
    )

    (answer,) = answers(sender.lines([line(said("1"))], "klingon"))

    assert [str(fault) for fault in answer.faults] == ["It is not klingon."]
