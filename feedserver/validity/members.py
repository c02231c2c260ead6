"""The members of a JSON document, and rules for what they hold."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from feedserver.model.vocabulary import is_iri
from feedserver.validity.dates import is_plausible, is_timestamp
from feedserver.validity.findings import Report
from feedserver.validity.html import html_faults

_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
_LINK = re.compile(r"(?i:https?://|mailto:)[^\s<>\"{}|\\^`]+")


class Members:
    """An object of a document, and where it stands: a JSON Pointer (RFC 6901).

    What is asked for and not there, or of the wrong kind, is told to the report and comes as None.
    """

    def __init__(self, report: Report, tomorrow: str, where: str, values: Mapping[str, Any]):
        self.values = values
        self._report = report
        self._tomorrow = tomorrow
        self._where = where

    def add(self, rule: str, name: str = "", what: object = "") -> None:
        """Note that the member of that name does not keep the rule, or all of the object."""
        where = f"{self._where}/{name}" if name else self._where or "document"
        self._report.add(rule, where, str(what)[:200])

    def text(self, name: str, is_needed: bool = False) -> str | None:
        """A text that is not empty."""
        value = self._member(name, str, is_needed)
        if value == "":
            self.add("EmptyMember", name)
        return None if value is None else str(value)

    def html(self, name: str) -> None:
        """A text that is HTML."""
        for rule, what in html_faults(self.text(name) or ""):
            self.add(rule, name, what)

    def iri(self, name: str, is_needed: bool = False) -> str | None:
        """An absolute IRI."""
        value = self.text(name, is_needed)
        if value and not is_iri(value):
            self.add("InvalidFullLink", name, value)
        return value

    def address(self, name: str, is_needed: bool = False) -> str | None:
        """An address of the web, as a server writes its own."""
        return self._matching(_ADDRESS, name, is_needed)

    def link(self, name: str, is_needed: bool = False) -> str | None:
        """An address of the web or of somebody's mail, as anybody writes it."""
        return self._matching(_LINK, name, is_needed)

    def _matching(self, form: re.Pattern[str], name: str, is_needed: bool) -> str | None:
        value = self.text(name, is_needed)
        if value and not form.fullmatch(value):
            self.add("InvalidLink", name, value)
        return value

    def date(self, name: str, is_needed: bool = False) -> None:
        """A date that somebody may believe."""
        value = self.text(name, is_needed)
        if value and not is_timestamp(value):
            self.add("InvalidRFC3339Date", name, value)
        elif value and not is_plausible(value, self._tomorrow):
            self.add("ImplausibleDate", name, value)

    def count(self, name: str, is_needed: bool = False) -> None:
        """A whole number, 0 or more."""
        value = self._member(name, int, is_needed)
        if isinstance(value, bool) or (isinstance(value, int) and value < 0):
            self.add("WrongMember", name, value)

    def texts(self, name: str) -> list[str]:
        """The texts of a list."""
        values = self._list(name, False)
        for number, value in enumerate(values):
            if not isinstance(value, str) or not value:
                self.add("WrongMember", f"{name}/{number}", value)
        return [value for value in values if isinstance(value, str)]

    def inner(self, name: str, is_needed: bool = False) -> "Members | None":
        """An object."""
        value = self._member(name, dict, is_needed)
        return None if value is None else self._below(name, value)

    def inners(self, name: str, is_needed: bool = False) -> "list[Members]":
        """The objects of a list."""
        found = []
        for number, value in enumerate(self._list(name, is_needed)):
            if isinstance(value, dict):
                found.append(self._below(f"{name}/{number}", value))
            else:
                self.add("WrongMember", f"{name}/{number}", value)
        return found

    def _below(self, name: str, values: Mapping[str, Any]) -> "Members":
        return Members(self._report, self._tomorrow, f"{self._where}/{name}", values)

    def _list(self, name: str, is_needed: bool) -> list[Any]:
        return list(self._member(name, list, is_needed) or ())

    def _member(self, name: str, kind: type, is_needed: bool) -> Any:
        if name not in self.values:
            if is_needed:
                self.add("MissingMember", name)
            return None
        value: Any = self.values[name]
        if value is None or isinstance(value, kind):
            return value
        self.add("WrongMember", name, value)
        return None


def members_of(document: bytes, report: Report, tomorrow: str) -> Members | None:
    """The members of the document; None where it is none, which the report then has."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            report.add("DuplicateMember", "document", ", ".join(name for name, _ in pairs))
        return members

    try:
        value = json.loads(document.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        report.add("NotJson", "document", str(error))
        return None
    if not isinstance(value, dict):
        report.add("NotJson", "document", type(value).__name__)
        return None
    for where in _nulls(value):
        report.add("EmptyMember", where, "null")
    return Members(report, tomorrow, "", value)


def _nulls(value: object, where: str = "") -> Iterator[str]:
    if value is None:
        yield where
    elif isinstance(value, dict | list):
        named = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in named:
            yield from _nulls(inner, f"{where}/{name}")


def check_unique(items: list[Members]) -> None:
    """Each id may stand only once among the items."""
    seen: set[object] = set()
    for item in items:
        id = item.values.get("id")
        if isinstance(id, str) and id in seen:
            item.add("DuplicateValue", "id", id)
        seen.add(id if isinstance(id, str) else None)
