"""The filters of the mapping language: Jinja's own that are bounded, and a few more."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, Undefined, pass_environment
from jinja2.filters import FILTERS as OF_JINJA
from jinja2.filters import make_attrgetter

from feedserver.mapping.values import Unfit, date_of, kind_of, text_of
from feedserver.model.text import escaped, hash_words, shorten

MAX_TEXT = 1_000_000  # characters of a text that is made

Tables = Mapping[str, Mapping[str, Any]]
"""Value tables by their names: what each value of a record becomes."""

_KEPT = (
    "abs first last length list map max min reject rejectattr reverse select selectattr sort unique"
).split()
_TAG = re.compile(r"<[^<>]*>")
_NOT_GIVEN = object()


def _text(value: Any) -> str:
    """The value as a text; what is missing says so itself."""
    return str(value) if isinstance(value, Undefined) else text_of(value)


def _over_text(change: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: change(_text(value))


def _default(value: Any, other: Any = "", is_for_empty: bool = False) -> Any:
    is_missing = value is None or isinstance(value, Undefined)
    return other if is_missing or (is_for_empty and not value) else value


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())
    raise Unfit(f"it is {_told(value)}; only an object has items")


def _number(kind: Callable[[Any], Any]) -> Callable[..., Any]:
    """The filter that reads a number; what is none is an error where no default is given."""

    def number(value: Any, default: Any = _NOT_GIVEN) -> Any:
        try:
            return _finite(kind(value if isinstance(value, int | float) else _text(value)))
        except (ValueError, OverflowError):
            if default is not _NOT_GIVEN:
                return default
            raise Unfit(f"it is {_told(value)} and no number") from None

    return number


def _finite(number: Any) -> Any:
    if not math.isfinite(number):
        raise OverflowError("it gives no number that is finite")
    return number


@pass_environment
def _sum(
    environment: Environment, values: Any, attribute: str | int | None = None, start: Any = 0
) -> Any:
    """As Jinja's, of finite numbers; lists are joined without one more copy for each."""
    parts = values if attribute is None else map(make_attrgetter(environment, attribute), values)
    if not isinstance(start, list):
        return _finite(sum(parts, start))
    joined = list(start)
    for part in parts:
        if not isinstance(part, list):
            raise Unfit(f"{_told(part)} cannot be joined to a list")
        joined.extend(part)
    return joined


def _told(value: Any) -> str:
    """What the value is; what is missing says so itself."""
    if isinstance(value, Undefined):
        return str(value)
    return repr(shorten(value, 60)) if isinstance(value, str) else kind_of(value)


def _join(values: Any, between: str = "") -> str:
    if isinstance(values, Undefined):
        return str(values)
    if not isinstance(values, Iterable) or isinstance(values, str | Mapping):
        raise Unfit("what is joined is no list")
    texts = [_text(value) for value in values if value is not None]
    _check(sum(map(len, texts)) + len(texts) * len(between))
    return between.join(texts)


def _replace(value: Any, old: str, new: str) -> str:
    text = _text(value)
    _check(len(text) + (text.count(old) * len(new)))
    return text.replace(old, new)


def _check(length: int) -> None:
    if length > MAX_TEXT:
        raise Unfit(f"it would have more than {MAX_TEXT:,} characters")


def _truncate(value: Any, length: int = 255) -> str:
    return shorten(_text(value), max(length, 1))


def _date(value: Any, zone: str | None = None, format: str | None = None) -> Any:
    return date_of(_text(value) if isinstance(value, Undefined) else value, zone, format)


def table_of(tables: Tables) -> Callable[..., Any]:
    """The filter `table`: what the value becomes in the table of that name, or the default."""

    def looked_up(value: Any, name: str, default: Any = _NOT_GIVEN) -> Any:
        if name not in tables:
            raise Unfit(f"there is no table {name}")
        is_missing = value is None or isinstance(value, Undefined)
        if is_missing and default is not _NOT_GIVEN:
            return default
        key = _text(value)
        found = tables[name].get(key, default)
        if found is _NOT_GIVEN:
            known = shorten(", ".join(tables[name]), 200)
            raise Unfit(f"table {name} has nothing for {shorten(key, 60)!r}; it has {known}")
        return found

    return looked_up


FILTERS: Mapping[str, Callable[..., Any]] = {
    **{name: OF_JINJA[name] for name in _KEPT},
    "capitalize": _over_text(str.capitalize),
    "count": OF_JINJA["length"],
    "d": _default,
    "date": _date,
    "default": _default,
    "float": _number(float),
    "hash_words": _over_text(hash_words),
    "html": _over_text(escaped),
    "int": _number(int),
    "items": _items,
    "join": _join,
    "lower": _over_text(str.lower),
    "replace": _replace,
    "string": _text,
    "sum": _sum,
    "striptags": _over_text(lambda text: " ".join(_TAG.sub(" ", text).split())),
    "table": lambda value, name, default=None: value,  # of the mapping's own tables: `table_of`
    "title": _over_text(str.title),
    "trim": _over_text(str.strip),
    "truncate": _truncate,
    "upper": _over_text(str.upper),
    "urlencode": _over_text(lambda text: quote(text, safe="")),
}
"""Every filter by its name."""
