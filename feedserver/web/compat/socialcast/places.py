"""What is there beside messages: streams, groups, users, categories, and who asks."""

from collections.abc import Sequence

from flask import Response, request

from feedserver.assembly import Server
from feedserver.errors import NotFound, Unauthorised
from feedserver.parsers.strict import parse_json
from feedserver.services.indexing import Name
from feedserver.services.numbering import Numbering
from feedserver.web.access import Access
from feedserver.web.bodies import Bodies
from feedserver.web.compat.socialcast.documents import Documents
from feedserver.web.compat.socialcast.drafts import Drafting
from feedserver.web.compat.socialcast.finding import Finding
from feedserver.web.compat.socialcast.paging import run_asked
from feedserver.web.compat.socialcast.parse import read_form, text_of
from feedserver.web.compat.socialcast.wire import MEDIA_TYPES, Tree, write
from feedserver.web.directory import of_its_bytes
from feedserver.web.writing import body, charset


class PlaceViews:
    """The views of where messages are and of whose they are; extensions as in `MessageViews`."""

    def __init__(
        self, server: Server, access: Access, drafting: Drafting, numbering: Numbering
    ) -> None:
        self._server = server
        self._access = access
        self._drafting = drafting
        self._finding = Finding(server, numbering)
        self._documents = Documents(server.reading.base_url)

    def streams(self, extension: str) -> Response:
        """The stream of everything and one for each queue."""
        names = self._finding.names("queue")
        newest = max((name.newest for name in names), default=None)
        rest = [self._documents.stream(name.value, name.newest) for name in names]
        return self._list(extension, "streams", [self._documents.stream(None, newest), *rest])

    def stream(self, extension: str, named: str) -> Response:
        """One stream."""
        queue = dict(self._finding.queue(named)).get("queue")
        return self._one(extension, "stream", self._documents.stream(queue, None))

    def groups(self, extension: str) -> Response:
        """The queues."""
        names = run_asked().of(self._finding.names("queue"))
        return self._list(
            extension, "groups", [self._documents.group(each.value) for each in names]
        )

    def group(self, extension: str, named: str) -> Response:
        """One queue."""
        queue = dict(self._finding.queue(named)).get("queue")
        if queue is None:
            raise NotFound("The stream of everything is no group. Ask for /api/streams.")
        return self._one(extension, "group", self._documents.group(queue))

    def members(self, extension: str, named: str) -> Response:
        """Nobody: who has a grant reads every queue, and belongs to none."""
        self._finding.queue(named)
        return self._list(extension, "users", [])

    def memberships(self, extension: str) -> Response:
        """The queues, to each of which whoever asks may post."""
        self._access.known()
        names = run_asked().of(self._finding.names("queue"))
        told = [self._documents.membership(name.value) for name in names]
        return self._list(extension, "group_memberships", told)

    def users(self, extension: str) -> Response:
        """Those who did something, the most frequent first."""
        return self._users(extension, self._finding.names("actor"))

    def search_users(self, extension: str) -> Response:
        """Those of the users whose name or login contains `q`."""
        part = request.args.get("q", "").casefold()
        names = [
            name
            for name in self._finding.names("actor")
            if part in name.label.casefold() or part in name.value.casefold()
        ]
        return self._users(extension, names)

    def user(self, extension: str, named: str) -> Response:
        """One user."""
        return self._one(extension, "user", self._documents.user(self._finding.actor(named)[1]))

    def userinfo(self, extension: str) -> Response:
        """Who asks."""
        owner = self._drafting.owner(self._access.known())
        return self._one(extension, "user", self._documents.user(owner))

    def authentication(self, extension: str) -> Response:
        """The communities that the credentials in the form, or the request's, open: this one."""
        self._authenticate()
        community = self._documents.community(self._server.reading.title)
        response = self._list(extension, "communities", [community])
        response.headers["Cache-Control"] = "no-store"
        return response

    def categories(self, extension: str) -> Response:
        """The products."""
        names = self._finding.names("product")
        told = [self._documents.category(name.value) for name in names]
        return self._list(extension, "categories", told)

    def _authenticate(self) -> None:
        data = body(self._server.settings.limits.max_body)
        if text_of(data[:200], None).lstrip()[:1] == "{":
            value = parse_json(text_of(data, None))
            fields = {name: value[name] for name in value if isinstance(value[name], str)}
        else:
            fields = dict(read_form(data, charset()))
        token = fields.get("password") or fields.get("email")
        if not token:
            self._access.known()
        elif self._server.grants.bearer(token) is None:
            raise Unauthorised(
                "These are no credentials. The password is the token of a grant, "
                "the email may be anything."
            )

    def _users(self, extension: str, names: Sequence[Name]) -> Response:
        actors = [self._finding.newest_actor(name.value) for name in run_asked().of(names)]
        told = [self._documents.user(actor) for actor in actors if actor is not None]
        return self._list(extension, "users", told)

    def _list(self, extension: str, name: str, told: Sequence[Tree]) -> Response:
        return of_its_bytes(write(extension, name, told), MEDIA_TYPES[extension], Bodies())

    def _one(self, extension: str, name: str, told: Tree) -> Response:
        return of_its_bytes(write(extension, name, told), MEDIA_TYPES[extension], Bodies())
