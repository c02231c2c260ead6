"""JSON-LD contexts (section 3.1), as far as they stand in the document: none is ever fetched."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from feedserver.errors import Fault, InvalidActivity
from feedserver.model.extension import AS2_CONTEXT, PREFIX, TERMS
from feedserver.model.text import clean
from feedserver.parsers.members import pointer_of
from feedserver.parsers.remembering import Remembered

_AS2 = {AS2_CONTEXT, "http" + AS2_CONTEXT.removeprefix("https")}  # or with a # at the end
_OF_AS2 = {
    "as": AS2_CONTEXT + "#",
    "ldp": "http://www.w3.org/ns/ldp#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

MAX_CONTEXT = 16_384  # characters; it is looked through for each name, and kept with each item
_TYPES = ("type", "@type")

_ENDS_OF_PREFIXES = tuple(":/?#[]@")  # JSON-LD 1.1, section 4.1: a term like another is none


@dataclass(frozen=True, slots=True)
class Context:
    """What names mean in a document: `own` is our namespace, `terms` what is defined.

    `others` are the contexts that are neither that of Activity Streams nor ours, to be given back
    with what they explain.
    """

    own: str
    terms: dict[str, str]
    others: tuple[Any, ...] = ()
    _plain: Remembered[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_plain", Remembered(self._made_plain))

    @staticmethod
    def around(own: str) -> "Context":
        """The context of a document that has none: that of Activity Streams, and ours.

        So what was taken out of a document of ours is understood without the rest of it.
        """
        return Context(own, {**_OF_AS2, PREFIX: own})

    def extended(self, value: Any) -> "Context":
        """This context and then those that stand in a `@context` member.

        Raises InvalidActivity where they are longer than MAX_CONTEXT.
        """
        if value is None:
            return self
        length = len(json.dumps([value, self.others]))
        if length > MAX_CONTEXT:
            raise InvalidActivity(
                [
                    Fault(
                        "/@context",
                        f"has {length:,} characters with those around it; {MAX_CONTEXT:,} is the "
                        "limit. Name what is used.",
                    )
                ]
            )
        made = self
        for context in value if isinstance(value, list) else [value]:
            if isinstance(context, str) and context.removesuffix("#") not in _AS2:
                made = Context(made.own, made.terms, (*made.others, clean(context)))
            elif isinstance(context, dict):
                made = made._defined(context)
        return made

    def _defined(self, context: dict[str, Any]) -> "Context":
        terms, other = dict(self.terms), {}
        prefixes = {**terms, **_inline(context)}
        for term, definition in context.items():
            iri = definition.get("@id") if isinstance(definition, dict) else definition
            if isinstance(iri, str) and not term.startswith("@"):
                terms[term] = _expanded(iri, prefixes)
            # What bears the name of a term of ours is told by its IRI where it means another.
            if term not in TERMS and term != PREFIX and _OF_AS2.get(term, "") != definition:
                other[clean(term)] = definition
        made = Context(self.own, terms, self.others)
        if not other:
            return made
        kept = {term: made._definition(definition) for term, definition in other.items()}
        return Context(self.own, terms, (*self.others, kept))

    def _definition(self, definition: Any) -> Any:
        """The definition of a term, written so that it needs no name that means another here."""
        if isinstance(definition, dict):
            return {name: self._definition(inner) for name, inner in definition.items()}
        return self._stable(definition) if isinstance(definition, str) else definition

    def cleared(self, value: Any, name: str = "") -> Any:
        """The value of a member with the names in it by which our documents can call the same.

        Terms of ours get their plain names; what bears such a name and means another is told by
        its IRI. Raises InvalidActivity where two members of one object bear the same name then.
        """
        if isinstance(value, list):
            return [self.cleared(inner, name) for inner in value]
        if isinstance(value, dict):
            said = {inner: member for inner, member in value.items() if member is not None}
            made = {}
            for inner, member in said.items():
                # Most members are texts, which stay themselves but where they are types.
                if (isinstance(member, str) and inner not in _TYPES) or inner == "@context":
                    made[self._plain[inner]] = member
                else:
                    made[self._plain[inner]] = self.cleared(member, inner)
            if len(made) != len(said):
                raise InvalidActivity([_twice(map(self._plain.__getitem__, said))])
            return made
        is_type = name in _TYPES and isinstance(value, str)
        return self._stable(value) if is_type else value

    def placed(self, value: Any, pointer: str) -> str:
        """The pointer into the value for one into the same value `cleared`."""
        path = []
        for step in pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict):
                said = (each for each in value if value[each] is not None)
                name = next((each for each in said if self._plain[each] == name), name)
                value = value.get(name)
            elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
                value = value[int(name)]
            path.append(name)
        return pointer_of(path)

    def _made_plain(self, name: str) -> str:
        iri = self.iri(name)
        if iri.startswith(self.own) and iri.removeprefix(self.own) in TERMS:
            return iri.removeprefix(self.own)
        if iri.startswith(_OF_AS2["as"]) and len(iri) > len(_OF_AS2["as"]):
            return iri.removeprefix(_OF_AS2["as"])  # another name must not carry it past the checks
        return self._stable(name)

    def _stable(self, name: str) -> str:
        """The name, or its IRI where in our documents the name would mean another."""
        prefix = name.partition(":")[0]
        if prefix != PREFIX and prefix not in TERMS:
            return name
        ours = self.own if prefix == PREFIX else self.own + prefix
        return name if self.terms.get(prefix, ours) == ours else self.iri(name)

    def iri(self, name: str) -> str:
        """The IRI of a term or compact IRI that the document defines; else the name."""
        return self.terms.get(name) or _expanded(name, self.terms)


def _twice(names: Iterable[str]) -> Fault:
    ((twice, _),) = Counter(names).most_common(1)
    told = f"holds `{twice[:60]}` twice in one object, under two names of it. Give it once."
    return Fault("", told)


def _inline(context: dict[str, Any]) -> dict[str, str]:
    return {term: iri for term, iri in context.items() if isinstance(iri, str)}


def _expanded(name: str, terms: dict[str, str]) -> str:
    prefix, colon, rest = name.partition(":")
    if colon and not rest.startswith("//") and terms.get(prefix, "").endswith(_ENDS_OF_PREFIXES):
        return terms[prefix] + rest
    return name
