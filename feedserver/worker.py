"""The worker: polls every source in a thread of its own until it is told to stop."""

import logging
import threading
from collections.abc import Callable, Mapping
from time import monotonic

from feedserver.services.polling import Polling

_LONGEST_WAIT = 60.0  # seconds between two tries of a source that fails

logger = logging.getLogger(__name__)


class Worker:
    """Polls each source every so many seconds. A source that fails holds up no other one.

    `then` is called after each poll that did not fail.
    """

    def __init__(
        self, pollings: Mapping[Polling, float], then: Callable[[], None] = lambda: None
    ) -> None:
        self._then = then
        self._stop = threading.Event()
        # Daemons, so that a source that hangs does not keep a process that is told to leave.
        self._threads = [
            threading.Thread(
                target=self._follow,
                args=(polling, every),
                name=f"source {polling.state.name}",
                daemon=True,
            )
            for polling, every in pollings.items()
        ]

    def start(self) -> None:
        """Start to poll."""
        for thread in self._threads:
            thread.start()

    def ask_to_stop(self) -> None:
        """Let the sources finish what is in hand and ask no more."""
        self._stop.set()

    def stop(self, timeout: float = 8.0) -> None:
        """Wait, `timeout` seconds at most, until the sources have stopped as they were asked."""
        self.ask_to_stop()
        deadline = monotonic() + timeout
        for thread in self._threads:
            if thread.ident is not None:  # else it was never started
                thread.join(max(0.0, deadline - monotonic()))

    @property
    def is_alive(self) -> bool:
        """Whether every source is still being followed."""
        return all(thread.is_alive() for thread in self._threads)

    def _follow(self, polling: Polling, every: float) -> None:
        wait = 0.0
        while not self._stop.wait(wait):
            try:
                more = polling.step()
            except Exception:  # noqa: BLE001 - step has logged it and keeps it in its state
                wait = min(_LONGEST_WAIT, max(every, 2 * wait))
            else:
                wait = 0.0 if more else every
                self._go_on(polling)

    def _go_on(self, polling: Polling) -> None:
        """Do what follows a poll; a fault in that is none of the source, which is polled on."""
        try:
            self._then()
        except Exception:
            logger.exception("what follows a poll of source %s failed", polling.state.name)
