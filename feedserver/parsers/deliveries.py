"""What is delivered to a webhook: from a body and its headers to records."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote

from feedserver.errors import InvalidRequest, TooLarge, UnsupportedType
from feedserver.mapping.records import Record
from feedserver.model.text import one_line
from feedserver.parsers.strict import decode, parse_json

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
EVENT = "application/cloudevents+json"
EVENTS = "application/cloudevents-batch+json"
MEDIA_TYPES = (JSON, FORM, EVENT, EVENTS)
"""The media types that are taken; any other that ends in `+json` is JSON, too."""

MAX_KEY = 200  # characters; it stands in ids
MAX_FIELDS = 1000  # of a form
MAX_RECORDS = 1000  # of a delivery; each is a row where it is kept, with all headers

OF_DELIVERY = ("webhook-id", "x-github-delivery")
KEYS = (*OF_DELIVERY, "idempotency-key")
"""The headers that give a delivery its key, the first that is there; an event has its own."""

MAX_HEADER = 2000  # characters; a longer one says nothing of what happened, and is left out
_SECRET = re.compile(
    r"authorization|authentication|(?:^|-)auth(?:-|$)|cookie|credential|secret|token|signature"
    r"|password|passwd|(?:api|access|private|functions|subscription)-?key"
)
_ATTRIBUTES = ("specversion", "id", "source", "type")  # that every CloudEvent has
_PREFIX = "ce-"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came in one request: `headers` by their names in lower case."""

    media_type: str
    charset: str | None
    headers: Mapping[str, str]
    body: bytes
    received: datetime


