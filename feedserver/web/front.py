"""What stands in front of Flask: answers from memory where it can, for any WSGI server."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from flask import Flask

from feedserver.web.hot import SELECTED, Answer, Header, Headers, Hot, Key, Selected
from feedserver.web.posting import Environ, Posting

Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

PATH = "feedserver.path"
"""Under that name in the environ stands the path by which `Hot` is asked, if not PATH_INFO."""

READING = ("GET", "HEAD")


class Front:
    """A WSGI application around another one, which leaves in the environ what may be kept.

    Nobody waits here for what comes (`Prefer: wait`): each thread would hold up others.
    """

    def __init__(self, application: Application, hot: Hot, posting: Posting) -> None:
        self.application = application
        self.hot = hot
        self.posting = posting

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer the request, from memory or by the application."""
        answer = self._remembered(environ) if environ["REQUEST_METHOD"] in READING else None
        if answer is not None and answer.selected is not None:
            self.hot.count(answer.selected.format, answer.status)
            start_response(_status(answer.status), list(answer.headers))
            return [answer.body] if answer.body else []
        status, headers, chunks = self.made(environ)
        start_response(status, headers)
        return chunks

    def _remembered(self, environ: Environ) -> Answer | None:
        hot, header = self.hot, _header_of(environ)
        polled = hot.find(environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""), header)
        if polled is None:
            return None
        try:
            if not hot.is_fresh():
                hot.refresh()
        except Exception:  # noqa: BLE001 - whoever makes the answer meets it again, and tells it
            return None
        client = environ.get("REMOTE_ADDR"), ""
        return hot.answer(polled, environ["REQUEST_METHOD"], header, lambda: client)

    def made(self, environ: Environ) -> tuple[str, Headers, Iterable[bytes]]:
        """What the application answers; what can be kept of it is."""
        told: list[Any] = []
        header = _header_of(environ)
        key: Key = (
            environ.get(PATH) or environ.get("PATH_INFO", ""),
            environ.get("QUERY_STRING", ""),
            header("accept"),
            header("accept-encoding"),
        )

        def start(status: str, headers: Headers, _error: object = None) -> None:
            told[:] = status, headers

        chunks = self.application(environ, start)
        status, headers = told
        selected: Selected | None = environ.get(SELECTED)
        if selected is not None and environ["REQUEST_METHOD"] in READING:
            answer = Answer(int(status[:3]), headers, b"")
            self.hot.learn(key, selected, answer)
        return status, headers, chunks


def _header_of(environ: Environ) -> Header:
    return lambda name: environ.get("HTTP_" + name.upper().replace("-", "_"))


def _status(number: int) -> str:
    return f"{number} {HTTPStatus(number).phrase}"


def whole(chunks: Iterable[bytes]) -> bytes:
    """All of what an application gives, which is told that this is all."""
    try:
        return b"".join(chunks)
    finally:
        close(chunks)


def close(chunks: Iterable[bytes]) -> None:
    """Tell the application that no more is taken (PEP 3333)."""
    if hasattr(chunks, "close"):
        chunks.close()


def front_of(app: Flask) -> Front:
    """What stands in front of that application, as `create_app` put it there."""
    front = app.wsgi_app
    assert isinstance(front, Front)
    return front
