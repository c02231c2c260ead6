"""Serving: the application, the worker and the signals of one process."""

import asyncio
import ctypes
import errno
import gc
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from granian.constants import HTTPModes, Interfaces
from granian.server import embed

from feedserver.assembly import Server, assemble
from feedserver.errors import FeedserverError, SettingsError
from feedserver.settings import Settings
from feedserver.web.app import create_app
from feedserver.web.bridge import Bridge
from feedserver.web.front import front_of
from feedserver.worker import Worker

CONNECTIONS = 4096  # that are open at once, most of which wait
COLLECTED = (20_000, 10, 10)  # objects until the garbage collector looks: a request has no circles
SWITCH = 0.0005  # seconds after which a thread that computes lets the event loop have its turn
_GRACE = 8.0  # seconds for what is in hand when the process is told to leave

try:
    import resource
except ImportError:  # which there is none of on Windows
    resource = None  # type: ignore[assignment]

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
    return replace(settings, base_url=address_of(host, port))


def address_of(host: str, port: int) -> str:
    """The address at which a server that listens there is reached."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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
    try:
        run(server, host, port, with_worker, started)
    finally:
        server.close()
    return 0


def run(
    server: Server,
    host: str,
    port: int,
    with_worker: bool = True,
    started: Callable[[], None] = lambda: None,
) -> None:
    """As `serve`, with a server that is assembled, and closed by who has it."""
    bridges: list[Bridge] = []

    def noticed() -> None:
        bridges[0].following.notice()

    worker = Worker(server.pollings if with_worker else {}, noticed)
    app = create_app(server, worker if with_worker else None, noticed)
    longest, followers = server.settings.limits.max_body, server.followers
    bridge = Bridge(front_of(app), server.index, host, port, longest, followers=followers)
    bridges.append(bridge)
    _allow_connections()
    deadline = 0.0
    try:
        with (
            _claimed(host, port),
            _settled(),
            asyncio.Runner(loop_factory=new_loop) as runner,
        ):
            listening = Listening(bridge, host, port)
            runner.run(listening.begin())
            _heed_signals(runner.get_loop(), listening.tell)
            worker.start()
            server.start_snapshots()
            address = address_of(host, port)
            logger.info("listening on %s, %d activities", address, server.log.head())
            started()
            runner.run(listening.until_told())
            worker.ask_to_stop()
            deadline = monotonic() + _GRACE
            runner.run(listening.finish(deadline))
    finally:
        worker.stop(max(0.0, deadline - monotonic()))
        server.stop_snapshots(max(0.5, deadline - monotonic()))


def _allow_connections() -> None:
    """Let the process have as many files open as it may take connections, if the system does."""
    if resource is None:
        return
    wanted = 2 * CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        if most < wanted:
            logger.warning("only %d files may be open, and so about as many connections", most)


@contextmanager
def _settled() -> Iterator[None]:
    """While it is entered, the process is one that serves.

    Threads have their turns sooner, the garbage collector looks no more at what stays and seldom
    at the rest, and the memory that was needed to make the index is given back.
    """
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH)
    gc.collect()
    gc.freeze()  # else each full collection would go through the whole index
    gc.set_threshold(*COLLECTED)
    with suppress(OSError, AttributeError):  # only some C libraries can
        ctypes.CDLL(None).malloc_trim(0)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _heed_signals(loop: asyncio.AbstractEventLoop, tell: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, tell)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(tell))


def new_loop() -> asyncio.AbstractEventLoop:
    """The quickest event loop that there is here."""
    try:
        import uvloop
    except ImportError:  # which there is none of for Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


@contextmanager
def _claimed(host: str, port: int) -> Iterator[None]:
    """Raises FeedserverError where nothing can listen there, or something does.

    The server shares its port with whoever shares theirs, so that it would not notice. While this
    is entered another feedserver is refused, also one that starts at the same moment.
    """
    with socket.socket(getattr(socket, "AF_UNIX", socket.AF_INET)) as claim:
        try:
            family, address = _found(host, port)
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                if sys.platform != "win32":
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
            if sys.platform == "linux":  # where such a name is no file, and ends with us
                claim.bind(f"\0feedserver {address[0]} {port}")
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise FeedserverError(f"Port {port} is in use. Try --port {port + 1}.") from None
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise FeedserverError(
                    f"Cannot listen on {host}, which is no address of this machine. Leave --host "
                    "out, or write 127.0.0.1, or 0.0.0.0 for all of its addresses."
                ) from None
            raise FeedserverError(f"Cannot listen on {host}:{port}: {error}") from None
        yield


def _found(host: str, port: int) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    """The address that the host has, the first of several. Raises OSError."""
    (family, *_, address), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return family, address


class Listening:
    """A bridge that is listened for, on one event loop, until somebody tells it to leave."""

    def __init__(self, bridge: Bridge, host: str, port: int) -> None:
        self._bridge = bridge
        self._reached = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)
        _, address = _found(host, port)
        self._server = embed.Server(
            bridge,
            address[0],  # the server itself looks up no names
            port,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            websockets=False,
            backlog=CONNECTIONS,
            backpressure=CONNECTIONS,
            log_enabled=False,
        )
        self._told = asyncio.Event()

    async def begin(self) -> None:
        """Listen; on return connections are taken."""
        loop = asyncio.get_running_loop()
        self._bridge.following.start(loop)
        with _asked_first(loop, self._bridge.answers):
            self._serving = loop.create_task(self._server.serve())
            async with asyncio.timeout(_GRACE):
                while not await self._is_reached():
                    await asyncio.sleep(0.005)

    async def _is_reached(self) -> bool:
        if self._serving.done():
            raise FeedserverError(f"Cannot listen: {self._serving.exception()}")
        try:
            _, writer = await asyncio.open_connection(*self._reached)
        except OSError:
            return False
        writer.close()
        return True

    def tell(self) -> None:
        """Tell it to leave; on its event loop."""
        self._told.set()

    async def until_told(self) -> None:
        """Serve until it is told to leave."""
        told = asyncio.ensure_future(self._told.wait())
        await asyncio.wait((told, self._serving), return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            raise FeedserverError(f"The server has stopped: {self._serving.exception()}")

    async def finish(self, deadline: float) -> None:
        """Take no more, wake who waits, and finish what is in hand."""
        self._bridge.leave()
        self._server.stop()  # type: ignore[no-untyped-call]
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline - monotonic()):
                await self._serving
                while self._bridge.in_hand:
                    await asyncio.sleep(0.01)


@contextmanager
def _asked_first(
    loop: asyncio.AbstractEventLoop, answers: Callable[[Any, Any], bool]
) -> Iterator[None]:
    """While it is entered, a server of granian that starts on that loop asks `answers` first.

    granian has the event loop begin with each request, which takes a third of the time of a poll
    that is answered from memory. So this stands between two of its own parts. Where a version of it
    has others, each request goes by the loop.
    """
    part, name = sys.modules.get("granian._futures"), "_cbsched_aioschedule"
    made: Callable[..., Callable[[Any], None]] | None = getattr(part, name, None)
    if made is None:
        logger.warning("this version of granian hands each poll to the event loop: it takes longer")
        yield
        return

    def asking(its_loop: Any, *arguments: Any) -> Callable[[Any], None]:
        schedule = made(its_loop, *arguments)

        def ask(watcher: Any) -> None:
            if answers(watcher.scope, watcher.proto):
                watcher.done()
            else:
                schedule(watcher)

        return ask if its_loop is loop else schedule

    setattr(part, name, asking)
    try:
        yield
    finally:
        setattr(part, name, made)
