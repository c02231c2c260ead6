"""Receiving: what somebody sends in documents or lines, each activity with what became of it."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from feedserver.errors import Fault, InvalidActivity, InvalidRequest
from feedserver.model.activity import Activity, Draft
from feedserver.parsers.documents import Decode, Parser
from feedserver.parsers.items import Document, Item
from feedserver.parsers.strict import decode
from feedserver.services.intake import Outcome, Verdict
from feedserver.services.writing import Writing

logger = logging.getLogger(__name__)

BATCH = 500  # activities that are committed together
BATCH_BYTES = 4 * 1024 * 1024  # of lines that are held until they are
_OUR_FAULT = "cannot be read here, and that is our fault. Tell your administrator."

Complete = Callable[[Draft], Draft]
"""Adds to a draft what is said of it beside its document."""

_BLANK = b" \t\r\xef\xbb\xbf"  # a byte order mark is all that some empty files hold

_STATUS = {
    Outcome.RECORDED: 201,
    Outcome.KNOWN: 200,
    Outcome.CONFLICT: 409,
    Outcome.FOREIGN: 422,
    Outcome.GONE: 410,
}
_REFUSALS = {
    Outcome.CONFLICT: (
        "is recorded with other content. An id stands for one activity; nothing was changed. Send "
        "another id, or none. Who means to change the activity sends it with PUT."
    ),
    Outcome.GONE: "was deleted, and an id is never used again. Send another id, or none.",
    Outcome.FOREIGN: (
        "begins as the ids of this server do, and it has given no such id. Send one of your own "
        "(urn:uuid:…), or none."
    ),
}
_SILENT = "is for a new version of what is recorded already. Leave it out, or send it with PUT."
_TOO_LONG = "is longer than a line may be (`max_body`; in a file 64 MiB). Send one activity a line."


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one activity that was sent.

    `place` is its line, or its place in a collection, counted from 1. `status` is that of the
    same by HTTP, `outcome` a word: an `Outcome`, or "invalid". `faults` are why it was refused.
    """

    place: int
    status: int
    outcome: str
    id: str | None = None
    faults: tuple[Fault, ...] = ()
    activity: Activity | None = field(default=None, compare=False)
    """What was recorded of it just now."""

    @property
    def is_refused(self) -> bool:
        """Whether it is not in the log as it was sent."""
        return self.status >= 400


