"""Rules: which activities a record becomes, member by member."""

from collections.abc import Mapping
from typing import Any

import pytest

from feedserver.errors import MappingError, SettingsError
from feedserver.mapping.members import OBJECT_MEMBERS
from feedserver.mapping.records import SHOWN, Record
from feedserver.mapping.rules import MAX_ACTIVITIES, MEMBERS, RecordMapping, rules_of
from feedserver.model.activity import Draft, Object, Product
from tests.builders import AUTHORITY, NOON

ROOT = f"tag:{AUTHORITY}:x"


def mapping_of(*rules: Mapping[str, Any]) -> RecordMapping:
    written = rules_of({"mapping": list(rules)}, "[sources.x]")
    return RecordMapping(AUTHORITY, "x", written, "[sources.x]")


def record_of(value: Any, key: str = "k1", **headers: str) -> Record:
    return Record(key, value, headers, NOON)


def drafts_of(rule: Mapping[str, Any], value: Any, key: str = "k1") -> tuple[Draft, ...]:
    return mapping_of(rule).drafts(record_of(value, key))


def draft_of(rule: Mapping[str, Any], value: Any, key: str = "k1") -> Draft:
    [draft] = drafts_of(rule, value, key)
    return draft


def test_a_rule_without_members_makes_an_update_by_the_source() -> None:
    assert draft_of({}, {}) == Draft(
        id=f"{ROOT}/k1",
        source="x",
        actor=Object("service", ROOT, "x"),
        verb="update",
        object=None,
        title="",
    )


def test_every_member_says_its_part() -> None:
    rule = {
        "when": "kind == 'note'",
        "id": "{{ n }}/a b",
        "verb": "Create",
        "occurred": "{{ at }}",
        "title": "{{ who.name }}\n wrote",
        "text": "{{ body }}",
        "actor": {"id": "{{ who.id }}", "name": "{{ who.name }}", "login": "ann"},
        "object": {"type": "case", "id": "7", "number": "{{ n }}", "url": "http://a.example/7"},
        "target": "Support",
        "customer": {"name": "Example Works", "number": 77},
        "queues": "{{ queues }}",
        "products": ["Printer 9000", "{{ none }}"],
        "tags": ["{{ queues }}", "n:{{ n }}", "", "{{ 'x #vip' | hash_words }}", "vip"],
        "code": "{{ n }}",
        "code_name": "Note {{ n | table('names') }}",
        "url": "https://a.example/{{ n }}",
        "tables": {"names": {"12": "twelve"}},
    }
    record = {
        "kind": "note",
        "n": 12.0,
        "at": "2026-05-08T14:00:00+02:00",
        "who": {"id": "urn:example:ann", "name": "Ann Example"},
        "body": "a < b\nc",
        "queues": ["Support", None, "", "Support"],
    }
    assert set(rule) == set(MEMBERS) - {"content", "each"}

    assert draft_of(rule, record) == Draft(
        id=f"{ROOT}/12%2Fa%20b",
        source="x",
        verb="create",
        occurred=NOON,
        title="Ann Example wrote",
        content="a &lt; b<br>\nc",
        actor=Object("person", "urn:example:ann", "Ann Example", login="ann"),
        object=Object("case", f"{ROOT}/case/7", number="12", url="http://a.example/7"),
        target=Object("object", name="Support"),
        customer=Object("organization", name="Example Works", number="77"),
        queues=("Support",),
        products=(Product("Printer 9000"),),
        tags=("Support", "n:12", "vip"),
        code="12",
        code_name="Note twelve",
        url="https://a.example/12",
    )


@pytest.mark.parametrize("written", ["a == 1", "{{ a == 1 }}", ["a == 1", "b == 2"], True])
def test_a_rule_is_for_the_records_of_which_its_condition_holds(written: Any) -> None:
    rule = {"when": written}

    assert len(drafts_of(rule, {"a": 1, "b": 2})) == 1
    if written is not True:
        assert drafts_of(rule, {"a": 2, "b": 2}) == ()


@pytest.mark.parametrize("value", ["false", None, [], 1])
def test_a_condition_is_true_or_false(value: Any) -> None:
    with pytest.raises(MappingError, match=r"mapping\.when: a: it gives .*, neither true nor fal"):
        drafts_of({"when": "a"}, {"a": value})


