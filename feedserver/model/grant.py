"""A grant: what the bearer of a token may do, and what a token looks like."""

import re
from dataclasses import dataclass
from datetime import datetime

TOKEN_PREFIX = "fs_"
"""How every token begins, so that people and programs see what it is."""

_TOKEN = re.compile(re.escape(TOKEN_PREFIX) + r"[A-Za-z0-9_-]{32}")
_HOOK = re.compile(r"(/hooks/+[^\s/?#\"'<>]+/)[^\s?#\"'<>]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Grant:
    """A token and what it lets its bearer do: read, and write too where `can_write`.

    Of the token only a hash is known: `digest`, the SHA-256 of the whole of it. `label` is what
    people call the grant; what is written with it has this label as its source.
    """

    label: str
    digest: bytes
    can_write: bool
    created: datetime
    revoked: datetime | None = None


def masked(text: str) -> str:
    """The text for logs and messages: without tokens, and without the end of hooks' addresses."""
    return _TOKEN.sub(f"{TOKEN_PREFIX}…", _HOOK.sub(r"\1…", text))
