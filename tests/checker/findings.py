"""What a run of the checker has found, and what it has counted."""

import threading
from collections import Counter

TOLD = 3  # violations of a kind that are told with their evidence; of more only the number


class Findings:
    """Violations and counts, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.violations: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.evidence: list[str] = []
        self.is_any = threading.Event()

    def violated(self, kind: str, who: str, evidence: str) -> None:
        """Note a violation of that kind, seen by `who`."""
        with self._lock:
            self.violations[kind] += 1
            if self.violations[kind] <= TOLD:
                self.evidence.append(f"{kind}  {who}: {evidence}")
        self.is_any.set()

    def count(self, what: str, number: int = 1) -> None:
        """Count something that happened."""
        with self._lock:
            self.counts[what] += number

    def report(self) -> str:
        """The counts on one line, then the first violations, then how many of each kind."""
        counted = ", ".join(f"{number:,} {what}" for what, number in sorted(self.counts.items()))
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in self.violations.most_common())
        total = f"{self.violations.total():,} violations"
        return "\n".join([counted, *self.evidence, f"{total}: {kinds}" if kinds else total])
