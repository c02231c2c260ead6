"""A process that appends to a store: `python -m tests.stores.writing FOLDER BATCH ID…`.

It says `ready`, waits for a line, opens the store, and tells each id with its position as soon as
it is acknowledged. Without ids it makes up new ones, in several threads, and goes on until it is
killed.
"""

import sys
import threading
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from uuid import uuid4

from feedserver.clock import system_clock
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, make_draft

THREADS = 4
TELLING = threading.Lock()


def batches(ids: Iterator[str], size: int) -> Iterator[Sequence[str]]:
    while batch := list(islice(ids, size)):
        yield batch


def write(log: SqlLog, size: int, ids: Iterator[str]) -> None:
    for batch in batches(ids, size):
        positions = log.append([make_draft(id=id, occurred=None) for id in batch])
        told = zip(batch, positions, strict=True)
        with TELLING:
            print("".join(f"{id} {position}\n" for id, position in told), end="", flush=True)


def main(folder: str, size: str, *ids: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    log = open_log("sqlite:///log.db", Path(folder), AUTHORITY, system_clock)
    if ids:
        write(log, int(size), iter(ids))
        log.close()
        return
    for _ in range(THREADS):
        made_up = (f"{uuid4()}-{number}" for number in count())
        threading.Thread(target=write, args=(log, int(size), made_up)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
