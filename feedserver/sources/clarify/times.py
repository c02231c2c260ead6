"""The CRM's dates: local time without a zone, and a null date."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_NULL_YEAR = 1753  # Clarify writes 1753-01-01 where there is no date


def utc_time(value: object, zone: ZoneInfo) -> tuple[datetime | None, str | None]:
    """The UTC time of a date as the database gives it, and what was odd about it.

    None for the null date and for what is no date. Of a time that the zone had twice, the first;
    one that it skipped is moved on by what was skipped.
    """
    if value is None:
        return None, "entry_time is empty"
    return _utc_time(value if isinstance(value, datetime) else str(value), zone)


@lru_cache(maxsize=1000)  # most entries share their second with the one before
def _utc_time(value: datetime | str, zone: ZoneInfo) -> tuple[datetime | None, str | None]:
    try:
        local = value if isinstance(value, datetime) else datetime.fromisoformat(value.strip())
        if local.year <= _NULL_YEAR:
            return None, "entry_time is the null date"
        if local.tzinfo is not None:
            return local.astimezone(UTC), None
        first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        moment = first.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, f"entry_time is no date: {str(value)[:40]!r}"
    odd = None
    if first.utcoffset() != second.utcoffset():
        skipped = (first.utcoffset() or timedelta()) < (second.utcoffset() or timedelta())
        which = (
            "that the zone skipped" if skipped else "that the zone had twice; the first is taken"
        )
        odd = f"entry_time {local:%Y-%m-%d %H:%M:%S} is one {which}"
    return moment, odd
