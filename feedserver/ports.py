"""The ports between the layers: Protocols and the data that passes through them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from feedserver.model.activity import Activity, Draft, Object, Version
from feedserver.model.feed import Page, Removal
from feedserver.model.grant import Grant
from feedserver.model.search import Word


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a source has been read: its name, and a place that only it understands.

    `found` is the place where the bookmark was found, None where there was none: one that another
    process has moved meanwhile stays where that put it.
    """

    name: str
    place: str
    found: str | None = None


class Log(Protocol):
    """The log of activities. Commit order is position order; nothing that is read changes."""

    epoch: str
    """Eight characters that name this log; another log has others."""

    authority: str
    """The dated authority of all ids that were made in this log."""

    created: datetime
    """When the log was made."""

    def append(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        """Record the drafts whose ids are not known, in order, and the bookmark with them.

        All or nothing; on return it is on disk. Gives a number for each draft: its new position,
        or 0 where the id was known, which changes nothing. An id that stands twice among the
        drafts is recorded once. Raises StoreError.
        """
        ...

    def appended(
        self, drafts: Sequence[Draft], bookmark: Bookmark | None = None
    ) -> tuple[Activity | None, ...]:
        """As `append`; gives what was recorded of each draft, None where the id was known."""
        ...

    def replace(self, position: int, draft: Draft | None, is_silent: bool = False) -> int:
        """Append the version that replaces the one at `position`, a tombstone where it is None.

        The draft has the id of what it replaces. Gives the new position; on return it is on disk.
        Raises Moved where what stands at `position` is not the newest version of an activity that
        is not deleted, and StoreError.
        """
        ...

    def redact(self, ids: Sequence[str]) -> tuple[int, ...]:
        """Erase the content of every version of those ids, and append a tombstone for each.

        All or nothing. Gives a position for each id, 0 where it is not recorded or was redacted
        before. Raises StoreError.
        """
        ...

    def head(self) -> int:
        """The position of the newest version that is committed, 0 in an empty log."""
        ...

    def newest(self) -> tuple[int, bytes]:
        """That position and the check of that version (`model.cursor`), empty in an empty log."""
        ...

    def read(self, after: int, limit: int | None = None) -> Iterator[Version]:
        """The versions behind position `after`, in order, at most `limit` of them."""
        ...

    def at(self, positions: Sequence[int]) -> tuple[Version, ...]:
        """The versions at those positions, in the order asked; left out where there is none."""
        ...

    def find(self, id: str) -> Version | None:
        """The newest version of the activity with that id."""
        ...

    def known(self, ids: Sequence[str]) -> Collection[str]:
        """Those of the ids that are recorded, also if they were deleted since."""
        ...

    def versions(self, ids: Sequence[str]) -> Mapping[str, tuple[Version, Version]]:
        """The first and the newest version of each of the ids that are recorded."""
        ...

    def search(self, words: Sequence[Word], after: int = 0) -> Iterable[int]:
        """The positions behind `after` at which all of the words occur, in order.

        They occur in the title or in the text of the content. What was erased is not found. There
        is at least one word. Raises StoreError.
        """
        ...

    def bookmark(self, name: str) -> str | None:
        """The place of the bookmark of that name, None where there is none."""
        ...

    def changes(self) -> int:
        """A number that differs whenever anything was committed to the store since it was asked.

        By whichever process; it may differ where nothing was. It takes a few microseconds. Raises
        StoreError.
        """
        ...

    def close(self) -> None:
        """Give back what the store holds open."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the index held of a segment of a log, to be ready sooner at the next start.

    The segment begins after the version at position `before` and ends with the one at `position`,
    whose check is `check`; `epoch` is that of the log. Only the index understands the content,
    which is None where it was damaged.
    """

    number: int
    epoch: str
    before: int
    position: int
    check: bytes
    content: bytes | None


class SnapshotStore(Protocol):
    """Where snapshots of the index are kept; what is redacted takes those with it that hold it."""

    def following(self, epoch: str, before: int) -> Snapshot | None:
        """The snapshot of that log which begins after position `before`; None where it is not
        there, or was saved by a program that writes others. Raises StoreError.
        """
        ...

    def positions(self, epoch: str) -> Mapping[int, int]:
        """By its number, the position at which each snapshot of that log ends."""
        ...

    def save(self, snapshot: Snapshot, head: int, is_sure: bool = False) -> bool:
        """Keep the snapshot, made when the index stood at position `head`; whether it was kept.

        It is not where one that is as new is there already, unless `is_sure` says that that is of
        no use, nor where anything was redacted since. Raises StoreError.
        """
        ...


class GrantStore(Protocol):
    """Where grants are kept, each under a label that no other one in force has."""

    def add(self, grant: Grant) -> None:
        """Keep the grant; on return it is on disk.

        Raises Conflict where one in force has its label, and StoreError.
        """
        ...

    def all(self) -> tuple[Grant, ...]:
        """Every grant, revoked ones too, in the order in which they were given."""
        ...

    def revoke(self, label: str, when: datetime) -> bool:
        """End the grant in force that has the label; whether there was one."""
        ...


class Admission(Protocol):
    """Who may deliver to a webhook: who knows its secret."""

    is_signed: bool
    """Whether deliveries are signed with the secret, which else is the end of the address."""

    def knows(self, secret: str) -> bool:
        """Whether that is the secret; how long it takes tells nothing of it."""
        ...

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raise Unsigned where the signature in the headers is not that of the body, or too old.

        Names of headers are in lower case.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record that was delivered to a source and could not be mapped, as it came.

    `key` is that of its delivery; `value` is a JSON value, and `headers` holds no secret. `reason`
    is why it could not be mapped when that was tried last.
    """

    source: str
    key: str
    received: datetime
    headers: Mapping[str, str]
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Keeping:
    """How many records of a source are kept, and when the first and last of them were received."""

    count: int
    oldest: datetime
    newest: datetime


class RecordStore(Protocol):
    """Where records are kept that could not be mapped, one under each key of a source."""

    def keep(self, records: Sequence[KeptRecord]) -> tuple[bool, ...]:
        """Keep the records; whether each is new. On return they are on disk.

        Of one whose key is kept already only the reason is. Raises StoreError.
        """
        ...

    def find(self, source: str, key: str | None = None) -> tuple[KeptRecord, ...]:
        """Those of the source, or the one with that key, in the order in which they came.

        Raises StoreError.
        """
        ...

    def keys(self, source: str) -> tuple[str, ...]:
        """The keys of the source, in that order: what is kept may be too much to hold at once.

        Raises StoreError.
        """
        ...

    def drop(self, source: str, keys: Sequence[str]) -> int:
        """Keep the records with those keys no more; how many there were. Raises StoreError."""
        ...

    def standing(self) -> Mapping[str, Keeping]:
        """What is kept, by source; nothing of those of which nothing is. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be in one record of a source: which, and what."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Poll:
    """What a source had: drafts in its order, what was odd, and the place to go on from.

    `more` says that there is more to be had at once. `failed` holds the problems of records that
    could not become drafts at all and will be tried again.
    """

    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...]
    failed: tuple[Problem, ...]
    place: str
    more: bool


