"""`feedserver source`: what the sources are, what one would record, and what one could not."""

import argparse
import json
from typing import TYPE_CHECKING

from feedserver.cli.arguments import count

if TYPE_CHECKING:
    from feedserver.assembly import Server
    from feedserver.services.hooking import Hooking, Taken

EXAMPLE = """Examples:
  feedserver source list
  feedserver source try crm             what its newest entries would become; records nothing
  feedserver source try ci push.json    what a webhook would record of the records in a file
  feedserver source failed ci           what was delivered and could not be mapped
  feedserver source retry ci            map that again, with the settings of now"""

_SAMPLE = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list",
        help="every source, and how far it was read",
        epilog="Example: feedserver source list",
    )
    listing.set_defaults(action=_list)
    _add_trying(actions)
    failed = actions.add_parser(
        "failed",
        help="what could not be mapped, and why",
        epilog="Example: feedserver source failed ci 4711",
    )
    failed.add_argument("name", metavar="NAME")
    failed.add_argument("key", metavar="KEY", nargs="?", help="show that record whole, as it came")
    failed.add_argument("--drop", metavar="KEY", help="keep that record no more")
    failed.set_defaults(action=_failed)
    retrying = actions.add_parser(
        "retry",
        help="map again what could not be mapped, and record it",
        epilog="Example: feedserver source retry ci",
    )
    retrying.add_argument("name", metavar="NAME")
    retrying.add_argument("key", metavar="KEY", nargs="?", help="only that record")
    retrying.set_defaults(action=_retry)


def _add_trying(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    trying = actions.add_parser(
        "try",
        help="what would be recorded of the newest entries, or of records in a file",
        epilog="Example: feedserver source try ci push.json --header 'X-GitHub-Event: push'",
    )
    trying.add_argument("name", metavar="NAME")
    trying.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="for a webhook: JSON, or one record a line; - is standard input",
    )
    trying.add_argument(
        "--count", type=count, default=_SAMPLE, help=f"of how many entries (default {_SAMPLE})"
    )
    trying.add_argument(
        "--header",
        metavar="HEADER",
        action="append",
        default=[],
        dest="headers",
        help="'NAME: VALUE', with which the records come; may be given several times",
    )
    trying.set_defaults(action=_try)


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    return int(arguments.action(arguments))


def _try(arguments: argparse.Namespace) -> int:
    from feedserver.cli.trying import try_file, try_newest

    if arguments.file is None:
        return try_newest(arguments.name, arguments.count)
    return try_file(arguments.name, arguments.file, arguments.headers)


def _list(_arguments: argparse.Namespace) -> int:
    from feedserver.assembly import assemble
    from feedserver.settings import load_settings

    settings = load_settings()
    server = assemble(settings)
    try:
        counts = {name.value: name.count for name in server.index.names("source")}
        for name, values in settings.sources.items():
            if name in server.hooks:
                standing = _standing(server, name)
            else:
                standing = server.log.bookmark(f"source {name}") or "never asked"
            print(f"{name}\t{values['type']}\t{counts.get(name, 0)} recorded\t{standing}")
        if not settings.sources:
            print("No source is set up. The README tells how, under “Your own CRM”.")
    finally:
        server.close()
    return 0


def _standing(server: "Server", name: str) -> str:
    """What of a webhook is kept, and when something came last that was recorded or is kept."""
    from feedserver.model.dates import rfc3339
    from feedserver.model.filter import make_filter

    filter = make_filter([("source", False, name)])
    newest = server.index.newest(filter, 1).positions
    dates = [server.index.recorded(position) for position in newest]
    keeping = server.records.standing().get(name)
    if keeping is not None:
        dates.append(keeping.newest)
    last = f"last received {rfc3339(max(dates))}" if dates else "nothing received yet"
    return f"{0 if keeping is None else keeping.count} kept\t{last}"


def _failed(arguments: argparse.Namespace) -> int:
    server = _open()
    try:
        hook = _hook(server, arguments.name)
        if hook is None:
            _tell_of_poll(server, arguments.name)
        elif arguments.drop is not None:
            _known(server, hook.name, arguments.drop)
            server.records.drop(hook.name, [arguments.drop])
            print(f"{arguments.drop}: it is kept no more")
        elif arguments.key is not None:
            _tell_record(server, hook.name, arguments.key)
        else:
            _tell_kept(server, hook.name)
    finally:
        server.close()
    return 0


def _retry(arguments: argparse.Namespace) -> int:
    from feedserver.errors import SettingsError

    server = _open()
    try:
        hook = _hook(server, arguments.name)
        if hook is None:
            raise SettingsError(
                f"{arguments.name} is asked again by itself, for what failed, too; at once with: "
                f"feedserver pull --once {arguments.name}"
            )
        if arguments.key is not None:
            _known(server, hook.name, arguments.key)
        is_kept = False
        for taken in hook.retry(arguments.key):
            print(_became(taken), flush=True)
            is_kept = is_kept or taken.reason is not None
        return 1 if is_kept else 0
    finally:
        server.close()


def _became(taken: "Taken") -> str:
    if taken.reason is not None:
        return f"{taken.key}: it is still kept: {taken.reason}"
    if taken.recorded:
        return f"{taken.key}: recorded {', '.join(taken.recorded)}"
    return f"{taken.key}: {'known' if taken.known else 'no rule applies to it'}; kept no more"


def _open() -> "Server":
    from feedserver.assembly import assemble
    from feedserver.settings import load_settings

    return assemble(load_settings(), with_index=False)


def _hook(server: "Server", name: str) -> "Hooking | None":
    """The webhook with that name, None for another source; raises SettingsError for none."""
    from feedserver.errors import SettingsError

    if name not in server.settings.sources:
        known = ", ".join(server.settings.sources) or "none is set up"
        raise SettingsError(f"no source {name}; known: {known}")
    return server.hooks.get(name)


def _known(server: "Server", name: str, key: str) -> None:
    """Raise NotFound where nothing is kept under that key."""
    from feedserver.errors import NotFound

    if not server.records.find(name, key):
        raise NotFound(f"{name} keeps nothing under {key}; see: feedserver source failed {name}")


def _tell_kept(server: "Server", name: str) -> None:
    from feedserver.model.dates import rfc3339

    keys = server.records.keys(name)
    for key in keys:
        for record in server.records.find(name, key):
            print(f"{record.key}\t{rfc3339(record.received)}\t{record.reason}")
    if not keys:
        print(f"{name} keeps nothing: no record waits for a mapping.")


def _tell_record(server: "Server", name: str, key: str) -> None:
    from feedserver.model.dates import rfc3339

    _known(server, name, key)
    (record,) = server.records.find(name, key)
    print(f"{record.key}\t{rfc3339(record.received)}\t{record.reason}")
    for header, value in sorted(record.headers.items()):
        print(f"{header}: {value}")
    print(f"\n{json.dumps(record.value, ensure_ascii=False, indent=2)}")


def _tell_of_poll(server: "Server", name: str) -> None:
    """What the newest poll of a source that is asked would not make; it records nothing."""
    (source,) = (source for source in server.sources if source.name == name)
    place = server.log.bookmark(f"source {name}")
    if place is None:
        print(f"{name} was never asked.")
        return
    failed = source.poll(place, server.log.known).failed
    for problem in failed:
        print(f"{problem.key}\t{problem.text}")
    told = "these are" if failed else "nothing failed in its newest entries; what does is"
    print(f"{name}: {told} tried again with each poll.")
