"""Contexts: what names mean in a document, told by the document alone."""

import socket
import sys
from typing import Any

import pytest

from feedserver.errors import InvalidActivity
from feedserver.parsers.contexts import MAX_CONTEXT
from tests.parsers.reading import AS2, OWN, as2, document_of, draft_of, faults_of, left_of, wrong_in

EX = "https://example.org/ns#"


@pytest.mark.parametrize(
    "context",
    [
        AS2,
        AS2 + "#",
        "http://www.w3.org/ns/activitystreams",
        "http://www.w3.org/ns/activitystreams#",
        [AS2],
        [AS2, {"@language": "en"}],
        {"@vocab": AS2},
        {"@vocab": AS2 + "#", "name": "as:name"},
        [{"ex": EX}, AS2],
        ["https://w3id.org/security/v1", AS2],
        None,
    ],
)
def test_a_document_of_2_0_is_known_by_its_context_in_any_form(context: Any) -> None:
    value = as2(**{"@context": context, "queue": "Support"})

    assert document_of(value).dialect == "as2"
    assert draft_of(value).verb == "like"
    assert draft_of(value).queues == ("Support",)
    assert "activitystreams" not in str(left_of(value)) or "@vocab" in context


@pytest.mark.parametrize(
    ("context", "type", "verb"),
    [
        (AS2, "Create", "create"),
        (AS2, "TentativeAccept", "tentative-accept"),
        (AS2, "as:Create", "create"),
        (AS2, AS2 + "#Create", "create"),
        (AS2, "http://www.w3.org/ns/activitystreams#Create", "create"),
        (AS2, ["Activity", "Create"], "create"),
        (AS2, ["Create", EX + "Post"], "create"),
        (AS2, ["Activity", EX + "Post"], EX + "Post"),
        (AS2, EX + "Post", EX + "Post"),
        (AS2, "Mend", "Mend"),
        (AS2, "fs:ChangeStatus", "change-status"),
        (AS2, ["Update", "fs:ChangeStatus"], "change-status"),
        (AS2, OWN + "Dispatch", "dispatch"),
        (AS2, OWN + "_re%20open", "re open"),
        ([AS2, {"desk": OWN}], "desk:Dispatch", "dispatch"),
        ([AS2, {"Passed": "desk:Dispatch", "desk": OWN}], "Passed", "dispatch"),
        ([AS2, {"Passed": {"@id": OWN + "Dispatch"}}], "Passed", "dispatch"),
        ([AS2, {"ex": EX}], "ex:Mend", EX + "Mend"),
        ([AS2, {"ex": {"@id": EX, "@prefix": True}}], "ex:Mend", EX + "Mend"),
        ([AS2, {"Mend": EX + "Mend"}], "Mend", EX + "Mend"),
        ([AS2, {"Made": "as:Create"}], "Made", "create"),
        ([AS2, {"fs": EX}], "fs:Mend", EX + "Mend"),
        ([AS2, {"tag": "https://example.org/tag"}], "tag:x.example,2026:Mend", None),
        ([AS2, {"https": EX}], "https://x.example/Mend", None),
    ],
)
def test_a_type_is_told_by_its_iri_however_it_is_written(
    context: Any, type: Any, verb: str | None
) -> None:
    assert draft_of(as2(**{"@context": context, "type": type})).verb == (verb or type)


@pytest.mark.parametrize("local", ["", "_", "_%20"])
def test_a_type_of_our_namespace_that_names_nothing_is_an_iri(local: str) -> None:
    assert draft_of(as2(type=OWN + local)).verb == OWN + local


@pytest.mark.parametrize("name", ["queue", "tags", "product", "customer", "crmCode", "occurred"])
@pytest.mark.parametrize("definition", [f"{EX}{{}}", {"@id": "ex:{}"}, "ex:{}"], ids=str)
def test_a_name_of_ours_that_means_another_is_theirs(name: str, definition: Any) -> None:
    told = (
        {"@id": definition["@id"].format(name)}
        if isinstance(definition, dict)
        else definition.format(name)
    )
    value = as2(**{"@context": [AS2, {"ex": EX, name: told}], name: ["theirs"]})

    draft, left = draft_of(value), left_of(value)

    assert (draft.queues, draft.tags, draft.products) == ((), (), ())
    assert (draft.customer, draft.code, draft.occurred) == (None, None, None)
    assert left[EX + name] == ["theirs"]
    assert name not in left


@pytest.mark.parametrize(
    ("context", "name"),
    [
        (AS2, OWN + "queue"),
        (AS2, "fs:queue"),
        ([AS2, {"fs": OWN}], "fs:queue"),
        ([AS2, {"desk": OWN}], "desk:queue"),
        ([AS2, {"desk": OWN, "waiting": "desk:queue"}], "waiting"),
        ([AS2, {"waiting": {"@id": OWN + "queue", "@container": "@set"}}], "waiting"),
        ([AS2, {"desk": OWN, "queue": EX + "queue"}], "desk:queue"),
        ([AS2, {"desk": OWN, "queue": "desk:queue"}], "queue"),
    ],
)
def test_a_term_of_ours_is_told_by_its_iri_whatever_it_is_called(context: Any, name: str) -> None:
    value = as2(**{"@context": context, name: ["Support"]})

    assert draft_of(value).queues == ("Support",)
    assert set(left_of(value)) <= {"@context"}


