"""Measures full text: what it costs to append, how large it is, and how long a search takes.

    python bench/text.py [MILLIONS]

Makes a log of a million activities (or as many as said) whose words are as frequent as those of a
language, about fifty in each. Told are medians of several rounds; "near the head" is what each
poll of a feed with `q` asks for: what came since the one before.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path

from feedserver.clock import system_clock
from feedserver.model.activity import Draft, Object
from feedserver.model.search import parse_words
from feedserver.stores.sql.caring import vacuum
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import open_log

URL = "sqlite:///log.db"
ROUNDS = 7
BATCH = 500  # activities that are committed together, as `record` does
SINGLE = 500  # that are committed each alone
NEAR = 50  # versions between a poll and the one before
SYLLABLES = [first + second for first in "bdfgklmnprst" for second in "aeiou"]
WORDS = 60_000

SEARCHES = {
    "a word in one of 100,000": "seldom",
    "a word in 30 %": "usual",
    "two words, in 30 % and 10 %": "usual often",
    "a common and a rare word": "usual seldom",
    "a phrase": '"usual often"',
    "the beginning of words": "usu*",
    "the first two letters of many": "ba*",
    "a word that nothing has": "nowhere",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("millions", nargs="?", type=float, default=1)
    length = int(parser.parse_args().millions * 1_000_000)
    random.seed(1)
    with tempfile.TemporaryDirectory(prefix="feedserver-bench-") as folder:
        log = open_log(URL, Path(folder), "bench.example,2026", system_clock)
        try:
            _append(log, length, Path(folder) / "log.db")
            _search(log, length)
            _vacuum(Path(folder))
        finally:
            log.close()


def _append(log: SqlLog, length: int, path: Path) -> None:
    drafts = _drafts()
    began, first = time.perf_counter(), 0.0
    for start in range(0, length, BATCH):
        if start == 100_000:
            first = time.perf_counter() - began
        log.append(list(islice(drafts, min(BATCH, length - start))))
    seconds = time.perf_counter() - began
    if first:
        _say("the first 100,000, 500 in a commit", f"{100_000 / first:,.0f} activities/s")
    _say("all of them", f"{length / seconds:,.0f} activities/s")
    _say("the store", f"{path.stat().st_size / length:,.0f} bytes an activity")
    times = []
    for draft in islice(drafts, SINGLE):
        began = time.perf_counter()
        log.append([draft])
        times.append(time.perf_counter() - began)
    _say("one in a commit", f"{statistics.median(times) * 1000:.2f} ms")


def _search(log: SqlLog, length: int) -> None:
    near = log.head() - NEAR
    for name, text in SEARCHES.items():
        words = parse_words(text)
        count = len(list(log.search(words)))
        times = {after: [] for after in (0, near)}
        for _ in range(ROUNDS):
            for after, taken in times.items():
                began = time.perf_counter()
                list(log.search(words, after))
                taken.append((time.perf_counter() - began) * 1000)
        all_of, last = (statistics.median(taken) for taken in times.values())
        _say(name, f"{all_of:9.2f} ms for {count:,} of {length:,}; near the head {last:.2f} ms")


def _vacuum(folder: Path) -> None:
    began = time.perf_counter()
    vacuum(URL, folder)
    _say("vacuum", f"{time.perf_counter() - began:.1f} s")


def _drafts() -> Iterator[Draft]:
    words = ["".join(random.choices(SYLLABLES, k=random.randint(1, 5))) for _ in range(WORDS)]
    weights = list(accumulate(1 / (rank + 5) for rank in range(WORDS)))
    number = 0
    while True:
        number += 1
        said = random.choices(words, cum_weights=weights, k=40)
        for word, share in (("usual", 0.3), ("often", 0.1), ("seldom", 0.00001)):
            if random.random() < share:
                said.insert(random.randrange(len(said)), word)
        yield Draft(
            id=f"tag:bench.example,2026:{number}",
            source="crm",
            actor=Object("person", "tag:bench.example,2026:ann", "Ann Example"),
            verb="log",
            object=Object("case", f"tag:bench.example,2026:case/{number // 5}", said[0]),
            title=f"Ann Example logged a note on case {number // 5}: {' '.join(said[:3])}",
            queues=("Support",),
            content=f"<p>{' '.join(said[3:20])}<br>{' '.join(said[20:])}</p>",
        )


def _say(what: str, figure: str) -> None:
    print(f"{what:<34} {figure}", flush=True)


if __name__ == "__main__":
    main()
