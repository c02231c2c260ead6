"""Searches of the log's texts, remembered: who polls for words asks for what came last alone."""

from pyroaring import BitMap

from feedserver.model.search import Word
from feedserver.ports import Log

SEARCHED = 100  # searches that are remembered


class Searches:
    """What was searched last in one log: the versions found, and up to which one."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._found: dict[tuple[Word, ...], tuple[BitMap, int]] = {}

    def __contains__(self, words: tuple[Word, ...]) -> bool:
        return words in self._found

    def keep(self, words: tuple[Word, ...], found: BitMap, head: int) -> None:
        """Remember what was found up to position `head`; forget what was asked for longest ago."""
        self._found.pop(words, None)
        self._found[words] = (found, head)
        while len(self._found) > SEARCHED:
            del self._found[next(iter(self._found))]

    def up_to(self, words: tuple[Word, ...], head: int) -> BitMap:
        """The versions with all of the words, up to position `head`; not to be changed.

        There may be later ones among them. Raises StoreError.
        """
        found, searched = self._found.get(words, (BitMap(), 0))
        if searched < head:
            found.update(self._log.search(words, searched))
        self.keep(words, found, head)
        return found
