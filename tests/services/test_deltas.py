"""Deltas: who adds each to what it has, has what it would have if it had read everything anew."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from feedserver.errors import Outdated
from feedserver.model.activity import Activity, Object
from feedserver.model.addresses import feed_path
from feedserver.model.cursor import Cursor, check_of
from feedserver.model.etag import find_etags
from feedserver.model.feed import Page
from feedserver.model.filter import Filter, make_filter
from feedserver.model.query import Query
from feedserver.services import indexing
from feedserver.services.reading import View
from tests.builders import make_draft
from tests.laws import examples
from tests.services.test_reading import ATOM, BASE, JSON, Reader, link
from tests.services.test_versions import DRAFTS, FILTERS, RUN, STEPS, Model, Step, take

LIMITS = st.integers(1, 6)
POLL, BACK_UP, PUT_BACK = "poll", "back up", "put back"
COURSE = st.lists(
    st.one_of(
        st.builds(
            Step,
            st.sampled_from(["post", "edit", "silent", "silent", "delete", "redact"]),
            st.integers(0, 9),
            DRAFTS,
            st.sampled_from([0.0, 0.4, 7.0, -3.0]),
        ),
        st.sampled_from([POLL, POLL, POLL, BACK_UP, PUT_BACK]),
    ),
    max_size=25,
)
"""What happens to a log, and between it the polls of a reader."""


@pytest.fixture(autouse=True)
def _short_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "ARCHIVED", RUN)


def select(reader: Reader, address: str, *had: str) -> View:
    """The view of that feed for a reader that has those ETags."""
    view = reader.view(address)
    told = ", ".join(f'"{each}"' for each in had)
    return reader.reading.select(view.query, JSON, address, had=told)


def changes(reader: Reader, address: str, *had: str) -> Page | None:
    view = select(reader, address, *had)
    return None if view.delta is None else reader.reading.page_of_changes(view)


class Subscriber:
    """A reader that asks with `A-IM: feed` and keeps what it is told."""

    def __init__(self, reader: Reader, filter: Filter, limit: int) -> None:
        self._reader = reader
        self._address = feed_path(filter, "json", [("limit", str(limit))], by_name=False)
        self._limit = limit
        self._etag = ""
        self.held: dict[str, Activity] = {}
        self.began: datetime | None = None
        """The date of the oldest entry that the page had with which it began last."""

    def poll(self) -> None:
        view = select(self._reader, self._address, self._etag)
        if view.etag == self._etag:
            event("304")
        elif view.delta is None:
            event("200")
            self.held = {}
            page = self._reader.reading.page(view)
            is_whole = page.total == len(page.activities)
            self.began = None if is_whole else page.activities[-1].dates.updated
            self.begin(page)
        else:
            event("226")
            self.change(self._reader.reading.page_of_changes(view))
        self._etag = view.etag

    def begin(self, page: Page) -> None:
        self.held = {activity.id: activity for activity in page.activities}

    def change(self, page: Page) -> None:
        assert len({entry.id for entry in page.entries}) == len(page.entries) <= self._limit
        dates = [each.dates.updated for each in page.activities]
        assert dates == sorted(set(dates), reverse=True)
        for entry in page.entries:
            self.held.pop(entry.id, None)
            if isinstance(entry, Activity):
                self.held[entry.id] = entry

    @property
    def entries(self) -> list[Activity]:
        """What it has, the newest first."""
        return sorted(self.held.values(), key=lambda each: each.dates.updated, reverse=True)


class Walker(Subscriber):
    """One that begins with the whole feed: it walks the archives, too."""

    def begin(self, page: Page) -> None:
        met: dict[str, Activity | None] = {}
        following: Page | None = page
        while following is not None:
            for entry in following.entries:
                met.setdefault(entry.id, entry if isinstance(entry, Activity) else None)
            address = link(following, "prev-archive")
            following = None if address is None else self._reader.page(address)
        self.held = {id: entry for id, entry in met.items() if entry is not None}


class Course:
    """A log to which things happen, up to being put back from a backup."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.reader = Reader()
        self._steps = steps
        self._backup = 0
        self._versions = list(self.reader.log._versions)
        self._last = self.reader.log._last
        for step in steps:
            self.happen(step)

    def happen(self, step: Step | str) -> None:
        log = self.reader.log
        self.reader.clock.advance(0.000001)  # nothing that is put back is done at the same time
        if isinstance(step, Step):
            take(log, self.reader.clock, step)
        elif step == BACK_UP:
            self._versions, self._last = list(log._versions), log._last
        elif step == PUT_BACK:
            log._versions[:], log._last = self._versions, self._last
            log._by_id.clear()
            for version in log._versions:
                log._by_id.setdefault(version.id, []).append(version.position)

    def state(self, filter: Filter) -> list[Activity]:
        """The feed as it is, the newest first."""
        model = Model(self.reader.log, filter)
        places = sorted(model.state.items(), reverse=True)
        there = [model.versions[at] for _, at in places]
        return [version for version in there if isinstance(version, Activity)]


