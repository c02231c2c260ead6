"""Pages that lead to newer ones: who turns back meets what was met before, and what came since."""

import operator
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.activity import Version
from feedserver.model.addresses import feed_path
from feedserver.model.feed import Page
from feedserver.model.filter import EVERYTHING, Filter, make_filter
from tests.builders import make_draft
from tests.services.test_reading import BASE, Reader, ids, link
from tests.services.test_versions import DRAFTS, STEPS, Model, Step, take

POSTS = st.builds(Step, st.just("post"), st.just(0), DRAFTS, st.just(0.4))
LOGS = st.builds(operator.add, st.lists(POSTS, min_size=6, max_size=12), STEPS)
FILTERS = st.sampled_from([EVERYTHING, make_filter([("queue", True, "b")])])
MEANWHILE = st.lists(
    st.builds(
        Step,
        st.sampled_from(["post", "post", "edit", "delete", "redact"]),
        st.integers(0, 9),
        DRAFTS,
        st.just(0.4),
    ),
    max_size=9,
)
"""What is written between one page and the next: nothing that enters the middle of a feed."""

_LONGEST = 100  # pages


def walk(
    reader: Reader, address: str | None, relation: str, meanwhile: Sequence[Step] = ()
) -> Iterator[Page]:
    """The page at the address, and those to which one leads after the other."""
    steps = iter(meanwhile)
    for _ in range(_LONGEST):
        if address is None:
            return
        page = reader.page(address)
        yield page
        address = link(page, relation)
        for step in islice(steps, 0 if address is None else 1):
            take(reader.log, reader.clock, step)
    raise AssertionError("the walk has no end")


def begun(steps: list[Step], filter: Filter, limit: int) -> tuple[Reader, list[Page]]:
    """A reader of such a log, and the pages of the feed from the newest to the oldest."""
    reader = Reader()
    for step in steps:
        take(reader.log, reader.clock, step)
    head = feed_path(filter, "json", [("limit", str(limit))], by_name=False)
    return reader, list(walk(reader, BASE + head, "next"))


def versions(of: Iterable[Version]) -> set[tuple[str, datetime]]:
    """Their ids and dates: an edit, but not a silent one, is something new."""
    return {(version.id, version.dates.updated) for version in of}


@given(LOGS, FILTERS, st.integers(1, 4))
def test_the_way_back_is_the_way_there(steps: list[Step], filter: Filter, limit: int) -> None:
    reader, there = begun(steps, filter, limit)

    back = list(walk(reader, there[-1].address, "prev"))

    assert [page.entries for page in back] == [page.entries for page in reversed(there)]
    assert [page.address for page in back] == [page.address for page in reversed(there)]


@given(LOGS, MEANWHILE, FILTERS, st.integers(1, 4))
def test_who_turns_back_and_then_reads_on_to_what_is_known_misses_nothing(
    steps: list[Step], meanwhile: list[Step], filter: Filter, limit: int
) -> None:
    reader, there = begun(steps, filter, limit)
    *back, newest = walk(reader, there[-1].address, "prev", meanwhile)
    met = versions(activity for page in back for activity in page.activities)

    for page in walk(reader, newest.address, "next"):
        told = versions(page.activities)
        is_known = bool(told & met)
        met |= told
        if is_known:
            break

    model = Model(reader.log, filter)
    assert versions(model.versions[at] for at in model.state.values()) <= met


def test_what_is_nearer_to_the_newest_than_a_page_is_long_is_met_on_that_of_the_newest() -> None:
    reader = Reader()
    drafts = [make_draft() for _ in range(6)]
    reader.record(*drafts[:5])
    second = reader.page(str(link(reader.page("/all.json?limit=2"), "next")))

    reader.record(drafts[5])

    page = reader.page(second.address)
    before = reader.page(str(link(page, "prev")))
    assert ids(page) == ids(second) == [drafts[2].id, drafts[1].id]
    assert ids(before) == [drafts[4].id, drafts[3].id]
    assert ids(reader.page(str(link(before, "prev")))) == [drafts[5].id, drafts[4].id]
    assert link(second, "prev") == f"{BASE}/all.json?limit=2"


def test_pages_that_lead_nowhere_have_no_way_back() -> None:
    reader = Reader()
    reader.record(*(make_draft() for _ in range(3)))
    before = str(link(reader.page("/all.json?limit=2"), "next")).partition("before=")[2]

    for address in ("/all.json", "/all.json?limit=0", "/all.json?after=", "/all.json?archive=0"):
        assert link(reader.page(address), "prev") is None
    assert link(reader.page(f"/all.json?limit=0&before={before}"), "prev") is None
