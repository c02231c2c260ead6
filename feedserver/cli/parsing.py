"""What the arguments mean, and what is said of them where they mean nothing."""

import argparse
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn

from feedserver import __version__


class _Parser(argparse.ArgumentParser):
    """Says wrong usage in one line, with where to read on."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See: {self.prog} --help\n")


def parse(arguments: Sequence[str], commands: Mapping[str, str]) -> argparse.Namespace:
    """The arguments of the command that they name, with what runs it as `run`.

    `commands` are all of them by name, each with what it does; the module of the one that is
    named, of all for the help, is imported. Raises SystemExit after help and for wrong usage.
    """
    named = arguments[0] if arguments else ""
    wanted = {named: commands[named]} if named in commands else commands
    return _parser(wanted).parse_args(arguments)


def _parser(commands: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="feedserver",
        description="Records what happens in a CRM and serves feeds of it.",
        epilog="Example: feedserver demo",
    )
    parser.add_argument("--version", action="version", version=f"feedserver {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for name, help in commands.items():
        module = import_module(f"feedserver.cli.{name}")
        command = subparsers.add_parser(
            name,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog=module.EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
