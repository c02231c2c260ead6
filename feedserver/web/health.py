"""How the server is doing, for those who watch it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from flask import Response, jsonify

from feedserver.assembly import Server
from feedserver.errors import StoreError
from feedserver.model.dates import rfc3339
from feedserver.services.hooking import HookState, states
from feedserver.services.polling import SourceState
from feedserver.web.access import Access


class Worker(Protocol):
    """What polls the sources of this process."""

    @property
    def is_alive(self) -> bool:
        """Whether every source is still being followed."""
        ...


class HealthViews:
    """`/healthz` and `/readyz`."""

    def __init__(self, server: Server, access: Access, worker: Worker | None) -> None:
        self._server = server
        self._access = access
        self._worker = worker

    def healthz(self) -> Response:
        """The process answers."""
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    def readyz(self) -> tuple[Response, int]:
        """200 while the store can be read and the worker works, else 503; with every source.

        Without a worker in this process nothing is said of sources that another one polls. What
        webhooks keep is told, and makes nothing unready. A private server tells strangers nothing
        but whether it is ready.
        """
        store = "ok"
        hooks: Sequence[HookState] = ()
        try:
            self._server.index.catch_up()
            hooks = states(self._server.hooks.values(), self._server.records)
        except StoreError as error:
            store = str(error)
        worker = (
            "not here" if self._worker is None else "ok" if self._worker.is_alive else "stopped"
        )
        is_ready = store == "ok" and worker != "stopped"
        polled = () if self._worker is None else self._server.pollings
        now = self._server.clock()
        told = {
            "ready": is_ready,
            "store": store,
            "worker": worker,
            "followers": {
                name: error or "ok" for name, error in self._server.followers.failing.items()
            },
            "sources": {
                **{state.name: _told(state, now) for state in [each.state for each in polled]},
                **{state.name: _told_of_hook(state, now) for state in hooks},
            },
        }
        response = jsonify(told if self._access.may_read() else {"ready": is_ready})
        response.headers["Cache-Control"] = "no-store"
        return response, 200 if is_ready else 503


def _told(state: SourceState, now: datetime) -> dict[str, Any]:
    lag = state.lag(now)
    doing = "waiting" if state.asked is None else "behind" if state.is_behind else "following"
    return {
        "state": "failing" if state.failing else doing,
        "error": state.failing,
        "failing_since": state.failing_since and rfc3339(state.failing_since),
        "answered": state.answered and rfc3339(state.answered),
        "lag": None if lag is None else int(lag),
        "recorded": state.recorded,
        "odd": state.odd,
        "failed": state.failed,
    }


def _told_of_hook(state: HookState, now: datetime) -> dict[str, Any]:
    doing = "keeping" if state.kept else "waiting" if state.received is None else "receiving"
    return {
        "state": "failing" if state.failing else doing,
        "error": state.failing,
        "failing_since": state.failing_since and rfc3339(state.failing_since),
        "received": state.received and rfc3339(state.received),
        "lag": int(state.lag(now)),
        "recorded": state.recorded,
        "failed": state.failed,
        "kept": state.kept,
    }
