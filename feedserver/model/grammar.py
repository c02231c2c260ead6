"""The grammar of boolean filters: `queue:Support and not (tag:noise or actor:bot)`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from feedserver.model.expression import And, Expression, Not, Or, Since, Test
from feedserver.model.filter import FIELDS, fold
from feedserver.model.text import clean
from feedserver.model.wording import nearest

MAX_TESTS = 200
_DEEPEST = 50  # parentheses in each other

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<sign>[()])
    | (?P<name>[A-Za-z]+)(?P<operator>[:~])(?:"(?P<quoted>(?:[^"\\]|\\["\\])*)"(?=[\s()]|$)
                                          |(?P<bare>[^\s()"][^\s()"]*)(?!"))
    | (?P<word>(?i:and|or|not)(?=[\s()"]|$))
    | (?P<wrong>[^\s()]+)
    )""",
    re.VERBOSE,
)
_DATES = ("since", "until")

ParseDate = Callable[[str, str], datetime]
"""Gives the time of `since` or `until` (its name, its value); raises ValueError."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A sign, a word (`and`, `or`, `not`), a test, or nothing more; and where it stands, from 1."""

    kind: str
    place: int
    test: Expression | None = None


def parse_expression(text: str, parse_date: ParseDate) -> Expression:
    """The expression that the text says: `not` binds before `and`, and that before `or`.

    Raises ValueError with a sentence that says what is wrong, where, and what would be right.
    """
    return _Parser(_tokens(text, parse_date)).whole()


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._either()
        if self._kind == ")":
            raise self._wrong("closes a parenthesis that none opens")
        if self._kind != "end":
            raise self._wrong("follows without `and` or `or` between")
        return expression

    @property
    def _kind(self) -> str:
        return self._tokens[self._next].kind

    def _take(self, kind: str) -> bool:
        is_next = self._kind == kind
        self._next += is_next
        return is_next

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(f"is more than {_DEEPEST} deep; write it plainer")
        try:
            if self._take("not"):
                return Not(self._one())
            if self._take("("):
                inside = self._either()
                if not self._take(")"):
                    raise self._wrong("stands where a closing parenthesis is missing")
                return inside
            token = self._tokens[self._next]
            if token.test is None:
                raise self._wrong("stands where a test is missing. Write one, as in queue:Support")
            self._next += 1
            return token.test
        finally:
            self._depth -= 1

    def _wrong(self, what: str) -> ValueError:
        token = self._tokens[self._next]
        if token.kind == "end":
            return ValueError(f"is not complete: the end {what}.")
        told = "a test" if token.test is not None else f"`{token.kind}`"
        return ValueError(f"is wrong at character {token.place}: {told} {what}.")


def _tokens(text: str, parse_date: ParseDate) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        assert match is not None  # `wrong` takes what nothing else does
        place = match.end() - len(match[0].lstrip()) + 1
        if match["sign"] or match["word"]:
            tokens.append(_Token((match["sign"] or match["word"]).lower(), place))
        elif match["name"]:
            tokens.append(_Token("test", place, _test(match, place, parse_date)))
        else:
            raise ValueError(_misread(match["wrong"], place))
        at = match.end()
    if sum(token.test is not None for token in tokens) > MAX_TESTS:
        raise ValueError(f"makes more than {MAX_TESTS} tests, which is the limit of a filter.")
    return [*tokens, _Token("end", len(text) + 1)]


def _test(match: re.Match[str], place: int, parse_date: ParseDate) -> Expression:
    name, is_part = match["name"], match["operator"] == "~"
    value = match["bare"]
    if value is None:
        value = re.sub(r"\\(.)", r"\1", match["quoted"])
    if name in _DATES:
        if is_part:
            raise ValueError(f"is wrong at character {place}: write {name}:{value}.")
        date = parse_date(name, value)
        return Since(date) if name == "since" else Not(Since(date))
    if name not in FIELDS:
        raise ValueError(f"is wrong at character {place}: {_no_field(name)}")
    if not value:
        raise ValueError(f"is wrong at character {place}: `{name}` has no value.")
    if clean(value) != value:
        raise ValueError(
            f"is wrong at character {place}: `{name}` holds characters that no name can have."
        )
    if is_part and name == "object":
        raise ValueError(
            f"is wrong at character {place}: an object is named by its id, which is no name to "
            "search in. Write number~, or object: and the id."
        )
    folded = fold(name, value)
    return Test(name, folded.casefold(), True) if is_part else Test(name, folded)


def _no_field(name: str) -> str:
    near = nearest(name, (*FIELDS, *_DATES), 1)
    suggestion = f" Did you mean `{near[0]}`?" if near else ""
    return f"`{name}` is no field.{suggestion} Known: {', '.join((*FIELDS, *_DATES))}."


def _misread(wrong: str, place: int) -> str:
    began = f"is wrong at character {place}: "
    name, operator, value = re.match(r'([^:~="]*)([:~=]?)(.*)', wrong).groups()  # type: ignore[union-attr]
    if operator in (":", "~") and name.isalpha() and name.isascii():
        if not value:
            return began + f'`{name}` has no value. Write {name}:Name, or {name}:"Two words".'
        return began + (
            f'`{name}` has a quote that is misplaced or not closed. Write {name}:"Two words", '
            'and inside \\" for a quote and \\\\ for a backslash.'
        )
    if operator == "=":
        return began + f"write {name}:{value or 'Name'}, with a colon."
    if wrong.startswith("-"):
        return began + f"write `not {wrong[1:]}`."
    if wrong in ("&", "&&", "|", "||", "!"):
        return began + f"`{wrong}` is no word of it. Write `and`, `or`, `not`."
    return began + f"`{wrong[:60]}` is no test. Write a field and a value, as in queue:Support."
