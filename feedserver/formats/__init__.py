"""Ways to write a page; pure, one file a format."""

from feedserver.registry import Registry

FORMATS = Registry(
    "format",
    {
        "atom": "feedserver.formats.atom:AtomFormat",
        "json": "feedserver.formats.as2:As2Format",
        "as1": "feedserver.formats.as1:As1Format",
        "rss": "feedserver.formats.rss:RssFormat",
        "jsonfeed": "feedserver.formats.jsonfeed:JsonFeedFormat",
    },
)
"""The formats by their extension."""
