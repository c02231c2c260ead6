"""The RSS Feed Trigger of n8n."""

from datetime import datetime

from tests.readers.polling import Ask, Entry, entries


class N8n:
    """Tells what is dated later than the newest date of the last answer, in milliseconds.

    Its parser dates an entry by `published`, else by `updated`, and JavaScript cuts off what
    follows the milliseconds. It asks for RSS, whatever the address, and sends no validators. It
    fails at a feed without entries, and at its first poll goes by the time then, in whole seconds.
    """

    address = "/all.atom?limit=20"
    interval = 60.0
    tells_edits = False

    def __init__(self) -> None:
        self._last: datetime | None = None

    def poll(self, ask: Ask, now: datetime) -> list[str]:
        answer = ask(self.address, {"Accept": "application/rss+xml", "User-Agent": "rss-parser"})
        assert answer.status_code == 200, answer.status
        dated = [(_iso_date(entry), entry.id) for entry in entries(answer.data)]
        since = self._last or now.replace(microsecond=0)
        self._last = max(date for date, _ in dated if date is not None)
        return [id for date, id in dated if date is not None and date > since]


def _iso_date(entry: Entry) -> datetime | None:
    date = entry.published or entry.updated
    return date and date.replace(microsecond=date.microsecond // 1000 * 1000)
