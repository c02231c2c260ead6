"""Addresses of feeds and activities, relative to `base_url`.

A name reaches its feed by every link that is given: one that proxies, routers or the cutting of
extensions would break in a path goes into a parameter instead.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from feedserver.model.filter import Filter

EXTENSIONS = ("atom", "json", "as1", "rss", "jsonfeed")
"""Every extension that is ever cut off a path, so that links stay good when formats come."""

COLLECTIONS = {
    "queue": "queues",
    "product": "products",
    "tag": "tags",
    "actor": "actors",
    "customer": "customers",
}
"""The first segment of the path of a field's feeds."""

_FIELD_OF = {segment: field for field, segment in COLLECTIONS.items()}

_PLAIN = re.compile(r"[A-Za-z0-9_.~:-]*")
_KEPT = "-._~!$'()*,:@"


def stands_in_path(name: str) -> bool:
    """Whether the name comes through proxies, routers and the cutting of extensions unharmed."""
    return (
        not any(character in name for character in "/\\%;")
        and name.isprintable()
        and name == name.strip()
        and not name.startswith((".", "-"))
        and bool(name)
        and name.rpartition(".")[2] not in EXTENSIONS
    )


def feed_path(
    filter: Filter,
    extension: str | None = None,
    parameters: Iterable[tuple[str, str]] = (),
    by_name: bool = True,
) -> str:
    """The path of a feed with the given extension (None: by `Accept`) and further parameters.

    A single queue, product, tag, actor or customer stands in the path where it can, unless
    `by_name` is false: a path must name what there is, a parameter need not.
    """
    pairs = list(filter.pairs)
    path = "/all"
    first = next((clause for clause in filter.clauses if clause.field in COLLECTIONS), None)
    if (
        by_name
        and first is not None
        and not first.excluded
        and len(first.values) == 1
        and stands_in_path(first.values[0])
    ):
        pairs.remove((first.field, first.values[0]))
        path = f"/{COLLECTIONS[first.field]}/{quote(first.values[0], safe=_KEPT)}"
    if extension is not None:
        path += f".{extension}"
    return path + query_string([*pairs, *parameters])


def query_string(pairs: Iterable[tuple[str, str]]) -> str:
    """The pairs as a query with its `?`, or nothing."""
    text = "&".join(
        f"{quote(name, safe=_KEPT)}={quote(value, safe=_KEPT)}" for name, value in pairs
    )
    return f"?{text}" if text else ""


def encode_path(path: str) -> str:
    """A decoded path as it stands in an address, just as `feed_path` would have written it."""
    return quote(path, safe="/" + _KEPT)


def encode_query(query: str | bytes) -> str:
    """A query as it was asked, but for characters that no address may hold."""
    return quote(query, safe=_KEPT + "&=+%/?;")


@lru_cache(1000)  # each answer about an activity names its address several times
def activity_path(id: str, extension: str | None = None) -> str:
    """The path of one activity."""
    # Nearly every id is of such characters, and need not be looked at one by one.
    quoted = id.replace(":", "%3A") if _PLAIN.fullmatch(id) else quote(id, safe="")
    return f"/activities/{quoted}" + (f".{extension}" if extension else "")


def split_extension(path: str, known: Iterable[str]) -> tuple[str, str | None]:
    """The path without its extension, and the extension; only a known one is cut off."""
    stem, dot, extension = path.rpartition(".")
    if dot and extension in known and stem and not stem.endswith("/"):
        return stem, extension
    return path, None


def parse_feed_path(stem: str) -> tuple[str, str] | None:
    """The (field, value) that a path without extension names, None for `/all`.

    Raises ValueError where it is the path of no feed. `stem` is decoded.
    """
    if stem in ("/all", "/"):
        return None
    _, segment, *name = stem.split("/", 2)
    if segment in _FIELD_OF and name and name[0]:
        return _FIELD_OF[segment], name[0]
    raise ValueError(stem)
