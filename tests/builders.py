"""Builders: valid data of which a test names only what matters to it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from feedserver.model.activity import Activity, Draft, Object, Product, Version

NOON = datetime(2026, 5, 8, 12, 0, tzinfo=UTC)
"""The time at which tests begin."""

AUTHORITY = "example.com,2026"
"""The authority of logs and ids in tests."""

_numbers = count(1)


def make_draft(**overrides: Any) -> Draft:
    """A draft with everything in it, its id unique unless it is given."""
    number = next(_numbers)
    draft = Draft(
        id=f"tag:{AUTHORITY}:crm:act-entry/{number}",
        source="crm",
        actor=Object("person", f"tag:{AUTHORITY}:crm/user/1", "Ann Example", login="ann"),
        verb="log",
        object=Object(
            "case",
            f"tag:{AUTHORITY}:crm/case/1",
            "Printer on fire",
            "1234",
            "http://crm.example/cases/1234",
        ),
        title=f"Ann Example logged a note on case 1234 ({number})",
        occurred=NOON - timedelta(minutes=1),
        target=Object("queue", f"tag:{AUTHORITY}:crm/queue/1", "Support"),
        queues=("Support",),
        products=(Product("Printer 9000", "B"),),
        tags=("vip",),
        customer=Object("organization", f"tag:{AUTHORITY}:crm/site/1", "Example Works", "S-77"),
        content="<p>It burns.</p>",
        code="1700",
        code_name="Phone Log",
    )
    return replace(draft, **overrides)


def object_of(draft: Draft) -> Object:
    """The object of a draft that has one."""
    assert draft.object is not None
    return draft.object


def activities(versions: Iterable[Version]) -> list[Activity]:
    """The versions, none of which is a tombstone."""
    found = []
    for version in versions:
        assert isinstance(version, Activity)
        found.append(version)
    return found


class FakeClock:
    """A clock that stands still until it is moved, forth or back."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass; a negative number sets the clock back."""
        self.now += timedelta(seconds=seconds)
