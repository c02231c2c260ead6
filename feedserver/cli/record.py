"""`feedserver record`: activities from files and pipes."""

import argparse
import sys
from collections.abc import Collection, Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING

from feedserver.cli.telling import Telling, complain

if TYPE_CHECKING:
    from io import BufferedReader

    from feedserver.assembly import Server
    from feedserver.receiving import Receiving

EXAMPLE = """Examples:
  feedserver record last-year.ndjson          one activity a line
  feedserver record feed.json *.ndjson        collections of Activity Streams 1.0 and 2.0 too
  feedserver record blog.atom                 an Atom feed or entry
  zcat last-year.ndjson.gz | feedserver record -

Stopped or killed, it can be started again with the same files: what is recorded is known by its
id, or, where it has none, by what it says."""

SOURCE = "files"
MAX_LINE = 64 * 1024 * 1024  # bytes of a line, and of a document of several; feeds are one line
_LOOKED_AT = 1024  # bytes, of which the first that is not blank tells XML


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a file, or - for standard input")
    parser.add_argument(
        "--source",
        default=SOURCE,
        help=f"the name under which they are filtered as source (default {SOURCE})",
    )
    parser.add_argument("--charset", help="of the files, if they are not Unicode: windows-1252")


def run(arguments: argparse.Namespace) -> int:
    """Record the files; 1 where anything in them was refused."""
    from feedserver.assembly import assemble
    from feedserver.settings import load_settings

    settings = load_settings()
    source = _free(arguments.source, settings.sources)
    charset = None if arguments.charset is None else _known(arguments.charset)
    server = assemble(settings, with_index=False)
    try:
        server.writing.refuse_while_importing()
        done = [_record(name, _receiving(server, source), charset) for name in arguments.files]
        return 0 if all(done) else 1
    finally:
        server.close()


def _free(source: str, taken: Collection[str]) -> str:
    """The name for what is recorded. Raises SettingsError where it is none, or a source's."""
    from feedserver.errors import SettingsError
    from feedserver.model.text import one_line

    if one_line(source) in ("", *taken):
        raise SettingsError(
            f"--source {source!r} cannot stand for files; give them a name that no source of the "
            "settings has"
        )
    return one_line(source)


def _known(charset: str) -> str:
    """The charset. Raises SettingsError where it is none that texts are in."""
    from feedserver.errors import InvalidRequest, SettingsError
    from feedserver.parsers.strict import decode

    try:
        decode("[]".encode(charset), charset)
    except (LookupError, ValueError, InvalidRequest):
        raise SettingsError(
            f"--charset {charset!r} is none that is known here; write windows-1252, or leave it "
            "out for UTF-8 and UTF-16"
        ) from None
    return charset


def _receiving(server: "Server", source: str) -> "Receiving":
    from dataclasses import replace

    from feedserver.parsers.documents import Parser
    from feedserver.receiving import Receiving

    limits = replace(server.settings.limits, max_batch=sys.maxsize)
    parser = Parser(server.log.authority, limits)
    return Receiving(parser, server.writing, source, by_content=True, decode=_decoded)


def _decoded(line: bytes, charset: str | None) -> str:
    from feedserver.errors import InvalidRequest
    from feedserver.parsers.strict import decode

    try:
        return decode(line, charset)
    except InvalidRequest:
        told = charset or "UTF-8. If it is Windows-1252, say so: --charset windows-1252"
        raise InvalidRequest([f"It is not {told}."]) from None


def _record(name: str, receiving: "Receiving", charset: str | None) -> bool:
    """Record one file and tell what became of it; whether all of it is recorded.

    Raises NotYet and StoreError, after which the same files can be recorded again.
    """
    from feedserver.errors import InvalidActivity, InvalidRequest

    telling = Telling(name)
    try:
        with _opened(name) as file:
            _receive(file, receiving, charset, telling)
    except (InvalidRequest, InvalidActivity) as error:
        telling.refusal(str(error))
    except UnicodeDecodeError as error:
        telling.refusal(f"It is not {error.encoding}: {error.reason}. What follows was not read.")
    except OSError as error:
        telling.refusal(f"cannot be read: {error.strerror}")
    except BaseException:
        complain(f"{name}: stopped. Run it again to go on; nothing is recorded twice.")
        raise
    finally:
        done = telling.end()
    return done


def _opened(name: str) -> "BufferedReader":
    return open(0, "rb", closefd=False) if name == "-" else open(name, "rb")


def _receive(
    file: "BufferedReader", receiving: "Receiving", charset: str | None, telling: Telling
) -> None:
    """Record what the file holds: XML, lines, or one document where the first line begins one."""
    import json

    from feedserver.parsers.lines import split_lines

    _refuse_other_files(file.peek(16)[:16])
    if json.detect_encoding(file.peek(4)) != "utf-8":
        charset = None  # it begins in another UTF, or with a mark, and is all of it in that
    if _is_xml(file.peek(_LOOKED_AT)[:_LOOKED_AT]):
        for answers in receiving.whole(_all(file), charset, "atom"):
            telling.answers(answers, with_places=False)
        return
    lines = split_lines(file.read, MAX_LINE)
    blank, first = _first(lines)
    lines = chain(repeat(b"", blank), [first], lines)
    is_document = first is not None and _is_begun(first, charset)
    if is_document:
        batches = receiving.whole(_joined(lines), charset)
    else:
        batches = receiving.lines(lines, charset, with_collections=True)
    for answers in batches:
        telling.answers(answers, with_places=not is_document)


def _refuse_other_files(beginning: bytes) -> None:
    """Say once what a file is that is no text at all, and not of each of its lines."""
    from feedserver.errors import InvalidRequest

    if beginning.startswith(b"\x1f\x8b"):
        raise InvalidRequest(["It is compressed. Unpack it: zcat FILE | feedserver record -"])


def _is_xml(beginning: bytes) -> bool:
    """Whether the first character that is not blank begins XML, in whatever UTF."""
    return beginning.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")


def _all(file: "BufferedReader") -> bytes:
    """The document that the file is. Raises InvalidRequest where it is too long."""
    from feedserver.errors import InvalidRequest

    held = file.read(MAX_LINE + 1)
    if len(held) > MAX_LINE:
        raise InvalidRequest(
            [f"It is a document of more than {MAX_LINE >> 20} MiB; record it in several."]
        )
    return held


def _first(lines: Iterator[bytes | None]) -> tuple[int, bytes | None]:
    """The first line that is not blank, an empty one where there is none, and how many were."""
    blank = 0
    for line in lines:
        if line is None or line.strip():
            return blank, line
        blank += 1
    return blank, b""


def _is_begun(line: bytes, charset: str | None) -> bool:
    """Whether the line is JSON that only breaks off at its end."""
    import json

    from feedserver.errors import InvalidRequest
    from feedserver.parsers.strict import decode

    try:
        text = decode(line, charset).rstrip()
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text) > 0
    except (InvalidRequest, RecursionError, ValueError):
        pass  # told when it is recorded
    return False


def _joined(lines: Iterator[bytes | None]) -> bytes:
    """The document of which these are the lines. Raises InvalidRequest where it is too long."""
    from feedserver.errors import InvalidRequest

    held = bytearray()
    for line in lines:
        if line is None or len(held) + len(line) > MAX_LINE:
            size = f"{MAX_LINE >> 20} MiB"
            fault = f"It begins as a document of more than {size}; write one activity a line."
            raise InvalidRequest([fault])
        held += line + b"\n"
    return bytes(held)
