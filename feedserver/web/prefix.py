"""The path of `base_url`, for a server that stands beside others on one site."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def prefix_of(base_url: str) -> str:
    """What stands before every path of this server, without a slash at its end; mostly nothing."""
    return urlsplit(base_url).path.rstrip("/")


class Prefix:
    """A WSGI layer that takes the prefix off; a proxy may have done so before.

    `bare` is the path that the prefix alone means.
    """

    def __init__(self, application: Application, prefix: str, bare: str = "/") -> None:
        self._application = application
        self._prefix = unquote_to_bytes(prefix).decode("latin-1")  # as WSGI has it (PEP 3333)
        self._bare = bare

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer the request."""
        path = environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = self._prefix
        if path == self._prefix:
            environ["PATH_INFO"] = self._bare
        elif path.startswith(self._prefix + "/"):
            environ["PATH_INFO"] = path.removeprefix(self._prefix)
        return self._application(environ, start_response)
