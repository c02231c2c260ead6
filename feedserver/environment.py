"""The environment of the process, which is read nowhere else."""

import os
from collections.abc import Mapping

PREFIX = "FEEDSERVER_"
"""How the names of all variables begin that are for feedserver."""


def variables() -> Mapping[str, str]:
    """The variables of the environment by name."""
    return os.environ


def token_from_environment() -> str | None:
    """The token in `FEEDSERVER_TOKEN`, which no list of processes shows; None where it is not."""
    return variables().get(PREFIX + "TOKEN") or None


def machine_timezone(
    environment: Mapping[str, str] | None = None,
    localtime: str | os.PathLike[str] = "/etc/localtime",
) -> str | None:
    """The name of this machine's time zone, None where nothing tells it."""
    environment = variables() if environment is None else environment
    named = environment.get("TZ", "").removeprefix(":")
    name = (named or os.path.realpath(localtime)).rpartition("zoneinfo/")[2]
    if name.startswith("/"):
        return None
    return "UTC" if name == "Etc/UTC" else name