def test_each_splits_a_record_and_numbers_the_ids() -> None:
    rule = {"each": "items", "title": "{{ n }} {{ item.t }}"}

    drafts = drafts_of(rule, {"n": 1, "items": [{"t": "a"}, {"t": "b"}, {"t": "c"}]}, "k/1")

    assert [draft.id for draft in drafts] == [
        f"{ROOT}/k%2F1",
        f"{ROOT}/k%2F1/2",
        f"{ROOT}/k%2F1/3",
    ]
    assert [draft.title for draft in drafts] == ["1 a", "1 b", "1 c"]


def test_each_may_give_ids_of_their_own() -> None:
    rule = {"each": "{{ items }}", "id": "{{ item }}"}

    drafts = drafts_of(rule, {"items": ["a", "b", "a"]})

    assert [draft.id for draft in drafts] == [f"{ROOT}/a", f"{ROOT}/b", f"{ROOT}/a/2"]


@pytest.mark.parametrize("items", [[], None, ""])
def test_each_over_nothing_gives_nothing(items: Any) -> None:
    assert drafts_of({"each": "items"}, {"items": items}) == ()


def test_several_rules_are_followed_in_order_and_share_their_tables() -> None:
    mapping = mapping_of(
        {"when": "a", "verb": "create", "tables": {"words": {"1": "one"}}},
        {"when": "not a", "verb": "close"},
        {"title": "{{ 1 | table('words') }}"},
    )

    drafts = mapping.drafts(record_of({"a": True}))

    assert [(draft.id, draft.verb, draft.title) for draft in drafts] == [
        (f"{ROOT}/k1", "create", ""),
        (f"{ROOT}/k1/2", "update", "one"),
    ]


def test_tables_of_the_same_name_are_one() -> None:
    title = "{{ 1 | table('words') }} {{ 2 | table('words') }}"

    [draft] = mapping_of(
        {"when": False, "tables": {"words": {"1": "one", "2": "zwei"}}},
        {"title": title, "tables": {"words": {"2": "two"}}},
    ).drafts(record_of({}))

    assert draft.title == "one two"


def test_members_of_ours_come_before_the_records_own() -> None:
    value = {"key": "theirs", "headers": 1, "record": 2, "item": 3}
    rule = {"title": "{{ key }} {{ headers.a }} {{ record.key }} {{ item }}"}

    [draft] = mapping_of(rule).drafts(record_of(value, a="b"))

    assert draft.title == "k1 b theirs 3"


def test_a_record_that_is_no_object_is_there_by_its_name() -> None:
    assert draft_of({"title": "{{ record[1] }}"}, ["a", "b"]).title == "b"


def test_an_object_of_which_nothing_is_said_is_none() -> None:
    rule = {"object": {"type": "case", "id": "{{ a }}", "url": ""}, "actor": "", "target": " "}

    draft = draft_of(rule, {"a": ""})

    assert (draft.object, draft.target) == (None, None)
    assert draft.actor == Object("service", ROOT, "x")


@pytest.mark.parametrize(
    ("key", "id"),
    [
        ("https://a.example/1", "https://a.example/1"),
        ("urn:uuid:72d3162e-cc78-11e3-81ab-4c9367dc0958",) * 2,
        (7, f"{ROOT}/case/7"),
        ("a/b?c", f"{ROOT}/case/a%2Fb%3Fc"),
        ("javascript:alert(1)", f"{ROOT}/case/javascript:alert(1)"),
        ("https:", f"{ROOT}/case/https:"),
        ("\ud800", f"{ROOT}/case/%EF%BF%BD"),
    ],
)
def test_the_id_of_an_object_is_an_iri(key: Any, id: str) -> None:
    made = draft_of({"object": {"type": "case", "id": "{{ a }}"}}, {"a": key}).object

    assert made is not None
    assert made.id == id


@pytest.mark.parametrize(
    ("verb", "word"),
    [("Create", "create"), ("change-status", "change-status"), ("urn:example:x", "urn:example:x")],
)
def test_a_verb_of_the_vocabulary_is_its_word_and_any_other_is_kept(verb: str, word: str) -> None:
    assert draft_of({"verb": verb}, {}).verb == word