@examples(2)
@given(STEPS, COURSE, FILTERS, LIMITS)
def test_who_began_with_the_whole_feed_has_the_whole_feed(
    steps: list[Step], course: list[Step | str], filter: Filter, limit: int
) -> None:
    log = Course(steps)
    walker = Walker(log.reader, filter, limit)

    for step in [POLL, *course, POLL]:
        log.happen(step)
        if step == POLL:
            walker.poll()
            assert walker.entries == log.state(filter)


@examples(2)
@given(STEPS, COURSE, FILTERS, LIMITS)
def test_who_began_with_the_newest_has_the_newest_since_then(
    steps: list[Step], course: list[Step | str], filter: Filter, limit: int
) -> None:
    log = Course(steps)
    subscriber = Subscriber(log.reader, filter, limit)

    for step in [POLL, *course, POLL]:
        log.happen(step)
        if step == POLL:
            subscriber.poll()
            began = subscriber.began
            held, there = (
                [each for each in entries if began is None or each.dates.updated >= began]
                for entries in (subscriber.entries, log.state(filter))
            )
            assert held == there


@given(STEPS, FILTERS, FILTERS, LIMITS)
def test_an_etag_of_another_feed_gets_the_page(
    steps: list[Step], filter: Filter, other: Filter, limit: int
) -> None:
    reader = Course(steps).reader
    address, elsewhere = (
        feed_path(each, "json", [("limit", str(limit))], by_name=False) for each in (filter, other)
    )
    etag = reader.etag(elsewhere)
    reader.record(make_draft(queues=("a", "b"), tags=("a", "b")))

    assert (select(reader, address, etag).delta is None) or address == elsewhere


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_a_delta_tells_what_came_what_was_edited_and_what_left(reader: Reader) -> None:
    drafts = [make_draft(queues=("A",)) for _ in range(6)]
    reader.record(*drafts)
    etag = reader.etag("/queues/A.json")
    reader.clock.advance(1)
    reader.log.replace(2, replace(drafts[1], title="Edited"))
    reader.log.replace(3, replace(drafts[2], title="Mended"), is_silent=True)
    reader.log.replace(4, replace(drafts[3], queues=("B",)))
    reader.log.replace(5, None)
    reader.log.redact([drafts[5].id])
    new = make_draft(queues=("A",))
    reader.record(new, make_draft(queues=("B",)))

    page = changes(reader, "/queues/A.json", etag)

    assert page is not None
    assert [entry.id for entry in page.entries] == [
        each.id for each in (new, drafts[5], drafts[4], drafts[3], drafts[1], drafts[2])
    ]
    assert {entry.id for entry in page.activities} == {new.id, drafts[1].id, drafts[2].id}
    assert page.total == 4  # of the feed, as in the page itself


