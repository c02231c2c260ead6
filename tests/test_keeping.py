"""What is kept, and what goes for it: bounded in bytes, and fair."""

from collections.abc import Hashable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.keeping import BESIDE, Kept

SIZE = 700
EACH = SIZE + BESIDE  # bytes that one thing of that size takes


def ask(kept: Kept[Hashable, object], keys: Iterable[Hashable]) -> float:
    """Ask for each of the keys, and put what is not there: which part was there."""
    asked = list(keys)
    found = 0
    for key in asked:
        if kept.get(key) is None:
            kept.put(key, object(), SIZE)
        else:
            found += 1
    return found / len(asked)


def test_what_was_put_is_there() -> None:
    kept = Kept[str, bytes](EACH)

    kept.put("a", b"one", SIZE)

    assert (kept.get("a"), kept.get("b")) == (b"one", None)
    assert kept.size == EACH


def test_another_value_takes_the_place_of_the_first() -> None:
    kept = Kept[str, bytes](3 * EACH)
    kept.put("a", b"one", SIZE)

    kept.put("a", b"two", 2 * SIZE)

    assert kept.get("a") == b"two"
    assert kept.size == 2 * SIZE + BESIDE


def test_another_value_takes_the_place_of_one_that_is_asked_for_often() -> None:
    kept = Kept[Hashable, object](10 * EACH)
    ask(kept, range(30))
    there = [key for key in range(30) if kept.get(key) is not None]
    assert kept.size == 10 * EACH

    for key in there:
        kept.put(key, "another", SIZE - 100)

    assert [kept.get(key) for key in there] == ["another"] * 10
    assert kept.size == 10 * (EACH - 100)


def test_what_is_discarded_is_gone() -> None:
    kept = Kept[str, bytes](2 * EACH)
    kept.put("a", b"one", SIZE)
    kept.put("b", b"two", SIZE)

    kept.discard("a")
    kept.discard("c")

    assert (kept.get("a"), kept.get("b"), kept.size) == (None, b"two", EACH)


def test_nothing_that_was_made_before_is_put_after_it_was_forgotten() -> None:
    kept = Kept[str, bytes](4 * EACH)
    kept.put("a", b"one", SIZE)
    before = kept.generation

    kept.forget()
    kept.put("b", b"made before", SIZE, before)
    kept.put("c", b"made after", SIZE, kept.generation)

    assert [kept.get(key) for key in "abc"] == [None, None, b"made after"]
    assert kept.size == EACH


def test_what_is_larger_than_all_is_not_kept_nor_what_it_would_replace() -> None:
    kept = Kept[str, bytes](2 * EACH)
    kept.put("a", b"one", SIZE)
    kept.put("b", b"two", SIZE)

    kept.put("a", b"huge", 2 * EACH)

    assert (kept.get("a"), kept.get("b"), kept.size) == (None, b"two", EACH)


def test_something_large_is_kept_beside_something_small() -> None:
    kept = Kept[Hashable, object](10 * EACH)
    ask(kept, range(30))

    kept.put("large", b"large", 5 * EACH)

    assert kept.get("large") == b"large"


@given(st.data())
def test_it_never_holds_more_than_its_capacity_and_always_the_last_value(
    data: st.DataObject,
) -> None:
    kept = Kept[int, object](10 * EACH)
    last: dict[int, object] = {}
    sizes: dict[int, int] = {}
    for _ in range(data.draw(st.integers(1, 60))):
        key = data.draw(st.integers(0, 15))
        match data.draw(st.sampled_from(["get", "put", "put", "put", "discard", "forget"])):
            case "get":
                assert kept.get(key) in (None, last.get(key))
            case "put":
                last[key], sizes[key] = object(), data.draw(st.integers(0, 4 * EACH))
                kept.put(key, last[key], sizes[key])
            case "discard":
                last.pop(key, None)
                kept.discard(key)
            case _:
                last.clear()
                kept.forget()

        there = [key for key in last if kept.get(key) is last[key]]
        assert all(kept.get(key) is None for key in range(16) if key not in there)
        assert kept.size == sum(sizes[key] + BESIDE for key in there) <= kept.capacity


@pytest.mark.parametrize(("rounds_of", "part"), [(110, 0.7), (200, 0.35), (400, 0.12)])
def test_of_a_round_of_more_than_fits_a_fair_part_is_there(rounds_of: int, part: float) -> None:
    kept = Kept[Hashable, object](100 * EACH)
    for _ in range(4):
        ask(kept, range(rounds_of))

    assert ask(kept, range(rounds_of)) >= part


def test_what_is_asked_for_often_stays_whatever_passes_by() -> None:
    kept = Kept[Hashable, object](100 * EACH)
    passing = iter(range(10_000))
    hot = ["a", "b", "c"]
    ask(kept, hot)

    found = [ask(kept, [*hot, *(next(passing) for _ in range(7))]) for _ in range(500)]

    assert min(found) == 0.3  # the three, each time, and nothing else


def test_what_becomes_hot_is_kept_from_its_second_time_on() -> None:
    kept = Kept[Hashable, object](100 * EACH)
    for _ in range(3):
        ask(kept, range(200))

    ask(kept, ["new"])
    ask(kept, range(200, 205))
    assert ask(kept, ["new"]) == 1

    ask(kept, range(300, 400))
    assert ask(kept, ["new"]) == 1


def test_what_nobody_asks_for_any_more_goes() -> None:
    kept = Kept[Hashable, object](100 * EACH)
    for _ in range(3):
        ask(kept, [("before", number) for number in range(90)])

    for _ in range(20):
        ask(kept, [("after", number) for number in range(200)])

    assert ask(kept, [("after", number) for number in range(200)]) >= 0.35
