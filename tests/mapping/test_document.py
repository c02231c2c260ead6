"""The document about mappings says what is so, and its example becomes what it says."""

import json
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from feedserver.errors import FeedserverError
from feedserver.mapping.filters import FILTERS
from feedserver.mapping.members import OBJECT_MEMBERS
from feedserver.mapping.presets import preset_names
from feedserver.mapping.records import Record
from feedserver.mapping.rules import MEMBERS, RecordMapping, rules_of
from feedserver.mapping.sandbox import METHODS
from feedserver.mapping.values import text_of
from feedserver.model.activity import Draft, Object, Product
from tests.builders import AUTHORITY, NOON

DOCUMENT = Path(__file__).parents[2].joinpath("docs/mappings.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def drafts_of(mapping: Any, record: Any) -> tuple[Draft, ...]:
    rules = rules_of({"mapping": mapping}, "[sources.shop]")
    made = RecordMapping(AUTHORITY, "shop", rules, "[sources.shop]")
    return made.drafts(Record("k", record, {}, NOON))


def line_of(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(line_of, value))
    if isinstance(value, Object):
        return " ".join(filter(None, (value.type, value.id, value.name, value.number)))
    return value.name if isinstance(value, Product) else text_of(value)


def test_the_example_becomes_what_stands_below_it() -> None:
    record, mapping = json.loads(blocks("json")[0]), tomllib.loads(blocks("toml")[0])
    assert isinstance(record["at"], int)

    [draft] = drafts_of(mapping["sources"]["shop"]["mapping"], record)

    said = dict(line.split(maxsplit=1) for line in blocks("text")[0].splitlines())
    assert said == {name: line_of(getattr(draft, name)) for name in said}
    assert isinstance(draft.occurred, datetime)


def test_several_rules_make_several_activities() -> None:
    record, mapping = json.loads(blocks("json")[0]), tomllib.loads(blocks("toml")[1])

    drafts = drafts_of(mapping["sources"]["shop"]["mapping"], record | {"event": "order.placed"})

    assert [draft.title for draft in drafts] == [
        "Ann Example ordered for 99.5",
        "Printer 9000 leaves the house",
        "Toner leaves the house",
    ]


@pytest.mark.parametrize(
    ("mapping", "record"),
    [
        ({"titel": "x"}, {}),
        ({"title": "{{ by.name | uper }}"}, {}),
        ({"actor": {"name": "{{ by.name }}"}}, {"by": {"login": "ann"}}),
    ],
)
def test_errors_are_as_they_are_shown(mapping: Any, record: Any) -> None:
    with pytest.raises(FeedserverError) as caught:
        drafts_of(mapping, record)

    assert str(caught.value) in DOCUMENT.splitlines()


def test_the_narrowed_preset_can_be_read() -> None:
    settings = tomllib.loads(blocks("toml")[2])["sources"]["code"]

    assert RecordMapping(AUTHORITY, "code", rules_of(settings, ""), "")


def test_every_member_filter_method_and_preset_stands_in_it() -> None:
    names = [*MEMBERS, *OBJECT_MEMBERS, *FILTERS, *METHODS]

    assert [name for name in names if not re.search(rf"`{name}[`(]", DOCUMENT)] == []
    assert [name for name in preset_names() if f"### `{name}`" not in DOCUMENT] == []


def test_the_message_for_carrier_sends_what_the_preset_reads() -> None:
    message = next(block for block in blocks("text") if "InvokeUrl" in block)
    lines = [line.partition("=") for line in message.splitlines()]
    record = {name: value for name, _, value in lines[4:]}
    rules = rules_of({"preset": "carrier"}, "")

    [draft] = RecordMapping(AUTHORITY, "crm", rules, "").drafts(Record("k", record, {}, NOON))

    assert draft.object is not None
    assert (draft.object.number, draft.queues) == ("[Object ID]", ("[Current Queue]",))
    assert draft.customer is not None
    assert draft.customer.name == "[Site Name]"
