"""Serving: the application, the worker and the signals of one process."""

import ipaddress
import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from urllib.parse import urlsplit

from waitress import wasyncore
from waitress.server import BaseWSGIServer, create_server

from feedserver.assembly import assemble
from feedserver.errors import FeedserverError, SettingsError
from feedserver.settings import Settings
from feedserver.web.app import create_app
from feedserver.worker import Worker

THREADS = 16  # requests at once; more wait
MAX_REQUEST = 1024**3  # bytes of a body, which waitress keeps in a file until it has all of it
_GRACE = 8.0  # seconds for what is in hand when the process is told to leave

logger = logging.getLogger(__name__)


def reached_at(settings: Settings, host: str, port: int) -> Settings:
    """The settings with the address that is listened on, where they say no `base_url`.

    Raises SettingsError where that is no address by which anybody could reach the server.
    """
    if settings.has_base_url:
        return settings
    if host in ("", "0.0.0.0", "::"):
        raise SettingsError(
            f"base_url is not set, and {host or 'nothing'} is no address that readers could use; "
            'set it to theirs: base_url = "http://name:8000"'
        )
    name = f"[{host}]" if ":" in host else host
    return replace(settings, base_url=f"http://{name}:{port}")


def refuse_open_reading(settings: Settings, host: str) -> None:
    """Raise SettingsError where `reading = "open"` would show everything to a network."""
    public = [
        name for name in (host, urlsplit(settings.base_url).hostname or "") if not is_loopback(name)
    ]
    if settings.reading == "open" and public:
        raise SettingsError(
            f'reading = "open" would show everything to everyone at {public[0]}. '
            'Set reading = "private", or say --open.'
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    settings: Settings,
    host: str,
    port: int,
    with_worker: bool = True,
    started: Callable[[], None] = lambda: None,
) -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in hand and leave with 0.

    `started` is called when the server listens. Raises FeedserverError where it cannot start.
    """
    server = assemble(settings)
    worker = Worker(server.pollings if with_worker else {}, server.index.notice)
    app = create_app(server, worker if with_worker else None)
    deadline = 0.0
    try:
        listening = _listen(app, host, port)
        stopping = _Stopping()
        worker.start()
        logger.info("listening on http://%s:%d, %d activities", host, port, server.log.head())
        started()
        stopping.wait(listening)
        worker.ask_to_stop()
        deadline = monotonic() + _GRACE
        stopping.finish(listening, deadline)
    finally:
        worker.stop(max(0.0, deadline - monotonic()))
        server.close()
    return 0


def _listen(app: object, host: str, port: int) -> BaseWSGIServer:
    try:
        return create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            max_request_body_size=MAX_REQUEST,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
    except OSError as error:
        if error.errno is not None and "in use" in str(error).lower():
            raise FeedserverError(f"Port {port} is in use. Try --port {port + 1}.") from None
        raise FeedserverError(f"Cannot listen on {host}:{port}: {error}") from None
    except ValueError:
        raise FeedserverError(
            f"Cannot listen on {host}, which is no address of this machine. Leave --host out, or "
            "write 127.0.0.1, or 0.0.0.0 for all of its addresses."
        ) from None


class _Stopping:
    """Runs a server's loop until a signal comes, and then only to the end of what is in hand."""

    def __init__(self) -> None:
        self._is_asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self._is_asked = True

    def wait(self, server: BaseWSGIServer) -> None:
        """Serve until a signal comes."""
        while not self._is_asked:
            wasyncore.loop(timeout=0.5, map=server._map, count=1)

    def finish(self, server: BaseWSGIServer, deadline: float) -> None:
        """Finish what is in hand; waitress's own loop would drop what is still being written."""
        channels = server._map
        server.accepting = False
        server.close()
        while monotonic() < deadline and _in_hand(channels):
            wasyncore.loop(timeout=0.1, map=channels, count=1)
        server.task_dispatcher.shutdown(timeout=0.5)


def _in_hand(channels: dict[int, object]) -> bool:
    return any(
        getattr(channel, "requests", None) or getattr(channel, "total_outbufs_len", 0)
        for channel in channels.values()
    )
