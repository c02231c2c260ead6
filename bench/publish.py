"""Measures `feedserver publish` against the start of the interpreter and of SQLAlchemy.

    python bench/publish.py [RUNS]

A CRM starts the command for each entry of its log, so it must be quick: here no more than twice
the time of `python -c 'import sqlalchemy'`, over HTTP no more than three times that of
`python -c pass`. All commands run in turns, in one go, and what is told are medians. Exits with 1
where the command is slower than that.
"""

import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from feedserver.clock import system_clock
from feedserver.crm.demo import DemoCrm

RUNS = 31
WARM_UP = 3  # runs of each command before those that count

SETTINGS = """
authority = "bench.example,2026"
base_url = "http://127.0.0.1:{port}"
[sources.crm]
type = "clarify"
url = "sqlite:///{folder}/crm.sqlite"
timezone = "UTC"
start = "now"
"""

SCRIPT = str(Path(sys.executable).parent / "feedserver")
Commands = Mapping[str, Sequence[str]]


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    folder = Path(tempfile.mkdtemp(prefix="feedserver-bench-"))
    try:
        DemoCrm(folder / "crm.sqlite", system_clock).prepare(days=7)
        medians = _measure(folder, runs)
    finally:
        shutil.rmtree(folder)
    for name, seconds in medians.items():
        print(f"{name:<32} {seconds * 1000:6.1f} ms")
    here = medians["publish, new"] / medians["import sqlalchemy"]
    known = medians["publish, known"] / medians["import sqlalchemy"]
    there = medians["publish --server, new"] / medians["python -c pass"]
    known_there = medians["publish --server, known"] / medians["python -c pass"]
    print(f"{'here / import sqlalchemy':<32} {here:6.2f}  (known: {known:.2f}; at most 2)")
    print(f"{'over HTTP / python -c pass':<32} {there:6.2f}  (known: {known_there:.2f}; at most 3)")
    if max(here, known) > 2 or max(there, known_there) > 3:
        sys.exit(1)


def _measure(folder: Path, runs: int) -> dict[str, float]:
    """The median seconds of each command, all of them run in turns."""
    port = _free_port()
    settings = folder / "feedserver.toml"
    settings.write_text(SETTINGS.format(port=port, folder=folder), encoding="utf-8")
    environment = os.environ | {
        "FEEDSERVER_SETTINGS": str(settings),
        # Compiled, as pip leaves what it installs, and nothing of it in the checkout.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }
    environment["FEEDSERVER_TOKEN"] = _token(environment)
    taken: dict[str, list[float]] = {}
    with _serving(environment, port):
        for run, commands in enumerate(_turns(folder, port, runs + WARM_UP)):
            for name, command in commands.items():
                began = time.perf_counter()
                subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
                if run >= WARM_UP:
                    taken.setdefault(name, []).append(time.perf_counter() - began)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _turns(folder: Path, port: int, count: int) -> Iterator[Commands]:
    """The commands of each turn: each turn publishes entries that are new."""
    with closing(sqlite3.connect(folder / "crm.sqlite")) as crm:
        rows = crm.execute(
            "SELECT act_entry2case, objid FROM table_act_entry "
            "WHERE act_entry2case IS NOT NULL ORDER BY objid LIMIT ?",
            [2 * count],
        ).fetchall()
    if len(rows) < 2 * count:
        raise SystemExit(f"at most {len(rows) // 2 - WARM_UP} runs")
    server = ("--server", f"http://127.0.0.1:{port}")
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        here, there = ((SCRIPT, "publish", "Case", *map(str, row)) for row in (first, second))
        yield {
            "python -c pass": (sys.executable, "-c", "pass"),
            "import sqlalchemy": (sys.executable, "-c", "import sqlalchemy"),
            "publish, new": here,
            "publish, known": here,
            "publish --server, new": (*there, *server),
            "publish --server, known": (*there, *server),
        }


@contextmanager
def _serving(environment: Mapping[str, str], port: int) -> Iterator[None]:
    command = [SCRIPT, "serve", "--no-worker", "--port", str(port)]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(server, port)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(15)


def _wait_for(server: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server does not listen; start one by hand, and it says why")


def _token(environment: Mapping[str, str]) -> str:
    command = [SCRIPT, "grant", "add", "--write", "bench"]
    said = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return said.stdout.decode().strip()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    main()
