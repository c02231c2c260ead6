"""Who asks too often without saying what it has is told to wait, and what to do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from feedserver.web.polls import KEPT, Polls
from tests.web.conftest import Site

AWAY = "192.0.2.7"


class Watch:
    """A clock in seconds, which stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


def counting(polls: Polls, key: int = 1) -> Callable[[], float]:
    return lambda: polls.count(key)


def test_the_limit_is_for_a_minute_from_the_first_request_on(watch: Watch) -> None:
    poll = counting(Polls(3, watch))

    assert poll() == 0
    watch.seconds += 20
    assert [poll(), poll()] == [0, 0]
    assert poll() == 40
    watch.seconds += 39.5
    assert poll() == 0.5
    watch.seconds += 0.5
    assert [poll(), poll(), poll()] == [0, 0, 0]
    assert poll() == 60


def test_each_key_is_counted_apart(watch: Watch) -> None:
    polls = Polls(1, watch)

    assert polls.count(1) == 0
    assert polls.count(2) == 0
    assert polls.count(1) > 0


def test_no_more_is_kept_than_there_is_room_for(watch: Watch) -> None:
    polls = Polls(1, watch)

    for key in range(KEPT + 5):
        polls.count(key)

    assert len(polls._counted) == KEPT
    assert polls.count(KEPT) > 0  # the newest are kept
    assert polls.count(0) == 0


def test_what_is_over_is_not_kept(watch: Watch) -> None:
    polls = Polls(1, watch)
    for key in range(100):
        polls.count(key)

    watch.seconds += 60
    polls.count(1)

    assert len(polls._counted) == 1


@pytest.fixture
def limited(site: Site) -> Site:
    """A server that answers twice a minute."""
    site.record_some(1)
    site.use(replace(site.server, settings=replace(site.server.settings, max_polls=2)))
    return site


def poll(site: Site, address: str, client: str = AWAY, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return site.app.get(
        address, headers=named, extra_environ={"REMOTE_ADDR": client}, expect_errors=True
    )


def statuses(site: Site, *addresses: str, **headers: str) -> list[int]:
    return [poll(site, address, **headers).status_int for address in addresses]


def test_a_tight_loop_gets_429_with_when_to_come_and_what_to_send(limited: Site) -> None:
    assert statuses(limited, "/all.atom", "/all.atom") == [200, 200]

    refused = poll(limited, "/all.atom")

    assert refused.status_int == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.content_type == "application/problem+json"
    assert refused.json["detail"] == (
        "You asked for this feed 2 times within a minute without saying what you have. Send the "
        "ETag of the last answer back as If-None-Match: that is never refused. Or ask less often."
    )


def test_who_says_what_it_has_is_never_refused(limited: Site) -> None:
    etag = poll(limited, "/all.atom").headers["ETag"]
    date = "Wed, 01 Jan 1800 00:00:00 GMT"

    assert statuses(limited, *5 * ["/all.atom"], If_None_Match=etag) == 5 * [304]
    assert statuses(limited, *5 * ["/all.atom"], If_None_Match='"old"') == 5 * [200]
    assert statuses(limited, *5 * ["/all.atom"], If_Modified_Since=date) == 5 * [200]
    assert statuses(limited, "/all.atom", "/all.atom") == [200, 429]


def test_who_catches_up_is_never_refused(limited: Site) -> None:
    assert statuses(limited, *5 * ["/all.json?after="]) == 5 * [200]


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", ""])
def test_who_is_on_this_machine_is_never_refused(limited: Site, client: str) -> None:
    answered = [poll(limited, "/all.atom", client).status_int for _ in range(5)]

    assert answered == 5 * [200]


def test_feeds_and_clients_are_counted_apart(limited: Site) -> None:
    addresses = ["/all.atom", "/all.json", "/all.atom?tag=vip", "/queues/Support.atom"]

    assert statuses(limited, *addresses, *addresses) == 8 * [200]
    assert poll(limited, "/all.atom", "192.0.2.8").status_int == 200
    assert statuses(limited, *addresses) == 4 * [429]


def test_what_is_added_on_the_way_makes_no_other_feed(limited: Site) -> None:
    busting = [f"/all.atom?_={number}&utm_source=x" for number in range(3)]

    assert statuses(limited, *busting) == [200, 200, 429]


def test_what_is_no_feed_is_not_counted(limited: Site) -> None:
    assert statuses(limited, *3 * ["/healthz"], *3 * ["/feeds.json"]) == 6 * [200]


def test_without_a_limit_nobody_is_refused(limited: Site) -> None:
    settings = replace(limited.server.settings, max_polls=0)
    limited.use(replace(limited.server, settings=settings))

    assert statuses(limited, *5 * ["/all.atom"]) == 5 * [200]
