"""What tests read from a log."""

from feedserver.model.activity import Activity, Draft, Version
from feedserver.ports import Log
from tests.builders import activities


def as_activity(version: Version | None) -> Activity:
    """The version, which is there and no tombstone."""
    assert isinstance(version, Activity)
    return version


def drafts_in(log: Log, after: int = 0) -> list[Draft]:
    """The drafts behind that position, in order, of a log in which nothing was deleted."""
    return [activity.draft for activity in activities(log.read(after))]
