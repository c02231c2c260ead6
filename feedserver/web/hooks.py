"""Webhooks: what other systems deliver to an address of ours, `/hooks/NAME/SECRET`, or signed."""

import uuid
from collections.abc import Callable, Sequence
from json import JSONEncoder
from typing import Any

from flask import Request, Response, request
from werkzeug.exceptions import NotFound as NoSuchPage

from feedserver.assembly import Server
from feedserver.errors import TooLarge, UnsupportedType
from feedserver.model.addresses import activity_path
from feedserver.parsers.deliveries import MEDIA_TYPES, Delivery, records_of
from feedserver.services.hooking import Hooking, Taken
from feedserver.services.intake import Outcome
from feedserver.web.writing import body, charset

_encode = JSONEncoder(ensure_ascii=False).encode

_NOTHING = "No rule of the mapping applies to it: nothing was recorded, and nothing is missing."
_KNOWN = "All of it was known: nothing was recorded again."
_KEPT = "What could not be mapped is kept until the mapping is mended. It need not be sent again."


class HookViews:
    """`POST /hooks/{name}/{secret}` and `POST /hooks/{name}`.

    No grant is asked for, and no page is refused that makes a browser send it: there is nothing
    in a browser that would open these addresses. `wrote` and `noticed` are as in `WritingViews`.
    """

    def __init__(
        self,
        server: Server,
        wrote: Callable[[str], None],
        noticed: Callable[[], None] | None = None,
    ) -> None:
        self._server = server
        self._wrote = wrote
        self._noticed = noticed or server.index.notice
        self._max_body = server.settings.limits.max_body

    def deliver(self, name: str, secret: str) -> Response:
        """Take what comes to the address of a webhook; on a 2xx it is on disk."""
        hook = None
        for each in self._server.hooks.values():
            # The loop does not end early: the time tells nothing, of no name either.
            is_known = each.admission.knows(secret)
            if is_known and each.name == name:
                hook = each
        if hook is None:
            raise NoSuchPage  # whatever is wrong: who asks learns of no name
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        return self._taken(hook, self._delivery(asked))

    def deliver_signed(self, name: str) -> Response:
        """Take what comes signed to a webhook; on a 2xx it is on disk."""
        hook = self._server.hooks.get(name)
        if hook is None or not hook.admission.is_signed:
            raise NoSuchPage
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        delivery = self._delivery(asked)
        hook.admission.check(delivery.headers, delivery.body, delivery.received)
        return self._taken(hook, delivery)

    def _delivery(self, asked: Request) -> Delivery:
        """The delivery as it came. Raises InvalidRequest, TooLarge and UnsupportedType."""
        encoding = asked.headers.get("Content-Encoding", "identity")
        if encoding.lower() not in ("", "identity"):
            raise UnsupportedType(
                f"Content-Encoding {encoding} is not taken. Send the body as it is.", MEDIA_TYPES
            )
        try:
            data = body(self._max_body, asked)
        except TooLarge:
            raise TooLarge(
                f"The body has more than {self._max_body:,} bytes, which is the limit (`max_body`)."
            ) from None
        return Delivery(
            media_type=asked.mimetype,
            charset=charset(asked),
            headers={name.lower(): value for name, value in asked.headers.items()},
            body=data,
            received=self._server.clock(),
        )

    def _taken(self, hook: Hooking, delivery: Delivery) -> Response:
        taken = hook.take(records_of(delivery, lambda: uuid.uuid4().hex))
        recorded = [id for each in taken for id in each.recorded]
        if recorded:
            self._noticed()
        for each in taken:
            outcomes = [Outcome.RECORDED] * len(each.recorded) + [Outcome.KNOWN] * len(each.known)
            for outcome in outcomes:
                self._wrote(outcome.value)
        response = Response(
            _encode(self._told(taken)) + "\n", _status(taken), content_type="application/json"
        )
        if len(recorded) == 1:
            response.headers["Location"] = self._address(recorded[0])
        response.headers["Cache-Control"] = "no-store"
        return response

    def _told(self, taken: Sequence[Taken]) -> dict[str, Any]:
        told: dict[str, Any] = {
            "recorded": [
                {"id": id, "location": self._address(id)} for each in taken for id in each.recorded
            ],
            "known": [id for each in taken for id in each.known],
            "kept": [
                {"key": each.key, "detail": each.reason}
                for each in taken
                if each.reason is not None
            ],
        }
        if told["kept"]:
            told["detail"] = _KEPT
        elif not told["recorded"]:
            told["detail"] = _KNOWN if told["known"] else _NOTHING
        return told

    def _address(self, id: str) -> str:
        return self._server.reading.base_url + activity_path(id)


def _status(taken: Sequence[Taken]) -> int:
    """202 where something is kept now that was not, 201 where all that is new was recorded."""
    if any(each.reason is not None and each.is_new for each in taken):
        return 202
    return 201 if any(each.recorded for each in taken) else 200
