"""Makes the README's pictures: the demo's stream in a real browser, light and dark.

    python docs/pictures/make.py [FOLDER]

The demo's history ends at a fixed moment, so that a picture changes only when the page does.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from feedserver.crm.demo import DemoCrm

MOMENT = datetime(2026, 11, 20, 15, 50, tzinfo=UTC)
ADDRESS = "/queues/Support?-tag=recall"
SIZE = (1100, 640)  # CSS pixels
SCALE = 1.5  # pixels of the picture for each of them, for fine screens
MODES: dict[str, tuple[str, ...]] = {"stream.png": (), "stream-dark.png": ("--force-dark-mode",)}

STILL = "0.0001"  # the speed of a demo in which nothing happens while its picture is taken
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
INSTALL = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
OPTIONS = (
    "--headless=new",
    "--hide-scrollbars",
    f"--force-device-scale-factor={SCALE}",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # it asks nobody else
)


def main() -> None:
    """Make both pictures, and tell where they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    goal = parser.parse_args().folder
    browser = _browser()
    with tempfile.TemporaryDirectory(prefix="feedserver-pictures-") as name:
        folder = Path(name)
        with _demo(folder) as base:
            for file, options in MODES.items():
                picture = goal.absolute() / file
                _shoot(browser, base + ADDRESS, options, picture, folder / "profile")
                print(f"{picture}: {picture.stat().st_size:,} bytes")


def _browser() -> str:
    """The path of a browser; where there is none and we may, it is installed."""
    if not any(map(shutil.which, BROWSERS)) and shutil.which("apt-get") and os.getuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(INSTALL, check=False, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    sys.exit(f"No browser is here ({', '.join(BROWSERS)}). Install one: {' '.join(INSTALL)}")


@contextmanager
def _demo(folder: Path) -> Iterator[str]:
    """The demo as it was at the moment, on a free port; its base address."""
    DemoCrm(folder / "instance" / "demo" / "crm.sqlite", lambda: MOMENT).prepare()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    command = [sys.executable, "-m", "feedserver", "demo", "--port", str(port), "--speed", STILL]
    log = folder / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as demo,
    ):
        try:
            # What it prints when it serves ends with how to stop it.
            if not any("Ctrl-C" in line for line in demo.stdout or ()):
                sys.exit(f"The demo did not start:\n{log.read_text()}")
            yield f"http://127.0.0.1:{port}"
        finally:
            demo.terminate()


def _shoot(
    browser: str, address: str, options: tuple[str, ...], picture: Path, profile: Path
) -> None:
    """Write what the browser shows at the address as PNG."""
    picture.unlink(missing_ok=True)
    # Its sandbox refuses root, as whom a container runs; the only page it sees is ours.
    root = ["--no-sandbox"] if os.getuid() == 0 else []
    command = [
        *(browser, *OPTIONS, *options, *root),
        f"--user-data-dir={profile}",
        f"--window-size={SIZE[0]},{SIZE[1]}",
        f"--screenshot={picture}",
        address,
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if not picture.exists():
        sys.exit(f"{browser} took no picture:\n{run.stderr}")


if __name__ == "__main__":
    main()
