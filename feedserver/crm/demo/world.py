"""What the demo CRM is like at one moment, as far as its further life depends on it."""

from dataclasses import dataclass, field

from feedserver.crm.demo.cast import CLOSED

# How many closed cases may still be reopened.
RECENT = 20


@dataclass(frozen=True, slots=True)
class Subcase:
    """An open subcase."""

    objid: int
    number: str
    condition: int


@dataclass(frozen=True, slots=True)
class Case:
    """A case: in a queue, or with its owner, or closed.

    Names stand for the rows that bear them; `condition` is the objid of the case's own row.
    `entries` counts its act_entries, `subcases` the open one and those before.
    """

    objid: int
    number: str
    condition: int
    area: str
    product: str
    revision: str
    site: str
    contact: str
    owner: str
    status: str
    due: str
    queue: str | None = None
    previous_queue: str | None = None
    entries: int = 0
    solution: str | None = None
    subcase: Subcase | None = None
    subcases: int = 0
    part_requests: tuple[int, ...] = ()

    @property
    def is_closed(self) -> bool:
        return self.status == CLOSED

    @property
    def first_name(self) -> str:
        return self.contact.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Solution:
    """A solution, and how often it has been linked to a case."""

    objid: int
    number: str
    hits: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change request that is not closed."""

    objid: int
    number: str
    product: str
    status: str
    condition: int


@dataclass(slots=True)
class World:
    """All that is going on, and what it can come back to.

    `closed` holds the latest closed cases, oldest first; solutions are found by their titles,
    change requests by the product, contracts by the site.
    """

    open: dict[int, Case] = field(default_factory=dict)
    closed: dict[int, Case] = field(default_factory=dict)
    solutions: dict[str, Solution] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    contracts: dict[str, int] = field(default_factory=dict)

    def find(self, objid: int) -> Case:
        """The case, open or lately closed; KeyError if it is neither."""
        return self.open[objid] if objid in self.open else self.closed[objid]

    def keep(self, case: Case) -> None:
        """Remembers the case as it is now."""
        self.open.pop(case.objid, None)
        self.closed.pop(case.objid, None)
        if not case.is_closed:
            self.open[case.objid] = case
            return
        self.closed[case.objid] = case
        if len(self.closed) > RECENT:
            del self.closed[next(iter(self.closed))]
