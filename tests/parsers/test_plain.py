"""What is read in a shorter way is read as everything else is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.activity import Draft, Extra, Object
from feedserver.model.identity import namespace
from feedserver.parsers import activities as activities_of_dialects
from feedserver.parsers.activities import Dialect
from feedserver.parsers.as1 import As1
from feedserver.parsers.as2 import As2
from feedserver.parsers.contexts import Context
from feedserver.parsers.documents import Parser
from feedserver.parsers.members import Members, Reading
from feedserver.parsers.remembering import Remembered
from feedserver.settings import Limits
from tests.builders import AUTHORITY

OWN = namespace(AUTHORITY)
TYPES = ["Person", "Note", "Object", "Case", "feedserver:Case", f"{OWN}Case", "ticket", "", " Note"]
LIMITS = Limits(max_title=20, max_tags=5)
IDS = ["urn:example:1", "https://x.example/1", "no id", "javascript:x", "", "urn:uuid:1"]
NAMES = ["Ann", "  Ann \n B ", "", " ", "x" * 30, "a\x00b", "<b>", "東京"]
ODD: st.SearchStrategy[Any] = st.sampled_from([None, 7, ["Note"], {"name": "x"}])

objects = st.fixed_dictionaries(
    {
        "type": st.sampled_from(TYPES) | ODD,
        "id": st.sampled_from(IDS) | ODD,
        "name": st.sampled_from(NAMES) | ODD,
    },
    optional={"url": st.just("https://x.example"), "content": st.just("x"), "@type": st.just("x")},
)


class Thorough(As2):
    """The dialect without the shorter way."""

    def known_object(self, value: dict[str, Any], limits: Limits) -> None:
        return None

    def plain_activity(self, value: dict[str, Any], limits: Limits) -> Draft | None:
        return None


class ThoroughAs1(As1):
    """The dialect that remembers no object."""

    def known_object(self, value: dict[str, Any], limits: Limits) -> None:
        return None


def read(dialect: Dialect, value: dict[str, Any]) -> tuple[Draft, list[str]]:
    reading = Reading(LIMITS, [])
    draft = dialect.activity(Members(value, "", reading))
    return draft, [str(fault) for fault in reading.faults]


@given(actor=objects, object=objects, context=st.sampled_from([None, {"Note": "urn:x:Note"}]))
def test_a_plain_object_is_what_it_is_when_each_member_is_looked_at(
    actor: dict[str, Any], object: dict[str, Any], context: Any
) -> None:
    value = {"type": "Update", "actor": actor, "object": object, "name": "Changed"}
    within = Context.around(OWN).extended(context)

    assert read(As2(within), value) == read(Thorough(within), value)


DIALECTS: list[tuple[Dialect, Dialect]] = [
    (As1(OWN), ThoroughAs1(OWN)),
    (As2(Context.around(OWN)), Thorough(Context.around(OWN))),
]
"""Each for all that is read here, so that much of it is remembered."""

of_either = st.dictionaries(
    st.sampled_from(
        "type objectType crmType id @id name displayName number login url href content".split()
    ),
    st.sampled_from([*TYPES, *IDS, *NAMES, "https://x.example/"]) | ODD,
    max_size=5,
)


@given(objects=st.lists(of_either, min_size=1, max_size=4), extra=ODD | st.booleans())
def test_a_remembered_object_is_what_it_is_when_each_member_is_looked_at(
    objects: list[dict[str, Any]], extra: Any
) -> None:
    parts = dict(zip(("actor", "object", "target", "customer"), objects, strict=False))
    value = {"type": "Update", "verb": "update", "title": "Changed", "extra": extra, **parts}

    for remembering, thorough in DIALECTS:
        first, again = read(remembering, value), read(remembering, value)
        assert first == again == read(thorough, value)


def test_a_word_in_our_namespace_is_the_word_however_often_it_is_said() -> None:
    dialect, value = As1(OWN), {"actor": "Ann", "verb": f"{OWN}ChangeStatus"}

    for _ in range(2):
        draft = dialect.activity(Members(value, "", Reading(Limits(), [])))
        assert draft.verb == "change-status"


def test_an_object_is_read_once_where_it_is_the_same_and_nothing_is_wrong() -> None:
    dialect, ann = As1(OWN), {"objectType": "staff", "displayName": "Ann", "id": "urn:example:1"}

    first, again = dialect.known_object(ann, LIMITS), dialect.known_object(ann, LIMITS)

    assert again is first
    assert first == (Object("staff", "urn:example:1", "Ann"), {})
    assert dialect.known_object(ann, Limits(max_title=2)) is None
    assert dialect.known_object({**ann, "id": "none"}, LIMITS) is None


def test_objects_are_remembered_but_no_long_ones_and_not_too_many() -> None:
    dialect = As1(OWN)

    assert dialect.known_object({"displayName": "x", "content": "x" * 500}, LIMITS) is None
    assert dialect.known_object({"displayName": "x", "c" * 500: "x"}, LIMITS) is None
    assert dialect._remembered.cache_info().currsize == 0
    for number in range(2000):
        assert dialect.known_object({"displayName": f"{number}"}, LIMITS)
    assert dialect._remembered.cache_info().currsize == 1000


def test_what_is_left_is_remembered_with_its_dialect_and_its_types() -> None:
    values: list[Any] = [True, 1, 1.0, "1", [1], {"a": 1, "b": None}, {"b": None, "a": 1}]
    for _ in range(2):
        for value in values:
            for dialect, thorough in DIALECTS:
                draft, _ = read(dialect, {"actor": "Ann", "odd": value})
                members = {"odd": value if not isinstance(value, dict) else {"a": 1}}
                assert draft.extra == Extra(
                    thorough.name, json.dumps(members, separators=(",", ":"))
                )


def test_what_is_left_is_remembered_but_nothing_long_and_not_too_much() -> None:
    dialect = As1(OWN)

    for number in range(1100):
        read(dialect, {"actor": "Ann", "odd": number})
        read(dialect, {"actor": "Ann", "odd": "x" * 500})

    assert len(activities_of_dialects._extras) == 1000
    assert max(len(told) for _, told in activities_of_dialects._extras) <= 500


TEXTS = st.sampled_from([*NAMES, "#tag", "<p>a</p>", "a #b", "vip", "VIP", "<script>x</script>"])
PLAIN: dict[str, Any] = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "type": "Update",
    "id": "urn:example:1",
    "name": "Changed",
    "content": "<p>It burns.</p>",
    "published": "2026-05-08T12:00:00Z",
    "actor": {"type": "Person", "id": "urn:example:ann", "name": "Ann"},
    "object": {"type": "Note", "id": "urn:example:2", "name": "Printer"},
    "queue": "Support",
    "product": "XR-20",
    "tags": ["vip", "priority:high"],
}
CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "@context": st.sampled_from(
        [
            None,
            {"queue": "urn:x:queue"},
            {"Update": "urn:x:Update"},
            [PLAIN["@context"], "https://x.example"],
        ]
    ),
    "type": st.sampled_from(["Note", "Activity", "Create", "feedserver:Close", "odd", "", " Add"]),
    "id": st.sampled_from(IDS) | ODD,
    "name": TEXTS | ODD,
    "content": TEXTS | ODD,
    "published": st.sampled_from(["", "2026-05-08", "0001-01-01T00:00:00Z"]) | ODD,
    "actor": objects | TEXTS | ODD,
    "object": objects | TEXTS | ODD,
    "queue": TEXTS | st.lists(TEXTS, max_size=2) | ODD,
    "product": TEXTS | st.lists(TEXTS, max_size=2) | ODD,
    "tags": st.lists(TEXTS | ODD, max_size=7) | TEXTS | ODD,
    "target": objects,
    "silent": st.booleans(),
    "recorded": st.just("2026-05-08T12:00:00Z"),
    "url": st.just("https://x.example/"),
    "verb": TEXTS,
}


@st.composite
def activities(draw: st.DrawFn) -> dict[str, Any]:
    """One that is plain but for a few members."""
    changed = draw(st.lists(st.sampled_from(list(CHANGES)), max_size=3, unique=True))
    left_out = draw(st.lists(st.sampled_from(list(PLAIN)), max_size=1))
    value = {**PLAIN, **{name: draw(CHANGES[name]) for name in changed}}
    return {name: member for name, member in value.items() if name not in left_out}


@given(value=activities())
def test_a_plain_activity_is_what_it_is_when_each_member_is_looked_at(
    value: dict[str, Any],
) -> None:
    parser, thorough = Parser(AUTHORITY, LIMITS), Parser(AUTHORITY, LIMITS)
    within = thorough._within
    thorough._within = lambda context: Thorough(within(context).context)  # type: ignore[method-assign]

    assert parser.document(value, "as2") == thorough.document(value, "as2")


def test_a_plain_activity_is_read_in_the_shorter_way() -> None:
    dialect = As2(Context.around(OWN))

    assert (
        dialect.plain_activity(PLAIN, LIMITS)
        == read(
            Thorough(dialect.context),
            {name: member for name, member in PLAIN.items() if name != "@context"},
        )[0]
    )


@pytest.mark.parametrize("left", [{"type": "ticket"}, {"url": "https://x.example/", "odd": "x"}])
def test_an_activity_with_an_object_of_which_something_is_left_is_not_plain(
    left: dict[str, str],
) -> None:
    object = {**PLAIN["object"], **left}

    assert As2(Context.around(OWN)).plain_activity({**PLAIN, "object": object}, LIMITS) is None


def test_an_activity_with_an_object_with_an_address_is_plain() -> None:
    object = {**PLAIN["object"], "url": "https://x.example/"}

    found = As2(Context.around(OWN)).plain_activity({**PLAIN, "object": object}, LIMITS)

    assert found is not None
    assert found.object == Object("note", "urn:example:2", "Printer", url="https://x.example/")


def test_a_plain_object_is_read_in_the_shorter_way() -> None:
    value = {"type": "Person", "id": "urn:example:1", "name": "Ann"}

    found = As2(Context.around(OWN)).plain_object(value, Limits())

    assert found == Object("person", "urn:example:1", "Ann")


def test_names_are_remembered_but_no_long_ones_and_not_too_many() -> None:
    made = Remembered(str.upper)

    assert [made[name] for name in ("a", "a", "b" * 101)] == ["A", "A", "B" * 101]
    assert list(made) == ["a"]
    for number in range(2000):
        assert made[str(number)] == str(number)
    assert len(made) == 1000
