"""All checks of an installation, in groups, each result with its secrets masked."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from feedserver.assembly import assemble_around
from feedserver.clock import Clock, system_clock
from feedserver.diagnosis import feeds, sources, store
from feedserver.diagnosis.results import Check, Result, failure, ok, results_of
from feedserver.diagnosis.settings import checks_of_settings
from feedserver.errors import FeedserverError
from feedserver.model.masking import masked
from feedserver.settings import Settings, load_settings, settings_path
from feedserver.stores.sql.examining import Examined, examined, path_of

SPEED = 40_000  # versions that the index reads in a second


@dataclass(frozen=True, slots=True)
class Group:
    """Checks of one thing: what it is called, and their results, found one after the other."""

    name: str
    results: Iterator[Result]


@dataclass(frozen=True, slots=True)
class Around:
    """What the checks have around them; `many` versions are not read unasked."""

    clock: Clock = system_clock
    room: store.Room = store.room
    asking: sources.Around = field(default_factory=lambda: sources.Around(system_clock))
    formats: feeds.Formats = field(default_factory=feeds.Formats)
    many: int = feeds.MANY


def groups(is_full: bool, around: Around | None = None) -> Iterator[Group]:
    """The groups of checks of the installation that the environment describes.

    `is_full` reads also what takes a while. Each group is to be read before the next.
    """
    around = around or Around()
    try:
        settings = load_settings()
    except FeedserverError as error:
        mend = "That comes first: everything else needs the settings."
        yield Group("settings", iter([_masked(failure(str(error), mend))]))
        return
    yield _group("settings", checks_of_settings(settings, settings_path()))
    with ExitStack() as opened:
        try:
            path = path_of(settings.store, settings.folder)
            found = opened.enter_context(examined(settings.store, settings.folder, around.clock))
        except FeedserverError as error:
            yield Group("store", iter([_masked(store.not_opened(error))]))
            yield _group("sources", sources.checks_of_clocks(settings, around.asking))
            return
        checks = store.checks_of_store(found, path, settings, is_full, around.room)
        yield _group("store", checks)
        log = None if found is None else found.log
        records = None if found is None else found.log.records
        checks = sources.checks_of_sources(settings, log, around.asking, records)
        yield _group("sources", checks)
        yield _group("feeds", [lambda: _feeds(found, settings, is_full, around)])


def _feeds(
    found: Examined | None, settings: Settings, is_full: bool, around: Around
) -> Iterator[Result]:
    head = 0 if found is None else found.log.head()
    if found is None:
        yield ok("nothing is recorded yet, so there is nothing to look at")
    elif head > around.many and not is_full:
        yield ok(
            f"not looked at: to read {head:,} versions takes about {head // SPEED} s; --full does"
        )
    else:
        server = assemble_around(found.log, replace(settings, sources={}), around.clock)
        checks = feeds.checks_of_feeds(server, around.clock(), around.formats)
        yield from results_of(checks)


def _group(name: str, checks: Iterable[Check]) -> Group:
    return Group(name, map(_masked, results_of(checks)))


def _masked(result: Result) -> Result:
    return replace(
        result,
        text=masked(result.text),
        mend=masked(result.mend),
        details=tuple(map(masked, result.details)),
    )
