"""The settings that somebody answered, and the file that they make."""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedserver.errors import SettingsError
from feedserver.settings import DEFAULT_BASE_URL, Settings, make_settings, replaced

SOURCE = "crm"
TYPE = "clarify"

_HEAD = """\
# The settings of this feedserver. All that there are: docs/settings.md; webhooks: docs/webhooks.md.
# Each can be replaced from the environment (FEEDSERVER_BASE_URL); ${NAME} in a text is from there.
"""
_NO_SOURCE = """
# To record what happens in a CRM, take the # away from these and fill them in:
# [sources.crm]
# type     = "clarify"
# url      = "sqlite:////path/to/clarify.sqlite"
# timezone = "America/Chicago"
# start    = "all"
"""
_WIDTH = 39  # columns of a setting beside its comment, where that is enough
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_USER_AND_PASSWORD = re.compile(r"://[^:/@]*:[^@]+@")
_PASSWORD_PARAMETER = re.compile(
    r"(?:[?&;=]|%3b|%3d)(?:password|passwd|pwd)(?:=|%3d)(?!&|;|%3b|$)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered; what was not asked for yet has a value that can be checked with the rest.

    `url` is None where no source is set up, and `reading` where its default will do.
    """

    authority: str
    base_url: str = DEFAULT_BASE_URL
    reading: str | None = None
    url: str | None = None
    timezone: str = "UTC"
    start: str = "now"
    case_link: str = ""
    solution_link: str = ""

    @property
    def links(self) -> Mapping[str, str]:
        """The addresses in the CRM, by type of object."""
        links = {"case": self.case_link, "solution": self.solution_link}
        return {type_: link for type_, link in links.items() if link}


def values(answers: Answers) -> dict[str, Any]:
    """The settings as they are read from the file of `document`."""
    found: dict[str, Any] = {"authority": answers.authority}
    if answers.base_url != DEFAULT_BASE_URL:
        found["base_url"] = answers.base_url
    if answers.reading is not None:
        found["reading"] = answers.reading
    if answers.url is not None:
        source: dict[str, Any] = {
            "type": TYPE,
            "url": answers.url,
            "timezone": answers.timezone,
            "start": answers.start,
        }
        if answers.links:
            source["links"] = dict(answers.links)
        found["sources"] = {SOURCE: source}
    return found


def settings_of(answers: Answers) -> Settings:
    """The settings as whoever loads the file will have them. Raises SettingsError."""
    return make_settings(Path(), replaced(values(answers)))


def document(answers: Answers) -> str:
    """The settings as TOML, with what each is for."""
    lines = [
        _HEAD,
        _line(f"authority = {_quoted(answers.authority)}", "in all ids, for ever; final"),
        _base_url_line(answers.base_url),
    ]
    if answers.reading is not None:
        lines.append(
            _line(f"reading   = {_quoted(answers.reading)}", "readers need a grant, or: open")
        )
    if answers.url is None:
        return "\n".join([*lines, _NO_SOURCE])
    lines += [
        f"\n[sources.{SOURCE}]",
        _line(f"type     = {_quoted(TYPE)}"),
        _line(f"url      = {_quoted(answers.url)}", "the CRM's database, which is only read"),
        _line(f"timezone = {_quoted(answers.timezone)}", "the zone of the CRM's clock; final"),
        _line(f"start    = {_quoted(answers.start)}", '"all", "now" or the first day; final'),
    ]
    if answers.links:
        links = ", ".join(f"{type_} = {_quoted(link)}" for type_, link in answers.links.items())
        lines.append(_line(f"links    = {{ {links} }}"))
    return "\n".join([*lines, ""])


def _base_url_line(base_url: str) -> str:
    if base_url != DEFAULT_BASE_URL:
        return _line(f"base_url  = {_quoted(base_url)}", "the address readers use")
    # Where it is not set it goes with `serve --port`.
    return _line(f"# base_url = {_quoted(base_url)}", "the address readers use, if it is another")


def _line(setting: str, comment: str = "") -> str:
    return f"{setting:<{_WIDTH}}  # {comment}" if comment else setting


def _quoted(text: str) -> str:
    """The text as a basic string of TOML."""
    # JSON's escapes are TOML's too, but JSON lets a DEL stand as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def holds_password(url: str) -> bool:
    """Whether a password itself stands in the database's URL, and not only its `${NAME}`."""
    written = _REFERENCE.sub("", url)
    return any(found.search(written) for found in (_USER_AND_PASSWORD, _PASSWORD_PARAMETER))


def refuse_unwritable(path: Path) -> None:
    """Raise SettingsError where the file is there already, or where none can be made."""
    if os.path.lexists(path):
        raise _is_there(path)
    folder = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise SettingsError(f"{path} cannot be made: nothing can be written to {folder}")


def write_new(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all of it or nothing; its folder is made.

    Raises SettingsError where it is there already or cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            # A link is refused where somebody has made the file meanwhile; a renaming is not.
            os.link(draft, path)
        finally:
            os.unlink(draft)
    except FileExistsError:
        raise _is_there(path) from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be made: {error.strerror or error}") from None


def _is_there(path: Path) -> SettingsError:
    return SettingsError(
        f"{path} is there already, and is left as it is. Edit it (a CRM is a table [sources.crm] "
        "in it, see docs/settings.md), move it away, or name another file in FEEDSERVER_SETTINGS"
    )
