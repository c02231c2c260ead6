"""`feedserver source`: what the sources are, and what one would record."""

import argparse

from feedserver.cli.arguments import count

EXAMPLE = """Examples:
  feedserver source list
  feedserver source try crm       what its newest entries would become; records nothing"""

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
    trying = actions.add_parser(
        "try",
        help="what would be recorded of the newest entries",
        epilog="Example: feedserver source try crm --count 20",
    )
    trying.add_argument("name", metavar="NAME")
    trying.add_argument(
        "--count", type=count, default=_SAMPLE, help=f"of how many (default {_SAMPLE})"
    )
    trying.set_defaults(action=_try)


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    return int(arguments.action(arguments))


def _list(_arguments: argparse.Namespace) -> int:
    from feedserver.assembly import assemble
    from feedserver.settings import load_settings

    settings = load_settings()
    server = assemble(settings)
    try:
        counts = {name.value: name.count for name in server.index.names("source")}
        for name, values in settings.sources.items():
            place = server.log.bookmark(f"source {name}") or "never asked"
            print(f"{name}\t{values['type']}\t{counts.get(name, 0)} recorded\t{place}")
        if not settings.sources:
            print("No source is set up. The README tells how, under “Your own CRM”.")
    finally:
        server.close()
    return 0


def _try(arguments: argparse.Namespace) -> int:
    from feedserver.assembly import make_sources
    from feedserver.clock import system_clock
    from feedserver.errors import SettingsError
    from feedserver.model.dates import rfc3339
    from feedserver.model.identity import dated_authority
    from feedserver.services.intake import cleaned
    from feedserver.settings import load_settings

    settings = load_settings()
    now = system_clock()
    sources = make_sources(settings, dated_authority(settings.authority, now), system_clock)
    source = next((source for source in sources if source.name == arguments.name), None)
    if source is None:
        known = ", ".join(settings.sources) or "none is set up"
        raise SettingsError(f"no source {arguments.name}; known: {known}")
    sample = source.sample(arguments.count)
    for draft in map(cleaned, sample.drafts):
        occurred = "no date" if draft.occurred is None else rfc3339(draft.occurred)
        print(f"{occurred}  {draft.title}")
        named = [("queue", draft.queues), ("tags", draft.tags)]
        named.insert(1, ("product", tuple(product.name for product in draft.products)))
        told = [f"{name}: {', '.join(values)}" for name, values in named if values]
        if draft.customer is not None and draft.customer.name:
            told.append(f"customer: {draft.customer.name}")
        print("    " + "; ".join([f"verb: {draft.verb}", *told]))
        print(f"    {draft.id}")
        if draft.object is not None and draft.object.url:
            print(f"    {draft.object.url}")
    for problem in (*sample.problems, *sample.failed):
        print(f"odd: {problem.key}: {problem.text}")
    dates = [draft.occurred for draft in sample.drafts if draft.occurred is not None]
    if dates:
        minutes = round((now - max(dates)).total_seconds() / 60)
        ahead = "ahead of" if minutes < 0 else "behind"
        print(
            f"The newest of these is {abs(minutes)} min {ahead} your clock. If that is whole hours "
            "in a busy CRM, `timezone` is wrong. Nothing was recorded."
        )
    else:
        print("The source has no entries. Nothing was recorded.")
    return 0
