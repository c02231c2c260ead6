"""`feedserver serve`: web and worker in one process."""

import argparse

from feedserver.cli.arguments import port

EXAMPLE = """Examples:
  feedserver serve
  feedserver serve --port 8001 --no-worker"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=port, default=8000, help="port to listen on")
    parser.add_argument("--no-worker", action="store_true", help="do not poll the sources")
    parser.add_argument(
        "--open", action="store_true", help="let everyone read, though the address is public"
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    from feedserver.assembly import migrate_store
    from feedserver.logs import configure_logging
    from feedserver.serving import reached_at, refuse_open_reading, serve
    from feedserver.settings import load_settings

    configure_logging(access=True)
    settings = load_settings()
    if not arguments.open:
        refuse_open_reading(settings, arguments.host)
    settings = reached_at(settings, arguments.host, arguments.port)
    migrate_store(settings)
    return serve(settings, arguments.host, arguments.port, with_worker=not arguments.no_worker)
