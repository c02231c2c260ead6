"""Measures what the README and the notes claim: pull, store, start-up and polls.

    python bench/run.py [CLARIFY.sqlite]

Without a database it makes a demo CRM of 60 days. Everything is done in processes of its own on
this machine, and told as medians of several rounds.
"""

import argparse
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from feedserver.clock import system_clock
from feedserver.crm.demo import DemoCrm

ROUNDS = 7
POLLS = 400  # in one round

SETTINGS = """
authority = "bench.example,2026"
base_url = "http://127.0.0.1:{port}"
[sources.crm]
type = "clarify"
url = "sqlite:///{database}"
timezone = "UTC"
start = "all"
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("database", nargs="?", type=Path, help="a Clarify database in SQLite")
    database = parser.parse_args().database
    folder = Path(tempfile.mkdtemp(prefix="feedserver-bench-"))
    try:
        if database is None:
            database = folder / "crm.sqlite"
            DemoCrm(database, system_clock).prepare(days=60)
        _measure(folder, database.absolute())
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path, database: Path) -> None:
    port = _free_port()
    settings = folder / "feedserver.toml"
    settings.write_text(SETTINGS.format(port=port, database=database), encoding="utf-8")
    environment = os.environ | {"FEEDSERVER_SETTINGS": str(settings)}
    count = _pull(folder, environment)
    server, ready = _start(environment, port)
    _say("start until the first answer", f"{ready:.2f} s")
    try:
        rss = int(_status(server.pid, "VmRSS")) / 1024
        _say("memory of the server", f"{rss:.0f} MB ({rss * 1024 / count:.2f} KB an activity)")
        _polls(port, server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(15)


def _pull(folder: Path, environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "feedserver", "pull", "--once"]
    began = time.perf_counter()
    said = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime  # of this first child alone
    count = int(said.stdout.split(b": ")[1].split()[0])
    peak = used.ru_maxrss / 1024
    size = sum(file.stat().st_size for file in folder.glob("feedserver.db*"))
    _say("activities", f"{count:,}")
    _say(
        "pull --once",
        f"{count / seconds:,.0f} activities/s ({count / cpu:,.0f} in a second of CPU), "
        f"peak memory {peak:.0f} MB",
    )
    _say("store", f"{size / 2**20:.0f} MiB ({size / count:.0f} bytes an activity)")
    return count


def _start(environment: dict[str, str], port: int) -> tuple[subprocess.Popen[bytes], float]:
    command = [sys.executable, "-m", "feedserver", "serve", "--no-worker", "--port", str(port)]
    began = time.perf_counter()
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while time.perf_counter() - began < 120:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return server, time.perf_counter() - began
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the server does not listen")


def _polls(port: int, pid: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    queue = _get(connection, "/feeds.json", {})[1]
    busiest = json.loads(queue)["queues"][0]["atom"].partition(f":{port}")[2]
    address = f"{busiest}?limit=50"
    etag, _ = _get(connection, address, {})
    kinds: dict[str, Callable[[int], tuple[str, dict[str, str]]]] = {
        "304": lambda _: (address, {"If-None-Match": etag}),
        "200, kept, gzip": lambda _: (address, {"Accept-Encoding": "gzip"}),
        "200, kept, plain": lambda _: (address, {}),
        "200, made anew": lambda number: (f"{address}&utm_x={number}", {}),
    }
    _say("polls of a 50-entry Atom feed", busiest)
    for name, request in kinds.items():
        rates, costs = [], []
        polls = POLLS if name != "200, made anew" else 100
        for turn in range(ROUNDS):
            began, cpu = time.perf_counter(), _cpu(pid)
            for number in range(polls):
                _get(connection, *request(turn * polls + number))
            rates.append(polls / (time.perf_counter() - began))
            costs.append((_cpu(pid) - cpu) / polls * 1e6)
        _say(
            f"  {name}",
            f"{statistics.median(rates):,.0f}/s on one connection, "
            f"{statistics.median(costs):,.0f} µs of CPU each",
        )


def _get(
    connection: http.client.HTTPConnection, address: str, headers: dict[str, str]
) -> tuple[str, bytes]:
    connection.request("GET", address, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status not in (200, 304):
        raise SystemExit(f"{address}: {answer.status} {body[:200]!r}")
    return answer.headers.get("ETag", ""), body


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(name))


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _say(what: str, figure: str) -> None:
    print(f"{what:<32} {figure}", flush=True)


if __name__ == "__main__":
    main()
