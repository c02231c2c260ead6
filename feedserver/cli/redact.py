"""`feedserver redact`: take the content of activities out of the log for good."""

import argparse
import sys

EXAMPLE = """Examples:
  feedserver redact tag:example.com,2026:crm/act_entry/268435457
  feedserver redact - < ids.txt           an id a line

Feeds show them no more from the next request on, and nothing brings them back. `feedserver store
vacuum` then takes what they said out of the store's files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "ids", metavar="ID", nargs="+", help="as feeds have it, or - for standard input"
    )


def run(arguments: argparse.Namespace) -> int:
    """Redact all of them, or none where one is not recorded."""
    from feedserver.assembly import open_writing
    from feedserver.settings import load_settings

    ids = [id for given in arguments.ids for id in (_read() if given == "-" else [given])]
    with open_writing(load_settings()) as (writing, _):
        were_there = writing.redact(ids)
    # An id that the console cannot show must not make success a failure.
    encoding = sys.stdout.encoding or "ascii"
    for id, was_there in zip(ids, were_there, strict=True):
        shown = id.encode(encoding, "replace").decode(encoding)
        print(f"{shown}: {'redacted' if was_there else 'was redacted before'}")
    if ids:
        print(
            "The store's files still hold what was redacted until you run: feedserver store "
            "vacuum. Backups made before hold it, too.",
            file=sys.stderr,
        )
    return 0


def _read() -> list[str]:
    """The ids on standard input, one a line."""
    return [id for line in sys.stdin for id in [line.strip()] if id]
