"""What checks come to: how it stands, in words, and what to mend."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from feedserver.errors import FeedserverError


class Sign(StrEnum):
    """How something stands. What has failed does not work, or is wrong for whoever reads it."""

    OK = "ok"
    WARNING = "warn"
    FAILURE = "FAIL"


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found; `mend` is what to do, `details` are lines that show it."""

    sign: Sign
    text: str
    mend: str = ""
    details: tuple[str, ...] = ()


Check = Callable[[], Iterable[Result]]
"""Looks at one thing; an error that it raises is what it has found."""


def ok(text: str) -> Result:
    """As it should be."""
    return Result(Sign.OK, text)


def warning(text: str, mend: str) -> Result:
    """It works, and should be looked at."""
    return Result(Sign.WARNING, text, mend)


def failure(text: str, mend: str = "", details: tuple[str, ...] = ()) -> Result:
    """It does not work; where the text tells what would be right, `mend` is empty."""
    return Result(Sign.FAILURE, text, mend, details)


def results_of(checks: Iterable[Check]) -> Iterator[Result]:
    """The results of the checks, in their order; one that fails does not end the others."""
    for check in checks:
        try:
            yield from check()
        except FeedserverError as error:
            yield failure(str(error))
        except Exception as error:  # noqa: BLE001 - the others shall be heard
            yield failure(f"a check ended with {error!r}", "Report this line: it is our fault.")
