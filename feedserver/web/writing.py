"""What is posted, alone, in collections or in lines; what is changed, and deleted."""

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, json, request

from feedserver.assembly import Server
from feedserver.errors import (
    Conflict,
    Fault,
    Gone,
    InvalidActivity,
    InvalidRequest,
    NotYet,
    StoreError,
    TooLarge,
    UnsupportedType,
)
from feedserver.formats import FORMATS
from feedserver.model.activity import Activity, Draft, Version
from feedserver.model.addresses import activity_path
from feedserver.parsers.documents import MEDIA_TYPES, NDJSON, Document, dialect_of
from feedserver.parsers.lines import is_wide, split_lines
from feedserver.parsers.strict import decode, parse_json
from feedserver.receiving import Answer, Receiving
from feedserver.services.intake import Outcome
from feedserver.services.reading import represent
from feedserver.web.access import Access
from feedserver.web.conditional import date_of, variants
from feedserver.web.negotiation import format_of

MAX_STREAMS = 4  # of lines at once; each holds a thread, and readers need some too
_CHARSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")
_FORMAT = {"as1": "as1", "as2": "json"}  # in which dialect it came, in that it is given back


class WritingViews:
    """`POST /activities`, `PUT` and `DELETE` of one.

    `wrote` is told the outcome of each activity, for the metrics.
    """

    def __init__(self, server: Server, access: Access, wrote: Callable[[str], None]) -> None:
        self._server = server
        self._access = access
        self._wrote = wrote
        self._streams = threading.BoundedSemaphore(MAX_STREAMS)
        self._max_body = server.settings.limits.max_body

    def post(self) -> Response:
        """Record what the body holds; on a 2xx it is on disk."""
        grant = self._access.writer()
        receiving = Receiving(self._server.parser, self._server.writing, grant.label)
        _refuse_encoding()
        if request.mimetype in NDJSON:
            return self._lines(receiving)
        dialect = dialect_of(request.mimetype)
        text = decode(body(self._max_body), charset())
        document = self._server.parser.document(parse_json(text), dialect)
        answers = receiving.document(document)
        self._count(answers)
        if document.is_collection:
            return _json(200, _told_together(answers, self._address))
        return self._one(answers[0], _FORMAT[document.dialect])

    def change(self, id: str) -> Response:
        """Record the body as the newest version of the activity; on a 2xx it is on disk."""
        self._access.writer()
        _refuse_encoding()
        dialect = dialect_of(request.mimetype)
        text = decode(body(self._max_body), charset())
        document = self._server.parser.document(parse_json(text), dialect)
        draft, is_silent = _only(document, id), document.items[0].is_silent
        outcome, position = self._server.writing.change(id, draft, is_silent, self._is_meant)
        self._server.index.notice()
        self._wrote(outcome.value)
        # That very version: who takes its ETag for the next change has seen what it is.
        (version,) = self._server.log.at([position])
        return self._activity(version, _FORMAT[document.dialect], 200)

    def delete(self, id: str) -> Response:
        """Put a tombstone in the place of the activity; on a 2xx it is on disk."""
        self._access.writer()
        self._server.writing.delete(id, self._is_meant)
        self._server.index.notice()
        self._wrote(Outcome.DELETED.value)
        return Response(status=204)

    def _is_meant(self, newest: Activity) -> bool:
        """Whether the request's conditions hold for that version (RFC 9110, section 13.2.2)."""
        if "If-None-Match" in request.headers:
            unwanted = request.if_none_match
            if unwanted.star_tag or any(map(unwanted.contains_weak, self._etags(newest))):
                return False
        if "If-Match" in request.headers:
            wanted = request.if_match
            return wanted.star_tag or any(map(wanted.contains, self._etags(newest)))
        before = date_of(request.headers.get("If-Unmodified-Since"))
        return before is None or newest.dates.recorded.replace(microsecond=0) <= before

    def _etags(self, newest: Activity) -> Iterator[str]:
        """Every ETag under which the version is given, in whichever format."""
        for extension in FORMATS:
            view = self._server.reading.activity_view(newest, represent(format_of(extension)))
            yield from variants(view.etag)

    def _one(self, answer: Answer, extension: str) -> Response:
        """The activity as it is recorded now; 201 where it is new, 200 where it was known."""
        if answer.outcome == Outcome.CONFLICT.value:
            raise Conflict(" ".join(fault.detail for fault in answer.faults))
        if answer.outcome == Outcome.GONE.value:
            raise Gone(f"{answer.id} {answer.faults[0].detail}")
        if answer.id is None or answer.is_refused:
            raise InvalidActivity(answer.faults)
        newest = self._server.reading.activity(answer.id)
        response = self._activity(newest, extension, answer.status)
        if answer.status == 201:
            response.headers["Location"] = self._address(answer.id)
        return response

    def _activity(self, version: Version, extension: str, status: int) -> Response:
        """The version of an activity, in that format, with its ETag."""
        reading, format = self._server.reading, format_of(extension)
        if not isinstance(version, Activity):  # somebody else was quick
            raise Gone(f"{version.id} was recorded, and deleted since.")
        view = reading.activity_view(version, represent(format))
        body = format.render_activity(version, reading.page_of(view))
        response = Response(body, status, content_type=format.media_type)
        response.set_etag(view.etag)
        response.headers["Content-Location"] = self._address(version.id)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _lines(self, receiving: Receiving) -> Response:
        """A verdict a line, sent as the lines are recorded."""
        self._server.writing.refuse_while_importing()
        named = charset()
        if not self._streams.acquire(blocking=False):
            raise NotYet(f"{MAX_STREAMS} streams of lines are being recorded. Send it again later.")
        lines = split_lines(request.stream.read, self._max_body, named)
        answers = receiving.lines(lines, None if is_wide(named) else named)
        response = Response(
            self._told_one_by_one(answers), 200, content_type="application/x-ndjson"
        )
        response.call_on_close(self._streams.release)
        return response

    def _told_one_by_one(self, batches: Iterator[tuple[Answer, ...]]) -> Iterator[bytes]:
        try:
            for answers in batches:
                self._count(answers)
                yield b"".join(
                    _written({"line": each.place, **_told(each, self._address)}) for each in answers
                )
        except (NotYet, StoreError, UnicodeDecodeError) as error:
            # The answer has begun; what has no verdict was not recorded, and this says why.
            is_text = not isinstance(error, UnicodeDecodeError)
            again = "Send the rest again." if is_text else "Send the rest as what it is."
            told = {"status": 503 if is_text else 400, "title": "Stopped"}
            yield _written({**told, "detail": f"{str(error).rstrip('.')}. {again}"})

    def _address(self, id: str) -> str:
        return self._server.reading.base_url + activity_path(id)

    def _count(self, answers: tuple[Answer, ...]) -> None:
        self._server.index.notice()
        for answer in answers:
            self._wrote(answer.outcome)


