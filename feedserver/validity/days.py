"""Which days and times there are."""

from datetime import date


def is_possible(
    year: str,
    month: str | None,
    day: str | None,
    hour: str | None,
    minute: str | None,
    second: str | None,
) -> bool:
    """Whether there is such a day, and such a time."""
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    return int(hour or 0) <= 23 and int(minute or 0) <= 60 and float(second or 0) <= 60
