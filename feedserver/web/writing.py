"""What is posted, alone, in collections or in lines; what is changed, and deleted."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from json import JSONEncoder
from typing import Any
from urllib.parse import unquote

from flask import Request, Response, request
from werkzeug.datastructures import Headers

from feedserver.assembly import Server
from feedserver.errors import (
    Conflict,
    Fault,
    Gone,
    InvalidActivity,
    InvalidRequest,
    NotFound,
    NotYet,
    StoreError,
    TooLarge,
    UnsupportedType,
)
from feedserver.formats import FORMATS
from feedserver.model.activity import Activity, Draft, Product, Version
from feedserver.model.addresses import activity_path, parse_feed_path, split_extension
from feedserver.model.query import is_ignored
from feedserver.model.text import one_line
from feedserver.parsers.documents import MEDIA_TYPES, NDJSON, Decode, dialect_of
from feedserver.parsers.items import Document
from feedserver.parsers.lines import is_wide, split_lines
from feedserver.parsers.strict import decode
from feedserver.receiving import Answer, Receiving
from feedserver.services.intake import Outcome
from feedserver.services.reading import represent
from feedserver.web.access import Access
from feedserver.web.conditional import date_of, variants
from feedserver.web.feeds import parameters
from feedserver.web.negotiation import format_of
from feedserver.web.posting import REFUSED, represented

MAX_STREAMS = 4  # of lines at once; each holds a thread, and readers need some too
POSTED = ("queue", "product", "tag")
"""The fields of the feeds that take posts; what is posted there is in that feed."""

_encode = JSONEncoder(ensure_ascii=False).encode
_CHARSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")
_NO_PARAMETERS = (
    "`/activities` takes no parameters. What shall be in a feed is posted to it: /queues/Support, "
    "or /all?queue=Support&tag=vip."
)
_NO_COLLECTION = (
    "`{}`: nothing can be posted to that. Post to one queue, product or tag, or one of each: "
    "/queues/Support, or /all?queue=Support&tag=vip."
)


class _Answer(Response):
    """An answer whose headers are all there, addresses in them as URIs: none is looked at again."""

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """The headers as they are."""
        return self.headers


class WritingViews:
    """`POST /activities` and to feeds, `PUT` and `DELETE` of one.

    `wrote` is told the outcome of each activity, for the metrics. `noticed` is called when
    something was recorded; the index catches up where it is None.
    """

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
        self._streams = threading.BoundedSemaphore(MAX_STREAMS)
        self._max_body = server.settings.limits.max_body

    def post(self) -> Response:
        """Record what the body holds; on a 2xx it is on disk."""
        if REFUSED in request.environ:
            raise request.environ[REFUSED]
        grant = self._access.writer()
        if any(not is_ignored(name) for name, _ in parameters()):
            raise InvalidRequest([_NO_PARAMETERS])
        return self._posted(grant.label, ())

    def post_to_feed(
        self, collection: str = "", name: str = "", extension: str | None = None
    ) -> Response:
        """Record what the body holds, each activity with the names of that feed."""
        grant = self._access.writer()
        if extension is not None and extension not in FORMATS:
            raise NotFound(f"There is no format .{extension}. Known: {', '.join(sorted(FORMATS))}.")
        return self._posted(grant.label, tuple(self._names(collection, name)))

    def _posted(self, source: str, names: tuple[tuple[str, str], ...]) -> Response:
        # Each look through Flask's proxy takes 0.7 µs, and there are many.
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        _refuse_encoding(asked)
        if asked.mimetype in NDJSON:
            return self._lines(asked, self._receiving(asked, source, names))
        document = self._document(asked)
        slug = "" if document.is_collection else asked.headers.get("Slug", "")
        answers = self._receiving(asked, source, names, slug).document(document)
        self._count(answers)
        if document.is_collection:
            return _json(200, _told_together(answers, self._address))
        return self._one(answers[0], document.dialect)

    def _document(self, asked: Request) -> Document:
        """What the body holds, as the media type says."""
        media_type = asked.mimetype
        dialect, data = dialect_of(media_type), body(self._max_body, asked)
        return self._server.parser.read(data, charset(asked), dialect, _decoder(media_type))

    def _receiving(
        self,
        asked: Request,
        source: str,
        names: tuple[tuple[str, str], ...],
        slug: str = "",
    ) -> Receiving:
        # What a client would like the entry to be called (RFC 5023, section 9.7) is no part of an
        # id or address here, for these are permanent; where there is no title it can be that.
        complete = partial(_completed, names=names, title=one_line(unquote(slug)))
        parser, writing = self._server.parser, self._server.writing
        decoded = _decoder(asked.mimetype)
        return Receiving(parser, writing, source, decode=decoded, complete=complete)

    def change(self, id: str) -> Response:
        """Record the body as the newest version of the activity; on a 2xx it is on disk."""
        self._access.writer()
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        _refuse_encoding(asked)
        document = self._document(asked)
        draft, is_silent = _only(document, id), document.items[0].is_silent
        outcome, position = self._server.writing.change(id, draft, is_silent, self._is_meant)
        self._noticed()
        self._wrote(outcome.value)
        # That very version: who takes its ETag for the next change has seen what it is.
        (version,) = self._server.log.at([position])
        return self._activity(version, document.dialect, 200)

    def delete(self, id: str) -> Response:
        """Put a tombstone in the place of the activity; on a 2xx it is on disk."""
        self._access.writer()
        self._server.writing.delete(id, self._is_meant)
        self._noticed()
        self._wrote(Outcome.DELETED.value)
        return Response(status=204)

    def _names(self, collection: str, name: str) -> Iterator[tuple[str, str]]:
        """The queue, product and tag of the feed that was posted to, as the log spells them.

        Raises NotFound for a path that names none, as when it is read, and InvalidRequest for a
        feed in which not just everything with these names is.
        """
        given = [pair for pair in parameters() if not is_ignored(pair[0])]
        clause = None
        if collection:
            clause = parse_feed_path(split_extension(f"/{collection}/{name}", FORMATS)[0])
        if clause is not None:
            field, value = clause
            yield field, self._spelt(field, self._server.reading.spelling(field, value))
        fields = [field for field, _ in (*([clause] if clause else []), *given)]
        for field, value in given:
            if field not in POSTED or fields.count(field) > 1 or not one_line(value):
                raise InvalidRequest([_NO_COLLECTION.format(f"{field}={value}"[:100])])
            yield field, self._spelt(field, value)

    def _spelt(self, field: str, value: str) -> str:
        return self._server.index.find_name(field, value) or value

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

    def _one(self, answer: Answer, dialect: str) -> Response:
        """The activity as it is recorded now; 201 where it is new, 200 where it was known."""
        if answer.outcome == Outcome.CONFLICT.value:
            raise Conflict(" ".join(fault.detail for fault in answer.faults))
        if answer.outcome == Outcome.GONE.value:
            raise Gone(f"{answer.id} {answer.faults[0].detail}")
        if answer.id is None or answer.is_refused:
            raise InvalidActivity(answer.faults)
        newest = answer.activity or self._server.reading.activity(answer.id)
        return self._activity(newest, dialect, answer.status)

    def _activity(self, version: Version, dialect: str, status: int) -> Response:
        """The version of an activity, in that dialect, with its ETag; a new one's address, too."""
        if not isinstance(version, Activity):  # somebody else was quick
            raise Gone(f"{version.id} was recorded, and deleted since.")
        headers, body = represented(self._server.reading, version, dialect)
        if status == 201:
            headers.append(("Location", self._address(version.id)))
        return _Answer([body], status, headers)

    def _lines(self, asked: Request, receiving: Receiving) -> Response:
        """A verdict a line, sent as the lines are recorded."""
        self._server.writing.refuse_while_importing()
        named = charset(asked)
        if not self._streams.acquire(blocking=False):
            raise NotYet(f"{MAX_STREAMS} streams of lines are being recorded. Send it again later.")
        lines = split_lines(asked.stream.read, self._max_body, named)
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
        self._noticed()
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
        place = f"{item.pointer}/id"
        raise InvalidActivity([Fault(place, f"is another one. Write {id}, or leave it out.")])
    return item.draft


