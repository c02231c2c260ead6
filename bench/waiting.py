"""Measures waiting requests (long polls): memory, how soon they are answered, what else waits.

    python -m bench.waiting [--count 2000] [--rounds 9]

Each of the requests waits on a connection of its own, five on each feed: conditional requests for
Atom and JSON, and cursors. In each round an activity touches all of the feeds, then one touches a
tenth of them; whoever was answered waits anew. Exits with 1 where a waiting request costs more
memory than it may.
"""

import argparse
import json
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

from bench.activities import TAGS, as_line, make, write
from bench.machine import (
    Feedserver,
    Serving,
    Told,
    head,
    percentile,
    prepare,
    require,
    row,
    start_wrk,
    told,
)

COUNT = 2_000  # activities in the log
WAIT = 30  # seconds for which each is ready to wait
MOST = 80  # KB of memory for each
VANISHING = 300  # clients
THINK = 4  # ms between two polls of each of the 8 that are no waiting requests
QUIET = 99  # a queue that nothing touches while they wait
ORDINARY = f"/queues/Queue%20{QUIET}.atom"
_FORMS = (
    "/tags/tag{:02}.atom",
    "/tags/tag{:02}.json",
    "/all.atom?tag=tag{:02}&-actor=urn:bench:actor:0",
    "/tags/tag{:02}.json?after=",
)


class Waiter:
    """A client that waits for news of one feed, on a connection that it keeps."""

    def __init__(self, port: int, address: str, tag: int) -> None:
        self.tag = tag
        self._port = port
        self._address = address
        self._etag = ""
        self._held = b""
        self._is_at_end = "after=" not in address
        self._connection = socket.create_connection(("127.0.0.1", port))

    def fileno(self) -> int:
        """That of its connection, so that it can be selected."""
        return self._connection.fileno()

    def catch_up(self) -> None:
        """Read until there is nothing new."""
        while True:
            self.ask()
            while not self.take():
                pass
            if self._is_at_end:
                return

    def ask(self, wait: int = 0) -> None:
        """Ask for what is new, and be ready to wait for it so many seconds."""
        lines = [f"GET {self._address} HTTP/1.1", f"Host: 127.0.0.1:{self._port}"]
        lines += ["Accept-Encoding: gzip"] if "after=" not in self._address else []
        lines += [f"Prefer: wait={wait}"] if wait else []
        lines += [f"If-None-Match: {self._etag}"] if self._etag else []
        self._connection.sendall("\r\n".join([*lines, "", ""]).encode())

    def take(self) -> bool:
        """Take what has come; whether that is the whole answer."""
        came = self._connection.recv(1 << 18)
        if not came:
            raise SystemExit(f"bench: the server closed the connection of {self._address}")
        self._held += came
        top, parted, body = self._held.partition(b"\r\n\r\n")
        if not parted:
            return False
        status, *fields = top.decode("latin-1").split("\r\n")
        named = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
        if len(body) < int(named.get("content-length", "0")):
            return False
        self._held = b""
        if status.split()[1] not in ("200", "304"):
            raise SystemExit(f"bench: {self._address}: {status} {body[:200]!r}")
        if "after=" in self._address:
            page = json.loads(body)
            self._is_at_end = not page["orderedItems"]
            self._address = page["next"].partition(f":{self._port}")[2]
        else:
            self._etag = named["etag"]
        return True

    def vanish(self) -> None:
        """Close the connection, as a client that is switched off does."""
        self._connection.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    require("wrk", "taskset")
    prepare()
    with tempfile.TemporaryDirectory(prefix="feedserver-bench-") as name:
        folder = Path(name)
        site = Feedserver(folder / "feedserver")
        write(folder / "activities.ndjson", make(COUNT))
        site.run("record", str(folder / "activities.ndjson"))
        token = site.token()
        with site.serving() as serving:
            sender = Sender(serving.port, token)
            sender.start(range(TAGS), QUIET)  # so that there is a feed of each
            sender.finish()
            most = _measure(serving, sender, arguments.count, arguments.rounds)
    print(f"\n{most:.0f} KB for each waiting request; at most {MOST}", "MISSED" * (most > MOST))
    sys.exit(0 if most <= MOST else 1)


