"""How the log's followers in this process do, those that nobody would ask."""

from collections.abc import Mapping

SNAPSHOTS = "snapshots"
"""Saves what the index holds for the next start."""

WAITING = "waiting"
"""Wakes who waits for news."""


class Followers:
    """Why each of them fails at the moment, None where it does not; any thread may tell and ask."""

    def __init__(self) -> None:
        self._failing: dict[str, str | None] = {SNAPSHOTS: None, WAITING: None}

    def failed(self, name: str, error: Exception) -> None:
        """It has failed, and goes on trying."""
        self._failing[name] = str(error) or type(error).__name__

    def went_on(self, name: str) -> None:
        """It works."""
        self._failing[name] = None

    @property
    def failing(self) -> Mapping[str, str | None]:
        """By name, why it fails."""
        return dict(self._failing)
