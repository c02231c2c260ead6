"""Readers that may have missed entries: found, counted and told of, and nobody else."""

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from webtest import TestApp

from feedserver.errors import StoreError
from feedserver.model.filter import Filter
from feedserver.model.query import Query
from feedserver.services.indexing import FacetIndex, Selection
from feedserver.services.reading import Representation
from feedserver.web.front import Front
from feedserver.web.risk import DAY, KEPT, MOST_UNTOLD, PATIENCE, Gaps, Reach, reach_of
from tests.builders import make_draft
from tests.web.conftest import Site
from tests.web.test_hot import nobody

AWAY = "192.0.2.7"
FEED = "/all.atom?limit=5"
LOGGED = "feedserver.web.risk"


def risk(site: Site) -> tuple[int, int]:
    """The polls with a gap and the readers at risk, as /metrics tells them."""
    text = site.app.get("/metrics", extra_environ={"REMOTE_ADDR": "127.0.0.1"}).text
    polls = re.search(r"^feedserver_polls_with_a_gap_total (\d+)\.0$", text, re.MULTILINE)
    readers = re.search(r"^feedserver_subscribers_at_risk (\d+)\.0$", text, re.MULTILINE)
    assert polls is not None
    assert readers is not None
    return int(polls[1]), int(readers[1])


def later(site: Site, span: timedelta = PATIENCE) -> tuple[int, int]:
    """As `risk`, when it is too late to go on."""
    site.clock.advance(span.total_seconds())
    return risk(site)


def come(site: Site, count: int, **overrides: Any) -> None:
    """That many entries come at once."""
    site.record(*(make_draft(**overrides) for _ in range(count)))


