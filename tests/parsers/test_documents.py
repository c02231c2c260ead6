"""Documents as the standards' own examples write them, and more loosely."""

from typing import Any

import pytest

from feedserver.errors import UnsupportedType
from feedserver.model.activity import Object, Product
from feedserver.parsers.documents import MEDIA_TYPES, dialect_of
from tests.builders import NOON
from tests.parsers.reading import AS2, as1, as2, document_of, draft_of, drafts_of, left_of

ANN = {"type": "Person", "id": "https://x.example/ann", "name": "Ann Example"}


@pytest.mark.parametrize(
    ("value", "dialect"),
    [
        ({"verb": "post", "actor": "Ann"}, "as1"),
        ({"actor": {"displayName": "Ann"}}, "as1"),
        ({"objectType": "activity", "actor": "Ann"}, "as1"),
        ({"type": "Create", "actor": "Ann"}, "as2"),
        ({"@type": "as:Create", "actor": "Ann"}, "as2"),
        ({"@context": AS2, "verb": "post", "type": "Create", "actor": "Ann"}, "as2"),
        ({"verb": "post", "type": "Create", "actor": "Ann"}, "as1"),
        ({"items": [{"type": "Create", "actor": "Ann"}]}, "as2"),
        ({"items": [{"verb": "post", "actor": "Ann"}]}, "as1"),
        ({"@context": AS2, "items": [{"type": "Like", "actor": "Ann"}]}, "as2"),
        ([{"type": "Create", "actor": "Ann"}], "as2"),
    ],
)
def test_the_dialect_is_told_by_the_members(value: Any, dialect: str) -> None:
    document = document_of(value)

    assert document.dialect == dialect
    assert all(item.draft and item.draft.extra for item in document.items)


def test_activities_of_both_dialects_may_stand_in_one_array() -> None:
    drafts = drafts_of([as1(verb="resolve"), as2(type="Announce")])

    assert [draft.verb for draft in drafts] == ["resolve", "announce"]
    assert [draft.extra and draft.extra.dialect for draft in drafts] == ["as1", "as2"]


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (as2(), None),
        ([], 0),
        ([as2(), as1()], 2),
        ({"items": [as1()]}, 1),
        ({"items": None}, 0),
        ({"type": "Collection"}, 0),
        ({"type": "Collection", "totalItems": 0, "items": None}, 0),
        ({"type": "Collection", "items": as2()}, 1),
        ({"type": "OrderedCollection", "orderedItems": [as2()]}, 1),
        ({"type": ["ex:List", "CollectionPage"], "items": [as2()]}, 1),
        ({"type": "as:OrderedCollectionPage", "items": None, "orderedItems": [as2()]}, 1),
        ({"@type": AS2 + "#Collection", "items": [as2()]}, 1),
        ({"objectType": "collection", "items": [as1(), as1()]}, 2),
        ({"actor": "Ann", "items": [as1()]}, None),
    ],
)
def test_a_collection_is_known_in_any_form(value: Any, count: int | None) -> None:
    document = document_of(value)

    assert document.is_collection == (count is not None)
    assert len(document.items) == (1 if count is None else count)
    assert all(item.draft for item in document.items)


