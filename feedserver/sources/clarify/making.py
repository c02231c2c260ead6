"""A Clarify source from its settings."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feedserver.clock import Clock
from feedserver.errors import SettingsError
from feedserver.ports import Source
from feedserver.sources.clarify.database import Database
from feedserver.sources.clarify.mapping import EntryMapping
from feedserver.sources.clarify.source import WINDOW, ClarifySource
from feedserver.sources.clarify.tables import KINDS
from feedserver.sources.clarify.wording import make_wording

MAX_WINDOW = 1_000_000  # objids; each poll reads as many keys


def make_source(name: str, settings: Mapping[str, object], authority: str, clock: Clock) -> Source:
    """The source that those settings describe.

    Raises SettingsError, naming the setting, where one is missing or wrong.
    """
    where = f"[sources.{name}]"
    zone = _zone(where, settings.get("timezone"))
    start = _start(where, settings.get("start"))
    links = _links(where, settings.get("links", {}))
    wording = make_wording(where, settings.get("sentences"), settings.get("tags"))
    url = settings.get("url")
    if not isinstance(url, str) or not url:
        raise SettingsError(f"{where} url = {url!r}: write the SQLAlchemy address of the CRM")
    window = settings.get("window", WINDOW)
    if not isinstance(window, int) or isinstance(window, bool) or not 0 <= window <= MAX_WINDOW:
        raise SettingsError(f"{where} window = {window!r} is no number of objids")
    mapping = EntryMapping(authority, name, zone, links, wording)
    return ClarifySource(name, Database(name, url), mapping, start, zone.key, clock, window)


def _zone(where: str, value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        wrong = (
            f"is no time zone: {str(value)[:40]!r}" if value else "is not set, and has no default"
        )
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
    words = {kind.word for kind in KINDS}
    known = ", ".join(sorted(words))
    links = {}
    for type_, link in value.items():
        word = str(type_).lower().replace("_", "-").replace(" ", "-")
        if word not in words:
            raise SettingsError(f"{where} links.{type_}: no type of object; known: {known}")
        bare = str(link).replace("{id}", "").replace("{objid}", "")
        if not re.match(r"https?://[^\s{}]+$", bare):
            raise SettingsError(
                f"{where} links.{type_} = {link!r} is no http or https address, or holds braces "
                "other than {id} and {objid}"
            )
        links[word] = str(link)
    return links
