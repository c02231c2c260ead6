"""Waiting for an answer, and no longer than that."""

import threading
from collections.abc import Callable
from typing import TypeVar

from feedserver.errors import SourceError

T = TypeVar("T")


def within(seconds: float, who: str, ask: Callable[[], T]) -> T:
    """The answer, or what was raised; SourceError where there is none after those seconds.

    What is still being asked then is left to itself, and does not keep the process alive.
    """
    answers: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            errors.append(error)

    thread = threading.Thread(target=run, name=f"asking {who}", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise SourceError(f"{who} did not answer within {seconds:g} s")
    return answers[0]
