"""Which command the arguments name, and how it ends.

A command's module is imported when it is run: none pays for what another needs.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from feedserver import __version__
from feedserver.errors import FeedserverError, InvalidRequest

COMMANDS = {
    "serve": "web and worker in one process",
    "demo": "a living demo CRM, its source and the server, to try everything",
    "worker": "the worker alone: poll the sources without serving",
    "pull": "ask the sources for what is new",
    "show": "print a feed without HTTP",
    "source": "list the sources, or try one",
}
"""The commands by name, each with what it does; the module is `feedserver.cli.NAME`."""


class _Parser(argparse.ArgumentParser):
    """Says wrong usage in one line, with where to read on."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See: {self.prog} --help\n")


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands, each with its own help and an example."""
    parser = _Parser(
        prog="feedserver",
        description="Records what happens in a CRM and serves feeds of it.",
        epilog="Example: feedserver demo",
    )
    parser.add_argument("--version", action="version", version=f"feedserver {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for name, help in COMMANDS.items():
        module = import_module(f"feedserver.cli.{name}")
        command = commands.add_parser(
            name,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog=module.EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def run(arguments: Sequence[str]) -> int:
    """Run a command: 0 on success, 1 where it is refused or fails, 2 on wrong usage."""
    try:
        parsed = make_parser().parse_args(arguments)
    except SystemExit as exit:
        return int(exit.code or 0)
    try:
        return int(parsed.run(parsed))
    except InvalidRequest as error:
        print("\n".join(f"feedserver: {fault}" for fault in error.faults), file=sys.stderr)
        return 1
    except FeedserverError as error:
        print(f"feedserver: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe has had enough
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a person gets a line, not a traceback
        print(f"feedserver: this should not happen: {error!r}", file=sys.stderr)
        return 1
