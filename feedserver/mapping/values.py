"""Values of records as people write them: texts, dates and names."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedserver.model.dates import EPOCH, MILLISECOND, SECOND
from feedserver.model.text import shorten

LIST = (list, tuple)
"""The types of lists."""

_NUMBER = re.compile(r"-?\d{9,}(?:\.\d+)?", re.ASCII)  # eight digits may be a day
_LEAP_SECOND = re.compile(r"(\d\d:\d\d):60")
_LEAST_MILLISECONDS = 1e11  # as seconds that is the year 5138, as milliseconds 1973
_YEARS = range(1000, 9999)  # what every zone can tell, and every format


class Unfit(ValueError):
    """The value cannot be what it is to be; the message says what it is and what would be right."""


def text_of(value: Any) -> str:
    """The value as people write it: 1234 and not 1234.0, true and not True, dates as RFC 3339.

    Raises Unfit for null, a list and an object, which are no text.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if value is None:
        raise Unfit("it is null, which is no text; write | default('') where it may be missing")
    raise Unfit(f"it is {kind_of(value)}, which is no text{_HINTS.get(type(value), '')}")


_HINTS: Mapping[type, str] = {
    list: "; name an element, or write | join(', ')",
    tuple: "; name an element, or write | join(', ')",
    dict: "; name a member of it",
}


def kind_of(value: Any) -> str:
    """What kind of value it is, in words: "a text", "an object"."""
    if value is None:
        return "null"
    names: dict[type, str] = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        tuple: "a list",
        dict: "an object",
        datetime: "a date",
    }
    return names.get(type(value), "no value")


def date_of(value: Any, zone: str | None = None, format: str | None = None) -> datetime:
    """The date in UTC: of a text (RFC 3339, ISO 8601), or of seconds or milliseconds since 1970.

    `zone` is that of a text which names none ("Europe/Berlin"), `format` how it is written where
    it is not ISO 8601 (as `strptime` reads it). Raises Unfit where it is no date of the years
    1000 to 9998, or has no zone.
    """
    try:
        date = _read(value, format)
        if date.tzinfo is None:
            date = date.replace(tzinfo=_zone(zone, value))
        date = date.astimezone(UTC)
    except (OverflowError, TypeError):
        raise _no_date(value) from None
    if date.year not in _YEARS:
        raise _no_date(value)
    return date


def _zone(name: str | None, value: Any) -> ZoneInfo:
    if name is None:
        raise Unfit(
            f"{_told(value)} is a date without a zone; write | date('UTC'), or the zone of the "
            "clock that wrote it"
        )
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise Unfit(f"there is no zone {name!r}; write a name such as Europe/Berlin") from None


def _read(value: Any, format: str | None) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        text = value.strip()
        try:
            if format is not None:
                return datetime.strptime(text, format)  # noqa: DTZ007 - the caller adds the zone
            if not _NUMBER.fullmatch(text):
                return datetime.fromisoformat(_LEAP_SECOND.sub(r"\1:59", text))
            value = float(text)
        except (ValueError, re.error):  # re.error: a format that says something twice
            raise _no_date(value, format) from None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise _no_date(value)
    return EPOCH + value * (MILLISECOND if abs(value) >= _LEAST_MILLISECONDS else SECOND)


def _no_date(value: Any, format: str | None = None) -> Unfit:
    right = f"a date as {format}" if format else "such as 2026-11-19T14:05:00Z or 1795097100"
    return Unfit(f"{_told(value)} is no date; it must be {right}")


def _told(value: Any) -> str:
    if isinstance(value, str):
        return repr(shorten(value, 40))
    return text_of(value) if isinstance(value, int | float) else kind_of(value)


def names_of(value: Any) -> list[str]:
    """The names in a value that is one or a list of them; nulls and empty ones are left out.

    Raises Unfit for a list in a list, and an object.
    """
    several: Sequence[Any] = value if isinstance(value, LIST) else (value,)
    texts = [text_of(each).strip() for each in several if each is not None]
    return [text for text in texts if text]
