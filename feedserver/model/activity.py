"""An activity: actor did verb to object."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from feedserver.model.dates import Dates, first_dates, is_believed


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
class Extra:
    """What a document said beyond what a draft holds, to be given back in the same dialect.

    `dialect` is "as1", "as2" or "atom", of which nothing more is kept. `members` is the JSON
    object of the members that were not understood, each where it stood, its names in alphabetical
    order. In the log there is none that is empty.
    """

    dialect: str
    members: str

    @property
    def is_empty(self) -> bool:
        """Whether everything was understood."""
        return self.members == "{}"


@dataclass(frozen=True, slots=True)
class Draft:
    """An activity that has arrived and is not recorded yet.

    `id` is permanent (an absolute IRI); empty where it is to be given one. `verb` is a word of
    `vocabulary.VERBS`, another short name or an IRI. `occurred` is when it truly happened, aware
    UTC, as the source says; None where the source does not know. `title` is one line of plain
    text, a full sentence; `content` is HTML, None where there is no text; `url` is where the
    activity itself can be seen elsewhere. `code` and `code_name` keep the source's own word for
    what happened.
    """

    id: str
    source: str
    actor: Object
    verb: str
    object: Object | None
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
    url: str | None = None
    extra: Extra | None = None


def give_dates(drafts: Sequence[Draft], last: Dates | None, now: datetime) -> list[Dates]:
    """The dates of drafts that are recorded together now, as `first_dates` gives them.

    Of those without a date that is believed, the first take the first date there is among the
    drafts, and later ones what is next after the draft before them: what is odd in an imported
    history moves nothing in it. Where none has a date, they happen now.
    """
    dates = [draft.occurred if is_believed(draft.occurred, now) else None for draft in drafts]
    first = next((date for date in dates if date is not None and date <= now), now)
    given = []
    is_after_dated = False
    for date in dates:
        is_after_dated = is_after_dated or date is not None
        occurred = first if last is None or not is_after_dated else date
        last = first_dates(last, occurred, now)
        given.append(last)
    return given


@dataclass(frozen=True, slots=True)
class Activity:
    """A recorded draft: one version of an activity, at its position in the log.

    `replaces` is the position of the version that it replaces, 0 where it is the first. A silent
    version keeps the place in feeds, and the dates, of that one.
    """

    position: int
    draft: Draft
    dates: Dates
    replaces: int = 0
    is_silent: bool = False

    @property
    def id(self) -> str:
        """The permanent id, the same in every feed and format."""
        return self.draft.id


class Ending(Enum):
    """Why a version has no content."""

    DELETED = "deleted"
    """The activity was deleted; its earlier versions are shown no more."""
    REDACTED = "redacted"
    """The activity was redacted; nobody knows any more in which feeds it was."""
    ERASED = "erased"
    """It is an earlier version of what was redacted, and tells nothing."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A version without content; `replaces` as in `Activity`."""

    position: int
    id: str
    dates: Dates
    replaces: int
    ending: Ending


Version = Activity | Tombstone
"""What stands at a position of the log."""
