"""Which encoding a reader is given (RFC 9110, section 12.5.3)."""

import gzip

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.web.encodings import IDENTITY, accepted, encode


@pytest.mark.parametrize(
    ("header", "first"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("br", "br"),
        ("GZIP", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("deflate, compress, zstd", "identity"),
        ("br;q=0.9, gzip", "gzip"),
        ("br;q=0.9, gzip;q=0.8", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip, identity", "gzip"),
        ("gzip;q=0.001", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0, *", "gzip"),
        ("gzip;q=0, identity;q=0, *;q=0.1", "br"),
        ("*", "identity"),
        ("*;q=0, br", "br"),
        ("*, gzip;q=0.5", "identity"),
        ("gzip;q=nonsense", "identity"),
        (";;;,,=", "identity"),
        ("identity;q=0", "identity"),  # who refuses everything gets what can be read
        ("*;q=0", "identity"),
    ],
)
def test_the_reader_is_given_what_it_likes_best(header: str | None, first: str) -> None:
    assert accepted(header)[0] == first


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (None, {"identity", "gzip", "br"}),
        ("gzip", {"identity", "gzip"}),
        ("gzip, identity;q=0", {"gzip"}),
        ("*;q=0, gzip", {"gzip"}),
        ("*", {"identity", "gzip", "br"}),
    ],
)
def test_what_is_not_refused_is_taken(header: str | None, taken: set[str]) -> None:
    assert set(accepted(header)) == taken


@given(st.text(max_size=50))
def test_there_is_always_one_to_give(header: str) -> None:
    assert accepted(header)


def test_what_is_encoded_can_be_read_and_is_the_same_each_time() -> None:
    body = b"<feed>" + b"<entry/>" * 1000

    for encoding, decode in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        encoded = encode(body, encoding)
        assert decode(encoded) == body
        assert encoded == encode(body, encoding)
        assert len(encoded) < len(body) / 20
    assert accepted(None)[0] == IDENTITY