def test_what_came_back_is_told_as_it_is(reader: Reader) -> None:
    draft = make_draft(queues=("A",))
    reader.record(draft)
    etag = reader.etag("/queues/A.json")
    for queue in "BAAB", "BA":
        for name in queue:
            newest = reader.log.find(draft.id)
            assert newest is not None
            reader.log.replace(newest.position, replace(draft, queues=(name,)))
        page = changes(reader, "/queues/A.json", etag)
        assert page is not None
        assert [entry.id for entry in page.entries] == [draft.id]
        assert len(page.activities) == (name == "A")


def test_a_delta_holds_no_more_than_a_page_may(reader: Reader) -> None:
    reader.record(*(make_draft() for _ in range(5)))
    etag = reader.etag("/all.json?limit=3")

    reader.record(make_draft(), make_draft())
    reader.log.replace(1, None)
    page = changes(reader, "/all.json?limit=3", etag)
    later = reader.etag("/all.json?limit=3")
    reader.log.replace(2, None)

    assert page is not None
    assert len(page.entries) == 3
    assert changes(reader, "/all.json?limit=3", etag) is None

    reader.record(make_draft(), make_draft())
    assert changes(reader, "/all.json?limit=3", later) is not None
    reader.record(make_draft())
    assert changes(reader, "/all.json?limit=3", later) is None


def test_a_delta_may_hold_as_many_as_a_page(reader: Reader) -> None:
    etag = reader.etag("/all.json?limit=3")

    reader.record(make_draft(), make_draft(), make_draft())

    page = changes(reader, "/all.json?limit=3", etag)
    assert page is not None
    assert len(page.activities) == 3


def test_of_several_etags_the_newest_counts_that_is_of_the_feed(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)))
    old = reader.etag("/queues/A.json")
    reader.record(make_draft(queues=("A",)))
    newer = reader.etag("/queues/A.json")
    reader.record(make_draft(queues=("A",)), make_draft())
    foreign = reader.etag("/all.json")

    for had in ((old, newer, foreign, "x"), (foreign, newer, old)):
        view = select(reader, "/queues/A.json", *had)
        assert view.delta is not None
        assert view.delta.base == newer
        assert len(view.delta.changes.positions) == 1


@pytest.mark.parametrize(
    "elsewhere",
    [
        "/all.json",
        "/queues/A.json?limit=99",
        "/queues/A.json?limit=0",
        "/queues/A.json?tag=vip",
        "/queues/A.json?after=",
        "/queues/A.json?archive=0",
        "/queues/A.atom",
    ],
)
def test_an_etag_of_another_document_gets_the_page(reader: Reader, elsewhere: str) -> None:
    reader.record(make_draft(queues=("A",)))
    etag = reader.etag(elsewhere, ATOM if elsewhere.endswith("atom") else JSON)
    reader.record(make_draft(queues=("A",)))

    assert select(reader, "/queues/A.json", etag).delta is None


def test_an_etag_of_another_log_title_or_version_gets_the_page(reader: Reader) -> None:
    reader.record(make_draft())
    etag = reader.etag("/all.json")
    others = [Reader(epoch="another0"), Reader(title="Another"), Reader()]
    for other in others:
        other.log._versions, other.log._by_id = reader.log._versions, reader.log._by_id
    reader.log.append([make_draft()])

    deltas = [select(each, "/all.json", etag).delta for each in others]
    of_next_version = reader.reading.select(
        Query(), replace(JSON, version=2), "/all.json", had=etag
    )

    assert [delta is not None for delta in deltas] == [False, False, True]
    assert of_next_version.delta is None


def test_an_etag_tells_the_feed_also_where_its_address_does_not(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)))
    etag = reader.etag("/all.json")
    reader.record(make_draft(queues=("B",)))
    query = Query(make_filter([("queue", False, "A")]))

    for asked, is_known in ((Query(), True), (Query(limit=9), False), (query, False)):
        view = reader.reading.select(asked, JSON, "/all.json", had=etag)
        assert (view.delta is not None) == is_known