def poll(site: Site, address: str = FEED, client: str = AWAY, **headers: str) -> Any:
    """The answer to a reader, who is another one by its `user_agent`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return site.app.get(address, headers=named, extra_environ={"REMOTE_ADDR": client})


def following(answer: Any, rel: str = "next") -> str:
    found = re.search(rf'<([^>]+)>; rel="{rel}"', answer.headers["Link"])
    assert found is not None
    return found[1].removeprefix("http://feeds.example")


@pytest.mark.parametrize(("count", "lost"), [(0, 0), (1, 0), (5, 0), (6, 1), (50, 1)])
@pytest.mark.parametrize("sends_etags", [True, False])
def test_a_poll_that_does_not_reach_back_is_a_gap(
    site: Site, count: int, lost: int, sends_etags: bool
) -> None:
    come(site, 20)
    etag = poll(site).headers["ETag"]
    come(site, count)

    poll(site, **({"if_none_match": etag} if sends_etags and count else {}))

    assert later(site) == (lost, lost)


def test_the_first_poll_of_all_tells_nothing(site: Site) -> None:
    come(site, 20)

    poll(site)

    assert later(site) == (0, 0)


def test_who_has_seen_an_empty_feed_may_miss_the_first(site: Site) -> None:
    etag = poll(site).headers["ETag"]
    come(site, 6)

    poll(site, if_none_match=etag)

    assert later(site) == (1, 1)


def test_an_etag_tells_more_than_what_another_was_given(site: Site) -> None:
    come(site, 20)
    etag = poll(site).headers["ETag"]
    come(site, 6)
    poll(site, user_agent="another/1.0")

    poll(site, user_agent="another/1.0", if_none_match=etag)

    assert later(site) == (1, 1)


@pytest.mark.parametrize("etag", ['"of-another-server"', "*", "W/x", 400 * "x", ""])
def test_of_who_sends_no_etag_of_ours_it_is_known_what_it_was_given(site: Site, etag: str) -> None:
    come(site, 20)
    poll(site)
    come(site, 6)
    if etag == "*":
        etag = '"*"'

    poll(site, if_none_match=etag)

    assert later(site) == (1, 1)


def test_the_etag_of_another_feed_tells_nothing(site: Site) -> None:
    come(site, 1)
    etag = poll(site, "/all.atom?limit=4").headers["ETag"]
    come(site, 20)

    poll(site, if_none_match=etag)

    assert later(site) == (0, 0)


def test_of_many_etags_the_newest_counts(site: Site) -> None:
    come(site, 3)
    old = poll(site).headers["ETag"]
    come(site, 20)
    new = poll(site, user_agent="another/1.0").headers["ETag"]
    come(site, 5)

    poll(site, if_none_match=f"{new}, {old}")

    assert later(site) == (0, 0)


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/all.json?limit=5", {}),
        ("/queues/Support.atom?limit=5", {}),
        ("/all.atom?limit=4", {}),
        (FEED, {"client": "192.0.2.8"}),
        (FEED, {"user_agent": "another/1.0"}),
    ],
)
def test_feeds_and_readers_are_told_apart(
    site: Site, address: str, headers: dict[str, str]
) -> None:
    come(site, 20)
    poll(site)
    come(site, 20)

    poll(site, address, **headers)

    assert later(site) == (0, 0)


def test_entries_of_other_feeds_leave_no_gap(site: Site) -> None:
    come(site, 20)
    poll(site, "/tags/vip.atom?limit=5")
    come(site, 20, tags=("other",))
    come(site, 5)

    poll(site, "/tags/vip.atom?limit=5")

    assert later(site) == (0, 0)


def test_an_edit_comes_anew_and_a_deletion_is_nothing_to_miss(site: Site) -> None:
    drafts = [make_draft() for _ in range(12)]
    site.record(*drafts)
    poll(site)
    log = site.server.log
    for draft in drafts[:6]:
        newest = log.find(draft.id)
        assert newest is not None
        log.replace(newest.position, replace(draft, title="Edited"))
    poll(site)
    assert later(site) == (1, 1)

    come(site, 6)
    log.replace(site.server.index.catch_up(), None)
    poll(site)

    assert later(site) == (1, 1)


def test_pages_for_people_and_feeds_without_entries_are_no_polls(site: Site) -> None:
    for _ in range(2):
        come(site, 200)
        poll(site, "/", accept="text/html")
        poll(site, "/all.atom?limit=0")

    assert later(site) == (0, 0)


def test_a_head_request_was_given_nothing(site: Site) -> None:
    come(site, 20)
    poll(site)
    come(site, 3)
    site.app.head(FEED, extra_environ={"REMOTE_ADDR": AWAY})
    come(site, 3)

    poll(site)

    assert later(site) == (1, 1)


def test_a_delta_leaves_no_gap(site: Site) -> None:
    come(site, 20)
    etag = poll(site).headers["ETag"]
    come(site, 4)

    told = poll(site, if_none_match=etag, a_im="feed")

    assert told.status_int == 226
    assert later(site) == (0, 0)


# Going on


def test_who_goes_on_until_it_has_all_is_at_no_risk(site: Site) -> None:
    come(site, 20)
    poll(site)
    come(site, 14)

    second = poll(site, following(poll(site)))
    assert risk(site) == (0, 0)
    poll(site, following(second))

    assert later(site) == (0, 0)


def test_who_stops_too_soon_has_missed_the_rest(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    come(site, 20)
    poll(site)
    come(site, 14)

    poll(site, following(poll(site)))

    assert later(site) == (1, 1)
    assert "has missed 4 entries" in caplog.text


def test_each_page_gives_time_for_the_next(site: Site) -> None:
    come(site, 20)
    poll(site)
    come(site, 14)
    almost = (PATIENCE - timedelta(seconds=1)).total_seconds()

    page = poll(site)
    for _ in range(2):
        site.clock.advance(almost)
        page = poll(site, following(page))

    assert later(site) == (0, 0)


def test_who_goes_on_too_late_is_at_risk(site: Site) -> None:
    come(site, 20)
    poll(site)
    come(site, 6)
    page = poll(site)
    site.clock.advance(PATIENCE.total_seconds())

    poll(site, following(page))

    assert risk(site) == (1, 1)


@pytest.mark.parametrize("rel", ["prev-archive", "after"])
def test_archives_and_cursors_miss_nothing(site: Site, rel: str) -> None:
    come(site, 120)
    poll(site)
    come(site, 50)
    page = poll(site)

    poll(site, "/all.atom?after=" if rel == "after" else following(page, rel))

    assert later(site) == (0, 0)


def test_another_reader_goes_on_for_itself_alone(site: Site) -> None:
    come(site, 20)
    poll(site)
    come(site, 6)
    page = poll(site)

    poll(site, following(page), user_agent="another/1.0")

    assert later(site) == (1, 1)


def test_a_page_that_begins_farther_back_leaves_the_gap(site: Site) -> None:
    come(site, 20)
    poll(site)
    come(site, 14)
    skipped = poll(site, following(poll(site)), user_agent="another/1.0")

    poll(site, following(skipped))

    assert later(site) == (1, 1)


def test_to_read_a_page_once_more_takes_nothing_back(site: Site) -> None:
    come(site, 20)
    poll(site)
    come(site, 14)
    first = poll(site)
    second = poll(site, following(first))

    poll(site, following(first).replace("limit=5", "limit=1"))
    poll(site, following(second))

    assert later(site) == (0, 0)


def test_who_still_goes_on_holds_up_nobody_else(site: Site) -> None:
    come(site, 20)
    for reader in ("first/1", "second/1"):
        poll(site, user_agent=reader)
    come(site, 14)
    page = poll(site, user_agent="first/1")
    poll(site, user_agent="second/1")
    site.clock.advance((PATIENCE - timedelta(seconds=1)).total_seconds())

    poll(site, following(page), user_agent="first/1")

    assert later(site, timedelta(seconds=1)) == (1, 1)


def test_who_asks_twice_before_it_goes_on_has_lost_nothing(site: Site) -> None:
    come(site, 20)
    etag = poll(site).headers["ETag"]
    come(site, 6)

    poll(site, if_none_match=etag)
    poll(site, following(poll(site, if_none_match=etag)))

    assert later(site) == (0, 0)


def test_the_next_gap_ends_the_time_for_the_one_before(site: Site) -> None:
    come(site, 20)
    for _ in range(3):
        poll(site)
        come(site, 6)

    assert risk(site) == (1, 1)
    assert later(site) == (2, 1)


# What is told


def test_after_a_day_without_a_gap_nobody_is_at_risk(site: Site) -> None:
    come(site, 20)
    poll(site)
    come(site, 6)
    poll(site)

    assert later(site) == (1, 1)
    assert later(site, DAY - timedelta(seconds=1)) == (1, 1)
    assert later(site, timedelta(seconds=1)) == (1, 0)


def test_who_has_gaps_all_the_time_is_at_risk_and_told_of_each_day(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    come(site, 20)
    poll(site)

    for hours in (0, 10, 10, 10, 10):
        site.clock.advance(timedelta(hours=hours).total_seconds())
        come(site, 6)
        poll(site)

    assert later(site) == (5, 1)
    assert later(site, DAY - timedelta(seconds=1)) == (5, 1)
    assert len(told(caplog)) == 2


def test_the_log_says_once_a_day_who_missed_how_much_and_what_helps(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    come(site, 20)
    for _ in range(4):
        poll(site, "/queues/Support.rss?limit=5&tag=vip")
        come(site, 7)
        later(site)

    (record,) = told(caplog)
    assert record.getMessage() == (
        "192.0.2.7 has missed 2 entries of /queues/Support.rss?tag=vip&limit=5: since it asked "
        "before more came than its limit of 5. Let it follow `next` until it meets what it has, or "
        "ask with limit=7 or more"
    )
    site.clock.advance(DAY.total_seconds())
    poll(site, "/queues/Support.rss?limit=5&tag=vip")
    later(site)

    assert [record.levelno for record in told(caplog)] == [logging.WARNING, logging.WARNING]


def told(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == LOGGED]


def test_no_limit_is_proposed_that_there_is_not(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    come(site, 20)
    poll(site)
    come(site, 501)
    poll(site)
    later(site)

    (record,) = told(caplog)
    assert record.getMessage().endswith("or ask with limit=500, more often")


def test_a_gap_is_told_without_anybody_who_asks_for_metrics(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    come(site, 20)
    poll(site)
    come(site, 6)
    poll(site)
    site.clock.advance(PATIENCE.total_seconds())

    poll(site, "/tags/vip.json")

    assert len(told(caplog)) == 1


def test_a_private_server_names_the_grant_and_no_token(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(site.server.settings, reading="private")
    site.use(replace(site.server, settings=settings))
    tokens = [site.grant(label=label) for label in ("Ann's phone", "importer")]
    come(site, 20)

    feed = f"{FEED}&-tag={tokens[1]}"

    poll(site, feed, authorization=f"Bearer {tokens[0]}")
    come(site, 6)
    for token in reversed(tokens):  # of them one comes from the same address for the first time
        poll(site, feed, authorization=f"Bearer {token}")
    site.clock.advance(PATIENCE.total_seconds())
    poll(site, authorization=f"Bearer {tokens[1]}")

    (record,) = told(caplog)
    told_of = "Ann's phone has missed 1 entry of /all.atom?-tag=fs_…&limit=5: "
    assert record.getMessage().startswith(told_of)
    assert not any(token in record.getMessage() for token in tokens)


# From memory


def test_memory_tells_gaps_as_the_application_does(site: Site) -> None:
    front = site.flask.wsgi_app
    assert isinstance(front, Front)
    come(site, 20)
    readers = [f"reader/{number}" for number in range(4)]
    for reader in readers:
        poll(site, user_agent=reader)
    site.clock.advance(5)  # from now on its answers have a date, and stay
    come(site, 14)
    site.clock.advance(5)
    made = poll(site, user_agent="first")
    after = poll(site, following(made), user_agent="first")
    poll(site, following(after), user_agent="first")
    memory = TestApp(Front(nobody, front.hot, front.posting))

    def ask(address: str, reader: str, **headers: str) -> Any:
        named = {"User-Agent": reader, **headers}
        return memory.get(address, headers=named, extra_environ={"REMOTE_ADDR": AWAY})

    for reader in readers:
        memory.head(FEED, headers={"User-Agent": reader}, extra_environ={"REMOTE_ADDR": AWAY})
    for reader in readers[:3]:
        ask(FEED, reader)
    ask(following(after), readers[0])
    for reader in readers[:2]:
        ask(following(ask(following(made), reader)), reader)
    ask(FEED, readers[3], **{"If-None-Match": made.headers["ETag"]})  # which has that page

    assert later(site) == (1, 1)


def test_an_etag_that_memory_is_given_tells_what_its_reader_had(site: Site) -> None:
    front = site.flask.wsgi_app
    assert isinstance(front, Front)
    come(site, 20)
    etag = poll(site).headers["ETag"]
    site.clock.advance(5)
    come(site, 6)
    site.clock.advance(5)
    poll(site, user_agent="first")
    memory = TestApp(Front(nobody, front.hot, front.posting))

    memory.get(FEED, headers={"If-None-Match": etag}, extra_environ={"REMOTE_ADDR": AWAY})

    assert later(site) == (1, 1)


# Bounded


class BreakingIndex(FacetIndex):
    """An index that cannot answer while `is_broken`."""

    is_broken = True

    def newest(self, filter: Filter, limit: int, before: int | None = None) -> Selection:
        if self.is_broken:
            raise StoreError("the store cannot be read: no such disk")
        return super().newest(filter, limit, before)


def test_what_cannot_be_told_while_the_store_is_away_is_told_later(
    site: Site, page: Callable[[int, int], Reach], caplog: pytest.LogCaptureFixture
) -> None:
    index = BreakingIndex(site.server.log)
    index.catch_up()
    gaps = Gaps(index, None, site.clock)
    headers: dict[str, str] = {}
    for beyond in (0, 1):
        gaps.read(page(0, beyond), None, headers.get, AWAY)
    site.clock.advance(PATIENCE.total_seconds())

    assert [family.samples[0].value for family in gaps.collect()] == [1, 1]
    assert told(caplog) == []
    index.is_broken = False
    gaps.tell()

    assert len(told(caplog)) == 1


@pytest.fixture
def page(site: Site) -> Callable[[int, int], Reach]:
    """A page up to that position that leaves out what stands at the other."""
    come(site, 6)
    atom = Representation("atom", "application/atom+xml", 1)
    reach = reach_of(site.server.reading.select(Query(limit=5), atom, FEED))
    assert reach is not None
    assert (reach.start, reach.beyond, reach.position) == (None, 1, 6)
    return lambda position, beyond: replace(reach, position=position, beyond=beyond)


def test_no_more_readers_are_kept_than_there_is_room_for(
    site: Site, page: Callable[[int, int], Reach]
) -> None:
    gaps = Gaps(site.server.index, None, site.clock)
    headers: dict[str, str] = {}

    for beyond in (0, 1):
        for number in range(2 * KEPT + 500):
            headers["user-agent"] = f"reader/{number}"
            gaps.read(page(0, beyond), None, headers.get, AWAY)

    # The oldest were forgotten when as many new ones came, so that nothing is known of them.
    assert gaps._count == 0
    assert len(gaps._given) + len(gaps._given_before) <= 2 * KEPT


def test_who_has_a_gap_is_kept_up_to_a_number(
    site: Site, page: Callable[[int, int], Reach], caplog: pytest.LogCaptureFixture
) -> None:
    gaps = Gaps(site.server.index, None, site.clock)
    headers: dict[str, str] = {}
    count = 2 * KEPT + 500

    for number in range(count):
        headers["user-agent"] = f"reader/{number}"
        for beyond in (0, 1):
            gaps.read(page(0, beyond), None, headers.get, AWAY)
    polls, readers = (family.samples[0].value for family in gaps.collect())

    assert len(gaps._open) == KEPT
    assert (polls, readers) == (count - KEPT, KEPT)
    assert len(told(caplog)) == MOST_UNTOLD
