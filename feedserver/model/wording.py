"""Words for people: a filter as a sentence, and the nearest names to one that nothing has."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from feedserver.model.dates import rfc3339
from feedserver.model.expression import And, Expression, Not, Or, Since, Test
from feedserver.model.filter import Clause, Filter
from feedserver.model.search import Word
from feedserver.model.vocabulary import kebab, short_name, type_of

_INCLUDED = {
    "queue": "in queue {}",
    "product": "on product {}",
    "tag": "tagged {}",
    "actor": "by {}",
    "customer": "for customer {}",
    "object": "on {}",
    "verb": "with verb {}",
    "source": "from {}",
    "number": "with number {}",
}
_PAST = {
    "change-status": "changed the status of",
    "log": "logged a note on",
    "phone": "logged a call on",
    "research": "logged research on",
    "commit": "made a commitment on",
    "email-in": "received an e-mail on",
    "email-out": "sent an e-mail on",
    "activity": "acted on",
    "agree": "agreed with",
    "at": "was at",
    "begin": "began",
    "build": "built",
    "cancel": "cancelled",
    "checkin": "checked in at",
    "disagree": "disagreed with",
    "find": "found",
    "flag-as-inappropriate": "flagged as inappropriate",
    "forget": "forgot",
    "get": "got",
    "give": "gave",
    "hold": "held",
    "interact": "interacted with",
    "intransitive-activity": "acted",
    "leave": "left",
    "listen": "listened to",
    "lose": "lost",
    "make": "made",
    "make-friend": "made friends with",
    "pay": "paid",
    "put": "put",
    "qualify": "qualified for",
    "question": "asked",
    "read": "read",
    "remove-friend": "ended the friendship with",
    "request-friend": "asked for the friendship of",
    "reset": "reset",
    "rsvp-maybe": "may come to",
    "rsvp-no": "will not come to",
    "rsvp-yes": "will come to",
    "sell": "sold",
    "send": "sent",
    "set": "set",
    "split": "split",
    "stop-following": "stopped following",
    "submit": "submitted",
    "take": "took",
    "tentative-accept": "tentatively accepted",
    "tentative-reject": "tentatively rejected",
    "travel": "travelled",
    "undo": "undid",
    "win": "won",
    "write": "wrote",
}
_PREFIXES = {"co", "de", "e", "pre", "re", "un"}  # of verbs that are written with a hyphen
_ENGLISH = re.compile(r"[a-z]+(?<!ed)")  # less what is in the past already
_SHORT = re.compile(r"[^aeiou]*[aeiou][^aeiouwxy]")  # verbs whose last letter is doubled
_NOUNS = {"object": "object", "actor": "actor", "type": "type", "verb": "verb", "source": "source"}

Namer = Callable[[str, str], str]
"""What people call the value of a field: (field, value) to a name."""


def as_it_is(field: str, value: str) -> str:
    """The value itself."""
    return value


def describe(filter: Filter, name: Namer = as_it_is) -> str:
    """The filter as a phrase, the title of its feed: `Cases in queue Support, not tagged noise`."""
    included = {clause.field: clause for clause in filter.clauses if not clause.excluded}
    phrase = ["Everything"]
    if "type" in included:
        plurals = [type_of(value).plural for value in included.pop("type").values]
        subject = _either(plurals)
        phrase = [subject[:1].upper() + subject[1:]]
    elif included or filter.words or filter.expression:
        phrase = ["Activities"]
    phrase += [_clause(clause, name) for clause in included.values()]
    phrase += [_date_of("since", filter.since)] if filter.since is not None else []
    phrase += [_date_of("before", filter.until)] if filter.until is not None else []
    phrase += [_words(filter.words)] if filter.words else []
    without = [f"not {_clause(clause, name)}" for clause in filter.clauses if clause.excluded]
    further = [] if filter.expression is None else [_told(filter.expression, name)]
    return ", ".join([" ".join(phrase), *without, *further])


def parts(filter: Filter, name: Namer = as_it_is) -> Iterator[tuple[str, Filter]]:
    """What the filter asks for, part by part, each in short and with the filter without it."""
    for clause in filter.clauses:
        for value in clause.values:
            left = replace(clause, values=tuple(each for each in clause.values if each != value))
            others = [left if each == clause else each for each in filter.clauses]
            clauses = tuple(each for each in others if each.values)
            told = "not " * clause.excluded + name(clause.field, value)
            yield told, replace(filter, clauses=clauses)
    if filter.since is not None:
        yield _date_of("since", filter.since), replace(filter, since=None)
    if filter.until is not None:
        yield _date_of("before", filter.until), replace(filter, until=None)
    for word in filter.words:
        left_words = tuple(each for each in filter.words if each != word)
        yield _words([word]), replace(filter, words=left_words)
    if filter.expression is not None:
        yield _told(filter.expression, name), replace(filter, expression=None)


def _words(words: Sequence[Word]) -> str:
    told = [_word(word) for word in words]
    return "with " + (told[0] if len(told) == 1 else ", ".join(told[:-1]) + " and " + told[-1])


def _word(word: Word) -> str:
    return f"“{' '.join(word.words)}{'…' * word.is_beginning}”"


def _told(expression: Expression, name: Namer) -> str:
    """An expression as a phrase: `(in queue A and tagged vip) or not by Ann`."""
    if isinstance(expression, Test):
        if expression.is_part:
            return f"{_NOUNS.get(expression.field, expression.field)} with “{expression.value}”"
        return _clause(Clause(expression.field, (expression.value,)), name)
    if isinstance(expression, Since):
        return f"since {_date(expression.date)}"
    if isinstance(expression, Not):
        if isinstance(expression.part, Since):
            return f"before {_date(expression.part.date)}"
        return f"not {_told(expression.part, name)}"
    word, others = (" and ", Or) if isinstance(expression, And) else (" or ", And)
    return word.join(
        f"({_told(part, name)})" if isinstance(part, others) else _told(part, name)
        for part in expression.parts
    )


def past(verb: str) -> str:
    """The verb in the past tense, for sentences: `closed`, `changed the status of`, `sent`."""
    name = short_name(verb)
    word = name.lower() if name.isupper() else kebab(name)
    if word in _PAST:
        return _PAST[word]
    first, _, rest = word.partition("-")
    if first in _PREFIXES:
        return f"{first}-{past(rest)}"
    return " ".join([_past(first), *rest.split("-")]).rstrip()


def _past(word: str) -> str:
    if " " not in _PAST.get(word, " "):
        return _PAST[word]
    if not _ENGLISH.fullmatch(word):
        return word
    if word.endswith("e"):
        return word + "d"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ied"
    return word + (word[-1] + "ed" if _SHORT.fullmatch(word) else "ed")


def _clause(clause: Clause, name: Namer) -> str:
    pattern = _INCLUDED.get(clause.field, clause.field + " {}")
    if clause.field == "type":
        pattern = "about {}"
        return pattern.format(_either([type_of(value).plural for value in clause.values]))
    return pattern.format(_either([name(clause.field, value) for value in clause.values]))


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def _date_of(word: str, date: datetime) -> str:
    return f"{word} {_date(date)}"


def _date(date: datetime) -> str:
    return rfc3339(date).removesuffix("T00:00:00Z").replace("T", " ").replace("Z", " UTC")


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names most like `name`, best first; case does not count."""
    folded: dict[str, str] = {}
    for candidate in sorted(known):
        folded.setdefault(candidate.casefold(), candidate)
    close = difflib.get_close_matches(name.casefold(), folded, n=count, cutoff=0.6)
    return [folded[match] for match in close]


def never_seen(field: str, value: str, near: Sequence[str]) -> str:
    """The sentence for a name that nothing has yet, with the nearest names there are."""
    sentence = f"The {_NOUNS.get(field, field)} {value} has never been seen."
    return sentence + (f" Did you mean {_either(near)}?" if near else "")


def never_contained(field: str, text: str) -> str:
    """The sentence for a part of a name that nothing has yet."""
    return f"No {_NOUNS.get(field, field)} with “{text}” in its name has been seen."


def absent_words(words: Sequence[Word], counts: Sequence[int]) -> str:
    """The sentence for words that no entry of a feed has together.

    `counts` are those of all entries that have the first of them, the second and so on.
    """
    if not words:
        return ""
    told = [f"{count:,} have {_word(word)}" for word, count in zip(words, counts, strict=False)]
    everywhere = f"Of all entries {', '.join(told)}."
    if len(words) == 1:
        return f"No entry has {_word(words[0])}{f' here. {everywhere}' if any(counts) else '.'}"
    return f"No entry here has all of {', '.join(map(_word, words))}. {everywhere}"
