"""A record: what another system sent, before it is anything of ours."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedserver.model.text import clean, shorten

SHOWN = 2000  # characters of a record that stand beside an error

_SECRET = re.compile(r"auth|cookie|key|password|secret|signature|token", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came.

    `key` tells it from every other of its source, `value` is a JSON value, `headers` are those
    it came with, their names in small letters, and `received` is when, aware UTC.
    """

    key: str
    value: Any
    headers: Mapping[str, str]
    received: datetime


def shown(record: Record) -> str:
    """The record for a person, on one line of at most SHOWN characters.

    Of headers whose names speak of secrets nothing is shown.
    """
    headers = {
        name: text for name, text in sorted(record.headers.items()) if not _SECRET.search(name)
    }
    try:
        text = json.dumps({"record": record.value, "headers": headers}, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = "(it cannot be shown as JSON)"
    return shorten(clean(text), SHOWN)
