"""Measures polls of a feed that is known beside nginx, and beside slow requests.

    python -m bench.hot [--rounds 9]

nginx (one worker, the same bytes) and `feedserver serve` run on one core, wrk on the other. Each
round asks all of them in turn, so that a noisy moment meets all alike; told are medians of the
rounds, and of the ratios within a round. Exits with 1 below a floor. Where nginx does not keep its
core busy, it is wrk that is measured, and the ratio by CPU is the one to believe.
"""

import argparse
import gzip
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from bench.activities import make, write
from bench.machine import (
    Feedserver,
    Serving,
    Told,
    head,
    nginx,
    prepare,
    require,
    row,
    spread,
    start_wrk,
    told,
)

COUNT = 2_000  # activities in the log
FEED = "/queues/Queue%200.atom?limit=50"
GZIP = {"Accept-Encoding": "gzip"}
FLOORS = {"304": (0.35, 0.5), "200, gzip": (0.5, 0.7)}
"""What part of nginx it must be, and what part it should be."""

CONNECTIONS = 128  # that think between two polls, beside slow requests
SLOW_ROUNDS = 5
SLOW_SECONDS = 2.0
SLOW = {"8 asleep for 50 ms": ("/bench/asleep", 8, 5.0), "2 busy for 50 ms": ("/bench/busy", 2, 20)}
"""The address, how many ask for it at once, and the most that 95 % of the polls may take, in ms."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    require("nginx", "wrk", "taskset")
    prepare()
    with tempfile.TemporaryDirectory(prefix="feedserver-bench-") as name:
        folder = Path(name)
        site = Feedserver(folder / "feedserver")
        write(folder / "activities.ndjson", make(COUNT))
        site.run("record", str(folder / "activities.ndjson"))
        with site.serving() as serving:
            body, packed = (serving.get(FEED, headers)[2] for headers in ({}, GZIP))
            assert gzip.decompress(packed) == body
            with nginx(folder / "nginx", {"feed.atom": body, "feed.atom.gz": packed}) as static:
                is_enough = _beside_nginx(serving, static, rounds)
        with site.serving("-m", "bench.slow_server") as serving:
            is_enough &= _beside_slow(serving)
    sys.exit(0 if is_enough else 1)


def _beside_nginx(serving: Serving, static: Serving, rounds: int) -> bool:
    """Tell what part of nginx it is; whether that is enough."""
    servers = {"nginx": (static, "/feed.atom"), "feedserver": (serving, FEED)}
    sizes = [len(serving.get(FEED, headers)[2]) for headers in ({}, GZIP)]
    head(
        f"A feed of 50 entries ({sizes[0]:,} bytes, {sizes[1]:,} with gzip), {rounds} rounds of "
        "1 s, wrk -t1 -c32",
        *("", "of nginx", "requests/s", "p99 ms", "CPU µs each", "core busy", "bytes each"),
    )
    found: dict[tuple[str, str], list[tuple[Told, float]]] = {}
    for turn in range(-1, rounds):  # the first is to warm up
        order = list(servers) if turn % 2 else list(servers)[::-1]
        for kind in FLOORS:
            for name in order:
                measured = _polled(*servers[name], kind)
                if turn >= 0:
                    found.setdefault((kind, name), []).append(measured)
    verdicts = {}
    for kind, (floor, goal) in FLOORS.items():
        limit = [one.rate for one, _ in found[kind, "nginx"]]
        for name in servers:
            all = found[kind, name]
            parts = [one.rate / other for (one, _), other in zip(all, limit, strict=True)]
            median = statistics.median
            row(
                f"{kind}: {name}",
                spread(parts),
                f"{median(one.rate for one, _ in all):,.0f}",
                f"{median(one.p99 for one, _ in all):.1f}",
                f"{median(cpu for _, cpu in all):.0f}",
                f"{median(one.rate * cpu / 1e6 for one, cpu in all):.0%}",
                f"{median(one.size for one, _ in all):,.0f}",
            )
        costs = zip(found[kind, "nginx"], found[kind, "feedserver"], strict=True)
        by_cpu = median(one / other for (_, one), (_, other) in costs)
        verdicts[
            f"{kind}: {median(parts):.2f} of nginx, {by_cpu:.2f} by CPU alone; "
            f"at least {floor}, better {goal}"
        ] = median(parts) >= floor
    return _all_hold(verdicts)


def _polled(serving: Serving, address: str, kind: str) -> tuple[Told, float]:
    """What wrk says of a second, and the microseconds of CPU of a request."""
    headers = GZIP if kind != "304" else GZIP | {"If-None-Match": _etag(serving, address)}
    status, _, body = serving.get(address, headers)
    assert status == int(kind[:3]), (address, status)
    began = serving.cpu()
    measured = told(start_wrk(serving, address, headers))
    assert measured.size > len(body)
    return measured, (serving.cpu() - began) / measured.requests * 1e6


def _etag(serving: Serving, address: str) -> str:
    return serving.get(address, GZIP)[1]["ETag"]


def _beside_slow(serving: Serving) -> bool:
    """Tell how long polls take beside slow requests; whether that is short enough."""
    headers = GZIP | {"If-None-Match": _etag(serving, FEED)}
    most = told(start_wrk(serving, FEED, headers, 2)).rate
    think = max(1, round(CONNECTIONS / (most / 2) * 1000))
    head(
        f"304 beside slow requests: {CONNECTIONS} connections that think {think} ms, "
        f"{SLOW_ROUNDS} rounds of {SLOW_SECONDS:g} s",
        *("slow requests", "polls/s", "p95 ms", "p99 ms", "slow requests/s"),
    )
    found: dict[str, list[tuple[Told, float]]] = {}
    for _ in range(SLOW_ROUNDS):
        for name, (address, count, _) in {"none": ("", 0, 0.0), **SLOW}.items():
            with _asking_slowly(serving.port, address, count) as done:
                polling = start_wrk(serving, FEED, headers, SLOW_SECONDS, CONNECTIONS, think)
                measured = told(polling)
                found.setdefault(name, []).append((measured, len(done) / SLOW_SECONDS))
    verdicts = {}
    for name, all in found.items():
        p95 = [one.p95 for one, _ in all]
        row(
            name,
            f"{statistics.median(one.rate for one, _ in all):,.0f}",
            spread(p95, ".1f"),
            spread([one.p99 for one, _ in all], ".1f"),
            f"{statistics.median(rate for _, rate in all):.0f}",
        )
        if name in SLOW:
            limit, median = SLOW[name][2], statistics.median(p95)
            verdicts[f"{name}: p95 {median:.1f} ms; at most {limit:g}"] = median <= limit
    return _all_hold(verdicts)


def _all_hold(verdicts: Mapping[str, bool]) -> bool:
    print()
    for verdict, holds in verdicts.items():
        print(verdict, "" if holds else "MISSED", flush=True)
    return all(verdicts.values())


@contextmanager
def _asking_slowly(port: int, address: str, count: int) -> Iterator[list[int]]:
    """That many ask for a slow address, each again when it is answered; the answers."""
    stopping, done = threading.Event(), []

    def run() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        while not stopping.is_set():
            connection.request("GET", address)
            answer = connection.getresponse()
            answer.read()
            done.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert set(done) <= {200}, set(done)


if __name__ == "__main__":
    main()
