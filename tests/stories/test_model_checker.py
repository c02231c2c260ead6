"""The real server, killed again and again, against the model; and faults that must be found."""

import pytest

from tests.checker.planted import BUGS
from tests.checker.running import Plan, check

_SHOWS = {
    "number-before-lock": {"LOST", "STALE", "ORDER", "REALTIME", "ARCHIVE", "REMOVAL"},
    "etag-after-body": {"ETAG", "STALE", "REMOVAL"},
    "etag-of-matching": {"ETAG", "STALE", "REMOVAL"},
    "offsets": {"DUPLICATE", "LOST", "ORDER"},
    "whole-seconds": {"STALE", "REMOVAL"},
    "late-delta": {"STALE", "REMOVAL"},
    "words-after-commit": {"STALE", "LOST", "REMOVAL", "ARCHIVE"},
}
"""As what each planted fault may show."""


def test_killed_and_started_again_it_loses_repeats_and_hides_nothing() -> None:
    findings = check(Plan(seconds=4.5, kills=2, seed=1))

    assert not findings.violations, findings.report()
    assert findings.counts["kills"] == 2
    assert findings.counts["files recorded"] > 0
    assert findings.counts["redactions"] > 0
    assert findings.counts["archives read"] > 0
    assert findings.counts["304s"] > 0
    assert findings.counts["deltas"] > 0
    assert findings.counts["commits"] > 20


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_fault_is_found(bug: str) -> None:
    findings = check(Plan(seconds=30, kills=0, seed=1, bug=bug))

    assert _SHOWS[bug] & findings.violations.keys(), findings.report()