def _measure(serving: Serving, sender: "Sender", count: int, rounds: int) -> float:
    """Tell all of it; the KB that a waiting request costs at the most."""
    alone = _polled(serving)
    for waiter in _clients(
        serving.port, len(_FORMS) * TAGS
    ):  # the feeds are kept before it counts, so that their bytes do not
        waiter.catch_up()
        waiter.vanish()
    time.sleep(1)
    before, files = serving.memory(), serving.open_files()
    waiters = _clients(serving.port, count)
    for waiter in waiters:
        waiter.catch_up()
    idle = serving.memory()
    for waiter in waiters:
        waiter.ask(WAIT)
    if _answered(waiters, time.perf_counter(), seconds=1.0):
        raise SystemExit("bench: requests with Prefer: wait are answered at once; not measured.")
    cpu, began = serving.cpu(), time.perf_counter()
    time.sleep(3)
    idle_cpu = (serving.cpu() - cpu) / (time.perf_counter() - began)
    held = [(serving.memory() - before) / count]
    beside = _polled(serving)
    print(f"{count} connections, {(idle - before) / count:.0f} KB each, and then they wait:")
    print(f"CPU while nothing happens: {idle_cpu * 100:.1f} % of a core")
    head(
        "An activity that touches the feeds of those who wait",
        *("round", "KB each", "touched", "answered", "median ms", "95 % ms", "last ms"),
        *("polls beside: p95 ms", "longest ms"),
    )
    for turn in range(rounds):
        for tags in (range(TAGS), range(TAGS // 10)):
            touched = sum(waiter.tag in tags for waiter in waiters)
            times, polled = _touch(serving, sender, waiters, tags)
            row(
                *(turn + 1, f"{held[-1]:.0f}", touched, len(times)),
                *(f"{percentile(times, part):.0f}" for part in (0.5, 0.95, 1)),
                *(f"{polled.p95:.1f}", f"{polled.longest:.0f}"),
            )
        time.sleep(0.5)
        held.append((serving.memory() - before) / count)
    print(f"\nKB each after each round: {', '.join(f'{one:.0f}' for one in held)}")
    print(f"an ordinary poll, p95 ms: alone {alone.p95:.2f}, with them {beside.p95:.2f}", end="")
    print(f" (p99 {alone.p99:.2f}, {beside.p99:.2f})")
    _vanish(serving, waiters, files, before)
    return max(held)


def _clients(port: int, count: int) -> list[Waiter]:
    """That many, on as many different feeds as there are; the rest on the same."""
    feeds = [(form.format(tag), tag) for tag in range(TAGS) for form in _FORMS]
    return [Waiter(port, *feeds[number % len(feeds)]) for number in range(count)]


def _polled(serving: Serving) -> Told:
    return told(_start_polling(serving, 3))


def _start_polling(serving: Serving, seconds: float) -> "subprocess.Popen[bytes]":
    etag = serving.get(ORDINARY)[1]["ETag"]
    return start_wrk(serving, ORDINARY, {"If-None-Match": etag}, seconds, 8, THINK)


def _touch(
    serving: Serving, sender: "Sender", waiters: Sequence[Waiter], tags: Sequence[int]
) -> tuple[list[float], Told]:
    """The milliseconds until each was answered, and what ordinary polls saw meanwhile."""
    touched = [waiter for waiter in waiters if waiter.tag in tags]
    polling = _start_polling(serving, 2)
    time.sleep(0.5)
    began = time.perf_counter()
    sender.start(tags)
    answered = _answered(touched, began, 10, len(touched))
    sender.finish()
    if _answered([one for one in waiters if one.tag not in tags], time.perf_counter(), 0.2):
        raise SystemExit("bench: who was not touched was answered")
    polled = told(polling)
    for waiter in answered:
        waiter.ask(WAIT)
    return list(answered.values()), polled


def _answered(
    waiters: Sequence[Waiter], began: float, seconds: float, wanted: int | None = None
) -> dict[Waiter, float]:
    """Who was answered within that time, or until so many were, and the ms that it took."""
    by_file = {waiter.fileno(): waiter for waiter in waiters}
    found: dict[Waiter, float] = {}
    with select.epoll() as polling:
        for file in by_file:
            polling.register(file, select.EPOLLIN)
        while (left := began + seconds - time.perf_counter()) > 0 and len(found) != wanted:
            for file, _ in polling.poll(left):
                if by_file[file].take():
                    found[by_file[file]] = (time.perf_counter() - began) * 1000
    return found


def _vanish(serving: Serving, waiters: Sequence[Waiter], files: int, before: float) -> None:
    """Tell whether the server lets go of those who are gone, and of all at the end."""
    held = serving.open_files()
    for waiter in waiters[:VANISHING]:
        waiter.vanish()
    time.sleep(2)
    print(f"{VANISHING} vanish: the server closes {held - serving.open_files()} of its files")
    for waiter in waiters[VANISHING:]:
        waiter.vanish()
    time.sleep(2)
    left = (serving.memory() - before) / len(waiters)
    print(f"all vanish: it has {serving.open_files() - files} more open than before they came, and")
    print(f"has kept {left:.0f} KB for each, which are no longer theirs")
    last = _clients(serving.port, VANISHING)
    for waiter in last:
        waiter.catch_up()
        waiter.ask(WAIT)
    seconds = serving.stop()
    told = _answered(last, time.perf_counter(), 1, len(last))
    print(f"SIGTERM: it ends in {seconds:.1f} s, and {len(told)} of {len(last)} who wait are told")


class Sender:
    """Posts activities over a connection that stays open."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": token, "Content-Type": "application/activity+json"}
        self._sent = 0

    def start(self, tags: Sequence[int], queue: int = 0) -> None:
        """Post one activity with those tags, and wait for no answer."""
        (made,) = make(1)
        made = replace(made, number=self._sent, tags=tuple(tags), queue=queue, actor=1)
        self._sent += 1
        body = as_line(made, "sent-")
        self._connection.request("POST", "/activities", body, self._headers)

    def finish(self) -> None:
        """Take the answer. Raises SystemExit where it was not recorded."""
        answer = self._connection.getresponse()
        told = answer.read()
        if answer.status != 201:
            raise SystemExit(f"bench: POST: {answer.status} {told[:200]!r}")


if __name__ == "__main__":
    main()
