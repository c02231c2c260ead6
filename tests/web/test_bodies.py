"""Bodies that are kept, and forgotten."""

from collections.abc import Callable

import pytest

from feedserver.web.bodies import Bodies


class Maker:
    """Makes a body, and counts how often."""

    def __init__(self, body: bytes = b"body") -> None:
        self.made = 0
        self._body = body

    def __call__(self) -> bytes:
        self.made += 1
        return self._body


def nothing_is_made() -> bytes:
    raise AssertionError("it is not kept")


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
def test_a_body_is_made_once_for_all_encodings(encoding: str) -> None:
    bodies, make = Bodies(), Maker()

    first = bodies.get("etag", encoding, make)

    assert bodies.get("etag", encoding, nothing_is_made) == first
    assert bodies.get("etag", "identity", nothing_is_made) == b"body"
    assert make.made == 1


def test_what_is_larger_than_all_there_is_room_for_is_not_kept() -> None:
    bodies = Bodies(capacity=1000)
    bodies.get("a", "identity", lambda: b"xxxx")

    bodies.get("b", "identity", lambda: b"x" * 1001)

    bodies.get("a", "identity", nothing_is_made)
    assert bodies.get("b", "identity", lambda: b"anew") == b"anew"


def test_what_is_forgotten_is_made_anew_in_every_encoding() -> None:
    bodies = Bodies()
    for encoding in ("identity", "gzip", "br"):
        bodies.get("etag", encoding, Maker())

    bodies.forget()

    for encoding in ("gzip", "br", "identity"):
        make = Maker()
        bodies.get("etag", encoding, make)
        assert make.made == (encoding == "gzip")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_what_was_being_made_when_all_was_forgotten_is_not_kept(encoding: str) -> None:
    bodies = Bodies()

    def make_while_something_is_redacted() -> bytes:
        bodies.forget()
        return b"secret"

    make: Callable[[], bytes] = make_while_something_is_redacted
    bodies.get("etag", encoding, make)

    assert bodies.get("etag", "identity", Maker(b"redacted")) == b"redacted"
