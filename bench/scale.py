"""Measures what a feed costs that nobody has asked for before, in short and in long logs.

    python bench/scale.py [--count 10k,100k,1m[,10m]] [--folder FOLDER] [--rounds 200]
                          [--format atom] [--kept]

The logs are made once in the folder, and kept there (10m needs 14 GB). For each, in a process of
its own: how long the index takes until it is ready, from the log and from its snapshots, and how
much memory the server has then (PSS). Then the newest 100 of feeds of every kind, with gzip: the
whole request, asked of the application in the process. Nothing is kept of the requests before,
neither answers nor, but with `--kept`, the entries that were written for others. Told are the time
of the processor, 50 and 95 of 100 in ms, and beside it 95 of 100 by the clock, with all that the
machine does besides; of the former medians the last column is the ratio, of the longest log to the
shortest.
"""

import argparse
import gc
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from long_log import AUTHORITY, DAYS, RARE, URL, store_of

from feedserver.assembly import Server, assemble
from feedserver.model.query import parse_parameters, parse_query
from feedserver.settings import make_settings
from feedserver.web.app import create_app
from feedserver.web.front import Front

LIMIT = 100
CHANCE = random.Random(6)


def _queues(number: int) -> list[str]:
    return [f"Queue {(number + each) % 200}" for each in range(50)]


def _day(days: float) -> str:
    then = datetime.now(UTC) - timedelta(days=days)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


