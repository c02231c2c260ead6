"""Slack's RSS app."""

from datetime import datetime

from feedserver.validity.atom import check_atom
from tests.readers.polling import Ask, entries


class Slack:
    """Tells what stands above the newest entry it knows; a date tells one entry from another.

    It goes down the feed until it meets a date that it has told already, or one that is not below
    the one before: what follows is out of sequence, and lost. So is one without a date, and one of
    two with the same date. It refuses a feed that is not valid.
    """

    address = "/all.atom?limit=20"
    interval = 900.0
    tells_edits = True

    def __init__(self) -> None:
        self._newest: datetime | None = None
        self._validators: dict[str, str] = {}

    def poll(self, ask: Ask, now: datetime) -> list[str]:
        answer = ask(self.address, self._validators)
        if answer.status_code == 304:
            return []
        assert answer.status_code == 200, answer.status
        findings = check_atom(answer.data, f"http://feeds.example{self.address}", now)
        assert not findings.errors, findings.errors
        names = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
        self._validators = {
            name: answer.headers[given] for name, given in names.items() if given in answer.headers
        }
        told: list[str] = []
        above: datetime | None = None
        newest = self._newest
        for entry in entries(answer.data):
            if entry.updated is None:
                continue
            is_known = self._newest is not None and entry.updated <= self._newest
            if is_known or (above is not None and entry.updated >= above):
                break
            above = entry.updated
            newest = max(newest or above, above)
            told.append(entry.id)
        is_first = self._newest is None
        self._newest = newest or now
        return [] if is_first else told[::-1]
