"""`feedserver grant`: give, list and revoke the tokens of readers and writers."""

import argparse
import sys
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedserver.services.granting import Granting

EXAMPLE = """Examples:
  feedserver grant add "Ann's phone"      prints a token with which she may read
  feedserver grant add --write ci-bot     one that may also write; its activities come from ci-bot
  feedserver grant list
  feedserver grant revoke ci-bot          ends it at once"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    adding = actions.add_parser(
        "add",
        help="give a grant, and print its token, which is shown once",
        epilog="Example: feedserver grant add --write ci-bot",
    )
    adding.add_argument("--write", action="store_true", help="it may write, too")
    adding.add_argument("label", metavar="LABEL", help="what people call it: who has it, and where")
    adding.set_defaults(action=_add)
    listing = actions.add_parser(
        "list", help="every grant, and what it may do", epilog="Example: feedserver grant list"
    )
    listing.add_argument("--all", action="store_true", help="revoked ones, too")
    listing.set_defaults(action=_list)
    revoking = actions.add_parser(
        "revoke", help="end a grant at once", epilog="Example: feedserver grant revoke ci-bot"
    )
    revoking.add_argument("label", metavar="LABEL")
    revoking.set_defaults(action=_revoke)


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    from feedserver.assembly import open_grants
    from feedserver.settings import load_settings

    with open_grants(load_settings()) as grants:
        return int(arguments.action(grants, arguments))


def _add(grants: "Granting", arguments: argparse.Namespace) -> int:
    token = grants.add(arguments.label, arguments.write)
    print(token)
    may = "read and write" if arguments.write else "read"
    print(f"Who has it may {may}. It is shown this once: only its hash is kept.", file=sys.stderr)
    return 0


def _list(grants: "Granting", arguments: argparse.Namespace) -> int:
    listed = [grant for grant in grants.list() if arguments.all or grant.revoked is None]
    for grant in listed:
        may = "reads and writes" if grant.can_write else "reads"
        ended = [] if grant.revoked is None else [f"revoked {_seconds(grant.revoked)}"]
        print("\t".join([grant.label, may, f"since {_seconds(grant.created)}", *ended]))
    if not listed:
        print("No grant is in force. Give one: feedserver grant add LABEL")
    return 0


def _seconds(date: datetime) -> str:
    from feedserver.model.dates import rfc3339

    return rfc3339(date.replace(microsecond=0))


def _revoke(grants: "Granting", arguments: argparse.Namespace) -> int:
    grants.revoke(arguments.label)
    print(f"{arguments.label} is revoked.")
    return 0
