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
    return pull.run(arguments)
