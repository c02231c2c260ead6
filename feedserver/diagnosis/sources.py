"""Checks of the sources: whether they answer, what their clock says, and what is not recorded."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from feedserver.assembly import make_hooks, make_sources
from feedserver.clock import Clock
from feedserver.diagnosis.results import Check, Result, failure, ok, warning
from feedserver.diagnosis.waiting import within
from feedserver.model.activity import Draft
from feedserver.model.identity import dated_authority
from feedserver.model.zones import age_in, aged, zones_of
from feedserver.ports import Log, Poll, RecordStore, Source
from feedserver.settings import Settings
from feedserver.sources import EVIDENCE, HOOKS

PATIENCE = 10.0  # seconds
_LATE = timedelta(minutes=5)  # by which a source that is followed may be behind
_TOLD = 3  # records that are told one by one

Make = Callable[[Settings, str, Clock], tuple[Source, ...]]


@dataclass(frozen=True, slots=True)
class Around:
    """What is asked, and for how long; `make` makes sources as `assembly.make_sources` does."""

    clock: Clock
    make: Make = make_sources
    patience: float = PATIENCE


def checks_of_sources(
    settings: Settings, log: Log | None, around: Around, records: RecordStore | None = None
) -> list[Check]:
    """A check of each source; `log` is None where nothing is recorded yet, as `records` is.

    One that does not answer is told of once, and its records are not asked for.
    """

    def look(name: str) -> Iterable[Result]:
        if _is_hook(settings, name):
            return _its_mapping(settings, name, records, around)
        its_clock = _its_clock(settings, name, around)
        return chain(its_clock, _its_records(settings, name, log, around))

    return _checks(settings, look)


def checks_of_clocks(settings: Settings, around: Around) -> list[Check]:
    """The checks of every source that need no log: whether it answers, and its clock."""
    return _checks(settings, lambda name: _its_clock(settings, name, around))


def _checks(settings: Settings, look: Callable[[str], Iterable[Result]]) -> list[Check]:
    if not settings.sources:
        return [lambda: [ok("none is set up: what is posted is recorded")]]
    return [partial(look, name) for name in settings.sources]


def _is_hook(settings: Settings, name: str) -> bool:
    return settings.sources[name].get("type") in HOOKS


def _its_mapping(
    settings: Settings, name: str, records: RecordStore | None, around: Around
) -> Iterator[Result]:
    """Whether a webhook can be made of its settings, and whether it keeps what it could not map."""
    now = around.clock()
    only = replace(settings, sources={name: settings.sources[name]})
    (hook,) = make_hooks(only, dated_authority(settings.authority, now))
    end = "" if hook.admission.is_signed else "/SECRET"
    yield ok(f"{name} takes what is posted to {settings.base_url.rstrip('/')}/hooks/{name}{end}")
    kept = None if records is None else records.standing().get(name)
    if kept is not None:
        yield warning(
            f"{name} keeps {kept.count:,} of what was delivered, for it could not be mapped; the "
            f"oldest is {aged(now - kept.oldest)}",
            f"feedserver source failed {name} says why. Mend the mapping, and then: "
            f"feedserver source retry {name}.",
        )


def _its_clock(settings: Settings, name: str, around: Around) -> Iterator[Result]:
    values, now = settings.sources[name], around.clock()
    if values.get("type") not in EVIDENCE:
        return
    look, url = EVIDENCE[str(values["type"])], str(values.get("url"))
    found = within(around.patience, f"source {name}", lambda: look(name, url, now))
    yield ok(f"{name} answers: {found.count:,} entries")
    if found.newest is not None:
        yield _zone(name, str(values.get("timezone")), found.newest, now)


def _zone(name: str, zone: str, newest: datetime, now: datetime) -> Result:
    """What the newest entry says of the zone, as `feedserver init` would."""
    age, fitting = age_in(zone, newest, now), zones_of(newest, now)
    fits = bool(zones_of(newest, now, zone)[:1] == (zone,))
    if age is None or fits or (age >= timedelta() and not fitting):
        told = "fits what its clock shows" if fits else "is not contradicted by its entries"
        return ok(f"{name}: timezone {zone} {told}")
    text = f"{name}: in timezone {zone} its newest entry is {aged(age)}"
    if fitting:
        text += f", in {fitting[0]} it would be of just now"
    return warning(
        text,
        "A CRM at rest looks the same: run this again when it has just got an entry. If the zone "
        "is wrong, set the right one and begin with an empty store, for what is recorded stays.",
    )


def _its_records(
    settings: Settings, name: str, log: Log | None, around: Around
) -> Iterator[Result]:
    only = replace(settings, sources={name: settings.sources[name]})
    now = around.clock()
    authority = dated_authority(settings.authority, now) if log is None else log.authority
    (source,) = around.make(only, authority, around.clock)
    with closing(source):
        place = None if log is None else log.bookmark(f"source {name}")
        if place is None and source.needs_empty_log and log is not None and log.head():
            yield failure(
                f'{name}: start = "all", but the log is not empty, so that it is not read at all',
                'Set start = "now", or the day from which it goes on.',
            )
        elif place is None:
            yield warning(
                f"{name} was never asked", f"feedserver pull --once {name}, or feedserver serve."
            )
        elif log is not None:
            known = log.known
            poll = within(around.patience, f"source {name}", lambda: source.poll(place, known))
            yield from _told(name, poll, now)


def _told(name: str, poll: Poll, now: datetime) -> Iterator[Result]:
    """What a poll brought that nobody records."""
    behind, count = _behind(poll.drafts, now), len(poll.drafts)
    if behind > _LATE:
        told = f"{count:,} or more" if poll.more else f"{count:,}"
        yield warning(
            f"{name}: {told} entries are not recorded, the first of them {aged(behind)}",
            f"feedserver pull --once {name} records them, and so does feedserver serve.",
        )
    else:
        yield ok(f"{name}: all is recorded" + (f" but {count:,} new entries" if count else ""))
    if poll.failed:
        yield failure(
            f"{name}: {len(poll.failed):,} of the entries looked at cannot be recorded",
            "The CRM holds what nobody has foreseen. Report these lines; the rest is recorded.",
            tuple(f"{problem.key}: {problem.text}" for problem in poll.failed[:_TOLD]),
        )


def _behind(drafts: tuple[Draft, ...], now: datetime) -> timedelta:
    occurred = [draft.occurred for draft in drafts if draft.occurred is not None]
    return now - min(occurred, default=now)
