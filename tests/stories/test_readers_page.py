"""The commands of docs/readers.md, run as they stand there, on a private server.

The token goes into the address, as that page says of each of these readers.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver.assembly import assemble
from feedserver.settings import make_settings
from tests.builders import AUTHORITY, make_draft
from tests.stories.test_serving import Running, free_port, wait_until_it_answers

PAGE = Path(__file__).parents[2] / "docs" / "readers.md"
PROGRAMS = {"newsboat": "newsboat", "sfeed": "sfeed_update", "rss2email": "r2e", "curl": "curl"}
"""What the page shows the commands of, each with the program that must be installed."""


def commands() -> dict[str, str]:
    """What the page shows, by what it shows it of."""
    text = PAGE.read_text(encoding="utf-8")
    return dict(
        re.findall(r"^(\w+)[^\n]*:\n\n```console\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A private server with two entries in queue Support, and an address that opens it."""
    folder = tmp_path_factory.mktemp("server")
    writer = assemble(make_settings(folder, {"authority": AUTHORITY, "reading": "private"}))
    writer.intake.record([make_draft(queues=("Support",)) for _ in range(2)])
    token = writer.grants.add("reader", can_write=False)
    writer.close()
    port = free_port()
    settings = f'authority = "{AUTHORITY}"\nreading = "private"\n'
    (folder / "feedserver.toml").write_text(settings, encoding="utf-8")
    running = Running(folder, port, "serve", "--no-worker", "--port", str(port))
    try:
        wait_until_it_answers(running)
        yield running, f"http://any:{token}@127.0.0.1:{port}"
    finally:
        running.process.kill()
        running.process.wait(10)
        running.log.close()


def test_the_page_shows_commands_of_these_programs() -> None:
    assert set(commands()) == set(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_commands_work_as_they_stand_there(
    server: tuple[Running, str], tmp_path: Path, name: str
) -> None:
    if shutil.which(PROGRAMS[name]) is None:
        pytest.skip(f"not installed: {PROGRAMS[name]}")
    running, base = server
    lines = commands()[name].replace("http://127.0.0.1:8000", base).splitlines()
    script = "\n".join(line.removeprefix("$ ") for line in lines if line.startswith("$ "))
    environment = {key: os.environ[key] for key in os.environ if not key.startswith("XDG_")}
    asked = len(running.said())

    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        env=environment | {"HOME": str(tmp_path)},
        check=False,
        capture_output=True,
        timeout=60,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert [line for line in lines if not line.startswith("$ ")] == [
        line for line in done.stdout.splitlines() if line in lines
    ]
    answers = re.findall(r"GET /queues/Support\S* (\d+)", running.said()[asked:])
    assert set(answers) == {"200"}, running.said()
