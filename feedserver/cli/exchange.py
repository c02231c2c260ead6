"""One request over HTTP/1.1 (RFC 9112) and its answer, for a command that must start quickly.

The standard library's client imports a parser of e-mail and TLS before it says a word, which takes
longer than all that the command does; its `socket` imports what only servers need.
"""

import _socket
from collections.abc import Mapping
from time import monotonic

_PIECE = 65536  # bytes that are received at once
_LONGEST = 1024 * 1024  # bytes of an answer; ours has some hundred
_PORTS = {"http": 80, "https": 443}
_DELIMITERS = frozenset("?#@[]\\")  # of a query, a fragment or a user; an address has none
_NO_HTTP = "it answers what is no HTTP"


class Broken(Exception):
    """What came is no whole answer of HTTP; the message is one line for a person."""


class Exchange:
    """One POST to a server; `origin` names the server in messages.

    All of it together takes `timeout` seconds at most, but for the search of names.
    """

    def __init__(self, address: str, timeout: float) -> None:
        """Raises ValueError where that is no http or https address of a server."""
        scheme, _, rest = address.partition("://")
        self._authority, _, path = rest.partition("/")
        name, colon, port = self._authority.rpartition(":")
        if not colon or port.endswith("]"):  # there is no port; IPv6 addresses have colons too
            name, port = self._authority, str(_PORTS.get(scheme.lower(), ""))
        is_ipv6 = name.startswith("[") and name.endswith("]")
        self._host = name[1:-1] if is_ipv6 else name
        if (
            scheme.lower() not in _PORTS
            or not address.isascii()
            or not address.isprintable()
            or " " in address
            or not self._host
            or (":" in self._host and not is_ipv6)
            or not _DELIMITERS.isdisjoint(self._host + path)
            or not (port.isdigit() and len(port) < 6 and 0 < int(port) < 65536)
        ):
            raise ValueError("no address of a server")
        self.origin = f"{scheme}://{self._authority}"
        self._port = int(port)
        self._path = f"/{path}".rstrip("/")
        self._is_secure = scheme.lower() == "https"
        self._deadline = monotonic() + timeout
        self._connection: _socket.socket | None = None
        self._received = b""

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()

    def send(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Connect, and send a POST to the path below the server's address. Raises OSError."""
        lines = [
            f"POST {self._path}{path} HTTP/1.1",
            f"Host: {self._authority}",
            "Connection: close",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        head = "\r\n".join(lines) + "\r\n\r\n"
        self._connection = self._connected()
        if self._is_secure:
            self._connection = self._secured(self._connection)
        self._connection.settimeout(self._left())
        self._connection.sendall(head.encode("ascii") + body)

    def _connected(self) -> _socket.socket:
        """A connection to the first of the host's addresses that takes one. Raises OSError."""
        # As bytes: for a text Python imports what writes names of other alphabets in ASCII.
        host = self._host.encode("ascii")
        failure = OSError("the name has no address")
        for *kind, _, address in _socket.getaddrinfo(host, self._port, 0, _socket.SOCK_STREAM):
            connection = _socket.socket(*kind)
            try:
                connection.settimeout(self._left())
                connection.connect(address)
            except OSError as error:
                connection.close()
                failure = error
            else:
                return connection
        raise failure

    def _secured(self, plain: _socket.socket) -> _socket.socket:
        import socket
        import ssl

        with socket.socket(fileno=plain.detach()) as connection:
            connection.settimeout(self._left())
            context = ssl.create_default_context()
            return context.wrap_socket(connection, server_hostname=self._host)

    def receive(self) -> tuple[int, bytes]:
        """The status and the body of the answer. Raises Broken and OSError."""
        status = 100
        while status < 200:  # before the answer there may be others, which say that it comes
            version, _, rest = self._line().partition(b" ")
            if not version.startswith(b"HTTP/1.") or rest[3:4] not in (b"", b" "):
                raise Broken(_NO_HTTP)
            status = _number(rest[:3], 10)
            headers = self._headers()
        return status, self._body(status, headers)

    def _headers(self) -> dict[bytes, bytes]:
        headers = {}
        while line := self._line():
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip().lower()
        return headers

    def _body(self, status: int, headers: Mapping[bytes, bytes]) -> bytes:
        """The body, by the first of the rules of RFC 9112, section 6.3, that holds."""
        coding, length = headers.get(b"transfer-encoding"), headers.get(b"content-length")
        if status in (204, 304):
            return b""
        if coding == b"chunked":
            return b"".join(iter(self._chunk, b""))
        if coding is not None:
            raise Broken("it answers in a transfer coding that nobody asked for")
        if length is not None:
            return self._exactly(_number(length, 10))
        while self._has_more():
            pass
        return self._received

    def _chunk(self) -> bytes:
        """The next chunk, empty for the last one."""
        size = _number(self._line().partition(b";")[0].strip(), 16)
        chunk = self._exactly(size)
        if size and self._line():
            raise Broken(_NO_HTTP)
        return chunk

    def _line(self) -> bytes:
        while b"\n" not in self._received:
            self._receive_more()
        line, _, self._received = self._received.partition(b"\n")
        return line.removesuffix(b"\r")

    def _exactly(self, count: int) -> bytes:
        while len(self._received) < count:
            self._receive_more()
        data, self._received = self._received[:count], self._received[count:]
        return data

    def _receive_more(self) -> None:
        if not self._has_more():
            raise Broken("its answer broke off")

    def _has_more(self) -> bool:
        """Wait for more of the answer; false where the server has ended it."""
        assert self._connection is not None
        self._connection.settimeout(self._left())
        piece = self._connection.recv(_PIECE)
        self._received += piece
        if len(self._received) > _LONGEST:
            raise Broken("its answer does not end")
        return bool(piece)

    def _left(self) -> float:
        """The seconds that are left. Raises TimeoutError where none are."""
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _number(text: bytes, base: int) -> int:
    if not text.isalnum() or len(text) > 8:  # int() also takes signs, spaces and underscores
        raise Broken(_NO_HTTP)
    try:
        return int(text, base)
    except ValueError:
        raise Broken(_NO_HTTP) from None
