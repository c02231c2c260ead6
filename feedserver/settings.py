"""The settings: a TOML file, over which the environment wins."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feedserver.environment import PREFIX, variables
from feedserver.errors import SettingsError

DEFAULT_PATH = Path("instance") / "feedserver.toml"
DEFAULT_BASE_URL = "http://127.0.0.1:8000"
LONGEST_WAIT = 86_400  # seconds between two polls
RESERVED_NAMES = ("activities", "archives", "categories", "feeds", "grants", "ns", "objects")
_NOT_SETTINGS = {"SETTINGS", "TEST_DATA", "TOKEN"}
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Row:
    """A setting: its name, its default (None: it must be set) and what it means.

    `least` is the least that it may be, where it is a number.
    """

    name: str
    default: str | None
    meaning: str
    least: int = 1


SETTINGS = (
    Row(
        "authority",
        None,
        "A domain name of yours and the year from which it is, for the permanent ids "
        "(RFC 4151). Kept in the log; a start with another one is refused.",
    ),
    Row(
        "base_url",
        DEFAULT_BASE_URL,
        "The address by which readers reach this server; it stands in links, never in ids. "
        "Where it is not set, `serve` takes the address on which it listens.",
    ),
    Row("store", "sqlite:///feedserver.db", "Where the log is kept, relative to the settings."),
    Row(
        "reading",
        "open",
        "Who may read: `open` is everyone who reaches the server, `private` who has a grant. "
        "Writing always needs a grant.",
    ),
    Row("title", "feedserver", "What this server is called on its pages and as feeds' author."),
    Row("display_timezone", "UTC", "The zone in which pages show times; feeds carry UTC."),
    Row("max_body", "1048576", "Bytes of one document, or of one line of many, that is sent."),
    Row("max_title", "1000", "Characters of a title or a name."),
    Row("max_tags", "100", "Tags, queues or products of one activity."),
    Row("max_batch", "1000", "Activities in one collection; NDJSON has no such limit."),
    Row(
        "max_polls",
        "60",
        "How often within a minute a client may ask for the same feed without saying what it has "
        "(`If-None-Match`) before it gets 429; `0`: as often as it likes. Not counted on loopback.",
        least=0,
    ),
)
"""Every setting outside the sources, in the order in which people are shown them."""

_TYPE = Row("type", None, "The kind of source: `clarify` or `webhook`.")

SOURCE_SETTINGS = {
    "clarify": (
        _TYPE,
        Row("url", None, "The SQLAlchemy address of the CRM's database."),
        Row("timezone", None, "The zone of the CRM's clock; it stores local times. Final."),
        Row(
            "start",
            None,
            "How far back: `all` (only into an empty log), `now`, or the first day. Final.",
        ),
        Row("every", "5", "Seconds between two polls."),
        Row("window", "5000", "objids behind the newest that each poll looks at again."),
        Row("links", "{}", "Addresses in the CRM by type of object: `{id}`, `{objid}`."),
        Row("sentences", "{}", "Sentences of your own by verb or act_code, as templates."),
        Row(
            "tags",
            '["{{ tags }}"]',
            "The tags of an entry, as templates; `{{ tags }}` are the built-in ones.",
        ),
    ),
    "webhook": (
        _TYPE,
        Row(
            "secret",
            None,
            "16 characters or more: the end of its address, `/hooks/NAME/SECRET`, or the key of "
            "the signature.",
        ),
        Row(
            "signature",
            "none",
            "How what comes is signed: `github` (`X-Hub-Signature-256`), `standard` (Standard "
            "Webhooks), or `none`: the secret is in the address.",
        ),
        Row("tolerance", "300", "Seconds by which the time in a `standard` signature may be off."),
        Row("preset", "none", "A mapping that comes with feedserver, by its name."),
        Row("mapping", "{}", "What becomes of a record, or what is other than in the preset."),
    ),
}
"""Every setting of a source, a table `[sources.NAME]`, by its type."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken: bytes of a document, characters, names, activities of a collection."""

    max_body: int = 1_048_576
    max_title: int = 1000
    max_tags: int = 100
    max_batch: int = 1000


