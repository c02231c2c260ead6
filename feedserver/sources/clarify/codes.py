"""What each activity code of Clarify means: a verb and a sentence.

The code is the rank in the CRM's list `Activity Name`. A code that is not here is an update, told
by the name that the list has for it, or by the number.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A verb, and what its sentence says between the actor and the title of the object.

    The phrase may name {object}, {to_queue}, {from_queue}, {to_person}, {to_status},
    {to_solution}, {for_customer} and {name}; the last is what the CRM calls the code.
    """

    verb: str
    phrase: str


CODES = {
    100: Code("accept", "accepted {object}{from_queue}"),
    200: Code("close", "closed {object}"),
    300: Code("change-status", "changed the status of {object}{to_status}"),
    400: Code("commit", "made a commitment on {object}"),
    500: Code("phone", "logged a phone call on {object}"),
    600: Code("create", "created {object}{for_customer}"),
    900: Code("dispatch", "dispatched {object}{to_queue}"),
    1100: Code("forward", "forwarded {object}{to_queue}"),
    1400: Code("link", "linked {object}{to_solution}"),
    1600: Code("commit", "changed a commitment on {object}"),
    1700: Code("log", "logged a note on {object}"),
    1800: Code("log", "logged time and expenses on {object}"),
    2400: Code("reopen", "reopened {object}{to_status}"),
    2500: Code("research", "logged research on {object}"),
    2600: Code("reject", "rejected {object}{to_queue}"),
    3000: Code("create", "created {object}"),
    3100: Code("close", "closed {object}"),
    3400: Code("email-out", "sent e-mail on {object}"),
    3500: Code("email-in", "received e-mail on {object}"),
    4000: Code("unlink", "unlinked {object} from a solution"),
    4100: Code("yank", "yanked {object}{from_queue}"),
    4200: Code("reopen", "reopened {object}"),
    7200: Code("create", "created {object}"),
    8700: Code("update", "edited a time and expense log of {object}"),
    8900: Code("attach", "attached a file to {object}"),
    9100: Code("detach", "removed a file from {object}"),
    9200: Code("update", "responded first on {object}"),
    9800: Code("update", "changed the contact of {object}"),
    10500: Code("assign", "assigned {object}{to_person}"),
    10600: Code("update", "deleted a time and expense log of {object}"),
    92020: Code("close", "closed {object}"),
    92021: Code("reopen", "reopened {object}"),
}

UNKNOWN = Code("update", "updated {object} ({name})")

ON_THE_PARENT = {
    3000: Code("update", "created {subcase} of {object}"),
    3100: Code("update", "closed {subcase} of {object}"),
    4200: Code("update", "reopened {subcase} of {object}"),
    7200: Code("update", "created administrative {subcase} of {object}"),
}
"""Clarify writes these twice: on the subcase, and on its case, which is only updated by them."""

SENT_TO = frozenset({900, 1100, 2600})
"""Codes of a step into the queue that their text names."""

TAKEN_FROM = frozenset({100, 4100})
"""Codes of a step out of the queue that their text names."""

ASSIGNED = 10500
LINKED = 1400
