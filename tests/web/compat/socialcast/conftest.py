"""A server with a case in its log and a grant, and a client that has the grant's token."""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from feedserver.assembly import Server, assemble_around
from feedserver.model.activity import Activity, Object
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.web.conftest import BASE, ready

LINKS = {
    "case": "http://server/dovetail/Cases/Summary/{id}",
    "solution": "http://server/dovetail/Solutions/Show/{id}",
}
CASE = Object("case", f"tag:{AUTHORITY}:crm/case/1", "Printer on fire", "1234")


def basic(token: str, user: str = "ann@example.com") -> str:
    """The credentials as clients send them."""
    return "Basic " + b64encode(f"{user}:{token}".encode()).decode()


@dataclass
class Community:
    """A server, and a client of its Socialcast API."""

    server: Server
    clock: FakeClock
    app: Flask
    token: str

    def ask(self, path: str, method: str = "GET", **options: Any) -> TestResponse:
        """The answer to a request with the token; other `headers` may be given."""
        headers = {"Authorization": basic(self.token)} | options.pop("headers", {})
        return Client(self.app).open(f"/api/{path}", method=method, headers=headers, **options)

    def stranger(self, path: str, method: str = "GET", **options: Any) -> TestResponse:
        """The answer to a request without a token."""
        return Client(self.app).open(f"/api/{path}", method=method, **options)

    def post(self, data: Any, media_type: str | None = None, path: str = "messages.xml") -> Any:
        """The message that a post made, as XML or JSON has it; it must be new."""
        answer = self.ask(path, "POST", data=data, content_type=media_type)
        assert answer.status_code == 201, answer.text
        return xml(answer) if path.endswith("xml") else json.loads(answer.data)["message"]

    def recorded(self) -> list[Activity]:
        """All that is in the log."""
        return [each for each in self.server.log.read(0) if isinstance(each, Activity)]

    def newest(self) -> Activity:
        """What was recorded last."""
        return self.recorded()[-1]

    def record(self, count: int = 1, **overrides: Any) -> None:
        """Record drafts as a source would, a minute apart."""
        for _ in range(count):
            self.clock.advance(60)
            self.server.intake.record([make_draft(occurred=self.clock(), **overrides)])


def xml(answer: TestResponse) -> ElementTree.Element:
    """The root element of an answer, which must be well-formed."""
    return ElementTree.fromstring(answer.data)


def text(element: ElementTree.Element, path: str) -> str | None:
    """The text of the element at that path, None where it is nil; it must be there."""
    found = element.find(path)
    assert found is not None, path
    return None if found.get("nil") else found.text or ""


def make_community(folder: Path, **settings: str) -> Community:
    clock = FakeClock()
    made = make_settings(folder, {"authority": AUTHORITY, "base_url": BASE, **settings})
    server = assemble_around(MemoryLog(AUTHORITY, clock), made, clock)
    with_links = replace(made, sources={"crm": {"links": LINKS}})
    server = replace(server, settings=with_links)
    token = server.grants.add("script", True)
    return Community(server, clock, ready(create_app(server)), token)


@pytest.fixture
def community(tmp_path: Path) -> Iterator[Community]:
    made = make_community(tmp_path)
    yield made
    made.server.close()


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Community]:
    """One that is read with a grant only."""
    made = make_community(tmp_path, reading="private")
    yield made
    made.server.close()
