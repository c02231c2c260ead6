"""Making a webhook from its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feedserver.errors import SettingsError
from feedserver.mapping.rules import RecordMapping, rules_of
from feedserver.ports import Admission
from feedserver.sources.webhook.admitting import ByAddress, BySignature, ByStandardWebhooks

SIGNATURES = ("none", "github", "standard")

_LONGEST = 86_400  # seconds; a longer tolerance is no protection


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook: who may deliver to it, and the mapping of what is delivered."""

    name: str
    admission: Admission
    mapping: RecordMapping


def make_hook(name: str, settings: Mapping[str, Any], authority: str) -> Hook:
    """The webhook with that name and those settings, `authority` being that of its ids.

    Raises SettingsError, naming the setting.
    """
    where = f"[sources.{name}]"
    admission = _admission(settings, where)
    if settings.get("preset") == "none":
        settings = {key: value for key, value in settings.items() if key != "preset"}
    rules = rules_of(settings, where)
    return Hook(name, admission, RecordMapping(authority, name, rules, where))


def _admission(settings: Mapping[str, Any], where: str) -> Admission:
    secret = settings.get("secret")
    if secret is None:
        raise SettingsError(
            f"{where} secret is not set, and has no default. Make one with: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    if not isinstance(secret, str):
        raise SettingsError(f"{where} secret is no text")
    signature = settings.get("signature", "none")
    if signature not in SIGNATURES:
        known = ", ".join(SIGNATURES)
        raise SettingsError(f"{where} signature = {signature!r} is unknown; known: {known}")
    tolerance = settings.get("tolerance", 300)
    if isinstance(tolerance, bool) or not isinstance(tolerance, int) or tolerance < 1:
        raise SettingsError(f"{where} tolerance = {tolerance!r} is no number of seconds")
    if tolerance > _LONGEST:
        raise SettingsError(f"{where} tolerance = {tolerance} is more than a day")
    if "tolerance" in settings and signature != "standard":
        raise SettingsError(
            f'{where} tolerance is for signature = "standard", which alone signs the time; '
            "leave it out"
        )
    try:
        if signature == "github":
            return BySignature(secret)
        return (
            ByStandardWebhooks(secret, tolerance) if signature == "standard" else ByAddress(secret)
        )
    except ValueError as error:  # which never repeats the secret
        raise SettingsError(f"{where} secret {error}") from None
