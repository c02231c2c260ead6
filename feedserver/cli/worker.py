"""`feedserver worker`: poll the sources without serving."""

import argparse

from feedserver.cli import pull

EXAMPLE = """Example:
  feedserver worker             beside `feedserver serve --no-worker`"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command takes none."""
    parser.set_defaults(sources=[], once=False)


def run(arguments: argparse.Namespace) -> int:
    """Poll every source until SIGTERM or Ctrl-C."""
    from feedserver.assembly import migrate_store
    from feedserver.logs import configure_logging
    from feedserver.settings import load_settings

    configure_logging()
    migrate_store(load_settings())
    return pull.run(arguments)