LIMITS = tuple(field.name for field in fields(Limits))


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `folder` is that of the file, to which relative paths are relative."""

    folder: Path
    authority: str
    base_url: str
    store: str
    reading: str
    title: str
    display_timezone: str
    has_base_url: bool
    limits: Limits
    max_polls: int
    sources: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """The settings as they are written: in the file, and in the environment, which wins.

    `${NAME}` stands in them as it was written.
    """

    path: Path
    file: Mapping[str, Any]
    environment: Mapping[str, Any]

    @property
    def values(self) -> Mapping[str, Any]:
        """Both together."""
        return merged(self.file, self.environment)


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this installation: the file, and over it the environment.

    Raises SettingsError, naming the setting, for what is missing, unknown or wrong.
    """
    environment = variables() if environment is None else environment
    written = written_settings(environment)
    return make_settings(written.path.parent.absolute(), replaced(written.values, environment))


def written_settings(environment: Mapping[str, str] | None = None) -> Written:
    """The settings as they are written, not checked.

    Raises SettingsError where there are none, or the file is no TOML.
    """
    environment = variables() if environment is None else environment
    named = environment.get(PREFIX + "SETTINGS")
    path = settings_path(environment)
    overrides = _from_environment(environment)
    values: Mapping[str, Any] = {}
    if path.is_file():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} is no TOML: {error}") from None
    elif named or not overrides:
        raise SettingsError(
            f"No settings at {path}. Make them with: feedserver init (or name another file in "
            f"{PREFIX}SETTINGS, or try: feedserver demo)"
        )
    return Written(path, values, overrides)


def variable_of(*path: str, environment: Mapping[str, str] | None = None) -> str | None:
    """The name of the variable that says the setting at that path of tables; None for none."""
    environment = variables() if environment is None else environment
    for length in range(len(path), 0, -1):
        name = PREFIX + "__".join(path[:length]).upper()
        if name in environment:
            return name
    return None


def settings_path(environment: Mapping[str, str] | None = None) -> Path:
    """Where the file of the settings is, or would be."""
    environment = variables() if environment is None else environment
    return Path(environment.get(PREFIX + "SETTINGS") or DEFAULT_PATH)


