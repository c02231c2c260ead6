"""Sealing: names of which each has a few numbers, in arrays instead of objects.

A case has a handful of activities, and there are as many cases as there is work: a bitmap and a
string for each would take most of the memory, and most of the time of a start.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

from pyroaring import BitMap

SEGMENT = 1 << 16
"""Numbers that are sealed together, at most: as many as a part of a bitmap has."""


class Sealed:
    """The names of one field in one segment, each as its first number spells it there.

    Nothing in it changes.
    """

    __slots__ = (
        "_ends",
        "_hashes",
        "_label_ends",
        "_labels",
        "_name_ends",
        "_names",
        "_numbers",
        "base",
    )  # fmt: skip

    def __init__(self, base: int, *parts: bytes | memoryview) -> None:
        """What `parts` gave, of the segment that begins with the number `base`."""
        names, labels, *arrays = parts
        self.base, self._names, self._labels = base, bytes(names), bytes(labels)
        self._hashes, self._name_ends, self._label_ends, self._ends, self._numbers = (
            _array(kind, each) for kind, each in zip("IIIIH", arrays, strict=True)
        )

    @classmethod
    def of(cls, base: int, named: Iterable[tuple[str, str, Iterable[int]]]) -> Sealed:
        """The names, each with its label and its numbers, which lie in the segment, in order."""
        hashed = sorted((crc32(_bytes(name)), name, label, having) for name, label, having in named)
        numbers: list[int] = []
        ends = array("I")
        for _, _, _, having in hashed:
            numbers.extend(number - base for number in having)
            ends.append(len(numbers))
        names, name_ends = _joined([name for _, name, _, _ in hashed])
        labels, label_ends = _joined([label for _, _, label, _ in hashed])
        hashes = array("I", (found for found, *_ in hashed))
        arrays = (hashes, name_ends, label_ends, ends, array("H", numbers))
        return cls(base, names, labels, *(each.tobytes() for each in arrays))

    @property
    def parts(self) -> list[bytes]:
        """What it is made of, in the order of bytes of this machine."""
        arrays = (self._hashes, self._name_ends, self._label_ends, self._ends, self._numbers)
        return [self._names, self._labels, *(each.tobytes() for each in arrays)]

    def __len__(self) -> int:
        return len(self._hashes)

    def find(self, name: str) -> int | None:
        """Where the name stands, None where it does not."""
        wanted = _bytes(name)
        found = crc32(wanted)
        at = bisect_left(self._hashes, found)
        while at < len(self._hashes) and self._hashes[at] == found:
            if _slice(self._names, self._name_ends, at) == wanted:
                return at
            at += 1
        return None

    def name(self, at: int) -> str:
        """The name that stands there."""
        return _slice(self._names, self._name_ends, at).decode("utf-8", "surrogatepass")

    def label(self, at: int) -> str:
        """What people call the name that stands there."""
        return _slice(self._labels, self._label_ends, at).decode("utf-8", "surrogatepass")

    def numbers(self, at: int) -> list[int]:
        """The numbers of the name that stands there, in order."""
        begin = self._ends[at - 1] if at else 0
        return [self.base + number for number in self._numbers[begin : self._ends[at]]]

    def has_any(self, numbers: BitMap) -> bool:
        """Whether one of the numbers may lie in the segment."""
        return numbers.range_cardinality(self.base, self.base + SEGMENT) > 0

    def containing(self, text: str) -> Iterator[int]:
        """Where names stand that contain the folded text."""
        if not self._names.isascii():
            yield from (at for at in range(len(self)) if text in self.name(at).casefold())
        elif text.isascii():
            folded, wanted = self._names.lower(), text.encode()
            found = folded.find(wanted)
            while 0 <= found < len(folded):
                at = bisect_right(self._name_ends, found)
                end = self._name_ends[at]
                is_in_one = found + len(wanted) <= end
                if is_in_one:
                    yield at
                found = folded.find(wanted, end if is_in_one else found + 1)


def pack(parts: Sequence[bytes]) -> bytes:
    """The parts as one, of which `unpack` makes them again."""
    lengths = struct.pack(f"<{len(parts) + 1}I", len(parts), *map(len, parts))
    return b"".join([lengths, *parts])


def unpack(packed: bytes | memoryview) -> list[memoryview]:
    """What was packed, which is not copied. Raises ValueError where that cannot be."""
    try:
        (count,) = struct.unpack_from("<I", packed)
        lengths = struct.unpack_from(f"<{count}I", packed, 4)
    except struct.error as error:
        raise ValueError(f"it has no beginning: {error}") from None
    view, at = memoryview(packed), 4 * (count + 1)
    if at + sum(lengths) != len(packed):
        raise ValueError(f"it has {len(packed)} bytes instead of {at + sum(lengths)}")
    found = []
    for length in lengths:
        found.append(view[at : at + length])
        at += length
    return found


def _array(kind: str, content: bytes | memoryview) -> array[int]:
    made: array[int] = array(kind)
    made.frombytes(content)
    return made


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _joined(texts: Iterable[str]) -> tuple[bytes, array[int]]:
    """The texts in one row, and where each of them ends."""
    encoded = [_bytes(text) for text in texts]
    ends, end = array("I"), 0
    for text in encoded:
        end += len(text)
        ends.append(end)
    return b"".join(encoded), ends


def _slice(texts: bytes, ends: array[int], at: int) -> bytes:
    return texts[ends[at - 1] if at else 0 : ends[at]]
