"""The filters of Atlassian's activity streams: `streams=key+IS+SUPPORT`.

Read strictly: what Atlassian leaves out in silence, or answers with an error of its own, is
refused with what would be right.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from feedserver.model.expression import And, Expression, Not, Or, Since, Test
from feedserver.model.filter import fold
from feedserver.model.text import clean
from feedserver.model.vocabulary import OBJECT_TYPES, VERBS
from feedserver.model.wording import nearest

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPERATORS = ("IS", "NOT", "CONTAINS", "DOES_NOT_CONTAIN", "BEFORE", "AFTER", "BETWEEN")
_LISTED = ("IS", "NOT")
_TEXTS = ("IS", "NOT", "CONTAINS", "DOES_NOT_CONTAIN")
_DATES = ("BEFORE", "AFTER", "BETWEEN")
_ESCAPED = re.compile(r"\\_|_")


def parse_stream(text: str) -> Expression:
    """The expression that one value of `streams=` says: a key, an operator and values.

    Several values are alternatives. Raises ValueError with a sentence that says what is wrong and
    what would be right.
    """
    parts = text.split(" ")
    if len(parts) < 3 or not all(parts):
        raise ValueError(
            "is no filter. Write a key, an operator and values with one space (+) between: "
            "key IS SUPPORT. A space in a value is written _."
        )
    key, operator, *values = parts
    if key not in _KEYS:
        near = nearest(key, _KEYS, 1)
        suggestion = f" Did you mean `{near[0]}`?" if near else ""
        raise ValueError(f"names no key `{key}`.{suggestion} Known: {', '.join(_KEYS)}.")
    operators, read = _KEYS[key]
    if operator not in operators:
        known = "is no operator" if operator not in _OPERATORS else f"is none for `{key}`"
        raise ValueError(f"is wrong: `{operator}` {known}. Write {' or '.join(operators)}.")
    return read(operator, values)


def _named(*fields: str) -> "_Read":
    """A key whose values are those of one of the fields."""

    def read(operator: str, values: Sequence[str]) -> Expression:
        return _either(operator, [_any(fields, _name(value)) for value in values])

    return read


def _issue(operator: str, values: Sequence[str]) -> Expression:
    """What the activity is about, by its number, or by its id, in which there is a colon."""
    names = [_name(value) for value in values]
    if operator in ("IS", "NOT"):
        fields = [("object" if ":" in name else "number",) for name in names]
        return _either(operator, list(map(_any, fields, names)))
    return _either(operator, [Test("number", name.casefold(), is_part=True) for name in names])


def _activity(operator: str, values: Sequence[str]) -> Expression:
    """`issue:post`: an object and a verb, in our words or in those of Activity Streams 1.0."""
    either = []
    for value in values:
        kind, colon, verb = _name(value).partition(":")
        if not (kind and colon and verb):
            raise ValueError(
                f"is wrong: `{value}` is no activity. Write object:verb, as in case:close."
            )
        types = [each.word for each in OBJECT_TYPES.values() if each.as1 == kind]
        verbs = [each.word for each in VERBS.values() if each.as1 == verb]
        if verb == "post":
            verbs.append("create")
        either.append(And((_any(["type"], kind, *types), _any(["verb"], verb, *verbs))))
    return _either(operator, either)


def _any(fields: Sequence[str], *values: str) -> Expression:
    return Or(tuple(Test(field, fold(field, value)) for field in fields for value in values))


def _either(operator: str, parts: Sequence[Expression]) -> Expression:
    either = Or(tuple(parts))
    return Not(either) if operator in ("NOT", "DOES_NOT_CONTAIN") else either


def _dates(operator: str, values: Sequence[str]) -> Expression:
    """Milliseconds since 1970, those named included, as Atlassian has it."""
    times = [_time(value) for value in values]
    if operator == "AFTER":
        return Or(tuple(map(Since, times)))
    if operator == "BEFORE":
        return Or(tuple(Not(Since(time + _MILLISECOND)) for time in times))
    if len(times) % 2:
        raise ValueError(
            f"is wrong: BETWEEN takes pairs of times, and there are {len(times)}. Write "
            "update-date BETWEEN 1767225600000 1767311999999."
        )
    pairs = list(zip(times[::2], times[1::2], strict=True))
    for (begin, end), value in zip(pairs, values[::2], strict=True):
        if end < begin:
            raise ValueError(f"is wrong: nothing lies between {value} and an earlier time.")
    return Or(tuple(And((Since(begin), Not(Since(end + _MILLISECOND)))) for begin, end in pairs))


def _time(value: str) -> datetime:
    wrong = f"is wrong: `{value}` is no time. Write milliseconds since 1970, as in 1767225600000."
    if not (value.isascii() and value.isdigit()) or len(value) > 15:
        raise ValueError(wrong)
    try:
        time = _EPOCH + timedelta(milliseconds=int(value))
        time + _MILLISECOND  # raises where it cannot be told
    except OverflowError:
        raise ValueError(wrong) from None
    return time


def _name(value: str) -> str:
    """The value as it is: `_` is a space there, and `\\_` an underscore."""
    name = _ESCAPED.sub(lambda match: "_" if len(match[0]) == 2 else " ", value)
    if clean(name) != name:
        raise ValueError(f"is wrong: {name!a} holds characters that no name can have.")
    return name


_Read = Callable[[str, Sequence[str]], Expression]

_KEYS: Mapping[str, tuple[tuple[str, ...], _Read]] = {
    "key": (_LISTED, _named("queue", "product")),
    "user": (_LISTED, _named("actor")),
    "issue-key": (_TEXTS, _issue),
    "issue_type": (_LISTED, _named("type")),
    "activity": (_LISTED, _activity),
    "update-date": (_DATES, _dates),
}
"""Of each key its operators, and what its values become."""
