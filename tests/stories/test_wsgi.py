"""`wsgi:app`, as a WSGI server loads it."""

import runpy
from pathlib import Path

import pytest
from webtest import TestApp


def test_any_wsgi_server_can_serve_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDSERVER_AUTHORITY", "example.com,2026")
    monkeypatch.delenv("FEEDSERVER_SETTINGS", raising=False)
    monkeypatch.chdir(tmp_path)

    app = runpy.run_path(str(Path(__file__).parents[2] / "wsgi.py"))["app"]

    assert TestApp(app).get("/healthz").text == "ok\n"
    assert TestApp(app).get("/all.json").json["totalItems"] == 0
    app.extensions["feedserver"].close()
