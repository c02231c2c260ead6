"""Measures feedserver beside nginx (the limit) and django-activity-stream, at the same work.

    python -m bench.peers [--counts 10000,100000] [--rounds 9]

All have the same activities, in SQLite on one disk, and serve on one core; who asks has the other.
Each round asks all of them in turn; told are medians, and medians of the ratios within a round.
What cannot be installed is left out, and that is said.
"""

import argparse
import random
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.activities import ACTORS, PER_TICKET, make, write
from bench.machine import (
    Feedserver,
    Serving,
    ask,
    head,
    nginx,
    percentile,
    prepare,
    require,
    row,
    spread,
    start_wrk,
    told,
)
from bench.peers.intake import Intake
from bench.peers.peer import Desk, install

LIMIT = 30  # entries of a feed: what django-activity-stream has, and no setting changes
ASKED = 20  # feeds of each kind in a round
INTAKE_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of feed: the addresses of each, in feedserver and in the peer."""

    name: str
    here: str
    there: str
    count: int

    def addresses(self, types: Mapping[str, int]) -> list[tuple[str, str]]:
        """Of each the address here and there, in an order that favours none."""
        numbers = random.Random(2).sample(range(self.count), self.count)
        return [(self.here.format(n), self.there.format(n + 1, **types)) for n in numbers]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--counts", default="10000,100000")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    require("nginx", "wrk", "taskset")
    has_peer = install()
    prepare()
    for count in map(int, arguments.counts.split(",")):
        with tempfile.TemporaryDirectory(prefix="feedserver-bench-") as name:
            _measure(Path(name), count, arguments.rounds, has_peer)


def _measure(folder: Path, count: int, rounds: int, has_peer: bool) -> None:
    print(f"\n## {count:,} activities")
    site = Feedserver(folder / "feedserver")
    desk = Desk(folder / "desk") if has_peer else None
    file = folder / "activities.ndjson"
    write(file, make(count))
    site.run("record", str(file))
    types = desk.record("seed", file).types if desk else {}
    tickets = max(1, count // PER_TICKET)
    kinds = [
        Kind(
            "a person",
            f"/actors/urn:bench:actor:{{}}.atom?limit={LIMIT}",
            "/feed/{User}/{}/atom/",
            ACTORS,
        ),
        Kind(
            "a ticket",
            f"/all.atom?object=urn:bench:ticket:{{}}&limit={LIMIT}",
            "/feed/{Ticket}/{}/atom/",
            tickets,
        ),
        Kind(  # the second has one such feed alone; it makes it anew for each
            "all tickets",
            f"/all.atom?type=Ticket&-actor=urn:bench:actor:{{}}&limit={LIMIT}",
            "/feed/{Ticket}/atom/",
            ACTORS,
        ),
    ]
    with ExitStack() as running:
        servers = {"feedserver": running.enter_context(site.serving())}
        if desk:
            servers["django-activity-stream"] = running.enter_context(desk.serving())
        _cold(servers, kinds, types, rounds)
        _hot(folder, servers, kinds[0], types, rounds)
        head("Memory and disk", "", "memory, MB", "bytes on disk an activity")
        stores = {"feedserver": site.folder, "django-activity-stream": folder / "desk"}
        for name, server in servers.items():
            size = sum(
                path.stat().st_size for path in stores[name].iterdir() if ".toml" not in path.name
            )
            row(name, f"{server.memory() / 1024:.0f}", f"{size / count:,.0f}")
        intake = Intake(folder, site, desk)
        title = f"Intake into {count:,} activities, {INTAKE_ROUNDS} rounds"
        intake.measure(servers["feedserver"], INTAKE_ROUNDS, title)


def _cold(
    servers: Mapping[str, Serving], kinds: Sequence[Kind], types: Mapping[str, int], rounds: int
) -> None:
    """Feeds that nobody has asked for, one after the other on one connection."""
    head(
        f"Cold: {LIMIT} entries that nobody has asked for, {rounds} rounds of {ASKED} feeds",
        *("", "time, of the peer's", "p50 ms", "p95 ms", "CPU ms each", "bytes each"),
    )
    for kind in kinds:
        addresses = kind.addresses(types)
        found: dict[str, list[tuple[list[float], float, int]]] = {name: [] for name in servers}
        for turn in range(rounds):
            start = turn * ASKED
            pairs = addresses[start : start + ASKED]
            order = list(servers) if turn % 2 else list(servers)[::-1]
            for name in order:
                side = list(servers).index(name)
                found[name].append(_asked(servers[name], [pair[side] for pair in pairs]))
        last = list(servers)[-1]
        beside = [statistics.median(times) for times, _, _ in found[last]]
        for name, all in found.items():
            times = [one for times, _, _ in all for one in times]
            parts = [
                statistics.median(one) / other
                for (one, _, _), other in zip(all, beside, strict=True)
            ]
            row(
                f"{kind.name}: {name}",
                spread(parts),
                *(f"{percentile(times, part):.1f}" for part in (0.5, 0.95)),
                f"{sum(cpu for _, cpu, _ in all) / len(times) * 1000:.1f}",
                f"{statistics.median(size for _, _, size in all):,.0f}",
            )


def _asked(serving: Serving, addresses: Sequence[str]) -> tuple[list[float], float, int]:
    """The milliseconds of each, the seconds of CPU of all, and the bytes of one."""
    times: list[float] = []
    sizes: list[int] = []
    began = serving.cpu()
    for milliseconds, status, _, body in ask(serving.port, [(one, {}) for one in addresses]):
        # A ticket, or a person, to whom nothing has happened is unknown to both.
        if status not in (200, 404):
            raise SystemExit(f"bench: {addresses[len(times)]}: {status}")
        if status == 200:
            times.append(milliseconds)
            sizes.append(len(body))
    return times, serving.cpu() - began, sum(sizes) // len(sizes)


def _hot(
    folder: Path,
    servers: Mapping[str, Serving],
    kind: Kind,
    types: Mapping[str, int],
    rounds: int,
) -> None:
    """One feed that is asked for again and again."""
    here, there = kind.here.format(0), kind.there.format(1, **types)
    feedserver = servers["feedserver"]
    _, fields, body = feedserver.get(here)
    with nginx(folder / "nginx", {"feed.atom": body}) as static:
        tag = static.get("/feed.atom")[1]["ETag"]
        asked: dict[str, tuple[Serving, str, dict[str, str]]] = {
            "200, plain: nginx": (static, "/feed.atom", {}),
            "200, plain: feedserver": (feedserver, here, {}),
        }
        for name in list(servers)[1:]:
            asked[f"200, plain: {name}"] = (servers[name], there, {})
        asked |= {
            "304: nginx": (static, "/feed.atom", {"If-None-Match": tag}),
            "304: feedserver": (feedserver, here, {"If-None-Match": fields["ETag"]}),
        }
        rates: dict[str, list[float]] = {name: [] for name in asked}
        latency: dict[str, list[float]] = {name: [] for name in asked}
        costs: dict[str, list[float]] = {name: [] for name in asked}
        for turn in range(-1, rounds):
            for name in list(asked) if turn % 2 else reversed(asked):
                began = asked[name][0].cpu()
                measured = told(start_wrk(*asked[name], seconds=1, connections=8))
                if turn >= 0:
                    rates[name].append(measured.rate)
                    latency[name].append(measured.p99)
                    cpu = (asked[name][0].cpu() - began) / measured.requests
                    costs[name].append(cpu * 1e6)
    head(
        f"Hot: the feed of one person, asked for again and again, {rounds} rounds of 1 s, wrk -c8",
        *("", "of nginx", "requests/s", "p99 ms", "CPU µs each"),
    )
    for name in asked:
        limit = rates["304: nginx" if name.startswith("304") else "200, plain: nginx"]
        parts = [one / other for one, other in zip(rates[name], limit, strict=True)]
        rate, slow, cpu = (statistics.median(all[name]) for all in (rates, latency, costs))
        row(name, spread(parts, ".2g"), f"{rate:,.0f}", f"{slow:.1f}", f"{cpu:,.0f}")


if __name__ == "__main__":
    main()
