"""Lines of a stream of bytes, one at a time: however long the stream, little of it is held."""

import codecs
import json
from collections.abc import Callable, Iterator

Read = Callable[[int], bytes]

_CHUNK = 64 * 1024
_WIDE = ("utf-16", "utf-32")  # where a line feed is more than one byte


def split_lines(read: Read, limit: int, charset: str | None = None) -> Iterator[bytes | None]:
    """The lines without their ends, None for each that is longer than `limit` bytes.

    Lines end with a line feed and nothing else; others may stand inside a JSON text. Those of
    UTF-16 and UTF-32, told by their first bytes as in `strict.decode` or by `charset`, are given
    as UTF-8. Raises UnicodeDecodeError where the stream is not what it, or `charset`, says.
    """
    held, is_too_long = bytearray(), False
    for chunk in _chunks(read, charset):
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            yield None if is_too_long or len(held) + len(end) > limit else bytes(held) + end
            held, is_too_long = bytearray(), False
        held += rest
        if is_too_long or len(held) > limit:
            held, is_too_long = bytearray(), True
    if held or is_too_long:
        yield None if is_too_long else bytes(held)


def is_wide(charset: str | None) -> bool:
    """Whether lines of that charset are given as UTF-8."""
    return _codec(charset).startswith(_WIDE)


def _codec(charset: str | None) -> str:
    try:
        return codecs.lookup(charset or "utf-8").name
    except (LookupError, ValueError):
        return ""


def _chunks(read: Read, charset: str | None) -> Iterator[bytes]:
    chunk = beginning = read(_CHUNK)
    while len(beginning) < 4 and chunk:  # a pipe gives what it has
        chunk = read(_CHUNK)
        beginning += chunk
    told = json.detect_encoding(beginning)
    if told != "utf-8" and charset and not _codec(charset).startswith("utf"):
        raise UnicodeDecodeError(charset, beginning, 0, 2, f"it begins in {told}")
    wide = next((name for name in (told, charset) if name and is_wide(name)), None)
    decoder = None if wide is None else codecs.getincrementaldecoder(wide)()
    chunk = beginning
    while chunk:
        yield chunk if decoder is None else decoder.decode(chunk).encode()
        chunk = read(_CHUNK)
    if decoder is not None:
        yield decoder.decode(b"", final=True).encode()
