"""Addresses: every name reaches its feed by every link that is given."""

from urllib.parse import parse_qsl, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.addresses import (
    COLLECTIONS,
    EXTENSIONS,
    activity_path,
    encode_path,
    feed_path,
    parse_feed_path,
    query_string,
    split_extension,
    stands_in_path,
)
from feedserver.model.filter import FIELDS, Filter, make_filter
from feedserver.model.query import parse_query
from feedserver.model.text import clean
from tests.builders import NOON
from tests.filtering import made

IN_PATH = (
    "Support",
    "Node.js",
    "emoji 🔧",
    "C++",
    "a&b=c",
    "#1",
    "?",
    "a?b#c",
    "ünïcode",
    "u\u0308nicode",
    'say "when"',
    "it's",
    "a:b@c,d",
    "~tilde",
    "Gmbh & Co. KG",
    "trailing.",
    "all",
    "a..b",
    "x.ATOM",
    "100$ (net)!*",
    "[brackets]",
)
"""Names that come through every proxy, once they are percent-encoded."""

IN_PARAMETER = (
    "Billing/EMEA",
    "v2.json",
    "x.atom",
    "feed.rss",
    "a.b.as1",
    "50% off",
    "%41",
    "..",
    ".",
    ".hidden",
    "a\\b",
    "x;y",
    " lead",
    "trail ",
    "-minus",
    "a/../b",
    "tab\there",
    "new\nline",
    "no\u00a0break",
    "zero\u200bwidth",
    "/",
)
"""Names that something between a reader and the server is known to break in a path."""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda text: clean(text) == text
)
NAMES = st.sampled_from(IN_PATH + IN_PARAMETER) | TEXTS
VALUES = st.lists(st.tuples(st.sampled_from(FIELDS), st.booleans(), NAMES), max_size=5).filter(
    lambda values: made(values) is not None
)


def split_as_a_server_does(address: str) -> tuple[str, list[tuple[str, str]]]:
    """PATH_INFO, decoded, and the parameters of a request for that address."""
    path, _, query = address.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    return unquote_to_bytes(path).decode("utf-8"), pairs


def filter_of(address: str) -> tuple[Filter, str | None]:
    """The filter and the extension that a request for that address asks for."""
    path, pairs = split_as_a_server_does(address)
    stem, extension = split_extension(path, EXTENSIONS)
    return parse_query(pairs, parse_feed_path(stem)).filter, extension


@pytest.mark.parametrize("extension", [*EXTENSIONS, None])
@pytest.mark.parametrize("field", COLLECTIONS)
@pytest.mark.parametrize("name", IN_PATH + IN_PARAMETER)
def test_a_hostile_name_reaches_its_feed(name: str, field: str, extension: str | None) -> None:
    filter = make_filter([(field, False, name)])

    assert filter_of(feed_path(filter, extension)) == (filter, extension)


@pytest.mark.parametrize("name", IN_PATH)
def test_a_name_that_nothing_breaks_stands_in_the_path(name: str) -> None:
    path = feed_path(make_filter([("queue", False, name)]), "atom")

    assert stands_in_path(name)
    assert path.startswith("/queues/")
    assert "?" not in path


@pytest.mark.parametrize("name", IN_PARAMETER)
def test_a_name_that_something_breaks_stands_in_a_parameter(name: str) -> None:
    path = feed_path(make_filter([("queue", False, name)]), "atom")

    assert not stands_in_path(name)
    assert path.startswith("/all.atom?queue=")


@given(VALUES, st.sampled_from([*EXTENSIONS, None]))
def test_every_address_leads_back_to_its_filter(
    values: list[tuple[str, bool, str]], extension: str | None
) -> None:
    filter = make_filter(values)

    assert filter_of(feed_path(filter, extension)) == (filter, extension)


@given(VALUES)
def test_an_address_holds_only_what_an_address_may_hold(
    values: list[tuple[str, bool, str]],
) -> None:
    address = feed_path(make_filter(values), "atom")

    path, _, query = address.partition("?")
    assert address.isascii()
    assert not set(address) & set(' "<>\\^`{|}#')
    assert not any(code in path.upper() for code in ("%2F", "%5C", "%25", "%3B", "/.", "//"))
    assert "+" not in query