@pytest.mark.parametrize(
    ("media_type", "dialect"),
    [*MEDIA_TYPES.items(), ("Application/LD+JSON", "as2"), ("APPLICATION/JSON", None)],
)
def test_a_media_type_names_its_dialect(media_type: str, dialect: str | None) -> None:
    assert dialect_of(media_type) == dialect


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/xml", "application/*"])
def test_another_media_type_is_refused_with_those_that_are_taken(media_type: str) -> None:
    with pytest.raises(
        UnsupportedType, match=r"Taken are application/activity\+json, .*ndjson"
    ) as e:
        dialect_of(media_type)

    assert set(MEDIA_TYPES) < set(e.value.known)


@pytest.mark.parametrize(
    ("value", "object"),
    [
        ("https://x.example/ann", Object("object", "https://x.example/ann")),
        ("Ann Example", Object("object", name="Ann Example")),
        (" Ann\n Example ", Object("object", name="Ann Example")),
        ("javascript:alert(1)", Object("object", name="javascript:alert(1)")),
        (ANN, Object("person", "https://x.example/ann", "Ann Example")),
        ([ANN, "Bob"], Object("person", "https://x.example/ann", "Ann Example")),
        ([None, "", "Bob"], Object("object", name="Bob")),
        ({"@id": "urn:example:1", "@type": "as:Group"}, Object("group", "urn:example:1")),
        ({"type": "Link", "href": "https://x.example/"}, Object("link", url="https://x.example/")),
        ({"url": "https://x.example/"}, Object("object", url="https://x.example/")),
        (
            {"url": [{"type": "Link", "href": "ftp://x"}, {"href": "https://x.example/"}]},
            Object("object", url="https://x.example/"),
        ),
        ({"nameMap": {"de": "Anna", "en": "Ann"}}, Object("object", name="Ann")),
        ({"name": "Ann", "nameMap": {"en": "Anna"}}, Object("object", name="Ann")),
        ({"type": ["Page", "fs:Case"], "number": 1234}, Object("case", number="1234")),
        ({"type": ["Object", "Note"]}, Object("note")),
        ({"type": ["http://schema.org/Person", "Person"]}, Object("person")),
        ({"type": "http://schema.org/Person"}, Object("http://schema.org/Person")),
        ({"type": "Person", "login": "ann"}, Object("person", login="ann")),
        ({}, Object("object")),
    ],
)
def test_an_object_of_2_0_is_an_id_a_name_its_members_or_the_first_of_several(
    value: Any, object: Object
) -> None:
    draft = draft_of(as2(actor=value, object=value, target=value))

    assert draft.actor == draft.object == draft.target == object


@pytest.mark.parametrize(
    ("value", "object"),
    [
        ("https://x.example/ann", Object("object", "https://x.example/ann")),
        ("Ann Example", Object("object", name="Ann Example")),
        (
            {"objectType": "person", "id": "tag:x.example,2026:ann", "displayName": "Ann Example"},
            Object("person", "tag:x.example,2026:ann", "Ann Example"),
        ),
        (
            {"objectType": "http://activitystrea.ms/schema/1.0/note", "url": "https://x.example/"},
            Object("note", url="https://x.example/"),
        ),
        ([{"objectType": "issue"}, {"objectType": "note"}], Object("issue")),
        ({"objectType": "issue", "crmType": "case", "number": "7"}, Object("case", number="7")),
        ({"displayName": "It"}, Object("object", name="It")),
    ],
)
def test_an_object_of_1_0_is_its_members_and_more_loosely_an_id_or_a_name(
    value: Any, object: Object
) -> None:
    draft = draft_of(as1(actor=value, object=value, target=value))

    assert draft.actor == draft.object == draft.target == object


@pytest.mark.parametrize("absent", [None, "", " ", [], [None], [""]])
def test_an_object_that_says_nothing_is_none(absent: Any) -> None:
    for make in (as1, as2):
        draft = draft_of(make(object=absent, target=absent, customer=absent))

        assert (draft.object, draft.target, draft.customer) == (None, None, None)


def test_a_customer_that_is_a_name_is_an_organization() -> None:
    assert draft_of(as2(customer="Example Works")).customer == Object(
        "organization", name="Example Works"
    )


@pytest.mark.parametrize(
    ("verb", "word"),
    [
        ("like", "like"),
        (None, "post"),
        ("", "post"),
        ("http://activitystrea.ms/schema/1.0/like", "like"),
        ("https://x.example/verbs/mend", "https://x.example/verbs/mend"),
        ("make-friend", "make-friend"),
        ("mend it", "mend it"),
        ("Like", "like"),
    ],
)
def test_a_verb_of_1_0_is_a_word_or_an_iri(verb: Any, word: str) -> None:
    assert draft_of(as1(verb=verb), "as1").verb == word


@pytest.mark.parametrize(
    ("members", "title", "left"),
    [
        ({"name": "Ann &amp; <b>"}, "Ann &amp; <b>", {}),
        ({"name": " a\n b "}, "a b", {}),
        ({"nameMap": {"fr": "b", "en-GB": "a"}}, "a", {"nameMap": {"fr": "b", "en-GB": "a"}}),
        ({"nameMap": {"fr": "b", "de": "a"}}, "a", {"nameMap": {"fr": "b", "de": "a"}}),
        ({"summary": "Ann &amp; <b>Bob</b>"}, "Ann & Bob", {"summary": "Ann &amp; <b>Bob</b>"}),
        ({"summary": "Ann &amp; Bob"}, "Ann & Bob", {}),
        ({"name": "a", "summary": "a"}, "a", {}),
        ({"name": "a", "summary": "b"}, "a", {"summary": "b"}),
        (
            {"summaryMap": {"en": "<p>a</p><p>b</p>"}},
            "a b",
            {"summaryMap": {"en": "<p>a</p><p>b</p>"}},
        ),
        ({"summary": "x" * 2000}, "x" * 999 + "…", {"summary": "x" * 2000}),
        ({"name": None, "summary": "", "nameMap": {}, "summaryMap": {"en": 7}}, "", None),
        ({"nameMap": "a", "summaryMap": ["b"]}, "", None),
        ({}, "", {}),
    ],
)
def test_the_title_of_2_0_is_its_name_else_its_summary(members: Any, title: str, left: Any) -> None:
    assert draft_of(as2(**members)).title == title
    assert left is None or left_of(as2(**members)) == left


@pytest.mark.parametrize(
    ("members", "title", "left"),
    [
        ({"title": "Ann &amp; Bob"}, "Ann & Bob", {}),
        ({"title": "Ann & <b>Bob</b>"}, "Ann & Bob", {"title": "Ann &amp; <b>Bob</b>"}),
        ({"title": "<script>x</script>Ann"}, "Ann", {}),
        ({"title": "", "displayName": "a <b>"}, "a <b>", {"displayName": "a <b>"}),
        ({"displayName": "a", "summary": "b"}, "a", {"displayName": "a", "summary": "b"}),
        ({"summary": "<b>b</b>"}, "b", {"summary": "<b>b</b>"}),
        ({"displayName": 7, "summary": 8}, "", {"displayName": 7, "summary": 8}),
        ({}, "", {}),
    ],
)
def test_the_title_of_1_0_is_html(members: Any, title: str, left: Any) -> None:
    assert draft_of(as1(**members)).title == title
    assert left_of(as1(**members)) == left


@pytest.mark.parametrize(
    ("members", "content"),
    [
        ({"content": "<p onclick=x>a</p>"}, "<p>a</p>"),
        ({"content": "a < b\x85"}, "a &lt; b…"),
        ({"content": "a < b\nc", "mediaType": "text/plain"}, "a &lt; b<br>\nc"),
        ({"contentMap": {"de": "b", "en": "<b>a</b>"}}, "<b>a</b>"),
        ({"contentMap": {"en": "a < b"}, "mediaType": "text/plain"}, "a &lt; b"),
        ({"object": {"content": "<p>a</p>"}}, "<p>a</p>"),
        ({"object": [{"content": "<p>a</p>"}, {"content": "b"}]}, "<p>a</p>"),
        ({"object": {"contentMap": {"en": "a"}}}, "a"),
        ({"object": {"content": "a < b", "mediaType": "text/markdown"}}, "a &lt; b"),
        ({"object": {"content": 7}}, None),
        ({"content": "<script>x</script>", "object": {"content": "a"}}, "a"),
        ({"content": "", "object": "It"}, None),
        ({"content": None}, None),
    ],
)
def test_the_content_is_that_of_the_activity_else_that_of_its_object(
    members: Any, content: str | None
) -> None:
    assert draft_of(as2(**members)).content == content


@pytest.mark.parametrize(
    ("members", "tags"),
    [
        ({"tags": "vip"}, ("vip",)),
        ({"tags": ["#vip", "", "b  c"]}, ("vip", "b c")),
        ({"tags": [{"name": "a"}, {"displayName": "b"}]}, ("a", "b")),
        ({"tag": [{"type": "Hashtag", "name": "#vip"}]}, ("vip",)),
        ({"tag": {"name": "vip"}}, ("vip",)),
        ({"tag": ["vip", "https://x.example/tags/b", "urn:example:1"]}, ("vip",)),
        ({"tag": [{"name": 7}, {"href": "https://x.example/"}, 7, None]}, ()),
        (
            {"name": "It #burns, really", "content": "<p>#fire</p><p>a #Fire #12</p>"},
            ("burns", "fire"),
        ),
        ({"tags": ["A"], "tag": [{"name": "b"}], "name": "#a #c"}, ("A", "b", "c")),
    ],
)
def test_tags_are_those_that_are_named_and_the_hash_words(members: Any, tags: Any) -> None:
    assert draft_of(as2(**members)).tags == tags


@pytest.mark.parametrize(
    ("members", "products"),
    [
        ({"product": "Printer"}, (Product("Printer"),)),
        ({"product": "Printer", "revision": "B"}, (Product("Printer", "B"),)),
        (
            {"product": ["P", "Q", "R"], "revision": ["", "2"]},
            (Product("P"), Product("Q", "2"), Product("R")),
        ),
        ({"product": [{"name": "P"}, ""], "revision": [" ", "2"]}, (Product("P"),)),
        ({"product": [], "revision": []}, ()),
    ],
)
def test_the_revision_at_a_place_is_that_of_the_product_there(members: Any, products: Any) -> None:
    assert draft_of(as2(**members)).products == products
    assert draft_of(as1(**members)).products == products


@pytest.mark.parametrize("make", [as1, as2])
def test_everything_of_the_extension_is_read_in_both_dialects(make: Any) -> None:
    draft = draft_of(
        make(
            queue=["Support", {"displayName": "Night"}],
            crmVerb="dispatch",
            crmCode=900,
            crmCodeName="Dispatch",
            sourceName="crm",
            published="2026-05-08T12:00:00Z",
            updated="2026-05-09T12:00:00Z",
            url="https://x.example/1",
        )
    )

    assert draft.queues == ("Support", "Night")
    assert (draft.verb, draft.code, draft.code_name) == ("dispatch", "900", "Dispatch")
    assert (draft.source, draft.url) == ("", "https://x.example/1")
    assert draft.occurred == NOON


@pytest.mark.parametrize(
    ("members", "occurred"),
    [
        ({"published": "2026-05-08T12:00:00Z"}, NOON),
        ({"published": "2026-01-01T00:00:00Z", "occurred": "2026-05-08T12:00:00Z"}, NOON),
        ({"published": "2026-05-08T12:00:00Z", "recorded": "2026-05-08T12:00:00Z"}, None),
        ({"updated": "2026-05-08T12:00:00Z"}, None),
        ({}, None),
    ],
)
def test_when_it_happened_is_what_it_says_but_for_our_own_date(members: Any, occurred: Any) -> None:
    assert draft_of(as1(**members)).occurred == occurred
    assert draft_of(as2(**members)).occurred == occurred


@pytest.mark.parametrize("member", ["url", "actor/url", "object/url", "target/url", "object/href"])
@pytest.mark.parametrize("address", ["ftp://x.example/y", "http://x.example/a b", "/y", ""])
def test_an_address_of_an_activity_or_its_objects_that_is_none_is_refused(
    member: str, address: str
) -> None:
    role, _, name = member.rpartition("/")
    said = {"type": "Link" if name == "href" else "Note", "name": "x", name: address}
    activity = {"type": "Like", "actor": "Ann", **({role: said} if role else {name: address})}

    (item,) = document_of(activity).items

    assert [fault.pointer for fault in item.faults] == [f"/{member}"]
    assert item.draft is None


@pytest.mark.parametrize("address", ["ftp://x.example/y", "http://x.example/a b", "/y", ""])
def test_of_several_addresses_and_in_other_members_those_that_are_none_are_left_out(
    address: str,
) -> None:
    kept = "https://x.example/"
    image = {"type": "Image", "url": [address, kept]}
    activity = as2(url=[address, kept], icon=address, image=image)

    assert draft_of(activity).url == kept
    assert left_of(activity) == {"url": [kept], "image": image | {"url": [kept]}}


def test_the_members_of_an_object_beyond_the_draft_keep_their_place() -> None:
    value = as2(
        actor=ANN | {"icon": {"type": "Image", "url": "https://x.example/ann.png"}},
        object={"type": ["Note", "http://schema.org/Text"], "content": "a", "to": "as:Public"},
        target={"type": "Link", "href": "https://x.example/"},
        result={"type": "Note"},
    )

    assert left_of(value) == {
        "actor": {"icon": {"type": "Image", "url": "https://x.example/ann.png"}},
        "object": {"type": ["http://schema.org/Text"], "content": "a", "to": "as:Public"},
        "target": {"href": "https://x.example/"},
        "result": {"type": "Note"},
    }
