"""`feedserver show`: a feed without HTTP."""

import argparse
import sys
from urllib.parse import unquote

EXAMPLE = """Examples:
  feedserver show queues/Support.atom?tag=vip
  feedserver show 'all.json?limit=5&-verb=log'
  feedserver show 'all.json?after=' """


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "feed", metavar="FEED-PATH", help="as in an address: queues/Support.atom?tag=vip"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the feed; raises NotFound for what is no feed."""
    from feedserver.assembly import assemble
    from feedserver.errors import NotFound
    from feedserver.formats import FORMATS
    from feedserver.model.addresses import (
        encode_path,
        encode_query,
        parse_feed_path,
        split_extension,
    )
    from feedserver.model.query import parse_parameters, parse_query
    from feedserver.services.reading import represent
    from feedserver.settings import load_settings

    target = "/" + arguments.feed.removeprefix("/")
    path, _, query = target.partition("?")
    try:
        stem, extension = split_extension(unquote(path, errors="strict"), FORMATS)
        clause = parse_feed_path(stem)
    except ValueError:
        raise NotFound(
            f"{arguments.feed} is no feed; write all, or queues/NAME, products/NAME, tags/NAME, "
            "actors/NAME or customers/NAME, with .atom or .json"
        ) from None
    format = FORMATS[extension or "atom"]()
    server = assemble(load_settings())
    try:
        if clause is not None:
            clause = (clause[0], server.reading.spelling(*clause))
        parsed = parse_query(parse_parameters(query), clause)
        asked = encode_path(unquote(path)) + (f"?{encode_query(query)}" if query else "")
        view = server.reading.select(parsed, represent(format), asked)
        sys.stdout.buffer.write(server.reading.render(view, format))
        sys.stdout.buffer.flush()
    finally:
        server.close()
    return 0
