"""`/metrics`: what this process answered, and how the log and the sources stand."""

from collections import Counter as Tally
from collections.abc import Iterator
from functools import cache
from threading import Lock

from flask import Request, Response, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder

from feedserver.assembly import Server
from feedserver.formats import FORMATS
from feedserver.model.addresses import split_extension
from feedserver.services.intake import Outcome
from feedserver.web.errors import REASONS
from feedserver.web.health import Worker
from feedserver.web.risk import Gaps
from feedserver.web.standing import Standing

POLLED = frozenset(("stream", "all", "all.extension", "named", "activity"))
"""The endpoints of feeds and activities."""

_KINDS = ("poll", "write", "other")
_READING = ("GET", "HEAD")
_INVALID = "invalid"  # the verdict on what was no activity
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counts requests since the process started, and tells all there is to tell to Prometheus.

    No label has a value that a client could choose, so that nobody can make them many.
    """

    def __init__(self, server: Server, worker: Worker | None, gaps: Gaps) -> None:
        # A registry of its own: the library's one is for the whole process, and so for every
        # application in it.
        self._registry = registry = CollectorRegistry()
        self._polls = Counter(
            "feedserver_polls_total",
            "GET and HEAD answers of feeds and of single activities.",
            ("format", "status"),
            registry=registry,
        )
        self._remembered = Counter(
            "feedserver_polls_from_memory_total",
            "Those of the polls that were answered from memory.",
            registry=registry,
        )
        self._from_memory: Tally[tuple[str, int]] = Tally()
        self._lock = Lock()
        self._refusals = Counter(
            "feedserver_refusals_total",
            "Requests that were refused; `fault` is what broke here.",
            ("reason",),
            registry=registry,
        )
        self._writes = Counter(
            "feedserver_writes_total",
            "Activities that were posted or published, by what became of each.",
            ("verdict",),
            registry=registry,
        )
        self._seconds = Histogram(
            "feedserver_requests_seconds",
            "Histogram of seconds until an answer began, to a `poll`, a `write` or `other`; polls "
            "that were answered from memory, in microseconds, are not in it.",
            ("kind",),
            registry=registry,
            buckets=_BUCKETS,
        )
        self._begin_at_zero()
        registry.register(Standing(server, worker is not None))
        registry.register(gaps)
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        # To look up a counter by its labels takes 1 µs, as much as to count.
        self._poll = cache(lambda format, status: self._polls.labels(format, status).inc)
        self._took = {kind: self._seconds.labels(kind).observe for kind in _KINDS}

    def _begin_at_zero(self) -> None:
        """What appears at 1 never rose: an alert on `increase()` would miss the first."""
        for reason in REASONS:
            self._refusals.labels(reason)
        for verdict in (*(outcome.value for outcome in Outcome), _INVALID):
            self._writes.labels(verdict)

    def polled(self, format: str, status: int) -> None:
        """A poll of a feed was answered from memory: count it."""
        # Prometheus' own counters take ten times as long; they are told when they are asked for.
        with self._lock:
            self._from_memory[format, status] += 1

    def _tell_of_memory(self) -> None:
        with self._lock:
            counted = self._from_memory.copy()
            self._from_memory.clear()
        for (format, status), count in counted.items():
            self._polls.labels(format, status).inc(count)
            self._remembered.inc(count)

    def refused(self, reason: str) -> None:
        """A request was refused for that reason, one of `REASONS`."""
        self._refusals.labels(reason).inc()

    def wrote(self, outcome: str) -> None:
        """That became of an activity that was sent: the value of an `Outcome`, or "invalid"."""
        self._writes.labels(outcome).inc()

    def answered(self, asked: Request, format: str | None, status: int, seconds: float) -> None:
        """The request was answered, in the format that was chosen if it came so far: count it."""
        kind = _kind(asked)
        if kind == "poll":
            self._poll(format or _format_in(asked.path), status)()
        self._took[kind](seconds)

    def wrote_in(self, seconds: float) -> None:
        """A request that writes was answered, in so many seconds: count it."""
        self._took["write"](seconds)

    def metrics(self) -> Response:
        """Everything, in the text format that the reader asks for: Prometheus' or OpenMetrics."""
        try:
            encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        except TypeError:  # by which the library says that a version is no number
            encode, content_type = generate_latest, CONTENT_TYPE_PLAIN_0_0_4
        response = Response(encode(self), content_type=content_type)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept"
        return response

    def collect(self) -> Iterator[Metric]:
        """Everything, as the library's encoders take it."""
        self._tell_of_memory()
        for family in self._registry.collect():
            # When each counter began is told by process_start_time_seconds, for all of them.
            family.samples = [
                sample for sample in family.samples if not sample.name.endswith("_created")
            ]
            yield family


def _kind(asked: Request) -> str:
    if asked.method not in _READING:
        return "write"
    return "poll" if asked.endpoint in POLLED else "other"


def _format_in(path: str) -> str:
    """The format that the path names, for what was refused before one was chosen."""
    return split_extension(path, FORMATS)[1] or "unknown"
