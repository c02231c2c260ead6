"""Fakes: parts that behave as a test needs it."""

from feedserver.errors import SourceError
from feedserver.model.activity import Object
from feedserver.ports import Known, Poll


class LivingWorker:
    """A worker that works."""

    is_alive = True


class FailingSource:
    """A source that never answers."""

    needs_empty_log = False

    def __init__(self, name: str) -> None:
        self.name = name

    def poll(self, place: str | None, known: Known) -> Poll:
        raise SourceError(f"source {self.name}: no answer")

    def is_importing(self, place: str | None) -> bool:
        return False

    def object_at(self, type: str, number: str | None, key: str | None) -> Object | None:
        raise SourceError(f"source {self.name}: no answer")

    def entry(self, object_type: str, database_id: int, activity_objid: int) -> Poll:
        raise SourceError(f"source {self.name}: no answer")

    def sample(self, count: int) -> Poll:
        raise SourceError(f"source {self.name}: no answer")

    def close(self) -> None:
        pass
