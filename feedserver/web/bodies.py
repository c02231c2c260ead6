"""Bodies that were made before, by ETag and address: where both are the same, the bytes are."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from feedserver.web.encodings import IDENTITY, encode

CAPACITY = 32 * 1024 * 1024  # bytes of bodies that are kept


class Bodies:
    """Keeps the bodies that were asked for last, up to a number of bytes."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._size = 0
        self._forgotten = 0  # how often
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str, encoding: str, make: Callable[[], bytes]) -> bytes:
        """The body of that name in that encoding, made with `make` if it is not kept."""
        kept, forgotten = self._get((name, encoding))
        if kept is not None:
            return kept
        is_plain = encoding == IDENTITY
        body = make() if is_plain else encode(self.get(name, IDENTITY, make), encoding)
        self._put((name, encoding), body, forgotten)
        return body

    def forget(self) -> None:
        """Keep nothing of what was made until now, nor of what is being made by another thread."""
        with self._lock:
            self._forgotten += 1
            self._kept.clear()
            self._size = 0

    def _get(self, key: tuple[str, str]) -> tuple[bytes | None, int]:
        with self._lock:
            body = self._kept.get(key)
            if body is not None:
                self._kept.move_to_end(key)
            return body, self._forgotten

    def _put(self, key: tuple[str, str], body: bytes, forgotten: int) -> None:
        with self._lock:
            if forgotten != self._forgotten or key in self._kept or len(body) > self._capacity:
                return
            self._kept[key] = body
            self._size += len(body)
            while self._size > self._capacity:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)
