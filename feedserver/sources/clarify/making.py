"""A Clarify source from its settings."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feedserver.clock import Clock
from feedserver.errors import SettingsError
from feedserver.ports import Source
from feedserver.sources.clarify.database import Database
from feedserver.sources.clarify.mapping import EntryMapping
from feedserver.sources.clarify.source import WINDOW, ClarifySource


def make_source(name: str, settings: Mapping[str, object], authority: str, clock: Clock) -> Source:
    """The source that those settings describe.

    Raises SettingsError, naming the setting, where one is missing or wrong.
    """
    where = f"[sources.{name}]"
    zone = _zone(where, settings.get("timezone"))
    start = _start(where, settings.get("start"))
    links = _links(where, settings.get("links", {}))
    url = settings.get("url")
    if not isinstance(url, str):
        raise SettingsError(f"{where} has no `url`; write the SQLAlchemy address of the CRM")
    window = settings.get("window", WINDOW)
    if not isinstance(window, int) or window < 0:
        raise SettingsError(f"{where} window = {window!r} is no number of objids")
    mapping = EntryMapping(authority, name, zone, links)
    return ClarifySource(name, Database(name, url), mapping, start, clock, window)


def _zone(where: str, value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        wrong = "is no time zone" if value else "is not set, and has no default"
        raise SettingsError(
            f"{where} timezone {wrong}: the CRM stores local times, and what is recorded stays. "
            'Write the zone of its clock: timezone = "Europe/Berlin"'
        ) from None


def _start(where: str, value: object) -> str:
    if isinstance(value, datetime):
        value = value.date()
    text = value.isoformat() if isinstance(value, date) else str(value or "")
    try:
        return text if text in ("all", "now") else date.fromisoformat(text).isoformat()
    except ValueError:
        raise SettingsError(
            f'{where} start = {value!r}: write "all", "now", or the first day to record, '
            '"2026-01-31"'
        ) from None


def _links(where: str, value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise SettingsError(f'{where} links must be a table: {{ case = "http://…/{{id}}" }}')
    links = {}
    for type_, link in value.items():
        if not str(link).startswith(("http://", "https://")):
            raise SettingsError(f"{where} links.{type_} = {link!r} is no http or https address")
        links[str(type_).lower().replace("_", "-").replace(" ", "-")] = str(link)
    return links
