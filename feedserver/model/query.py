"""What a request for a feed asks for: a filter, and which run of it."""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar
from urllib.parse import parse_qsl

from feedserver.errors import InvalidRequest
from feedserver.model.addresses import query_string
from feedserver.model.expression import And, Expression, size
from feedserver.model.filter import EVERYTHING, FIELDS, Contradiction, Filter, make_filter
from feedserver.model.grammar import MAX_TESTS, parse_expression
from feedserver.model.normal import TooIntricate
from feedserver.model.search import Word, parse_words
from feedserver.model.streams import parse_stream
from feedserver.model.text import clean, shorten

DEFAULT_LIMIT = 100
MAX_LIMIT = 500
MAX_PARAMETERS = 200
MAX_QUERY = 8000  # bytes; it is repeated in links and headers, where clients have their limits
MAX_CANONICAL = 7800  # of them in a link; what is added to that is less than the rest
_TOLD = 60  # characters of a wrong value that its fault repeats
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:$|[Tt ][0-9]{2}:)")

_ARCHIVE = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9a-f]{12})?")

_TOO_INTRICATE = (
    "`filter` is too intricate. Write fewer alternatives in each other, or ask for several feeds."
)
_TOO_LONG = (
    "The filter, written as the links of its feed have to, has {:,} characters, which is too long "
    f"for an address: {MAX_CANONICAL:,} is the limit. Ask for less in one feed."
)
_CALLED_ELSEWHERE = {
    "maxresults": "limit",
    "max-results": "limit",
    "per_page": "limit",
    "search": "q",
    "query": "q",
    "user": "actor",
    "key": "queue",
}
"""What others call some of the parameters, and feedserver does."""
_TOO_MANY = f"There are {{}} parameters; {MAX_PARAMETERS} is the limit of a filter."

T = TypeVar("T")

OF_PAGES = ("limit", "before", "after", "archive")
"""Parameters that say which run of a feed is asked for, and nothing of the feed."""

PARAMETERS = (*FIELDS, "since", "until", "q", "filter", "streams", *OF_PAGES)


@dataclass(frozen=True, slots=True)
class Query:
    """A filter and a run of its feed: the newest, those `before` or `after` a cursor, an archive.

    `before` and `after` are cursors as text; `after=""` means from the beginning. `archive` is the
    address of an archive document (RFC 5005), as a link of the feed gives it.
    """

    filter: Filter = EVERYTHING
    limit: int = DEFAULT_LIMIT
    before: str | None = None
    after: str | None = None
    archive: str | None = None


def parse_query(
    pairs: Iterable[tuple[str, str]], path_clause: tuple[str, str] | None = None
) -> Query:
    """The query that those parameters ask for; `path_clause` is what the path says already.

    Strict, so that a filter is never silently wrong. Raises InvalidRequest with everything that
    is wrong: unknown parameters (with the nearest known one), values of the wrong form, what is
    said twice. Ignored is only what is known to be added on the way: `utm_*`, `_` and `null`.
    """
    faults: list[str] = []
    values = [] if path_clause is None else [(path_clause[0], False, path_clause[1])]
    single: dict[str, str] = {}
    expressions: list[Expression] = []
    for name, value in pairs:
        if is_ignored(name):
            continue
        field = name.removeprefix("-")
        if field in FIELDS:
            if not value:
                faults.append(f"`{name}=` has no value. Give one, or leave `{name}` out.")
            elif clean(value) != value:
                faults.append(f"`{name}` holds characters that no name can have: {value!a}.")
            elif path_clause is not None and name == path_clause[0]:
                faults.append(
                    f"`{name}` stands in the path already. For either of two write "
                    f"/all?{name}=…&{name}=…"
                )
            else:
                values.append((field, name != field, value))
        elif name == "streams":
            stream = _parsed({name: value}, name, parse_stream, faults)
            expressions += [] if stream is None else [stream]
        elif name not in PARAMETERS:
            faults.append(_unknown_parameter(name, value))
        elif name in single and single[name] != value:
            faults.append(f"`{name}` is given twice. Give it once.")
        else:
            single[name] = value
    since = _parsed(single, "since", _parse_since, faults)
    until = _parsed(single, "until", _parse_until, faults)
    limit = _parsed(single, "limit", _parse_limit, faults)
    words = _parsed(single, "q", parse_words, faults) or ()
    if "filter" in single:
        try:
            expressions.append(parse_expression_text(single["filter"]))
        except ValueError as error:
            faults.append(f"`filter` {error}")
    if since is not None and until is not None and until <= since:
        faults.append("`until` is not later than `since`. Nothing can lie between them.")
    if "before" in single and "after" in single:
        faults.append("`before` and `after` go in opposite directions. Give one of them.")
    if "archive" in single:
        if not _ARCHIVE.fullmatch(single["archive"]):
            faults.append(f"`archive={single['archive']}` is none; take it from a link, as it is.")
        faults += [
            f"`{name}` has no meaning in an archive, which is always the same. Leave it out."
            for name in ("limit", "before", "after")
            if name in single
        ]
    if single.get("before") == "":
        faults.append("`before=` has no value. For the newest entries leave `before` out.")
    if faults:
        raise InvalidRequest(faults)
    expression = And(tuple(expressions)) if expressions else None
    return Query(
        _filter(tuple(values), since, until, words, expression),
        DEFAULT_LIMIT if limit is None else limit,
        single.get("before"),
        single.get("after"),
        single.get("archive"),
    )


