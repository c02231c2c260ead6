"""Saving snapshots of the index beside its work, so that the next start need not read the log."""

import logging
import threading

from feedserver.errors import StoreError
from feedserver.ports import SnapshotStore
from feedserver.services.followers import SNAPSHOTS, Followers
from feedserver.services.indexing import FacetIndex

DUE = 20_000
"""Versions of a segment that is not full yet after which it is saved again."""
DUE_AT_LAST = 2_000
"""How many are enough when the process leaves; the next start reads them in 0.1 s."""
_EVERY = 10.0  # seconds between two looks at whether there is something to save

logger = logging.getLogger(__name__)


class Snapshots:
    """Saves the segments of an index: those that are full once, and the last one as it grows."""

    def __init__(
        self,
        index: FacetIndex,
        store: SnapshotStore,
        epoch: str,
        followers: Followers | None = None,
    ) -> None:
        self._index = index
        self._store = store
        self._epoch = epoch
        self._followers = followers or Followers()
        self._done = (0, 0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="snapshots", daemon=True)

    def start(self) -> None:
        """Look every few seconds whether there is something to save."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Save what the next start would have to read, and wait for it, `timeout` seconds at most.

        What is half done then is not there at the next start. Told again, it waits no more.
        """
        if self._stop.is_set():
            return
        self._stop.set()
        if self._thread.ident is not None:  # else it was never started
            self._thread.join(timeout)

    def _follow(self) -> None:
        while not self._stop.wait(_EVERY):
            self._save_if_due(DUE)
        self._save_if_due(DUE_AT_LAST)

    def _save_if_due(self, due: int) -> None:
        try:
            self.save_if_due(due)
        except Exception as error:
            logger.exception("no snapshot of the index could be made")
            self._followers.failed(SNAPSHOTS, error)

    def save_if_due(self, due: int = DUE) -> int:
        """Save the segments of which `due` versions are not saved, and all that are full.

        Gives how many were saved. Where the store cannot be written that is logged: the next time
        is soon enough.
        """
        now = self._index.position, self._index.removals
        if now[0] - self._done[0] < due and now[1] == self._done[1]:
            return 0
        try:
            count = sum(self._save(number) for number in self._those_due(due))
        except StoreError as error:
            logger.warning("no snapshot of the index was saved: %s", error)
            self._followers.failed(SNAPSHOTS, error)
            return 0
        self._followers.went_on(SNAPSHOTS)
        self._done = now
        return count

    def _those_due(self, due: int) -> list[int]:
        saved = self._store.positions(self._epoch)
        segments = self._index.segments()
        newest = max(segments, default=0)
        return [
            number
            for number, (before, last) in segments.items()
            if number in self._index.unfit
            or last - saved.get(number, before) >= (due if number == newest else 1)
        ]

    def _save(self, number: int) -> bool:
        snapshot, head = self._index.snapshot(number)
        is_saved = self._store.save(snapshot, head, number in self._index.unfit)
        if is_saved:
            self._index.unfit.discard(number)
        return is_saved
