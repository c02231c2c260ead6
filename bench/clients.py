"""Many clients in one process, each with a connection that stays open.

One thread and plain sockets: a request takes 20 µs of it, so that what is measured is the server.
"""

import heapq
import selectors
import socket
import time
from collections.abc import Iterable
from itertools import count
from typing import Protocol


class Client(Protocol):
    """What one client does: the next request, None where it has no more, and the answers to it.

    It begins after `begins` seconds.
    """

    @property
    def begins(self) -> float: ...

    def request(self) -> bytes | None:
        """What it sends now."""

    def answered(self, status: int, head: bytes, body: bytes, seconds: float) -> float:
        """It was answered after so many seconds; gives the seconds until its next request."""


class Clients:
    """Runs clients beside each other against one server of this machine."""

    def __init__(self, port: int, clients: Iterable[Client]) -> None:
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, _Connection]] = []
        self._numbers = count()
        for client in clients:
            connection = _Connection(client, socket.create_connection(("127.0.0.1", port)))
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            self._later(connection, client.begins)
        self._open = len(self._due)

    def run(self, seconds: float | None = None) -> float:
        """Run them to their end, or for so many seconds; how many it took."""
        began = time.perf_counter()
        while self._open and (seconds is None or time.perf_counter() - began < seconds):
            self._send_due()
            wait = self._due[0][0] - time.perf_counter() if self._due else 0.1
            for key, _ in self._selector.select(max(0.0, wait)):
                self._receive(key.data)
        return time.perf_counter() - began

    def close(self) -> None:
        """Close all connections."""
        for key in list(self._selector.get_map().values()):
            key.data.socket.close()
        self._selector.close()

    def _later(self, connection: "_Connection", seconds: float) -> None:
        due = time.perf_counter() + seconds
        heapq.heappush(self._due, (due, next(self._numbers), connection))

    def _send_due(self) -> None:
        now = time.perf_counter()
        while self._due and self._due[0][0] <= now:
            _, _, connection = heapq.heappop(self._due)
            request = connection.client.request()
            if request is None:
                self._open -= 1
                continue
            connection.began = time.perf_counter()
            connection.socket.sendall(request)

    def _receive(self, connection: "_Connection") -> None:
        chunk = connection.socket.recv(1 << 16)
        if not chunk:
            raise SystemExit("the server has closed a connection")
        connection.held += chunk
        found = _whole(connection.held)
        if found is None:
            return
        connection.held = b""
        seconds = time.perf_counter() - connection.began
        self._later(connection, connection.client.answered(*found, seconds))


class _Connection:
    def __init__(self, client: Client, opened: socket.socket) -> None:
        self.client = client
        self.socket = opened
        self.held = b""
        self.began = 0.0


def _whole(held: bytes) -> tuple[int, bytes, bytes] | None:
    """Status, head and body, where all of the answer is there."""
    head, end, body = held.partition(b"\r\n\r\n")
    if not end:
        return None
    status = int(head[9:12])
    at = head.lower().find(b"\r\ncontent-length:")
    length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 and status != 304 else 0
    return (status, head, body) if len(body) >= length else None