def test_a_feed_that_has_another_title_now_is_given_anew(reader: Reader) -> None:
    first, second = (
        make_draft(actor=Object("person", None, name, login="ann")) for name in ("Ann", "Anna")
    )
    reader.record(first, second)
    before = reader.page("/actors/ann.json").feed.title
    etag = reader.etag("/actors/ann.json")
    reader.log.redact([first.id])

    assert reader.page("/actors/ann.json").feed.title != before
    assert changes(reader, "/actors/ann.json", etag) is None


def test_a_feed_whose_name_was_not_known_is_given_anew(reader: Reader) -> None:
    etag = reader.etag("/all.json?queue=A")
    reader.record(make_draft(queues=("A",)))
    assert changes(reader, "/all.json?queue=A", etag) is None  # it was not known

    etag = reader.etag("/all.json?queue=A")
    reader.record(make_draft(queues=("A",)))
    assert changes(reader, "/all.json?queue=A", etag) is not None


def test_a_feed_without_entries_has_deltas_too(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",), tags=()), make_draft(queues=("B",), tags=("x",)))
    etag = reader.etag("/queues/A.json?tag=x")
    draft = make_draft(queues=("A",), tags=("x",))
    reader.record(draft)

    page = changes(reader, "/queues/A.json?tag=x", etag)

    assert page is not None
    assert [entry.id for entry in page.entries] == [draft.id]


def test_an_etag_of_what_a_backup_has_not_gets_the_page(reader: Reader) -> None:
    reader.record(make_draft(), make_draft())
    etag = reader.etag("/all.json")
    del reader.log._versions[1:]
    assert select(reader, "/all.json", etag).delta is None

    reader.clock.advance(1)
    reader.record(make_draft(), make_draft())

    assert select(reader, "/all.json", etag).delta is None


def test_only_the_version_that_an_etag_tells_makes_it_one_of_this_log(reader: Reader) -> None:
    reader.record(make_draft(), make_draft())
    ((_, etag),) = find_etags(reader.etag("/all.json"))
    (first,) = reader.log.at([1])
    reader.record(make_draft())

    assert changes(reader, "/all.json", str(etag)) is not None
    assert changes(reader, "/all.json", str(replace(etag, position=1, check=check_of(first))))
    for forged in (
        replace(etag, position=1),
        replace(etag, position=2**64 - 1),
        replace(etag, position=0),
        replace(etag, check=b"\0\0\0\0"),
    ):
        assert changes(reader, "/all.json", str(forged)) is None


def test_what_is_redacted_meanwhile_is_in_no_delta(reader: Reader) -> None:
    reader.record(make_draft())
    etag = reader.etag("/all.json")
    draft = make_draft()
    reader.record(draft)
    view = select(reader, "/all.json", etag)

    reader.log.redact([draft.id])

    with pytest.raises(Outdated):
        reader.reading.page_of_changes(view)


def test_a_deleted_version_that_had_left_gives_an_empty_delta(reader: Reader) -> None:
    draft = make_draft(queues=("A",))
    reader.record(draft)
    reader.log.replace(1, replace(draft, queues=("B",)))
    etag = reader.etag("/queues/A.json")
    reader.log.replace(2, None)  # its archives move, and so does the ETag

    page = changes(reader, "/queues/A.json", etag)

    assert reader.etag("/queues/A.json") != etag
    assert page is not None
    assert page.entries == ()


def test_a_delta_leads_where_its_page_does(reader: Reader) -> None:
    reader.record(*(make_draft() for _ in range(9)))
    etag = reader.etag("/all.json?limit=2")
    reader.record(make_draft())

    page = changes(reader, "/all.json?limit=2", etag)

    whole = reader.page("/all.json?limit=2")
    assert page is not None
    assert page.links == whole.links
    assert link(page, "prev-archive") is not None
    assert replace(page, entries=whole.entries) == whole


def test_an_etag_stands_where_a_cursor_would(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)), make_draft(queues=("B",)))
    ((_, etag),) = find_etags(reader.etag("/queues/A.json"))

    (version,) = reader.log.at([1])
    assert (etag.position, etag.check) == (1, check_of(version))
    assert reader.page(f"{BASE}/all.json?after={Cursor('readers0', 1, etag.check)}").entries != ()
