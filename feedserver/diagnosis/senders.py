"""What senders have chosen and is kept as it came: where it breaks a rule, no feed is at fault."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from feedserver.model.activity import Activity
from feedserver.model.feed import Removal
from feedserver.model.iris import fault_of
from feedserver.validity.findings import Finding
from feedserver.validity.uris import to_ascii

_OF_IDS = frozenset(
    "InvalidFullLink InvalidIRI InvalidTAG InvalidURN InvalidUUID InvalidUriChar".split()
)
_LONGEST = 200  # characters of a value that the rules of JSON tell


@dataclass(frozen=True, slots=True)
class Senders:
    """What was sent with the entries of a page.

    `ids` are those that no more are taken, as findings spell them, each with a line that tells
    whose it is. `names` are the members and words beyond what we know.
    """

    ids: Mapping[str, str]
    names: frozenset[str]

    def told(self, finding: Finding) -> str | None:
        """Whose id the finding is about; None where it is about none."""
        return self.ids.get(finding.what) if finding.rule.name in _OF_IDS else None

    def has_named(self, finding: Finding) -> bool:
        """Whether it is about a term that a sender used and no context of its defines.

        Readers of linked data leave it out, as Activity Streams 2.0 Core, section 5, has it.
        """
        is_name = finding.what in self.names or any(
            finding.where.endswith(f"/{name}") for name in self.names
        )
        return finding.rule.name == "UndefinedTerm" and is_name


def senders_of(entries: Iterable[Activity | Removal]) -> Senders:
    """What was sent with those entries."""
    ids: dict[str, str] = {}
    names: set[str] = set()
    for entry in entries:
        for id, line in _wrong_ids(entry):
            ids |= dict.fromkeys((id, id[:_LONGEST], to_ascii(id)), line)
        extra = entry.draft.extra if isinstance(entry, Activity) else None
        if extra is not None and extra.dialect == "as2":
            names.update(_texts(json.loads(extra.members)))
    return Senders(ids, frozenset(names))


def _wrong_ids(entry: Activity | Removal) -> Iterator[tuple[str, str]]:
    ids, sender = {"its id": entry.id}, ""
    if isinstance(entry, Activity):
        ids["the id of its actor"] = entry.draft.actor.id or ""
        sender = f", from {entry.draft.source}"
    for whose, id in ids.items():
        if id and (fault := fault_of(id)) is not None:
            yield id, f"{entry.id}{sender}: {whose}, {id}, {fault.partition('. ')[0]}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        if isinstance(value, dict):
            yield from value
            value = list(value.values())
        for inner in value:
            yield from _texts(inner)
