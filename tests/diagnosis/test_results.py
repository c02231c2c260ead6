"""Checks one after the other, each heard whatever becomes of the others."""

from collections.abc import Iterator
from threading import Event

import pytest

from feedserver.diagnosis.results import Result, Sign, ok, results_of
from feedserver.diagnosis.waiting import within
from feedserver.errors import SourceError, StoreError


def breaking(error: Exception) -> Iterator[Result]:
    yield ok("before")
    raise error


def test_a_check_that_breaks_does_not_end_the_others() -> None:
    results = list(
        results_of(
            [
                lambda: breaking(StoreError("the store is gone")),
                lambda: breaking(ZeroDivisionError("oh")),
                lambda: [ok("last")],
            ]
        )
    )

    signs = [result.sign for result in results]
    assert signs == [Sign.OK, Sign.FAILURE, Sign.OK, Sign.FAILURE, Sign.OK]
    assert results[1].text == "the store is gone"
    assert "ZeroDivisionError" in results[3].text
    assert "our fault" in results[3].mend


def test_an_answer_is_waited_for_only_so_long() -> None:
    never = Event()

    with pytest.raises(SourceError, match=r"^source crm did not answer within 0\.05 s$"):
        within(0.05, "source crm", never.wait)
    never.set()


def test_an_answer_in_time_is_given_and_an_error_raised() -> None:
    def fail() -> None:
        raise StoreError("no")

    assert within(5, "source crm", lambda: 7) == 7
    with pytest.raises(StoreError):
        within(5, "source crm", fail)