class Receiving:
    """Parses what is sent by one sender and has it recorded under the name `source`.

    With `by_content` an activity without id is told by what it says: the same one sent again,
    by a sender that was killed, is known. `complete` is told each draft before it is recorded.
    """

    def __init__(
        self,
        parser: Parser,
        writing: Writing,
        source: str,
        by_content: bool = False,
        decode: Decode = decode,
        complete: Complete = lambda draft: draft,
    ) -> None:
        self._parser = parser
        self._writing = writing
        self._source = source
        self._counts: Counter[int] | None = Counter() if by_content else None
        self._decode = decode
        self._complete = complete

    def document(self, document: Document) -> tuple[Answer, ...]:
        """Record the activities of the document. Raises NotYet and StoreError."""
        return tuple(chain.from_iterable(self._recorded(_placed(document))))

    def whole(
        self, body: bytes, charset: str | None = None, dialect: str | None = None
    ) -> Iterator[tuple[Answer, ...]]:
        """Record the activities of a document as bytes; answers as `lines`, places in it.

        Raises InvalidRequest and InvalidActivity, at once, for what is no document.
        """
        return self._recorded(_placed(self._parsed(body, charset, dialect)))

    def lines(
        self,
        lines: Iterable[bytes | None],
        charset: str | None = None,
        dialect: str | None = None,
        with_collections: bool = False,
    ) -> Iterator[tuple[Answer, ...]]:
        """Record one activity a line, several lines at a time, each answer when it is on disk.

        None is a line that was too long; empty lines do not count. `with_collections` a line may
        hold several. Raises NotYet and StoreError, and what `lines` raises when all before is on
        disk.
        """
        sent = (
            each
            for number, line in enumerate(lines, 1)
            if line is None or line.strip(_BLANK)
            for each in self._line(number, line, charset, dialect, with_collections)
        )
        return self._recorded(sent)

    def _parsed(self, body: bytes, charset: str | None, dialect: str | None) -> Document:
        return self._parser.read(body, charset, dialect, self._decode)

    def _line(
        self,
        number: int,
        line: bytes | None,
        charset: str | None,
        dialect: str | None,
        with_collections: bool,
    ) -> Iterable["_Sent"]:
        if line is None:
            return [_wrong(number, 413, [Fault("", _TOO_LONG)])]
        try:
            document = self._parsed(line, charset, dialect)
        except InvalidActivity as error:
            return [_wrong(number, 422, error.faults)]
        except InvalidRequest as error:
            return [_wrong(number, 400, [Fault("", fault) for fault in error.faults])]
        except Exception:
            logger.exception("line %d of what was sent cannot be read", number)
            return [_wrong(number, 500, [Fault("", _OUR_FAULT)])]
        if document.is_collection and not with_collections:
            return [_wrong(number, 422, [Fault("", "is a collection. Send one activity a line.")])]
        # The line is in memory for all that a collection holds; its first one counts its bytes.
        return [
            _Sent(number, _loud(item), 0 if index else len(line))
            for index, item in enumerate(document.items)
        ]

    def _recorded(self, sent: Iterable["_Sent"]) -> Iterator[tuple[Answer, ...]]:
        """Record what was sent in batches of bounded number and size."""
        batch: list[_Sent] = []
        size = 0
        try:
            for each in sent:
                batch.append(each)
                size += each.size
                if len(batch) >= BATCH or size > BATCH_BYTES:
                    yield self._taken(batch)
                    batch, size = [], 0
        except (OSError, UnicodeDecodeError):  # of a stream that breaks off
            if batch:
                yield self._taken(batch)
            raise
        if batch:
            yield self._taken(batch)

    def _taken(self, batch: Sequence["_Sent"]) -> tuple[Answer, ...]:
        taken = [sent.item for sent in batch if sent.item.draft is not None]
        drafts = [self._complete(item.draft) for item in taken if item.draft is not None]
        names = [] if self._counts is None else [self._name(item) for item in taken]
        verdicts = iter(self._writing.take(drafts, self._source, names))
        return tuple(
            Answer(sent.place, sent.status, "invalid", None, sent.item.faults)
            if sent.item.draft is None
            else _answer(sent, next(verdicts))
            for sent in batch
        )

    def _name(self, item: Item) -> str:
        """A name for what it says, and how often that was said before; empty where it has an id."""
        if self._counts is None or item.draft is None or item.draft.id:
            return ""
        told = json.dumps(item.value, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(told).digest()[:16]
        # A file may hold millions: seven bytes of each are remembered. Where two share them the
        # second gets a number that it did not need, and the same one each time.
        key = int.from_bytes(digest[:7])
        self._counts[key] += 1
        count = self._counts[key]
        return digest.hex() if count == 1 else f"{digest.hex()}-{count}"


@dataclass(frozen=True, slots=True)
class _Sent:
    """An activity of a document or line at its place; `status` is for where it is wrong.

    `size` is how many bytes of lines it adds to those that are held.
    """

    place: int
    item: Item
    size: int = 0
    status: int = 422


def _placed(document: Document) -> Iterator[_Sent]:
    return (_Sent(place, _loud(item)) for place, item in enumerate(document.items, 1))


def _loud(item: Item) -> Item:
    """The item, refused where it is silent: only a version that replaces another can be."""
    if not item.is_silent:
        return item
    fault = Fault(f"{item.pointer}/silent", _SILENT)
    return replace(item, draft=None, faults=(*item.faults, fault))


def _wrong(place: int, status: int, faults: Sequence[Fault]) -> _Sent:
    return _Sent(place, Item(None, None, tuple(faults)), status=status)


def _answer(sent: _Sent, verdict: Verdict) -> Answer:
    refusal = _REFUSALS.get(verdict.outcome)
    pointer = f"{sent.item.pointer}/id"
    faults = () if refusal is None else (Fault(pointer, f"{verdict.id} {refusal}"),)
    status, outcome = _STATUS[verdict.outcome], verdict.outcome.value
    return Answer(sent.place, status, outcome, verdict.id, faults, verdict.activity)
