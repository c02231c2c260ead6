"""Checks of the settings: what they say that is unwise, or of which somebody should know."""

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from feedserver.diagnosis.results import Check, Result, ok, warning
from feedserver.errors import SettingsError
from feedserver.model.identity import is_for_examples
from feedserver.model.masking import masked
from feedserver.serving import is_loopback, refuse_open_reading
from feedserver.settings import Settings

_HERE = "127.0.0.1"  # where `serve` listens, if nobody says otherwise


def checks_of_settings(settings: Settings, path: Path) -> list[Check]:
    """The checks of settings that could be read, from the file at `path` if there is one."""
    return [
        lambda: _file(settings, path),
        lambda: _authority(settings),
        lambda: _addresses(settings),
    ]


def _file(settings: Settings, path: Path) -> Iterator[Result]:
    if not path.is_file():
        yield ok("all of the settings stand in the environment")
        return
    yield ok(f"{path} can be read, and every setting in it is known")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    others = stat.S_IMODE(path.stat().st_mode) & (stat.S_IRGRP | stat.S_IROTH)
    secrets = [str(source["secret"]) for source in settings.sources.values() if "secret" in source]
    has_password, has_secret = masked(text) != text, any(secret in text for secret in secrets)
    if others and (has_password or has_secret):
        yield warning(
            f"{path} holds a {'password' if has_password else 'secret'}, and others than its owner "
            "may read it",
            f"chmod 600 {path}, or write ${{NAME}} in place of it.",
        )


def _authority(settings: Settings) -> Iterator[Result]:
    if is_for_examples(settings.authority):
        yield warning(
            f"authority is {settings.authority}, which is set aside for examples (RFC 2606)",
            "Good for trying things out. Before you record what is to stay, set a domain name of "
            "yours, and begin with an empty store: it is in every id, for ever.",
        )
    elif "." not in settings.authority:
        yield warning(
            f"authority is {settings.authority}, which is no full domain name",
            "Where nothing is recorded yet, write it with its end.",
        )
    else:
        yield ok(f"authority {settings.authority} will be in every id")


def _addresses(settings: Settings) -> Iterator[Result]:
    parts = urlsplit(settings.base_url)
    is_here = is_loopback(parts.hostname or "")
    yield ok(
        f"readers are told {settings.base_url}"
        + ("" if settings.has_base_url else ", or where `serve` listens: base_url is not set")
    )
    try:
        refuse_open_reading(settings, _HERE)
    except SettingsError as error:
        yield warning(str(error), 'Set reading = "private", unless a proxy asks who reads.')
    else:
        yield ok(
            f'reading = "{settings.reading}": '
            + ("a grant is needed" if settings.reading == "private" else "who reaches it may read")
        )
    if parts.scheme == "http" and not is_here:
        yield warning(
            "base_url begins with http://, so tokens and entries can be read on the way",
            "Put a proxy with TLS in front, and let base_url begin with https://.",
        )
    if is_here and settings.has_base_url and (parts.port or 80) != 8000:
        port = parts.port or 80
        yield ok(f"base_url names port {port}: start the server with --port {port}")
