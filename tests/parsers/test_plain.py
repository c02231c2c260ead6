"""What is read in a shorter way is read as everything else is."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.activity import Draft, Object
from feedserver.model.identity import namespace
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

    def plain_object(self, value: dict[str, Any], limits: Limits) -> Object | None:
        return None

    def plain_activity(self, value: dict[str, Any], limits: Limits) -> Draft | None:
        return None


def read(dialect: As2, value: dict[str, Any]) -> tuple[Draft, list[str]]:
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
