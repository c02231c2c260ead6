"""ETags: which document a reader has, and up to which version of the log it tells."""

import base64
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_LAYOUT = struct.Struct(">Q4s9s15s")  # 36 bytes: 48 characters of base64 without padding
_WRITTEN = re.compile(r"(?<![A-Za-z0-9_-])([A-Za-z0-9_-]{48})[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class ETag:
    """What tells the bytes at an address from all that were or will be there.

    `position` and `check` are of the newest version that touches the feed, `document` is a digest
    of what stays the same while the log grows: whose it is, at which address, in which form.
    `state` is one of everything that the bytes depend on.
    """

    position: int
    check: bytes
    document: bytes
    state: bytes

    def __str__(self) -> str:
        packed = _LAYOUT.pack(self.position, self.check, self.document, self.state)
        return base64.urlsafe_b64encode(packed).decode()


def find_etags(text: str) -> Iterator[tuple[str, ETag]]:
    """Those among the ETags of the text that have the form of ours, each also as it stands there.

    Whatever stands around them: quotes or none, `W/`, a suffix that tells an encoding.
    """
    for found in _WRITTEN.finditer(text):
        yield found[0], ETag(*_LAYOUT.unpack(base64.urlsafe_b64decode(found[1])))
