"""Any JSON, and what looks like activities, becomes activities or faults and nothing else."""

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import InvalidActivity
from feedserver.parsers.members import kept
from feedserver.services.intake import cleaned
from feedserver.settings import Limits
from tests.parsers.reading import AS2, OWN, as1, as2, document_of

DIALECTS = (None, "as1", "as2")
NAMES = """
    @context @id @type @value actor as:bcc bto content contentMap crmCode crmType crmVerb customer
    displayName embedCode fs:queue href id image items mediaType name nameMap number object
    objectType occurred orderedItems product published queue recorded revision summary summaryMap
    tag tags target title type updated url verb a/b ~ x
    """.split()
TEXTS = st.sampled_from(
    [
        "",
        " ",
        AS2,
        OWN,
        OWN + "Case",
        "fs:_",
        "as:Like",
        "Collection",
        "Create",
        "Note",
        "https://x.example/1",
        "javascript:alert(1)",
        "urn:example:1",
        "2026-11-19T14:05:00Z",
        "text/plain",
        "<p onclick=x>#vip &#1;</p>",
        "a\x00b\x85c\u2028d\ufffe",
        "x" * 1001,
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=6)
    ),
    max_leaves=16,
)
EXAMPLES: list[Any] = [
    as1(
        id="urn:example:1",
        title="<b>Ann</b> likes it",
        published="2026-11-19T14:05:00Z",
        object={
            "objectType": "note",
            "id": "urn:example:2",
            "displayName": "It",
            "url": "https://x.example",
        },
        target={"objectType": "group", "displayName": "Support"},
        tags=[{"displayName": "vip"}],
        to=[{"id": "urn:example:3"}],
    ),
    as2(
        id="urn:example:1",
        type=["Like", "fs:Mend"],
        nameMap={"en": "Ann likes it", "de": "Ann mag es"},
        content="<p>#vip</p>",
        object=[{"type": "Note", "id": "urn:example:2", "contentMap": {"en": "<p>It</p>"}}],
        tag=[{"type": "Hashtag", "name": "#vip"}],
        product=["Printer", "Toner"],
        revision=["B", ""],
        customer={"type": "Organization", "name": "Example Works"},
    ),
    {"@context": [AS2, {"q": OWN + "queue"}], "type": "Collection", "items": [as2(q="Support")]},
    {"totalItems": 2, "items": [as1(), as1(object="It")]},
    [as1(), as2()],
]


def mutated(data: st.DataObject, value: Any) -> Any:
    """The example with something else, or nothing, in one or two of its places."""
    value = copy.deepcopy(value)
    for _ in range(data.draw(st.integers(1, 2))):
        place = value
        while isinstance(place, dict | list) and place:
            key = data.draw(
                st.sampled_from(list(place) if isinstance(place, dict) else range(len(place)))
            )
            inner = place[key]
            if isinstance(inner, dict | list) and inner and data.draw(st.booleans()):
                place = inner
                continue
            if isinstance(place, dict) and data.draw(st.booleans()):
                place[data.draw(st.sampled_from(NAMES))] = data.draw(JSON)
            else:
                place[key] = data.draw(JSON)
            break
    return value


def read(value: Any, dialect: str | None) -> None:
    """Read the value, and hold what comes of it to what is promised."""
    try:
        document = document_of(value, dialect)
    except InvalidActivity as error:  # it is none at all
        resolve(value, error.faults[0].pointer)
        return
    for item in document.items:
        assert (item.draft is None) == bool(item.faults)
        for fault in item.faults:
            assert fault.pointer.startswith(item.pointer)
            resolve(value, fault.pointer)
            assert (
                fault.detail[-1] in ".Z}" or "Example" in fault.detail or "Create" in fault.detail
            )
            assert len(fault.detail) < 400
        if item.draft is not None:
            assert item.draft.extra is not None
            left = json.loads(item.draft.extra.members)
            assert kept(left) == left
            assert cleaned(cleaned(item.draft)) == cleaned(item.draft)
            json.dumps(left, ensure_ascii=False).encode()


def resolve(value: Any, pointer: str) -> Any:
    """What is at the JSON Pointer (RFC 6901); the last member of it may be one that is missing."""
    *steps, last = pointer.split("/")
    for step in [*steps[1:], last] if pointer else []:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(name)]
        elif step is last:
            value = value.get(name)
        else:
            value = value[name]
    return value


@pytest.mark.parametrize("dialect", DIALECTS)
@given(value=JSON)
def test_any_json_is_read_or_faulted(dialect: str | None, value: Any) -> None:
    read(value, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(members=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8))
def test_any_object_with_an_actor_is_read_or_faulted(
    dialect: str | None, members: dict[str, Any]
) -> None:
    read({"items": [as2() | members, as1() | members]}, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
def test_any_change_of_an_example_is_read_or_faulted(
    dialect: str | None, data: st.DataObject
) -> None:
    read(mutated(data, data.draw(st.sampled_from(EXAMPLES))), dialect)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_themselves_have_no_faults(example: Any) -> None:
    assert [item.faults for item in document_of(example).items if item.faults] == []


@given(JSON)
def test_what_is_kept_stays_as_it_is(value: Any) -> None:
    assert kept(kept(value)) == kept(value)


@given(JSON, st.sampled_from(NAMES))
def test_what_is_kept_of_a_member_stays_as_it_is(value: Any, name: str) -> None:
    left = kept({name: value})

    assert kept(left) == left
    assert not {"bto", "bcc", "as:bcc"} & set(left)


@pytest.mark.parametrize("dialect", DIALECTS[1:])
@pytest.mark.parametrize(
    "members",
    [
        {"x" * 400_000: 1},
        {":" * 200_000: 1},
        {f"x{n}": n for n in range(20_000)} | {"as:x19999": 1},
        {"tag": [{"name": f"a{n}"} for n in range(20_000)]},
        {"content": "#a " * 100_000},
        {"url": ["http://["] * 20_000},
    ],
    ids=range(6),
)
def test_what_is_meant_to_hurt_costs_little(members: dict[str, Any], dialect: str) -> None:
    begin = time.process_time()

    document_of(as2(**members), dialect)

    assert time.process_time() - begin < 1


def test_a_small_limit_holds_for_everything() -> None:
    limits = Limits(max_title=1, max_tags=0, max_batch=1)

    (item,) = document_of(EXAMPLES[1], None, limits).items

    assert item.draft is None
