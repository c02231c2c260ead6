"""Which part of a list is asked for, by `page`, `per_page` and `since`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from flask import request

from feedserver.errors import InvalidRequest

PER_PAGE, MAX_PER_PAGE = 20, 500

_MOST_DIGITS = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """Which of a list is asked for: a page, from 1 on, and, of messages, since which second."""

    page: int
    per_page: int
    since: int

    @property
    def skipped(self) -> int:
        """How many come before it."""
        return (self.page - 1) * self.per_page

    def of(self, several: Sequence[T]) -> Sequence[T]:
        """Those of the whole list that are asked for."""
        return several[self.skipped : self.skipped + self.per_page]


def run_asked() -> Run:
    """The run that the parameters ask for; raises InvalidRequest where one is no whole number."""
    page = _asked("page", 1)
    per_page = min(MAX_PER_PAGE, max(1, _asked("per_page", PER_PAGE)))
    return Run(max(1, page), per_page, _asked("since", 0))


def _asked(name: str, default: int) -> int:
    text = request.args.get(name, "").strip()
    if not text:
        return default
    number = whole_number(text)
    if number is None:
        raise InvalidRequest([f"`{name}={text[:40]}` is no whole number."])
    return number


def whole_number(text: str) -> int | None:
    """The whole number that it is, None where it is none, or larger than any id."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None
