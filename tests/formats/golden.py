"""Golden files: the bytes of a format, kept beside the tests."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def assert_golden(name: str, document: bytes) -> None:
    """The document is as the file has it; with FEEDSERVER_WRITE_GOLDEN the file is written."""
    path = FOLDER / name
    if os.environ.get("FEEDSERVER_WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document)
    assert document.decode() == path.read_bytes().decode()
