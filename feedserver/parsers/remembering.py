"""Names that come again and again are looked at once."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_MANY = 1000  # names that are remembered, and
_LONG = 100  # their characters: whoever sends others makes nothing grow


class Remembered(dict[str, T]):
    """By name, what a pure function gives for it."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> T:
        made = self._make(name)
        if len(name) <= _LONG and len(self) < _MANY:
            self[name] = made
        return made
