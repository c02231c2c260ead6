"""A process that appends to a store: `python -m tests.stores.writing FOLDER BATCH ID…`.

It says `ready`, waits for a line, opens the store, and tells each id with its position as soon as
it is acknowledged. Without ids it makes up new ones and goes on until it is killed.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from uuid import uuid4

from feedserver.clock import system_clock
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, make_draft


def batches(ids: Iterator[str], size: int) -> Iterator[Sequence[str]]:
    while batch := list(islice(ids, size)):
        yield batch


def write(folder: Path, size: int, ids: Iterator[str]) -> None:
    log = open_log("sqlite:///log.db", folder, AUTHORITY, system_clock)
    for batch in batches(ids, size):
        positions = log.append([make_draft(id=id, occurred=None) for id in batch])
        for id, position in zip(batch, positions, strict=True):
            print(id, position, flush=True)
    log.close()


def main(folder: str, size: str, *ids: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    made_up = (f"{uuid4()}-{number}" for number in count())
    write(Path(folder), int(size), iter(ids) if ids else made_up)


if __name__ == "__main__":
    main(*sys.argv[1:])
