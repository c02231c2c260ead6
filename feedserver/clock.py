"""The one clock: aware UTC."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the time now, aware and in UTC. Whatever needs the time is given one of these."""


def system_clock() -> datetime:
    """The machine's time, aware and in UTC."""
    return datetime.now(UTC)
