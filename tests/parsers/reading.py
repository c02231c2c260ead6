"""Documents as JSON values, read with the parser of the tests."""

import json
from typing import Any

from feedserver.model.activity import Draft
from feedserver.parsers.documents import Parser
from feedserver.parsers.items import Document
from feedserver.settings import Limits
from tests.builders import AUTHORITY

OWN = f"tag:{AUTHORITY}:ns#"
"""The namespace of our terms in tests."""

AS2 = "https://www.w3.org/ns/activitystreams"


def document_of(value: Any, dialect: str | None = None, limits: Limits | None = None) -> Document:
    """What the value holds."""
    return Parser(AUTHORITY, limits or Limits()).document(value, dialect)


def drafts_of(value: Any, dialect: str | None = None) -> list[Draft]:
    """The drafts of a document in which nothing is wrong."""
    items = document_of(value, dialect).items
    assert [fault for item in items for fault in item.faults] == []
    return [item.draft for item in items if item.draft is not None]


def draft_of(value: Any, dialect: str | None = None) -> Draft:
    """The draft of the one activity of a document in which nothing is wrong."""
    (draft,) = drafts_of(value, dialect)
    return draft


def left_of(value: Any, dialect: str | None = None) -> Any:
    """The members of the one activity that are kept beyond the draft."""
    extra = draft_of(value, dialect).extra
    assert extra is not None
    return json.loads(extra.members)


def faults_of(
    value: Any, dialect: str | None = None, limits: Limits | None = None
) -> list[tuple[str, str]]:
    """Where something is wrong, and what, in a document that has no draft."""
    found = []
    for item in document_of(value, dialect, limits).items:
        assert (item.draft is None) == bool(item.faults)
        found += [(fault.pointer, fault.detail) for fault in item.faults]
    return found


def wrong_in(value: Any, dialect: str | None = None, limits: Limits | None = None) -> list[str]:
    """Where something is wrong."""
    return [pointer for pointer, _ in faults_of(value, dialect, limits)]


def as2(**members: Any) -> dict[str, Any]:
    """An activity of 2.0 with those members."""
    return {"@context": AS2, "type": "Like", "actor": "Ann Example", **members}


def as1(**members: Any) -> dict[str, Any]:
    """An activity of 1.0 with those members."""
    return {"verb": "like", "actor": {"displayName": "Ann Example"}, **members}
