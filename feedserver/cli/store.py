"""`feedserver store`: care for the store."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedserver.settings import Settings

EXAMPLE = """Examples:
  feedserver store backup feedserver-2026-11-21.db    a copy, made while the server runs
  feedserver store check                              whether all of it is as it should be
  feedserver store vacuum                             after `feedserver redact`: gone from the file
  feedserver store migrate                            after an update; a copy is kept"""

_TOLD = 20  # faults that are told one by one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    migrating = actions.add_parser(
        "migrate",
        help="bring an older store to this version, and keep a copy as it was",
        epilog="Example: feedserver store migrate",
    )
    migrating.set_defaults(action=_migrate)
    copying = actions.add_parser(
        "backup",
        help="copy it while others use it",
        epilog="Example: feedserver store backup feedserver-2026-11-21.db",
    )
    copying.add_argument("file", metavar="FILE", type=Path, help="the copy; it must not be there")
    copying.set_defaults(action=_back_up)
    checking = actions.add_parser(
        "check",
        help="look for damage and for what cannot be",
        epilog="Example: feedserver store check",
    )
    checking.set_defaults(action=_check)
    vacuuming = actions.add_parser(
        "vacuum",
        help="take what was redacted, and what is not needed, out of its files",
        epilog="Example: feedserver store vacuum",
    )
    vacuuming.set_defaults(action=_vacuum)


def run(arguments: argparse.Namespace) -> int:
    """Run the action; 1 where the store is not as it should be."""
    from feedserver.settings import load_settings

    try:
        return int(arguments.action(load_settings(), arguments))
    finally:
        _tell_progress("")  # a refusal gets a line of its own


def _migrate(settings: "Settings", _arguments: argparse.Namespace) -> int:
    from feedserver.assembly import migrate_store

    _tell_progress("migrating")
    done = migrate_store(settings)
    _tell_progress("")
    if done is None:
        print("The store needs no migration.")
    else:
        print(f"The store was of version {done.before} and is of version {done.after} now.")
        print(f"As it was it is kept in {done.copy}")
    return 0


def _back_up(settings: "Settings", arguments: argparse.Namespace) -> int:
    from feedserver.stores.sql.caring import back_up

    _tell_progress("copying")
    size = back_up(settings.store, settings.folder, arguments.file)
    _tell_progress("")
    print(f"{arguments.file}: {size:,} bytes")
    return 0


def _check(settings: "Settings", _arguments: argparse.Namespace) -> int:
    from feedserver.stores.sql.checking import check

    count = 0
    _tell_progress("checking")
    for fault in check(settings.store, settings.folder, lambda at: _tell_progress(f"{at:,}")):
        _tell_progress("")
        count += 1
        if count <= _TOLD:
            print(f"feedserver: {fault}", file=sys.stderr)
    _tell_progress("")
    if count > _TOLD:
        print(f"feedserver: and {count - _TOLD:,} more", file=sys.stderr)
    print(
        "The store is not as it should be: put back a backup." if count else "The store is sound."
    )
    return 1 if count else 0


def _vacuum(settings: "Settings", _arguments: argparse.Namespace) -> int:
    from feedserver.stores.sql.caring import vacuum

    _tell_progress("vacuuming")
    freed = vacuum(settings.store, settings.folder)
    _tell_progress("")
    print(f"{max(0, freed):,} bytes were given back; what was redacted is in none of its files.")
    return 0


def _tell_progress(text: str) -> None:
    """Show what is being done, in place of what was shown before; a pipe hears nothing of it."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text and text + ' …'}", end="", file=sys.stderr, flush=True)
