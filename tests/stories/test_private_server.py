"""An administrator gives, and takes back, what people need to read a private server."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from webtest import TestApp

from feedserver.assembly import assemble
from feedserver.cli.main import run
from feedserver.settings import load_settings
from feedserver.web.app import create_app

SETTINGS = """
authority = "example.com,2026"
base_url = "https://feeds.example"
reading = "private"
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestApp]:
    """The application that `serve` would serve."""
    path = tmp_path / "feedserver.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(path))
    server = assemble(load_settings())
    yield TestApp(create_app(server))
    server.close()


def test_a_grant_opens_the_running_server_until_it_is_revoked(
    app: TestApp, capsys: pytest.CaptureFixture[str]
) -> None:
    app.get("/all.atom", status=401)

    run(["grant", "add", "Ann's phone"])
    token = capsys.readouterr().out.strip()
    password = {"Authorization": "Basic " + b64encode(f"ann:{token}".encode()).decode()}
    feed = app.get("/all.atom", headers=password, status=200)

    assert token not in feed.text
    unchanged = password | {"If-None-Match": feed.headers["ETag"]}
    app.get("/all.atom", headers=unchanged, status=304)

    run(["grant", "revoke", "Ann's phone"])
    app.get("/all.atom", headers=unchanged, status=401)
