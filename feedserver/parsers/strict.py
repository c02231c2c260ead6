"""JSON (RFC 8259), strictly: what two programs could read differently is refused."""

import codecs
import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

from feedserver.errors import InvalidRequest

MAX_DEPTH = 32  # of arrays and objects in each other; no activity needs a third of it

_NO_CHARSETS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
_SAY_SO = "Content-Type: application/json; charset=windows-1252"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def decode(body: bytes, charset: str | None = None) -> str:
    """The text of the bytes: in the UTF that they begin in, else in `charset`, else in UTF-8.

    The UTF is told by a byte order mark, or by zero bytes around the first character, which is
    one of ASCII in JSON. Raises InvalidRequest where they are no such text; nothing is guessed.
    """
    told = json.detect_encoding(body)
    charset = told if not charset or told != "utf-8" else charset
    try:
        name = codecs.lookup(charset).name
        if name in _NO_CHARSETS:
            raise LookupError
        return body.decode(name)
    except UnicodeDecodeError as error:
        where = f"byte {error.start} is 0x{error.object[error.start]:02X}"
        right = "Send UTF-8."
        if name == "utf-8":
            right = f"If it is Windows-1252, say so: {_SAY_SO}"
        raise InvalidRequest([f"The body is not {name.upper()}: {where}. {right}"]) from None
    except (LookupError, ValueError):  # ValueError: there is a zero byte in the name
        raise InvalidRequest(
            [f"charset={charset[:40]!r} is none that is known here. Send UTF-8, or windows-1252."]
        ) from None


def parse_json(text: str) -> Any:
    """The value of the JSON text.

    Raises InvalidRequest where it is no JSON, and for what JSON leaves open: a name that stands
    twice in an object, NaN and infinities, half a surrogate pair, more than MAX_DEPTH levels.
    """
    try:
        # `loads` makes a decoder each time; it tells of a byte order mark, as the other does not.
        value = _decoder.decode(text) if text[:1] != "\ufeff" else json.loads(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise InvalidRequest(
                ["The body is empty, which is no JSON. Send an activity."]
            ) from None
        raise InvalidRequest([f"It is no JSON: {error.msg} in {_place(error)}."]) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # the interpreter's own limit
        raise InvalidRequest(["A number has more than 4,300 digits. Write it as a text."]) from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value, MAX_DEPTH)
    if _SURROGATE.search(text):
        _check_surrogates(value)
    return value


def _place(error: json.JSONDecodeError) -> str:
    column = f"column {error.colno}"
    return column if "\n" not in error.doc else f"line {error.lineno}, {column}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise InvalidRequest([f"{json.dumps(twice[:60])} stands twice in one object. Leave one."])
    return members


def _refuse(constant: str) -> NoReturn:
    raise InvalidRequest([f"{constant} is no JSON. Leave the member out."])


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise InvalidRequest([f"{number[:20]} is too large for a number. Write it as a text."])
    return value


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)


def _check_depth(value: Any, left: int) -> None:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    if left == 0:
        raise _too_deep()
    for inner in value:
        _check_depth(inner, left - 1)


def _too_deep() -> InvalidRequest:
    return InvalidRequest([f"It is nested deeper than {MAX_DEPTH} levels. Nest it less."])


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        raise InvalidRequest([f"It holds half a surrogate pair: {half}. Write both."]) from None
