"""The words for verbs and object types, and what they become in Activity Streams 1.0 and 2.0.

A word is feedserver's own or, for what was posted by others, a registered name as a word
(`tentative-accept` for `TentativeAccept`), another name as it came, or an IRI.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from feedserver.model.extension import PREFIX, PREFIXES

AS1_BASE = "http://activitystrea.ms/schema/1.0/"
"""The base of the IRIs of the Activity Base Schema: `post` is the same as this and `post`."""

AS2_BASE = "https://www.w3.org/ns/activitystreams#"
"""The namespace of the Activity Vocabulary."""


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


_OTHER = "•"
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
        Verb("commit", "schedule", "Create", _NOTED),
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
        ObjectType("object", "object", "objects", "object", "Object"),
    )
}
"""Every object type by its word."""

AS1_VERBS = frozenset(
    """
    accept access acknowledge add agree append approve archive assign at attach attend author
    authorize borrow build cancel close complete confirm consume checkin create delete deliver deny
    disagree dislike experience favorite find flag-as-inappropriate follow give host ignore insert
    install interact invite join leave like listen lose make-friend open play post present purchase
    qualify read receive reject remove remove-friend replace request request-friend resolve return
    retract rsvp-maybe rsvp-no rsvp-yes satisfy save schedule search sell send share sponsor start
    stop-following submit tag terminate tie unfavorite unlike unsatisfy unsave unshare update use
    watch win
    """.split()
)
"""The verbs of the Activity Base Schema."""

AS1_TYPES = frozenset(
    """
    activity alert application article audio badge binary bookmark collection comment device event
    file game group image issue job link note offer organization page permission person place
    process product question review role service task video
    """.split()
)
"""The object types of the Activity Base Schema."""

AS2_ACTIVITIES = frozenset(
    """
    Accept Activity Add Announce Arrive Block Create Delete Dislike Flag Follow Ignore
    IntransitiveActivity Invite Join Leave Like Listen Move Offer Question Read Reject Remove
    TentativeAccept TentativeReject Travel Undo Update View
    """.split()
)
"""The activity types of the Activity Vocabulary."""

AS2_OBJECTS = frozenset(
    """
    Application Article Audio Collection CollectionPage Document Event Group Image Link
    Mention Note Object OrderedCollection OrderedCollectionPage Organization Page Person Place
    Profile Relationship Service Tombstone Video
    """.split()
)
"""The other types of the Activity Vocabulary."""

AS2_TYPES = AS2_ACTIVITIES | AS2_OBJECTS

UNSPECIFIED = "object"
"""The type of an object of which nothing is said."""

_AS2_OF_AS1 = {
    "post": "Create",
    "append": "Add",
    "submit": "Create",
    "share": "Announce",
    "favorite": "Like",
    "unlike": "Undo",
    "unfavorite": "Undo",
    "stop-following": "Undo",
    "tag": "Add",
    "save": "Add",
    "insert": "Add",
    "attend": "Join",
    "checkin": "Arrive",
    "play": "Listen",
    "watch": "View",
    "deny": "Reject",
    "replace": "Update",
    "complete": "Update",
    "resolve": "Update",
    "flag-as-inappropriate": "Flag",
    "rsvp-yes": "Accept",
    "rsvp-no": "Reject",
    "rsvp-maybe": "TentativeAccept",
}
"""What verbs of the Activity Base Schema become that have no type of the same name."""

_PLAIN_WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*")
_CAMEL = re.compile(r"(?:[A-Z][a-z0-9]*)+")
_CHARACTER = r'(?:[^\s<>"{}|\\^`%#\[\]\x00-\x20\x7f-\x9f]|%[0-9A-Fa-f]{2})'
_ABSOLUTE = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:{_CHARACTER}+(?:#{_CHARACTER}*)?")
_NOT_SIMPLE = re.compile(r"[^\w!$&'()*+,;=@.~%-]|%(?![0-9A-Fa-f]{2})")


def verb_of(word: str) -> Verb:
    """The verb of that word; one that is not ours stays itself wherever that can be said."""
    if word in VERBS:
        return VERBS[word]
    registered = camel(word)
    if registered not in AS2_ACTIVITIES:
        registered = _AS2_OF_AS1.get(word, "Activity")
    return Verb(word, word, registered, _OTHER)


def type_of(word: str) -> ObjectType:
    """The object type of that word; one that is not ours stays itself wherever that can be said."""
    if word in OBJECT_TYPES:
        return OBJECT_TYPES[word]
    label = short_name(word).replace("-", " ")
    registered = camel(word)
    return ObjectType(word, label, label, word, registered if registered in AS2_TYPES else "Object")


def word_of(name: str) -> str:
    """The word for a verb or type as Activity Streams names it, by short name or IRI.

    The registered types of 2.0 become words: `TentativeAccept` is `tentative-accept`.
    """
    for base in (AS2_BASE, "http" + AS2_BASE.removeprefix("https"), "as:", ""):
        if name.removeprefix(base) in AS2_TYPES:
            return kebab(name.removeprefix(base))
    is_as1 = name.startswith(AS1_BASE) and name != AS1_BASE
    return word_of(name.removeprefix(AS1_BASE)) if is_as1 else name


def short_name(word: str) -> str:
    """The last part of an IRI, for people; any other word is itself."""
    return re.split(r"[/#:]", word.rstrip("/#:"))[-1] if is_iri(word) else word


def is_iri(word: str) -> bool:
    """Whether the word is an absolute IRI (RFC 3987)."""
    return _ABSOLUTE.fullmatch(word) is not None


def camel(word: str) -> str:
    """The word as Activity Streams 2.0 writes types: `change-status` as `ChangeStatus`."""
    return "".join(part.capitalize() for part in word.split("-"))


def kebab(name: str) -> str:
    """The type as a word: `ChangeStatus` as `change-status`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def own_type(word: str) -> str:
    """The local name of a word in our namespace; `word_of_own_type` reads it back."""
    if _PLAIN_WORD.fullmatch(word):
        return camel(word)
    return "_" + quote(word, safe="")


def word_of_own_type(name: str) -> str:
    """The word of which `own_type` made that name."""
    if name.startswith("_"):
        return unquote(name[1:])
    return kebab(name) if _CAMEL.fullmatch(name) else name


def as1_name(word: str) -> str:
    """The word as Activity Streams 1.0 may write it: as an IRI, or as a simple name.

    What no simple name holds (RFC 3987, `isegment-nz-nc`) is percent-encoded.
    """
    word = word_of(word)
    return word if is_iri(word) else _NOT_SIMPLE.sub(lambda found: quote(found[0], safe=""), word)


def as1_verb(word: str) -> str:
    """The verb of Activity Streams 1.0 that comes nearest to the word."""
    return as1_name(verb_of(word).as1)


def as1_type(word: str) -> str | None:
    """The object type of Activity Streams 1.0 nearest to the word; None where nothing is said."""
    return None if word == UNSPECIFIED else as1_name(type_of(word).as1)


def as2_types(registered: str, word: str) -> list[str]:
    """The types that say a word in Activity Streams 2.0: a registered one, and beside it, where
    that says less, the IRI that the word is or a type of our own.
    """
    if word_of(registered) == word:
        return [registered]
    is_type = is_iri(word) and word_of(word) == word and word.split(":")[0] not in PREFIXES
    return [registered, word if is_type else f"{PREFIX}:{own_type(word)}"]


def as2_verb(word: str, has_target: bool) -> str:
    """The registered activity type of a verb; what is posted to a target is added to it."""
    return "Add" if word == "post" and has_target else verb_of(word).as2
