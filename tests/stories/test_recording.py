"""`feedserver record` in processes of its own: killed, started again, and several at once."""

import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedserver.clock import system_clock
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, activities

LINES = 5000

Process = subprocess.Popen[str]


class Place:
    """An installation, and the processes that were started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "feedserver.toml").write_text(f'authority = "{AUTHORITY}"\n', encoding="utf-8")
        self.log = open_log("sqlite:///feedserver.db", folder, AUTHORITY, system_clock)
        self._started: list[Process] = []

    def start(self, *arguments: str) -> Process:
        """A process of that command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "feedserver", *arguments],
            env=os.environ | {"FEEDSERVER_SETTINGS": str(self.folder / "feedserver.toml")},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._started.append(process)
        return process

    def write(self, name: str, activities: list[dict[str, Any]]) -> None:
        """A file of these, one a line."""
        lines = (json.dumps(activity) + "\n" for activity in activities)
        (self.folder / name).write_text("".join(lines), encoding="utf-8")

    def close(self) -> None:
        """End everything that was started."""
        self.log.close()
        for process in self._started:
            process.kill()
            process.communicate(timeout=10)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


def told(recording: Process) -> tuple[int, ...]:
    """How many were recorded, known and refused, as it says at its end."""
    said, _ = recording.communicate(timeout=30)
    match = re.fullmatch(r".*: ([\d,]+) recorded, ([\d,]+) known, ([\d,]+) refused\n", said)
    assert match is not None, said
    return tuple(int(number.replace(",", "")) for number in match.groups())


class Reader(threading.Thread):
    """Reads what a server has from its beginning, and goes on until it is stopped."""

    def __init__(self, place: Place) -> None:
        super().__init__(daemon=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._server = place.start("serve", "--no-worker", "--port", str(self._port))
        self._stopped = threading.Event()
        self._address = f"http://127.0.0.1:{self._port}/all.json?after=&limit=500"
        self.ids: list[str] = []

    def run(self) -> None:
        """Read all that there is, again and again; the last time after it was stopped."""
        while not self._listens():
            time.sleep(0.02)
        is_last = False
        while not is_last:
            is_last = self._stopped.wait(0.02)
            while self._read():
                pass

    def stop(self) -> list[str]:
        """The ids of all that was read, in order."""
        self._stopped.set()
        self.join(20)
        assert not self.is_alive(), "the reader does not come to an end"
        return self.ids

    def _listens(self) -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self._port)) == 0

    def _read(self) -> bool:
        with urllib.request.urlopen(self._address, timeout=10) as answer:
            page = json.load(answer)
        self.ids += [item["id"] for item in page["orderedItems"]]
        self._address = page["next"]
        return bool(page["orderedItems"])


def kill_in_the_middle(place: Place, recording: list[Process]) -> int:
    """Kill the processes some time after one has recorded more; how much is in the log."""
    before = place.log.head()
    while place.log.head() == before and any(process.poll() is None for process in recording):
        time.sleep(0.005)
    time.sleep(random.uniform(0, 0.05))
    for process in recording:
        process.kill()
        process.communicate(timeout=10)
    return place.log.head()


def test_killed_at_any_moment_and_started_again_it_records_each_line_once(place: Place) -> None:
    chance = random.Random(5)
    named = [{"id": f"urn:example:{n}", "actor": "Ann", "object": "A"} for n in range(LINES // 2)]
    unnamed = [
        {"actor": "Ann", "object": f"Case {chance.randrange(LINES // 3)}"}
        for _ in range(LINES // 2)
    ]
    lines = chance.sample(named + unnamed, LINES)
    place.write("lines", lines)
    reader = Reader(place)
    reader.start()

    heads = []
    for writers in (1, 2, 2):
        recording = [place.start("record", "lines") for _ in range(writers)]
        heads.append(kill_in_the_middle(place, recording))
    recording = [place.start("record", "lines") for _ in range(2)]
    answers = [told(process) for process in recording]

    assert 0 < heads[0] < LINES, "the first was not killed in the middle; give it more lines"
    assert [process.returncode for process in recording] == [0, 0]
    assert [sum(answer) for answer in answers] == [LINES, LINES]
    assert sum(recorded for recorded, _, _ in answers) == LINES - heads[-1]
    recorded = activities(place.log.read(0))
    ids = [activity.id for activity in recorded]
    assert len(set(ids)) == len(ids) == LINES
    assert {line["id"] for line in named} < set(ids)
    contents = Counter(
        activity.draft.object.name
        for activity in recorded
        if activity.draft.object is not None and not activity.id.startswith("urn:")
    )
    assert contents == Counter(line["object"] for line in unnamed)
    assert max(contents.values()) > 1
    assert reader.stop() == ids


def test_of_two_files_with_the_same_ids_each_id_is_the_winner_s(place: Place) -> None:
    for name in ("one", "other"):
        place.write(
            name, [{"id": f"urn:example:{n}", "actor": "Ann", "title": name} for n in range(3000)]
        )

    recording = [place.start("record", name) for name in ("one", "other")]
    answers = [told(process) for process in recording]

    titles = Counter(activity.draft.title for activity in activities(place.log.read(0)))
    assert [recorded for recorded, _, _ in answers] == [titles["one"], titles["other"]]
    assert [refused for _, _, refused in answers] == [titles["other"], titles["one"]]
    assert titles.total() == 3000
    assert {process.returncode for process in recording} <= {0, 1}