def records_of(delivery: Delivery, new_key: Callable[[], str]) -> tuple[Record, ...]:
    """The records of the delivery, in order; `new_key` gives the key of one that has none.

    A list is a record for each of its items, with the keys KEY/1, KEY/2, … The headers of a record
    are those that hold no secret. Raises InvalidRequest, TooLarge and UnsupportedType.
    """
    values = _values(delivery)
    is_many = isinstance(values, list)
    if not is_many:
        values = [values]
    if len(values) > MAX_RECORDS:
        raise TooLarge(
            f"The list has {len(values):,} items; {MAX_RECORDS:,} is the limit. Send it in parts."
        )
    for place, value in enumerate(values, 1):
        if not isinstance(value, dict):
            where = f"item {place} of the list" if is_many else "The body"
            raise InvalidRequest([f"{where} is no JSON object."])
    headers = without_secrets(delivery.headers)
    keys = _keys(delivery, values, is_many, new_key)
    return tuple(
        Record(key, value, headers, delivery.received)
        for key, value in zip(keys, values, strict=True)
    )


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers but for those whose names speak of a secret, and those that are very long."""
    return {
        name: value
        for name, value in headers.items()
        if not _SECRET.search(name) and len(value) <= MAX_HEADER
    }


def event_key(value: Mapping[str, Any]) -> str | None:
    """The key of a CloudEvent: `source` and `id` together tell it from all (section 3.1.1)."""
    if not all(isinstance(value.get(name), str) and value[name] for name in _ATTRIBUTES):
        return None
    return f"{value['source']} {value['id']}"


def header_key(headers: Mapping[str, str], names: Sequence[str] = KEYS) -> str | None:
    """The key that one of those headers gives the delivery, the first of them, or None."""
    given = (headers.get(name, "").strip().strip('"') for name in names)
    return next(filter(None, given), None)


def _keys(
    delivery: Delivery, values: Sequence[Any], is_many: bool, new_key: Callable[[], str]
) -> Iterator[str]:
    is_event = delivery.media_type in (EVENT, EVENTS) or _is_binary(delivery.headers)
    if is_event and header_key(delivery.headers, OF_DELIVERY) is None:
        yield from (_short(event_key(value) or new_key()) for value in values)
        return
    key = _short(header_key(delivery.headers) or new_key())
    yield from (f"{key}/{place}" if is_many else key for place in range(1, len(values) + 1))


def _short(key: str) -> str:
    """The key, or its digest where it is long or could not stand on one line as it is.

    Of two keys that differ in spaces alone each keeps its own id.
    """
    if len(key) <= MAX_KEY and key and one_line(key) == key:
        return key
    return f"sha256-{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _values(delivery: Delivery) -> Any:
    if _is_binary(delivery.headers) and delivery.media_type not in (EVENT, EVENTS):
        return _event(_in_headers(delivery), "The CloudEvent")
    if delivery.media_type == FORM:
        return _form(decode(delivery.body, delivery.charset))
    if delivery.media_type != JSON and not delivery.media_type.endswith("+json"):
        sent = f"is {delivery.media_type}" if delivery.media_type else "has no Content-Type"
        raise UnsupportedType(f"The body {sent}. Taken are {', '.join(MEDIA_TYPES)}.", MEDIA_TYPES)
    value = _json(delivery)
    if delivery.media_type == EVENT:
        return _event(value, "The CloudEvent")
    if delivery.media_type == EVENTS:
        if not isinstance(value, list):
            raise InvalidRequest(["A batch of CloudEvents is a list."])
        return [_event(each, f"CloudEvent {place}") for place, each in enumerate(value, 1)]
    return value


def _json(delivery: Delivery) -> Any:
    text = decode(delivery.body, delivery.charset)
    if not text.strip():
        raise InvalidRequest(["The body is empty, which is no JSON."])
    return parse_json(text)


def _form(text: str) -> Any:
    """The members of the form; of one that is named more than once, a list.

    A form whose only member is a `payload` of JSON is that JSON, as GitHub and others send it.
    """
    if text[:1] in ("{", "["):
        raise InvalidRequest([f"The body is JSON, and says it is a form. Say Content-Type: {JSON}"])
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest(["The form is not UTF-8."]) from None
    except ValueError:
        raise InvalidRequest([f"The form has more than {MAX_FIELDS:,} fields."]) from None
    if len(pairs) == 1 and pairs[0][0] == "payload" and pairs[0][1].lstrip()[:1] in ("{", "["):
        return parse_json(pairs[0][1])
    members: dict[str, list[str]] = {}
    for name, value in pairs:
        members.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in members.items()}


def _is_binary(headers: Mapping[str, str]) -> bool:
    return f"{_PREFIX}specversion" in headers or f"{_PREFIX}id" in headers


def _in_headers(delivery: Delivery) -> dict[str, Any]:
    """A CloudEvent in binary mode (HTTP binding, section 3.1) as it is in structured mode."""
    event: dict[str, Any] = {
        name.removeprefix(_PREFIX): _decoded(name, value)
        for name, value in delivery.headers.items()
        if name.startswith(_PREFIX)
    }
    if delivery.media_type:
        event["datacontenttype"] = delivery.media_type
    if delivery.body:
        event.update(_data(delivery))
    return event


def _decoded(name: str, value: str) -> str:
    """The value of a header of a CloudEvent, which is percent-encoded (section 3.1.3.2)."""
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    try:
        return unquote(text.encode("latin-1").decode(), errors="strict")
    except UnicodeError:
        raise InvalidRequest([f"The header {name} is not UTF-8, percent-encoded."]) from None


def _data(delivery: Delivery) -> dict[str, Any]:
    """The data by its media type: JSON, a form or a text; what is no text stays in base64."""
    if delivery.media_type == FORM:
        return {"data": _form(decode(delivery.body, delivery.charset))}
    if not delivery.media_type or _is_json(delivery.media_type):
        return {"data": _json(delivery)}
    try:
        return {"data": decode(delivery.body, delivery.charset)}
    except InvalidRequest:
        return {"data_base64": b64encode(delivery.body).decode()}


def _is_json(media_type: str) -> bool:
    return media_type.endswith(("/json", "+json"))


def _event(value: Any, what: str) -> dict[str, Any]:
    """The CloudEvent with its data in `data`. Raises InvalidRequest with all that is wrong."""
    if not isinstance(value, dict):
        raise InvalidRequest([f"{what} is no JSON object."])
    faults = [
        f"{what} has no `{name}`, a text."
        for name in _ATTRIBUTES
        if not isinstance(value.get(name), str) or not value[name]
    ]
    if not faults and not str(value["specversion"]).startswith("1."):
        faults.append(f"{what} is of version {str(value['specversion'])[:20]!r}; 1.0 is taken.")
    if faults:
        raise InvalidRequest(faults)
    if "data_base64" not in value or "data" in value:
        return value
    return _with_data(value, what)


def _with_data(event: dict[str, Any], what: str) -> dict[str, Any]:
    """The event with the data that is in base64; what is no text stays in it."""
    try:
        data = b64decode(event["data_base64"], validate=True)
    except (ValueError, TypeError):
        raise InvalidRequest([f"{what}: `data_base64` is no base64."]) from None
    media_type = str(event.get("datacontenttype") or JSON).partition(";")[0].strip().lower()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return event
    return {**event, "data": parse_json(text) if _is_json(media_type) else text}
