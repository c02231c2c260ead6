"""Every kind of feed is judged in every format, and what is wrong is found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from feedserver.assembly import Server, assemble_around
from feedserver.diagnosis.feeds import Formats, checks_of_feeds
from feedserver.diagnosis.results import Result, Sign, results_of
from feedserver.formats import FORMATS
from feedserver.model.activity import Activity, Draft, Extra, Object
from feedserver.model.feed import Page
from feedserver.ports import Format
from feedserver.services.intake import Intake
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, make_draft

CLOCK = FakeClock()
Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Changed:
    """A format whose documents are changed."""

    format: Any
    change: Change

    def __getattr__(self, name: str) -> Any:
        return getattr(self.format, name)

    def render(self, page: Page) -> bytes:
        return self.change(self.format.render(page))

    def render_activity(self, activity: Activity, page: Page) -> bytes:
        return self.change(self.format.render_activity(activity, page))


def server_of(count: int, *drafts: Draft) -> Server:
    log = MemoryLog(AUTHORITY, CLOCK)
    Intake(log).record([make_draft(title=f"Case {number}") for number in range(count)])
    Intake(log).record(drafts)
    return assemble_around(log, make_settings(Path(), {"authority": AUTHORITY}), CLOCK)


def formats_with(extension: str, change: Change) -> Formats:
    formats: dict[str, Format] = {name: FORMATS[name]() for name in FORMATS}
    formats[extension] = Changed(formats[extension], change)
    return Formats(formats)


def judged(server: Server, formats: Formats | None = None) -> Mapping[str, Result]:
    checks = checks_of_feeds(server, CLOCK(), formats or Formats())
    return {result.text.rpartition(":")[0]: result for result in results_of(checks)}


def test_every_kind_of_feed_is_judged() -> None:
    results = judged(server_of(130))

    assert [result for result in results.values() if result.sign is not Sign.OK] == []
    assert list(results) == [
        "everything",
        "queue Support",
        "product Printer 9000",
        "tag vip",
        "actor Ann Example",
        "customer Example Works",
        "a boolean filter",
        "full text",
        "a filter that nothing passes",
        "a feed without entries",
        "what is new, by cursor",
        "older entries, by cursor",
        "an archive",
        "one activity",
    ]
    assert results["everything"].text.endswith("the same in atom, json, as1, rss, jsonfeed")
    assert results["what is new, by cursor"].text.endswith("the same in atom, json, as1")
    assert "0 entries" in results["a filter that nothing passes"].text
    assert "100 entries" in results["everything"].text


def test_an_empty_log_is_well() -> None:
    results = judged(server_of(0))

    assert all(result.sign is Sign.OK for result in results.values())


@pytest.mark.parametrize(
    ("extension", "change", "line"),
    [
        (
            "atom",
            lambda text: text.replace(b"<author>", b"<autor>", 1).replace(
                b"</author>", b"</autor>", 1
            ),
            ".atom: UndefinedElement: ",
        ),
        ("atom", lambda text: text[:-10], ".atom: SAXError: "),
        (
            "atom",
            lambda text: text.replace(b"<title>Case", b"<title>Fall"),
            "not Fall 1 as in .atom",
        ),
        ("rss", lambda text: text.replace(b"+0000", b"GMT"), ".rss: InvalidRFC2822Date: "),
        (
            "rss",
            lambda text: text.replace(b"<link>http://crm", b"<link>http://src"),
            "link is http://src",
        ),
        (
            "json",
            lambda text: text.replace(b"totalItems", b"count"),
            ".json: UndefinedTerm: /count",
        ),
        (
            "json",
            lambda text: text.replace(b":crm:act-entry/", b":crm:act-entry/0"),
            "other ids than in .atom",
        ),
        ("json", lambda text: b"", ".json: NotJson: "),
        ("as1", lambda text: text.replace(b'"verb":', b'"vreb":'), ".as1: MissingMember: "),
        (
            "as1",
            lambda text: text.replace(b'"published":"2026', b'"published":"2025'),
            ".as1: of tag:",
        ),
        (
            "jsonfeed",
            lambda text: text.replace(b'"items":', b'"itmes":'),
            "the .jsonfeed cannot be read",
        ),
    ],
)
def test_a_format_that_is_wrong_is_found(extension: str, change: Change, line: str) -> None:
    results = judged(server_of(2), formats_with(extension, change))

    result = results["everything"]
    assert result.sign is Sign.FAILURE
    assert any(line in detail for detail in result.details), result.details
    assert "fault of feedserver" in result.mend
    assert results["one activity"].sign is Sign.FAILURE or extension == "json"


def test_what_only_troubles_some_readers_is_a_warning() -> None:
    def change(text: bytes) -> bytes:
        return text.replace(b"<generator>feedserver", b"<generator>")

    result = judged(server_of(1), formats_with("atom", change))["everything"]

    assert result.sign is Sign.WARNING
    assert result.details[0].startswith(".atom: NotBlank: /feed/generator (line ")
    assert "Right: something in it (W3C feed validator)" in result.details[0]


def test_what_a_source_holds_is_no_fault_of_the_feed() -> None:
    odd = make_draft(title="A </b> &amp; \ufffd", content="A <b>\ufffd</b>")

    results = judged(server_of(0, odd))

    assert {result.sign for result in results.values()} == {Sign.OK}


def test_entries_out_of_order_are_found() -> None:
    server = server_of(2)

    def turned(text: bytes) -> bytes:
        head, first, second = text.removesuffix(b"</feed>\n").split(b"<entry>")
        return head + b"<entry>" + second + b"<entry>" + first + b"</feed>\n"

    def only_of_two(text: bytes) -> bytes:
        return turned(text) if text.count(b"<entry>") == 2 else text

    result = judged(server, formats_with("atom", only_of_two))["everything"]

    assert any("is not older than what stands above it" in line for line in result.details)


def test_of_many_findings_the_first_are_told() -> None:
    result = judged(
        server_of(20), formats_with("rss", lambda text: text.replace(b"+0000", b"GMT"))
    )["everything"]

    assert len(result.details) == 6
    assert result.details[-1] == "and 16 more"


def test_what_is_recorded_meanwhile_is_no_difference() -> None:
    server = server_of(3)
    intake = Intake(server.log)
    recorded: list[int] = []

    def record_once(text: bytes) -> bytes:
        if not recorded:
            recorded.append(1)
            intake.record([make_draft()])
        return text

    assert judged(server, formats_with("atom", record_once))["everything"].sign is Sign.OK


def test_an_id_that_is_taken_no_more_is_its_senders_and_no_fault_of_a_feed() -> None:
    old = [
        make_draft(id="urn:x:1", source="ci-bot"),
        make_draft(actor=Object("person", f"tag:{'é' * 70}", "Ann"), source="me"),
        make_draft(id="http://[bad/" + "x" * 300),
    ]

    results = judged(server_of(3, *old))

    (warning,) = [result for result in results.values() if result.sign is not Sign.OK]
    assert warning.sign is Sign.WARNING
    assert warning.text.startswith("3 ids that others sent would be refused today")
    assert "most readers take these" in warning.mend
    assert warning.details[0].startswith("http://[bad/")
    assert f", from me: the id of its actor, tag:{'é' * 70}, is no tag: URI" in warning.details[1]
    assert (
        warning.details[2]
        == "urn:x:1, from ci-bot: its id, urn:x:1, is no URN that all readers know (RFC 2141)"
    )


@pytest.mark.parametrize("id", ["https://example.com/ü", "HTTP://EX.example/%7Ea", "foo:bar"])
def test_an_id_that_is_taken_is_well(id: str) -> None:
    actor = Object("person", id, "Ann")

    results = judged(server_of(0, make_draft(id=id, actor=actor)))

    assert {result.sign for result in results.values()} == {Sign.OK}


def test_a_term_that_a_sender_defined_nowhere_is_no_fault_of_a_feed() -> None:
    members = '{"heat":3,"object":{"foo/bar":1,"type":["Page","Odd"]}}'

    results = judged(server_of(1, make_draft(extra=Extra("as2", members))))

    assert {result.sign for result in results.values()} == {Sign.OK}
