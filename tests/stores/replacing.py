"""A process that edits: `python -m tests.stores.replacing FOLDER TITLE COUNT`.

It says `ready`, waits for a line, opens the store, and replaces what stands at each position up to
COUNT by something of that title, in any order; it tells each position with the new one, where it
was the first.
"""

import random
import sys
import time
from contextlib import suppress
from pathlib import Path

from feedserver.clock import system_clock
from feedserver.errors import Moved
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, make_draft


def main(folder: str, title: str, count: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    log = open_log("sqlite:///log.db", Path(folder), AUTHORITY, system_clock)
    for replaced in log.at(random.sample(range(1, int(count) + 1), int(count))):
        time.sleep(random.uniform(0, 0.002))  # let the other one in
        with suppress(Moved):
            position = log.replace(replaced.position, make_draft(id=replaced.id, title=title))
            print(replaced.position, position, flush=True)
    log.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
