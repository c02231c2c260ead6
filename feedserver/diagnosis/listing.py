"""Every setting with its value, where that came from, its default and what it means."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from feedserver.environment import variables
from feedserver.errors import SettingsError
from feedserver.model.masking import MASK, masked
from feedserver.settings import (
    SETTINGS,
    Row,
    Written,
    replaced,
    source_rows,
    variable_of,
)

_WITH_SECRETS = ("store", "url")
"""Settings that may hold a password: their `${NAME}` stays as it is written."""

_SECRET = ("secret",)
"""Settings of which nothing is told but a `${NAME}`."""

_WHOLE = ("mapping",)
"""Settings that are programs, and long."""

_SEE = "(written there)"
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")

_PASSWORD = re.compile(r"([^:/]*://[^:/]*:).*(@)", re.DOTALL)
"""A password in an address as SQLAlchemy reads it: spaces may be in it, and `@` in the user."""

_NO_SETTING = "This is no setting. Take it out."
_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w.\"'-]+(?:\s*\.\s*[\w\"'-]+)*)\s*=")


@dataclass(frozen=True, slots=True)
class Listed:
    """A setting by its full name; `value` is None where it is not set and has no default."""

    name: str
    value: str | None
    origin: str
    default: str | None
    meaning: str


def listed(written: Written, environment: Mapping[str, str] | None = None) -> Iterator[Listed]:
    """Every setting there is, and what is written that is none; passwords are masked."""
    environment = variables() if environment is None else environment
    lines = _lines(written)
    sources = _table(written.values, "sources")
    tables: list[tuple[tuple[str, ...], Sequence[Row]]] = [((), SETTINGS)]
    tables += [(("sources", name), source_rows(_table(sources, name))) for name in sources]
    for path, rows in tables:
        values = written.values
        for name in path:
            values = _table(values, name)
        known = {row.name: row for row in rows}
        own = [name for name in values if name not in known and (path or name != "sources")]
        for name in (*known, *own):
            row = known.get(name, Row(name, None, _NO_SETTING))
            yield _listed((*path, name), row, values, written, lines, environment)


def _listed(
    path: tuple[str, ...],
    row: Row,
    values: Mapping[str, Any],
    written: Written,
    lines: Mapping[tuple[str, ...], int],
    environment: Mapping[str, str],
) -> Listed:
    value = None
    if row.name in values:
        # What is no setting may be anything, such as a password that was to stand elsewhere.
        is_known = row.meaning != _NO_SETTING
        value = _told(row.name, values[row.name], environment) if is_known else MASK
    variable = variable_of(*path, environment=environment)
    line = lines.get(path)
    origins = [] if variable is None else [variable]
    if _holds(written.file, path):
        origins.append(f"{written.path}" + (f", line {line}" if line else ""))
    origin = " over ".join(origins) or ("default" if row.default is not None else "not set")
    return Listed(
        ".".join(path), row.default if value is None else value, origin, row.default, row.meaning
    )


def _told(name: str, value: Any, environment: Mapping[str, str]) -> str:
    if name in _SECRET:
        return value if isinstance(value, str) and _REFERENCE.fullmatch(value) else MASK
    if name in _WHOLE:
        return _SEE
    if name not in _WITH_SECRETS:
        with suppress(SettingsError):  # who checks the settings says why
            value = replaced(value, environment)
    elif isinstance(value, str):
        value = _PASSWORD.sub(rf"\1{MASK}\2", value)
    if isinstance(value, Mapping):
        shown = {
            key: json.dumps(inner) if _is_address(inner) else MASK for key, inner in value.items()
        }
        value = ", ".join(f"{key} = {inner}" for key, inner in shown.items())
        value = f"{{ {value} }}"
    return masked(str(value)) or '""'


def _is_address(value: Any) -> bool:
    """Whether it is what `links` hold; what stands there by mistake may be a password."""
    return isinstance(value, str) and "://" in value


def _lines(written: Written) -> Mapping[tuple[str, ...], int]:
    """The line of each setting in the file, as far as it can be seen without reading TOML."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    if not written.path.is_file():
        return found
    text = written.path.read_text(encoding="utf-8-sig")
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            table = _parts(match[1])
        elif match := _KEY.match(line):
            found.setdefault((*table, *_parts(match[1])), number)
    return found


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in name.split("."))


def _holds(values: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(values, Mapping) or name not in values:
            return False
        values = values[name]
    return True


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name, {})
    return found if isinstance(found, Mapping) else {}
