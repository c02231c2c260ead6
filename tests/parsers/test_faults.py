"""Faults: all of them, each at its JSON Pointer with what would be right."""

from typing import Any

import pytest

from feedserver.errors import InvalidActivity
from feedserver.parsers.members import MAX_FAULTS
from feedserver.settings import Limits
from tests.parsers.reading import AS2, OWN, as1, as2, document_of, draft_of, faults_of, wrong_in

TEN = {
    "@context": AS2,
    "id": "not an id",
    "type": ["Like", 7],
    "actor": [None, {"id": "/ann", "name": ["Ann"]}],
    "object": {"url": "javascript:alert(1)", "number": 1.5},
    "target": False,
    "published": "yesterday",
    "queue": ["Support", None],
    "content": {"en": "x"},
    "crmCode": "x" * 1001,
}


def test_all_faults_of_an_activity_are_listed_each_with_what_would_be_right() -> None:
    iri = "which is no absolute IRI (RFC 3987). Write urn:uuid:… or https://…"
    link = "is no link that is kept. Write an absolute http, https or mailto address without a"

    assert sorted(faults_of(TEN)) == [
        ("/actor/1/id", f"is '/ann', {iri}, or leave it out."),
        ("/actor/1/name", "is an array; write a text."),
        ("/content", "is an object; write a text."),
        ("/crmCode", "has 1,001 characters; 1,000 is the limit (`max_title`)."),
        ("/id", f"is 'not an id', {iri}, or leave it out."),
        ("/object/number", "is a number; write a text."),
        ("/object/url", f"{link} password, or leave it out."),
        (
            "/published",
            "is 'yesterday', which is no date with a zone (RFC 3339). Write 2026-11-19T14:05:00Z.",
        ),
        ("/queue/1", "is null; write a text."),
        ("/target", "is true or false; write a text."),
        ("/type/1", "is a number; write a text."),
    ]


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        ({"type": "Collection", "items": [TEN, as2(), TEN]}, ["/items/0", "/items/2"]),
        ({"@context": AS2, "orderedItems": [TEN]}, ["/orderedItems/0"]),
        ({"type": "as:Collection", "items": TEN}, ["/items"]),
        ([as2(), TEN], ["/1"]),
    ],
)
def test_faults_are_where_their_activity_stands(value: Any, pointers: list[str]) -> None:
    alone = wrong_in(TEN)

    assert wrong_in(value) == [place + pointer for place in pointers for pointer in alone]


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "Ann", [[]], [None]])
def test_what_is_no_object_is_no_activity(value: Any) -> None:
    pointer = "/0" if isinstance(value, list) else ""

    assert faults_of(value) == [(pointer, "is no object. An activity is a JSON object.")]


def test_no_more_faults_are_told_than_somebody_reads() -> None:
    assert len(wrong_in(as2(tags=[{}] * 100, queue=[7] * 100))) == MAX_FAULTS


@pytest.mark.parametrize(
    "value",
    [{"type": "Collection", "totalItems": 3}, {"type": "OrderedCollection", "first": "urn:x"}],
)
def test_a_collection_that_has_its_activities_elsewhere_is_refused(value: Any) -> None:
    with pytest.raises(InvalidActivity, match="It is a collection without its activities"):
        document_of(value)


@pytest.mark.parametrize("actor", [None, "", " \n", [], [None, ""]])
def test_an_activity_needs_an_actor(actor: Any) -> None:
    told = [("/actor", 'is missing. Say who did it: "actor": "Ann Example".')]

    assert faults_of(as2(actor=actor)) == told
    assert faults_of(as1(actor=actor)) == told
    assert faults_of({}) == told


@pytest.mark.parametrize("type", [None, [], [""], ""])
def test_an_activity_of_2_0_needs_a_type(type: Any) -> None:
    assert faults_of(as2(type=type)) == [
        ("/type", 'is missing. Say what was done: "type": "Create".')
    ]
    assert faults_of(as2(type=type, crmVerb="close")) == []


def test_a_name_in_an_object_must_be_a_text() -> None:
    assert faults_of(as2(tags=[{"name": 7}], queue={})) == [
        ("/queue", "is an object; write a text."),
        ("/tags/0", "is an object; write a text."),
    ]


@pytest.mark.parametrize(("type", "pointer"), [(7, "/type"), (["Like", {}], "/type/1")])
def test_a_type_that_is_no_text_is_told_once(type: Any, pointer: str) -> None:
    assert wrong_in(as2(type=type)) == [pointer]
    assert wrong_in({"@context": AS2, "@type": type, "actor": "Ann"}) == ["/@" + pointer[1:]]


