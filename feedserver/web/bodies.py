"""Bodies that were made before, by ETag and address: where both are the same, the bytes are."""

from collections.abc import Callable

from feedserver.keeping import Kept
from feedserver.web.encodings import IDENTITY, encode

CAPACITY = 32 * 1024 * 1024  # bytes of bodies that are kept


class Bodies:
    """Keeps bodies that were asked for, up to a number of bytes."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._kept: Kept[tuple[str, str], bytes] = Kept(capacity)

    def get(self, name: str, encoding: str, make: Callable[[], bytes]) -> bytes:
        """The body of that name in that encoding, made with `make` if it is not kept."""
        generation = self._kept.generation
        kept = self.find(name, encoding)
        if kept is not None:
            return kept
        is_plain = encoding == IDENTITY
        body = make() if is_plain else encode(self.get(name, IDENTITY, make), encoding)
        self._kept.put((name, encoding), body, len(body), generation)
        return body

    def find(self, name: str, encoding: str) -> bytes | None:
        """The body of that name in that encoding, if it is kept."""
        return self._kept.get((name, encoding))

    def forget(self) -> None:
        """Keep nothing of what was made until now, nor of what is being made by another thread."""
        self._kept.forget()
