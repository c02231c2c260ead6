"""Checks of the store: whether it can be read and written, is whole, and has room to grow."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from feedserver.diagnosis.results import Check, Result, failure, ok, warning
from feedserver.errors import FeedserverError, StoreError, StoreVersionError
from feedserver.settings import Settings
from feedserver.stores.sql.examining import Examined
from feedserver.stores.sql.opening import check_authority

LARGE = 500_000_000  # bytes that are read in some seconds; to read more has to be asked for
_LEAST_ROOM = 100_000_000  # bytes
_NO_ROOM = 10_000_000  # bytes

Room = Callable[[Path], int]
"""How many bytes are free where that folder is."""


def room(folder: Path) -> int:
    """How many bytes are free where that folder is."""
    return shutil.disk_usage(folder).free


def checks_of_store(
    store: Examined | None, path: Path, settings: Settings, is_full: bool, room: Room
) -> list[Check]:
    """The checks of the store in that file, None where there is none yet."""
    if store is None:
        return [lambda: _to_be_made(path), lambda: _writable(path), lambda: _room(path, 0, room)]
    return [
        lambda: _opened(store, path),
        lambda: _authority(store, settings),
        lambda: _writable(path),
        lambda: _room(path, store.size, room),
        lambda: _engine(store),
        lambda: _whole(store, is_full),
        lambda: _copies(store),
    ]


def not_opened(error: FeedserverError) -> Result:
    """That the store cannot be looked at; settings and other versions say themselves what to do."""
    mend = (
        "Let `store` name a file that feedserver made and may read. If it does and the file is "
        "damaged, put back a backup (docs/running.md, Backup)."
    )
    is_of_file = isinstance(error, StoreError) and not isinstance(error, StoreVersionError)
    return failure(str(error), mend if is_of_file else "")


def _to_be_made(path: Path) -> Iterator[Result]:
    yield ok(f"there is no store at {path} yet; the first start makes it")


def _opened(store: Examined, path: Path) -> Iterator[Result]:
    head = store.log.head()
    yield ok(f"{path} can be read: {head:,} versions, {_size(store.size)}")


def _authority(store: Examined, settings: Settings) -> Iterator[Result]:
    check_authority(settings.authority, store.log.authority)
    yield ok(f"its ids are made with {store.log.authority}, and so are new ones")


def _writable(path: Path) -> Iterator[Result]:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    mend = "Let the user that runs feedserver own the store and its folder."
    if not os.access(folder, os.W_OK | os.X_OK):
        yield failure(f"nothing can be written to {folder}", mend)
    elif path.exists() and not os.access(path, os.W_OK):
        yield failure(f"{path} cannot be written", mend)
    else:
        yield ok(f"{folder} can be written to")


def _room(path: Path, size: int, room: Room) -> Iterator[Result]:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    free = room(folder)
    mend = "Make room: what cannot be written is not recorded."
    if free < _NO_ROOM:
        yield failure(f"only {_size(free)} are free at {folder}", mend)
    elif free < max(size, _LEAST_ROOM):
        yield warning(
            f"only {_size(free)} are free at {folder}",
            "An update, `store vacuum` and `store backup` need as much room as the store has.",
        )
    else:
        yield ok(f"{_size(free)} are free")


def _engine(store: Examined) -> Iterator[Result]:
    if store.mode == "wal":
        yield ok("SQLite writes ahead, so that readers never wait")
    else:
        yield warning(
            f"SQLite does not write ahead here (journal_mode {store.mode})",
            "The next start sets it. If it stays so, put the store on a local disk.",
        )
    if store.has_full_text:
        yield ok("SQLite can search text (FTS5)")
    else:
        yield failure(
            "the SQLite of this Python cannot search text (FTS5 is left out)",
            "Run feedserver with a Python whose SQLite has it; that of python.org does.",
        )


def _whole(store: Examined, is_full: bool) -> Iterator[Result]:
    if store.size > LARGE and not is_full:
        yield ok(f"not read for damage: {_size(store.size)} take a while; --full does it")
        return
    damage = store.damage()
    if damage:
        yield failure(
            "its file is damaged",
            "Put back a backup (docs/running.md), and look after the disk.",
            tuple(damage[:3]),
        )
    else:
        yield ok("its file is whole; `feedserver store check` looks at all that is in it")


def _copies(store: Examined) -> Iterator[Result]:
    if store.log.head():
        yield ok("of backups nothing is known here; `feedserver store backup FILE` makes one")


def _size(count: int) -> str:
    for unit, bytes in (("GB", 1_000_000_000), ("MB", 1_000_000)):
        if count >= bytes:
            return f"{count / bytes:,.1f} {unit}"
    return f"{count / 1000:,.0f} kB"
