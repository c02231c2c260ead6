"""An exchange: what is sent is parsed and recorded, and served again in any format."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from feedserver.formats import FORMATS
from feedserver.model.activity import Activity, Draft
from feedserver.model.query import parse_query
from feedserver.parsers.documents import Parser
from feedserver.parsers.items import Document
from feedserver.parsers.strict import parse_json
from feedserver.ports import Format
from feedserver.services.indexing import FacetIndex
from feedserver.services.intake import Intake, Outcome, Verdict
from feedserver.services.reading import Reading, represent
from feedserver.settings import Limits
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock
from tests.formats.conftest import BASE, page_of

SENDER = "sender"
DIALECTS = ("as1", "as2")
EXTENSIONS = {"as1": "as1", "as2": "json", "atom": "atom"}
WRITTEN: dict[str, Format] = {name: FORMATS[EXTENSIONS[name]]() for name in EXTENSIONS}


class Exchange:
    """A log of its own, with everything that is between it and those who send and read."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._log = MemoryLog(AUTHORITY, self.clock)
        self.intake = Intake(self._log)
        self._parser = Parser(AUTHORITY, Limits())
        self._reading = Reading(self._log, FacetIndex(self._log), BASE, "feedserver")

    def parsed(self, document: Any, dialect: str | None) -> Document:
        """What the JSON value, or its bytes, says."""
        value = parse_json(document.decode()) if isinstance(document, bytes) else document
        return self._parser.document(value, dialect)

    def drafts(self, document: Any, dialect: str | None) -> list[Draft]:
        """The drafts of a document in which nothing is wrong."""
        found = self.parsed(document, dialect)
        assert [item.faults for item in found.items if item.faults] == []
        return [item.draft for item in found.items if item.draft is not None]

    def send(self, document: Any, dialect: str | None) -> tuple[Verdict, ...]:
        """Record the document; what has no id gets one by its place."""
        drafts = [replace(draft, source=SENDER) for draft in self.drafts(document, dialect)]
        return self.intake.take(drafts, [f"sent-{index}" for index in range(len(drafts))])

    def outcomes(self, document: Any, dialect: str | None) -> list[Outcome]:
        """What becomes of the document's activities."""
        return [verdict.outcome for verdict in self.send(document, dialect)]

    def page(self, written: str, query: Sequence[tuple[str, str]] = ()) -> bytes:
        """The feed of everything."""
        format = WRITTEN[written]
        return format.render(page_of(self._reading, format, parse_query(query)))

    def alone(self, id: str, written: str) -> bytes:
        """The activity's own document."""
        format, activity = WRITTEN[written], self._reading.activity(id)
        assert isinstance(activity, Activity)
        page = self._reading.page(self._reading.activity_view(activity, represent(format)))
        return format.render_activity(activity, page)

    def only(self, written: str) -> Any:
        """The document of the one activity that there is, as a JSON value."""
        (activity,) = self._log.read(0)
        return json.loads(self.alone(activity.id, written))


def draft_of(document: Any, dialect: str) -> Draft:
    """The draft of the one activity of a document."""
    (draft,) = Exchange().drafts(document, dialect)
    return draft
