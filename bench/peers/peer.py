"""django-activity-stream in a venv of its own, with gunicorn and a database for the bench."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Serving, free_port, started

HERE = Path(__file__).parent
VENV = HERE / ".venv"
_PINNED = HERE / "requirements.txt"
_MADE_OF = VENV / "requirements.txt"  # what stands there now, to see that it is what is pinned


def install() -> bool:
    """Make the venv where it is missing or of other versions; whether there is one."""
    if _MADE_OF.is_file() and _MADE_OF.read_bytes() == _PINNED.read_bytes():
        return True
    print("Installing django-activity-stream into bench/peers/.venv …", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "install", "-r", _PINNED]).returncode:
        print("It cannot be installed now; measured without it.", file=sys.stderr)
        return False
    shutil.copy(_PINNED, _MADE_OF)
    return True


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many activities, in how many seconds; the numbers that Django gives to their kinds."""

    count: int
    seconds: float
    types: dict[str, int]


class Desk:
    """The service desk of the peer."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.database = folder / "desk.sqlite"
        self._environment = os.environ | {
            "DESK_DATABASE": str(self.database),
            "DJANGO_SETTINGS_MODULE": "desk.settings",
            "PYTHONPATH": str(HERE),
        }

    def record(self, way: str, file: Path, synchronous: str = "FULL") -> Recorded:
        """Record the activities of the file: `seed` the database, `send` each alone, or `bulk`."""
        done = subprocess.run(
            [VENV / "bin" / "python", "-m", "desk.work", way, file],
            env=self._environment | {"DESK_SYNCHRONOUS": synchronous},
            check=True,
            stdout=subprocess.PIPE,
        )
        return Recorded(**json.loads(done.stdout))

    @contextmanager
    def serving(self) -> Iterator[Serving]:
        """It serves, with one worker of four threads."""
        port = free_port()
        command = [str(VENV / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}"]
        command += ["--worker-class", "gthread", "--workers", "1", "--threads", "4"]
        command += ["--keep-alive", "75", "django.core.wsgi:get_wsgi_application()"]
        with started(command, port, self._environment) as serving:
            yield serving
