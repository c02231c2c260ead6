"""`feedserver init`: the settings for a CRM of one's own."""

import argparse
import contextlib
import shutil
import sys
import textwrap
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedserver.cli.answers import Answers
    from feedserver.cli.dialogue import Around, Given

EXAMPLE = """Examples:
  feedserver init               asks for what is needed, and shows what it finds in the CRM
  feedserver init --authority yourcompany.com --url sqlite:////srv/clarify.sqlite \\
      --timezone America/Chicago --start all
  feedserver init --authority yourcompany.com --no-source"""

_HELLO = """\
This makes {path}, the settings of a feedserver for your own CRM.
An empty answer takes what stands in [ ]. Ctrl-C leaves, and nothing is written."""

_SAMPLE = 3  # entries that are shown as they would be recorded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command: each answers a question, which is then not asked."""
    parser.add_argument("--authority", metavar="DOMAIN", help="a domain name of yours, for ids")
    parser.add_argument("--base-url", metavar="URL", help="the address readers use")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--url", help="the CRM's database, as an SQLAlchemy address")
    source.add_argument(
        "--no-source", action="store_true", help="set up no CRM; things are only posted"
    )
    parser.add_argument("--timezone", metavar="ZONE", help="the zone of the CRM's clock")
    parser.add_argument("--start", help="how far back: all, now, or the first day to record")
    parser.add_argument("--case-link", metavar="URL", help="where the CRM shows a case: …{id}")
    parser.add_argument("--solution-link", metavar="URL", help="where it shows a solution: …{id}")


def run(arguments: argparse.Namespace) -> int:
    """Ask, and write the settings; 130 where the person leaves."""
    from feedserver.cli.dialogue import Given
    from feedserver.settings import settings_path

    given = Given(**{field.name: getattr(arguments, field.name) for field in fields(Given)})
    return make_file(settings_path(), given, _around())


def make_file(path: Path, given: "Given", around: "Around") -> int:
    """Make the file of the settings and tell what to do next.

    130 where the person leaves, and then nothing is written. Raises FeedserverError likewise.
    """
    from feedserver.cli.answers import document, refuse_unwritable, write_new
    from feedserver.cli.dialogue import hold
    from feedserver.errors import FeedserverError

    refuse_unwritable(path)
    if around.ask is not None:
        around.tell(_HELLO.format(path=path))
    try:
        answers = hold(given, around)
    except EOFError:
        around.tell("")  # the next line does not begin behind the prompt
        raise FeedserverError("the answers ended too early, so nothing was written") from None
    except KeyboardInterrupt:
        print("\nfeedserver: nothing was written", file=sys.stderr)
        return 130
    write_new(path, document(answers))
    around.tell(f"\nThe settings are in {path}, which only its owner can read.")
    _tell_what_is_next(answers, around)
    return 0


def _tell_what_is_next(answers: "Answers", around: "Around") -> None:
    from feedserver.cli.answers import SOURCE, holds_password

    if answers.url is None:
        steps = [("feedserver grant add --write me", "a token to post with")]
    else:
        if holds_password(answers.url):
            around.tell(
                "It holds the password of the CRM's database. To keep that out of it, write "
                "${CRM_PASSWORD} in its place, and set that in the environment."
            )
        _tell_samples(answers, around)
        steps = [
            (f"feedserver source try {SOURCE}", "more of them, with queue, product and customer"),
            ("feedserver pull --once", "record what there is"),
        ]
    if answers.reading == "private":
        steps.append(("feedserver grant add LABEL", "a token for a reader"))
    steps.append(("feedserver serve", "serve it, on http://127.0.0.1:8000 (--port for another)"))
    around.tell("\nNext:")
    for command, what in steps:
        around.tell(f"  {command:<34}{what}")


def _tell_samples(answers: "Answers", around: "Around") -> None:
    """The newest entries as they would be recorded."""
    from feedserver.assembly import make_sources
    from feedserver.cli.answers import settings_of
    from feedserver.errors import SourceError
    from feedserver.model.dates import rfc3339
    from feedserver.services.intake import cleaned

    (source,) = make_sources(settings_of(answers), answers.authority, around.clock)
    try:
        drafts = source.sample(_SAMPLE).drafts
    except SourceError as error:
        around.tell(f"Its newest entries could not be read: {error}")
        return
    finally:
        source.close()
    if drafts:
        around.tell("\nThe newest entries would be recorded as (times are UTC):")
    for draft in map(cleaned, drafts):
        occurred = "no date" if draft.occurred is None else rfc3339(draft.occurred)
        around.tell(f"  {occurred}  {draft.title}")


def _around() -> "Around":
    from feedserver.cli.answers import SOURCE, TYPE
    from feedserver.cli.dialogue import Around
    from feedserver.clock import system_clock
    from feedserver.environment import machine_timezone
    from feedserver.sources import EVIDENCE

    is_terminal = sys.stdin is not None and sys.stdin.isatty()
    if is_terminal:
        _let_lines_be_edited()
    return Around(
        tell=_tell_wrapped if is_terminal else print,
        ask=input if is_terminal else None,
        clock=system_clock,
        machine_timezone=machine_timezone(),
        look=lambda url, since: EVIDENCE[TYPE](SOURCE, url, system_clock(), since),
    )


def _tell_wrapped(text: str) -> None:
    width = shutil.get_terminal_size().columns
    for line in text.split("\n"):
        print(textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False))


def _let_lines_be_edited() -> None:
    """Let `input` take arrow keys, where Python was built with what that needs."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401
