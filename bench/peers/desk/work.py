"""What the bench does with django-activity-stream: seed its database, and record activities.

    python -m desk.work seed|send|bulk FILE

Prints one line of JSON: how many, in how many seconds, and the numbers of the content types. FILE
holds activities as feedserver takes them, one a line.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import django

django.setup()

from actstream import action  # noqa: E402
from actstream.models import Action  # noqa: E402
from desk.models import Ticket  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402

BATCH = 500  # that are committed together, as feedserver does


def main() -> None:
    """Do it, and tell."""
    way, name = sys.argv[1:]
    lines = [json.loads(line) for line in Path(name).read_bytes().splitlines()]
    if way == "seed":
        call_command("migrate", run_syncdb=True, verbosity=0)
    agents, tickets = _known(lines, User), _known(lines, Ticket)
    began = time.perf_counter()
    if way == "send":
        for line in lines:
            _send(line, agents, tickets)
    else:
        for start in range(0, len(lines), BATCH):
            Action.objects.bulk_create(_made(lines[start : start + BATCH], agents, tickets))
    seconds = time.perf_counter() - began
    types = {kind.__name__: ContentType.objects.get_for_model(kind).pk for kind in (User, Ticket)}
    print(json.dumps({"count": len(lines), "seconds": seconds, "types": types}))


def _known(lines: list[dict[str, Any]], kind: Any) -> dict[str, Any]:
    """The agents, or the tickets, of the activities by their ids, made where they are missing.

    Their primary key is the number in the id and one more, so that the bench knows their feeds.
    """
    part = "actor" if kind is User else "object"
    names = {line[part]["id"]: line[part]["name"] for line in lines}
    keys = {id: int(id.rpartition(":")[2]) + 1 for id in names}
    known = kind.objects.in_bulk()
    fields = {"username"} if kind is User else {"title"}
    kind.objects.bulk_create(
        kind(pk=key, **dict.fromkeys(fields, names[id]))
        for id, key in keys.items()
        if key not in known
    )
    by_key = kind.objects.in_bulk()
    return {id: by_key[key] for id, key in keys.items()}


def _send(line: dict[str, Any], agents: dict[str, Any], tickets: dict[str, Any]) -> None:
    """As its documents say to record an activity: one at a time, each committed alone."""
    action.send(
        agents[line["actor"]["id"]],
        verb=line["type"].lower(),
        # What happened is done to the target: with an `action_object` the Atom feeds of 2.0.0
        # answer 500 under Django 5.2.
        target=tickets[line["object"]["id"]],
        description=line["content"],
        timestamp=datetime.fromisoformat(line["published"]),
    )


def _made(
    lines: list[dict[str, Any]], agents: dict[str, Any], tickets: dict[str, Any]
) -> Iterator[Action]:
    kinds = [ContentType.objects.get_for_model(kind) for kind in (User, Ticket)]
    for line in lines:
        yield Action(
            actor_content_type=kinds[0],
            actor_object_id=agents[line["actor"]["id"]].pk,
            verb=line["type"].lower(),
            target_content_type=kinds[1],
            target_object_id=tickets[line["object"]["id"]].pk,
            description=line["content"],
            timestamp=datetime.fromisoformat(line["published"]),
        )


if __name__ == "__main__":
    main()
