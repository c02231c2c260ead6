"""A backup that is put back, and a store that is copied: no reader is silently stuck."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from feedserver.assembly import assemble
from feedserver.model.activity import Draft
from feedserver.services import indexing
from feedserver.settings import make_settings
from feedserver.web.app import create_app
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.checker.documents import links

BASE = "http://feeds.example"
BACKED_UP, LOST = 32, 18
"""Activities in the backup, and those that were recorded after it was made."""

RUN = 20
"""Versions of an archive in these tests: one full archive is backed up, and another is lost."""

PAGE = 8
FEED = f"/all.json?limit={PAGE}"
ODD = f"/all.json?limit={PAGE}&tag=odd"


class Site:
    """A server on a store, and the ways in which this store is changed behind its back."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        folder.mkdir(exist_ok=True)
        self.clock = clock
        self.store = folder / "feedserver.db"
        self._settings = make_settings(folder, {"authority": AUTHORITY, "base_url": BASE})
        self.start()

    def start(self) -> None:
        """Start the server."""
        self.server = assemble(self._settings, self.clock)
        self._client = Client(create_app(self.server))

    def record(self, count: int) -> list[Draft]:
        """Record that many activities, as another process does; every other one is odd."""
        drafts = [make_draft(tags=("odd",) if n % 2 else ()) for n in range(count)]
        self.take(drafts)
        return drafts

    def take(self, drafts: Sequence[Draft]) -> None:
        """Record these activities, as another process does."""
        self.clock.advance(60)
        other = assemble(self._settings, self.clock, with_index=False)
        other.intake.record(drafts)
        other.close()

    def back_up(self) -> Path:
        """A copy of the store as it is now."""
        path = self.store.with_name("backup.db")
        with sqlite3.connect(self.store) as store, sqlite3.connect(path) as copy:
            store.backup(copy)
        store.close()
        copy.close()
        return path

    def put_back_stopped(self, backup: Path) -> None:
        """Stop the server and put the backup in the place of the store."""
        self.server.close()
        for left in self.store.parent.glob("feedserver.db*"):
            left.unlink()
        shutil.copy(backup, self.store)

    def put_back_running(self, backup: Path) -> None:
        """Write the backup into the store while the server has it open."""
        with sqlite3.connect(backup) as copy, sqlite3.connect(self.store) as store:
            copy.backup(store)
        store.close()
        copy.close()

    def ask(self, address: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        """GET that address."""
        return self._client.get(address.removeprefix(BASE), headers=dict(headers or {}))

    def everything(self, address: str) -> set[str]:
        """The ids of a feed and of all archives to which it leads."""
        found: set[str] = set()
        next: str | None = address
        while next is not None:
            answer = self.ask(next)
            assert answer.status_code == 200, (next, answer.status)
            found.update(ids(answer))
            next = links(answer.headers["Link"]).get("prev-archive")
        return found

    def follow(self, address: str) -> list[str]:
        """The ids from a cursor on to the end."""
        found: list[str] = []
        while page := ids(answer := self.ask(address)):
            found += page
            address = links(answer.headers["Link"])["next"]
        return found

    def close(self) -> None:
        """Stop the server."""
        self.server.close()


def ids(answer: TestResponse) -> list[str]:
    """The ids in a page."""
    assert answer.status_code == 200, answer.data
    found: list[dict[str, Any]] = (answer.json or {})["orderedItems"]
    return [item["id"] for item in found]


@dataclass
class Readers:
    """What readers of every kind hold at one moment: addresses with the ETags they got there."""

    heads: dict[str, str]
    archives: list[tuple[str, str, list[str]]]
    """From the newest on, with the ids that were in each."""
    cursors: list[tuple[str, str]]
    """From the newest on, each with the ETag of the empty or other page there."""


def read(site: Site) -> Readers:
    """Let readers of every kind read the site."""
    heads = {address: site.ask(address).headers["ETag"] for address in (FEED, ODD)}
    archives = []
    following = links(site.ask(FEED).headers["Link"]).get("prev-archive")
    while following is not None:
        answer = site.ask(following)
        archives.append((following, answer.headers["ETag"], ids(answer)))
        following = links(answer.headers["Link"]).get("prev-archive")
    cursors = []
    address = f"/all.json?after=&limit={PAGE}"
    while True:
        answer = site.ask(address)
        cursors.append((address, answer.headers["ETag"]))
        if not ids(answer):
            break
        address = links(answer.headers["Link"])["next"]
    return Readers(heads, archives, cursors[::-1])


def told(drafts: Sequence[Draft]) -> list[str]:
    """The ids of these."""
    return [draft.id for draft in drafts]


@pytest.fixture(autouse=True)
def _short_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "ARCHIVED", RUN)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "site", FakeClock())
    yield site
    site.close()


