"""Reading: pages that fit together, and ETags that tell when they have moved."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import Gone, InvalidRequest, NotFound
from feedserver.model.activity import Draft
from feedserver.model.addresses import parse_feed_path, split_extension
from feedserver.model.cursor import Cursor
from feedserver.model.feed import Page
from feedserver.model.query import Query, parse_query
from feedserver.model.search import Word
from feedserver.services.indexing import FacetIndex
from feedserver.services.reading import Reading, Representation, View
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, NOON, FakeClock, activities, make_draft

BASE = "http://feeds.example/crm"
JSON = Representation("json", "application/activity+json", 1)
ATOM = Representation("atom", "application/atom+xml; charset=utf-8", 1)


@dataclass
class Reader:
    """Reads a log by address, as a client of the server does."""

    epoch: str = "readers0"
    title: str = "feedserver"
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.log = MemoryLog(AUTHORITY, self.clock, self.epoch)
        self.start()

    def start(self) -> None:
        """Begin anew with the same log, as a server does that is started again."""
        self.reading = Reading(self.log, FacetIndex(self.log), BASE, self.title)

    def record(self, *drafts: Draft) -> None:
        self.log.append(drafts)

    def view(self, address: str, representation: Representation = JSON) -> View:
        target = address.removeprefix(BASE)
        path, _, query = target.partition("?")
        stem, _ = split_extension(path, ["json", "atom"])
        pairs = parse_qsl(query, keep_blank_values=True)
        return self.reading.select(
            parse_query(pairs, parse_feed_path(stem)), representation, target
        )

    def page(self, address: str) -> Page:
        return self.reading.page(self.view(address))

    def etag(self, address: str, representation: Representation = JSON) -> str:
        return self.view(address, representation).etag


def link(page: Page, rel: str) -> str | None:
    return next((link.href for link in page.links if link.rel == rel), None)


def ids(page: Page) -> list[str]:
    return [activity.id for activity in page.activities]


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_a_page_holds_the_newest_first(reader: Reader) -> None:
    drafts = [make_draft() for _ in range(3)]
    reader.record(*drafts)

    page = reader.page("/all.json?limit=2")

    assert ids(page) == [drafts[2].id, drafts[1].id]
    assert page.total == 3


def test_a_page_is_dated_by_the_newest_of_its_feed(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)))
    reader.clock.advance(3600)
    reader.record(make_draft(queues=("B",), occurred=reader.clock()))

    (newest,) = reader.log.at([1])
    assert reader.page("/queues/A.json").updated == newest.dates.updated
    assert reader.page("/queues/A.json?limit=0").updated == newest.dates.updated


def test_a_feed_of_nothing_is_dated_by_its_log(reader: Reader) -> None:
    reader.clock.advance(3600)

    assert reader.page("/all.json").updated == NOON


def test_the_etag_stays_when_something_else_happened(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)), make_draft(queues=("B",)))
    addresses = ["/queues/A.json", "/all.json?-queue=B", "/queues/A.json?limit=0"]
    before = [reader.etag(address) for address in addresses]

    reader.record(make_draft(queues=("B",)))

    assert [reader.etag(address) for address in addresses] == before


def test_the_etag_changes_when_what_matches_comes(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)), make_draft(queues=("B",)))
    addresses = ["/queues/A.json", "/all.json", "/all.json?-queue=B", "/queues/A.json?limit=0"]
    before = [reader.etag(address) for address in addresses]

    reader.record(make_draft(queues=("A",)))

    assert not set(before) & {reader.etag(address) for address in addresses}


def test_the_etag_stays_when_the_server_starts_again(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)), make_draft())
    addresses = ["/queues/A.json", "/all.json?limit=1", "/all.json?after="]
    before = [reader.etag(address) for address in addresses]

    reader.start()

    assert [reader.etag(address) for address in addresses] == before


def test_every_page_and_format_has_an_etag_of_its_own(reader: Reader) -> None:
    reader.record(*(make_draft(queues=("A",)) for _ in range(4)))
    older = link(reader.page("/all.json?limit=2"), "next")
    newer = link(reader.page("/all.json?after=&limit=2"), "next")
    assert older is not None
    assert newer is not None

    etags = [
        *map(reader.etag, ["/all.json", "/all.json?limit=2", "/queues/A.json", older, newer]),
        *map(reader.etag, ["/all.json?limit=0", "/all.json?after="]),
        reader.etag("/all.json", ATOM),
        reader.etag("/all.json", replace(JSON, version=2)),
        reader.etag("/all.json", replace(JSON, media_type="application/ld+json")),
    ]

    assert len(set(etags)) == len(etags)


def test_another_log_and_another_title_have_other_etags(reader: Reader) -> None:
    others = [Reader(epoch="another0"), Reader(title="Another")]
    draft = make_draft()

    for one in (reader, *others):
        one.record(draft)

    assert len({one.etag("/all.json") for one in (reader, *others)}) == 3


def test_the_same_log_at_another_address_has_other_etags(reader: Reader) -> None:
    reader.record(make_draft())
    etag = reader.etag("/all.json")

    moved = Reading(reader.log, FacetIndex(reader.log), "https://feeds.example", reader.title)

    view = moved.select(Query(), JSON, "/all.json", had=etag)
    assert view.etag != etag  # its links are others
    assert view.delta is None


class SearchedLog(MemoryLog):
    """One that is read by somebody else while it is searched."""

    reading: Reading
    is_free = False

    def search(self, words: Sequence[Word], after: int = 0) -> Sequence[int]:
        other = Thread(target=self.reading.select, args=(Query(), JSON, "/all.json"))
        other.start()
        other.join(1)
        self.is_free = not other.is_alive()
        return super().search(words, after)


def test_nobody_waits_while_another_searches() -> None:
    log = SearchedLog(AUTHORITY, FakeClock())
    log.reading = Reading(log, FacetIndex(log), BASE, "feedserver")
    log.append([make_draft()])
    log.reading.select(Query(), JSON, "/all.json")
    query = parse_query([("q", "printer")])

    log.reading.select(query, JSON, "/all.json?q=printer")

    assert log.is_free


def test_an_etag_forward_changes_with_the_place_to_go_on_from(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)))
    before = reader.etag("/queues/A.json?after=")

    reader.record(make_draft(queues=("B",)))

    assert reader.etag("/queues/A.json?after=") != before


QUEUES = st.lists(st.sampled_from(["A", "B"]), max_size=12)


@given(QUEUES, st.lists(QUEUES, max_size=6), st.integers(1, 5))
def test_pages_back_hold_every_entry_once_whatever_arrives_meanwhile(
    there: list[str], arriving: list[list[str]], limit: int
) -> None:
    reader = Reader()
    drafts = [make_draft(queues=(queue,)) for queue in there]
    reader.record(*drafts)
    expected = [draft.id for draft in reversed(drafts) if draft.queues == ("A",)]

    met: list[str] = []
    address: str | None = f"/all.json?queue=A&limit={limit}"
    for arrived in [*arriving, *([[]] * 12)]:
        if address is not None:
            page = reader.page(address)
            met += ids(page)
            address = link(page, "next")
        reader.record(*(make_draft(queues=(queue,)) for queue in arrived))

    assert address is None
    assert met == expected


@given(QUEUES, st.lists(QUEUES, max_size=6), st.integers(1, 5))
def test_pages_forward_hold_every_entry_once_also_what_arrives_meanwhile(
    there: list[str], arriving: list[list[str]], limit: int
) -> None:
    reader = Reader()
    drafts = [make_draft(queues=(queue,)) for queue in there]
    reader.record(*drafts)

    met: list[str] = []
    address = f"/all.json?queue=A&limit={limit}&after="
    for arrived in [*arriving, *([[]] * 80)]:
        page = reader.page(address)
        met += ids(page)
        address = str(link(page, "next"))
        new = [make_draft(queues=(queue,)) for queue in arrived]
        reader.record(*new)
        drafts += new

    assert met == [draft.id for draft in drafts if draft.queues == ("A",)]


def test_the_place_to_ask_next_moves_though_nothing_matched(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)))
    first = link(reader.page("/queues/A.json?after="), "next")
    assert first is not None
    reader.record(make_draft(queues=("B",)))

    page = reader.page(first)

    assert ids(page) == []
    assert link(page, "next") not in (None, first)


def test_the_place_to_ask_next_stays_while_nothing_happens(reader: Reader) -> None:
    reader.record(make_draft())
    address = link(reader.page("/all.json?after="), "next")
    assert address is not None

    assert link(reader.page(address), "next") == address


def test_from_the_beginning_of_an_empty_log_nothing_is_missed(reader: Reader) -> None:
    address = link(reader.page("/all.json?after="), "next")
    assert address is not None
    draft = make_draft()
    reader.record(draft)

    assert ids(reader.page(address)) == [draft.id]


def test_nothing_is_before_the_beginning(reader: Reader) -> None:
    beginning = urlsplit(str(link(reader.page("/all.json?after="), "next"))).query
    reader.record(make_draft())

    assert ids(reader.page("/all.json?" + beginning.replace("after=", "before="))) == []


@pytest.mark.parametrize(
    ("asked", "restart"),
    [
        ("/queues/A.json?before=", f"{BASE}/queues/A.json"),
        ("/queues/A.json?tag=vip&after=", f"{BASE}/queues/A.json?tag=vip&after="),
    ],
)
def test_a_cursor_of_another_log_is_gone_and_told_where_to_start_again(
    reader: Reader, asked: str, restart: str
) -> None:
    reader.record(make_draft(queues=("A",), tags=("vip",)))
    elsewhere = Reader(epoch="another0")
    elsewhere.record(make_draft())
    next = str(link(elsewhere.page("/all.json?after="), "next"))
    cursor = next.partition("after=")[2]

    with pytest.raises(Gone) as gone:
        reader.view(asked + cursor)

    assert gone.value.restart == restart
    assert str(gone.value) == (
        "This log does not hold the entry on which the cursor stands. It is from another log, or "
        f"from before a backup was put back. Go on with {restart}"
    )


@pytest.mark.parametrize("parameter", ["before", "after"])
@pytest.mark.parametrize("position", [2, 2**32, 2**64 - 1])
def test_a_cursor_beyond_the_log_is_gone(reader: Reader, parameter: str, position: int) -> None:
    reader.record(make_draft())

    with pytest.raises(Gone):
        reader.view(f"/all.json?{parameter}={Cursor('readers0', position, bytes(4))}")


def test_what_is_no_cursor_is_refused(reader: Reader) -> None:
    with pytest.raises(InvalidRequest, match="'abc' is no cursor"):
        reader.view("/all.json?after=abc")


def test_a_page_tells_its_own_address_and_where_people_read_it(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",)))

    page = reader.page("/queues/A.json?limit=7")

    assert link(page, "self") == page.address == f"{BASE}/queues/A.json?limit=7"
    assert link(page, "alternate") == f"{BASE}/queues/A"
    assert page.collection == f"{BASE}/queues/A.json?limit=0"


def test_links_keep_the_limit_and_the_filter(reader: Reader) -> None:
    reader.record(*(make_draft(queues=("A",), tags=("vip",)) for _ in range(3)))

    next = str(link(reader.page("/queues/A.json?tag=vip&limit=2"), "next"))

    assert next.startswith(f"{BASE}/queues/A.json?tag=vip&limit=2&before=")
    assert link(reader.page(next), "first") == f"{BASE}/queues/A.json?tag=vip&limit=2"


def test_the_last_page_back_has_no_next(reader: Reader) -> None:
    reader.record(make_draft(), make_draft())

    assert link(reader.page("/all.json?limit=1"), "next") is not None
    assert link(reader.page("/all.json?limit=2"), "next") is None


def test_the_collection_alone_has_no_entries(reader: Reader) -> None:
    reader.record(make_draft(), make_draft())

    page = reader.page("/all.json?limit=0")

    assert page.is_bare
    assert (ids(page), page.total) == ([], 2)
    assert link(page, "first") == f"{BASE}/all.json"


def test_a_feed_is_named_by_its_filter_and_not_by_how_it_is_asked(reader: Reader) -> None:
    reader.record(make_draft(queues=("A",), tags=("vip",)))

    feeds = {
        (page.feed.id, page.feed.title)
        for page in map(
            reader.page,
            [
                "/queues/A.json?tag=vip",
                "/all.json?tag=VIP&queue=A",
                "/tags/vip.json?queue=A&limit=1",
            ],
        )
    }

    assert feeds == {
        ("tag:example.com,2026:feeds/queue=A&tag=vip", "Activities in queue A tagged vip")
    }


def test_a_name_that_nothing_has_is_told_with_the_nearest(reader: Reader) -> None:
    reader.record(make_draft(queues=("Support",)))

    page = reader.page("/all.json?queue=Suport")

    assert page.feed.subtitle == "The queue Suport has never been seen. Did you mean Support?"
    assert page.feed.id == "tag:example.com,2026:feeds/queue=Suport"
    assert reader.page("/all.json?queue=Support").feed.subtitle is None


def test_an_activity_is_found_by_its_id(reader: Reader) -> None:
    draft = make_draft()
    reader.record(make_draft(), draft)

    (activity,) = activities([reader.reading.activity(draft.id)])
    page = reader.reading.page(reader.reading.activity_view(activity, JSON))

    assert activity.draft == draft
    assert page.activities == (activity,)


def test_an_id_that_nothing_has_is_not_found(reader: Reader) -> None:
    with pytest.raises(NotFound, match=r"^No activity has the id tag:nothing\.$"):
        reader.reading.activity("tag:nothing")


def test_the_etag_of_an_activity_is_its_own_and_stays(reader: Reader) -> None:
    one, other = make_draft(), make_draft()
    reader.record(one, other)

    def etag(id: str) -> str:
        return reader.reading.activity_view(reader.reading.activity(id), JSON).etag

    before = etag(one.id)
    reader.record(make_draft())

    assert etag(one.id) == before
    assert etag(other.id) != before
