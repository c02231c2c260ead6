"""Rules for dates: RFC 3339, and the W3C's profile of ISO 8601."""

import re
from datetime import UTC, datetime, timedelta

from feedserver.validity.days import is_possible
from feedserver.validity.elements import Context, Element
from feedserver.validity.structure import check_whitespace, leaf

_TIME = r"T(\d\d):(\d\d)(?::(\d\d(?:\.\d*)?))"
_ZONE = r"(?:Z|[+-]\d\d:\d\d)"
_RFC3339 = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d){_TIME}{_ZONE}", re.ASCII)
_W3CDTF = re.compile(rf"(\d{{4}})(?:-(\d\d)(?:-(\d\d)(?:{_TIME}?{_ZONE})?)?)?", re.ASCII)


def tomorrow_of(now: datetime) -> str:
    """The latest date that is believed at that moment, as text."""
    return f"{now.astimezone(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"


def is_timestamp(value: str) -> bool:
    """Whether the value is a date of RFC 3339."""
    match = _RFC3339.fullmatch(value)
    return match is not None and is_possible(*match.groups())


def is_plausible(value: str, tomorrow: str) -> bool:
    """Whether the date is one that somebody may believe."""
    # The validator compares the bare strings, whatever their zones.
    return "1990-01-01" <= value <= tomorrow


def _check_date(context: Context, element: Element, form: re.Pattern[str], invalid: str) -> None:
    leaf(context, element)
    value = element.text.strip()
    match = form.fullmatch(value)
    if match is None or not is_possible(*match.groups()):
        context.add(invalid, element, value)
    elif not is_plausible(value, context.tomorrow):
        context.add("ImplausibleDate", element, value)


def timestamp(context: Context, element: Element) -> None:
    """A date as Atom has it (RFC 4287, section 3.3)."""
    _check_date(context, element, _RFC3339, "InvalidRFC3339Date")
    check_whitespace(context, element)


def w3c_date(context: Context, element: Element) -> None:
    """A date in the W3C's profile of ISO 8601."""
    _check_date(context, element, _W3CDTF, "InvalidW3CDTFDate")


def plain_date(context: Context, element: Element) -> None:
    """A date of which only the form is looked at."""
    leaf(context, element)
    if not _W3CDTF.fullmatch(element.text.strip()):
        context.add("InvalidISO8601DateTime", element, element.text.strip())
