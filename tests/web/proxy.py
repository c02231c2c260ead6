"""A proxy that shows a server under a path, and tells tests what they would see without one."""

import gzip
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import brotli

PREFIX = "/feeds"
"""The path in `base_url`; it is an address of ours too, which is the worst it can be."""

_TELLING = ("Link", "Location", "Content-Location")
_UNPACK: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "br": brotli.decompress}
_PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
    "br": lambda body: brotli.compress(body, brotli.MODE_TEXT, quality=5),
}


class Proxy:
    """A WSGI layer; it fails where an address in an answer lacks the path, or has it twice.

    It passes the path on to the server, or `strips` it. From the answer it takes the path away,
    so that a test reads what it would read of a server that is the whole of `home`.
    """

    def __init__(self, app: Any, home: str, strips: bool) -> None:
        self.app = app
        self._home = home
        self._strips = strips

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer the request."""
        status, headers, body = self._ask(environ)
        if environ["REQUEST_METHOD"] == "HEAD":
            # How long the body would be without the path can only be told from the body.
            got, of_get, body = self._ask({**environ, "REQUEST_METHOD": "GET"})
            assert (got, of_get) == (status, headers)
        told = [
            (name, self._without(value, name) if name in _TELLING else value)
            for name, value in headers
        ]
        encoding = dict(headers).get("Content-Encoding")
        plain = _UNPACK[encoding](body) if encoding else body
        kind = dict(headers).get("Content-Type", "")
        if not kind.startswith(("image/", "text/css")):
            plain = self._without(plain.decode(), kind).encode()
        body = _PACK[encoding](plain) if encoding else plain
        start_response(
            status,
            [(name, str(len(body)) if name == "Content-Length" else value) for name, value in told],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _ask(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        answered: list[Any] = []
        asked = environ if self._strips else {**environ, "PATH_INFO": PREFIX + environ["PATH_INFO"]}
        chunks = self.app({**asked}, lambda status, headers, *_: answered.extend((status, headers)))
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        return answered[0], answered[1], body

    def _without(self, text: str, kind: str) -> str:
        home = re.escape(self._home)
        stray = re.findall(rf"{home}(?!{PREFIX}\b)[^\s\"<>]*|{PREFIX}{PREFIX}/", text)
        assert not stray, stray
        text = text.replace(self._home + PREFIX, self._home)
        if kind == "Location" and text.startswith("/"):
            assert text.startswith(PREFIX + "/"), text
            return text.removeprefix(PREFIX)
        if kind.startswith("text/html"):
            stray = re.findall(rf'(?:href|src|action)="(/(?!{PREFIX[1:]}/)[^"]*)"', text)
            assert not stray, stray
            text = re.sub(rf'((?:href|src|action)="|>){PREFIX}/', r"\1/", text)
        return text
