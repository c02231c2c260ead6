"""Granting: tokens are given, known again and revoked."""

import hmac
import secrets
from collections.abc import Collection
from hashlib import sha256

from feedserver.clock import Clock
from feedserver.errors import InvalidRequest, NotFound
from feedserver.model.grant import TOKEN_PREFIX, Grant, masked
from feedserver.model.text import REPLACEMENT, one_line
from feedserver.model.wording import nearest
from feedserver.ports import GrantStore

MAX_LABEL = 100  # characters; it is read in lists, and is the source of what is written with it
_TOKEN_BYTES = 24  # of chance in a token: nobody guesses it, and it needs no slow hash


class Granting:
    """The grants of one server. `taken` are the names that no label may have: those of sources."""

    def __init__(self, store: GrantStore, clock: Clock, taken: Collection[str] = ()) -> None:
        self._store = store
        self._clock = clock
        self._taken = {name.casefold() for name in taken}

    def add(self, label: str, can_write: bool) -> str:
        """Give a grant, and its token, which nobody can be told again.

        On return it is on disk. Raises InvalidRequest where the label cannot be one, Conflict
        where one in force has it, and StoreError.
        """
        label = self._checked(label)
        token = TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
        self._store.add(Grant(label, _digest(token), can_write, self._clock()))
        return token

    def list(self) -> tuple[Grant, ...]:
        """Every grant, revoked ones too, in the order in which they were given."""
        return self._store.all()

    def revoke(self, label: str) -> None:
        """End the grant in force that has the label, at once and for every process.

        Raises NotFound, which names the labels most like it, and StoreError.
        """
        label = one_line(label)
        if self._store.revoke(label, self._clock()):
            return
        labels = [grant.label for grant in self._store.all() if grant.revoked is None]
        near = nearest(label, labels)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise NotFound(f"No grant in force is called {masked(label)}.{hint}")

    def bearer(self, token: str) -> Grant | None:
        """The grant in force of that token. Raises StoreError."""
        digest = _digest(token)
        found = None
        for grant in self._store.all():
            # No comparison ends early, nor does the loop: the time tells nothing of any grant.
            is_same = hmac.compare_digest(grant.digest, digest)
            if is_same and grant.revoked is None:
                found = grant
        return found

    def _checked(self, label: str) -> str:
        cleaned = one_line(label)
        if masked(cleaned) != cleaned:
            raise InvalidRequest(["That is a token, not a label; a label is shown to everyone."])
        if not 1 <= len(cleaned) <= MAX_LABEL:
            raise InvalidRequest(
                [f"A label has 1 to {MAX_LABEL} characters; this one has {len(cleaned)}."]
            )
        if not cleaned.isprintable() or REPLACEMENT in cleaned:
            raise InvalidRequest([f"The label {cleaned!r} holds characters that nobody sees."])
        if cleaned.casefold() in self._taken:
            fault = (
                f"{cleaned} is the name of a source or reserved, and what is written with a grant "
                "has its label as source; name the grant otherwise."
            )
            raise InvalidRequest([fault])
        return cleaned


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
