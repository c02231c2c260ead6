"""The real server process, asked over a real connection on this machine."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from feedserver.clock import system_clock
from feedserver.crm.demo import DemoCrm

SETTINGS = """
authority = "example.com,2026"
base_url = "http://127.0.0.1:{port}"
[sources.crm]
type = "clarify"
url = "sqlite:///{folder}/crm.sqlite"
timezone = "UTC"
start = "all"
every = 0.2
"""


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Running:
    """A feedserver process."""

    def __init__(self, folder: Path, port: int, *arguments: str) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.folder = folder
        self.log = (folder / "log").open("w+b")
        environment = os.environ | {"FEEDSERVER_SETTINGS": str(folder / "feedserver.toml")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "feedserver", *arguments],
            env=environment,
            cwd=folder,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                state = json.loads(self.get("/readyz"))
                if state["sources"]["crm"]["state"] == "following":
                    return
            except OSError:
                assert self.process.poll() is None, self.said()
            time.sleep(0.05)
        pytest.fail(f"not ready: {self.said()}")

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.base + path, timeout=10) as answer:
            body: bytes = answer.read()
            return body

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def wait_until_it_answers(running: Running) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            running.get("/healthz")
            return
        except OSError:
            assert running.process.poll() is None, running.said()
        time.sleep(0.05)
    pytest.fail(f"it does not answer: {running.said()}")


@contextmanager
def serving(folder: Path) -> Iterator[Running]:
    """A server in that folder, which has read a demo CRM of one day."""
    port = free_port()
    DemoCrm(folder / "crm.sqlite", system_clock).prepare(days=1)
    text = SETTINGS.format(port=port, folder=folder)
    (folder / "feedserver.toml").write_text(text, encoding="utf-8")
    server = Running(folder, port, "serve", "--port", str(port))
    try:
        server.wait_until_ready()
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(10)
        server.log.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all the tests that leave it as it is."""
    with serving(tmp_path_factory.mktemp("serving")) as server:
        yield server


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Running]:
    """A server for one test, which ends it."""
    with serving(tmp_path) as server:
        yield server


def test_sigterm_finishes_what_is_in_hand_and_leaves_with_0(mortal: Running) -> None:
    answers: list[int] = []

    def ask(number: int) -> None:
        answers.append(len(mortal.get(f"/all.atom?limit=500&utm_x={number}")))

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in asking:
        thread.start()
    deadline = time.monotonic() + 20
    while not answers and time.monotonic() < deadline:
        time.sleep(0.01)  # by the first answer the server has taken them all
    in_hand = len(asking) - len(answers)
    code = mortal.stop()
    for thread in asking:
        thread.join(10)

    assert code == 0, mortal.said()
    assert in_hand > 0, "the server was too quick for this test; ask for more"
    assert len(answers) == len(asking)
    assert min(answers) > 1000


def test_a_line_is_logged_for_each_request(running: Running) -> None:
    running.get("/queues/Support.atom?limit=1")

    assert re.search(r"127\.0\.0\.1 GET /queues/Support\.atom\?limit=1 200 \d+", running.said())


def test_a_second_server_on_the_port_is_told_what_to_do(running: Running) -> None:
    port = running.base.rpartition(":")[2]

    second = subprocess.run(
        [sys.executable, "-m", "feedserver", "serve", "--port", port],
        env=os.environ | {"FEEDSERVER_SETTINGS": str(running.folder / "feedserver.toml")},
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert second.returncode == 1
    assert f"Port {port} is in use. Try --port {int(port) + 1}." in second.stderr
    assert "Traceback" not in second.stderr


def test_what_another_process_records_is_in_the_next_poll(running: Running) -> None:
    told = json.loads(running.get("/all.json?limit=0"))["totalItems"]
    before = entries(running)
    stop = threading.Event()
    life = threading.Thread(
        target=DemoCrm(running.folder / "crm.sqlite", system_clock).live, args=(20_000, stop)
    )
    life.start()
    deadline = time.monotonic() + 10  # at some hours little happens
    while entries(running) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()
    life.join(5)

    subprocess.run(
        [sys.executable, "-m", "feedserver", "pull", "--once"],
        env=os.environ | {"FEEDSERVER_SETTINGS": str(running.folder / "feedserver.toml")},
        check=True,
        capture_output=True,
        timeout=30,
    )

    assert json.loads(running.get("/all.json?limit=0"))["totalItems"] > told


def entries(running: Running) -> int:
    """How many entries the CRM has."""
    with closing(sqlite3.connect(running.folder / "crm.sqlite")) as crm:
        return int(crm.execute("SELECT count(*) FROM table_act_entry").fetchone()[0])


def test_the_readmes_program_reads_every_entry_once(running: Running, tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    page = json.loads(running.get("/queues/Support.json?after=&limit=500"))
    expected = [f"{item['published']} {item['name']}" for item in page["orderedItems"]]
    told = tmp_path / "told"

    with told.open("wb") as output:
        reading = subprocess.Popen(
            [sys.executable, "-u", "-c", program.replace("http://127.0.0.1:8000", running.base)],
            stdout=output,
        )
        deadline = time.monotonic() + 20
        while told.read_bytes().count(b"\n") < len(expected) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.5)  # it must not go on to tell them again
        reading.kill()
        reading.wait(5)

    assert told.read_text(encoding="utf-8").splitlines() == expected
    assert len(expected) > 10


@pytest.mark.skipif(shutil.which("sfeed") is None, reason="sfeed is not installed")
def test_sfeed_reads_the_feed_as_it_is(running: Running) -> None:
    page = json.loads(running.get("/all.json"))

    read = subprocess.run(
        ["sfeed"], input=running.get("/all.atom"), capture_output=True, check=True, timeout=10
    )

    rows = [line.split("\t") for line in read.stdout.decode().splitlines()]
    assert [row[5] for row in rows] == [item["id"] for item in page["orderedItems"]]
    assert [row[1] for row in rows] == [item["name"] for item in page["orderedItems"]]
    assert all(row[2].startswith(running.base) for row in rows)


@pytest.mark.skipif(shutil.which("newsboat") is None, reason="newsboat is not installed")
def test_newsboat_has_every_entry_once(running: Running, tmp_path: Path) -> None:
    (tmp_path / "urls").write_text(f"{running.base}/all.atom\n", encoding="utf-8")
    reload = ["newsboat", "-u", "urls", "-c", "cache.db", "-C", "/dev/null", "-x", "reload"]
    environment = os.environ | {"HOME": str(tmp_path)}

    for _ in range(2):
        subprocess.run(
            reload, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=30
        )

    items = json.loads(running.get("/all.json"))["orderedItems"]
    unread = subprocess.run(
        [*reload[:-1], "print-unread"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert unread.stdout.decode().startswith(f"{len(items)} unread")
