"""A small HTTP client that tells when it asked, and whether it was answered at all."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage

_PATIENCE = 30  # seconds until a server that does not answer is a fault


class Unanswered(Exception):
    """The server died, or is not there: what was sent may have been done or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; `since` is before the request was sent, `until` after all of it had come."""

    status: int
    headers: HTTPMessage
    raw: bytes
    since: float
    until: float

    @property
    def body(self) -> bytes:
        """The body without its encoding."""
        is_compressed = self.headers.get("Content-Encoding") == "gzip"
        return gzip.decompress(self.raw) if is_compressed else self.raw

    def __str__(self) -> str:
        return f"{self.status} {self.body[:200]!r}"


class Client:
    """One connection to the server on that port, opened again when it breaks."""

    def __init__(self, port: int, now: Callable[[], float]) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._now = now
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)

    def ask(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """The answer, whatever it is. Raises Unanswered; TimeoutError where nothing comes."""
        since = self._now()
        try:
            self._connection.request(
                method, address.removeprefix(self.base), body, dict(headers or {})
            )
            answer = self._connection.getresponse()
            raw = answer.read()
        except TimeoutError:
            self._connection.close()
            raise
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise Unanswered(str(error)) from None
        return Answer(answer.status, answer.headers, raw, since, self._now())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
