"""Presets: the mappings of well-known senders, each a file with examples that prove it."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from feedserver.errors import SettingsError
from feedserver.mapping.expressions import near


def preset_names() -> list[str]:
    """The names of all presets, in alphabetical order."""
    files = resources.files(__name__).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def preset_rules(name: Any, where: str) -> Sequence[Mapping[str, Any]]:
    """The rules of that preset; raises SettingsError, naming the known, where there is none."""
    rules: Sequence[Mapping[str, Any]] = read_preset(name, where)["mapping"]
    return rules


def read_preset(name: Any, where: str = "") -> Mapping[str, Any]:
    """The preset's file: `meaning`, the rules `mapping`, and the `examples`."""
    known = preset_names()
    if name not in known:
        raise SettingsError(
            f"{where} preset = {name!r} is unknown.{near(str(name), known)}".strip()
        )
    file = resources.files(__name__) / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
