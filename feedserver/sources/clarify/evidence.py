"""What a CRM's database shows of its entries before it is made a source."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from feedserver.sources.clarify.database import Database
from feedserver.sources.clarify.tables import ENTRY
from feedserver.sources.clarify.times import utc_time

_LOOKED_AT = 300  # entries at either end, among which some may bear no date or a wrong one
_FURTHEST_AHEAD = timedelta(hours=15)  # of UTC, that any clock on earth shows


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many entries there are, and what the CRM's clock showed at the newest and the oldest.

    The times are without a zone, of the few hundred entries at either end of the log; None where
    no entry there has one.
    """

    count: int
    newest: datetime | None
    oldest: datetime | None


def look(name: str, url: str, now: datetime, since: date | None = None) -> Evidence:
    """The evidence of the entries that `start = since` would bring, of all where it is None.

    Raises SettingsError where the URL is none, and SourceError where no CRM answers there.
    """
    with closing(Database(name, url)) as database:
        _ = database.present  # raises where this is no CRM, and says so better than what follows
        floor = 0 if since is None else database.last_before(datetime.combine(since, time()))
        highest = database.highest()
        newest = _times(database, database.keys(floor, highest, _LOOKED_AT, newest_first=True))
        oldest = _times(database, database.keys(floor, highest, _LOOKED_AT))
        # One entry with a date of next year must not hide what the others tell.
        possible = [at for at in newest if at <= now.replace(tzinfo=None) + _FURTHEST_AHEAD]
        return Evidence(
            database.count(floor),
            max(possible or newest, default=None),
            min(oldest, default=None),
        )


def _times(database: Database, keys: Iterable[int]) -> list[datetime]:
    utc = ZoneInfo("UTC")  # in which a time stays what the CRM's clock showed
    rows = database.by(ENTRY, keys).values()
    times = (utc_time(row.entry_time, utc)[0] for row in rows)
    return [at.replace(tzinfo=None) for at in times if at is not None]
