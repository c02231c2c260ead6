"""What a CRM's business rule publishes: one entry of the log that a source reads."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, json, request

from feedserver.assembly import Server
from feedserver.errors import InvalidRequest, UnsupportedType
from feedserver.model.activity import Activity
from feedserver.model.addresses import activity_path
from feedserver.parsers.strict import decode, parse_json
from feedserver.services.intake import Outcome, Verdict
from feedserver.web.access import Access
from feedserver.web.writing import body, charset

FORM = "application/x-www-form-urlencoded"
MEDIA_TYPES = (FORM, "application/json")

_MAX_FIELDS = 100  # of a form; a CRM may send more of them than are asked for
_OBJID = re.compile(r"0*[1-9][0-9]{0,17}")  # what every database can compare


class PublishingViews:
    """`POST /sources/{name}/publish`; `wrote` and `noticed` as in `WritingViews`."""

    def __init__(
        self,
        server: Server,
        access: Access,
        wrote: Callable[[str], None],
        noticed: Callable[[], None] | None = None,
    ) -> None:
        self._server = server
        self._access = access
        self._wrote = wrote
        self._noticed = noticed or server.index.notice

    def publish(self, name: str) -> Response:
        """Record the entry that the body names; on a 2xx it is on disk."""
        self._access.writer()
        fields = _fields(self._server.settings.limits.max_body)
        object_type, database_id, activity_objid = _named(fields)
        verdict = self._server.writing.publish(name, object_type, database_id, activity_objid)
        self._noticed()
        self._wrote(verdict.outcome.value)
        return self._answer(verdict)

    def _answer(self, verdict: Verdict) -> Response:
        activity = self._server.log.find(verdict.id)
        told = {
            "id": verdict.id,
            "status": verdict.outcome.value,
            "title": activity.draft.title if isinstance(activity, Activity) else "",
        }
        is_new = verdict.outcome is Outcome.RECORDED
        response = Response(
            json.dumps(told, ensure_ascii=False) + "\n",
            201 if is_new else 200,
            content_type="application/json",
        )
        address = self._server.reading.base_url + activity_path(verdict.id)
        response.headers["Location" if is_new else "Content-Location"] = address
        response.headers["Cache-Control"] = "no-store"
        return response


def _fields(limit: int) -> Mapping[str, Any]:
    """The fields of the body. Raises InvalidRequest, TooLarge and UnsupportedType."""
    if request.mimetype not in MEDIA_TYPES:
        sent = f"is {request.mimetype}" if request.mimetype else "has no Content-Type"
        taken = " and ".join(MEDIA_TYPES)
        raise UnsupportedType(f"The body {sent}. Taken are {taken}.", MEDIA_TYPES)
    text = decode(body(limit), charset())
    value = _form(text) if request.mimetype == FORM else parse_json(text)
    if not isinstance(value, dict):
        raise InvalidRequest(["The body is no JSON object."])
    return value


def _form(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise InvalidRequest([f"The form has more than {_MAX_FIELDS} fields."]) from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest([f"`{twice}` stands twice in the form."])
    return fields


def _named(fields: Mapping[str, Any]) -> tuple[str, int, int]:
    """The object's type and key and the entry's key. Raises InvalidRequest with all that is wrong.

    A number may be written as a text, as forms have it; other fields are left alone.
    """
    faults = []
    object_type = fields.get("object_type")
    if not isinstance(object_type, str) or not object_type.strip():
        faults.append(_fault("object_type", object_type, "the type of an object: Case, Solution"))
    objids = {name: fields.get(name) for name in ("database_id", "activity_objid")}
    for name, value in objids.items():
        if not _OBJID.fullmatch(str(value).strip()):
            faults.append(_fault(name, value, "an objid, which is a whole number above 0"))
    if faults:
        raise InvalidRequest(faults)
    database_id, activity_objid = (int(str(value)) for value in objids.values())
    return str(object_type), database_id, activity_objid


def _fault(name: str, value: object, wanted: str) -> str:
    if value is None or value == "":
        return f"`{name}` is missing; it is {wanted}."
    return f"`{name}` is {str(value)[:40]!r}, and not {wanted}."
