"""The pictures of the README: they are there, and their script takes what they should show."""

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "docs" / "pictures" / "make.py"
WIDEST, LARGEST = 2200, 250_000  # pixels, and bytes of what every visitor loads

BROWSER = """#!{python}
# Asks as a browser does, and tells what it was told.
import json, pathlib, sys, urllib.request
options, address = sys.argv[1:-1], sys.argv[-1]
request = urllib.request.Request(address, headers={{"Accept": "text/html"}})
page = urllib.request.urlopen(request, timeout=20).read().decode()
goal = next(each for each in options if each.startswith("--screenshot=")).partition("=")[2]
pathlib.Path(goal).write_text(json.dumps([options, page]))
"""


def test_the_pictures_of_the_readme_are_there_light_and_dark() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = re.findall(r'(?:src|srcset)="([^"]+)"', readme)

    assert sorted(names) == ["docs/pictures/stream-dark.png", "docs/pictures/stream.png"]
    for name in names:
        picture = (ROOT / name).read_bytes()
        width, height = struct.unpack_from(">II", picture, 16)
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        assert 1100 <= width <= WIDEST
        assert width / 2 < height < width
        assert 20_000 < len(picture) < LARGEST


def test_the_script_takes_the_same_stream_of_the_demo_light_and_dark(tmp_path: Path) -> None:
    browser = tmp_path / "chromium"
    browser.write_text(BROWSER.format(python=sys.executable), encoding="utf-8")
    browser.chmod(0o755)

    subprocess.run(
        [sys.executable, SCRIPT, tmp_path],
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=60,
    )

    light, page = json.loads((tmp_path / "stream.png").read_text("utf-8"))
    dark, same_page = json.loads((tmp_path / "stream-dark.png").read_text("utf-8"))
    assert page == same_page
    assert page.count('<li class="entry">') > 20
    assert "newest 2026-11-20 15:" in page
    assert "--force-dark-mode" in dark
    assert "--force-dark-mode" not in light
