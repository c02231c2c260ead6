"""Finding what a number or a name in an address means."""

from feedserver.assembly import Server
from feedserver.errors import Gone, NotFound
from feedserver.model.activity import Activity, Object
from feedserver.model.filter import make_filter
from feedserver.services.indexing import Name
from feedserver.services.numbering import Numbering
from feedserver.web.compat.socialcast.drafts import COMPANY
from feedserver.web.compat.socialcast.paging import whole_number
from feedserver.web.directory import names_of


class Finding:
    """Finds the messages, queues and actors of one server, up to date."""

    def __init__(self, server: Server, numbering: Numbering) -> None:
        self._server = server
        self._numbering = numbering

    def message(self, named: str) -> tuple[int, Activity]:
        """The message with that number, behind which its slug may stand."""
        number = whole_number(named.partition("-")[0])
        if number is None:
            raise NotFound(f"{named} is no message: its id is a whole number.")
        newest = self._numbering.activity(number)
        if not isinstance(newest, Activity):
            raise Gone(f"Message {number} was deleted.")
        return number, newest

    def queue(self, named: str) -> tuple[tuple[str, str], ...]:
        """The queue with that number or name as a filter has it; nothing for that of everything."""
        if named == "primary" or whole_number(named) == COMPANY:
            return ()
        return (("queue", self.value("queue", named)),)

    def value(self, field: str, named: str) -> str:
        """The value of that number, behind which a slug may stand, or name. Raises NotFound."""
        self._server.index.catch_up()
        number = whole_number(named.partition("-")[0])
        found = None if number is None else self._numbering.find(field, number)
        return found or self._server.reading.spelling(field, named)

    def actor(self, named: str) -> tuple[str, Object]:
        value = self.value("actor", named)
        actor = self.newest_actor(value)
        if actor is None:
            raise NotFound(f"No user is called {named}.")
        return value, actor

    def newest_actor(self, value: str) -> Object | None:
        """The actor of that login or id as the newest activity has it."""
        found = self._server.index.newest(make_filter([("actor", False, value)]), 1)
        positions = [each for each in found.positions if each not in found.removed]
        for version in self._server.log.at(positions) if positions else ():
            if isinstance(version, Activity):
                return version.draft.actor
        return None

    def names(self, field: str) -> list[Name]:
        self._server.index.catch_up()
        return names_of(self._server, field)
