"""Boolean expressions: tests of an activity, joined by and, or and not."""

import re
from dataclasses import dataclass
from datetime import datetime

from feedserver.model.dates import rfc3339

_BARE = re.compile(r'[^\s()"]+')


@dataclass(frozen=True, slots=True)
class Test:
    """That an activity has the value in that field, or one that contains it; case does not count
    in what is contained. `value` is folded.
    """

    __test__ = False  # pytest takes what is called so for its own

    field: str
    value: str
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Since:
    """That it happened at that time or later."""

    date: datetime


@dataclass(frozen=True, slots=True)
class Not:
    """That the part does not hold."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """That every part holds; without parts, anything."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """That one part holds at least; without parts, nothing."""

    parts: tuple["Expression", ...]


Expression = Test | Since | Not | And | Or


def write(expression: Expression) -> str:
    """The expression as `model.grammar` reads it, with no more parentheses than it needs."""
    if isinstance(expression, Test):
        operator = "~" if expression.is_part else ":"
        return f"{expression.field}{operator}{_value(expression.value)}"
    if isinstance(expression, Since):
        return f"since:{rfc3339(expression.date)}"
    if isinstance(expression, Not):
        if isinstance(expression.part, Since):
            return f"until:{rfc3339(expression.part.date)}"
        return f"not {_inner(expression.part, (And, Or))}"
    if isinstance(expression, And):
        return " and ".join(_inner(part, (Or,)) for part in expression.parts)
    return " or ".join(_inner(part, (And,)) for part in expression.parts)


def _inner(part: Expression, bound: tuple[type, ...]) -> str:
    """A part as it stands in another expression; `a and b or c` needs none, and is misread."""
    return f"({write(part)})" if isinstance(part, bound) else write(part)


def _value(value: str) -> str:
    if _BARE.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def tests(expression: Expression) -> list[Test]:
    """Every test of a field that stands in the expression, in order."""
    if isinstance(expression, Test):
        return [expression]
    if isinstance(expression, Since):
        return []
    parts = (expression.part,) if isinstance(expression, Not) else expression.parts
    return [test for part in parts for test in tests(part)]


def size(expression: Expression) -> int:
    """How many tests it makes, of fields and of times."""
    if isinstance(expression, Test | Since):
        return 1
    parts = (expression.part,) if isinstance(expression, Not) else expression.parts
    return sum(map(size, parts))
