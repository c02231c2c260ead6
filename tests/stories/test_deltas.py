"""Real readers that ask for deltas, or for which a library does, miss nothing and never fail."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from feedserver.assembly import Server, assemble_around
from feedserver.model.activity import Draft
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.stories.test_real_readers import Newsboat, Reader, Rss2Email, needs


class Silent(WSGIRequestHandler):
    """Writes no line for each request."""

    def log(self, *_: Any) -> None:
        pass


class Desk:
    """A server in this process, what it answered, and what is written meanwhile."""

    def __init__(self, server: Server, clock: FakeClock) -> None:
        self.server = server
        self.answers: list[str] = []
        self._clock = clock
        self._app = create_app(server)

    def __call__(self, environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, *more: Any) -> Any:
            self.answers.append(status[:3])
            return start_response(status, *more)

        return self._app(environ, start)

    def record(self, count: int) -> list[Draft]:
        self._clock.advance(60)
        drafts = [make_draft() for _ in range(count)]
        self.server.intake.record(drafts)
        return drafts

    def edit(self, draft: Draft, title: str) -> None:
        newest = self.server.log.find(draft.id)
        assert newest is not None
        self.server.log.replace(newest.position, replace(draft, title=title))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    clock = FakeClock()
    settings = make_settings(tmp_path, {"authority": AUTHORITY})
    return Desk(assemble_around(MemoryLog(AUTHORITY, clock), settings, clock), clock)


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    """The feed of everything."""
    server = make_server("127.0.0.1", 0, desk, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/all.atom"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a reader lives."""
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.mark.parametrize(
    ("kind", "first", "status"),
    [
        # newsboat sends what it has from its third run on
        pytest.param(Newsboat, 2, "226", marks=needs("newsboat")),
        pytest.param(Rss2Email, 1, "200", marks=needs("r2e")),
    ],
)
def test_a_reader_has_all_that_came_between_its_polls(
    desk: Desk, address: str, home: Path, kind: type[Reader], first: int, status: str
) -> None:
    drafts = desk.record(5)
    reader = kind(home, [address])
    for _ in range(first):
        reader.run()

    for _ in range(3):
        drafts += desk.record(2)
        desk.edit(drafts[0], f"{drafts[0].title}!")
        reader.run()

    assert desk.answers[first:] == 3 * [status]
    assert sorted(id for id, _ in reader.rows()) == sorted(draft.id for draft in drafts)
    assert (drafts[0].id, f"{drafts[0].title}!") in reader.rows() or not reader.shows_edits
