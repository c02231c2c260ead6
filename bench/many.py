"""Measures many different filters, polled in turn: what is kept of them, and what that takes.

    python -m bench.many [--count 10000]

Asked are as many different feeds as said, one after the other and several times, and between them
a hundred feeds that everybody polls. A feed that was kept is told by its time: nearer to what the
same feed takes that is asked again and again, than to what one takes that nobody has asked for.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from bench.activities import CUSTOMERS, TAGS, make, write
from bench.machine import Feedserver, Serving, ask, head, percentile, prepare, require, row

COUNT = 2_000  # activities in the log
POPULAR = 100  # feeds
BETWEEN = 10  # polls of others between two of the popular ones
GZIP = {"Accept-Encoding": "gzip"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=10_000)
    count = parser.parse_args().count
    require("taskset")
    prepare()
    with tempfile.TemporaryDirectory(prefix="feedserver-bench-") as name:
        folder = Path(name)
        site = Feedserver(folder / "feedserver")
        write(folder / "activities.ndjson", make(COUNT))
        site.run("record", str(folder / "activities.ndjson"))
        with site.serving() as serving:
            _measure(serving, list(islice(_different(), count)))


def _different() -> Iterator[str]:
    """Filters that nobody means to be the same."""
    for customer in range(CUSTOMERS):
        for tag in range(TAGS):
            yield f"/all.atom?tag=tag{tag:02}&-customer=Customer%20{customer}&limit=20"


def _measure(serving: Serving, addresses: Sequence[str]) -> None:
    popular = [f"/tags/tag{tag:02}.atom" for tag in range(POPULAR)]
    known = {address: serving.get(address, GZIP)[1]["ETag"] for address in popular}
    for kind in ({}, {"If-None-Match": known[popular[0]]}):
        hot = [one[0] for one in ask(serving.port, [(popular[0], GZIP | kind)] * 300)]
    head(
        f"{len(addresses):,} different feeds in turn, and {POPULAR} popular ones between them",
        *("", "kept", "of the popular ones", "p50 ms", "p95 ms", "seconds", "memory, MB"),
    )
    row("before", "", "", "", "", "", f"{serving.memory('Rss') / 1024:.0f}")
    cold = 0.0
    tags = known
    for name, is_conditional in (
        ("first, 200", False),
        ("again, 304", True),
        ("again, 200", False),
        ("once more, 304", True),
    ):
        asked = list(_mixed(addresses, popular))
        headers: list[tuple[str, Mapping[str, str]]] = [
            (address, GZIP | ({"If-None-Match": tags[address]} if is_conditional else {}))
            for address in asked
        ]
        times: dict[bool, list[float]] = {True: [], False: []}
        for address, (milliseconds, status, fields, _) in zip(
            asked, ask(serving.port, headers), strict=True
        ):
            if status != (304 if is_conditional else 200):
                raise SystemExit(f"bench: {address}: {status}")
            tags[address] = fields["ETag"]
            times[address in popular].append(milliseconds)
        cold = cold or statistics.median(times[False])
        limit = (cold * statistics.median(hot)) ** 0.5
        others, favourites = times[False], times[True]
        row(
            name,
            *(f"{sum(one < limit for one in of) / len(of):.0%}" for of in (others, favourites)),
            *(f"{percentile(others, part):.2f}" for part in (0.5, 0.95)),
            f"{sum(others) / 1000:.1f}",
            f"{serving.memory('Rss') / 1024:.0f}",
        )
    print(f"\nkept is what took less than {limit:.2f} ms (hot {statistics.median(hot):.2f} ms)")


def _mixed(addresses: Sequence[str], popular: Sequence[str]) -> Iterator[str]:
    for number, address in enumerate(addresses):
        yield address
        if number % BETWEEN == 0:
            yield popular[number // BETWEEN % len(popular)]


if __name__ == "__main__":
    main()