def _completed(draft: Draft, names: tuple[tuple[str, str], ...], title: str) -> Draft:
    """The draft with the names of the feed to which it was posted, and a title if it has none."""
    for field, value in names:
        if field == "queue":  # twice the same is once when it is recorded
            draft = replace(draft, queues=(*draft.queues, value))
        if field == "product" and value not in [product.name for product in draft.products]:
            draft = replace(draft, products=(*draft.products, Product(value)))
        if field == "tag" and value.casefold() not in map(str.casefold, draft.tags):
            draft = replace(draft, tags=(*draft.tags, value))
    return draft if draft.title else replace(draft, title=title)


def body(limit: int, asked: Request = request) -> bytes:
    """The body of the request. Raises TooLarge where it has more than `limit` bytes."""
    length = asked.content_length
    data = b"" if length is not None and length > limit else asked.stream.read(limit + 1)
    if len(data) > limit or (length or 0) > limit:
        has = f"{length:,}" if length else f"more than {limit:,}"
        raise TooLarge(
            f"The body has {has} bytes; {limit:,} is the limit (`max_body`). Send many activities "
            f"as {NDJSON[0]}, one a line."
        )
    return data


def charset(asked: Request = request) -> str | None:
    """The charset that the request says its body is in; raises InvalidRequest for no name of one.

    Python remembers each name that it is asked for, for as long as it runs.
    """
    name = asked.mimetype_params.get("charset")
    if name is not None and not _CHARSET.fullmatch(name):
        raise InvalidRequest([f"charset={name[:40]!r} is no name of one. Send UTF-8."])
    return name


def _decoder(media_type: str) -> Decode:
    """Decodes strictly, and says with that type how to tell a charset."""

    def decoded(data: bytes, charset: str | None) -> str:
        try:
            return decode(data, charset)
        except InvalidRequest as error:
            said = f"Content-Type: {media_type}"
            raise InvalidRequest(
                [fault.replace("Content-Type: application/json", said) for fault in error.faults]
            ) from None

    return decoded


def _refuse_encoding(asked: Request) -> None:
    encoding = asked.headers.get("Content-Encoding", "identity")
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
    return _encode(told).encode() + b"\n"