def make_settings(folder: Path, values: Mapping[str, Any]) -> Settings:
    """The settings of those values, checked; raises SettingsError."""
    names = [row.name for row in SETTINGS]
    for name in values:
        if name not in (*names, "sources"):
            raise SettingsError(f"{name} is no setting.{_nearest(name, [*names, 'sources'])}")
    numbers = {row.name: row for row in SETTINGS if row.name in (*LIMITS, "max_polls")}
    known = {row.name: _value(row, values) for row in SETTINGS if row.name not in numbers}
    if known["reading"] not in ("open", "private"):
        raise SettingsError(f'reading = {known["reading"]!r}: write "open" or "private"')
    if not is_address(known["base_url"]):
        raise SettingsError(
            f"base_url = {known['base_url']!r} is no address of a server; write "
            "http://host:port or https://host/path, without user, query or fragment"
        )
    if not known["title"].isprintable():
        raise SettingsError(f"title = {known['title']!r} holds characters that nobody sees")
    try:
        ZoneInfo(known["display_timezone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f"display_timezone = {known['display_timezone']!r} is no time zone; "
            'write "Europe/Berlin" or "UTC"'
        ) from None
    return Settings(
        folder=folder,
        has_base_url="base_url" in values,
        limits=Limits(**{name: _number(numbers[name], values) for name in LIMITS}),
        max_polls=_number(numbers["max_polls"], values),
        sources=_sources(values.get("sources", {})),
        **known,
    )


def is_address(text: str) -> bool:
    """Whether it is an http or https address that a path can be appended to."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        re.fullmatch(r"[!-~]+", text) is not None
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port != 0
        and not parts.path.startswith("//")
        and parts.username is None
        and not parts.query
        and not parts.fragment
    )


def _value(row: Row, values: Mapping[str, Any]) -> str:
    value = values.get(row.name, row.default)
    if value is None:
        raise SettingsError(f"{row.name} is not set, and has no default. {row.meaning}")
    if not isinstance(value, str) or not value:
        raise SettingsError(f"{row.name} = {value!r} is no text")
    return value


def _number(row: Row, values: Mapping[str, Any]) -> int:
    value = values.get(row.name, row.default)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)  # as the environment gives it
    if not isinstance(value, int) or isinstance(value, bool) or value < row.least:
        wanted = "whole number above 0" if row.least else "whole number, 0 or more"
        raise SettingsError(f"{row.name} = {value!r} is no {wanted}. {row.meaning}")
    return value


def _sources(values: Any) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(values, Mapping):
        raise SettingsError("sources must be tables: [sources.crm]")
    for source, settings in values.items():
        where = f"[sources.{source}]"
        if source in RESERVED_NAMES:
            raise SettingsError(f"{where}: {source} means something else in ids; name it otherwise")
        if not re.fullmatch(r"[a-z][a-z0-9-]*", source):
            raise SettingsError(f"{where}: a source's name is made of a-z, 0-9 and -; it is in ids")
        if not isinstance(settings, Mapping):
            raise SettingsError(f"{where} must be a table")
        names = [row.name for row in source_rows(settings)]
        for name in settings:
            if name not in names:
                raise SettingsError(f"{where} {name} is no setting.{_nearest(name, names)}")
        every = settings.get("every", 5)
        if (
            not isinstance(every, int | float)
            or isinstance(every, bool)
            or not 0 < every <= LONGEST_WAIT
        ):
            raise SettingsError(f"{where} every = {every!r} is no number of seconds")
    return values


def source_rows(settings: Mapping[str, Any]) -> tuple[Row, ...]:
    """The settings that a source with those may have; of a type that is none, those of all."""
    if (kind := str(settings.get("type"))) in SOURCE_SETTINGS:
        return SOURCE_SETTINGS[kind]
    rows = [row for rows in SOURCE_SETTINGS.values() for row in rows]
    return tuple(dict.fromkeys(rows))


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]}?" if near else f" Known: {', '.join(known)}."


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """FEEDSERVER_SOURCES__CRM__URL=x as {"sources": {"crm": {"url": "x"}}}."""
    values: dict[str, Any] = {}
    for name, text in sorted(environment.items()):  # a table before what lies in it
        if not name.startswith(PREFIX) or name.removeprefix(PREFIX) in _NOT_SETTINGS:
            continue
        *tables, last = name.removeprefix(PREFIX).lower().split("__")
        inner = values
        for table in tables:
            inner = inner.setdefault(table, {})
            if not isinstance(inner, dict):
                raise SettingsError(f"{name} lies in {table}, which the environment makes no table")
        # What stands outside the tables is text: a title may be 2026.
        inner[last] = _typed(text) if tables or last == "sources" else text
    return values


def _typed(text: str) -> Any:
    """A number, a date or a table where the text is one in TOML, else the text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def merged(values: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The values, and over them the overrides; the tables in them, too."""
    made = dict(values)
    for name, value in overrides.items():
        below = made.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        made[name] = merged(below or {}, value) if both else value
    return made


def replaced(value: Any, environment: Mapping[str, str] | None = None) -> Any:
    """The value with each `${NAME}` in its texts replaced from the environment.

    Raises SettingsError, naming it, where the environment has no such name.
    """
    environment = variables() if environment is None else environment
    if isinstance(value, Mapping):
        return {name: replaced(inner, environment) for name, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, environment) for inner in value]
    if not isinstance(value, str):
        return value

    def look_up(reference: re.Match[str]) -> str:
        try:
            return environment[reference[1]]
        except KeyError:
            missing = f"{reference[0]}, which the settings name, is not in the environment"
            raise SettingsError(missing) from None

    return _REFERENCE.sub(look_up, value)
