"""Strategies: documents as others write them, in both dialects."""

from operator import or_
from string import ascii_letters
from typing import Any

from hypothesis import strategies as st

from feedserver.model.vocabulary import AS1_BASE, AS1_TYPES, AS1_VERBS, AS2_ACTIVITIES, AS2_OBJECTS
from tests.builders import AUTHORITY
from tests.formats.drafts import ODD_WORDS, foreign_ids, links, marked_up

Strategy = st.SearchStrategy[Any]

HTML = frozenset({"content", "summary", "title", "embedCode"})
"""The members that are HTML wherever they stand."""

lines = st.text(max_size=16)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | lines
extra_names = st.sampled_from(
    "image href url bto published verb type objectType displayName name id items ex:heat to".split()
) | st.text(ascii_letters + " é", max_size=6).filter(
    lambda name: name.removesuffix("Map") not in HTML and name != "mediaType"
)
texts_of_html = st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(HTML), marked_up))
values = st.recursive(
    scalars | marked_up | links,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(or_, st.dictionaries(extra_names, inner, max_size=3), texts_of_html)
    ),
    max_leaves=6,
)
"""What a member that nobody has told us of may hold."""

beside = st.dictionaries(
    st.sampled_from(("generator", "attachments", "attachment", "image", "icon", "to", "bcc"))
    | st.sampled_from(("inReplyTo", "provider", "location", "result", "ex:heat", "x", "@x")),
    values,
    max_size=3,
)
moments = st.sampled_from(
    (
        "2026-05-08T11:59:00Z",
        "2026-05-08T13:30:00.123456+02:00",
        "2026-05-08t11:00:00.5z",
        "1970-01-01T00:00:00-11:30",
    )
)
listed = lines | st.lists(lines, max_size=3)


def members(**optional: Strategy) -> Strategy:
    """Objects with any of the members, and with others beside them."""
    known = st.fixed_dictionaries({}, optional=optional)
    return st.builds(lambda theirs, ours: theirs | ours, beside, known)


def _either(*names: str) -> Strategy:
    return st.sampled_from(names + ODD_WORDS + (f"tag:{AUTHORITY}:ns#Mend",))


def objects(kind: str, types: Strategy, name: str, **optional: Strategy) -> Strategy:
    """Objects of a dialect that calls type and name so: an id, a name, members, or several."""
    one = foreign_ids | members(
        **{
            kind: st.none() | types,
            "id": foreign_ids,
            name: st.none() | lines,
            "url": links,
            "content": marked_up,
            "summary": marked_up,
            "number": lines | st.integers(0, 9999),
            "login": lines,
            **optional,
        }
    )
    return one | st.lists(one, min_size=1, max_size=3)


def activities(object: Strategy, **optional: Strategy) -> Strategy:
    """Activities of a dialect with such objects."""
    return st.builds(
        lambda required, optional: optional | required,
        st.fixed_dictionaries(
            {"actor": object.filter(bool)},
            optional={"id": foreign_ids, "object": object, "target": object, "customer": object},
        ),
        members(
            published=moments,
            occurred=moments,
            updated=moments,
            content=marked_up,
            url=links,
            queue=listed,
            product=listed,
            tags=listed,
            crmCode=lines,
            crmCodeName=lines,
            **optional,
        ),
    )


as1_types = _either(*sorted(AS1_TYPES), AS1_BASE + "note", "case", "NOTE", "Note")
as1_verbs = _either(*sorted(AS1_VERBS), AS1_BASE + "like", "forward", "log")
as1_documents = activities(
    objects("objectType", as1_types, "displayName", crmType=st.none() | lines),
    verb=as1_verbs,
    title=marked_up | lines,
    displayName=lines,
    summary=marked_up,
    crmVerb=st.none() | lines,
)

CLASHING = [
    "https://www.w3.org/ns/activitystreams",
    {"ex": "https://example.org/ns#", "image": "ex:image", "queue": "ex:queue", "fs": "ex:fs#"},
]
"""A context in which names of ours mean something else."""

CONTEXTS: tuple[Any, ...] = (
    CLASHING,
    "https://www.w3.org/ns/activitystreams",
    ["https://www.w3.org/ns/activitystreams", {"ex": "https://example.org/ns#"}],
    ["https://www.w3.org/ns/activitystreams", {"@language": "en", "x": None}],
    [{"desk": f"tag:{AUTHORITY}:ns#"}, "https://www.w3.org/ns/activitystreams"],
)
_texts = st.dictionaries(st.sampled_from(("en", "de", "zh-Hans")), marked_up, max_size=2)
as2_types = _either(*sorted(AS2_OBJECTS | AS2_ACTIVITIES), "as:Note", "fs:Case", "desk:Case")
as2_verbs = _either(*sorted(AS2_ACTIVITIES), "as:Like", "fs:Dispatch", "ex:Mend").filter(
    lambda type: type != "as:Note"  # no activity
)
as2_documents = activities(
    objects(
        "type",
        as2_types | st.lists(as2_types, min_size=1, max_size=3),
        "name",
        nameMap=_texts,
        href=links,
        crmType=lines,
    ),
    name=lines,
    summary=marked_up,
    nameMap=_texts,
    summaryMap=_texts,
    contentMap=_texts,
    tag=st.lists(lines | st.fixed_dictionaries({"name": lines}), max_size=2),
    crmVerb=st.none() | lines,
).flatmap(
    lambda document: st.builds(
        lambda verb, context: context | {"type": verb} | document,
        as2_verbs
        | st.builds(
            lambda first, more: [first, *more],
            st.sampled_from(("Like", "Create")),
            st.lists(as2_verbs, max_size=2),
        ),
        st.just({}) | st.sampled_from(CONTEXTS).map(lambda context: {"@context": context}),
    )
)
documents = {"as1": as1_documents, "as2": as2_documents}
