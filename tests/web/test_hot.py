"""Polls that are answered from memory: the same as what the application would answer, and free."""

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app

from feedserver.assembly import Server, assemble, assemble_around
from feedserver.errors import StoreError
from feedserver.model.activity import Object, Product
from feedserver.model.filter import EVERYTHING
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.stores.sql.opening import open_log
from feedserver.web.app import create_app
from feedserver.web.bodies import Bodies
from feedserver.web.encodings import IDENTITY
from feedserver.web.front import Application, Front, front_of
from feedserver.web.hot import SELECTED, Hot, Selected
from feedserver.web.polls import Polls
from feedserver.web.posting import Environ
from feedserver.web.risk import Gaps
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.laws import examples
from tests.services.test_versions import FEW, MOMENTS, Step, take
from tests.web.conftest import BASE, Site, ready

AWAY = "192.0.2.7"
GZIP, BR = "gzip", "br, gzip"


@dataclass(frozen=True)
class Told:
    """An answer, its headers in no order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __getitem__(self, name: str) -> str:
        return dict(self.headers)[name]

    def get(self, name: str) -> str | None:
        return dict(self.headers).get(name)


class Asked(Exception):
    """The application was asked, though memory could have answered."""


def nobody(environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
    """An application that answers nothing."""
    raise Asked(environ["PATH_INFO"])


def ask(
    application: Application,
    address: str,
    method: str = "GET",
    client: str = "127.0.0.1",
    **headers: str | None,
) -> Told:
    """What the application answers to that request; headers as `if_none_match="…"`."""
    path, _, query = address.removeprefix(BASE).partition("?")
    named = {name.replace("_", "-"): text for name, text in headers.items() if text is not None}
    environ = create_environ(path, BASE, method=method, headers=named)
    environ |= {"QUERY_STRING": query, "REMOTE_ADDR": client}
    chunks, status, told = run_wsgi_app(application, environ)
    pairs = sorted((name.lower(), value) for name, value in told)
    return Told(int(status[:3]), tuple(pairs), b"".join(chunks))


@dataclass
class Polled:
    """A server, and the ways to ask it: `front` with its memory, `inner` without it."""

    front: Front
    clock: FakeClock
    log: Any
    server: Server

    @property
    def inner(self) -> Application:
        return self.front.application

    def poll(self, address: str, method: str = "GET", **headers: Any) -> Told:
        return ask(self.front, address, method, **headers)

    def remembered(self, address: str, method: str = "GET", **headers: Any) -> Told | None:
        """What memory answers, None where the application would be asked."""
        try:
            return ask(
                Front(nobody, self.front.hot, self.front.posting), address, method, **headers
            )
        except Asked:
            return None


def polled(server: Server, clock: FakeClock) -> Polled:
    return Polled(front_of(ready(create_app(server))), clock, server.log, server)


def around(log: MemoryLog, clock: FakeClock, folder: Path, **settings: Any) -> Polled:
    """A server around a log in memory."""
    values = {"authority": AUTHORITY, "base_url": BASE, **settings}
    return polled(assemble_around(log, make_settings(folder, values), clock), clock)


@pytest.fixture
def hot(site: Site) -> Polled:
    return Polled(front_of(site.flask), site.clock, site.server.log, site.server)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Polled]:
    """A private server whose store is a file."""
    clock = FakeClock()
    values = {"authority": AUTHORITY, "base_url": BASE, "reading": "private", "store": STORE}
    server = assemble(make_settings(tmp_path, values), clock)
    yield polled(server, clock)
    server.close()


STORE = "sqlite:///store.db"


# The law

DRAFTS = st.builds(
    lambda title, queues, tags, occurred, site, actor: make_draft(
        title=title,
        queues=queues,
        tags=tags,
        occurred=occurred,
        products=(Product("Printer " + site, "B"),),
        customer=Object("organization", f"tag:{AUTHORITY}:crm/site/{site}", site * 3, site),
        actor=Object("person", f"tag:{AUTHORITY}:crm/user/{actor}", actor * 3, login=actor),
        target=None,
    ),
    st.sampled_from(["x", "y", "x y"]),
    FEW,
    FEW,
    st.none() | MOMENTS,
    st.sampled_from("st"),
    st.sampled_from("uv"),
)
CHANGES = st.builds(
    Step,
    st.sampled_from(["post", "post", "edit", "edit", "silent", "delete", "redact"]),
    st.integers(0, 9),
    DRAFTS,
    st.sampled_from([0.0, 0.0, 0.3, 0.7, 1.0, 1.5, 7.0]),
)
PASSES = st.sampled_from([0.0, 0.3, 0.5, 1.0, 2.0, 3600.0])

FILTERS = [
    "",
    "queue=a",
    "queue=A",
    "tag=b",
    "-tag=b",
    "queue=a&queue=b",
    "queue=a&-tag=a",
    "filter=queue:a%20OR%20(tag:b%20AND%20NOT%20queue:b)",
    "since=2026-05-08T12:00:00Z",
    "until=2026-05-08T12:00:00Z",
    "q=x",
    "q=x%20never",
    "queue=never",
    "queue=aa",
    "queue=Aa&-tag=ba",
    "-tag=never",
    "filter=title~x",
    "filter=customer~s",
    "customer=s",
    "-customer=s",
    "actor=u",
    "utm_source=w",
    "nonsense=1",
]
PATHS = ["/all", "/all.atom", "/all.json", "/all.rss", "/all.as1", "/all.jsonfeed", "/", "/all.x"]
NAMED = ["/queues/a.atom", "/queues/A.json", "/tags/b", "/customers/s.atom", "/actors/u.json"]
RUNS = ["limit=2", "limit=0", "after=", "archive=0", "before={}", "after={}", "archive={}"]
ADDRESSES = st.builds(
    lambda path, filter, run: f"{path}?{'&'.join(part for part in (filter, run) if part)}",
    st.sampled_from([*PATHS, *PATHS, *NAMED]),
    st.sampled_from(FILTERS) | st.just(""),
    st.sampled_from(["", "", "", *RUNS]),
)
ACCEPTS = [
    None,
    "application/atom+xml",
    "application/json",
    "application/rss+xml;q=0.5, application/feed+json",
    "text/html, */*;q=0.1",
    "application/x-netcdf, */*",
    "image/png",
]
ENCODINGS = [None, GZIP, BR, "*", "identity", "gzip;q=0.1, br;q=0.9", "identity;q=0, gzip"]


@dataclass(frozen=True)
class Feed:
    """One of the feeds that are polled again and again, by a reader of its own."""

    address: str
    accept: str | None
    encoding: str | None


FEEDS = st.builds(Feed, ADDRESSES, st.sampled_from(ACCEPTS), st.sampled_from(ENCODINGS))


@dataclass(frozen=True)
class Poll:
    """A poll of the `which`-th feed, and what the reader says that it has."""

    which: int
    method: str
    tag: str | None
    date: str | None
    delta: str | None


POLLS = st.builds(
    Poll,
    st.integers(0, 3),
    st.sampled_from(["GET", "GET", "HEAD"]),
    st.none() | st.sampled_from(["{}", "old", "W/{}", '"x", {}', "*", '"x"', "packed", "bare"]),
    st.none() | st.sampled_from(["{}", "Thu, 07 May 2026 12:00:00 GMT", "never"]),
    st.none() | st.sampled_from(["feed", "feed;q=0"]),
)


class Reader:
    """Asks for one feed, and remembers what it was told first and last."""

    def __init__(self, hot: Polled, feed: Feed) -> None:
        self._hot = hot
        self._feed = feed
        self._etags: list[str] = []
        self._date: str | None = None
        self._address = feed.address

    def poll(self, poll: Poll) -> None:
        """Ask, and find that memory said the same as the application."""
        headers: dict[str, Any] = {
            "accept": self._feed.accept,
            "accept_encoding": self._feed.encoding,
            "if_none_match": self._tag(poll.tag),
            "if_modified_since": self._date if poll.date == "{}" else poll.date,
            "a_im": poll.delta,
        }
        address = self._address.replace("{}", self._place())
        from_memory = self._hot.remembered(address, poll.method, **headers)
        told = self._hot.poll(address, poll.method, **headers)
        expected = ask(self._hot.inner, address, poll.method, **headers)
        event(f"{expected.status} {'made' if from_memory is None else 'from memory'}")

        assert told == expected
        assert from_memory in (None, expected)
        if (etag := told.get("etag")) is not None:
            self._etags.append(etag)
            self._date = told.get("last-modified")

    def _tag(self, form: str | None) -> str | None:
        if form is None or (not self._etags and "{}" in form):
            return form and '"x"'
        if form in ("old", "packed", "bare"):
            etag = (self._etags or ['"x"'])[0 if form == "old" else -1]
            return {"old": etag, "packed": f'{etag[:-1]}-gzip"', "bare": etag.strip('"')}[form]
        return form.replace("{}", self._etags[-1]) if self._etags else form

    def _place(self) -> str:
        """A cursor that stays the same, or the address of an archive."""
        if "archive" in self._address:
            run = self._hot.server.index.run(EVERYTHING, 0)
            return "0" if run is None else run.address
        index = self._hot.server.index
        return str(index.cursor(min(2, index.position)))


@examples(2)
@given(
    st.sampled_from([0, 3, 3, 101]),
    st.lists(FEEDS, min_size=1, max_size=4),
    st.lists(CHANGES | PASSES | POLLS | POLLS | POLLS, min_size=9, max_size=30),
)
def test_memory_answers_what_the_application_would(
    law_folder: Path, count: int, feeds: list[Feed], steps: list[Step | float | Poll]
) -> None:
    clock = FakeClock()
    log = MemoryLog(AUTHORITY, clock)
    log.append([make_draft(queues=("a",), tags=("b",)) for _ in range(count)])
    hot = around(log, clock, law_folder)
    readers = [Reader(hot, feed) for feed in feeds]

    for step in steps:
        if isinstance(step, Poll):
            readers[step.which % len(readers)].poll(step)
        elif isinstance(step, Step):
            take(log, clock, step)
        else:
            clock.advance(step)
    for reader in readers:
        reader.poll(Poll(0, "GET", "{}", None, None))


@pytest.fixture(scope="module")
def law_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("law")


# What comes from memory

SUPPORT = "/queues/Support.atom"


@pytest.mark.parametrize(
    ("address", "method", "headers"),
    [
        (SUPPORT, "GET", {}),
        (SUPPORT, "HEAD", {}),
        (SUPPORT, "GET", {"accept_encoding": GZIP}),
        (SUPPORT, "GET", {"accept_encoding": BR}),
        ("/queues/Support", "GET", {"accept": "application/json"}),
        ("/all?tag=vip&-queue=Sales", "GET", {}),
        ("/all.rss?filter=tag:vip%20OR%20queue:Sales", "GET", {}),
        ("/all.json?q=printer", "GET", {}),
        ("/all.jsonfeed?limit=2", "GET", {}),
        ("/all.json?before={}", "GET", {}),
        ("/all.json?after=", "GET", {}),
        ("/all.json?after={}", "HEAD", {}),
        ("/all.atom?archive=0", "GET", {}),
        ("/all.as1?queue=never", "GET", {}),
    ],
)
def test_the_second_poll_of_a_kind_comes_from_memory(
    hot: Polled, address: str, method: str, headers: dict[str, str]
) -> None:
    hot.log.append([make_draft() for _ in range(3)])
    hot.clock.advance(60)
    hot.server.index.catch_up()
    address = address.replace("{}", str(hot.server.index.cursor(2)))
    told = hot.poll(address, method, **headers)

    again = hot.remembered(address, method, **headers)
    unchanged = hot.remembered(address, method, **headers, if_none_match=told["etag"])
    delta = hot.remembered(address, method, **headers, if_none_match=told["etag"], a_im="feed")

    assert told.status == 200
    assert again == told
    assert (unchanged and unchanged.status, delta and delta.status) == (304, 304)


def test_each_reader_is_given_what_it_takes(hot: Polled) -> None:
    hot.log.append([make_draft()])
    hot.clock.advance(60)
    takes = [(accept, encoding) for accept in (None, "application/json") for encoding in ENCODINGS]

    for _ in range(2):
        for accept, encoding in takes:
            headers: dict[str, Any] = {"accept": accept, "accept_encoding": encoding}
            assert hot.poll("/all", **headers) == ask(hot.inner, "/all", **headers)


def test_headers_are_those_of_the_body_though_only_its_etag_was_asked_for(hot: Polled) -> None:
    hot.log.append([make_draft()])
    hot.clock.advance(60)
    hot.poll("/all.atom")
    hot.log.append([make_draft()])
    hot.clock.advance(60)
    etag = hot.poll("/all.atom", accept="*/*")["etag"]
    assert hot.poll("/all.atom", if_none_match=etag).status == 304

    assert hot.poll("/all.atom") == ask(hot.inner, "/all.atom")


def test_a_date_is_enough(hot: Polled) -> None:
    hot.log.append([make_draft()])
    hot.clock.advance(60)
    since = hot.poll(SUPPORT)["last-modified"]
    hot.poll(SUPPORT, if_none_match=hot.poll(SUPPORT)["etag"])

    unchanged = hot.remembered(SUPPORT, if_modified_since=since)

    assert unchanged is not None
    assert unchanged.status == 304


def test_the_date_of_what_is_new_is_told_as_soon_as_it_can_be(hot: Polled) -> None:
    hot.clock.advance(0.6)
    hot.log.append([make_draft()])
    dates = []

    for _ in range(9):
        told = hot.poll("/all.atom")
        dates.append(told.get("last-modified"))
        assert told == ask(hot.inner, "/all.atom")
        hot.clock.advance(0.3)

    assert (dates[0], dates[-1]) == (None, "Fri, 08 May 2026 12:00:00 GMT")


def test_where_to_go_on_moves_with_every_version(hot: Polled) -> None:
    hot.log.append([make_draft(), make_draft(queues=("Sales",))])
    hot.clock.advance(60)
    address = "/queues/Support.json?after="
    etag = hot.poll(address)["etag"]
    hot.log.append([make_draft(queues=("Sales",))])

    told = hot.poll(address, if_none_match=etag)

    assert told.status == 200
    assert told == ask(hot.inner, address)


def test_a_reader_of_deltas_is_told_what_changed_though_memory_has_it_all(hot: Polled) -> None:
    hot.log.append([make_draft() for _ in range(3)])
    hot.clock.advance(60)
    old = hot.poll("/all.atom")["etag"]
    hot.log.append([make_draft()])
    hot.clock.advance(60)
    whole = hot.poll("/all.atom")

    delta = hot.poll("/all.atom", if_none_match=old, a_im="feed")

    assert delta.status == 226
    assert delta == ask(hot.inner, "/all.atom", if_none_match=old, a_im="feed")
    assert hot.remembered("/all.atom", if_none_match=old) == whole


def test_what_comes_from_memory_is_counted_with_all_polls(hot: Polled) -> None:
    hot.poll(SUPPORT)  # there is no such queue yet: that is not kept
    etag = hot.poll("/all.atom")["etag"]
    for _ in range(3):
        hot.poll("/all.atom", if_none_match=etag)
    hot.poll("/all.atom", "HEAD")

    metrics = hot.poll("/metrics").body.decode()

    assert "feedserver_polls_from_memory_total 4.0" in metrics
    assert 'feedserver_polls_total{format="atom",status="304"} 3.0' in metrics
    assert 'feedserver_polls_total{format="atom",status="200"} 2.0' in metrics


KEPT = [
    "/queues/Support.atom",
    "/all.atom?queue=Sales",
    "/all.json?tag=vip",
    "/all.atom?-tag=vip",
    "/all.rss?queue=Sales&queue=Help",
    "/all.atom?filter=customer~works",
    "/all.atom?queue=Unheard",
]


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        ({"queues": ("Sales",), "customer": None}, {1, 2, 4, 6}),
        ({"queues": ("Help",), "tags": (), "customer": None}, {3, 4, 6}),
        ({"queues": (), "tags": ("VIP",), "customer": None}, {2, 6}),
        ({"queues": (), "customer": None, "tags": ("other",)}, {3, 6}),
        ({"queues": ("unheard",), "tags": (), "customer": None}, {3, 6}),
    ],
)
def test_a_version_touches_the_feeds_that_it_touches(
    hot: Polled, change: dict[str, Any], touched: set[int]
) -> None:
    hot.log.append([make_draft(), make_draft(queues=("Sales", "Help"), tags=("other",))])
    hot.clock.advance(60)
    for address in KEPT:
        hot.poll(address)

    hot.log.append([make_draft(**change)])

    assert {at for at, address in enumerate(KEPT) if hot.remembered(address) is None} == touched


def test_a_name_that_appears_is_told_of(hot: Polled) -> None:
    hot.log.append([make_draft()])
    hot.clock.advance(60)
    before = hot.poll("/all.json?queue=Sales")
    hot.log.append([make_draft(queues=("Sales",))])
    hot.log.append([make_draft(queues=("sales",))])

    after = hot.poll("/all.json?queue=Sales", if_none_match=before["etag"])

    assert b"Sales" in before.body
    assert after.status == 200
    assert after == ask(hot.inner, "/all.json?queue=Sales")


@pytest.mark.parametrize("ending", ["deleted", "redacted"])
def test_what_is_gone_never_comes_from_memory(hot: Polled, ending: str) -> None:
    addresses = ["/all.atom", "/all.json?after=", "/tags/vip.rss", "/all.atom?archive=0"]
    secret, other = make_draft(content="<p>secret</p>"), make_draft()
    hot.log.append([secret, other])
    hot.clock.advance(60)
    for address in addresses:
        assert b"secret" in hot.poll(address).body
    if ending == "deleted":
        hot.log.replace(1, None)
    else:
        hot.log.redact([secret.id])

    for address in addresses:
        assert hot.remembered(address) is None
        assert b"secret" not in hot.poll(address, accept_encoding="identity").body


def test_of_a_log_that_was_put_back_nothing_comes_from_memory(hot: Polled) -> None:
    drafts = [make_draft() for _ in range(4)]
    hot.log.append(drafts[:3])
    copy = list(hot.log._versions), {id: list(at) for id, at in hot.log._by_id.items()}
    hot.log.replace(2, None)
    hot.clock.advance(60)
    etag = hot.poll("/all.json")["etag"]
    hot.log._versions, hot.log._by_id = copy

    hot.log.append(drafts[3:])  # as many versions as before

    told = hot.poll("/all.json", if_none_match=etag)
    assert told.status == 200
    assert told == ask(hot.inner, "/all.json")
    assert drafts[3].id.encode() in told.body


def test_polls_from_memory_count_too(tmp_path: Path) -> None:
    clock = FakeClock()
    hot = around(MemoryLog(AUTHORITY, clock), clock, tmp_path, max_polls=3)

    statuses = [hot.poll("/all.atom", client=AWAY).status for _ in range(5)]
    told = [hot.poll("/all.atom", client=client).status for client in (AWAY, "192.0.2.8")]
    etag = hot.poll("/all.atom", client="192.0.2.9")["etag"]
    polite = [hot.poll("/all.atom", client=AWAY, if_none_match=etag).status for _ in range(5)]

    assert statuses == [200, 200, 200, 429, 429]
    assert told == [429, 200]
    assert polite == 5 * [304]


# Who may read


def bearer(token: str) -> str:
    return f"Bearer {token}"


def test_memory_answers_nobody_without_a_grant_in_force(stored: Polled) -> None:
    ann, bob = (stored.server.grants.add(label, False) for label in ("ann", "bob"))
    etag = stored.poll("/all.atom", authorization=bearer(ann))["etag"]

    known = stored.remembered("/all.atom", authorization=bearer(bob), if_none_match=etag)
    strangers = [
        stored.poll("/all.atom", authorization=credentials, if_none_match=etag).status
        for credentials in (None, "", "Bearer x", bearer(ann) + "x", bearer(ann)[:-1])
    ]

    assert known is not None
    assert known.status == 304
    assert known["cache-control"] == "no-cache, private" or "private" in known["cache-control"]
    assert strangers == 5 * [401]


def test_a_grant_that_is_revoked_is_refused_with_the_next_request(stored: Polled) -> None:
    ann, bob = (stored.server.grants.add(label, False) for label in ("ann", "bob"))
    for token in (ann, bob):
        for _ in range(2):
            assert stored.poll("/all.atom", authorization=bearer(token)).status == 200

    stored.server.grants.revoke("ann")

    assert stored.poll("/all.atom", authorization=bearer(ann)).status == 401
    assert stored.remembered("/all.atom", authorization=bearer(ann)) is None
    assert stored.poll("/all.atom", authorization=bearer(bob)).status == 200


def test_an_open_server_remembers_nobody(hot: Polled) -> None:
    hot.log.append([make_draft()])
    hot.poll("/all.atom")
    memory = hot.front.hot

    statuses = {hot.poll("/all.atom", authorization=bearer(str(at))).status for at in range(9)}

    assert statuses == {200}
    assert memory._admitted == {}


@pytest.mark.parametrize(("length", "is_kept"), [(500, True), (501, False)])
def test_credentials_without_end_are_not_remembered(
    stored: Polled, length: int, is_kept: bool
) -> None:
    ann = bearer(stored.server.grants.add("ann", False))
    long = ann.replace(" ", (length - len(ann) + 1) * " ")
    stored.poll("/all.atom", authorization=ann)

    told = [stored.remembered("/all.atom", authorization=long) for _ in range(2)]

    assert all(told)
    assert (long in stored.front.hot._admitted) == is_kept


# Fresh


def test_what_another_process_commits_is_in_the_next_poll(stored: Polled) -> None:
    credentials = bearer(stored.server.grants.add("ann", False))
    other = open_log(STORE, stored.server.settings.folder, AUTHORITY, stored.clock)
    draft = make_draft()

    for step in range(3):
        etag = stored.poll("/all.json", authorization=credentials)["etag"]
        stored.poll("/all.json", authorization=credentials, if_none_match=etag)
        if step == 0:
            other.append([draft])
        elif step == 1:
            other.replace(1, replace(draft, title="Edited"))
        else:
            other.redact([draft.id])
        told = stored.poll("/all.json", authorization=credentials, if_none_match=etag)
        assert told.status == 200
        assert told == ask(stored.inner, "/all.json", authorization=credentials)
    other.close()


class BusyLog(MemoryLog):
    """A log to which one more comes just when all of it seems to be read."""

    looks = -1

    def newest(self) -> tuple[int, bytes]:
        found = super().newest()
        self.looks -= 1
        if self.looks == 0:
            self.append([make_draft()])
        return found


def test_what_comes_while_the_log_is_read_is_seen_next_time(tmp_path: Path) -> None:
    clock = FakeClock()
    log = BusyLog(AUTHORITY, clock)
    hot = around(log, clock, tmp_path)
    log.append([make_draft()])
    clock.advance(60)
    hot.poll("/queues/Support.json")
    log.append([make_draft(queues=("Sales",))])
    log.looks = 2

    before = hot.remembered("/queues/Support.json")

    assert before is not None
    assert log.head() == 3
    assert log.at([3])[0].id.encode() in hot.poll("/queues/Support.json").body


class FailingLog(MemoryLog):
    """A log that cannot be read while it fails."""

    fails = False

    def changes(self) -> int:
        self._refuse()
        return super().changes()

    def newest(self) -> tuple[int, bytes]:
        self._refuse()
        return super().newest()

    def _refuse(self) -> None:
        if self.fails:
            raise StoreError("the store cannot be read: disk I/O error")


def test_a_store_that_fails_is_told_and_not_covered_up(tmp_path: Path) -> None:
    clock = FakeClock()
    log = FailingLog(AUTHORITY, clock)
    hot = around(log, clock, tmp_path)
    etag = hot.poll("/all.atom")["etag"]
    assert hot.remembered("/all.atom", if_none_match=etag) is not None

    log.fails = True
    failed = [hot.poll("/all.atom").status, hot.poll("/all.atom", if_none_match=etag).status]
    log.fails = False

    assert failed == [503, 503]
    assert hot.poll("/all.atom", if_none_match=etag).status == 304


def test_no_answer_is_older_than_what_was_acknowledged_before(stored: Polled) -> None:
    credentials = bearer(stored.server.grants.add("ann", False))
    acknowledged, faults, answers = [0], [], [0]
    is_over = threading.Event()

    def poll() -> None:
        known: dict[str, int] = {}
        etag = None
        while not is_over.is_set():
            least = acknowledged[0]
            told = stored.poll("/all.json?limit=0", authorization=credentials, if_none_match=etag)
            etag = told["etag"]
            if told.status == 200:
                known[etag] = told.body.count(b"x") and int(
                    told.body.partition(b'"totalItems":')[2].partition(b",")[0].strip(b" }\n")
                )
            answers[0] += 1
            if known[etag] < least:
                faults.append((known[etag], least))

    pollers = [threading.Thread(target=poll) for _ in range(2)]
    for thread in pollers:
        thread.start()
    for number in range(100):
        stored.log.append([make_draft()])
        acknowledged[0] = number + 1
    is_over.set()
    for thread in pollers:
        thread.join(10)

    assert faults == []
    assert answers[0] > 10


# Bounded


def test_ten_thousand_feeds_take_no_more_than_their_share(hot: Polled) -> None:
    capacity = 300_000
    bodies = Bodies(100_000)
    server = hot.server

    def application(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        name = environ["QUERY_STRING"]
        environ[SELECTED] = Selected(
            EVERYTHING, 0, server.index.removals, name, name, "atom", None, False, False, None
        )
        body = bodies.get(name, IDENTITY, lambda: 100 * name.encode())
        start_response("200 OK", [("ETag", f'"{name}"'), ("Link", 5 * name)])
        return [body]

    memory = Hot(
        hot.log,
        server.index,
        bodies,
        Polls(0),
        lambda _: True,
        hot.clock,
        lambda *_: None,
        Gaps(server.index, None, hot.clock),
        capacity,
    )
    front = Front(application, memory, hot.front.posting)
    ask(front, "/all.atom?often")
    tracemalloc.start()

    for number in range(10_000):
        ask_quickly(front, f"number={number:05}")
        ask_quickly(front, "often")

    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 1.5 * (capacity + 100_000)
    ask_quickly(Front(nobody, memory, hot.front.posting), "often")


def ask_quickly(front: Front, query: str) -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/all.atom", "QUERY_STRING": query}
    front(environ, lambda *_: None)
