"""A run: everything is started, the server is killed again and again, and all is compared."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf
from pathlib import Path
from urllib.parse import quote

from tests.checker.documents import TERMS, Feed
from tests.checker.findings import Findings
from tests.checker.history import History
from tests.checker.installation import Installation
from tests.checker.observers import (
    ArchiveWalker,
    CursorPoller,
    DeltaPoller,
    DirectoryPoller,
    HeadPoller,
    Observer,
    PageWalker,
    Told,
)
from tests.checker.scene import Bytes, Scene
from tests.checker.working import Working
from tests.checker.writers import Recorder, Redactor, SlowWriter, Writer, resolve

EVERYTHING = Feed()
SUPPORT = TERMS["queue:Support"]
VIP = TERMS["tag:vip"]
QUIET = Feed("-tag=noise", lambda terms: "tag:noise" not in terms)
VIP_QUIET = Feed("tag=vip&-tag=noise", lambda terms: "tag:vip" in terms and QUIET.passes(terms))
WORDED = Feed("q=printer", lambda terms: "word:printer" in terms)
_PRINT = frozenset({"word:printer", "word:printing"})
BEGUN = Feed("q=print*+fire", lambda terms: "word:fire" in terms and bool(terms & _PRINT))
BOOLEAN = Feed(
    f"filter={quote('tag:vip and not (queue:Sales or tag:noise) or queue:Sales and tag:noise')}",
    lambda terms: (
        ("tag:vip" in terms and not ("queue:Sales" in terms or "tag:noise" in terms))
        or ("queue:Sales" in terms and "tag:noise" in terms)
    ),
)
FEEDS = (EVERYTHING, SUPPORT, VIP, QUIET, VIP_QUIET, WORDED, BEGUN, BOOLEAN)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does. `bug` is planted into the server; then the run ends with what it finds."""

    seconds: float = 8
    kills: int = 3
    seed: int = 1
    writers: int = 4
    bug: str | None = None


def check(plan: Plan) -> Findings:
    """Run the plan in a folder of its own; what was found."""
    with tempfile.TemporaryDirectory(prefix="feedserver-checker-") as folder:
        planted = ("-m", "tests.checker.planted", plan.bug or "")
        launcher = ("-m", "feedserver") if plan.bug is None else planted
        installation = Installation(Path(folder), launcher)
        try:
            return _Run(plan, installation).run()
        finally:
            installation.close()