PutBack = Callable[[Site, Path], None]
OTHERS = {"no": 0, "fewer": 4, "as many": LOST, "more": LOST + 6}
"""How many other activities are recorded instead of those that were lost."""


@pytest.mark.parametrize(
    ("put_back", "others"),
    [
        *(pytest.param(Site.put_back_stopped, n, id=f"stopped, {x}") for x, n in OTHERS.items()),
        *(pytest.param(Site.put_back_running, n, id=f"running, {x}") for x, n in OTHERS.items()),
    ],
)
def test_every_reader_notices_that_a_backup_was_put_back(
    site: Site, put_back: PutBack, others: int
) -> None:
    kept = site.record(BACKED_UP)
    backup = site.back_up()
    site.record(LOST)
    readers = read(site)

    put_back(site, backup)
    site.clock.advance(-60)  # with the very dates of those that were lost: dates tell nothing
    new = site.record(others)
    if put_back is Site.put_back_stopped:
        site.start()

    log = told([*kept, *new])
    odd = told([draft for draft in (*kept, *new) if draft.tags])
    for address, expected in ((FEED, log), (ODD, odd)):
        answer = site.ask(address, {"If-None-Match": readers.heads[address]})
        assert ids(answer) == expected[: -PAGE - 1 : -1]
    for address, etag in readers.cursors:
        at = readers.cursors[::-1].index((address, etag)) * PAGE
        answer = site.ask(address, {"If-None-Match": etag})
        if at <= BACKED_UP:
            assert site.follow(address) == log[at:]
        else:
            assert site.follow(restart(answer)) == log
    growing, lost, common = readers.archives
    assert site.ask(growing[0], {"If-None-Match": growing[1]}).status_code in (200, 302)
    moved = site.ask(lost[0], {"If-None-Match": lost[1]})
    assert moved.status_code == 302
    assert moved.headers["Location"] == f"{BASE}/all.json"
    assert moved.headers["Cache-Control"] == "no-store"
    assert ids(site.ask(common[0])) == common[2]
    assert site.ask(common[0], {"If-None-Match": common[1]}).status_code == 304
    assert site.everything(FEED) == set(log)


def restart(gone: TestResponse) -> str:
    """Where a reader whose cursor is gone is told to start again."""
    assert gone.status_code == 410, gone.data
    return str((gone.json or {})["restart"])


@pytest.fixture
def copied(site: Site, tmp_path: Path) -> Iterator[Site]:
    """Another server, on a copy of the store as it was after `BACKED_UP` activities."""
    site.record(BACKED_UP)
    (tmp_path / "copied").mkdir()
    shutil.copy(site.back_up(), tmp_path / "copied" / site.store.name)
    copied = Site(tmp_path / "copied", FakeClock(site.clock() + timedelta(seconds=7)))
    yield copied
    copied.close()


@pytest.mark.parametrize("others", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("is_same_source", [False, True], ids=["others", "the same"])
def test_what_was_read_from_one_copy_is_no_place_in_the_other(
    site: Site, copied: Site, others: int, is_same_source: bool
) -> None:
    written = site.record(LOST)
    if is_same_source:
        copied.take(written[:others])  # a CRM that both ask brings both the same, under one id
    else:
        copied.record(others)
    readers = read(site)
    log = [version.id for version in copied.server.log.read(0)]

    for number, (address, _) in enumerate(reversed(readers.cursors)):
        if number * PAGE <= BACKED_UP:
            assert copied.follow(address) == log[number * PAGE :]
        else:
            assert copied.follow(restart(copied.ask(address))) == log
    for address, etag in readers.heads.items():
        assert copied.ask(address, {"If-None-Match": etag}).status_code == 200
    growing, moved, common = (
        copied.ask(address, {"If-None-Match": etag}) for address, etag, _ in readers.archives
    )
    assert growing.status_code in (200, 302)
    assert moved.headers["Location"] == f"{BASE}/all.json"
    assert common.status_code == 304
    assert copied.everything(FEED) == set(log)
