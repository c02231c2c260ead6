"""What all the threads of a run share."""

import hashlib
import threading
from dataclasses import dataclass

from tests.checker.client import Answer
from tests.checker.findings import Findings
from tests.checker.history import History


class Bytes:
    """Which bytes each ETag of each address had, and each full archive: for all observers."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, ...], tuple[str | None, bytes]] = {}

    def note(self, who: str, address: str, answer: Answer) -> None:
        """Note a 200 with the ETag that it has and, where it will not change, the address."""
        encoding = answer.headers.get("Content-Encoding", "identity")
        told = encoding, hashlib.sha256(answer.raw).digest()
        etag = answer.headers.get("ETag")
        keys: list[tuple[str, ...]] = [] if etag is None else [(address, etag)]
        if "immutable" in answer.headers.get("Cache-Control", ""):
            keys.append((address, encoding, "archive"))
        with self._lock:
            changed = [key for key in keys if self._seen.setdefault(key, told) != told]
        for key in changed:
            self._findings.violated("ETAG", who, f"other bytes than before for {' '.join(key)}")


@dataclass(frozen=True, slots=True)
class Scene:
    """The history, what was found and which bytes were seen, the server's port, the seed."""

    history: History
    findings: Findings
    known: Bytes
    port: int
    seed: int
