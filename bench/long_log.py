"""A store with a log of any length, written straight into its tables.

The skew is that of a busy support floor: three queues have 30 % of all each, and two hundred share
the rest; hundreds of products, thousands of customers and rare tags with a handful each; a case has
six activities that lie near each other. Of a hundred versions one replaces another: an edit, a
silent one or a deletion. The days are a thousand, however many versions they have.
"""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from feedserver.clock import system_clock
from feedserver.model.activity import Draft, Object, Product
from feedserver.model.dates import from_microseconds, to_microseconds
from feedserver.stores.sql import documents
from feedserver.stores.sql.opening import open_log
from feedserver.stores.texts import searched

AUTHORITY = "bench.example,2026"
URL = "sqlite:///feedserver.db"
DAYS = 1000
RARE = 400
"""Tags that twenty activities each have, spread over all days: `rare 0` and so on."""
RARE_HITS = 20
MEETINGS = 20
"""How often the common queue `Q1` and the common tag `t1` meet."""

_BATCH = 20_000
_WORDS = (
    "printer router invoice screen keyboard license backup server network password order update "
    "crash paper toner cable delay refund answer question night shift phone letter"
).split()
_PHRASES = [f"The {a} had a {b} after the {c}." for a in _WORDS for b in _WORDS for c in _WORDS[:6]]
_TEXTS = [
    (f"<p>{phrase}</p>", " ".join(searched(_draft)[1]))
    for phrase in _PHRASES
    for _draft in [Draft("", "", Object("person"), "log", None, "", content=f"<p>{phrase}</p>")]
]
_VERBS = ("log", "close", "open", "assign", "reply", "commit", "forward", "accept")


def store_of(folder: Path, count: int) -> Path:
    """The folder of a store of `count` versions, made where it is not there yet."""
    home = folder / f"log-{count}"
    if not (home / "done").exists():
        for path in home.glob("*"):
            path.unlink()
        began = time.perf_counter()
        open_log(URL, home, AUTHORITY, system_clock).close()
        with closing(sqlite3.connect(home / "feedserver.db", isolation_level=None)) as store:
            _fill(store, count)
        (home / "done").touch()
        print(f"{count:,} versions written in {time.perf_counter() - began:.0f} s", flush=True)
    return home


def _fill(store: sqlite3.Connection, count: int) -> None:
    store.execute("PRAGMA synchronous = OFF")
    store.execute("PRAGMA cache_size = -200000")
    now = to_microseconds(system_clock())
    step = DAYS * 86_400_000_000 // count
    last = 0
    rows = _rows(count, now - count * step, step)
    while True:
        batch = [row for _, row in zip(range(_BATCH), rows, strict=False)]
        if not batch:
            break
        store.execute("BEGIN")
        store.executemany(
            "INSERT INTO version (position, id, number, recorded, published, updated, second, "
            "document, kind, replaces) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row[:10] for row in batch),
        )
        store.executemany(
            "INSERT INTO text (rowid, title, content) VALUES (?, ?, ?)",
            ((row[0], row[10], row[11]) for row in batch if row[10]),
        )
        store.execute("COMMIT")
        last = batch[-1][0]
    assert last == count
    ((recorded, published, updated, second),) = store.execute(
        "SELECT max(recorded), max(published), max(updated), max(second) FROM version"
    )
    store.execute(
        "UPDATE log SET recorded = ?, published = ?, updated = ?, second = ?",
        (recorded, published, updated, second),
    )
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _rows(count: int, began: int, step: int) -> Iterator[tuple[object, ...]]:
    """The rows of the versions, with the words of their title and content behind them."""
    chance = random.Random(count)
    rare: dict[int, list[str]] = {}
    for name in range(RARE):
        for _ in range(RARE_HITS):
            rare.setdefault(chance.randrange(1, count + 1), []).append(f"rare {name}")
    meetings = set(range(count // MEETINGS, count + 1, count // MEETINGS))
    known: dict[int, tuple[Draft, int]] = {}  # by position: those of late that may be replaced
    for position in range(1, count + 1):
        at = began + position * step
        kind = chance.random()
        if kind < 0.01 and known:
            replaced = chance.choice(list(known))
            draft, published = known.pop(replaced)
            made = _replacing(chance, position, replaced, draft, published, at, kind)
        else:
            draft = _draft(chance, position, at, rare.get(position, []), position in meetings)
            if chance.random() < 0.02:
                known[position] = draft, at
                if len(known) > 30:
                    del known[next(iter(known))]
            made = (position, draft.id, 1, *_dates(at, at, at), documents.encode(draft))
            made = (*made, "recorded", 0, *_words(draft))
        yield made


def _dates(recorded: int, published: int, updated: int) -> tuple[int, int, int, int]:
    return recorded, published, updated, updated - updated % 1_000_000


def _replacing(
    chance: random.Random,
    position: int,
    replaced: int,
    draft: Draft,
    published: int,
    at: int,
    kind: float,
) -> tuple[object, ...]:
    if kind < 0.002:
        row = (position, draft.id, 2, *_dates(at, published, at), b"", "deleted", replaced)
        return (*row, "", "")
    edited = replace(draft, tags=("t0", "edited"))
    is_silent = kind < 0.004
    dates = _dates(at, published, published if is_silent else at)
    row = (position, draft.id, 2, *dates, documents.encode(edited))
    return (*row, "silent" if is_silent else "recorded", replaced, *_words(edited))


def _words(draft: Draft) -> tuple[str, str]:
    assert draft.content is not None
    return " ".join(searched(draft)[0]), _CONTENTS[draft.content]


_CONTENTS = dict(_TEXTS)


def _draft(
    chance: random.Random, position: int, at: int, tags: list[str], is_meeting: bool
) -> Draft:
    share = chance.random()
    queue = f"Q{int(share / 0.3)}" if share < 0.9 else f"Queue {chance.randrange(200)}"
    share = chance.random()
    tags = [*tags, *(["t0"] if share < 0.3 else [])]
    if (queue != "Q1" and 0.2 < share < 0.7) or is_meeting:
        tags.append("t1")
    if is_meeting:
        queue = "Q1"
    if chance.random() < 0.3:
        tags.append(f"tag {int(chance.paretovariate(0.7)) % 2000}")
    person = int(chance.paretovariate(0.6)) % 600
    case = str(max(0, position // 6 - chance.randrange(40)))
    customer = chance.randrange(5000)
    verb = _VERBS[int(chance.paretovariate(1.2)) % len(_VERBS)]
    user = f"tag:{AUTHORITY}:crm/user/{person}"
    return Draft(
        id=f"tag:{AUTHORITY}:crm:entry/{position}",
        source="crm" if share < 0.8 else "mail",
        actor=Object("person", user, f"Agent {person}", login=f"agent{person}"),
        verb=verb,
        object=Object(
            "case",
            f"tag:{AUTHORITY}:crm/case/{case}",
            "It does not print",
            case,
            f"http://crm.example/cases/{case}",
        ),
        title=f"Agent {person} did {verb} on case {case} of works {customer}",
        occurred=from_microseconds(at) - timedelta(seconds=chance.randrange(3)),
        queues=(queue,),
        products=(Product(f"P{int(chance.paretovariate(0.5)) % 500}"),),
        tags=tuple(dict.fromkeys(tags)),
        customer=Object("organization", None, f"Works {customer}"),
        content=_TEXTS[chance.randrange(len(_TEXTS))][0],
    )
