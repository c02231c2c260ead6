"""Strategies: drafts as sources make them and as others may send them."""

from dataclasses import replace
from string import ascii_letters

from hypothesis import strategies as st

from feedserver.model.activity import Draft, Object, Product
from feedserver.model.dates import from_microseconds
from feedserver.model.iris import fault_of
from feedserver.model.vocabulary import (
    AS1_TYPES,
    AS1_VERBS,
    AS2_ACTIVITIES,
    AS2_OBJECTS,
    OBJECT_TYPES,
    VERBS,
    kebab,
    word_of,
)
from feedserver.services.intake import cleaned
from tests.builders import AUTHORITY

ODD_WORDS = (
    "fooBar",
    "Foo",
    "NOTE",
    "Like",
    "a b",
    "a%20b",
    "50%",
    "a/b#c?d",
    "x--y",
    "-x",
    "_x",
    "_Foo",
    "b2b",
    "foo: bar",
    "c:\\d",
    "[x]",
    "日本",
    "é",
    "<i>",
    "&amp;",
    '"',
    "http://example.org/verbs/Mend",
    "http://example.org/日本",
    "urn:example:mend",
    "tag:other.example,2025:ns#Mend",
    "https://www.w3.org/ns/activitystreams#Mend",
    "fs:Mend",
    "xsd:Mend",
    "as:Note",
)
"""Words for verbs and types that nobody has registered, or that are registered as others."""

WORDS = tuple(word for word in ODD_WORDS if word_of(word) == word)
"""Those of them that a draft may have."""

texts = st.text(max_size=24)
marked_up = st.sampled_from(
    (
        "",
        "<p>It burns.</p>",
        "a &amp; b",
        "a & b &lt;b&gt; #smoke",
        "line<br>\nline",
        "<script>alert(1)</script>left",
        '<a href="javascript:alert(1)">x</a><a href="https://example.org/?a=1&amp;b=2">y</a>',
        "\x00\x0b\x85 odd \ud7ff\uffff",
        "<b>unclosed",
    )
)
words = st.text(ascii_letters + "-_ :/%é", min_size=1, max_size=12).filter(
    lambda word: bool(word.strip()) and word_of(word) == word
)
verbs = st.sampled_from((*VERBS, *sorted(AS1_VERBS), *map(kebab, sorted(AS2_ACTIVITIES)), *WORDS))
types = st.sampled_from(
    (
        *OBJECT_TYPES,
        *sorted(AS1_TYPES),
        *map(kebab, sorted(AS2_OBJECTS | AS2_ACTIVITIES)),
        *WORDS,
    )
)
foreign_ids = st.uuids(version=4).map(lambda made: f"urn:uuid:{made}") | st.builds(
    "{}{}".format,
    st.sampled_from(
        ("https://example.org/a/", "tag:other.example,2025:", "urn:example:", "ni:///")
    ),
    st.text(ascii_letters + "0123456789-._~/?#é日", min_size=1, max_size=12),
).filter(lambda id: fault_of(id) is None)
own_ids = st.integers(0, 10**9).map(lambda number: f"tag:{AUTHORITY}:crm/act_entry/{number}")
links = st.sampled_from(
    (
        "https://example.org/a?b=c&d=%20#e",
        "http://crm.example:8080/Cases/Summary/1234",
        "https://example.org/日本",
        "mailto:ann@example.org",
    )
)
# The years 1000 to 9998, which every zone and every format can tell.
dates = st.integers(-30_610_000_000_000_000, 253_000_000_000_000_000).map(from_microseconds)
"""Dates of the years 1000 to 9998, in which every zone has one."""
names = st.lists(texts | st.sampled_from(("#1", "VIP", "vip", "a, b")), max_size=3).map(tuple)


def optional(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | strategy


objects = st.builds(
    Object,
    type=types | words,
    id=optional(foreign_ids | own_ids),
    name=optional(texts),
    number=optional(texts),
    url=optional(links),
    login=optional(texts),
)
raw_drafts = st.builds(
    Draft,
    id=foreign_ids | own_ids,
    source=st.just("crm"),
    actor=objects,
    verb=verbs | words,
    object=st.none() | objects,
    title=texts | st.sampled_from(("", "Ann <b> & #smoke", "x" * 1000)),
    occurred=st.none() | dates,
    target=st.none() | objects,
    queues=names,
    products=st.lists(st.builds(Product, texts, optional(texts)), max_size=3).map(tuple),
    tags=names,
    customer=st.none() | objects,
    content=optional(texts | marked_up),
    code=optional(texts),
    code_name=optional(texts),
    url=optional(links),
)
recorded_drafts = raw_drafts.map(cleaned)
"""Drafts as the log holds them: whatever came, cleaned."""

foreign_drafts = st.builds(lambda draft, id: replace(draft, id=id), recorded_drafts, foreign_ids)
"""Drafts that somebody may send, for their ids are not under our authority."""
