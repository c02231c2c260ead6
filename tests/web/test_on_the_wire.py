"""What comes out of the server that `serve` runs, byte by byte."""

import re
import socket
from collections.abc import Iterator

import pytest

from feedserver.web.app import create_app
from tests.web.conftest import Site
from tests.web.listening import listening


@pytest.fixture
def address(site: Site) -> Iterator[tuple[str, int]]:
    """Where the server listens."""
    site.record_some(3)
    with listening(create_app(site.server), site.server) as port:
        yield "127.0.0.1", port


def ask(address: tuple[str, int], method: str, path: str, **headers: str) -> tuple[str, str, bytes]:
    """Status, head and body, as they come until the connection is closed."""
    lines = [f"{method} {path} HTTP/1.1", "Host: feeds.example", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        told = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = told.partition(b"\r\n\r\n")
    status, _, rest = head.decode("latin-1").partition("\r\n")
    return status, rest, body


def named(head: str, *names: str) -> list[str]:
    """What the headers of those names are; fails where one is missing."""
    lines = dict(line.split(": ", 1) for line in head.lower().splitlines())
    return [lines[name.lower()] for name in names]


@pytest.mark.parametrize("path", ["/all.atom", "/", "/feeds.json"])
def test_a_304_has_its_headers_and_a_date_and_nothing_after_them(
    address: tuple[str, int], path: str
) -> None:
    _, first, body = ask(address, "GET", path, Accept_Encoding="br")
    etag = re.findall(r"(?im)^etag: (.+)$", first.replace("\r", ""))[0]

    status, again, nothing = ask(address, "GET", path, Accept_Encoding="br", If_None_Match=etag)

    assert (status.split()[1], nothing) == ("304", b"")
    assert body != b""
    kept = ("ETag", "Cache-Control", "Vary")
    assert named(again, *kept) == named(first, *kept)
    assert named(again, "Date")
    assert "content-" not in again.lower().replace("x-content-type-options", "")


@pytest.mark.parametrize("path", ["/all.atom", "/", "/feeds.json"])
def test_head_is_get_without_the_body(address: tuple[str, int], path: str) -> None:
    _, of_get, body = ask(address, "GET", path)

    status, of_head, nothing = ask(address, "HEAD", path)

    assert (status.split()[1], nothing) == ("200", b"")
    assert named(of_head, "Content-Length") == [str(len(body))]
    same = ("ETag", "Content-Type", "Cache-Control", "Vary")
    assert named(of_head, *same) == named(of_get, *same)
