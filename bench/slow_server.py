"""feedserver with two slow requests, to see what they do to the polls beside them.

    python -m bench.slow_server --port 8001

They are added to the application here, before it is served; the product has no such thing.
"""

import argparse
import time
from typing import Any

from flask import Flask

from feedserver import serving
from feedserver.assembly import Server
from feedserver.settings import load_settings
from feedserver.web.app import create_app

MILLISECONDS = 50


def main() -> None:
    """Serve the settings of the environment until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    serving.create_app = _with_slow_requests  # type: ignore[attr-defined]
    raise SystemExit(serving.serve(load_settings(), "127.0.0.1", port, with_worker=False))


def _with_slow_requests(server: Server, *rest: Any, **named: Any) -> Flask:
    app = create_app(server, *rest, **named)
    app.add_url_rule("/bench/asleep", "asleep", _asleep)
    app.add_url_rule("/bench/busy", "busy", _busy)
    return app


def _asleep() -> str:
    time.sleep(MILLISECONDS / 1000)
    return "slept\n"


def _busy() -> str:
    """Python that runs for as long, and holds the interpreter as any Python does."""
    end = time.thread_time() + MILLISECONDS / 1000
    while time.thread_time() < end:
        sum(range(100))
    return "worked\n"


if __name__ == "__main__":
    main()
