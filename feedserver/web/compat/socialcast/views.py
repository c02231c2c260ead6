"""What each address of the Socialcast API answers, from the services alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from flask import Response, request

from feedserver.assembly import Server
from feedserver.errors import Forbidden, Gone, InvalidRequest, NotFound, Outdated, Unauthorised
from feedserver.model.activity import Activity, Object
from feedserver.model.filter import make_filter
from feedserver.model.grant import Grant
from feedserver.model.query import Query
from feedserver.model.search import parse_words
from feedserver.parsers.strict import parse_json
from feedserver.services.indexing import Name, Selection
from feedserver.services.intake import Outcome
from feedserver.services.numbering import Numbering
from feedserver.services.reading import Representation, View
from feedserver.services.recognising import Recognising
from feedserver.web.access import Access
from feedserver.web.bodies import Bodies
from feedserver.web.compat.socialcast.documents import Documents
from feedserver.web.compat.socialcast.drafts import COMPANY, Drafting
from feedserver.web.compat.socialcast.parse import read_form, read_message, text_of
from feedserver.web.compat.socialcast.wire import MEDIA_TYPES, VERSION, Tree, write
from feedserver.web.conditional import VARY, answer
from feedserver.web.directory import names_of, of_its_bytes
from feedserver.web.feeds import target
from feedserver.web.risk import Gaps, reach_of
from feedserver.web.writing import body, charset

PER_PAGE, MAX_PER_PAGE = 20, 500

_VARY = f"{VARY}, Authorization"
_MOST_DIGITS = 12

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


class SocialcastViews:
    """The views; each is given the extension in which it is to answer.

    `wrote` is told the outcome of each message, `noticed` is called when something was recorded,
    and `gaps` is told what readers are given.
    """

    def __init__(
        self,
        server: Server,
        access: Access,
        wrote: Callable[[str], None],
        noticed: Callable[[], None],
        gaps: Gaps,
    ) -> None:
        self._server = server
        self._access = access
        self._wrote = wrote
        self._noticed = noticed
        self._gaps = gaps
        self._numbering = Numbering(server.log, server.index)
        self._documents = Documents(server.reading.base_url)
        self._drafting = Drafting(
            server.log.authority,
            self._numbering,
            Recognising(server.log, server.index, server.sources, server.settings.sources),
            server.index.find_name,
            server.settings.limits.max_title,
            server.settings.limits.max_tags,
        )

    # Messages

    def create(self, extension: str) -> Response:
        """Record a message as an activity of its own; on a 2xx it is on disk."""
        grant = self._access.writer()
        data = body(self._server.settings.limits.max_body)
        boundary = request.mimetype_params.get("boundary", "")
        message = read_message(data, request.mimetype, charset(), boundary)
        if message.group_id or message.category_id:
            self._server.index.catch_up()
        draft = self._drafting.draft(message, grant)
        (verdict,) = self._server.writing.take([draft], grant.label)
        self._noticed()
        self._wrote(verdict.outcome.value)
        made = verdict.activity
        assert made is not None  # what has no id is always new
        told = write(extension, "message", self._documents.message(made.position, made, grant))
        response = Response(told, 201, content_type=MEDIA_TYPES[extension])
        response.headers["Status"] = "201"  # scripts compare it with just that
        response.headers["Location"] = self._documents.api(f"messages/{made.position}.{extension}")
        response.headers["Cache-Control"] = "no-store"
        return response

    def messages(self, extension: str) -> Response:
        """The newest messages, of one group where `group_id` says so."""
        group = request.args.get("group_id", "")
        return self._listed(extension, self._queue(group) if group else ())

    def search(self, extension: str) -> Response:
        """The messages with the words of `q`."""
        return self._listed(extension, (), request.args.get("q", ""))

    def message(self, extension: str, named: str) -> Response:
        """One message."""
        number, activity = self._message(named)
        caller = self._access.caller()
        view = self._server.reading.activity_view(
            activity, _representation(extension), _label(caller)
        )

        def made() -> bytes:
            return write(extension, "message", self._documents.message(number, activity, caller))

        return answer(view.etag, MEDIA_TYPES[extension], Bodies(), made, vary=_VARY)

    def delete(self, _extension: str, named: str) -> Response:
        """Put a tombstone in the place of a message, of which the caller is the owner."""
        grant = self._access.writer()
        _, activity = self._message(named)
        if activity.draft.source != grant.label:
            raise Forbidden(f"Message {named} is not yours: it came from {activity.draft.source}.")
        self._server.writing.delete(activity.id)
        self._noticed()
        self._wrote(Outcome.DELETED.value)
        response = Response(b"", 200)
        del response.headers["Content-Type"]
        response.headers["Cache-Control"] = "no-store"
        return response

    # Streams, groups, users

    def streams(self, extension: str) -> Response:
        """The stream of everything and one for each queue."""
        names = self._names("queue")
        newest = max((name.newest for name in names), default=None)
        rest = [self._documents.stream(name.value, name.newest) for name in names]
        return self._list(extension, "streams", [self._documents.stream(None, newest), *rest])

    def stream(self, extension: str, named: str) -> Response:
        """One stream."""
        queue = dict(self._queue(named)).get("queue")
        return self._one(extension, "stream", self._documents.stream(queue, None))

    def stream_messages(self, extension: str, named: str) -> Response:
        """The messages of a stream."""
        return self._listed(extension, self._queue(named))

    def groups(self, extension: str) -> Response:
        """The queues."""
        names = _run().of(self._names("queue"))
        return self._list(
            extension, "groups", [self._documents.group(each.value) for each in names]
        )

    def group(self, extension: str, named: str) -> Response:
        """One queue."""
        queue = dict(self._queue(named)).get("queue")
        if queue is None:
            raise NotFound("The stream of everything is no group. Ask for /api/streams.")
        return self._one(extension, "group", self._documents.group(queue))

    def members(self, extension: str, named: str) -> Response:
        """Nobody: who has a grant reads every queue, and belongs to none."""
        self._queue(named)
        return self._list(extension, "users", [])

    def memberships(self, extension: str) -> Response:
        """The queues, to each of which whoever asks may post."""
        self._access.known()
        names = _run().of(self._names("queue"))
        told = [self._documents.membership(name.value) for name in names]
        return self._list(extension, "group_memberships", told)

    def users(self, extension: str) -> Response:
        """Those who did something, the most frequent first."""
        return self._users(extension, self._names("actor"))

    def search_users(self, extension: str) -> Response:
        """Those of the users whose name or login contains `q`."""
        part = request.args.get("q", "").casefold()
        names = [
            name
            for name in self._names("actor")
            if part in name.label.casefold() or part in name.value.casefold()
        ]
        return self._users(extension, names)

    def user(self, extension: str, named: str) -> Response:
        """One user."""
        return self._one(extension, "user", self._documents.user(self._actor(named)[1]))

    def user_messages(self, extension: str, named: str) -> Response:
        """What a user did."""
        return self._listed(extension, (("actor", self._actor(named)[0]),))

    # The caller

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
        names = self._names("product")
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

    # What they share

    def _listed(
        self, extension: str, values: Sequence[tuple[str, str]], words: str | None = None
    ) -> Response:
        """The messages in which those values and words are, of the run that is asked for."""
        try:
            searched = () if words is None else parse_words(words)
        except ValueError as error:
            raise InvalidRequest([f"`q` {error}"]) from None
        filter = make_filter([(field, False, value) for field, value in values], words=searched)
        run, caller = _run(), self._access.caller()
        reading, representation = self._server.reading, _representation(extension)
        beside = f"{run} {_label(caller)}"

        def selected() -> Response:
            before = reading.cursor_behind(filter, run.skipped)
            query = Query(filter, run.per_page, before=before)
            view = reading.select(query, representation, target(), beside)
            return answer(
                view.etag,
                MEDIA_TYPES[extension],
                Bodies(),
                lambda: self._messages(extension, view, run, caller),
                vary=_VARY,
            )

        try:
            return selected()
        except Outdated:
            return selected()  # something was redacted meanwhile, which is seen now

    def _messages(self, extension: str, view: View, run: Run, caller: Grant | None) -> bytes:
        """The page of the view, without what was touched last before `since`: that ends the feed.

        Whoever pages on by number while others write meets some messages twice, and misses none.
        """
        page, selection = self._server.reading.page(view), view.selection
        shown = [
            activity
            for activity in page.activities
            if activity.dates.updated.timestamp() >= run.since
        ]
        self._note_reader(view, len(shown) < len(page.activities))
        numbers = self._numbering.of(shown)
        told = [
            self._documents.message(number, activity, caller)
            for number, activity in zip(numbers, shown, strict=True)
        ]
        has_more = isinstance(selection, Selection) and selection.left > 0
        is_last = len(shown) < len(page.activities) or not has_more
        return write(
            extension, "messages", told, messages_next_page=None if is_last else run.page + 1
        )

    def _note_reader(self, view: View, is_cut: bool) -> None:
        """Note that who asks was given all of that page; one that is cut has all since `since`."""
        reach, headers = reach_of(view, request.path), request.headers
        if reach is not None and request.method == "GET":
            reach = replace(reach, beyond=0) if is_cut else reach
            self._gaps.read(reach, headers.get("If-None-Match"), headers.get, request.remote_addr)

    def _message(self, named: str) -> tuple[int, Activity]:
        """The message with that number, behind which its slug may stand."""
        number = _number(named.partition("-")[0])
        if number is None:
            raise NotFound(f"{named} is no message: its id is a whole number.")
        newest = self._numbering.activity(number)
        if not isinstance(newest, Activity):
            raise Gone(f"Message {number} was deleted.")
        return number, newest

    def _queue(self, named: str) -> tuple[tuple[str, str], ...]:
        """The queue with that number or name as a filter has it; nothing for that of everything."""
        if named == "primary" or _number(named) == COMPANY:
            return ()
        return (("queue", self._value("queue", named)),)

    def _value(self, field: str, named: str) -> str:
        """The value of that number, behind which a slug may stand, or name. Raises NotFound."""
        self._server.index.catch_up()
        number = _number(named.partition("-")[0])
        found = None if number is None else self._numbering.find(field, number)
        return found or self._server.reading.spelling(field, named)

    def _actor(self, named: str) -> tuple[str, Object]:
        value = self._value("actor", named)
        actor = self._newest_actor(value)
        if actor is None:
            raise NotFound(f"No user is called {named}.")
        return value, actor

    def _newest_actor(self, value: str) -> Object | None:
        """The actor of that login or id as the newest activity has it."""
        found = self._server.index.newest(make_filter([("actor", False, value)]), 1)
        positions = [each for each in found.positions if each not in found.removed]
        for version in self._server.log.at(positions) if positions else ():
            if isinstance(version, Activity):
                return version.draft.actor
        return None

    def _names(self, field: str) -> list[Name]:
        self._server.index.catch_up()
        return names_of(self._server, field)

    def _users(self, extension: str, names: Sequence[Name]) -> Response:
        actors = [self._newest_actor(name.value) for name in _run().of(names)]
        told = [self._documents.user(actor) for actor in actors if actor is not None]
        return self._list(extension, "users", told)

    def _list(self, extension: str, name: str, told: Sequence[Tree]) -> Response:
        return of_its_bytes(write(extension, name, told), MEDIA_TYPES[extension], Bodies())

    def _one(self, extension: str, name: str, told: Tree) -> Response:
        return of_its_bytes(write(extension, name, told), MEDIA_TYPES[extension], Bodies())


def _representation(extension: str) -> Representation:
    return Representation(f"socialcast.{extension}", MEDIA_TYPES[extension], VERSION)


def _label(caller: Grant | None) -> str:
    """What an ETag is made of as to who asks: what they may delete."""
    return caller.label if caller is not None and caller.can_write else ""


def _run() -> Run:
    """The run that the parameters ask for; raises InvalidRequest where one is no whole number."""
    page = _asked("page", 1)
    per_page = min(MAX_PER_PAGE, max(1, _asked("per_page", PER_PAGE)))
    return Run(max(1, page), per_page, _asked("since", 0))


def _asked(name: str, default: int) -> int:
    text = request.args.get(name, "").strip()
    if not text:
        return default
    number = _number(text)
    if number is None:
        raise InvalidRequest([f"`{name}={text[:40]}` is no whole number."])
    return number


def _number(text: str) -> int | None:
    """The whole number that it is, None where it is none, or larger than any id."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS + 4
    return int(text) if is_number else None
