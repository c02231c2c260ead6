"""A business rule of the CRM publishes an entry, with the lines that the document gives."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from feedserver.clock import system_clock
from feedserver.crm.demo import DemoCrm
from tests.stories.test_serving import Running, free_port, wait_until_it_answers

DOCUMENT = Path(__file__).parents[2] / "docs" / "business-rules.md"
ADDRESS, TOKEN_FILE = "http://feeds.example:8000", r"C:\feedserver\token.txt"
CASE, ENTRY = "268435458", "268436000"

SETTINGS = """
authority = "example.com,2026"
base_url = "{base}"
[sources.crm]
type = "clarify"
url = "sqlite:///{folder}/crm.sqlite"
timezone = "UTC"
start = "now"
"""


def lines(language: str) -> list[str]:
    """The lines in the document's blocks of that language."""
    text = DOCUMENT.read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


@dataclass
class Site:
    """A feedserver process that does not poll, its folder, and entries of its CRM."""

    running: Running
    folder: Path
    token: str
    rows: list[tuple[int, int]]

    def run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command as a rule would: in a folder without settings, with the token."""
        environment = os.environ | {
            "FEEDSERVER_TOKEN": self.token,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **more,
        }
        return subprocess.run(
            command, env=environment, cwd="/", capture_output=True, text=True, timeout=30
        )

    def titles(self) -> list[str]:
        page = json.loads(self.running.get("/all.json"))
        return [item["name"] for item in page["orderedItems"]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("rules"), free_port()
    DemoCrm(folder / "crm.sqlite", system_clock).prepare(days=1)
    settings = folder / "feedserver.toml"
    text = SETTINGS.format(base=f"http://127.0.0.1:{port}", folder=folder)
    settings.write_text(text, encoding="utf-8")
    with closing(sqlite3.connect(folder / "crm.sqlite")) as crm:
        rows = crm.execute(
            "SELECT act_entry2case, objid FROM table_act_entry "
            "WHERE act_entry2case IS NOT NULL ORDER BY objid LIMIT 20"
        ).fetchall()
    token = subprocess.run(
        [sys.executable, "-m", "feedserver", "grant", "add", "--write", "rules"],
        env=os.environ | {"FEEDSERVER_SETTINGS": str(settings)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout.strip()
    running = Running(folder, port, "serve", "--no-worker", "--port", str(port))
    try:
        wait_until_it_answers(running)
        yield Site(running, folder, token, rows)
    finally:
        running.process.kill()
        running.process.wait(10)
        running.log.close()


@pytest.fixture
def row(site: Site) -> tuple[str, str]:
    """The keys of a case and of an entry of it that no test has published."""
    case, entry = site.rows.pop()
    return str(case), str(entry)


@pytest.mark.parametrize("line", lines("sh"))
def test_the_lines_of_a_shell_publish_an_entry(line: str, site: Site, row: tuple[str, str]) -> None:
    settings = {} if ADDRESS in line else {"FEEDSERVER_SETTINGS": f"{site.folder}/feedserver.toml"}
    line = line.replace(ADDRESS, site.running.base).replace(CASE, row[0]).replace(ENTRY, row[1])

    first, second = (site.run("sh", "-c", line, **settings) for _ in range(2))

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert f"/act_entry/{row[1]}" in first.stdout
    assert "recorded" in first.stdout
    assert "known" in second.stdout
    assert any(title in first.stdout for title in site.titles())


@pytest.mark.parametrize("type_", ["Case", "CASE"])
def test_the_line_of_the_bat_publishes_an_entry(
    type_: str, site: Site, row: tuple[str, str]
) -> None:
    done = bat(site, type_, *row)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "recorded"


def test_the_line_of_the_bat_fails_where_it_must_and_says_why(site: Site) -> None:
    done = bat(site, "Change Request", "1", "1")

    assert done.returncode != 0
    assert json.loads(done.stdout)["detail"] == "crm has no act_entry 1."


def bat(site: Site, *values: str) -> "subprocess.CompletedProcess[str]":
    """Run the curl line of the .bat, with its parameters put in as cmd.exe does."""
    (line,) = lines("bat")
    header = site.folder / "token.txt"
    header.write_text(f"Authorization: Bearer {site.token}\r\n", encoding="ascii")
    line = line.removeprefix("@").replace(ADDRESS, site.running.base)
    line = line.replace(TOKEN_FILE, str(header))
    line = re.sub(r"%~?([1-3])", lambda found: values[int(found[1]) - 1], line)
    assert "%" not in line
    return site.run("sh", "-c", line)


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="PowerShell is not installed")
def test_the_line_of_powershell_publishes_an_entry(site: Site, row: tuple[str, str]) -> None:
    (line,) = lines("powershell")
    line = line.replace(ADDRESS, site.running.base).replace(CASE, row[0]).replace(ENTRY, row[1])

    done = site.run("pwsh", "-NoProfile", "-Command", line)

    assert done.returncode == 0, done.stderr
    assert "recorded" in done.stdout


def test_the_line_of_powershell_names_the_fields() -> None:
    (line,) = lines("powershell")
    body = line.partition("-Body @{")[2]

    assert re.findall(r"(\w+) = ", body) == ["object_type", "database_id", "activity_objid"]


def test_a_token_is_in_no_line_that_the_server_logs(site: Site) -> None:
    bat(site, "Case", "1", "1")

    assert "POST /sources/crm/publish" in site.running.said()
    assert site.token not in site.running.said()
