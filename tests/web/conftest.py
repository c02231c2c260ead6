"""A server around a log in memory, asked over WSGI."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp
from werkzeug.test import Client, TestResponse

from feedserver.assembly import Server, assemble_around
from feedserver.model.activity import Draft
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.fakes import LivingWorker

BASE = "http://feeds.example"


@dataclass
class Site:
    """A running server and the ways in which tests touch it."""

    server: Server
    clock: FakeClock
    app: TestApp

    def record(self, *drafts: Draft) -> None:
        """Record drafts as a source would."""
        self.server.intake.record(drafts)

    def record_some(self, count: int, **overrides: Any) -> list[Draft]:
        """Record that many drafts, a minute apart."""
        drafts = []
        for _ in range(count):
            self.clock.advance(60)
            drafts.append(make_draft(occurred=self.clock(), **overrides))
        self.record(*drafts)
        return drafts

    def get(self, address: str, status: int = 200, **headers: str) -> Any:
        """GET with headers given as `if_none_match="…"`."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self.app.get(address.removeprefix(BASE), headers=named, status=status)

    def grant(self, write: bool = False, label: str = "reader") -> str:
        """Give a grant, and its token."""
        return self.server.grants.add(label, write)

    def use(self, server: Server) -> None:
        """Go on with another server, as after a restart with other parts."""
        self.server = server
        self.app = TestApp(create_app(server, LivingWorker()))

    def raw(self, address: str, **headers: str) -> TestResponse:
        """GET with the body as it is sent; WebTest would unpack it."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return Client(self.app.app).get(address, headers=named)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    clock = FakeClock()
    settings = make_settings(tmp_path, {"authority": AUTHORITY, "base_url": BASE})
    server = assemble_around(MemoryLog(AUTHORITY, clock), settings, clock)
    yield Site(server, clock, TestApp(create_app(server)))
    server.close()
