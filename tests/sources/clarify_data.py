"""The Clarify databases that were made from a real service desk's log, where they are there."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

OUT_OF_ORDER = frozenset({268435522, 268436217, 268436223, 268436224})
"""Entries whose time is not in the order of their objids; expected files go by time."""


def data_folder() -> Path:
    """The folder of the databases; skips the test where nobody has said where it is."""
    named = os.environ.get("FEEDSERVER_TEST_DATA")
    folder = Path(named or "nowhere")
    if not (folder / "clarify").is_dir():
        pytest.skip("FEEDSERVER_TEST_DATA names no folder with clarify/ in it")
    return folder


def unpacked(name: str, folder: Path) -> Path:
    """A copy of that database in the folder, to be used up."""
    path = folder / f"{name}.sqlite"
    packed = data_folder() / "clarify" / f"clarify-{name}.sqlite.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path


def expected(name: str) -> dict[str, Any]:
    """What must come out of that database."""
    path = data_folder() / "clarify" / f"expected-{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
