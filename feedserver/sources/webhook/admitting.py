"""Who may deliver: who knows the address, or signs with its secret."""

import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from feedserver.errors import Unsigned

LEAST = 16  # characters of a secret

_GITHUB = "x-hub-signature-256"
_PREFIX = "whsec_"  # by which a secret of Standard Webhooks is known
_IN_PATH = re.compile(r"[A-Za-z0-9._~-]+")


class ByAddress:
    """Admits who knows the secret at the end of the address.

    Raises ValueError for a secret that could not stand there as it is, or could be guessed.
    """

    is_signed = False

    def __init__(self, secret: str) -> None:
        _refuse_short(secret)
        if not _IN_PATH.fullmatch(secret):
            raise ValueError("stands in an address: write letters, digits, `-`, `.`, `_` and `~`")
        self._digest = sha256(secret.encode()).digest()

    def knows(self, secret: str) -> bool:
        # Of digests: neither what is alike in them nor how long they are is told by the time.
        digest = sha256(secret.encode("utf-8", "surrogatepass")).digest()
        return hmac.compare_digest(self._digest, digest)

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        pass


class BySignature:
    """Admits what is signed as GitHub does: HMAC-SHA-256 of the body in `X-Hub-Signature-256`.

    Raises ValueError for a secret that could be guessed.
    """

    is_signed = True

    def __init__(self, secret: str) -> None:
        _refuse_short(secret)
        self._key = secret.encode()

    def knows(self, secret: str) -> bool:
        return False

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        if _GITHUB not in headers:
            raise Unsigned(
                "The delivery is not signed: it has no X-Hub-Signature-256. Set the secret of this "
                "source at the sender."
            )
        wanted = "sha256=" + hmac.new(self._key, body, sha256).hexdigest()
        if not _is_same(wanted, headers[_GITHUB].strip()):
            raise Unsigned(
                "X-Hub-Signature-256 is not that of the body: the sender has another secret, or "
                "the body was changed on the way."
            )


class ByStandardWebhooks:
    """Admits what is signed as Standard Webhooks 1.0 says, not longer than `tolerance` seconds ago.

    Raises ValueError for a secret that is none of that standard.
    """

    is_signed = True

    def __init__(self, secret: str, tolerance: int) -> None:
        try:
            self._key = b64decode(secret.removeprefix(_PREFIX), validate=True)
        except (NoBase64, ValueError):
            self._key = b""
        if not secret.startswith(_PREFIX) or len(self._key) < LEAST:
            raise ValueError(
                f"is none of that standard; it is `{_PREFIX}` and {LEAST} bytes or more in base64"
            )
        self._tolerance = tolerance

    def knows(self, secret: str) -> bool:
        return False

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        missing = [name for name in names if not headers.get(name, "").strip()]
        if missing:
            raise Unsigned(
                f"The delivery is not signed: it has no {', '.join(missing)} (Standard Webhooks)."
            )
        id, sent, given = (headers[name].strip() for name in names)
        # A header is a text of bytes (RFC 9110, section 5.5); they are what was signed.
        signed = f"{id}.{sent}.".encode("latin-1", "replace") + body
        digest = b64encode(hmac.new(self._key, signed, sha256).digest()).decode()
        # All of them are compared: while a secret is changed there are several.
        are_ours = [_is_same(f"v1,{digest}", each) for each in given.split()]
        if not any(are_ours):
            raise Unsigned(
                "webhook-signature is not that of webhook-id, webhook-timestamp and the body: the "
                "sender has another secret, or the body was changed on the way."
            )
        self._refuse_replayed(sent, now)

    def _refuse_replayed(self, sent: str, now: datetime) -> None:
        is_number = sent.isascii() and sent.isdigit() and len(sent) <= 12
        off = now.timestamp() - int(sent) if is_number else 0.0
        if is_number and abs(off) <= self._tolerance:
            return
        told = f"is {abs(off):.0f} s {'ago' if off > 0 else 'ahead'}" if is_number else "is no time"
        raise Unsigned(
            f"webhook-timestamp {told}; {self._tolerance} s are allowed (`tolerance`). Sign each "
            "try anew, and set the clocks."
        )


def _refuse_short(secret: str) -> None:
    if len(secret) < LEAST:
        raise ValueError(f"has {len(secret)} characters; {LEAST} are the least")


def _is_same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogatepass"))
