"""Messages: what is posted, told, searched and deleted."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from flask import Response, request

from feedserver.assembly import Server
from feedserver.errors import Forbidden, InvalidRequest, Outdated
from feedserver.model.filter import make_filter
from feedserver.model.grant import Grant
from feedserver.model.query import Query
from feedserver.model.search import parse_words
from feedserver.services.indexing import Selection
from feedserver.services.intake import Outcome
from feedserver.services.numbering import Numbering
from feedserver.services.reading import Representation, View
from feedserver.web.access import Access
from feedserver.web.bodies import Bodies
from feedserver.web.compat.socialcast.documents import Documents
from feedserver.web.compat.socialcast.drafts import Drafting
from feedserver.web.compat.socialcast.finding import Finding
from feedserver.web.compat.socialcast.paging import Run, run_asked
from feedserver.web.compat.socialcast.parse import read_message
from feedserver.web.compat.socialcast.wire import MEDIA_TYPES, VERSION, write
from feedserver.web.conditional import VARY, answer
from feedserver.web.feeds import target
from feedserver.web.risk import Gaps, reach_of
from feedserver.web.writing import body, charset

_VARY = f"{VARY}, Authorization"


class MessageViews:
    """The views of messages; each is given the extension in which it is to answer.

    `wrote` is told the outcome of each message, `noticed` is called when something was recorded,
    and `gaps` is told what readers are given.
    """

    def __init__(
        self,
        server: Server,
        access: Access,
        drafting: Drafting,
        numbering: Numbering,
        wrote: Callable[[str], None],
        noticed: Callable[[], None],
        gaps: Gaps,
    ) -> None:
        self._server = server
        self._access = access
        self._drafting = drafting
        self._numbering = numbering
        self._finding = Finding(server, numbering)
        self._documents = Documents(server.reading.base_url)
        self._wrote = wrote
        self._noticed = noticed
        self._gaps = gaps

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
        return self._listed(extension, self._finding.queue(group) if group else ())

    def search(self, extension: str) -> Response:
        """The messages with the words of `q`."""
        return self._listed(extension, (), request.args.get("q", ""))

    def message(self, extension: str, named: str) -> Response:
        """One message."""
        number, activity = self._finding.message(named)
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
        _, activity = self._finding.message(named)
        if activity.draft.source != grant.label:
            raise Forbidden(f"Message {named} is not yours: it came from {activity.draft.source}.")
        self._server.writing.delete(activity.id)
        self._noticed()
        self._wrote(Outcome.DELETED.value)
        response = Response(b"", 200)
        del response.headers["Content-Type"]
        response.headers["Cache-Control"] = "no-store"
        return response

    def stream_messages(self, extension: str, named: str) -> Response:
        """The messages of a stream."""
        return self._listed(extension, self._finding.queue(named))

    def user_messages(self, extension: str, named: str) -> Response:
        """What a user did."""
        return self._listed(extension, (("actor", self._finding.actor(named)[0]),))

    def _listed(
        self, extension: str, values: Sequence[tuple[str, str]], words: str | None = None
    ) -> Response:
        """The messages in which those values and words are, of the run that is asked for."""
        try:
            searched = () if words is None else parse_words(words)
        except ValueError as error:
            raise InvalidRequest([f"`q` {error}"]) from None
        filter = make_filter([(field, False, value) for field, value in values], words=searched)
        run, caller = run_asked(), self._access.caller()
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


def _representation(extension: str) -> Representation:
    return Representation(f"socialcast.{extension}", MEDIA_TYPES[extension], VERSION)


def _label(caller: Grant | None) -> str:
    """What an ETag is made of as to who asks: what they may delete."""
    return caller.label if caller is not None and caller.can_write else ""
