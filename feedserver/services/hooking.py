"""Hooking: what is delivered to a webhook is mapped and recorded, or kept until it can be."""

import logging
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING

from feedserver.clock import Clock
from feedserver.errors import MappingError, StoreError
from feedserver.mapping.records import Record
from feedserver.model.activity import Draft
from feedserver.ports import Admission, Keeping, KeptRecord, RecordStore
from feedserver.services.intake import Intake, Outcome, Verdict
from feedserver.services.writing import Writing

if TYPE_CHECKING:  # else imported where one is made: it takes long, and most commands need none
    from feedserver.mapping.rules import RecordMapping

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a record: the ids that were recorded of it, and those that were known.

    `reason` is why it could not be mapped and is kept, None where it was mapped; `is_new` tells
    that it was not kept before. Where no rule applies to it there are no ids, and no reason.
    """

    key: str
    recorded: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    reason: str | None = None
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class HookState:
    """How a webhook is doing; `received` is when something was delivered, in this process.

    `recorded` and `failed` count, since the process started, what was recorded, and records that
    could not be mapped. `failing` is why the last delivery could not be taken, None where it was.
    """

    name: str
    received: datetime | None = None
    recorded: int = 0
    failed: int = 0
    failing: str | None = None
    failing_since: datetime | None = None
    keeping: Keeping | None = None
    odd: int = 0

    @property
    def kept(self) -> int:
        """How many records are kept now."""
        return 0 if self.keeping is None else self.keeping.count

    def lag(self, now: datetime) -> float:
        """Seconds for which the oldest of what is kept has waited, 0 where nothing does."""
        if self.keeping is None:
            return 0.0
        return max(0.0, (now - self.keeping.oldest).total_seconds())


class Hooking:
    """Takes the records that are delivered to one webhook; any thread may."""

    def __init__(
        self,
        name: str,
        admission: Admission,
        mapping: "RecordMapping",
        intake: Intake,
        writing: Writing,
        records: RecordStore,
        clock: Clock,
    ) -> None:
        self.name = name
        self.admission = admission
        self._mapping = mapping
        self._intake = intake
        self._writing = writing
        self._records = records
        self._clock = clock
        self._state = HookState(name)
        self._lock = threading.Lock()
        self._may_be_kept = True  # something, as long as nobody has looked

    def state(self, keeping: Keeping | None) -> HookState:
        """How it is doing, with what of it is kept as `RecordStore.standing` tells."""
        return replace(self._state, keeping=keeping)

    def take(self, records: Sequence[Record]) -> tuple[Taken, ...]:
        """Record what the mapping makes of the records, and keep those that cannot be mapped.

        On return all is on disk. All drafts are recorded together: where that fails nothing of
        them is, and the same delivery may come again. Raises NotYet while a source imports its
        history, and StoreError.
        """
        try:
            self._writing.refuse_while_importing()
            taken = self._take(records)
        except StoreError as error:
            self._note(failing=str(error))
            raise
        for each in taken:
            if each.reason is not None and each.is_new:
                logger.warning("source %s, %s is kept: %s", self.name, each.key, each.reason)
        self._note(
            recorded=sum(len(each.recorded) for each in taken),
            failed=sum(each.reason is not None for each in taken),
        )
        return taken

    def retry(self, key: str | None = None) -> Iterator[Taken]:
        """Map what is kept again, or the one with that key, and keep no more what could be.

        Each is on disk when it is given. Raises as `take`.
        """
        keys = self._records.keys(self.name) if key is None else (key,)
        for kept in chain.from_iterable(self._records.find(self.name, each) for each in keys):
            self._writing.refuse_while_importing()
            yield from self._take([_record(kept)], kept.received)

    def _take(
        self, records: Sequence[Record], received: datetime | None = None
    ) -> tuple[Taken, ...]:
        """As `take`; what says no time of its own happened when it was received, or now."""
        made = [self._mapped(record) for record in records]
        refused = [
            self._kept(record, drafts)
            for record, drafts in zip(records, made, strict=True)
            if isinstance(drafts, str)
        ]
        # What cannot be mapped first: if the rest cannot be recorded then, all comes again.
        are_new = iter(self._keep(refused))
        drafts = [draft for each in made if not isinstance(each, str) for draft in each]
        verdicts = iter(self._intake.take_made(drafts, received) if drafts else ())
        taken = []
        for record, each in zip(records, made, strict=True):
            if isinstance(each, str):
                taken.append(Taken(record.key, reason=each, is_new=next(are_new)))
            else:
                taken.append(self._taken(record, list(islice(verdicts, len(each)))))
        self._drop([each.key for each in taken if each.reason is None])
        return tuple(taken)

    def _taken(self, record: Record, verdicts: Sequence[Verdict]) -> Taken:
        """What became of a record that was mapped; it is kept where an id of it is taken already.

        An id that is made of the record's key is that of the same delivery, however it was mapped
        then. One of the mapping's own that stands for something else would lose what comes now.
        """
        recorded = tuple(each.id for each in verdicts if each.outcome is Outcome.RECORDED)
        others = [each for each in verdicts if each.id not in recorded]
        foreign = [
            each.id
            for each in others
            if each.outcome is Outcome.CONFLICT and not self._mapping.is_of_key(each.id, record)
        ]
        known = tuple(dict.fromkeys(each.id for each in others if each.id not in foreign))
        if not foreign:
            return Taken(record.key, recorded, known)
        reason = (
            f"mapping.id: {foreign[0]} is recorded with other content. Let `id` name what "
            "happened, not the thing that it happened to, or leave it out."
        )
        (is_new,) = self._keep([self._kept(record, reason)])
        return Taken(record.key, recorded, known, reason, is_new)

    def _mapped(self, record: Record) -> tuple[Draft, ...] | str:
        """What the mapping makes of the record, or why it makes nothing."""
        try:
            return self._mapping.drafts(record)
        except MappingError as error:
            return str(error)
        except Exception as error:
            # Who has sent it may not send it again: it is kept, whatever is wrong.
            logger.exception("source %s, %s could not be mapped", self.name, record.key)
            return f"It could not be mapped: {type(error).__name__}."

    def _kept(self, record: Record, reason: str) -> KeptRecord:
        return KeptRecord(
            self.name, record.key, record.received, record.headers, record.value, reason
        )

    def _keep(self, refused: Sequence[KeptRecord]) -> tuple[bool, ...]:
        if not refused:
            return ()
        self._may_be_kept = True
        return self._records.keep(refused)

    def _drop(self, keys: Sequence[str]) -> None:
        """Keep no more what was kept until now, and could be mapped this time."""
        if not keys or not self._may_be_kept:
            return
        self._records.drop(self.name, keys)
        # What another process keeps meanwhile is dropped when it is tried again.
        self._may_be_kept = self.name in self._records.standing()

    def _note(self, recorded: int = 0, failed: int = 0, failing: str | None = None) -> None:
        now = self._clock()
        with self._lock:
            state = self._state
            self._state = replace(
                state,
                received=now,
                recorded=state.recorded + recorded,
                failed=state.failed + failed,
                failing=failing,
                failing_since=None if failing is None else state.failing_since or now,
            )


def states(hooks: Collection[Hooking], records: RecordStore) -> tuple[HookState, ...]:
    """How those webhooks are doing, in their order. Raises StoreError."""
    standing = records.standing() if hooks else {}
    return tuple(hook.state(standing.get(hook.name)) for hook in hooks)


def _record(kept: KeptRecord) -> Record:
    return Record(kept.key, kept.value, kept.headers, kept.received)
