"""How the server is doing, for those who watch it."""

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify

from feedserver.assembly import Server
from feedserver.errors import StoreError
from feedserver.model.dates import rfc3339
from feedserver.services.polling import SourceState

Check = Callable[[], bool]


def always() -> bool:
    """What has no worker has none that could fail."""
    return True


class HealthViews:
    """`/healthz` and `/readyz`."""

    def __init__(self, server: Server, is_working: Check) -> None:
        self._server = server
        self._is_working = is_working

    def healthz(self) -> Response:
        """The process answers."""
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    def readyz(self) -> tuple[Response, int]:
        """200 while the store can be read and the worker works, else 503; with every source."""
        store = "ok"
        try:
            self._server.index.catch_up()
        except StoreError as error:
            store = str(error)
        is_ready = store == "ok" and self._is_working()
        told = {
            "ready": is_ready,
            "store": store,
            "worker": "ok" if self._is_working() else "stopped",
            "sources": {
                polling.state.name: _state(polling.state) for polling in self._server.pollings
            },
        }
        response = jsonify(told)
        response.headers["Cache-Control"] = "no-store"
        return response, 200 if is_ready else 503


def _state(state: SourceState) -> dict[str, Any]:
    doing = "waiting" if state.asked is None else "behind" if state.is_behind else "following"
    return {
        "state": "failing" if state.failing else doing,
        "error": state.failing,
        "failing_since": state.failing_since and rfc3339(state.failing_since),
        "answered": state.answered and rfc3339(state.answered),
        "recorded": state.recorded,
        "odd": state.odd,
        "failed": state.failed,
    }
