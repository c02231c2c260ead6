"""What somebody can do in the demo CRM; `by` is always a login."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A customer reports something, to an agent or through self service."""

    by: str
    area: str
    product: str
    revision: str
    site: str
    contact: str
    title: str
    case_type: str
    priority: str
    severity: str


@dataclass(frozen=True, slots=True)
class Dispatch:
    by: str
    queue: str


@dataclass(frozen=True, slots=True)
class Accept:
    by: str


@dataclass(frozen=True, slots=True)
class Yank:
    by: str


@dataclass(frozen=True, slots=True)
class Assign:
    by: str
    to: str


@dataclass(frozen=True, slots=True)
class Forward:
    by: str
    queue: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Back to the queue from which the case came."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    by: str
    status: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class LogNote:
    """`internal` is the part for colleagues only; `is_internal` says that all of it is."""

    by: str
    text: str
    internal: str = ""
    is_internal: bool = False


@dataclass(frozen=True, slots=True)
class LogPhone:
    by: str
    text: str
    internal: str = ""


@dataclass(frozen=True, slots=True)
class SendMail:
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class ReceiveMail:
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class LinkSolution:
    """Links the solution of this title, which is written first if there is none."""

    by: str
    title: str


@dataclass(frozen=True, slots=True)
class UnlinkSolution:
    by: str


@dataclass(frozen=True, slots=True)
class RequestChange:
    """Asks for a change of the product, or joins the request that is open."""

    by: str
    title: str


@dataclass(frozen=True, slots=True)
class RequestPart:
    by: str
    vendor: str


@dataclass(frozen=True, slots=True)
class OpenSubcase:
    by: str
    title: str


@dataclass(frozen=True, slots=True)
class CloseSubcase:
    by: str
    summary: str


@dataclass(frozen=True, slots=True)
class CloseCase:
    by: str
    summary: str
    resolution: str


@dataclass(frozen=True, slots=True)
class ReopenCase:
    by: str


@dataclass(frozen=True, slots=True)
class AdvanceChange:
    """The change request of the product is fixed, or closed if it is fixed already."""

    by: str
    product: str


@dataclass(frozen=True, slots=True)
class SignContract:
    by: str
    site: str
    days: int


CaseAct = (
    Dispatch
    | Accept
    | Yank
    | Assign
    | Forward
    | Reject
    | ChangeStatus
    | LogNote
    | LogPhone
    | SendMail
    | ReceiveMail
    | LinkSolution
    | UnlinkSolution
    | RequestChange
    | RequestPart
    | OpenSubcase
    | CloseSubcase
    | CloseCase
    | ReopenCase
)


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one case at once; `case` is its objid, or the act that opens it."""

    case: int | OpenCase
    acts: tuple[CaseAct, ...]


Event = Step | AdvanceChange | SignContract
