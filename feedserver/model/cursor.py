"""Cursors: opaque places in the log to go on from."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from feedserver.errors import InvalidRequest
from feedserver.model.activity import Version
from feedserver.model.dates import to_microseconds

_LAYOUT = struct.Struct(">B8sQ4s")  # 21 bytes: 28 characters of base64 without padding
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in one log: after the version at `position`, or before everything (0).

    `epoch` names the log, `check` is that of the very version there, so that a cursor from another
    log, or from this one before an older backup was put back, is recognised.
    """

    epoch: str
    position: int
    check: bytes

    def __str__(self) -> str:
        packed = _LAYOUT.pack(_VERSION, self.epoch.encode(), self.position, self.check)
        return base64.urlsafe_b64encode(packed).decode()


def check_of(version: Version) -> bytes:
    """Four bytes that tell this version from any other at its position.

    They stay what they are when its content is redacted.
    """
    return check_told(version.id, to_microseconds(version.dates.recorded))


def check_told(id: str, recorded: int) -> bytes:
    """The check of a version of which its id and when it was recorded are known, microseconds."""
    told = f"{id}\n{recorded}"
    return hashlib.sha256(told.encode()).digest()[:4]


def parse_cursor(text: str) -> Cursor:
    """The cursor that was written as that text.

    Raises InvalidRequest where it is none.
    """
    try:
        version, epoch, position, check = _LAYOUT.unpack(
            base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        )
        cursor = Cursor(epoch.decode("ascii"), position, check)
    except (UnicodeError, binascii.Error, struct.error):
        cursor = None
        version = None
    if cursor is None or version != _VERSION or str(cursor) != text:
        raise InvalidRequest([f"{text!r} is no cursor; take it from a link of a feed, as it is."])
    return cursor
