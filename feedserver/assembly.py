"""Assembly: from the settings to a server; the only place where parts are put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feedserver.clock import Clock, system_clock
from feedserver.errors import SettingsError
from feedserver.model.activity import Activity, Draft
from feedserver.ports import GrantStore, Log, RecordStore, SnapshotStore, Source
from feedserver.services.followers import Followers
from feedserver.services.intake import Intake, Retell
from feedserver.services.polling import Polling
from feedserver.services.writing import Writing
from feedserver.settings import RESERVED_NAMES, Settings
from feedserver.sources import HOOKS, SOURCES
from feedserver.stores.sql.opening import open_log

if TYPE_CHECKING:  # else imported where they are made: `publish` starts for each entry of a CRM
    from feedserver.parsers.documents import Parser
    from feedserver.services.granting import Granting
    from feedserver.services.hooking import Hooking
    from feedserver.services.indexing import FacetIndex
    from feedserver.services.reading import Reading
    from feedserver.services.snapshots import Snapshots
    from feedserver.sources.webhook.making import Hook
    from feedserver.stores.sql.migrating import Migration


@dataclass(frozen=True, slots=True)
class Server:
    """The parts of one feedserver.

    `pollings` are the sources that are asked, with the seconds between polls; `hooks` are those
    that are delivered to, by their names.
    """

    settings: Settings
    clock: Clock
    log: Log
    grants: Granting
    intake: Intake
    writing: Writing
    parser: Parser
    index: FacetIndex
    reading: Reading
    snapshots: Snapshots | None
    followers: Followers
    pollings: Mapping[Polling, float]
    sources: tuple[Source, ...]
    hooks: Mapping[str, Hooking]
    records: RecordStore

    def start_snapshots(self) -> None:
        """Save the index beside its work, until the server is closed."""
        if self.snapshots is not None:
            self.snapshots.start()

    def stop_snapshots(self, timeout: float) -> None:
        """Save what the next start would have to read, if that takes no longer."""
        if self.snapshots is not None:
            self.snapshots.stop(timeout)

    def close(self) -> None:
        """Give back what the sources and the store hold open."""
        self.stop_snapshots(5.0)
        for source in self.sources:
            source.close()
        self.log.close()


def migrate_store(settings: Settings, clock: Clock = system_clock) -> Migration | None:
    """Bring an older store to this version, which whoever starts a server does first.

    Answers and raises as `stores.sql.migrating.migrate`.
    """
    from feedserver.stores.sql.migrating import migrate

    return migrate(settings.store, settings.folder, settings.authority, clock)


def assemble(settings: Settings, clock: Clock = system_clock, with_index: bool = True) -> Server:
    """The server that the settings describe, its index up to date.

    What only writes has no use for the index, and says so. Raises SettingsError and StoreError.
    """
    log = open_log(settings.store, settings.folder, settings.authority, clock)
    try:
        return assemble_around(
            log, settings, clock, with_index, log.grants, log.snapshots, log.records
        )
    except BaseException:
        log.close()
        raise


def assemble_around(
    log: Log,
    settings: Settings,
    clock: Clock,
    with_index: bool = True,
    grants: GrantStore | None = None,
    snapshots: SnapshotStore | None = None,
    records: RecordStore | None = None,
) -> Server:
    """The server around a log that is open already.

    None is grants and kept records that are gone with it, and an index that is made from the log
    at each start.
    """
    from feedserver.parsers.documents import Parser
    from feedserver.services.indexing import FacetIndex
    from feedserver.services.reading import Reading
    from feedserver.services.snapshots import Snapshots
    from feedserver.stores.memory import MemoryGrants, MemoryRecords

    sources = make_sources(settings, log.authority, clock)
    parser = Parser(log.authority, settings.limits)
    followers = Followers()
    index = FacetIndex(log, clock, snapshots)
    if with_index:
        index.catch_up()
    reading = Reading(log, index, settings.base_url, settings.title)
    retold = {"atom": _retelling(reading, parser)}
    intake = Intake(log, settings.limits.max_title, retold)
    pollings = {
        Polling(source, log, intake, clock): float(settings.sources[source.name].get("every", 5))
        for source in sources
    }
    writing = Writing(log, intake, sources)
    records = records or MemoryRecords()
    return Server(
        settings=settings,
        clock=clock,
        log=log,
        grants=_granting(grants or MemoryGrants(), settings, clock),
        intake=intake,
        writing=writing,
        parser=parser,
        index=index,
        reading=reading,
        snapshots=(
            None if snapshots is None else Snapshots(index, snapshots, log.epoch, followers)
        ),
        followers=followers,
        pollings=pollings,
        sources=sources,
        hooks=_hookings(settings, log, intake, writing, records, clock),
        records=records,
    )


def _hookings(
    settings: Settings,
    log: Log,
    intake: Intake,
    writing: Writing,
    records: RecordStore,
    clock: Clock,
) -> Mapping[str, Hooking]:
    from feedserver.services.hooking import Hooking

    return {
        hook.name: Hooking(hook.name, hook.admission, hook.mapping, intake, writing, records, clock)
        for hook in make_hooks(settings, log.authority)
    }


def _retelling(reading: Reading, parser: Parser) -> Retell:
    """What comes back of a version that was served as an Atom entry."""

    def retell(version: Activity) -> Draft | None:
        from feedserver.formats import FORMATS
        from feedserver.services.reading import represent

        format = FORMATS["atom"]()
        page = reading.page_of(reading.activity_view(version, represent(format)))
        (item,) = parser.read(format.render_activity(version, page), dialect="atom").items
        return item.draft

    return retell


@contextmanager
def open_grants(settings: Settings, clock: Clock = system_clock) -> Iterator[Granting]:
    """The grants alone, for what needs nothing else of a server.

    Raises SettingsError and StoreError.
    """
    log = open_log(settings.store, settings.folder, settings.authority, clock)
    try:
        yield _granting(log.grants, settings, clock)
    finally:
        log.close()


@contextmanager
def open_writing(settings: Settings, clock: Clock = system_clock) -> Iterator[tuple[Writing, Log]]:
    """What records and its log, for what reads no feed.

    Raises SettingsError and StoreError.
    """
    log = open_log(settings.store, settings.folder, settings.authority, clock)
    sources: tuple[Source, ...] = ()
    try:
        sources = make_sources(settings, log.authority, clock)
        intake = Intake(log, settings.limits.max_title)
        yield Writing(log, intake, sources), log
    finally:
        for source in sources:
            source.close()
        log.close()


def _granting(store: GrantStore, settings: Settings, clock: Clock) -> Granting:
    from feedserver.services.granting import Granting

    return Granting(store, clock, taken=(*settings.sources, *RESERVED_NAMES))


def make_sources(settings: Settings, authority: str, clock: Clock) -> tuple[Source, ...]:
    """The sources that the settings describe and that are asked. Raises SettingsError."""
    made = []
    for name, values in settings.sources.items():
        kind = str(values.get("type", ""))
        if kind in HOOKS:
            continue
        if kind not in SOURCES:
            known = ", ".join(sorted({*SOURCES, *HOOKS}))
            said = f"type = {kind!r} is unknown" if kind else "type is not set"
            raise SettingsError(f"[sources.{name}] {said}; known: {known}")
        made.append(SOURCES[kind](name, values, authority, clock))
    return tuple(made)


def make_hooks(settings: Settings, authority: str) -> tuple[Hook, ...]:
    """The webhooks that the settings describe. Raises SettingsError."""
    return tuple(
        HOOKS[values["type"]](name, values, authority)
        for name, values in settings.sources.items()
        if values.get("type") in HOOKS
    )


def static_folder() -> Path:
    """Where the style sheet and the icons are: in the package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "static"
    return installed if installed.is_dir() else package.parent / "static"
