"""How often a client may ask for a feed without saying what it has (RFC 6585, section 4)."""

import ipaddress
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from time import monotonic

from flask import Request, request

from feedserver.errors import TooManyRequests
from feedserver.model.query import is_ignored

SPAN = 60.0  # seconds in which a client's requests for a feed are counted, from the first on
KEPT = 10_000  # clients and feeds that are counted at once, in some 2 MB
_VALIDATORS = ("If-None-Match", "If-Modified-Since")
_FREE = ("after", "archive")  # a reader that catches up asks for each page once


class Polls:
    """Counts, for this process, what is asked for without a validator; a limit of 0 is none."""

    def __init__(self, limit: int, now: Callable[[], float] = monotonic) -> None:
        self._limit = limit
        self._now = now
        self._counted: OrderedDict[int, tuple[float, int]] = OrderedDict()  # the oldest first
        self._lock = threading.Lock()

    def check(self) -> None:
        """Count this request for a feed. Raises TooManyRequests where it is one too many.

        Free is who says what it has, who catches up, and who asks from this machine.
        """
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        feed = feed_of(asked)
        if feed is None or _tells(asked) or not self.limits(asked.remote_addr):
            return
        seconds = self.count(hash((asked.remote_addr, feed)))
        if seconds > 0:
            raise TooManyRequests(
                f"You asked for this feed {self._limit} times within a minute without saying what "
                "you have. Send the ETag of the last answer back as If-None-Match: that is never "
                "refused. Or ask less often.",
                math.ceil(seconds),
            )

    def limits(self, client: str | None) -> bool:
        """Whether the polls of that client are counted at all."""
        return self._limit > 0 and not _is_here(client)

    def count(self, key: int) -> float:
        """Seconds until what has that key is answered again; 0.0: it is now, and is counted."""
        now = self._now()
        with self._lock:
            self._forget(now)
            began, count = self._counted.get(key, (now, 0))
            if count >= self._limit:
                return began + SPAN - now
            self._counted[key] = (began, count + 1)
            return 0.0

    def _forget(self, now: float) -> None:
        """What began a minute ago, and the oldest where there is too much."""
        while self._counted:
            key, (began, _) = next(iter(self._counted.items()))
            if now - began < SPAN and len(self._counted) < KEPT:
                return
            del self._counted[key]


def feed_of(asked: Request) -> int | None:
    """What polls of the same feed have in common; None for who catches up."""
    if any(name in asked.args for name in _FREE):
        return None
    query = tuple(pair for pair in asked.args.items(multi=True) if not is_ignored(pair[0]))
    return hash((asked.path, query))


def _tells(asked: Request) -> bool:
    """Whether who asks says what it has."""
    return any(name in asked.headers for name in _VALIDATORS)


@lru_cache(maxsize=1000)
def _is_here(client: str | None) -> bool:
    """Whether the client is on this machine, as one without an address is: it has a socket."""
    try:
        address = ipaddress.ip_address(client or "")
    except ValueError:
        return True
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
