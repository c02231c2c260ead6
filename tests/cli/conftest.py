"""An installation in a folder of its own: settings, a CRM, a store."""

import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from feedserver.cli.main import run
from feedserver.clock import system_clock
from feedserver.crm.demo import DemoCrm
from tests.cli.canned import Canned, Serve

SETTINGS = """
authority = "example.com,2026"
[sources.crm]
type     = "clarify"
url      = "sqlite:///{folder}/crm.sqlite"
timezone = "UTC"
start    = "all"
links    = {{ case = "http://crm.example/Cases/Summary/{{id}}" }}
"""


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(scope="session")
def crm_of_a_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a demo CRM of one day, to be copied: making one takes longer than a test."""
    database = tmp_path_factory.mktemp("demo") / "crm.sqlite"
    DemoCrm(database, system_clock).prepare(days=1)
    return database


@pytest.fixture
def folder(crm_of_a_day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a demo CRM of one day and settings for it."""
    shutil.copy(crm_of_a_day, tmp_path / "crm.sqlite")
    settings = tmp_path / "feedserver.toml"
    settings.write_text(SETTINGS.format(folder=tmp_path), encoding="utf-8")
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(settings))
    return tmp_path


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes]) -> Iterator[Command]:
    """Runs a command as the console script does."""
    handlers = list(logging.getLogger().handlers)

    def call(*arguments: str) -> Outcome:
        capfdbinary.readouterr()
        code = run(arguments)
        said = capfdbinary.readouterr()
        return Outcome(code, said.out.decode(), said.err.decode())

    yield call
    # A command that has set up the log of its process leaves it with a stream that is closed soon.
    logging.getLogger().handlers[:] = handlers


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that answer what a test says."""
    servers: list[Canned] = []

    def start(*pieces: bytes, **how: Any) -> Canned:
        servers.append(Canned(*pieces, **how))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