def test_a_filter_of_more_than_a_name_keeps_the_rest_as_parameters() -> None:
    filter = make_filter(
        [("queue", False, "Support"), ("tag", False, "vip"), ("tag", True, "noise")], since=NOON
    )

    assert feed_path(filter, "json", [("limit", "5")]) == (
        "/queues/Support.json?tag=vip&-tag=noise&since=2026-05-08T12:00:00Z&limit=5"
    )


def test_alternatives_stand_in_parameters() -> None:
    filter = make_filter([("queue", False, "A"), ("queue", False, "B"), ("tag", False, "vip")])

    assert feed_path(filter, "atom") == "/all.atom?queue=A&queue=B&tag=vip"


def test_an_exclusion_never_stands_in_the_path() -> None:
    assert feed_path(make_filter([("queue", True, "A")])) == "/all?-queue=A"


def test_fields_without_a_collection_stand_in_parameters() -> None:
    assert feed_path(make_filter([("verb", False, "close")]), "atom") == "/all.atom?verb=close"


def test_the_filter_of_everything_is_all() -> None:
    assert feed_path(Filter()) == "/all"
    assert feed_path(Filter(), "atom") == "/all.atom"


def test_no_parameters_are_no_query() -> None:
    assert query_string([]) == ""


@pytest.mark.parametrize("extension", [*EXTENSIONS, None])
@pytest.mark.parametrize(
    "id",
    ["tag:example.com,2026:crm:act-entry/7", "http://a.example/b?c=d&e#f", "50%", "ü 🔧", ".."],
)
def test_the_path_of_an_activity_leads_back_to_its_id(id: str, extension: str | None) -> None:
    path, pairs = split_as_a_server_does(activity_path(id, extension))

    assert pairs == []
    stem, cut = split_extension(path.removeprefix("/activities/"), EXTENSIONS)
    assert (stem, cut) == (id, extension)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/all.atom", ("/all", "atom")),
        ("/all", ("/all", None)),
        ("/products/Node.js", ("/products/Node.js", None)),
        ("/products/Node.js.atom", ("/products/Node.js", "atom")),
        ("/products/v2.json.atom", ("/products/v2.json", "atom")),
        ("/products/a.b/c", ("/products/a.b/c", None)),
        ("/products/.atom", ("/products/.atom", None)),
        ("/products/x.ATOM", ("/products/x.ATOM", None)),
        ("/products/atom", ("/products/atom", None)),
    ],
)
def test_only_the_last_known_extension_is_cut_off(path: str, parts: tuple[str, str]) -> None:
    assert split_extension(path, EXTENSIONS) == parts


@pytest.mark.parametrize("stem", ["/all", "/"])
def test_the_paths_of_everything_name_no_field(stem: str) -> None:
    assert parse_feed_path(stem) is None


@pytest.mark.parametrize(("field", "collection"), COLLECTIONS.items())
def test_a_path_names_its_field_and_everything_behind_it_is_the_name(
    field: str, collection: str
) -> None:
    assert parse_feed_path(f"/{collection}/a/b") == (field, "a/b")


@pytest.mark.parametrize(
    "stem", ["", "/queues", "/queues/", "/nothing/x", "/queue/x", "all", "/al"]
)
def test_another_path_is_that_of_no_feed(stem: str) -> None:
    with pytest.raises(ValueError, match=r"^.*$"):
        parse_feed_path(stem)


def test_a_name_that_may_be_unknown_stands_in_a_parameter_where_that_is_asked_for() -> None:
    filter = make_filter([("queue", False, "Support"), ("tag", False, "vip")])

    path = feed_path(filter, "atom", by_name=False)

    assert path == "/all.atom?queue=Support&tag=vip"


@given(NAMES.filter(stands_in_path))
def test_a_decoded_path_is_written_as_its_feed_has_it(name: str) -> None:
    path = feed_path(make_filter([("queue", False, name)]), "atom")

    assert encode_path(split_as_a_server_does(path)[0]) == path
