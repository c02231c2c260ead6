"""A server around a log in memory, asked over WSGI."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from webtest import TestApp
from werkzeug.routing import Rule
from werkzeug.test import Client, TestResponse

from feedserver.assembly import Server, assemble_around
from feedserver.model.activity import Draft
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.fakes import LivingWorker
from tests.web.proxy import PREFIX, Proxy

BASE = "http://feeds.example"
UNDER_A_PATH = {
    "test_archives": ["passes"],
    "test_conditional": ["passes"],
    "test_feeds": ["passes"],
    "test_pages": ["passes", "strips"],
}
"""The tests that run once more for a server under a path, and what its proxy does to the path."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    proxies = UNDER_A_PATH.get(Path(metafunc.definition.path).stem)
    if proxies and "proxy" in metafunc.fixturenames:
        metafunc.parametrize("proxy", ["none", *proxies])


class Compiled(BytecodeCache):
    """Templates that were compiled for an application before: that takes longer than most tests."""

    def __init__(self) -> None:
        self.code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.code:
            bucket.bytecode_from_string(self.code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.code[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


class CompiledRule(Rule):
    """A rule whose functions were compiled for an application before, for the same reason."""

    functions: ClassVar[dict[tuple[str, bool], Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (self.rule, append_unknown)
        if key not in self.functions:
            self.functions[key] = super()._compile_builder(append_unknown)
        return self.functions[key]


Flask.url_rule_class = CompiledRule


def ready(app: Flask) -> Flask:
    """The application, with the templates that others have compiled."""
    app.jinja_env.bytecode_cache = COMPILED
    return app


@dataclass
class Site:
    """A running server and the ways in which tests touch it."""

    server: Server
    clock: FakeClock
    app: TestApp
    proxy: str = "none"

    @property
    def flask(self) -> Flask:
        """The application itself, behind the proxy."""
        flask: Flask = self.app.app if self.proxy == "none" else self.app.app.app
        return flask

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
        self.app = TestApp(reached(ready(create_app(server, LivingWorker())), self.proxy))

    def raw(self, address: str, method: str = "GET", **headers: str) -> TestResponse:
        """The answer with the body as it is sent; WebTest would unpack it."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return Client(self.app.app).open(address, method=method, headers=named)


def reached(app: Any, proxy: str) -> Any:
    """The application as readers reach it."""
    return app if proxy == "none" else Proxy(app, BASE, strips=proxy == "strips")


@pytest.fixture
def proxy() -> str:
    """How the server is reached: straight, or through a proxy that `passes` or `strips` a path."""
    return "none"


@pytest.fixture
def site(tmp_path: Path, proxy: str) -> Iterator[Site]:
    clock = FakeClock()
    base_url = BASE if proxy == "none" else BASE + PREFIX
    settings = make_settings(tmp_path, {"authority": AUTHORITY, "base_url": base_url})
    server = assemble_around(MemoryLog(AUTHORITY, clock), settings, clock)
    yield Site(server, clock, TestApp(reached(ready(create_app(server)), proxy)), proxy)
    server.close()
