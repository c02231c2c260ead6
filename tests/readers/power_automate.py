"""The RSS connector of Power Automate and Logic Apps."""

from datetime import datetime

from tests.readers.polling import Ask, entries

_LARGEST = 5_000_000  # bytes of an answer that it takes


class PowerAutomate:
    """Tells what is dated later, not equally, than the newest date it has seen.

    The date is `published`, or `updated` where its user has chosen `UpdatedOn` as the property that
    it goes by. It sends no validators.
    """

    address = "/all.atom?limit=20"
    interval = 1800.0

    def __init__(self, since_property: str = "PublishDate") -> None:
        self.tells_edits = since_property == "UpdatedOn"
        self._seen: datetime | None = None

    def poll(self, ask: Ask, now: datetime) -> list[str]:
        answer = ask(self.address, {})
        assert answer.status_code == 200, answer.status
        assert len(answer.data) <= _LARGEST
        found = entries(answer.data)
        dated = [(e.updated if self.tells_edits else e.published, e.id) for e in found]
        since = self._seen
        dates = [date for date, _ in dated if date is not None]
        self._seen = max([*dates, since] if since else dates, default=now)
        if since is None:
            return []
        return [id for date, id in dated if date is not None and date > since]