def test_names_are_cut_where_they_are_very_long() -> None:
    draft = draft_of({"tags": "{{ a }}", "object": "{{ a }}"}, {"a": "x" * 5000})

    assert draft.object is not None
    assert len(draft.tags[0]) == 1000 == len(draft.object.name or "")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"object": {"name": "{{ b.c }}"}}, r"mapping.object.name: {{ b.c }}: there is no b"),
        ({"object": {"url": "{{ a }}"}}, r"mapping.object.url: {{ a }}: 'x' is no absolute http"),
        ({"url": "javascript:x"}, r"mapping.url: javascript:x: .* is no absolute http"),
        ({"occurred": "{{ a }}"}, r"mapping.occurred: {{ a }}: 'x' is no date"),
        ({"verb": "{{ '' }}"}, r"mapping.verb: .* empty text"),
        ({"each": "a"}, r"mapping.each: a: it gives a text; it needs a list"),
        ({"each": "record"}, r"mapping.each: record: it gives an object; it needs a list"),
        ({"title": "{{ n }}"}, r"mapping.title: {{ n }}: it is null"),
        ({"tags": ["{{ record }}"]}, r"mapping.tags: {{ record }}: it is an object"),
        ({"tags": "{{ many }}"}, r"mapping.tags: it gives 101 names; 100 is the limit"),
        ({"id": "{{ long }}"}, r"mapping.id: .* its id would have 6,\d+ characters"),
        ({"each": "huge"}, r"mapping: the record gives more than 1,000 activities"),
    ],
)
def test_what_cannot_be_mapped_names_the_member_and_shows_the_record(
    rule: Mapping[str, Any], told: str
) -> None:
    value = {
        "a": "x",
        "n": None,
        "many": list(range(101)),
        "long": "ä" * 1000,
        "huge": [1] * (MAX_ACTIVITIES + 1),
    }

    with pytest.raises(MappingError, match=told) as caught:
        drafts_of(rule, value)

    assert str(caught.value).startswith("[sources.x] mapping")
    assert '"a": "x"' in caught.value.record
    assert len(caught.value.record) <= SHOWN


def test_the_record_beside_an_error_holds_no_secrets_of_headers() -> None:
    headers = {"x-hub-signature-256": "s1", "authorization": "s2", "cookie": "s3", "x-a": "seen"}

    with pytest.raises(MappingError) as caught:
        mapping_of({"title": "{{ b }}"}).drafts(Record("k", {}, headers, NOON))

    assert "seen" in caught.value.record
    assert not any(secret in caught.value.record for secret in ("s1", "s2", "s3"))


def test_an_error_tells_which_of_several_rules() -> None:
    with pytest.raises(MappingError, match=r"mapping\.title \(rule 2 of 2\): {{ b }}"):
        mapping_of({}, {"title": "{{ b }}"}).drafts(record_of({}))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, r"\[sources.x\] has neither preset nor mapping"),
        ({"mapping": "x"}, r"\[sources.x\] mapping is no table; write"),
        ({"mapping": ["x"]}, r"\[sources.x\] mapping is no table; write"),
        ({"preset": "github", "mapping": [{}]}, r"beside a preset write one table"),
        ({"mapping": {"titel": "x"}}, r"mapping\.titel is unknown. Did you mean title\?"),
        ({"mapping": {"object": {"nam": "x"}}}, r"mapping\.object\.nam is unknown. Did you mean n"),
        ({"mapping": {"title": ["x"]}}, r"mapping\.title = \['x'\] is no text"),
        ({"mapping": {"title": "{{ x"}}, r"mapping\.title: {{ x cannot be read"),
        ({"mapping": {"actor": 3}}, r"mapping\.actor: write a table"),
        ({"mapping": {"when": 3}}, r"mapping\.when = 3 is no expression"),
        ({"mapping": {"text": "", "content": ""}}, r"mapping\.text stands beside content"),
        ({"mapping": {"tables": {"a": "b"}}}, r"mapping\.tables: write NAME"),
        ({"mapping": [{}, {"tags": [1, {}]}]}, r"mapping\.tags \(rule 2 of 2\) = {} is no text"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_told_at_once(
    settings: Mapping[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        RecordMapping(AUTHORITY, "x", rules_of(settings, "[sources.x]"), "[sources.x]")


def test_the_same_record_gives_the_same_drafts() -> None:
    rule = {"tags": "{{ a | unique | list }}", "each": "a", "title": "{{ item }}"}
    record = record_of({"a": ["c", "b", "a"]})

    assert mapping_of(rule).drafts(record) == mapping_of(rule).drafts(record)


def test_every_part_of_an_object_can_be_said() -> None:
    assert set(OBJECT_MEMBERS) == set(Object.__dataclass_fields__)
