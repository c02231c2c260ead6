"""`feedserver doctor`: how everything stands, and what to mend; it changes nothing."""

import argparse
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedserver.diagnosis.groups import Group
    from feedserver.diagnosis.results import Result

EXAMPLE = """Examples:
  feedserver doctor               settings, store, sources, and every kind of feed
  feedserver doctor --full        large stores are read whole, too
  feedserver doctor --settings    every setting: its value, where from, default and meaning

A line for each check: ok, warn (it works, look at it) or FAIL. Nothing is changed.
The exit code is 1 where something fails, else 0."""

_SIGN = 8  # columns before the text
_NARROWEST, _WIDEST = 80, 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--settings", action="store_true", help="list every setting, no checks")
    parser.add_argument(
        "--full", action="store_true", help="read large stores, which takes a while"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what was asked for; 1 where something fails."""
    if arguments.settings:
        return _list_settings()
    from feedserver.diagnosis.groups import groups

    return tell(groups(arguments.full))


def tell(groups: "Iterable[Group]") -> int:
    """Print the results of the groups of checks; 1 where something fails."""
    from feedserver.diagnosis.results import Sign

    counts: Counter[str] = Counter()
    for group in groups:
        print(group.name)
        for result in group.results:
            counts[result.sign] += 1
            print("\n".join(_lines(result)), flush=True)
    print(", ".join(f"{counts[sign]} {sign}" for sign in Sign) + ".")
    return 1 if counts[Sign.FAILURE] else 0


def _lines(result: "Result") -> Iterator[str]:
    yield _wrapped(f"  {result.sign:<6}", result.text)
    for detail in result.details:
        yield " " * _SIGN + detail  # on one line, to be searched for and copied
    if result.mend:
        yield _wrapped(" " * _SIGN, f"Mend: {result.mend}")


def _list_settings() -> int:
    from feedserver.diagnosis.listing import listed
    from feedserver.errors import SettingsError
    from feedserver.model.masking import masked
    from feedserver.settings import load_settings, written_settings

    settings = list(listed(written_settings()))
    width = max(len(setting.name) for setting in settings) + 2
    for setting in settings:
        default = "no default" if setting.default is None else f"default {setting.default}"
        is_set = setting.origin not in ("default", "not set")
        origin = f"from {setting.origin} ({default})" if is_set else setting.origin
        value = "(it must be set)" if setting.value is None else setting.value
        print(_wrapped(f"{setting.name:<{width}}", value))
        print(_wrapped(" " * width, origin))
        print(_wrapped(" " * width, setting.meaning))
    try:
        load_settings()
    except SettingsError as error:
        print(f"feedserver: {masked(str(error))}", file=sys.stderr)
        return 1
    return 0


def _wrapped(begin: str, text: str) -> str:
    columns = shutil.get_terminal_size((100, 24)).columns
    return textwrap.fill(
        text,
        min(max(columns, _NARROWEST), _WIDEST),
        initial_indent=begin,
        subsequent_indent=" " * len(begin),
        break_long_words=False,
        break_on_hyphens=False,
    )
