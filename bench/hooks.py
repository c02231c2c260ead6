"""Measures webhooks with a mapping and Socialcast's posts, beside plain posts.

    python -m bench.hooks

Sixteen clients post to one feedserver, one activity a request. Each round does all of the ways in
turn, so that a noisy moment meets all alike; told are medians, and what part each is of the plain
posts of the same round.
"""

import hashlib
import hmac
import json
import shutil
import statistics
import tempfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from bench.clients import Clients
from bench.sites import Site, request

ROUNDS = 7
SECONDS = 2.0  # that the clients post in a round
CLIENTS = 16
SECRET = "only-for-this-measurement"

SETTINGS = f"""
[sources.orders]
type = "webhook"
secret = "{SECRET}"

[sources.orders.mapping]
id = "{{{{ event }}}}"
verb = "{{{{ kind | table('verbs', 'update') }}}}"
occurred = "{{{{ at }}}}"
actor = {{ type = "person", id = "{{{{ by.id }}}}", name = "{{{{ by.name }}}}" }}
object = {{ type = "order", number = "{{{{ order.number }}}}", name = "{{{{ order.title }}}}" }}
title = "{{{{ by.name }}}} changed order {{{{ order.number }}}}: {{{{ order.title }}}}"
text = "{{{{ order.text }}}}"
queues = "{{{{ order.team }}}}"
products = "{{{{ order.product }}}}"
tags = ["{{{{ order.labels }}}}", "priority:{{{{ order.priority }}}}"]

[sources.orders.mapping.tables.verbs]
opened = "create"
closed = "close"

[sources.github]
type = "webhook"
secret = "{SECRET}"
signature = "github"
preset = "github"
"""


def main() -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(prefix="feedserver-bench-"))
    try:
        with Site(folder / "site", SETTINGS).serving("feedserver", "serve", "--no-worker") as site:
            _rounds(site)
    finally:
        shutil.rmtree(folder)


def _rounds(site: Site) -> None:
    basic = b64encode(f"ann:{site.token}".encode()).decode()
    ways: dict[str, Callable[[str], bytes]] = {
        "POST of an activity": lambda key: site.post("application/activity+json", _activity(key)),
        "webhook with a mapping": lambda key: request(
            f"/hooks/orders/{SECRET}", "application/json", _order(key)
        ),
        "webhook of GitHub, signed": lambda key: _signed(key, _issue(key)),
        "Socialcast's message": lambda key: request(
            "/api/messages.xml", "application/xml", _message(key), f"Authorization: Basic {basic}"
        ),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(-1, ROUNDS):  # the first is to warm up
        for name, made in ways.items():
            way = list(ways).index(name)
            posters = [_Poster(made, f"{way}-{turn + 1}-{number}") for number in range(CLIENTS)]
            clients = Clients(site.port, posters)
            took = clients.run(SECONDS)
            clients.close()
            site.settle()
            if turn >= 0:
                rates[name].append(sum(poster.count for poster in posters) / took)
    plain = next(iter(rates.values()))
    for name, all in rates.items():
        part = statistics.median(one / other for one, other in zip(all, plain, strict=True))
        print(f"{name:<28} {statistics.median(all):>7,.0f}/s   {part:.2f} of the plain post")


def _signed(key: str, body: bytes) -> bytes:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return request(
        "/hooks/github",
        "application/json",
        body,
        "X-GitHub-Event: issues",
        f"X-GitHub-Delivery: {key}",
        f"X-Hub-Signature-256: sha256={digest}",
    )


def _activity(key: str) -> bytes:
    told = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "type": "Update",
        "id": f"urn:bench:{key}",
        "published": "2026-05-08T12:00:00Z",
        "actor": {"type": "Person", "id": "urn:bench:ann", "name": "Ann Example"},
        "object": {"type": "Note", "id": f"urn:bench:order:{key}", "name": "Ink for printers"},
        "name": f"Ann Example changed order {key}: Ink for printers",
        "content": f"<p>{key}</p><p>It came too late, and half of it was spilt.</p>",
        "queue": "Support",
        "product": "XR-20",
        "tags": ["vip", "priority:high"],
    }
    return json.dumps(told).encode()


def _order(key: str) -> bytes:
    told = {
        "event": key,
        "kind": "opened",
        "at": "2026-05-08T12:00:00Z",
        "by": {"id": "ann", "name": "Ann Example"},
        "order": {
            "number": key,
            "title": "Ink for printers",
            "text": f"{key}\nIt came too late, and half of it was spilt.",
            "team": "Support",
            "product": "XR-20",
            "labels": ["vip"],
            "priority": "high",
        },
    }
    return json.dumps(told).encode()


def _issue(key: str) -> bytes:
    person = {"login": "ann", "id": 7, "html_url": "https://github.example/ann", "type": "User"}
    told = {
        "action": "opened",
        "issue": {
            "id": 9,
            "number": 1234,
            "title": f"Ink for printers {key}",
            "html_url": "https://github.example/example/shop/issues/1234",
            "body": "It came too late, and half of it was spilt.",
            "user": person,
            "labels": [{"name": "vip"}],
            "state": "open",
            "created_at": "2026-05-08T12:00:00Z",
            "updated_at": "2026-05-08T12:00:00Z",
        },
        "repository": {
            "id": 8,
            "name": "shop",
            "full_name": "example/shop",
            "html_url": "https://github.example/example/shop",
        },
        "sender": person,
    }
    return json.dumps(told).encode()


def _message(key: str) -> bytes:
    return (
        f"<message><title><![CDATA[Create for Ann Example at Example Works {key}]]></title>"
        "<body><![CDATA[Case Title: Ink for printers #dovetailCRM]]></body>"
        "<url><![CDATA[http://server/dovetail/Cases/Summary/1234]]></url></message>"
    ).encode()


class _Poster:
    """Posts one after the other, each as `made` gives it."""

    begins = 0.0

    def __init__(self, made: Callable[[str], bytes], name: str) -> None:
        self.count = 0
        self._made = made
        self._name = name

    def request(self) -> bytes:
        """The next one."""
        return self._made(f"{self._name}-{self.count}")

    def answered(self, status: int, head: bytes, body: bytes, seconds: float) -> float:
        """It is recorded; the next one follows at once."""
        if status != 201:
            raise SystemExit(f"{self._name}: {status} {body[:300]!r}")
        self.count += 1
        return 0


if __name__ == "__main__":
    main()
