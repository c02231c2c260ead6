"""A feedserver of its own to measure: made in a folder, served, and written to."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Site:
    """A feedserver of its own, and how it is asked; `more` is what its settings say besides."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.port = free_port()
        self.folder = folder
        folder.mkdir()
        settings = folder / "feedserver.toml"
        settings.write_text(
            f'authority = "bench.example,2026"\nbase_url = "http://127.0.0.1:{self.port}"\n{more}',
            encoding="utf-8",
        )
        self._environment = os.environ | {"FEEDSERVER_SETTINGS": str(settings)}
        self.token = self.run("grant", "add", "--write", "bench").decode().strip()

    @contextmanager
    def serving(self, module: str, *arguments: str) -> Iterator["Site"]:
        """It, served by that module."""
        command = [sys.executable, "-m", module, *arguments, "--port", str(self.port)]
        server = subprocess.Popen(
            command,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parent.parent,
        )
        try:
            self._wait_for(server)
            yield self
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(15)

    def _wait_for(self, server: "subprocess.Popen[bytes]") -> None:
        for _ in range(1000):
            if server.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit("the server does not listen; start one by hand, and it says why")

    def settle(self) -> None:
        """Let the index read what was recorded, which is none of the next way's work."""
        address = f"http://127.0.0.1:{self.port}/all.json?limit=0"
        with urllib.request.urlopen(address, timeout=60) as answer:
            answer.read()

    def post(self, media_type: str, body: bytes, more: str = "") -> bytes:
        """The bytes of a POST of activities, with the token."""
        return request("/activities", media_type, body, f"Authorization: Bearer {self.token}", more)

    def run(self, *arguments: str) -> bytes:
        """What a command says on standard output."""
        command = [sys.executable, "-m", "feedserver", *arguments]
        done = subprocess.run(command, env=self._environment, check=True, capture_output=True)
        return done.stdout


def request(path: str, media_type: str, body: bytes, *lines: str) -> bytes:
    """The bytes of a POST with those lines in its head, of which empty ones are left out."""
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {media_type}"]
    head += [f"Content-Length: {len(body)}", *filter(None, lines)]
    return "\r\n".join([*head, "", ""]).encode() + body


def free_port() -> int:
    """A port of 127.0.0.1 at which nothing listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
