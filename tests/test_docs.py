"""What the documents say is so: settings, commands, words, links."""

import re
from itertools import chain
from pathlib import Path

import pytest

from feedserver import __version__
from feedserver.cli.main import COMMANDS
from feedserver.formats import FORMATS
from feedserver.model.query import PARAMETERS
from feedserver.model.vocabulary import OBJECT_TYPES, VERBS
from feedserver.settings import SETTINGS, SOURCE_SETTINGS, Row
from feedserver.sources.clarify.tables import KINDS

OF_SOURCES = SOURCE_SETTINGS.values()
ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows_of(table: tuple[Row, ...]) -> list[str]:
    return [
        f"| `{row.name}` | {'**must be set**' if row.default is None else f'`{row.default}`'} "
        f"| {row.meaning} |"
        for row in table
    ]


def test_every_setting_stands_in_the_documents_as_in_the_code() -> None:
    written = [line for line in text_of("docs/settings.md").splitlines() if line.startswith("| `")]

    assert written == [*rows_of(SETTINGS), *chain.from_iterable(map(rows_of, OF_SOURCES))]


def test_every_command_stands_in_the_readme() -> None:
    for command in COMMANDS:
        assert f"`feedserver {command}" in text_of("README.md"), command


def test_every_parameter_verb_format_and_type_stands_in_the_documents() -> None:
    filters, formats = text_of("docs/filters.md"), text_of("docs/formats.md")

    assert all(f"`{name}`" in filters for name in (*PARAMETERS, *VERBS))
    assert all(f"| `{name}` |" in formats for name in FORMATS)
    assert all(f"`{kind.word}`" in text_of("docs/clarify.md") for kind in KINDS)
    assert {kind.word for kind in KINDS} <= set(OBJECT_TYPES)


def test_this_version_stands_in_the_changes() -> None:
    assert f"## {__version__}" in text_of("CHANGES.md")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        other = (path.parent / name).resolve() if name else path
        assert other.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [
                re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings
            ]
            assert anchor in anchors, target


def test_the_readmes_two_commands_are_targets_of_make() -> None:
    makefile = text_of("Makefile")

    for target in ("demo", "test", "check", "bench", "help"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
