"""Which command the arguments name, and how it ends.

Nothing is imported here but what the command needs: a CRM runs one for each entry of its log.
"""

import sys
from collections.abc import Sequence

TYPE_CHECKING = False  # typing says the same, and takes a third of the interpreter's start
if TYPE_CHECKING:
    from argparse import Namespace
    from types import SimpleNamespace

COMMANDS = {
    "init": "make the settings for a CRM of your own",
    "serve": "web and worker in one process",
    "demo": "a living demo CRM, its source and the server, to try everything",
    "worker": "the worker alone: poll the sources without serving",
    "pull": "ask the sources for what is new",
    "record": "record activities from files",
    "publish": "record one entry of the CRM's log, as a business rule asks",
    "show": "print a feed without HTTP",
    "source": "list and try sources; show and retry what could not be mapped",
    "grant": "tokens for readers and writers",
    "redact": "take the content of activities out of the log for good",
    "store": "care for the store: backup, check, vacuum, migrate",
    "doctor": "look at settings, store, sources and feeds, and say what to mend",
}
"""The commands by name, each with what it does; the module is `feedserver.cli.NAME`."""


def run(arguments: Sequence[str]) -> int:
    """Run a command: 0 on success, 1 where it is refused or fails, 2 on wrong usage."""
    try:
        parsed = _parsed(arguments)
    except SystemExit as exit:
        return int(exit.code or 0)
    try:
        return int(parsed.run(parsed))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe has had enough
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a person gets a line, not a traceback
        print("\n".join(f"feedserver: {line}" for line in _told(error)), file=sys.stderr)
        return 1


def _parsed(arguments: Sequence[str]) -> "Namespace | SimpleNamespace":
    if arguments[:1] == ["publish"]:
        from feedserver.cli import publish

        found = publish.parse(arguments[1:])
        if found is not None:
            return found
    from feedserver.cli.parsing import parse

    return parse(arguments, COMMANDS)


def _told(error: Exception) -> Sequence[str]:
    from feedserver.errors import FeedserverError, InvalidRequest

    if isinstance(error, InvalidRequest):
        return error.faults
    if isinstance(error, FeedserverError):
        return [str(error)]
    return [f"this should not happen: {error!r}"]
