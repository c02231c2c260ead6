"""The queue of an entry, from the CRM's own steps through queues.

Never from the object's present queue: that is empty as soon as somebody accepts it, and it is not
where the object was when the entry was written.
"""

import re
from bisect import bisect_right
from collections.abc import Collection

from feedserver.sources.clarify.codes import SENT_TO, TAKEN_FROM

_TO = re.compile(r"(?:^|\s)to Queue ", re.IGNORECASE)
_FROM = re.compile(r"^\s*from Queue (.+) to WIP\b", re.IGNORECASE | re.DOTALL)


def queue_of_step(code: int | None, info: str, known: Collection[str]) -> str | None:
    """The queue into which, or out of which, a step went; None where its text names none.

    A name may itself hold the words ` to Queue `: one that is known decides.
    """
    if code in TAKEN_FROM:
        taken = _FROM.match(info)
        return taken[1].strip() if taken else None
    if code in SENT_TO:
        names = [info[match.end() :].strip() for match in _TO.finditer(info)]
        return next((name for name in names if name in known), names[-1] if names else None)
    return None


class Trail:
    """The steps of one object, in their order, and where it stood at any entry."""

    def __init__(self) -> None:
        self._objids: list[int] = []
        self._queues: list[str | None] = []

    def step(self, objid: int, code: int | None, queue: str | None) -> None:
        """Add a later step. Without a queue, one out of a queue or back to a person is no step.

        A dispatch whose text names no queue leads to one that is not known.
        """
        if queue is not None or code in (900, 1100):
            self._objids.append(objid)
            self._queues.append(queue)

    def queue_at(self, objid: int) -> str | None:
        """The queue after the last step up to that entry, itself included."""
        steps = bisect_right(self._objids, objid)
        return self._queues[steps - 1] if steps else None
