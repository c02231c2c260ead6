"""An installation in a folder of its own: its server process, and other commands beside it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from feedserver.assembly import open_grants
from feedserver.settings import load_settings

AUTHORITY = "checker.example,2026"
ROOT = Path(__file__).parents[2]
START = 30  # seconds in which a server must be ready, with all that the log holds

_SETTINGS = """
authority = "{authority}"
base_url = "http://127.0.0.1:{port}"
"""


class Installation:
    """The settings, the store and the processes; `launcher` is what starts the server."""

    def __init__(self, folder: Path, launcher: Sequence[str] = ("-m", "feedserver")) -> None:
        self._folder = folder
        self._launcher = launcher
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        settings = folder / "feedserver.toml"
        settings.write_text(_SETTINGS.format(authority=AUTHORITY, port=self.port), encoding="utf-8")
        paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
        self._environment = os.environ | {
            "FEEDSERVER_SETTINGS": str(settings),
            "PYTHONPATH": os.pathsep.join(paths),
        }
        self.token = self._granted()
        self._server: subprocess.Popen[bytes] | None = None

    def _granted(self) -> str:
        # As `grant add` does; a process of its own would take as long as finding a planted fault.
        with open_grants(load_settings(self._environment)) as grants:
            return grants.add("checker", True)

    def start(self) -> None:
        """Start the server; on return it answers. Raises RuntimeError where it does not."""
        arguments = ("serve", "--no-worker", "--port", str(self.port))
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [sys.executable, *self._launcher, *arguments],
                env=self._environment,
                cwd=self._folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self._server.poll() is None:
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        said = (self._folder / "log").read_text(encoding="utf-8")
        raise RuntimeError(f"the server does not start: {said[-2000:]}")

    def kill(self) -> None:
        """Kill the server at once, whatever it is doing (SIGKILL)."""
        assert self._server is not None
        self._server.kill()
        self._server.wait(10)

    def close(self) -> None:
        """Kill the server, if it runs."""
        if self._server is not None and self._server.poll() is None:
            self.kill()

    def command(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A process of that command, on the same store."""
        return subprocess.Popen(
            [sys.executable, "-m", "feedserver", *arguments],
            env=self._environment,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def write(self, name: str, content: bytes) -> str:
        """A file in the folder; its path."""
        path = self._folder / name
        path.write_bytes(content)
        return str(path)