def test_a_term_that_is_null_is_not_there_whatever_it_is_called() -> None:
    assert draft_of(as2(**{"fs:queue": "Support", "queue": None})).queues == ("Support",)
    assert draft_of(as2(**{"queue": "Support", "fs:queue": None})).queues == ("Support",)
    assert wrong_in(as2(**{"queue": None, "fs:queue": [7]})) == ["/fs:queue/0"]


def test_a_term_that_is_there_by_two_names_is_a_fault() -> None:
    assert faults_of([as2(), as2(**{"fs:queue": "Support", "queue": "Night"})]) == [
        ("/1", "holds `queue` twice in one object, under two names of it. Give it once.")
    ]


def test_a_term_of_an_object_is_told_by_its_iri_too() -> None:
    value = as2(
        **{
            "@context": [AS2, {"desk": OWN, "number": EX + "number"}],
            "object": {"type": "desk:Case", "desk:number": "1234", "number": 7},
        }
    )

    object = draft_of(value).object

    assert object is not None
    assert (object.type, object.number) == ("case", "1234")
    assert left_of(value)["object"] == {EX + "number": 7}


def test_a_name_of_our_namespace_that_is_no_term_of_ours_is_kept() -> None:
    assert left_of(as2(**{"fs:heat": 7, "fs:actor": "x"})) == {"fs:heat": 7, "fs:actor": "x"}


def test_each_item_of_a_collection_may_have_a_context_of_its_own() -> None:
    value = {
        "@context": [AS2, {"desk": OWN}],
        "type": "Collection",
        "items": [
            {"type": "Like", "actor": "Ann", "desk:queue": "A"},
            as2(**{"@context": {"desk": EX, "ours": OWN}, "desk:queue": 1, "ours:queue": "B"}),
            {"type": "Like", "actor": "Ann", "queue": "C"},
        ],
    }

    drafts = [item.draft for item in document_of(value).items]

    assert [draft and draft.queues for draft in drafts] == [("A",), ("B",), ("C",)]


@pytest.mark.parametrize(
    ("context", "name"),
    [(AS2, "as:content"), (AS2, AS2 + "#content"), ([AS2, {"body": "as:content"}], "body")],
)
def test_another_name_of_a_member_does_not_carry_it_past_the_checks(
    context: Any, name: str
) -> None:
    value = as2(**{"@context": context, name: "<script>x</script>a", "result": {name: "<script>"}})

    assert draft_of(value).content == "a"
    assert left_of(value)["result"] == {"content": ""}


def test_a_context_that_is_very_long_is_refused() -> None:
    long = {f"x{n}": EX for n in range(MAX_CONTEXT // len(EX))}

    ((pointer, detail),) = faults_of([as2(**{"@context": long})])

    assert pointer == "/0/@context"
    assert detail.endswith("16,384 is the limit. Name what is used.")
    with pytest.raises(InvalidActivity, match="/@context has"):
        document_of({"@context": long, "items": []}, "as2")


def test_contexts_that_are_not_ours_are_kept_with_what_they_explain() -> None:
    theirs = {"ex": EX, "heat": {"@id": "ex:heat", "@type": "@id"}, "none": None}
    value = as2(
        **{
            "@context": [
                AS2,
                "https://w3id.org/security/v1",
                theirs | {"fs": OWN, "tags": "fs:tags"},
            ],
            "heat": "x",
            "tags": "vip",
        }
    )

    assert left_of(value) == {
        "@context": ["https://w3id.org/security/v1", theirs],
        "heat": "x",
    }


def test_no_context_is_ever_fetched() -> None:
    events: list[str] = []
    sys.addaudithook(lambda event, _: events.append(event) if event[:6] == "socket" else None)
    remote = "https://contexts.invalid/x.jsonld"
    value = as2(
        **{
            "@context": [AS2, remote, {"@import": remote}, {"x": {"@context": remote}}],
            "object": {"@context": remote, "type": "Note"},
        }
    )

    assert draft_of(value).verb == "like"
    assert events == []
    socket.socket().close()
    assert events == ["socket.__new__"]  # as any that is opened is seen


@pytest.mark.parametrize(
    "context",
    [
        7,
        True,
        [],
        {},
        [[]],
        [[AS2]],
        [7, None, {"x": 7}],
        {"x": {"@id": 7}},
        {"": "y", "@id": "z", "a": "a:b", "b": "a:b"},
        {"a": "b:c", "b": "a:c"},
        {"@context": {"@context": AS2}},
        {"queue": None, "fs": None, "type": {"@id": None}},
    ],
)
def test_a_context_of_any_form_breaks_nothing(context: Any) -> None:
    assert draft_of(as2(**{"@context": context}), "as2").verb == "like"
