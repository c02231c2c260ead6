"""What a template of a site may name of an entry."""

from typing import Any

from feedserver.model.activity import Draft, Object
from feedserver.model.vocabulary import type_of
from feedserver.sources.clarify.codes import SENT_TO, TAKEN_FROM
from feedserver.sources.clarify.entries import Entry, Person

NAMES = (
    "sentence tags text verb code code_name actor object subcase queue to_queue from_queue person "
    "status solution site contact reporter product priority severity type"
).split()
"""Every name, in the order of the documents."""

_NO_GRADES = {"priority": None, "severity": None, "type": None}


def members_of(draft: Draft, entry: Entry, text: str) -> dict[str, Any]:
    """Everything by its name, all of NAMES; null where the entry has none.

    `draft` is the entry's in the built-in words, and `text` its public text: what is not for
    customers is not among the members.
    """
    step = None if entry.step is None else entry.step.name
    product = entry.product
    return {
        "sentence": draft.title,
        "tags": list(draft.tags),
        "text": text,
        "verb": draft.verb,
        "code": entry.code,
        "code_name": entry.code_name,
        "actor": {"name": draft.actor.name, "login": draft.actor.login},
        "object": _object(draft.object),
        "subcase": entry.parent_of,
        "queue": entry.queue,
        "to_queue": step if entry.code in SENT_TO else None,
        "from_queue": step if entry.code in TAKEN_FROM else None,
        "person": _person(entry.assignee),
        "status": entry.status,
        "solution": _object(draft.target if entry.solution else None),
        "site": None if entry.site is None else entry.site.name,
        "contact": _name(entry.contact),
        "reporter": _name(entry.reporter),
        "product": product and {"name": product.name, "revision": product.revision},
        **_NO_GRADES,
        **dict(entry.grades),
    }


def _object(object: Object | None) -> dict[str, str | None] | None:
    if object is None:
        return None
    return {
        "type": object.type,
        "label": type_of(object.type).label,
        "number": object.number,
        "title": object.name,
        "url": object.url,
    }


def _person(person: Person | None) -> dict[str, str | None] | None:
    if person is None:
        return None
    return {"name": person.name or person.login, "login": person.login}


def _name(person: Person | None) -> str | None:
    return None if person is None else person.name
