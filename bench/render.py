"""Measures what it takes to write a feed of 100 entries: cold, and of entries that are kept.

    python bench/render.py

The entries are the newest of a demo CRM. Cold is the whole of it but for HTTP, for who asks first:
the page is selected, its entries are read from the store and written, and gzip is made of them;
beside it stands each part. Kept is the same where another feed has had the entries. What feedgen
takes for the same Atom and RSS, less the extensions that it does not know, is measured in the same
rounds. Told are medians of the thread's own time, in milliseconds.
"""

import gzip
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from feedgen.feed import FeedGenerator

from feedserver.assembly import Server, assemble
from feedserver.clock import system_clock
from feedserver.crm.demo import DemoCrm
from feedserver.formats import FORMATS
from feedserver.model.activity import Activity
from feedserver.model.query import DEFAULT_LIMIT, parse_query
from feedserver.ports import Format
from feedserver.services.reading import Reading, View, represent
from feedserver.settings import load_settings

ROUNDS = 60
DAYS = 3  # of the demo CRM: more than 100 activities

SETTINGS = """
authority = "bench.example,2026"
base_url = "http://127.0.0.1:8000"
[sources.crm]
type = "clarify"
url = "sqlite:///{database}"
timezone = "UTC"
start = "all"
links = {{ case = "http://crm.example/Cases/Summary/{{id}}" }}
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="feedserver-bench-") as name:
        folder = Path(name)
        database = folder / "crm.sqlite"
        DemoCrm(database, system_clock).prepare(days=DAYS)
        settings = folder / "feedserver.toml"
        settings.write_text(SETTINGS.format(database=database), encoding="utf-8")
        server = assemble(load_settings({"FEEDSERVER_SETTINGS": str(settings)}))
        try:
            _measure(server)
        finally:
            server.close()


def _measure(server: Server) -> None:
    (polling,) = server.pollings
    while polling.step():
        pass
    for extension in FORMATS:
        format = FORMATS[extension]()
        view = _select(server.reading, format)
        page = server.reading.page(view)
        assert len(page.entries) == DEFAULT_LIMIT
        activities = page.activities
        work: dict[str, Callable[[], object]] = {
            "cold": lambda format=format: _whole(_new(server), format),
            "kept": lambda format=format: _whole(server.reading, format),
            "select": lambda format=format: _select(server.reading, format),
            "read": lambda view=view: server.reading.page(view),
            "write": lambda format=format, page=page: format.render(page),
        }
        if extension in ("atom", "rss"):
            work["feedgen"] = partial(_by_feedgen, activities, extension)
        _whole(server.reading, format)
        body = server.reading.render(view, format)
        work["gzip"] = partial(gzip.compress, body, 6)
        told = "  ".join(f"{name} {taken:5.2f}" for name, taken in _medians(work).items())
        print(f"{extension:<9} {len(body):>7,} B  {told}")


def _new(server: Server) -> Reading:
    """A reading that keeps nothing yet."""
    reading = server.reading
    return Reading(server.log, server.index, reading.base_url, reading.title)


def _select(reading: Reading, format: Format) -> View:
    return reading.select(parse_query([]), represent(format), f"/all.{format.extension}")


def _whole(reading: Reading, format: Format) -> bytes:
    return gzip.compress(reading.render(_select(reading, format), format), 6)


def _by_feedgen(activities: Sequence[Activity], extension: str) -> bytes:
    feed = FeedGenerator()
    feed.id("tag:bench.example,2026:feeds/all")
    feed.title("Everything")
    feed.description("Everything")
    feed.link(href="http://127.0.0.1:8000/all", rel="alternate")
    for activity in activities:
        draft, entry = activity.draft, feed.add_entry(order="append")
        entry.id(activity.id)
        entry.title(draft.title)
        entry.published(activity.dates.published)
        entry.updated(activity.dates.updated)
        entry.author({"name": draft.actor.name or ""})
        entry.link(href=draft.url or activity.id)
        for tag in (*draft.queues, *draft.tags):
            entry.category(term=tag)
        if draft.content is not None:
            entry.content(draft.content, type="html")
    made: bytes = feed.atom_str() if extension == "atom" else feed.rss_str()
    return made


def _medians(work: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median of each, in turn, so that what the machine does meanwhile meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, do in work.items():
            began = time.thread_time()
            do()
            times[name].append((time.thread_time() - began) * 1000)
    return {name: statistics.median(taken) for name, taken in times.items()}


if __name__ == "__main__":
    main()
