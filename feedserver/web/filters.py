"""`/filters`: every parameter of a feed, what it means and which values it has, for programs."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from flask import Response, json

from feedserver.assembly import Server
from feedserver.formats import FORMATS
from feedserver.model.filter import FIELDS
from feedserver.model.query import DEFAULT_LIMIT, MAX_LIMIT, MAX_PARAMETERS, MAX_QUERY, OF_PAGES
from feedserver.model.vocabulary import OBJECT_TYPES, VERBS
from feedserver.web.bodies import Bodies
from feedserver.web.directory import names_of, of_its_bytes, take_no_parameters
from feedserver.web.negotiation import format_of

MOST = 100
"""How many values of a field are told, those that most activities have."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter of a feed means, and of which kind its values are.

    `is_listed` says that its values are told; of the others there may be as many as activities.
    """

    kind: str
    meaning: str
    is_listed: bool = False
    matches_case: bool = True
    repeats: bool = False


PARAMETERS = {
    "queue": Parameter("name", "in this queue", is_listed=True),
    "product": Parameter("name", "on this product", is_listed=True),
    "tag": Parameter("name", "tagged with this", is_listed=True, matches_case=False),
    "actor": Parameter("name", "done by whom: a login name, or the actor's id", is_listed=True),
    "customer": Parameter("name", "for this customer: the name of a site", is_listed=True),
    "object": Parameter("id", "on this object: everything on one case"),
    "verb": Parameter(
        "word",
        "what was done: one of the words; for what was posted also a name of Activity Streams, "
        "another name, or an IRI",
        is_listed=True,
    ),
    "type": Parameter("word", "the type of the object, in the same way", is_listed=True),
    "source": Parameter(
        "name",
        "the source that it came from; for what was posted, the label of the grant",
        is_listed=True,
    ),
    "number": Parameter("name", "the number by which people call the object: a case's 1234"),
    "since": Parameter("date", "it truly happened then or later"),
    "until": Parameter("date", "it truly happened earlier; a day is included"),
    "q": Parameter(
        "text",
        "all these words occur in title or content; a phrase stands in double quotes, and a * "
        "after a word takes every word that begins so",
        matches_case=False,
    ),
    "filter": Parameter(
        "expression",
        "tests joined by and, or, not and parentheses; field:value is a test, field~part one that "
        "looks for a part of it, a value with spaces stands in double quotes: "
        "queue:Support and not (tag:noise or actor:bot)",
    ),
    "streams": Parameter(
        "expression",
        "a filter as Atlassian's activity streams write it: key IS Support; each must hold",
        repeats=True,
    ),
    "limit": Parameter(
        "number", f"how many entries, from 0 to {MAX_LIMIT}; {DEFAULT_LIMIT} if it is left out"
    ),
    "before": Parameter("cursor", "older entries, newest first: taken from a `next` link"),
    "after": Parameter(
        "cursor",
        "every version that came later, oldest first: taken from a `next` link; with no value "
        "from the beginning",
    ),
    "archive": Parameter("cursor", "an archive: taken from a `prev-archive` link"),
}
"""Every parameter of a feed."""

KINDS = {
    "name": "a text, as it is spelt",
    "id": "a URI, as it is spelt",
    "word": "a word of lower case letters and hyphens, a name, or an IRI",
    "text": "words",
    "expression": "a text of a grammar of its own",
    "date": "a day of UTC, 2026-11-19, or a time with its zone, 2026-11-19T14:05:00Z",
    "number": "a whole number",
    "cursor": "an opaque text; nobody makes one, it is taken from a link",
}
"""What the values of each kind look like."""

RULES = {
    "or": "Repeat a field: queue=Support&queue=Billing.",
    "and": "Give different ones: queue=Support&tag=vip.",
    "not": "Put a minus before the name of a field: -tag=noise.",
    "unknown": "A name that nothing has yet gives an empty feed; an unknown parameter is refused.",
}
_WORDS = {
    "verb": [{"word": verb.word, "as1": verb.as1, "as2": verb.as2} for verb in VERBS.values()],
    "type": [
        {"word": kind.word, "label": kind.label, "as1": kind.as1, "as2": kind.as2}
        for kind in OBJECT_TYPES.values()
    ],
}


class FilterViews:
    """`/filters`."""

    def __init__(self, server: Server, bodies: Bodies) -> None:
        self._server = server
        self._bodies = bodies

    def filters(self) -> Response:
        """Everything that a program needs which lets people choose a feed."""
        take_no_parameters("/filters")
        self._server.index.catch_up()
        home = self._server.reading.base_url
        formats = [format_of(extension) for extension in FORMATS]
        told = {
            "feed": home + "/all{.format}" + _template(PARAMETERS),
            "opml": home + "/feeds.opml" + _template(set(PARAMETERS) - set(OF_PAGES)),
            "directory": home + "/feeds.json",
            "formats": [
                {"format": each.extension, "title": each.title, "type": each.media_type}
                for each in formats
            ],
            "rules": RULES,
            "limits": {"parameters": MAX_PARAMETERS, "bytes": MAX_QUERY, "values": MOST},
            "kinds": KINDS,
            "parameters": [self._described(name) for name in PARAMETERS],
        }
        text = json.dumps(told, ensure_ascii=False) + "\n"
        return of_its_bytes(text.encode(), "application/json", self._bodies)

    def _described(self, name: str) -> dict[str, Any]:
        parameter = PARAMETERS[name]
        told: dict[str, Any] = {
            "name": name,
            "kind": parameter.kind,
            "meaning": parameter.meaning,
            "matchesCase": parameter.matches_case,
            "repeats": _repeats(name),
            "excluded": f"-{name}" if name in FIELDS else None,
        }
        if name in _WORDS:
            told["words"] = _WORDS[name]
        if parameter.is_listed:
            names = names_of(self._server, name)
            told["total"] = len(names)
            told["values"] = [
                {"value": each.value, "label": each.label, "count": each.count}
                for each in names[:MOST]
            ]
        return told


def _template(names: Container[str]) -> str:
    """The query of an address as a URI template (RFC 6570, level 4).

    No variable may begin with a minus: that of `-tag` is `%2Dtag`.
    """
    known = [name for name in PARAMETERS if name in names]
    variables = [f"{name}*" if _repeats(name) else name for name in known]
    variables += [f"%2D{name}*" for name in known if name in FIELDS]
    return f"{{?{','.join(variables)}}}"


def _repeats(name: str) -> bool:
    return PARAMETERS[name].repeats or name in FIELDS
