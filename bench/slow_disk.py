"""feedserver on a disk that takes longer: `python -m bench.slow_disk --port 8001`.

Each commit takes some milliseconds more, as on a disk that is none of a laptop's. That is added
here, before it is served; the product has no such thing.
"""

import argparse
import time
from typing import Any

import sqlalchemy as sa

from feedserver import serving
from feedserver.settings import load_settings

MILLISECONDS = 2.0


def main() -> None:
    """Serve the settings of the environment until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    sa.event.listen(sa.Engine, "before_cursor_execute", _wait)
    raise SystemExit(serving.serve(load_settings(), "127.0.0.1", port, with_worker=False))


def _wait(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if statement == "COMMIT":
        time.sleep(MILLISECONDS / 1000)


if __name__ == "__main__":
    main()
