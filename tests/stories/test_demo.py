"""What the demo prints is what a newcomer tries first."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_lines_that_send_something_and_look_at_it_work_at_each_start(tmp_path: Path) -> None:
    for _ in range(2):
        command = [sys.executable, "-m", "feedserver", "demo", "--port", str(free_port())]
        demo = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert demo.stdout is not None
            told = ""
            while "Ctrl-C" not in told:
                line = demo.stdout.readline()
                assert line, told
                told += line
            shown = re.search(r"(curl \S+/activities .*?}')", told, re.DOTALL)
            assert shown is not None, told
            sent = [*shlex.split(shown[1].replace("\\\n", " ")), "-sS", "-w", "%{http_code}"]
            said = subprocess.run(sent, check=True, timeout=20, stdout=subprocess.PIPE, text=True)
        finally:
            demo.terminate()
            demo.wait(15)
            if demo.stdout is not None:
                demo.stdout.close()

        assert said.stdout.endswith("201")
        assert "Me posted My first activity" in said.stdout

    how = re.search(r"FEEDSERVER_SETTINGS=(\S+) feedserver (doctor)", told)
    assert how is not None, told
    looked = subprocess.run(
        [sys.executable, "-m", "feedserver", how[2]],
        env={**os.environ, "FEEDSERVER_SETTINGS": how[1]},
        timeout=60,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert (looked.returncode, looked.stdout[-9:]) == (0, " 0 FAIL.\n"), looked.stdout