Known = Callable[[Sequence[str]], Collection[str]]
"""Tells which of the ids are recorded."""


class Source(Protocol):
    """A place that is asked for drafts."""

    name: str

    needs_empty_log: bool
    """Whether a first poll would bring entries so old that they would flood every feed."""

    def poll(self, place: str | None, known: Known) -> Poll:
        """What is new since that place (None: the first poll), of which nothing is `known`.

        Raises SourceError where the source cannot be read now.
        """
        ...

    def object_at(self, type: str, number: str | None, key: str | None) -> Object | None:
        """The object of that type with that number, or that key, as its activities name it.

        None where there is none, or where several might have the number. Raises SourceError where
        the source cannot be read now.
        """
        ...

    def is_importing(self, place: str | None) -> bool:
        """Whether, read up to that place, it still has to bring what happened before it was set up.

        What is recorded from elsewhere in the meantime would put today's dates on all the rest.
        Raises SourceError where it could not go on from that place.
        """
        ...

    def entry(self, object_type: str, database_id: int, activity_objid: int) -> Poll:
        """The one record of that key, which must belong to that object; not yet recorded.

        Raises NotFound where the source has none, InvalidRequest where it belongs to something
        else or the type is none, and SourceError where it cannot be read now.
        """
        ...

    def sample(self, count: int) -> Poll:
        """What the newest `count` records would become; changes nothing anywhere."""
        ...

    def close(self) -> None:
        """Give back what the source holds open."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as a format writes it, whatever the page: what a format joins pages of.

    `second` is the `Dates.second` of an activity, None of a removal.
    """

    id: str
    second: datetime | None
    body: bytes

    @property
    def is_removal(self) -> bool:
        """Whether it tells that an activity is in the feed no more."""
        return self.second is None


class Format(Protocol):
    """A way to write a page: pure, and the same page gives the same bytes."""

    extension: str
    title: str
    """What people call it."""

    media_type: str
    """With its parameters, as it stands in `Content-Type`."""

    removal_type: str
    """The media type of `render_removal`."""

    accepted_as: tuple[str, ...]
    """The media types under which `Accept` may ask for it, the best first."""

    version: int
    """Grows with each change of what is written for the same page; it is part of the ETag."""

    def entry(self, entry: Activity | Removal, page: Page) -> Entry:
        """The entry as it stands in every page that has it.

        Of the page only what is of the server is looked at: its `authority` and its `home`.
        """
        ...

    def join(self, page: Page, entries: Sequence[Entry]) -> bytes:
        """The page as a document, with those entries in the place of its own."""
        ...

    def render(self, page: Page) -> bytes:
        """The page as a document: its own entries, joined."""
        ...

    def render_activity(self, activity: Activity, page: Page) -> bytes:
        """The activity alone as a document; `page` holds it and nothing else."""
        ...

    def render_removal(self, removal: Removal, page: Page) -> bytes:
        """What stands in the place of an activity that was deleted, as a document."""
        ...
