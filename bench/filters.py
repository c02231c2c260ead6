"""Measures what it takes to understand a filter: from its text to the one form of it.

    python bench/filters.py

Told is the median of many, the first time that it is asked for and every later time.
"""

import statistics
import time
from collections.abc import Callable

from feedserver.errors import InvalidRequest
from feedserver.model import query
from feedserver.model.query import parse_parameters, parse_query

ROUNDS = 200
PAIRS = [f"(queue:Q{number} and product:P{number})" for number in range(60)]
FILTERS = {
    "parameters": "queue=Support&tag=vip&-verb=log",
    "a boolean filter": "filter=queue:Support and not (tag:noise or actor:bot)",
    "3 pairs": "filter=" + " or ".join(PAIRS[:3]),
    "7 pairs": "filter=" + " or ".join(PAIRS[:7]),
    "60 pairs": "filter=" + " or ".join(PAIRS),
    "200 names": "filter=" + " or ".join(f"customer:C{number}" for number in range(200)),
    "20 clauses": "filter=" + " and ".join(pair.replace("and", "or") for pair in PAIRS[:20]),
    "too intricate": "filter="
    + " or ".join(
        "(" + " and ".join(f"({a}:{n} or not {b}:{n})" for n in range(12)) + ")"
        for a, b in (("queue", "tag"), ("actor", "product"))
    ),
    "streams": "streams=activity IS issue:post issue:close&streams=key IS SUPPORT BILLING",
    "words": 'q=printer fire "two words" beginning*',
}


def main() -> None:
    """Measure and print."""
    for name, text in FILTERS.items():
        first = _timed(lambda text=text: (query._filter.cache_clear(), _parse(text))[1])
        later = _timed(lambda text=text: _parse(text))
        print(f"{name:<18} {len(text):>5} characters: {first:6.2f} ms, later {later:5.2f}")


def _parse(text: str) -> object:
    try:
        return parse_query(parse_parameters(text.replace("+", "%2B")))
    except InvalidRequest:
        return None


def _timed(do: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        do()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
