"""What the JSON formats share: the extension's members, and what is given back as it came."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from feedserver.model.activity import Activity, Draft, Object
from feedserver.model.dates import rfc3339, rfc3339_exact

Members = dict[str, Any]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def extension(activity: Activity, write: Callable[[Object], Members]) -> Members:
    """The members of the extension's terms (`model/extension.py`) of an activity."""
    draft = activity.draft
    revisions = [product.revision or "" for product in draft.products]
    return {
        "occurred": None if draft.occurred is None else rfc3339(draft.occurred),
        "recorded": rfc3339_exact(activity.dates.recorded),
        "queue": list(draft.queues) or None,
        "product": [product.name for product in draft.products] or None,
        "revision": revisions if any(revisions) else None,
        "tags": list(draft.tags) or None,
        "customer": None if draft.customer is None else write(draft.customer),
        "sourceName": draft.source,
        "crmVerb": draft.verb,
        "crmCode": draft.code,
        "crmCodeName": draft.code_name,
    }


def extra(draft: Draft, dialect: str) -> Members:
    """What a document in that dialect said beyond the draft; nothing for another dialect."""
    if draft.extra is None or draft.extra.dialect != dialect:
        return {}
    members: Members = json.loads(draft.extra.members)
    return members


def merged(ours: Any, theirs: Any) -> Any:
    """Our members with theirs: what they said about the same thing stands, types add up."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return theirs
    made = dict(ours)
    for name, value in theirs.items():
        if name == "type" and name in made:
            own = made[name] if isinstance(made[name], list) else [made[name]]
            made[name] = own + value
        else:
            made[name] = merged(made[name], value) if name in made else value
    return made


def present(members: Members) -> Members:
    """The members that are there."""
    return {name: value for name, value in members.items() if value is not None}


def text_of(document: Members) -> str:
    """The document as JSON, on one line."""
    return _encode(document)


def written(document: Members) -> bytes:
    """The document as UTF-8, on one line that ends."""
    return f"{text_of(present(document))}\n".encode()


def joined(document: Members, name: str, bodies: Iterable[bytes]) -> bytes:
    """The document as `written` gives it, with a last member of that name: the list of those."""
    head = written(document).removesuffix(b"}\n")
    return b"".join([head, b',"', name.encode(), b'":[', b",".join(bodies), b"]}\n"])
