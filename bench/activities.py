"""Activities that are made up, the same in each run: a service desk with skewed names."""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

NAMESPACE = "https://www.w3.org/ns/activitystreams"
ACTORS, QUEUES, PRODUCTS, CUSTOMERS, TAGS = 500, 40, 60, 800, 100
PER_TICKET = 8  # activities, in the mean
FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)
_VERBS = {"Create": "opened", "Update": "changed", "Add": "moved", "Offer": "forwarded"}
_SENTENCES = (
    "The customer called again and says that nothing has changed since yesterday.",
    "The log of the gateway shows three restarts within the hour.",
    "We have sent the patch and wait for the reboot of the second node.",
    "After the update the report of the third quarter comes out empty.",
    "The cable was replaced; the port still loses every tenth packet.",
    "Please look at the settings first, they were imported from the old machine.",
    "The licence key was typed with a letter O where a zero belongs.",
    "It works in the test system, so it must be the data.",
    "The site asks for a call before noon, in their time.",
    "Found in the manual: the limit is two hundred, and they have two hundred and one.",
)


@dataclass(frozen=True, slots=True)
class Made:
    """One activity, before it is written in anybody's form; numbers stand for names."""

    number: int
    verb: str
    actor: int
    ticket: int
    queue: int
    product: int
    customer: int
    tags: tuple[int, ...]
    published: datetime
    content: str

    @property
    def title(self) -> str:
        """What happened, in one sentence."""
        return f"Agent {self.actor} {_VERBS[self.verb]} Ticket {self.ticket}"


def make(count: int) -> Iterator[Made]:
    """That many activities, the oldest first."""
    chance = random.Random(1)
    tickets = max(1, count // PER_TICKET)
    skews = {size: _skew(size) for size in (ACTORS, QUEUES, PRODUCTS, CUSTOMERS, TAGS)}

    def pick(size: int) -> int:
        return chance.choices(range(size), cum_weights=skews[size])[0]

    published = FIRST
    for number in range(count):
        published += timedelta(seconds=chance.randint(1, 60))
        yield Made(
            number=number,
            verb=chance.choice(list(_VERBS)),
            actor=pick(ACTORS),
            ticket=chance.randrange(tickets),
            queue=pick(QUEUES),
            product=pick(PRODUCTS),
            customer=pick(CUSTOMERS),
            tags=tuple({pick(TAGS), pick(TAGS)}),
            published=published,
            content=" ".join(
                f"{sentence} ({chance.randrange(16**28):028x})"
                for sentence in chance.choices(_SENTENCES, k=chance.randint(2, 5))
            ),
        )


def _skew(size: int) -> list[float]:
    """Weights by which the first of the names has much, and the last a handful."""
    return list(accumulate(1 / (rank + 1) for rank in range(size)))


def as_line(made: Made, name: str = "") -> bytes:
    """The activity as feedserver takes it; `name` tells several sets of them apart."""
    return json.dumps(
        {
            "@context": NAMESPACE,
            "type": made.verb,
            "id": f"urn:bench:{name}{made.number}",
            "published": made.published.isoformat(),
            "actor": {
                "type": "Person",
                "id": f"urn:bench:actor:{made.actor}",
                "name": f"Agent {made.actor}",
            },
            "object": {
                "type": "Ticket",
                "id": f"urn:bench:ticket:{made.ticket}",
                "name": f"Ticket {made.ticket}",
            },
            "name": made.title,
            "content": f"<p>{made.content}</p>",
            "queue": f"Queue {made.queue}",
            "product": f"Product {made.product}",
            "customer": f"Customer {made.customer}",
            "tags": [f"tag{tag:02}" for tag in made.tags],
        }
    ).encode()


def write(path: Path, activities: Iterable[Made], name: str = "") -> None:
    """Write them to a file that `feedserver record` reads."""
    with path.open("wb") as file:
        file.writelines(as_line(made, name) + b"\n" for made in activities)
