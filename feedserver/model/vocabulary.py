"""The words for verbs and object types, and what they become in Activity Streams 1.0 and 2.0."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of feedserver: the CRM's own word, and its nearest registered ones.

    `as1` is a verb of the Activity Base Schema, `as2` a type of the Activity Vocabulary.
    """

    word: str
    as1: str
    as2: str
    sign: str


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type of object: feedserver's word, what people call it, its nearest registered ones."""

    word: str
    label: str
    plural: str
    as1: str
    as2: str


_CREATED, _WORKED, _CLOSED, _NOTED, _MAILED, _SYSTEM = "●", "◐", "○", "✎", "✉", "⚙"

VERBS = {
    verb.word: verb
    for verb in (
        Verb("create", "create", "Create", _CREATED),
        Verb("dispatch", "assign", "Move", _WORKED),
        Verb("accept", "accept", "Accept", _WORKED),
        Verb("assign", "assign", "Add", _WORKED),
        Verb("forward", "assign", "Move", _WORKED),
        Verb("yank", "assign", "Move", _WORKED),
        Verb("reject", "reject", "Reject", _WORKED),
        Verb("move", "update", "Move", _WORKED),
        Verb("change-status", "update", "Update", _WORKED),
        Verb("log", "append", "Add", _NOTED),
        Verb("phone", "append", "Add", _NOTED),
        Verb("research", "append", "Add", _NOTED),
        Verb("commit", "schedule", "Add", _NOTED),
        Verb("email-in", "receive", "Create", _MAILED),
        Verb("email-out", "send", "Create", _MAILED),
        Verb("attach", "attach", "Add", _NOTED),
        Verb("detach", "remove", "Remove", _NOTED),
        Verb("link", "tie", "Add", _NOTED),
        Verb("unlink", "remove", "Remove", _NOTED),
        Verb("close", "close", "Update", _CLOSED),
        Verb("reopen", "open", "Update", _CREATED),
        Verb("update", "update", "Update", _SYSTEM),
    )
}
"""Every verb by its word, in the order in which people are shown them."""

OBJECT_TYPES = {
    kind.word: kind
    for kind in (
        ObjectType("case", "case", "cases", "issue", "Page"),
        ObjectType("subcase", "subcase", "subcases", "task", "Page"),
        ObjectType("solution", "solution", "solutions", "article", "Article"),
        ObjectType("change-request", "change request", "change requests", "issue", "Page"),
        ObjectType("part-request", "part request", "part requests", "task", "Page"),
        ObjectType("contract", "contract", "contracts", "offer", "Document"),
        ObjectType("opportunity", "opportunity", "opportunities", "offer", "Page"),
        ObjectType("task", "task", "tasks", "task", "Page"),
        ObjectType("job", "job", "jobs", "task", "Page"),
        ObjectType("site-part", "installed part", "installed parts", "product", "Page"),
        ObjectType("product", "product", "products", "product", "Page"),
        ObjectType("organization", "organization", "organizations", "organization", "Organization"),
        ObjectType("person", "person", "persons", "person", "Person"),
        ObjectType("queue", "queue", "queues", "group", "Group"),
        ObjectType("service", "system", "systems", "service", "Service"),
    )
}
"""Every object type by its word."""

_UNKNOWN_VERB = Verb("", "update", "Update", _SYSTEM)


def verb_of(word: str) -> Verb:
    """The verb of that word; one that nobody knows becomes an update in both vocabularies."""
    return VERBS.get(word, _UNKNOWN_VERB)


def type_of(word: str) -> ObjectType:
    """The object type of that word; one that nobody knows keeps its word and becomes a page."""
    known = OBJECT_TYPES.get(word)
    return known or ObjectType(word, word.replace("-", " "), word.replace("-", " "), word, "Page")
