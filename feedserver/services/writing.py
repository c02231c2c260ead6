"""Writing: what somebody sends, posts or publishes on its way to the intake."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from feedserver.errors import Gone, Moved, NotFound, NotYet, SourceError
from feedserver.model.activity import Activity, Draft, Tombstone
from feedserver.ports import Log, Source
from feedserver.services.intake import Intake, Outcome, Verdict
from feedserver.services.polling import log_problems

T = TypeVar("T")

Expected = Callable[[Activity], bool]
"""Tells whether a version is the one that somebody means to change."""

_MOVED = (
    "The activity is not what your condition says; nothing was done. It may have changed since "
    "you read it: read it again, and send your change with the ETag that its .json, .atom or .as1 "
    "has then."
)


def anything(newest: Activity) -> bool:
    """Whatever there is, is expected."""
    return True


class Writing:
    """Takes what comes by a push; a source's own records, and what has no source."""

    def __init__(self, log: Log, intake: Intake, sources: Sequence[Source]) -> None:
        self._log = log
        self._intake = intake
        self._sources = {source.name: source for source in sources}
        self._imported: set[str] = set()

    def take(
        self, drafts: Sequence[Draft], source: str, names: Sequence[str] = ()
    ) -> tuple[Verdict, ...]:
        """Record what was sent under the name `source`; `names` and answers as `Intake.take`.

        Raises what `refuse_while_importing` does, and StoreError.
        """
        self.refuse_while_importing()
        return self._intake.take(drafts, names, source)

    def take_new(self, drafts: Sequence[Draft]) -> tuple[Activity | None, ...]:
        """Record what is new of what several have sent; answers as `Intake.take_new`.

        Raises as `take`, and then nothing was recorded.
        """
        self.refuse_while_importing()
        return self._intake.take_new(drafts)

    def publish(
        self, source: str, object_type: str, database_id: int, activity_objid: int
    ) -> Verdict:
        """Record one record of a source, as a business rule names it; RECORDED or KNOWN.

        What is known is not compared: it is the source's own. Raises NotFound for a source that
        is none, NotYet while one still imports its history, StoreError, and what `Source.entry`
        raises; SourceError also where the record could not become a draft.
        """
        if source not in self._sources:
            known = ", ".join(self._sources) or "none is set up"
            raise NotFound(f"No source is called {source}; known: {known}.")
        self.refuse_while_importing()
        poll = self._sources[source].entry(object_type, database_id, activity_objid)
        for problem in poll.failed:
            raise SourceError(
                f"source {source}: {problem.key} could not be recorded: {problem.text}"
            )
        (draft,) = poll.drafts
        (position,) = self._intake.record([draft])
        if position:
            log_problems(source, poll)
        return Verdict(draft.id, Outcome.RECORDED if position else Outcome.KNOWN)

    def change(
        self, id: str, draft: Draft, is_silent: bool = False, expected: Expected = anything
    ) -> tuple[Outcome, int]:
        """Record a new version of the activity with that id; CHANGED, or KNOWN where it says that.

        Gives the position of that version, too. `expected` tells whether the newest version is the
        one that was meant. Raises NotFound and Gone where there is nothing to change, Moved where
        it is not what was expected, NotYet as `refuse_while_importing`, and StoreError.
        """
        self.refuse_while_importing()
        return self._with_newest(
            id, expected, lambda newest: self._intake.change(newest, draft, is_silent)
        )

    def delete(self, id: str, expected: Expected = anything) -> None:
        """Put a tombstone in the place of the activity with that id; raises as `change`."""
        self.refuse_while_importing()
        self._with_newest(id, expected, lambda newest: self._log.replace(newest.position, None))

    def redact(self, ids: Sequence[str]) -> tuple[bool, ...]:
        """Take the content of those activities out of the log for good; whether it was still there.

        Raises NotFound where one is not recorded, and then nothing was done; NotYet as
        `refuse_while_importing`, and StoreError.
        """
        self.refuse_while_importing()
        known = self._log.known(ids)
        for id in ids:
            if id not in known:
                raise NotFound(f"No activity has the id {id}; nothing was redacted.")
        return tuple(position > 0 for position in self._log.redact(ids))

    def _with_newest(self, id: str, expected: Expected, do: Callable[[Activity], T]) -> T:
        """Do it with the newest version; where a newer one comes in between, with that."""
        while True:
            newest = self._newest(id)
            if not expected(newest):
                raise Moved(_MOVED)
            try:
                return do(newest)
            except Moved:
                continue

    def _newest(self, id: str) -> Activity:
        newest = self._log.find(id)
        if newest is None:
            raise NotFound(f"No activity has the id {id}. A new one is sent with POST /activities.")
        if isinstance(newest, Tombstone):
            raise Gone(f"{id} was deleted, and an id is never used again.")
        return newest

    def refuse_while_importing(self) -> None:
        """Raise NotYet while a source still imports its history.

        What is recorded in the middle of it would put today's date on all the rest. Raises
        SourceError where a source could not go on with it.
        """
        for name, source in self._sources.items():
            if name in self._imported:
                continue
            if source.is_importing(self._log.bookmark(f"source {name}")):
                raise NotYet(
                    f"The history of source {name} is still being read, and what is recorded in "
                    "the middle of it would put today's date on the rest. Try again when "
                    f"`feedserver pull {name} --once`, or /readyz, says that it is done."
                )
            self._imported.add(name)  # it never begins anew