CLASSES: dict[str, Callable[[int], str]] = {
    "one common term": lambda n: f"queue=Q{n % 3}",
    "common AND common": lambda n: f"queue=Q{2 * (n % 2)}&tag=t{n // 2 % 2}",
    "a rare tag": lambda n: f"tag=rare {n % RARE}",
    "common terms that hardly meet": lambda n: f"queue=Q1&tag=t1&-tag=rare {n % RARE}",
    "four terms": lambda n: f"queue=Q0&tag=t0&verb=open&actor=agent{n % 30 + 1}",
    "four common terms": lambda n: f"queue=Q{2 * (n % 2)}&tag=t{n // 2 % 2}&verb=close&source=crm",
    "OR of fifty": lambda n: "&".join(f"queue={each}" for each in _queues(n)),
    "NOT of a common term": lambda n: f"-tag=t{n % 2}",
    "NOT of common terms": lambda n: f"-queue=Q{n % 3}&-tag=t{n // 3 % 2}",
    "a boolean filter": lambda n: (
        f'filter=(queue:Q0 and tag:t0) or (queue:Q2 and not tag:t1) or customer:"Works {n}"'
    ),
    "a case": lambda n: f"number={n * 7 + 11}",
    "since, deep in the past": lambda n: f"since={_day(DAYS * 0.95 - n / 10)}&queue=Q{n % 3}",
    "until, deep in the past": lambda n: f"until={_day(DAYS * 0.9 - n / 10)}&queue=Q{n % 3}",
    "a month, deep in the past": lambda n: f"since={_day(900 - n / 10)}&until={_day(870 - n / 10)}",
    "q, a common word": lambda n: f"q={['printer', 'router', 'invoice'][n % 3]}",
    "q and facets": lambda n: f"q=printer&queue=Q{n % 3}&tag=t{n // 3 % 2}",
    "q, never asked before": lambda n: f"q=works {n}",
}
"""Of each class the query of the n-th request, which is encoded where it is asked."""
PAGES = ("before, far back", "archives, far back")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", default="10k,100k,1m")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--format", default="atom")
    parser.add_argument("--kept", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one is not None:
        print(json.dumps(_measured(asked.one, asked.rounds, asked.format, asked.kept)))
        return
    with tempfile.TemporaryDirectory(prefix="feedserver-bench-") as temporary:
        folder = asked.folder or Path(temporary)
        counts = [_number(text) for text in asked.count.split(",")]
        told = {count: _in_process(store_of(folder, count)) for count in counts}
    _print(told)


def _number(text: str) -> int:
    return int(text.lower().replace("k", "000").replace("m", "000000"))


def _in_process(home: Path) -> dict[str, Any]:
    """What is told of a log: first the index is made from it, and saved, and then from that."""
    told: dict[str, Any] = {}
    for _ in range(2):
        command = [sys.executable, __file__, *sys.argv[1:], "--one", str(home)]
        told |= json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return told


def _measured(home: Path, rounds: int, format: str, is_kept: bool) -> dict[str, Any]:
    settings = {"authority": AUTHORITY, "base_url": "http://127.0.0.1:8000", "store": URL}
    began = time.perf_counter()
    server = assemble(make_settings(home, settings))
    ready = time.perf_counter() - began
    app = create_app(server)
    gc.collect()
    assert server.snapshots is not None
    saved = server.log.snapshots.positions(server.log.epoch)  # type: ignore[attr-defined]
    way = "snapshots" if saved else "the log"
    told: dict[str, Any] = {
        f"ready from {way}, s": ready,
        f"memory from {way}, MB": _memory(),
        f"at most, from {way}, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if not saved:
        began = time.perf_counter()
        server.snapshots.save_if_due(1)
        told["snapshots saved in, s"] = time.perf_counter() - began
    else:
        for name, targets in _classes(server):
            told[name] = _timed(server, app, format, targets, rounds, is_kept)
        told["memory after all that, MB"] = _memory()
    server.close()
    return told


def _classes(server: Server) -> Iterator[tuple[str, Callable[[int], str]]]:
    for name, query in CLASSES.items():
        yield name, lambda n, query=query: _target(query(n))  # type: ignore[misc]
    head = server.index.position

    def before(n: int) -> str:
        return _target(f"queue=Q{n % 3}&before={server.index.cursor(_there(head // 9 + n))}")

    def archive(n: int) -> str:
        """The address at which an archive stands for good."""
        filter = parse_query(parse_parameters(f"queue=Q{n % 3}")).filter
        run = server.index.run(filter, n // 3 % (head // 1000))
        assert run is not None
        return _target(f"queue=Q{n % 3}&archive={run.address}")

    def _there(position: int) -> int:
        return server.log.at(range(position, position + 3))[0].position

    yield PAGES[0], before
    yield PAGES[1], archive


def _target(query: str) -> str:
    is_archive = "archive=" in query
    encoded = "&".join(
        f"{name}={quote(value, safe='')}"
        for name, _, value in (pair.partition("=") for pair in query.split("&"))
    )
    return encoded + ("" if is_archive else f"&limit={LIMIT}")


def _timed(
    server: Server,
    app: Flask,
    format: str,
    target: Callable[[int], str],
    rounds: int,
    is_kept: bool,
) -> list[float]:
    """The time of the processor, 50 and 95 of 100, and 95 of 100 by the clock, in ms."""
    front = app.wsgi_app
    assert isinstance(front, Front)
    used, passed = [], []
    for number in range(rounds):
        query = target(number)
        front.hot._bodies.forget()
        if not is_kept:
            server.reading._kept.forget()
        began, began_used = time.perf_counter(), time.thread_time()
        status, size = _get(app, f"/all.{format}", query)
        used.append((time.thread_time() - began_used) * 1000)
        passed.append((time.perf_counter() - began) * 1000)
        if not (status.startswith("200") and size):
            raise SystemExit(f"{status}: {query}")
    used.sort()
    passed.sort()
    return [statistics.median(used), used[int(rounds * 0.95)], passed[int(rounds * 0.95)]]


def _get(app: Flask, path: str, query: str) -> tuple[str, int]:
    told: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_ACCEPT_ENCODING": "gzip",
        "wsgi.url_scheme": "http",
        "wsgi.input": None,
        "wsgi.errors": sys.stderr,
    }
    # Not of `app.wsgi_app`, which remembers answers.
    body = Flask.wsgi_app(app, environ, lambda status, headers, error=None: told.append(status))
    size = sum(map(len, body))
    if hasattr(body, "close"):
        body.close()
    return told[0], size


def _memory() -> float:
    """Memory of this process, with its part of what it shares, in MB."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def _print(told: dict[int, dict[str, Any]]) -> None:
    counts = list(told)
    print(f"{'':<34}" + "".join(f"{count:>24,}" for count in counts) + f"{'ratio':>8}")
    for name in dict.fromkeys(name for each in told.values() for name in each):
        values = [each.get(name) for each in told.values()]
        cells = []
        for value in values:
            if isinstance(value, list):
                cells.append(f"{value[0]:.1f} / {value[1]:.1f} ({value[2]:.1f})")
            else:
                cells.append("-" if value is None else f"{value:.2f}")
        line = f"{name:<34}" + "".join(f"{cell:>24}" for cell in cells)
        ends = values[0], values[-1]
        if all(isinstance(value, list) for value in ends):
            line += f"{ends[1][0] / ends[0][0]:>8.1f}"  # type: ignore[index]
        print(line)


if __name__ == "__main__":
    main()
