"""The server with a fault planted into it: `python -m tests.checker.planted BUG serve …`.

Each fault is one that other servers had. The checker must find every one of them.
"""

import random
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from feedserver.cli.main import run
from feedserver.model.dates import from_microseconds
from feedserver.model.feed import Stamp
from feedserver.services.indexing import FacetIndex, Run, Selection
from feedserver.services.reading import Reading, View
from feedserver.stores.sql import searching
from feedserver.stores.sql.engine import writing
from feedserver.stores.sql.log import SqlLog
from feedserver.web.feeds import FeedViews

_PAUSE = 0.02  # seconds in which something else happens


def number_before_lock() -> None:
    """A version's number is drawn before its transaction begins, and so committed out of order."""
    numbers = count(1)
    drawn: dict[str, int] = {}
    append, follow, write = SqlLog.appended, SqlLog.replace, SqlLog._write

    def draw(ids: list[str]) -> None:
        drawn.update((id, next(numbers)) for id in ids)
        time.sleep(random.uniform(0, _PAUSE))

    def late_append(self: SqlLog, drafts: Any, *more: Any) -> Any:
        draw([draft.id for draft in drafts])
        made = append(self, drafts, *more)
        return tuple(new and replace(new, position=drawn[new.id]) for new in made)

    def late_replace(self: SqlLog, position: int, *more: Any) -> Any:
        (replaced,) = self.at([position])
        draw([replaced.id])
        follow(self, position, *more)
        return drawn[replaced.id]

    def numbered(self: SqlLog, connection: Any, rows: Any, words: Any, last: Any) -> None:
        numbers = {row[0]: drawn[row[1]] for row in rows}
        rows = [(numbers[row[0]], *row[1:]) for row in rows]
        write(self, connection, rows, [(numbers[each[0]], *each[1:]) for each in words], last)

    _plant(SqlLog, appended=late_append, replace=late_replace, _write=numbered)


def etag_after_body() -> None:
    """The ETag is of the feed as it is when its body is made already."""
    select = Reading.select

    def late(self: Reading, *arguments: Any, **more: Any) -> View:
        view = select(self, *arguments, **more)
        time.sleep(random.uniform(0, _PAUSE))
        return replace(view, etag=select(self, *arguments, **more).etag)

    _plant(Reading, select=late)


def etag_of_matching() -> None:
    """The ETag is of the newest version that matches; one that has left the feed moves nothing."""

    etag = Reading._etag

    def of_matching(
        self: Reading, query: Any, feed: Any, selection: Selection | Run, *more: Any
    ) -> str:
        there = [place for place in selection.positions if place not in selection.removed]
        moved = replace(selection, stamp=Stamp(max(there, default=0), None))
        return etag(self, query, feed, moved, *more)

    _plant(Reading, _etag=of_matching)


def offsets() -> None:
    """The next page begins after so many entries, instead of after the last entry."""
    newest = FacetIndex.newest

    def at_offset(
        self: FacetIndex, filter: Any, limit: int, before: int | None = None
    ) -> Selection:
        offset = before or 0
        whole = newest(self, filter, offset + limit)
        there = [position for position in whole.positions if position not in whole.removed]
        return replace(
            whole,
            positions=tuple(there[offset:]),
            removed=frozenset(),
            left=max(0, whole.total - offset - limit),
            edge=offset + limit,
        )

    _plant(FacetIndex, newest=at_offset)


def whole_seconds() -> None:
    """`Last-Modified` is the second of the newest version, though the second goes on."""

    def of_index(self: FacetIndex, touching: Any) -> datetime | None:
        positions = touching.all
        if not positions:
            return None
        newest = self._contents.recorded[positions.max()]
        return from_microseconds(newest).replace(microsecond=0)

    def of_view(self: FeedViews, view: View) -> datetime | None:
        return view.selection.stamp.modified

    _plant(FacetIndex, _modified=of_index)
    _plant(FeedViews, _modified=of_view)


def late_delta() -> None:
    """A delta begins behind the version that follows the one that the reader has."""
    changed = FacetIndex.changed

    def late(self: FacetIndex, filter: Any, limit: int, since: int) -> Any:
        return changed(self, filter, limit, since + 1)

    _plant(FacetIndex, changed=late)


def words_after_commit() -> None:
    """The words of a version are written in a transaction of their own, after the version's."""
    kept = deque[Any]()
    add, append, follow = searching.add_words, SqlLog.appended, SqlLog.replace

    def keep(connection: Any, words: Any) -> None:
        kept.extend(words)

    def write(log: SqlLog) -> None:
        time.sleep(random.uniform(0, _PAUSE))
        with writing(log._engine) as connection:
            add(connection, [kept.popleft() for _ in range(len(kept))])

    def appended(self: SqlLog, *arguments: Any) -> Any:
        made = append(self, *arguments)
        write(self)
        return made

    def replaced(self: SqlLog, *arguments: Any) -> Any:
        position = follow(self, *arguments)
        write(self)
        return position

    _plant(searching, add_words=keep)
    _plant(SqlLog, appended=appended, replace=replaced)


def _plant(owner: Any, **methods: Callable[..., Any]) -> None:
    for name, method in methods.items():
        if not hasattr(owner, name):
            raise SystemExit(f"{owner.__name__} has no {name} any more; plant the fault elsewhere")
        setattr(owner, name, method)


BUGS: dict[str, Callable[[], None]] = {
    "number-before-lock": number_before_lock,
    "etag-after-body": etag_after_body,
    "etag-of-matching": etag_of_matching,
    "offsets": offsets,
    "whole-seconds": whole_seconds,
    "late-delta": late_delta,
    "words-after-commit": words_after_commit,
}
"""The faults by name; each function plants one into this process."""


def main() -> int:
    """Plant the fault that the first argument names, and run the command that follows."""
    BUGS[sys.argv[1]]()
    return run(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
