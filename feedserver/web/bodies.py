"""Bodies that were made before, by their ETag: the same ETag is the same bytes."""

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable

CAPACITY = 32 * 1024 * 1024  # bytes of bodies that are kept
_LEVEL = 6


class Bodies:
    """Keeps the bodies that were asked for last, up to a number of bytes."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[tuple[str, bool], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, etag: str, compressed: bool, make: Callable[[], bytes]) -> bytes:
        """The body of that ETag, made with `make` if it is not kept, compressed if asked."""
        kept = self._get((etag, compressed))
        if kept is not None:
            return kept
        if not compressed:
            return self._put((etag, False), make())
        body = self.get(etag, False, make)
        # The time is left out of the header: the same body is the same bytes, on every node.
        return self._put((etag, True), gzip.compress(body, _LEVEL, mtime=0))

    def _get(self, key: tuple[str, bool]) -> bytes | None:
        with self._lock:
            body = self._kept.get(key)
            if body is not None:
                self._kept.move_to_end(key)
            return body

    def _put(self, key: tuple[str, bool], body: bytes) -> bytes:
        with self._lock:
            if key not in self._kept and len(body) <= self._capacity:
                self._kept[key] = body
                self._size += len(body)
                while self._size > self._capacity:
                    _, dropped = self._kept.popitem(last=False)
                    self._size -= len(dropped)
        return body
