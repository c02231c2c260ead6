"""A server that answers what a test says, byte for byte."""

import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

LONG = 20.0  # seconds; nothing here takes them


class Canned:
    """A server that takes one request and sends what it was given, a piece at a time."""

    def __init__(self, *pieces: bytes, stays_open: bool = False, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family)
        self.port = self._listening.getsockname()[1]
        self.address = f"http://{host}:{self.port}"
        self.asked = b""
        self._pieces = pieces
        self._done = threading.Event()
        self._stays_open = stays_open
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self) -> None:
        connection, _ = self._listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, suppress(OSError):  # who asked may have had enough
            while not self._is_whole():
                piece = connection.recv(65536)
                if not piece:
                    return
                self.asked += piece
            for piece in self._pieces:
                connection.sendall(piece)
                time.sleep(0.002)  # so that pieces arrive as such
            if self._stays_open:
                self._done.wait(LONG)

    def _is_whole(self) -> bool:
        """Whether the request has come as far as its Content-Length says."""
        head, ended, body = self.asked.partition(b"\r\n\r\n")
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        return bool(ended) and length is not None and len(body) >= int(length[1])

    def close(self) -> None:
        self._done.set()
        self._thread.join(LONG)
        self._listening.close()


Serve = Callable[..., Canned]
"""Starts such a server; the fixture `serve` stops it again."""
