"""The presets: each makes of its examples what stands beside them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from feedserver.errors import SettingsError
from feedserver.mapping.presets import preset_names, read_preset
from feedserver.mapping.records import Record
from feedserver.mapping.rules import RecordMapping, rules_of
from feedserver.model.activity import Draft, Object, Product
from feedserver.services.intake import cleaned
from tests.builders import AUTHORITY, NOON

EXAMPLES = [
    pytest.param(name, example, id=f"{name}: {example['says']}")
    for name in preset_names()
    for example in read_preset(name)["examples"]
]


def mapping_of(name: str, **settings: Any) -> RecordMapping:
    return RecordMapping(AUTHORITY, name, rules_of({"preset": name, **settings}, "here"), "here")


def record_of(example: Mapping[str, Any]) -> Record:
    headers = example.get("headers", {})
    return Record(example.get("key", "example"), json.loads(example["record"]), headers, NOON)


def draft_of(source: str, written: Mapping[str, Any]) -> Draft:
    made: dict[str, Any] = {"object": None, **written, "source": source}
    for name in ("actor", "object", "target", "customer"):
        if made.get(name) is not None:
            made[name] = Object(**made[name])
    for name in ("queues", "tags"):
        made[name] = tuple(made.get(name, ()))
    made["products"] = tuple(map(Product, made.get("products", ())))
    return Draft(**made)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_becomes_what_stands_beside_it(name: str, example: Mapping[str, Any]) -> None:
    drafts = mapping_of(name).drafts(record_of(example))

    expected = [draft_of(name, written) for written in example["drafts"]]
    assert [cleaned(draft) for draft in drafts] == expected


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_says_what_it_is_for_and_proves_each_of_its_rules(name: str) -> None:
    preset = read_preset(name)
    rules = rules_of({"preset": name}, "here")
    alone = [RecordMapping(AUTHORITY, name, [rule, *_tables_of(rules)], "") for rule in rules]

    assert preset["meaning"].endswith(".")
    for mapping in alone:
        assert any(mapping.drafts(record_of(example)) for example in preset["examples"])


def _tables_of(rules: Any) -> list[dict[str, Any]]:
    """Rules that make nothing, for the sake of their tables."""
    return [{"when": False, "tables": rule["tables"]} for rule in rules if "tables" in rule]


def test_a_push_of_very_many_commits_shows_the_first_of_them() -> None:
    preset = read_preset("github")
    push = next(each for each in preset["examples"] if '"pusher"' in each["record"])
    record = record_of(push)
    commits = [{"message": f"c{place}", "author": {"name": "Ann"}} for place in range(2048)]

    (draft,) = mapping_of("github").drafts(
        replace(record, value={**record.value, "commits": commits})
    )

    assert draft.content is not None
    assert draft.content.count("<li>") == 100
    assert draft.content.endswith("<p>and 1948 more</p>")
    assert "pushed 2048 commits" in draft.title


def test_these_presets_are_there() -> None:
    assert preset_names() == ["carrier", "cloudevents", "github", "servicenow"]


def test_an_unknown_preset_is_told_with_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match=r"\[sources.x\] preset = 'gitub' .*mean github\?"):
        rules_of({"preset": "gitub"}, "[sources.x]")


def test_a_member_beside_a_preset_takes_the_place_of_the_presets_own() -> None:
    example = read_preset("carrier")["examples"][0]
    mapping = {"verb": "shout", "object": {"type": "thing"}, "content": "<p>{{ notes | html }}</p>"}

    [draft] = mapping_of("carrier", mapping=mapping).drafts(record_of(example))

    assert draft.verb == "shout"
    assert draft.object is not None
    assert (draft.object.type, draft.object.number) == ("thing", "1234")
    assert draft.content == "<p>It burns &amp; smokes.<br>\nSee #toner</p>"
    assert draft.queues == ("Support",)


def test_a_condition_beside_a_preset_is_asked_besides() -> None:
    example = read_preset("carrier")["examples"][0]

    kept = mapping_of("carrier", mapping={"when": "queue == 'Support'"})
    dropped = mapping_of("carrier", mapping={"when": "queue == 'Billing'"})
    nothing = kept.drafts(Record("1", {"queue": "Support"}, {}, NOON))

    assert len(kept.drafts(record_of(example))) == 1
    assert dropped.drafts(record_of(example)) == ()
    assert nothing == ()


def test_a_table_beside_a_preset_is_added_to_its_own() -> None:
    mapping = {"tables": {"verbs": {"esn received": "receive"}}}
    example = read_preset("carrier")["examples"][1]

    [draft] = mapping_of("carrier", mapping=mapping).drafts(record_of(example))

    assert draft.verb == "receive"