@pytest.mark.parametrize("type", ["Note", "as:Person", AS2 + "#Event", ["Object", "Page"], "Link"])
def test_an_object_is_no_activity_and_how_to_put_it_into_one_is_told(type: Any) -> None:
    ((pointer, detail),) = faults_of(as2(type=type))

    assert pointer == "/type"
    assert "is no activity. Put it into one:" in detail


def test_the_pointer_names_the_member_as_it_was_sent() -> None:
    own = {"x": OWN, "q": {"@id": "x:queue"}, "tags": "https://example.org/tags"}
    value = as2(
        **{
            "@context": [AS2, own],
            "q": [7],
            "x:product": [8],
            OWN + "tags": 9,
            "tags": ["theirs"],
            "object": {"x:number": 1.5},
            "customer": {"@id": "/x"},
        }
    )

    assert sorted(wrong_in(value)) == sorted(
        [
            "/q/0",
            "/x:product/0",
            f"/{OWN}tags".replace("~", "~0"),
            "/object/x:number",
            "/customer/@id",
        ]
    )


def test_in_1_0_there_are_no_other_names() -> None:
    value = as1(**{"@context": {"q": OWN + "queue"}, "q": "x", "queue": [7]})

    assert wrong_in(value, "as1") == ["/queue/0"]


def test_the_pointer_of_a_name_in_a_map_is_escaped() -> None:
    assert wrong_in(as2(nameMap={"a/b~c": "x" * 1001})) == ["/nameMap/a~1b~0c"]


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"name": "x" * 1001}, ["/name"]),
        ({"name": "x" * 1000}, []),
        ({"summary": "x" * 1001}, []),
        ({"content": "x" * 5000}, []),
        ({"object": {"name": "x" * 1001}}, ["/object/name"]),
        ({"object": "x " * 600}, ["/object"]),
        ({"actor": ["x" * 1001]}, ["/actor/0"]),
        ({"queue": ["a", "x" * 1001]}, ["/queue/1"]),
        ({"product": ["a", "x" * 1001]}, ["/product/1"]),
        ({"revision": "x" * 1001, "product": "a"}, ["/revision"]),
        ({"tags": [{"name": "x" * 1001}]}, ["/tags/0"]),
        ({"tag": [{"name": "x" * 1001}, "x" * 1001]}, ["/tag/0", "/tag/1"]),
        ({"crmVerb": "x" * 1001}, ["/crmVerb"]),
        ({"type": "x" * 1001}, ["/type"]),
        ({"queue": ["a"] * 101}, ["/queue"]),
        ({"queue": ["a"] * 100}, []),
        ({"product": ["a"] * 101}, ["/product"]),
        ({"tags": ["a"] * 101}, ["/tags"]),
        ({"tag": [{"name": f"a{n}"} for n in range(101)]}, ["/tag"]),
        ({"tag": [{"name": "a"}] * 200}, []),
        ({"tag": [{"type": "Mention", "href": "https://x.example/"}] * 200}, []),
        ({"tags": [f"a{n}" for n in range(60)], "tag": [f"b{n}" for n in range(41)]}, ["/tag"]),
        ({"content": "".join(f" #a{n}" for n in range(300))}, []),
        ({"revision": ["A", "B"], "product": "P"}, ["/revision"]),
        ({"revision": "A"}, ["/revision"]),
    ],
)
def test_what_is_too_much_is_a_fault(members: Any, pointers: list[str]) -> None:
    assert wrong_in(as2(**members)) == pointers


def test_the_limits_are_those_of_the_settings() -> None:
    limits = Limits(max_title=10, max_tags=2, max_batch=3)

    assert wrong_in(as2(name="x" * 11, tags=["a", "b", "c"]), limits=limits) == [
        "/actor",
        "/name",
        "/tags",
    ]
    assert faults_of(as1(actor="Ann", title="x" * 11), limits=limits) == [
        ("/title", "has 11 characters; 10 is the limit (`max_title`).")
    ]


def test_hash_words_beyond_the_limit_are_left_out() -> None:
    words = " ".join(f"#w{n}" for n in range(150))

    tags = draft_of(as2(tags=["a", "b"], content=words, name="It #burns")).tags

    assert tags[:4] == ("a", "b", "burns", "w0")
    assert len(tags) == 100


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ([as2()] * 4, ""),
        ({"items": [as2()] * 4}, "/items"),
        ({"type": "OrderedCollection", "orderedItems": [7] * 4}, "/orderedItems"),
    ],
)
def test_a_collection_of_too_many_is_refused_as_a_whole(value: Any, pointer: str) -> None:
    with pytest.raises(InvalidActivity) as error:
        document_of(value, limits=Limits(max_batch=3))

    (fault,) = error.value.faults
    assert fault.pointer == pointer
    assert fault.detail == (
        "holds 4 activities; 3 is the limit (`max_batch`). Send NDJSON, which has none."
    )
    assert len(document_of([as2()] * 3, limits=Limits(max_batch=3)).items) == 3
