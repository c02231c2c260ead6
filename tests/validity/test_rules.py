"""The rules: each is named, has its source, and stands for every format there is."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedserver import validity
from feedserver.formats import FORMATS
from feedserver.validity import CHECKS
from feedserver.validity.findings import Report
from feedserver.validity.rules import RULES

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FOLDER = Path(validity.__file__).parent


def test_every_format_has_its_rules() -> None:
    assert set(CHECKS) == set(FORMATS)
    assert all(callable(check) for check in CHECKS.values())


@pytest.mark.parametrize("name", RULES)
def test_a_rule_tells_where_it_stands_and_what_would_be_right(name: str) -> None:
    rule = RULES[name]

    assert rule.name == name
    assert rule.source
    assert rule.right
    assert any(
        isinstance(node, ast.Constant) and node.value == name
        for path in FOLDER.glob("*.py")
        if path.name != "rules.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ), "nothing looks for it"


def test_a_finding_is_told_once_and_in_words() -> None:
    report = Report()
    for _ in range(2):
        report.add("MissingElement", "/feed", "id")
    report.add("NotHtml", "/feed/entry[1]")

    findings = report.findings()

    assert findings.errors == ("MissingElement: /feed: id",)
    assert findings.warnings == ("NotHtml: /feed/entry[1]",)


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("document", [b"", b"\xff", b"<a", b"[]", b"{", b'"x"', b"null", b"{}"])
def test_what_is_no_document_is_an_error(extension: str, document: bytes) -> None:
    assert CHECKS[extension](document, None, NOW).errors != ()
