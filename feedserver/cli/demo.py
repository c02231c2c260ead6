"""`feedserver demo`: everything at once, with a CRM that is made up and alive."""

import argparse
import json
import math
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from feedserver.cli.arguments import port

if TYPE_CHECKING:
    from feedserver.services.granting import Granting

EXAMPLE = """Examples:
  feedserver demo
  feedserver demo --port 8001 --speed 60"""

FOLDER = Path("instance") / "demo"
AUTHORITY = "demo.invalid,2026"
WRITER = "me"

_SETTINGS = """# The settings of feedserver demo, written anew at each start.
authority = "{authority}"
base_url = "{base}"
title = "feedserver demo"

[sources.crm]
type = "clarify"
url = {url}
timezone = "UTC"
start = "all"
every = 1
"""

_WORDS = """
feedserver demo: {count:,} entries of a made-up CRM, and a new one every second or so.
Everything is in {folder}; delete it to start anew.

Open      {base}/
Directory {base}/feeds

Subscribe to one of these in your feed reader:
          {base}/all.atom
          {base}/queues/Support.atom
          {base}/all.atom?product=XR-20&-verb=log

Or ask with curl:
          curl '{base}/queues/Support.json?limit=3'

Send something yourself:
          curl {base}/activities -H 'Authorization: Bearer {token}' \\
            -H 'Content-Type: application/json' \\
            -d '{{"actor": "Me", "verb": "post", "object": "My first activity"}}'

How it stands, in a second terminal:
          FEEDSERVER_SETTINGS={settings} feedserver doctor

Ctrl-C ends it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--port", type=port, default=8000, help="port to listen on")
    parser.add_argument(
        "--speed",
        type=float,
        default=600,
        help="how many times as fast as a real service desk it lives (default 600)",
    )


def _token(grants: "Granting") -> str:
    """A token with which the demo can be written to; that of a demo before ends."""
    from feedserver.errors import NotFound

    with suppress(NotFound):  # the first time
        grants.revoke(WRITER)
    return grants.add(WRITER, can_write=True)


def run(arguments: argparse.Namespace) -> int:
    """Make the demo CRM or go on with it, tail it and serve it."""
    import threading

    from feedserver.assembly import assemble, migrate_store
    from feedserver.clock import system_clock
    from feedserver.crm.demo import DemoCrm
    from feedserver.errors import FeedserverError
    from feedserver.logs import configure_logging
    from feedserver.serving import serve
    from feedserver.settings import load_settings

    if not 0 < arguments.speed < math.inf:
        raise FeedserverError("--speed must be a number above 0")
    configure_logging()
    folder = FOLDER.absolute()
    crm = DemoCrm(folder / "crm.sqlite", system_clock)
    crm.prepare()
    base_url = f"http://127.0.0.1:{arguments.port}"
    path = folder / "feedserver.toml"
    url = json.dumps(crm.url, ensure_ascii=False)
    path.write_text(_SETTINGS.format(authority=AUTHORITY, base=base_url, url=url), encoding="utf-8")
    settings = load_settings({"FEEDSERVER_SETTINGS": str(path)})
    migrate_store(settings)
    server = assemble(settings, with_index=False)
    try:
        for polling in server.pollings:
            while polling.step():
                pass
        count = server.log.head()
        token = _token(server.grants)
    finally:
        server.close()
    stop = threading.Event()
    life = threading.Thread(target=crm.live, args=(arguments.speed, stop), name="demo CRM")

    def started() -> None:
        life.start()
        shown = shlex.quote(str(path))
        told = _WORDS.format(count=count, folder=folder, base=base_url, token=token, settings=shown)
        print(told, flush=True)

    try:
        return serve(settings, "127.0.0.1", arguments.port, started=started)
    finally:
        stop.set()
        if life.is_alive():
            life.join(5)