def _only(document: Document, id: str) -> Draft:
    """The draft of a document that holds the activity with that id and nothing else."""
    if document.is_collection or len(document.items) != 1:
        raise InvalidActivity(
            [Fault("", "is a collection. Send the one activity of this address.")]
        )
    (item,) = document.items
    if item.draft is None:
        raise InvalidActivity(item.faults)
    if item.draft.id not in ("", id):
        raise InvalidActivity([Fault("/id", f"is another one. Write {id}, or leave it out.")])
    return item.draft


def body(limit: int) -> bytes:
    """The body of the request. Raises TooLarge where it has more than `limit` bytes."""
    length = request.content_length
    data = b"" if length is not None and length > limit else request.stream.read(limit + 1)
    if len(data) > limit or (length or 0) > limit:
        has = f"{length:,}" if length else f"more than {limit:,}"
        raise TooLarge(
            f"The body has {has} bytes; {limit:,} is the limit (`max_body`). Send many activities "
            f"as {NDJSON[0]}, one a line."
        )
    return data


def charset() -> str | None:
    """The charset that the request says its body is in; raises InvalidRequest for no name of one.

    Python remembers each name that it is asked for, for as long as it runs.
    """
    name = request.mimetype_params.get("charset")
    if name is not None and not _CHARSET.fullmatch(name):
        raise InvalidRequest([f"charset={name[:40]!r} is no name of one. Send UTF-8."])
    return name


def _refuse_encoding() -> None:
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() not in ("", "identity"):
        raise UnsupportedType(
            f"Content-Encoding {encoding} is not taken. Send the body as it is.",
            (*MEDIA_TYPES, NDJSON[0]),
        )


def _told_together(answers: tuple[Answer, ...], address: Any) -> dict[str, Any]:
    counts = {
        name: sum(1 for answer in answers if answer.outcome == name)
        for name in (Outcome.RECORDED.value, Outcome.KNOWN.value)
    }
    refused = sum(1 for answer in answers if answer.is_refused)
    return {**counts, "refused": refused, "verdicts": [_told(each, address) for each in answers]}


def _told(answer: Answer, address: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"status": answer.status, "verdict": answer.outcome}
    if answer.id is not None:
        told["id"] = answer.id
    if answer.is_refused:
        told["detail"] = " ".join(map(str, answer.faults))
        told["errors"] = [
            {"pointer": fault.pointer, "detail": fault.detail} for fault in answer.faults
        ]
    elif answer.id is not None:
        told["location"] = address(answer.id)
    return told


def _json(status: int, told: dict[str, Any]) -> Response:
    response = Response(_written(told), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _written(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"
