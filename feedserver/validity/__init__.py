"""Rules of the feed formats: documents are held against them. Pure."""

from feedserver.registry import Registry

CHECKS = Registry(
    "format",
    {
        "atom": "feedserver.validity.atom:check_atom",
        "json": "feedserver.validity.as2:check_as2",
        "as1": "feedserver.validity.as1:check_as1",
        "rss": "feedserver.validity.rss:check_rss",
        "jsonfeed": "feedserver.validity.jsonfeed:check_jsonfeed",
    },
)
"""What judges a document of a format, by its extension: bytes, address and time -> `Findings`."""