@lru_cache(maxsize=256)
def _filter(
    values: tuple[tuple[str, bool, str], ...],
    since: datetime | None,
    until: datetime | None,
    words: tuple[Word, ...],
    expression: Expression | None,
) -> Filter:
    """The canonical filter; who polls asks for the same one again. Raises InvalidRequest."""
    try:
        filter = make_filter(values, since, until, words, expression)
    except Contradiction:
        raise InvalidRequest(
            ["Nothing can pass this filter: what it asks for it also excludes."]
        ) from None
    except TooIntricate:
        raise InvalidRequest([_TOO_INTRICATE]) from None
    # Whoever follows a link of the feed asks for this form of it.
    length = len(query_string(filter.pairs))
    if length > MAX_CANONICAL:
        raise InvalidRequest([_TOO_LONG.format(length)])
    if len(filter.pairs) > MAX_PARAMETERS:
        raise InvalidRequest([_TOO_MANY.format(len(filter.pairs))])
    if filter.expression is not None and size(filter.expression) > MAX_TESTS:
        raise InvalidRequest([_TOO_INTRICATE])
    return filter


def is_ignored(name: str) -> bool:
    """Whether that parameter is known to be added on the way, and asks for nothing."""
    return name.startswith("utm_") or name in ("_", "null")


def parse_parameters(text: str) -> list[tuple[str, str]]:
    """The parameters that a query holds, percent-decoded, in their order.

    Raises InvalidRequest where they are not UTF-8, or there are too many of them.
    """
    try:
        text.encode()
        pairs = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict")
    except ValueError:
        raise InvalidRequest(["The query is not UTF-8. Percent-encode it as UTF-8."]) from None
    count = sum(name not in OF_PAGES for name, _ in pairs)
    if count > MAX_PARAMETERS:
        raise InvalidRequest([_TOO_MANY.format(count)])
    return pairs


def _unknown_parameter(name: str, value: str) -> str:
    near = difflib.get_close_matches(name.lower(), [*PARAMETERS, *(f"-{f}" for f in FIELDS)], n=1)
    suggestion = f" Did you mean `{near[0]}`?" if near else ""
    if name.lower() in _CALLED_ELSEWHERE:
        suggestion = f" Here it is `{_CALLED_ELSEWHERE[name.lower()]}`."
    elif _is_stream(value):
        suggestion = " A filter of one provider is `streams=` here, too."
    return f"`{name}` is no parameter.{suggestion} Known: {', '.join(PARAMETERS)}."


def _is_stream(text: str) -> bool:
    try:
        parse_stream(text)
    except ValueError:
        return False
    return True


def _parsed(
    single: dict[str, str], name: str, parse: Callable[[str], T], faults: list[str]
) -> T | None:
    if name not in single:
        return None
    try:
        return parse(single[name])
    except ValueError as error:
        faults.append(f"`{name}={shorten(single[name], _TOLD)}` {error}")
        return None


def _parse_limit(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 4 or int(text) > MAX_LIMIT:
        raise ValueError(f"is out of range. Write a whole number from 0 to {MAX_LIMIT}.")
    return int(text)


def parse_expression_text(text: str) -> Expression:
    """The expression that `filter=` holds; its times are those of `since` and `until`.

    Raises ValueError as `parse_expression` does.
    """
    return parse_expression(text, _parse_time)


def _parse_time(name: str, text: str) -> datetime:
    """The time of `since` or `until` in a boolean filter."""
    try:
        return _parse_since(text) if name == "since" else _parse_until(text)
    except ValueError as error:
        raise ValueError(f"is wrong: `{name}:{text}` {error}") from None


def _parse_since(text: str) -> datetime:
    return _parse_date(text, timedelta(0))


def _parse_until(text: str) -> datetime:
    return _parse_date(text, timedelta(days=1))


def _parse_date(text: str, whole_day: timedelta) -> datetime:
    wrong = "is no date. Write a day, 2026-11-19, or a time with its zone, 2026-11-19T14:05:00Z."
    if not _DATE.match(text):
        raise ValueError(wrong)
    try:
        if len(text) == len("2026-11-19"):
            midnight = datetime.combine(date.fromisoformat(text), time(), UTC)
            return midnight + whole_day
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond all dates that can be told.") from None
    except ValueError as error:
        if "zone" in str(error):
            raise ValueError("has no zone. Add Z, or an offset (%2B01:00 in an address).") from None
        if " " in text:
            raise ValueError(
                "is no date. In an address write %2B for the + of an offset."
            ) from None
    raise ValueError(wrong)
