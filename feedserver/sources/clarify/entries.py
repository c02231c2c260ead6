"""An entry of the activity log with everything that belongs to it."""

from dataclasses import dataclass
from typing import NamedTuple

from feedserver.model.activity import Product
from feedserver.sources.clarify.tables import Kind


@dataclass(frozen=True, slots=True)
class Thing:
    """A work object of the CRM: its kind and key, and its number and title where it is there."""

    kind: Kind
    objid: int
    number: str | None = None
    title: str | None = None
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A user or a contact; `name` is the person's, `login` a user's."""

    clarify_name: str
    objid: int
    name: str | None = None
    login: str | None = None
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a key and a name: a site or a queue."""

    objid: int | None
    name: str


class Entry(NamedTuple):
    """One row of the activity log, joined. `text` is public; internal text is never read.

    `has_log` says that the text stands in a log of its own: then `info`, which may repeat an
    internal one, must not be shown.
    """

    objid: int
    code: int | None
    code_name: str | None
    time: object
    info: str
    thing: Thing | None
    parent_of: str | None
    user: Person | None
    contact: Person | None
    reporter: Person | None
    site: Named | None
    product: Product | None
    grades: tuple[tuple[str, str], ...]
    queue: str | None
    step: Named | None
    assignee: Person | None
    solution: Thing | None
    status: str | None
    has_log: bool
    texts: tuple[str, ...]
