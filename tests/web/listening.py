"""The application on the server that `feedserver serve` runs, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from flask import Flask

from feedserver.assembly import Server
from feedserver.serving import Listening, new_loop
from feedserver.web.bridge import SILENCE, Bridge
from feedserver.web.front import front_of


def free_port() -> int:
    """A port of 127.0.0.1 at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def listening(
    app: Flask,
    server: Server,
    port: int | None = None,
    silence: float = SILENCE,
    made: Callable[[Bridge], None] = lambda _: None,
    host: str = "127.0.0.1",
) -> Iterator[int]:
    """The port of that host at which the application of that server answers.

    `made` is given the bridge before anything is asked of it.
    """
    port = port or free_port()
    limit = server.settings.limits.max_body
    bridge = Bridge(front_of(app), server.index, host, port, limit, silence)
    made(bridge)
    has_begun, loops = threading.Event(), []
    listener = Listening(bridge, host, port)

    def serve() -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            loops.append(runner.get_loop())
            runner.run(listener.begin())
            has_begun.set()
            runner.run(listener.until_told())
            runner.run(listener.finish(monotonic() + 5))

    thread = threading.Thread(target=serve)
    thread.start()
    assert has_begun.wait(10)
    try:
        yield port
    finally:
        loops[0].call_soon_threadsafe(listener.tell)
        thread.join(10)
    assert not thread.is_alive()
