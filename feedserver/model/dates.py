"""The dates of an activity, and how they are given when it is recorded."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

MILLISECOND = timedelta(milliseconds=1)
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
IMPLAUSIBLE = timedelta(days=1)  # no clock runs ahead so far: such a date is not believed
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Dates:
    """When an activity was recorded, and its dates in feeds; all aware UTC.

    `published` and `updated` are unique in a log and grow with it. `second` is `updated` for
    formats that know whole seconds only (RSS), spread so that no two are equal as far as that
    needs no date in the future.
    """

    recorded: datetime
    published: datetime
    updated: datetime
    second: datetime


def first_dates(last: Dates | None, occurred: datetime | None, now: datetime) -> Dates:
    """The dates of a first version that is recorded now, after the one that has `last`.

    `last` holds the latest of each date given so far in the log, None in an empty one. Promised,
    whatever the clock and the source do: `recorded` never goes back, and is never that of another
    time of recording (a clock that was set back gives milliseconds more); `published` and `updated`
    grow strictly, by a millisecond while that does not pass the time now, else by a microsecond
    (JavaScript keeps milliseconds, and several readers skip an entry that is not later than the
    last they saw); neither passes the time now but by those microseconds. An entry without a
    date, or with one that is not believed, gets the next date (`activity.give_dates` decides
    which have none).
    """
    if not is_believed(occurred, now):
        occurred = None
    if last is None:
        published = now if occurred is None else min(occurred, now)
        return Dates(now, published, published, _whole(published))
    recorded = _recorded(last, now)
    published = _next(last.published, recorded)
    if occurred is not None:
        published = max(min(occurred, recorded), published)
    updated = max(published, _next(last.updated, recorded))
    return Dates(recorded, published, updated, _next_second(last.second, updated, recorded))


def changed_dates(last: Dates, replaced: Dates, now: datetime) -> Dates:
    """The dates of a version that replaces the one with `replaced`: an edit, or a deletion.

    `last` as for `first_dates`. `published` stays, `updated` is later than any before.
    """
    recorded = _recorded(last, now)
    updated = max(recorded, _next(last.updated, recorded))
    return Dates(
        recorded, replaced.published, updated, _next_second(last.second, updated, recorded)
    )


def silent_dates(last: Dates, replaced: Dates, now: datetime) -> Dates:
    """The dates of a silent version: those of the one it replaces, but for when it was recorded."""
    return replace(replaced, recorded=_recorded(last, now))


def latest(last: Dates | None, dates: Dates) -> Dates:
    """The latest of each date given so far in a log."""
    if last is None:
        return dates
    return Dates(
        max(last.recorded, dates.recorded),
        max(last.published, dates.published),
        max(last.updated, dates.updated),
        max(last.second, dates.second),
    )


def is_believed(occurred: datetime | None, now: datetime) -> bool:
    """Whether it is a date, and not so far ahead that no clock could have said it."""
    return occurred is not None and occurred - now <= IMPLAUSIBLE


def _recorded(last: Dates, now: datetime) -> datetime:
    # A millisecond, so that readers that have no finer dates go on while the clock catches up.
    return now if now >= last.recorded else last.recorded + MILLISECOND


def _next(last: datetime, now: datetime) -> datetime:
    return last + (MILLISECOND if last + MILLISECOND <= now else MICROSECOND)


def _next_second(last: datetime, updated: datetime, now: datetime) -> datetime:
    second = _whole(min(updated, now))  # microseconds may pass the end of a second
    if second > last:
        return second
    return last + SECOND if last + SECOND <= now else last


def _whole(date: datetime) -> datetime:
    return date.replace(microsecond=0)


def to_microseconds(date: datetime) -> int:
    """Microseconds since 1970-01-01T00:00:00Z, exact."""
    return (date - EPOCH) // MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The aware UTC date of `to_microseconds`, exact."""
    return EPOCH + timedelta(0, 0, microseconds)  # by name it takes twice as long


def rfc3339_exact(date: datetime) -> str:
    """The date as RFC 3339 with `Z` and always six digits, so that texts sort as dates do."""
    return date.isoformat(timespec="microseconds")[:26] + "Z"


def rfc3339(date: datetime) -> str:
    """The date as RFC 3339 with `Z` and as many digits as it needs: none, three or six."""
    if date.microsecond == 0:
        return date.isoformat(timespec="seconds")[:19] + "Z"
    if date.microsecond % 1000 == 0:
        return date.isoformat(timespec="milliseconds")[:23] + "Z"
    return rfc3339_exact(date)
