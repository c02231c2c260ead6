"""An activity: actor did verb to object."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedserver.model.dates import Dates


@dataclass(frozen=True, slots=True)
class Object:
    """Anything that is named in an activity: its actor, object, target or customer.

    `type` is a word of `vocabulary.OBJECT_TYPES` or the source's own. `number` is what people
    call it by ("1234"), `login` the name by which an actor signs in at the source.
    """

    type: str
    id: str | None = None
    name: str | None = None
    number: str | None = None
    url: str | None = None
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A product by its part number, and which revision of it."""

    name: str
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An activity that has arrived and is not recorded yet.

    `id` is permanent (an absolute IRI). `occurred` is when it truly happened, aware UTC, as the
    source says; None where the source does not know. `title` is one line of plain text, a full
    sentence; `content` is HTML, None where there is no text. `code` and `code_name` keep the
    source's own word for what happened.
    """

    id: str
    source: str
    actor: Object
    verb: str
    object: Object
    title: str
    occurred: datetime | None = None
    target: Object | None = None
    queues: tuple[str, ...] = ()
    products: tuple[Product, ...] = ()
    tags: tuple[str, ...] = ()
    customer: Object | None = None
    content: str | None = None
    code: str | None = None
    code_name: str | None = None


def first_occurred(drafts: Sequence[Draft], now: datetime) -> datetime | None:
    """The first date among the drafts that a new log can begin with, None where there is none."""
    dates = (draft.occurred for draft in drafts)
    return next((date for date in dates if date is not None and date <= now), None)


@dataclass(frozen=True, slots=True)
class Activity:
    """A recorded draft: one version of an activity, at its position in the log."""

    position: int
    draft: Draft
    dates: Dates

    @property
    def id(self) -> str:
        """The permanent id, the same in every feed and format."""
        return self.draft.id
