"""Assembly: from the settings to a server; the only place where parts are put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from feedserver.clock import Clock, system_clock
from feedserver.errors import SettingsError
from feedserver.ports import Log, Source
from feedserver.services.indexing import FacetIndex
from feedserver.services.intake import Intake
from feedserver.services.polling import Polling
from feedserver.services.reading import Reading
from feedserver.settings import Settings
from feedserver.sources import SOURCES
from feedserver.stores.sql.opening import open_log


@dataclass(frozen=True, slots=True)
class Server:
    """The parts of one feedserver. `pollings` are its sources with the seconds between polls."""

    settings: Settings
    clock: Clock
    log: Log
    intake: Intake
    index: FacetIndex
    reading: Reading
    pollings: Mapping[Polling, float]
    sources: tuple[Source, ...]

    def close(self) -> None:
        """Give back what the sources and the store hold open."""
        for source in self.sources:
            source.close()
        self.log.close()


def assemble(settings: Settings, clock: Clock = system_clock, with_index: bool = True) -> Server:
    """The server that the settings describe, its index up to date.

    What only writes has no use for the index, and says so. Raises SettingsError and StoreError.
    """
    log = open_log(settings.store, settings.folder, settings.authority, clock)
    try:
        return assemble_around(log, settings, clock, with_index)
    except BaseException:
        log.close()
        raise


def assemble_around(log: Log, settings: Settings, clock: Clock, with_index: bool = True) -> Server:
    """The server around a log that is open already."""
    sources = make_sources(settings, log.authority, clock)
    intake = Intake(log)
    index = FacetIndex(log)
    if with_index:
        index.catch_up()
    pollings = {
        Polling(source, log, intake, clock): float(settings.sources[source.name].get("every", 5))
        for source in sources
    }
    reading = Reading(log, index, settings.base_url, settings.title)
    return Server(settings, clock, log, intake, index, reading, pollings, sources)


def make_sources(settings: Settings, authority: str, clock: Clock) -> tuple[Source, ...]:
    """The sources that the settings describe. Raises SettingsError."""
    made = []
    for name, values in settings.sources.items():
        kind = str(values.get("type", ""))
        if kind not in SOURCES:
            known = ", ".join(sorted(SOURCES))
            raise SettingsError(f"[sources.{name}] type = {kind!r} is unknown; known: {known}")
        made.append(SOURCES[kind](name, values, authority, clock))
    return tuple(made)


def static_folder() -> Path:
    """Where the style sheet and the icons are: in the package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "static"
    return installed if installed.is_dir() else package.parent / "static"
