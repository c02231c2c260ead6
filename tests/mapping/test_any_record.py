"""Any JSON becomes drafts that the intake takes, or an error that names the member."""

import json
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from feedserver.errors import MappingError
from feedserver.mapping.presets import preset_names, read_preset
from feedserver.mapping.records import SHOWN, Record
from feedserver.mapping.rules import RecordMapping, rules_of
from feedserver.model.activity import Draft
from feedserver.services.intake import cleaned
from tests.builders import AUTHORITY, NOON

NAMES = """
    action activity activity_objid body changed comment commits compare data database_id full_name
    head_commit html_url id issue labels login message name number object_type operation priority
    pull_request pusher ref release repository sender short_description source specversion state
    subject sys_id sys_mod_count sys_updated_on time title type updated_at items self x
    """.split()
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "a", "{{ x }}", "https://a.example/1", "2026-11-19T14:05:00Z", "\ud800"])
    | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8)
    ),
    max_leaves=24,
)
OWN = {
    "id": "{{ id | default('') }}",
    "verb": "{{ action | default('log') }}",
    "occurred": "{{ time | default('') }}",
    "title": "{{ title | default(name) | default('nothing') }}",
    "text": "{{ body | default('') }}",
    "actor": {"name": "{{ sender.login | default('') }}", "id": "{{ sender.id | default('') }}"},
    "object": {"type": "{{ type | default('') }}", "id": "{{ number | default('') }}"},
    "tags": ["{{ labels | default([]) }}", "{{ state | default('') }}"],
    "queues": "{{ source | default('') }}",
    "url": "{{ html_url | default('') }}",
}
MAPPINGS = [
    RecordMapping(AUTHORITY, "x", rules, "[sources.x]")
    for rules in (
        [OWN],
        [{**OWN, "each": "items | default([record])"}],
        *(rules_of({"preset": name}, "[sources.x]") for name in preset_names()),
    )
]

EXAMPLES = [
    (mapping, example["record"])
    for name, mapping in zip(preset_names(), MAPPINGS[2:], strict=True)
    for example in read_preset(name)["examples"]
]


def mapped(mapping: RecordMapping, record: Record) -> tuple[tuple[Draft, ...], MappingError | None]:
    """The drafts, and the error in place of them."""
    try:
        return mapping.drafts(record), None
    except MappingError as error:
        return (), error


@given(JSON, st.text(max_size=8), st.sampled_from(MAPPINGS))
@settings(max_examples=200, deadline=None)
def test_any_json_becomes_drafts_that_are_taken_or_an_error(
    value: Any, key: str, mapping: RecordMapping
) -> None:
    record = Record(key, value, {}, NOON)

    drafts, fault = mapped(mapping, record)

    assert fault is None or str(fault).startswith("[sources.x] mapping")
    assert fault is None or ("\n" not in str(fault) and len(fault.record) <= SHOWN)
    for draft in drafts:
        made = cleaned(draft)
        assert isinstance(made, Draft)
        assert made.title
        made.id.encode()
    assert len({draft.id for draft in drafts}) == len(drafts)
    assert mapped(mapping, record)[0] == drafts


@given(st.sampled_from(EXAMPLES), st.randoms(use_true_random=False), JSON)
@settings(max_examples=200, deadline=None)
def test_an_example_in_which_anything_is_odd_becomes_drafts_or_an_error(
    example: tuple[RecordMapping, str], chance: Random, odd: Any
) -> None:
    mapping, text = example
    value = json.loads(text)
    around = chance.choice([value, *(each for each in value.values() if isinstance(each, dict))])
    around[chance.choice(sorted(around) or ["x"])] = odd

    drafts, fault = mapped(mapping, Record("k", value, {}, NOON))

    assert fault is None or str(fault).startswith("[sources.x] mapping.")
    assert all(cleaned(draft).title for draft in drafts)
