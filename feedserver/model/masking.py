"""What is secret in settings and in messages is masked before anybody reads it."""

import re
from collections.abc import Iterable

from feedserver.model.grant import masked as without_tokens

MASK = "***"

_USER = re.compile(r"(://[^:/\s]*:)\S*(@)")  # a user may hold @
_PARAMETER = re.compile(
    r"((?:^|[\s?&;'\"(]|%3b|%26|%3f|odbc_connect(?:=|%3d))"
    r"[a-z_]*(?:password|passwd|pwd|token|secret|apikey|api_key)(?:=|%3d))"
    r"(?:\{[^}]*\}|'[^']*'|%7b.*?%7d|(?:(?!&|;|%3b|%26)\S)+)",
    re.IGNORECASE,
)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with `***` for passwords in addresses, for the secrets, and without tokens."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, MASK)
    text = _USER.sub(rf"\1{MASK}\2", text)
    return without_tokens(_PARAMETER.sub(rf"\1{MASK}", text))