class _Run:
    def __init__(self, plan: Plan, installation: Installation) -> None:
        self._plan = plan
        self._installation = installation
        self._findings = Findings()
        self._history = History(self._findings)
        known = Bytes(self._findings)
        self._scene = Scene(self._history, self._findings, known, installation.port, plan.seed)
        self._workers: list[Working] = []
        self._observers: list[Observer] = []

    def run(self) -> Findings:
        self._installation.start()
        self._workers = self._writing()
        self._observers = self._watching()
        for each in (*self._workers, *self._observers):
            each.start()
        self._kill_again_and_again()
        for group in (self._workers, self._observers):
            _stop(group)
        if self._plan.bug is None or not self._findings.is_any.is_set():
            self._finish()
        for each in (*self._workers, *self._observers):
            each.client.close()
        return self._findings

    def _writing(self) -> list[Working]:
        plan, place = self._plan, self._installation
        workers: list[Working] = [
            Writer(f"writer{number}", self._scene, place.token) for number in range(plan.writers)
        ]
        workers.append(SlowWriter("slow", self._scene, place.token))
        if plan.bug is None:
            workers += [Recorder(self._scene, place), Redactor(self._scene, place)]
        return workers

    def _watching(self) -> list[Observer]:
        scene = self._scene
        return [
            CursorPoller("cursor of all", scene, EVERYTHING),
            CursorPoller("cursor of all, Atom", scene, EVERYTHING, "atom", 7),
            CursorPoller("cursor of a queue", scene, SUPPORT),
            CursorPoller("cursor without noise", scene, QUIET, limit=20),
            CursorPoller("cursor of vip without noise", scene, VIP_QUIET, limit=500),
            CursorPoller("cursor of words", scene, BEGUN),
            CursorPoller("cursor of a boolean filter, Atom", scene, BOOLEAN, "atom", 20),
            DeltaPoller("deltas of all, with archives", scene, EVERYTHING, has_archives=True),
            DeltaPoller("deltas of vip without noise, RSS", scene, VIP_QUIET, "rss", 3),
            DeltaPoller("deltas of a word, Atom", scene, WORDED, "atom", 10),
            DeltaPoller("deltas of a boolean filter", scene, BOOLEAN, "jsonfeed", 50, True),
            HeadPoller("head of all", scene, EVERYTHING, limit=20),
            HeadPoller("head of vip", scene, VIP, limit=50),
            HeadPoller("head of all, by date", scene, EVERYTHING, condition="date"),
            HeadPoller("head of a queue, Atom", scene, SUPPORT, "atom", 10),
            HeadPoller("head without noise, Atom, by date", scene, QUIET, "atom", 10, "date"),
            HeadPoller("head of a word, RSS", scene, WORDED, "rss", 20),
            HeadPoller("head of words, by date", scene, BEGUN, condition="date"),
            HeadPoller("head of a boolean filter, JSON Feed", scene, BOOLEAN, "jsonfeed", 10),
            PageWalker("pages of all", scene, EVERYTHING, limit=30),
            PageWalker("pages without noise, Atom", scene, QUIET, "atom", 50),
            ArchiveWalker("archives of all", scene, EVERYTHING),
            ArchiveWalker("archives of vip, Atom", scene, VIP, "atom", 20),
            ArchiveWalker("archives of a word", scene, WORDED),
            ArchiveWalker("archives of a boolean filter, Atom", scene, BOOLEAN, "atom", 20),
            DirectoryPoller(scene, "/feeds.json"),
            DirectoryPoller(scene, "/filters"),
        ]

    def _kill_again_and_again(self) -> None:
        """Kill the server as often as planned, in equal parts of the time, and start it again."""
        plan, began = self._plan, time.monotonic()
        for number in range(1, plan.kills + 1):
            self._wait_until(began + plan.seconds * number / (plan.kills + 1))
            self._installation.kill()
            self._findings.count("kills")
            self._installation.start()
        self._wait_until(began + plan.seconds)

    def _wait_until(self, moment: float) -> None:
        while (left := moment - time.monotonic()) > 0:
            if self._plan.bug is None:
                time.sleep(left)
            elif self._findings.is_any.wait(left):
                return

    def _finish(self) -> None:
        """When all is quiet: resolve what is in doubt, read all to the end, and compare."""
        history = self._history
        asking = self._observers[0].client
        doubtful = resolve(history, asking.ask)
        self._findings.count("writes in doubt", doubtful)
        fresh = [
            CursorPoller(
                f"from the beginning, {feed.query or 'all'}",
                self._scene,
                feed,
            )
            for feed in FEEDS
        ]
        for each in (*self._observers, *fresh):
            each.finish()
            each.client.close()
        self._compare_orders([*self._sequences(self._observers), *self._sequences(fresh)])

    def _sequences(self, observers: Sequence[Observer]) -> list[tuple[str, Told]]:
        return [(each.name, each.told) for each in observers if isinstance(each, CursorPoller)]

    def _compare_orders(self, sequences: Sequence[tuple[str, Told]]) -> None:
        """All must have been told the same order, and one that was so when it was written."""
        for name, told in sequences:
            self._compare_with_time(name, told)
        for (name, one), (other_name, other) in combinations(sequences, 2):
            places = {title: place for place, title in enumerate(other.titles)}
            last, before = -1, ""
            for title in one.titles:
                place = places.get(title)
                if place is None:
                    continue
                if place < last:
                    who = f"{name} and {other_name}"
                    self._findings.violated("ORDER", who, f"{before} and {title}")
                last, before = place, title

    def _compare_with_time(self, name: str, told: Told) -> None:
        earliest, which = inf, ""
        for title in reversed(told.titles):
            write = self._history.version(title)
            if earliest < write.begun:
                evidence = f"{title}, begun {write.begun:.4f}, was told before {which}, "
                self._findings.violated("REALTIME", name, f"{evidence}acknowledged {earliest:.4f}")
            if write.acked < earliest:
                earliest, which = write.acked, title


def _stop(workers: Sequence[Working]) -> None:
    for worker in workers:
        worker.stop()
    for worker in workers:
        worker.join()
