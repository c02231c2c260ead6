"""Telling: what a command says of a file while it records it, and that it goes on unheard."""

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from feedserver.receiving import Answer

_TOLD = 100  # refusals of a file that are told one by one


class Telling:
    """Counts what became of a file's activities; tells refusals at once, the sum at the end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._counts: Counter[str] = Counter()

    def answers(self, answers: "Iterable[Answer]", with_places: bool = True) -> None:
        """What became of some activities; a place is the line of the file where it stands."""
        for answer in answers:
            if answer.is_refused:
                where = f":{answer.place}" if with_places else ""
                self.refusal(" ".join(map(str, answer.faults)), where)
            else:
                self._counts[answer.outcome] += 1
        _tell_progress(self._sum("recorded", "known"))

    def refusal(self, reason: str, where: str = "") -> None:
        """Something in the file, or all of it, could not be recorded."""
        self._counts["refused"] += 1
        if self._counts["refused"] <= _TOLD:
            complain(f"{self._name}{where}: {reason}")

    def end(self) -> bool:
        """Tell the sum; whether all of the file is recorded."""
        _tell_progress("")
        refused = self._counts["refused"]
        if refused > _TOLD:
            complain(f"{self._name}: and {refused - _TOLD:,} more were refused")
        _say(sys.stdout, f"{self._name}: {self._sum('recorded', 'known', 'refused')}\n")
        return refused == 0

    def _sum(self, *names: str) -> str:
        return ", ".join(f"{self._counts[name]:,} {name}" for name in names)


def complain(text: str) -> None:
    """Say on standard error what is not as it should be."""
    _tell_progress("")
    _say(sys.stderr, f"feedserver: {text}\n")


def _tell_progress(text: str) -> None:
    """Show how far it is, in place of what was shown before; a pipe hears nothing of it."""
    if sys.stderr is not None and sys.stderr.isatty():
        _say(sys.stderr, f"\r\x1b[K{text and text + ' …'}")


def _say(stream: TextIO | None, text: str) -> None:
    if stream is None:  # closed from the start
        return
    try:
        # A file's name may hold what the stream cannot.
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
        stream.flush()
    except OSError:
        # Who does not listen any more must not stop what is being recorded.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
