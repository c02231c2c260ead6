"""Measures what an archive document costs in a feed of ten million versions.

    python bench/archives.py [MILLIONS]

The index is filled by hand, as following a log of that length would take minutes: 2 % of the
versions are edits, and a term has from 30 % down to 0.01 % of them. The versions themselves are
read from a real store of 50,000, which stands for all of them. Told are medians, in one process.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pyroaring import BitMap

from feedserver.clock import system_clock
from feedserver.formats.as2 import As2Format
from feedserver.formats.atom import AtomFormat
from feedserver.model.activity import Activity, Draft, Object, Product, Version
from feedserver.model.filter import Filter, Term
from feedserver.model.query import Query, parse_parameters, parse_query
from feedserver.services.indexing import ARCHIVED, FacetIndex
from feedserver.services.reading import Reading, represent
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import open_log

T = TypeVar("T")

KEPT = 50_000  # versions in the store
ROUNDS = 60
_CHECK = b"long"  # of the newest version
SHARES = {("queue", "q0"): 0.3, ("tag", "t0"): 0.3, ("product", "p0"): 0.1, ("tag", "t9"): 0.0001}
FILTERS = {
    "everything": "",
    "a queue (30 %)": "queue=q0",
    "queue and tag (9 %)": "queue=q0&tag=t0",
    "without a tag (70 %)": "-tag=t0",
    "a rare tag (0.01 %)": "tag=t9",
    "a boolean filter (24 %)": "filter=(queue:q0 and product:p0) or (tag:t0 and not queue:q0)",
}


class _Long:
    """A log of any length, in which every version is one of the store's."""

    def __init__(self, log: SqlLog, length: int) -> None:
        self._log, self._length = log, length
        self.epoch, self.authority, self.created = log.epoch, log.authority, log.created

    def newest(self) -> tuple[int, bytes]:
        return self._length, _CHECK

    def at(self, positions: Sequence[int]) -> tuple[Version, ...]:
        kept = [1 + position % KEPT for position in positions]
        versions = {version.position: version for version in self._log.at(sorted(set(kept)))}
        return tuple(
            _as_activity(versions[at], position)
            for at, position in zip(kept, positions, strict=True)
        )


def _as_activity(version: Version, position: int) -> Activity:
    assert isinstance(version, Activity)
    return replace(version, position=position)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("millions", nargs="?", type=float, default=10)
    length = int(parser.parse_args().millions * 1_000_000)
    with tempfile.TemporaryDirectory(prefix="feedserver-bench-") as folder:
        log = open_log("sqlite:///log.db", Path(folder), "bench.example,2026", system_clock)
        log.append([_draft(number) for number in range(KEPT)])
        _measure(_Long(log, length), length)
        log.close()


def _measure(log: _Long, length: int) -> None:
    index = FacetIndex(log)  # type: ignore[arg-type]  # it has what is asked of it here
    _fill(index, length)
    reading = Reading(log, index, "http://127.0.0.1:8000", "feedserver")  # type: ignore[arg-type]
    formats = (AtomFormat(), As2Format())
    print(f"archives of {ARCHIVED} in a log of {length:,} versions; median, and 95 of 100, in ms")
    for name, text in FILTERS.items():
        filter = parse_query(parse_parameters(text)).filter
        last = _archives(index, filter)
        numbers = [random.randrange(last + 1) for _ in range(ROUNDS)]
        selected = _timed(lambda number, filter=filter: index.run(filter, number), numbers)
        head = _timed(lambda _, filter=filter: index.newest(filter, 100), numbers)
        told = [f"found {selected}", f"head found {head}"]
        for format in formats:
            addresses = [index.run(filter, number) for number in numbers]
            queries = [Query(filter, archive=run.address) for run in addresses if run is not None]
            made = _timed(lambda query, format=format: _document(reading, query, format), queries)
            told.append(f"as .{format.extension} {made}")
        print(f"{name:<22} {last + 1:>7,} archives: {', '.join(told)}", flush=True)


def _document(reading: Reading, query: Query, format: AtomFormat | As2Format) -> bytes:
    view = reading.select(query, represent(format), "/all")
    return format.render(reading.page(view))


def _archives(index: FacetIndex, filter: Filter) -> int:
    """The number of the newest archive."""
    low, high = 0, 1
    while index.run(filter, high) is not None:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if index.run(filter, middle) is not None else (low, middle)
    return low


def _timed(do: Callable[[T], object], of: Sequence[T]) -> str:
    times = []
    for each in of:
        began = time.perf_counter()
        do(each)
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return f"{statistics.median(times):.2f} / {times[int(len(times) * 0.95)]:.2f}"


def _fill(index: FacetIndex, length: int) -> None:
    """What following such a log would have made of the index."""
    now = int(time.time() * 1_000_000)
    contents = index._contents
    for times in (contents.occurred, contents.updated, contents.recorded):
        times.extend(range(now - 1000 * length, now, 1000))
    contents.checks.extend(range(length))
    contents.head, contents.check = length, _CHECK
    contents.versions.all = BitMap(range(1, length + 1))
    edits = BitMap(range(50, length + 1, 50))  # each replaces the version 49 before it
    contents.replaced.all = edits
    contents.chain.superseded = BitMap(range(1, length - 48, 50))
    contents.chain.replaces.update((edit, edit - 49) for edit in edits)
    contents.chain.replaced_by.update((edit - 49, edit) for edit in edits)
    for (field, value), share in SHARES.items():
        having = BitMap(random.sample(range(1, length + 1), int(length * share)))
        contents.versions._of(Term(field, value, value)).numbers.update(having)
        left = BitMap(random.sample(list(edits), int(len(edits) * share)))
        contents.replaced._of(Term(field, value, value)).numbers.update(left)


def _draft(number: int) -> Draft:
    return Draft(
        id=f"urn:bench:{number}",
        source="bench",
        actor=Object("person", f"urn:bench:person:{number % 50}", f"Agent {number % 50}"),
        verb="log",
        object=Object("case", f"urn:bench:case:{number % 9000}", "A case", str(number % 9000)),
        title=f"Agent {number % 50} logged a note on case {number % 9000}: no print",
        queues=("q0",),
        products=(Product("p0"),),
        tags=("t0",),
        content="<p>It does not print, though it was asked to, and says nothing of why.</p>" * 3,
    )


if __name__ == "__main__":
    main()
