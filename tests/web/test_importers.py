"""Importers that follow `next` to what they know lose nothing; others lose what is told."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection

import pytest
from lxml import etree

from feedserver.model.activity import Draft
from feedserver.web.risk import PATIENCE
from tests.builders import make_draft
from tests.web.conftest import BASE, Site
from tests.web.listening import listening
from tests.web.test_risk import LOGGED, come, later, risk

ATOM = "{http://www.w3.org/2005/Atom}"
MANY = 500

Version = tuple[str, str]
"""The id of an entry, and the date that an edit changes."""

Page = tuple[list[Version], str | None]
"""What a page holds, and the address of the next one."""


def read_atom(body: bytes) -> Page:
    root = etree.fromstring(body)
    entries = root.iterfind(f"{ATOM}entry")
    versions = [(e.findtext(f"{ATOM}id"), e.findtext(f"{ATOM}updated")) for e in entries]
    return versions, _next_of(root)


def read_rss(body: bytes) -> Page:
    channel = etree.fromstring(body).find("channel")
    items = channel.iterfind("item")
    return [(e.findtext("guid"), e.findtext("pubDate")) for e in items], _next_of(channel)


def _next_of(element: etree._Element) -> str | None:
    links = element.iterfind(f"{ATOM}link")
    return next((link.get("href") for link in links if link.get("rel") == "next"), None)


def read_json(body: bytes) -> Page:
    told = json.loads(body)
    items = told["orderedItems"]
    return [(item["id"], item["updated"]) for item in items], told.get("next")


def read_jsonfeed(body: bytes) -> Page:
    told = json.loads(body)
    versions = [(item["id"], item["date_modified"]) for item in told["items"]]
    return versions, told.get("next_url")


READ: dict[str, Callable[[bytes], Page]] = {
    "atom": read_atom,
    "rss": read_rss,
    "json": read_json,
    "jsonfeed": read_jsonfeed,
}


def nothing() -> None:
    """Between two pages nothing happens."""


@dataclass
class Importer:
    """Reads a feed from its head, and follows `next` until it meets what it knows."""

    ask: Callable[[str], bytes]
    address: str
    read: Callable[[bytes], Page]
    follows: bool = True
    known: set[Version] = field(default_factory=set)

    def knows(self, version: Version) -> bool:
        return version in self.known

    def poll(self, between: Callable[[], None] = nothing) -> None:
        """Read what is new; `between` happens before each further page."""
        is_first, new = not self.known, set[Version]()
        address: str | None = self.address
        while address is not None:
            versions, address = self.read(self.ask(address.removeprefix(BASE)))
            new |= {version for version in versions if not self.knows(version)}
            if is_first or not self.follows or any(map(self.knows, versions)):
                break
            between()
        self.known |= new

    @property
    def ids(self) -> set[str]:
        return {id for id, _ in self.known}


class ByIds(Importer):
    """An importer that knows an entry by its id alone, and so takes an edit for what it has."""

    def knows(self, version: Version) -> bool:
        return version[0] in self.ids


def asking(site: Site) -> Callable[[str], bytes]:
    return lambda address: bytes(site.get(address).body)


def drafts_of(count: int) -> list[Draft]:
    return [make_draft() for _ in range(count)]


def edit(site: Site, draft: Draft) -> None:
    """Edit it, in a later second: the dates of RSS tell no more."""
    site.clock.advance(1)
    newest = site.server.log.find(draft.id)
    assert newest is not None
    site.server.log.replace(newest.position, replace(draft, title="Edited"))


def ids_of(drafts: Sequence[Draft]) -> set[str]:
    return {draft.id for draft in drafts}


def newest_versions(site: Site, read: Callable[[bytes], Page], extension: str) -> set[Version]:
    """All of the feed as it is in the end."""
    return set(read(asking(site)(f"/all.{extension}?limit=500"))[0])


@pytest.mark.parametrize("limit", [20, 100])
@pytest.mark.parametrize("extension", READ)
def test_who_follows_next_loses_none_of_500(site: Site, extension: str, limit: int) -> None:
    read = READ[extension]
    importer = Importer(asking(site), f"/all.{extension}?limit={limit}", read)
    come(site, 30)
    importer.poll()
    drafts = drafts_of(MANY)
    site.record(*drafts)

    importer.poll()

    assert ids_of(drafts) <= importer.ids
    assert newest_versions(site, read, extension) <= importer.known
    assert later(site) == (0, 0)


@pytest.mark.parametrize("limit", [20, 100])
@pytest.mark.parametrize("extension", READ)
def test_nor_while_entries_come_and_edits_move_them(site: Site, extension: str, limit: int) -> None:
    read = READ[extension]
    importer = Importer(asking(site), f"/all.{extension}?limit={limit}", read)
    known, drafts = drafts_of(30), drafts_of(MANY - 100)
    site.record(*known)
    importer.poll()
    site.record(*drafts)
    for draft in known[-5:]:  # which then stand before all that is new
        edit(site, draft)
    moving = iter([*drafts[:40], *known[:20], *drafts[-40:]])

    def happens() -> None:
        come(site, 2)
        for _ in range(4):
            edit(site, next(moving))

    importer.poll(happens)
    importer.poll()

    assert ids_of(drafts) <= importer.ids
    assert newest_versions(site, read, extension) <= importer.known
    assert later(site) == (0, 0)


def test_an_edit_stops_who_goes_by_ids_alone_and_that_is_told(site: Site) -> None:
    importer = ByIds(asking(site), "/all.atom?limit=20", read_atom)
    known, drafts = drafts_of(30), drafts_of(50)
    site.record(*known)
    importer.poll()
    site.record(*drafts)
    edit(site, known[-1])

    importer.poll()

    assert len(ids_of(drafts) - importer.ids) == 31
    assert later(site) == (1, 1)


@pytest.mark.parametrize("limit", [20, 100])
def test_who_reads_the_head_alone_loses_what_is_told(
    site: Site, limit: int, caplog: pytest.LogCaptureFixture
) -> None:
    importer = Importer(asking(site), f"/all.atom?limit={limit}", read_atom, follows=False)
    come(site, 30)
    importer.poll()
    lost = []
    for count in (limit, MANY, limit - 1, limit + 1):
        drafts = drafts_of(count)
        site.record(*drafts)
        importer.poll()
        lost.append(len(ids_of(drafts) - importer.ids))

    assert lost == [0, MANY - limit, 0, 1]
    assert later(site) == (2, 1)
    assert f"has missed {MANY - limit} entries of /all.atom" in caplog.text


def test_the_limit_that_the_log_proposes_is_enough(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    heads = {20: Importer(asking(site), "/all.atom?limit=20", read_atom, follows=False)}
    come(site, 30)
    heads[20].poll()
    come(site, 137)
    heads[20].poll()
    later(site)
    (proposed,) = re.findall(r"ask with limit=(\d+) or more", caplog.text)
    before = risk(site)

    importer = Importer(asking(site), f"/all.atom?limit={proposed}", read_atom, follows=False)
    importer.poll()
    drafts = drafts_of(137)
    site.record(*drafts)
    importer.poll()

    assert ids_of(drafts) <= importer.ids
    assert later(site) == before == (1, 1)


def test_the_server_that_listens_tells_the_same(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    come(site, 30)
    with listening(site.flask, site.server) as port:

        def asking_as(name: str) -> Callable[[str], bytes]:
            def ask(address: str) -> bytes:
                connection = HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", address, headers={"User-Agent": name})
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                assert answer.status == 200
                return body

            return ask

        address = "/all.json?limit=100"
        following = [Importer(asking_as(name), address, read_json) for name in ("a/1", "b/1")]
        head = Importer(asking_as("c/1"), address, read_json, follows=False)
        for importer in (*following, head):
            importer.poll()
        site.clock.advance(5)  # after which what was answered stays in memory
        drafts = drafts_of(MANY)
        site.record(*drafts)
        site.clock.advance(5)
        for importer in (*following, head):
            importer.poll()
        site.clock.advance(PATIENCE.total_seconds())
        asking_as("d/1")("/all.atom")
        told = asking_as("d/1")("/metrics").decode()

    assert [len(ids_of(drafts) - importer.ids) for importer in (*following, head)] == [0, 0, 400]
    assert "\nfeedserver_polls_with_a_gap_total 1.0\n" in told
    assert "\nfeedserver_subscribers_at_risk 1.0\n" in told
    (remembered,) = re.findall(r"\nfeedserver_polls_from_memory_total (\d+)", told)
    assert int(remembered) >= 5  # the second reader's walk, and the third one's head
    warnings = [record.getMessage() for record in caplog.records if record.name == LOGGED]
    assert len(warnings) == 1
    assert warnings[0].startswith("127.0.0.1 has missed 400 entries of /all.json: ")
