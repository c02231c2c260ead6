"""How the log and the sources stand, looked up each time Prometheus asks."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

from feedserver import __version__
from feedserver.assembly import Server
from feedserver.errors import StoreError
from feedserver.model.vocabulary import AS1_VERBS, AS2_ACTIVITIES, VERBS, kebab
from feedserver.services.hooking import HookState, states
from feedserver.services.indexing import Tally
from feedserver.services.polling import SourceState

TOLD_VERBS = tuple(sorted({*VERBS, *AS1_VERBS, *map(kebab, AS2_ACTIVITIES)}))
"""The verbs that are told one by one; whoever writes may send any other."""

MAX_SOURCES = 200
"""Sources that are told one by one: the first of the log, so that no counter goes back."""

OTHER = "other"
"""All other verbs, or sources, together."""

_OF_SOURCE: tuple[
    tuple[
        type[CounterMetricFamily | GaugeMetricFamily],
        str,
        str,
        Callable[[SourceState | HookState, datetime], float | None],
    ],
    ...,
] = (
    (
        GaugeMetricFamily,
        "feedserver_source_lag_seconds",
        (
            "Seconds since the source last had nothing more to record, or since it was first "
            "asked; of a webhook, for which the oldest record has waited that could not be mapped."
        ),
        lambda state, now: state.lag(now),
    ),
    (
        GaugeMetricFamily,
        "feedserver_source_failing",
        "1 while the source cannot be read, or not be recorded, else 0.",
        lambda state, now: state.failing is not None,
    ),
    (
        CounterMetricFamily,
        "feedserver_source_recorded_total",
        "Entries of the source that were recorded.",
        lambda state, now: state.recorded,
    ),
    (
        CounterMetricFamily,
        "feedserver_source_odd_total",
        "Entries of the source in which something was odd; they are recorded.",
        lambda state, now: state.odd,
    ),
    (
        CounterMetricFamily,
        "feedserver_source_failed_total",
        "Times an entry of the source could not be recorded; it is tried again.",
        lambda state, now: state.failed,
    ),
)


class Standing:
    """A collector of prometheus_client; of the log it tells the same in every process.

    Of sources that are asked it tells only where `polls` says that this process polls them.
    """

    def __init__(self, server: Server, polls: bool) -> None:
        self._index = server.index
        self._clock = server.clock
        self._followers = server.followers
        self._pollings = tuple(server.pollings) if polls else ()
        self._hooks = tuple(server.hooks.values())
        self._records = server.records

    def collect(self) -> Iterator[Metric]:
        """What stands now; where the log cannot be read, that, and nothing more of it."""
        version = {"version": __version__}
        yield InfoMetricFamily("feedserver_build", "The version that runs; always 1.", version)
        yield from self._log()
        family = GaugeMetricFamily(
            "feedserver_follower_failing",
            "1 while the follower of the log fails: `snapshots` are not saved, who is `waiting` is "
            "not woken.",
            labels=("follower",),
        )
        for name, error in self._followers.failing.items():
            family.add_metric((name,), error is not None)
        yield family
        if self._pollings or self._hooks:
            yield from self._sources()

    def _log(self) -> Iterator[Metric]:
        name, meaning = "feedserver_store_up", "1 while the store can be read, else 0."
        try:
            with self._index.held():
                position = self._index.catch_up()
                tallies = self._index.tallies(TOLD_VERBS)
        except StoreError:
            yield GaugeMetricFamily(name, meaning, 0)
            return
        yield GaugeMetricFamily(name, meaning, 1)
        yield GaugeMetricFamily(
            "feedserver_log_position", "The position of the newest activity in the log.", position
        )
        activities = CounterMetricFamily(
            "feedserver_activities_total",
            "Activities recorded; what is redacted counts no more. Verbs registered nowhere, and "
            "sources after 200, are `other`.",
            labels=("source", "verb"),
        )
        for labels, count in _bounded(tallies).items():
            activities.add_metric(labels, count)
        yield activities

    def _sources(self) -> Iterator[Metric]:
        hooks = self._hooks_now()
        standing: list[SourceState | HookState] = [each.state for each in self._pollings]
        standing += hooks
        now = self._clock()  # after the states were looked at: none is ahead of it
        for kind, name, meaning, value_of in _OF_SOURCE:
            family = kind(name, meaning, labels=("source",))
            for state in standing:
                value = value_of(state, now)
                if value is not None:
                    family.add_metric((state.name,), value)
            yield family
        if hooks:
            family = GaugeMetricFamily(
                "feedserver_source_kept",
                "Records of the webhook that could not be mapped and are kept.",
                labels=("source",),
            )
            for hook in hooks:
                family.add_metric((hook.name,), hook.kept)
            yield family

    def _hooks_now(self) -> Sequence[HookState]:
        """How the webhooks do; of none where the store cannot be read, which is told already."""
        try:
            return states(self._hooks, self._records)
        except StoreError:
            return ()


def _bounded(tallies: Sequence[Tally]) -> Mapping[tuple[str, str], int]:
    sources = tuple(dict.fromkeys(tally.source for tally in tallies))[:MAX_SOURCES]
    counts: Counter[tuple[str, str]] = Counter()
    for tally in tallies:
        source = tally.source if tally.source in sources else OTHER
        counts[source, tally.verb or OTHER] += tally.count
    return counts
