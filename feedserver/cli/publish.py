"""`feedserver publish`: record one entry of the CRM's log, as its business rule asks."""

import sys
from collections.abc import Sequence
from types import SimpleNamespace

TYPE_CHECKING = False  # as in feedserver.cli.main
if TYPE_CHECKING:
    import argparse

    Arguments = argparse.Namespace | SimpleNamespace

EXAMPLE = """Examples:
  feedserver publish Case 268435458 268436000
  feedserver publish Case 268435458 268436000 --server http://feeds.example:8000
  feedserver publish "[Object Type]" [Database ID] [Activity Objid]     in a business rule

With --server the token of a grant that may write is best put into FEEDSERVER_TOKEN: lists of
processes show the command line. An entry that is known already stays as it is, and the exit code
is 0 too."""

DEFAULT_SOURCE = "crm"
TIMEOUT = 10.0  # seconds; the rules of a CRM run one after another
_MAX_OBJID = 10**18  # what every database can compare is less
_UNRESERVED = frozenset(b"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def add_arguments(parser: "argparse.ArgumentParser") -> None:
    """The arguments of the command."""
    parser.add_argument("object_type", metavar="OBJECT_TYPE", help="Case, Solution, probdesc …")
    parser.add_argument(
        "database_id", metavar="DATABASE_ID", type=_objid, help="the object's objid, not its number"
    )
    parser.add_argument(
        "activity_objid", metavar="ACTIVITY_OBJID", type=_objid, help="the objid of the act_entry"
    )
    parser.add_argument(
        "--source",
        metavar="NAME",
        help=f"whose entry it is (default: the only source; with --server, {DEFAULT_SOURCE})",
    )
    parser.add_argument("--server", metavar="URL", help="record it there, over HTTP")
    parser.add_argument("--token", help="of a grant that may write (default: FEEDSERVER_TOKEN)")


def parse(arguments: Sequence[str]) -> SimpleNamespace | None:
    """The arguments as argparse would give them; None where it has something to say of them.

    To import argparse, and to tell it of the arguments, takes half as long as the interpreter.
    """
    options: dict[str, str | None] = {"--source": None, "--server": None, "--token": None}
    values = []
    left = iter(arguments)
    for text in left:
        name, equals, value = text.partition("=")
        if name in options:
            options[name] = value = value if equals else next(left, "-")
        else:
            values.append(value := text)
        if value.startswith("-"):
            return None
    if len(values) != 3 or not all(map(_is_objid, values[1:])):
        return None
    return SimpleNamespace(
        run=run,
        object_type=values[0],
        database_id=int(values[1]),
        activity_objid=int(values[2]),
        **{name[2:]: value for name, value in options.items()},
    )


def run(arguments: "Arguments", timeout: float = TIMEOUT) -> int:
    """Record the entry; on 0 it is on disk. A server may take `timeout` seconds."""
    is_here = arguments.server is None
    status, id, title = _here(arguments) if is_here else _at_server(arguments, timeout)
    # A title that the console of the CRM's host cannot show must not make success a failure.
    encoding = sys.stdout.encoding or "ascii"
    print(f"{status} {id} {title}".encode(encoding, "replace").decode(encoding))
    return 0


def _objid(text: str) -> int:
    if _is_objid(text):
        return int(text)
    from argparse import ArgumentTypeError

    raise ArgumentTypeError(f"{text!r} is no objid; it is a whole number above 0")


def _is_objid(text: str) -> bool:
    is_whole = text.isascii() and text.isdigit() and len(text) < 100
    return is_whole and 0 < int(text) < _MAX_OBJID


def _here(arguments: "Arguments") -> tuple[str, str, str]:
    from feedserver.assembly import open_writing
    from feedserver.model.activity import Activity
    from feedserver.settings import load_settings

    if arguments.token:
        raise _failure("--token is for a server; name it with --server")
    settings = load_settings()
    source = arguments.source or _only(list(settings.sources))
    with open_writing(settings) as (writing, log):
        verdict = writing.publish(
            source, arguments.object_type, arguments.database_id, arguments.activity_objid
        )
        activity = log.find(verdict.id)
        title = activity.draft.title if isinstance(activity, Activity) else ""
        return verdict.outcome.value, verdict.id, title


def _only(sources: list[str]) -> str:
    if not sources:
        raise _failure("no source is set up; make the settings with: feedserver init")
    if len(sources) > 1:
        raise _failure(f"say whose entry it is: --source {' or --source '.join(sources)}")
    return sources[0]


def _at_server(arguments: "Arguments", timeout: float) -> tuple[str, str, str]:
    from feedserver.cli.exchange import Broken, Exchange

    token = _token(arguments.token)
    try:
        exchange = Exchange(arguments.server, timeout)
    except ValueError:
        raise _failure("--server is no address of a server; write http://host:port") from None
    try:
        exchange.send(_path(arguments), _headers(token), _form(arguments))
        import json  # noqa: F401 - what reads the answer is imported while the server makes it

        return _read(exchange.origin, *exchange.receive(), token)
    except TimeoutError:
        reason = f"no answer within {timeout:g} s"
    except ConnectionRefusedError:
        reason = "no server listens there"
    except (OSError, UnicodeError, Broken) as error:  # UnicodeError: of a name that is none
        reason = getattr(error, "strerror", None) or str(error)
    finally:
        exchange.close()
    raise _failure(f"{exchange.origin}: {reason}. Run it again; nothing is recorded twice")


def _token(given: str | None) -> str:
    from feedserver.environment import token_from_environment

    token = given or token_from_environment() or ""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        wrong = "this is no token" if token else "writing needs a grant"
        raise _failure(f"{wrong}; put the token of one that may write into FEEDSERVER_TOKEN")
    return token


def _path(arguments: "Arguments") -> str:
    return f"/sources/{_quoted(arguments.source or DEFAULT_SOURCE)}/publish"


def _headers(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json, application/problem+json",
    }


def _form(arguments: "Arguments") -> bytes:
    names = ("object_type", "database_id", "activity_objid")
    pairs = (f"{name}={_quoted(str(getattr(arguments, name)))}" for name in names)
    return "&".join(pairs).encode("ascii")


def _quoted(text: str) -> str:
    """The text percent-encoded, as urllib does it, which takes longer to import than to send."""
    data = text.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in data)


def _read(origin: str, status: int, body: bytes, token: str) -> tuple[str, str, str]:
    """What the server did, the id of the activity and its title. Raises FeedserverError."""
    import json

    try:
        told = json.loads(body)
        if status in (200, 201):
            done, id, title = (_one_line(told[name]) for name in ("status", "id", "title"))
            return done, id, title
        detail = _one_line(told["detail"]).replace(token, "…")
    except (ValueError, LookupError, TypeError):
        hint = "; write the address to which it leads" if 300 <= status < 400 else ""
        detail = f"it answers {status}, and not as feedserver does{hint}"
    raise _failure(f"{origin}: {detail}")


def _one_line(text: object) -> str:
    line = " ".join(str(text).split())
    return "".join(character if character.isprintable() else "\ufffd" for character in line)


def _failure(text: str) -> Exception:
    from feedserver.errors import FeedserverError

    return FeedserverError(text)
