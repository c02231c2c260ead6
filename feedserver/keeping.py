"""What was made before and may be asked for again, kept up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

BESIDE = 300
"""Bytes that one thing costs beside what is said of its size."""

_NEW = 10  # the part of the capacity in which what is new has to be asked for
_CHANCE = 16  # one in so many is kept though nobody asked for it there

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Keeps values by key, up to `capacity` bytes; safe and cheap for many threads.

    Promised beyond the bound: what is asked for often stays, whatever passes by beside it; of a
    round of more than fits, a fair part stays too, where to keep the latest would keep nothing that
    is asked for again; and what nobody asks for any more goes.

    A value is new until it has had its turn in a tenth of the capacity. If it was asked for
    meanwhile, it takes the place of those not asked for since they were looked at last.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._size = 0
        self._size_new = 0
        self._generation = 0
        self._refused = 0
        self._new: OrderedDict[K, _Value[V]] = OrderedDict()
        self._proven: OrderedDict[K, _Value[V]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The bytes of what is kept, with `BESIDE` for each; never more than `capacity`."""
        return self._size

    @property
    def generation(self) -> int:
        """Grows with each `forget`: read before a value is made, it is given with it to `put`."""
        return self._generation

    def get(self, key: K) -> V | None:
        """The value of that key, None where there is none."""
        # Without the lock: each step is one look-up. What changes its place at this very moment may
        # be missed; then it is made once more.
        value = self._proven.get(key) or self._new.get(key)
        if value is None:
            return None
        value.is_asked = True
        return value.value

    def put(self, key: K, value: V, size: int, generation: int | None = None) -> None:
        """Keep the value, of `size` bytes with its key, in the place of the one of that key.

        Nothing that was made before a `forget` is kept after it, where the generation is given of
        before it was made; nor what is larger than the capacity.
        """
        size += BESIDE
        with self._lock:
            if generation is not None and generation != self._generation:
                return
            if size > self.capacity:
                self._discard(key)
                return
            found = self._proven.get(key)
            if found is not None:
                self._proven[key] = _Value(value, size, found.is_asked)
                self._size += size - found.size
            else:
                found = self._new.get(key)
                self._new[key] = _Value(value, size, found is not None and found.is_asked)
                more = size - (0 if found is None else found.size)
                self._size_new += more
                self._size += more
            while self._size > self.capacity:
                self._make_room()

    def discard(self, key: K) -> None:
        """Keep nothing of that key."""
        with self._lock:
            self._discard(key)

    def forget(self) -> None:
        """Keep nothing of what was put until now, nor of what is being made (see `generation`)."""
        with self._lock:
            self._generation += 1
            self._new.clear()
            self._proven.clear()
            self._size = self._size_new = 0

    def _discard(self, key: K) -> None:
        if (found := self._proven.pop(key, None)) is not None:
            self._size -= found.size
        elif (found := self._new.pop(key, None)) is not None:
            self._size -= found.size
            self._size_new -= found.size

    def _make_room(self) -> None:
        """Drop one value, or bring one to where it stands better: a step that is always nearer."""
        share = self.capacity // _NEW
        if not self._proven or (self._size_new > share and len(self._new) > 1):
            key, value = next(iter(self._new.items()))
            if self._is_worth(value, self.capacity - share):
                value.is_asked = False
                self._proven[key] = value
            else:
                self._size -= value.size
            del self._new[key]
            self._size_new -= value.size
            return
        key, value = next(iter(self._proven.items()))
        if value.is_asked:
            value.is_asked = False
            self._proven.move_to_end(key)
        else:
            del self._proven[key]
            self._size -= value.size

    def _is_worth(self, value: "_Value[V]", room: int) -> bool:
        """Whether what was new long enough takes a place among the others."""
        if value.is_asked or self._size - self._size_new + value.size <= room:
            return True
        self._refused += 1
        return self._refused % _CHANCE == 0


class _Value(Generic[V]):
    __slots__ = ("is_asked", "size", "value")

    def __init__(self, value: V, size: int, is_asked: bool) -> None:
        self.value = value
        self.size = size
        self.is_asked = is_asked
