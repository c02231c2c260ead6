"""What is measured: servers in processes of their own, each on its core, and what they cost.

Servers run on the first of two cores, what asks them on the second, so that a server that does
more for a request does not take the time of the one that counts. Linux alone.
"""

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

SERVERS, LOAD = 0, 1  # cores
HERE = Path(__file__).parent
_TICKS = os.sysconf("SC_CLK_TCK")

NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  etag on;
  gzip_static on;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  types {{ application/atom+xml atom; }}
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def require(*programs: str) -> None:
    """End with 0, saying what is needed, where a program is missing or there is but one core."""
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin"  # where Debian has nginx, and users do not look
    lacking = [program for program in programs if shutil.which(program) is None]
    if lacking:
        print(
            f"Not measured: {' and '.join(lacking)} must be installed (Debian: apt install "
            "nginx-light wrk util-linux)."
        )
        sys.exit(0)
    if not {SERVERS, LOAD} <= os.sched_getaffinity(0):
        print("Not measured: two cores are needed, one for the server and one for who asks it.")
        sys.exit(0)


def prepare() -> None:
    """Run on the core of those who ask, and with as many open files as are allowed."""
    os.sched_setaffinity(0, {LOAD})
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Serving:
    """A server that runs: its port, and what all of its processes cost."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.port = port
        self._process = process

    def cpu(self) -> float:
        """Seconds of CPU until now."""
        return sum(sum(map(int, stat[11:13])) for _, stat in self._processes()) / _TICKS

    def memory(self, kind: str = "Pss") -> float:
        """Kilobytes that are its own, with its part of what is shared; `Rss` counts all of it."""
        return sum(self._rollup(pid, kind) for pid, _ in self._processes())

    def open_files(self) -> int:
        """How many files and connections it has open."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid, _ in self._processes())

    def get(
        self, address: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """The answer to a request, over a connection of its own."""
        ((_, status, fields, body),) = ask(self.port, [(address, headers)])
        return status, fields, body

    def stop(self) -> float:
        """End it with SIGTERM; the seconds that it took."""
        began = time.perf_counter()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # its own session, which we have made
            raise
        return time.perf_counter() - began

    def listens(self) -> bool:
        """Whether it takes connections now. Raises SystemExit where it has ended."""
        if self._process.poll() is not None:
            raise SystemExit(f"bench: {self._process.args!r} ended; start it by hand to see why")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _processes(self) -> Iterator[tuple[int, list[str]]]:
        """Those of its session, each with the fields of its `stat` from the state on."""
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    stat = (folder / "stat").read_text().rpartition(")")[2].split()
                except OSError:  # it has ended
                    continue
                if int(stat[3]) == self._process.pid:
                    yield int(folder.name), stat

    @staticmethod
    def _rollup(pid: int, kind: str) -> float:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(f"{kind}:")))


@contextmanager
def started(
    command: Sequence[str], port: int, environment: Mapping[str, str] | None = None
) -> Iterator[Serving]:
    """A server on the first core, from when it listens until the block is left."""
    process = subprocess.Popen(
        ["taskset", "-c", str(SERVERS), *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    serving = Serving(process, port)
    try:
        deadline = time.monotonic() + 120
        while not serving.listens():
            if time.monotonic() > deadline:
                raise SystemExit(f"bench: {command!r} does not listen")
            time.sleep(0.02)
        yield serving
    finally:
        if process.poll() is None:
            serving.stop()


@contextmanager
def nginx(folder: Path, files: Mapping[str, bytes]) -> Iterator[Serving]:
    """nginx with one worker and those files; the compressed ones end in `.gz`."""
    root, port = folder / "files", free_port()
    root.mkdir(parents=True)
    for name, content in files.items():
        (root / name).write_bytes(content)
    settings = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # else its worker cannot read the folder
    settings.write_text(NGINX.format(user=user, folder=folder, root=root, port=port))
    with started(["nginx", "-e", str(folder / "nginx.log"), "-c", str(settings)], port) as serving:
        yield serving


class Feedserver:
    """A feedserver in a folder of its own, as anybody would run it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        settings = folder / "feedserver.toml"
        settings.write_text(
            f'authority = "bench.example,2026"\nbase_url = "http://127.0.0.1:{self.port}"\n',
            encoding="utf-8",
        )
        self.environment = os.environ | {"FEEDSERVER_SETTINGS": str(settings)}

    def run(self, *arguments: str) -> str:
        """What a command says. Raises SystemExit, with what it complains about."""
        command = [sys.executable, "-m", "feedserver", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"feedserver {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def token(self) -> str:
        """A token for writing, as the header says it."""
        return f"Bearer {self.run('grant', 'add', '--write', 'bench')}"

    @contextmanager
    def serving(self, *command: str) -> Iterator[Serving]:
        """It serves, or the command of the bench's own does that serves its settings."""
        serve = command or ("-m", "feedserver", "serve", "--no-worker")
        whole = [sys.executable, *serve, "--port", str(self.port)]
        with started(whole, self.port, self.environment) as serving:
            yield serving


@dataclass(frozen=True, slots=True)
class Told:
    """What wrk measured: requests a second, bytes of an answer, and milliseconds."""

    rate: float
    size: float
    p50: float
    p95: float
    p99: float
    longest: float
    requests: int


def start_wrk(
    serving: Serving,
    address: str,
    headers: Mapping[str, str],
    seconds: float = 1,
    connections: int = 32,
    think: int | None = None,
) -> "subprocess.Popen[bytes]":
    """Start to ask for an address; `think` is the mean wait in ms between two requests."""
    command = ["taskset", "-c", str(LOAD), "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command += ["-s", str(HERE / "told.lua"), f"http://127.0.0.1:{serving.port}{address}"]
    command += ["--", str(think)] if think is not None else []
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def told(asking: "subprocess.Popen[bytes]") -> Told:
    """What it measured. Raises SystemExit where an answer was an error."""
    said, _ = asking.communicate()
    found = json.loads(said.splitlines()[-1])
    if found["refused"] or found["failed"] or not found["requests"]:
        raise SystemExit(f"bench: {asking.args!r}: not every answer was one: {found}")
    return Told(
        rate=found["requests"] / found["microseconds"] * 1e6,
        size=found["bytes"] / found["requests"],
        p50=found["p50"] / 1000,
        p95=found["p95"] / 1000,
        p99=found["p99"] / 1000,
        longest=found["longest"] / 1000,
        requests=found["requests"],
    )


def ask(
    port: int, requests: Sequence[tuple[str, Mapping[str, str]]]
) -> Iterator[tuple[float, int, http.client.HTTPMessage, bytes]]:
    """Each answer on one connection, with the milliseconds that it took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for address, headers in requests:
            began = time.perf_counter()
            connection.request("GET", address, headers=dict(headers))
            answer = connection.getresponse()
            body = answer.read()
            milliseconds = (time.perf_counter() - began) * 1000
            yield milliseconds, answer.status, answer.headers, body
    finally:
        connection.close()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def spread(numbers: Sequence[float], form: str = ".2f") -> str:
    """The median, and from where to where they go."""
    low, high = min(numbers), max(numbers)
    return f"{statistics.median(numbers):{form}} [{low:{form}} to {high:{form}}]"


def percentile(numbers: Sequence[float], part: float) -> float:
    """The number below which that part of them lies."""
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * part))]


def row(*cells: object) -> None:
    """Print a row of a table, as the documents have it."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def head(title: str, *cells: str) -> None:
    """Print what stands above a table."""
    print(f"\n{title}\n", flush=True)
    row(*cells)
    row(*["---"] * len(cells))
