"""In which time zone a clock may be, told from what it shows."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OLDEST = timedelta(minutes=10)  # age up to which an entry of a busy log is the newest
AHEAD = timedelta(minutes=5)  # by which clocks that nobody sets right may differ

KNOWN = tuple(
    """
    America/Chicago America/New_York America/Denver America/Los_Angeles America/Phoenix
    UTC Europe/London Europe/Berlin Europe/Athens Europe/Istanbul Europe/Moscow
    Asia/Kolkata Asia/Shanghai Asia/Singapore Asia/Tokyo Australia/Sydney Australia/Brisbane
    America/Toronto America/Halifax America/St_Johns America/Anchorage Pacific/Honolulu
    America/Mexico_City America/Bogota America/Caracas America/Santiago America/Sao_Paulo
    America/Argentina/Buenos_Aires America/Nuuk America/Noronha Atlantic/Azores
    Atlantic/Cape_Verde Europe/Lisbon Europe/Madrid Europe/Paris Africa/Lagos Africa/Cairo
    Africa/Johannesburg Africa/Nairobi Asia/Jerusalem Asia/Riyadh Asia/Tehran Asia/Dubai
    Asia/Kabul Asia/Karachi Asia/Tashkent Asia/Kathmandu Asia/Dhaka Asia/Almaty Asia/Yangon
    Asia/Bangkok Asia/Jakarta Asia/Hong_Kong Asia/Manila Asia/Seoul Australia/Perth
    Australia/Eucla Australia/Darwin Australia/Adelaide Australia/Lord_Howe Pacific/Guam
    Pacific/Noumea Pacific/Norfolk Pacific/Auckland Pacific/Fiji Pacific/Chatham
    Pacific/Tongatapu Pacific/Apia Pacific/Kiritimati Pacific/Marquesas Pacific/Gambier
    Pacific/Pago_Pago Etc/GMT+12
    """.split()
)
"""Zones in which business is done, and one at least for each time that there is on earth."""


def zones_of(shown: datetime, now: datetime, machine: str | None = None) -> tuple[str, ...]:
    """The zones in which a clock that showed this, without a zone, did so just now.

    That of this machine is the first, then the well-known ones. There are none where it was
    longer ago.
    """
    names = KNOWN if machine is None else (machine, *KNOWN)
    return tuple(name for name in dict.fromkeys(names) if _is_fresh(age_in(name, shown, now)))


def age_in(name: str, shown: datetime, now: datetime) -> timedelta | None:
    """How long ago a clock in that zone showed this, the last time that it did.

    Negative where it will yet; None where it never does, or there is no such zone.
    """
    try:
        zone = ZoneInfo(name)
        moments = [shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        real = [now - at for at in moments if at.astimezone(zone).replace(tzinfo=None) == shown]
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return None
    # Of an hour that came twice, the one that is nearer to now.
    return min(real, key=abs, default=None)


def evidence_of_zone(shown: datetime | None, now: datetime, zones: tuple[str, ...]) -> str:
    """What the newest time in a log says of its clock, where `zones` are those that it fits."""
    if shown is None:
        return "No entry has a time yet, so nothing tells in which zone its clock is."
    local_now = now.replace(tzinfo=None)
    if zones:
        behind = local_now - shown - (age_in(zones[0], shown, now) or timedelta())
        told = f"{_span(behind)} {'behind' if behind > timedelta() else 'ahead of'}"
        return (
            f"Its newest entry is {told if behind else 'level with'} the clock here (UTC): "
            f"the CRM's clock may be {zones[0]}."
        )
    if shown - local_now > timedelta(hours=14) + AHEAD:
        return "Its newest entry lies in the future everywhere, and so tells nothing of its zone."
    return f"Its newest entry, of {shown:%Y-%m-%d %H:%M}, is too old to tell in which zone it is."


def aged(age: timedelta) -> str:
    """An age in words: "6 h old", "5 min in the future"."""
    return f"{_span(age)} {'old' if age >= timedelta() else 'in the future'}"


def _span(length: timedelta) -> str:
    minutes = round(abs(length) / timedelta(minutes=1))
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "less than 1 min"


def _is_fresh(age: timedelta | None) -> bool:
    return age is not None and -AHEAD <= age <= OLDEST
