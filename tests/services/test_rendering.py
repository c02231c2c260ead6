"""Rendering: entries are written once, and what was redacted is written no more."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pytest

from feedserver.errors import Outdated
from feedserver.formats import FORMATS
from feedserver.formats.as2 import As2Format
from feedserver.model.activity import Activity, Version
from feedserver.model.feed import Page, Removal
from feedserver.model.query import parse_query
from feedserver.ports import Entry
from feedserver.services.indexing import FacetIndex
from feedserver.services.reading import Reading, View, represent
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.services.test_reading import BASE, Reader

PAGES = ("", "limit=2", "limit=0", "tag=vip", "tag=vip&archive=0")


class Noting(MemoryLog):
    """A log that notes the positions that are read from it."""

    def __init__(self) -> None:
        super().__init__(AUTHORITY, FakeClock())
        self.read_at: list[int] = []

    def at(self, positions: Sequence[int]) -> tuple[Version, ...]:
        self.read_at += positions
        return super().at(positions)


@dataclass
class Bench:
    """A reading of a log, whose pages are rendered by address."""

    log: Noting = field(default_factory=Noting)

    def __post_init__(self) -> None:
        self.reading = Reading(self.log, FacetIndex(self.log), BASE, "feedserver")

    def view(self, query: str = "", extension: str = "json", had: str | None = None) -> View:
        pairs = parse_qsl(query, keep_blank_values=True)
        format = FORMATS[extension]()
        target = f"/all.{extension}" + (f"?{query}" if query else "")
        return self.reading.select(parse_query(pairs), represent(format), target, had=had)

    def render(self, query: str = "", extension: str = "json") -> bytes:
        return self.reading.render(self.view(query, extension), FORMATS[extension]())

    def read_while(self, query: str = "", extension: str = "json") -> list[int]:
        """The positions that are read from the log for the page."""
        view = self.view(query, extension)
        self.log.read_at.clear()
        self.reading.render(view, FORMATS[extension]())
        return sorted(self.log.read_at)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def changed(log: MemoryLog) -> None:
    """Let something of each kind happen in the log."""
    drafts = [make_draft(tags=("vip",)) for _ in range(5)]
    log.append(drafts)
    log.replace(1, None)
    log.replace(2, make_draft(id=drafts[1].id, tags=()))
    log.replace(3, make_draft(id=drafts[2].id, tags=("vip",)), is_silent=True)
    log.replace(4, make_draft(id=drafts[3].id, tags=("vip",)))


@pytest.mark.parametrize("extension", list(FORMATS))
def test_a_page_is_the_same_from_kept_entries_as_from_the_log(bench: Bench, extension: str) -> None:
    changed(bench.log)
    format = FORMATS[extension]()
    queries = [*PAGES, *(["after=", "tag=vip&after="] if extension in ("atom", "json") else [])]
    views = [bench.view(query, extension) for query in queries]
    expected = [format.render(bench.reading.page(view)) for view in views]

    for _ in range(2):
        assert [bench.reading.render(view, format) for view in views] == expected


def test_an_entry_is_read_and_written_once_for_each_format(bench: Bench) -> None:
    bench.log.append([make_draft(tags=tags) for tags in (("vip",), (), ("vip",))])

    assert bench.read_while("tag=vip") == [1, 3]
    assert bench.read_while("") == [2]
    assert bench.read_while("limit=2") == []
    assert bench.read_while("", "atom") == [1, 2, 3]


def test_an_activity_that_left_a_feed_is_removed_there_and_shown_elsewhere(bench: Bench) -> None:
    draft = make_draft(tags=("vip",))
    bench.log.append([draft])
    bench.log.replace(1, make_draft(id=draft.id, tags=(), title="It has left"))

    assert b'"left":true' in bench.render("tag=vip")
    assert b"It has left" in bench.render("")
    assert b"It has left" not in bench.render("tag=vip")


def test_an_edit_shows_in_place_of_what_was_kept(bench: Bench) -> None:
    draft = make_draft(title="Before")
    bench.log.append([draft])
    bench.render()

    bench.log.replace(1, make_draft(id=draft.id, title="After"), is_silent=True)

    assert b"After" in bench.render()
    assert b"Before" not in bench.render()


class TestWhatWasRedacted:
    def test_is_rendered_no_more_of_a_page_that_was_selected_before(self, bench: Bench) -> None:
        draft = make_draft()
        bench.log.append([draft, make_draft()])
        view = bench.view()
        bench.reading.render(view, FORMATS["json"]())

        bench.log.redact([draft.id])

        with pytest.raises(Outdated):
            bench.reading.render(view, FORMATS["json"]())

    def test_is_in_no_delta_that_was_selected_before(self, bench: Bench) -> None:
        bench.log.append([make_draft()])
        etag = bench.view().etag
        draft = make_draft()
        bench.log.append([draft])
        view = bench.view(had=etag)
        bench.reading.render_changes(view, FORMATS["json"]())

        bench.log.redact([draft.id])

        with pytest.raises(Outdated):
            bench.reading.render_changes(view, FORMATS["json"]())

    def test_is_kept_no_more_though_it_was_being_written_meanwhile(self, bench: Bench) -> None:
        draft = make_draft()
        bench.log.append([draft])
        view = bench.view()
        redacting = Redacting(bench, draft.id)

        bench.reading.render(view, redacting)

        assert redacting.has_redacted
        with pytest.raises(Outdated):
            bench.reading.render(view, FORMATS["json"]())

    def test_leaves_nothing_of_it_in_memory(self, bench: Bench) -> None:
        draft = make_draft(title="What is to be forgotten")
        bench.log.append([draft])
        bench.render()

        bench.log.redact([draft.id])
        bench.render()

        entries = [each for each in gc.get_objects() if isinstance(each, Entry)]
        assert entries != []
        assert not any(b"What is to be forgotten" in entry.body for entry in entries)


class Redacting(As2Format):
    """A format that redacts the activity, and lets a reader see that, when it has written it."""

    def __init__(self, bench: Bench, id: str) -> None:
        self._bench, self._id = bench, id
        self.has_redacted = False

    def entry(self, entry: Activity | Removal, page: Page) -> Entry:
        written = super().entry(entry, page)
        if not self.has_redacted:
            self.has_redacted = True
            self._bench.log.redact([self._id])
            self._bench.render()
        return written


def test_a_log_that_is_put_back_has_entries_of_its_own() -> None:
    reader = Reader()
    reader.record(make_draft(title="Before"), make_draft())
    format = FORMATS["json"]()
    before = reader.reading.render(reader.view("/all.json"), format)

    # A backup is put back, and others are recorded at the same positions.
    other = MemoryLog(AUTHORITY, reader.clock, reader.epoch)
    other.append([make_draft(title="Other"), make_draft()])
    reader.log.__dict__.update(other.__dict__)

    after = reader.reading.render(reader.view("/all.json"), format)
    assert b"Before" in before
    assert b"Before" not in after
    assert b"Other" in after
