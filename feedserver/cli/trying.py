"""`feedserver source try`: what would be recorded, and why something would not."""

import sys
from collections.abc import Sequence
from datetime import datetime
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING

from feedserver.assembly import make_hooks, make_sources
from feedserver.clock import system_clock
from feedserver.errors import FeedserverError, InvalidRequest, MappingError, SettingsError
from feedserver.markup import text_of
from feedserver.model.activity import Draft, Object
from feedserver.model.dates import rfc3339
from feedserver.model.filter import label
from feedserver.model.identity import dated_authority
from feedserver.model.text import one_line, shorten
from feedserver.parsers.deliveries import JSON, Delivery, records_of
from feedserver.parsers.strict import decode, parse_json
from feedserver.services.intake import cleaned
from feedserver.settings import Settings, load_settings

if TYPE_CHECKING:
    from feedserver.mapping.records import Record
    from feedserver.mapping.rules import RecordMapping

_TEXT = 200  # characters of the content that are shown, on one line


def try_newest(name: str, count: int) -> int:
    """Print what the newest entries of a source that is asked would become."""
    settings, now = load_settings(), system_clock()
    sources = make_sources(settings, dated_authority(settings.authority, now), system_clock)
    source = next((source for source in sources if source.name == name), None)
    if source is None:
        raise SettingsError(_why_not(settings, name))
    sample = source.sample(count)
    for draft in sample.drafts:
        _tell(draft, "no date")
    for problem in (*sample.problems, *sample.failed):
        print(f"odd: {problem.key}: {problem.text}")
    dates = [draft.occurred for draft in sample.drafts if draft.occurred is not None]
    if dates:
        minutes = round((now - max(dates)).total_seconds() / 60)
        ahead = "ahead of" if minutes < 0 else "behind"
        print(
            f"The newest of these is {abs(minutes)} min {ahead} your clock. If that is whole hours "
            "in a busy CRM, `timezone` is wrong. Nothing was recorded."
        )
    else:
        print("The source has no entries. Nothing was recorded.")
    return 0


def try_file(name: str, file: str, headers: Sequence[str]) -> int:
    """Print what a webhook would record of the records in the file; 1 where it would not all."""
    settings, now = load_settings(), system_clock()
    hooks = make_hooks(settings, dated_authority(settings.authority, now))
    hook = next((hook for hook in hooks if hook.name == name), None)
    if hook is None:
        if name in settings.sources:
            raise SettingsError(f"{name} reads no files; leave {file} out")
        raise SettingsError(_why_not(settings, name))
    records = _records(file, headers, now)
    made = [_try_record(hook.mapping, record) for record in records]
    failed = made.count(None)
    told = f"{len(records):,} {'record' if len(records) == 1 else 'records'}"
    print(
        f"{told}: {sum(filter(None, made)):,} would be recorded, {made.count(0):,} without a rule, "
        f"{failed:,} kept. Nothing was recorded."
    )
    return 1 if failed else 0


def _why_not(settings: Settings, name: str) -> str:
    if name in settings.sources:
        return f"{name} is delivered to: name a FILE with records, or - for what comes in"
    known = ", ".join(settings.sources) or "none is set up"
    return f"no source {name}; known: {known}"


def _try_record(mapping: "RecordMapping", record: "Record") -> int | None:
    """How many activities the record would become, None where it cannot be mapped; told."""
    try:
        drafts = mapping.drafts(record)
    except MappingError as error:
        print(f"would be kept: {record.key}: {error}")
        print(f"    {error.record}")
        return None
    for draft in drafts:
        _tell(draft, "when it comes")
    if not drafts:
        print(f"no rule applies: {record.key}")
    return len(drafts)


def _records(file: str, headers: Sequence[str], now: datetime) -> "list[Record]":
    """The records in the file: one JSON text, or one a line. Raises FeedserverError."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise FeedserverError(f"{file} cannot be read: {error.strerror}") from None
    given = {}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise FeedserverError(f"--header {header!r} is none; write 'X-GitHub-Event: push'")
        given[name.strip().lower()] = value.strip()
    declared = Message()
    declared["Content-Type"] = given.get("content-type", JSON)
    text = decode(data, declared.get_content_charset())
    records: list[Record] = []
    for place, body in enumerate(_documents(text), 1):
        delivery = Delivery(declared.get_content_type(), "utf-8", given, body, now)
        records += records_of(delivery, lambda place=place: str(place))  # type: ignore[misc]
    return records


def _documents(text: str) -> list[bytes]:
    """The text as one document, or its lines where each may be one."""
    whole = text.encode()
    try:
        parse_json(text)
    except InvalidRequest:
        lines = [line for line in whole.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith(b"{") for line in lines):
            return lines
    return [whole]


def _tell(made: Draft, undated: str) -> None:
    """Print the draft as it would be recorded; `undated` is said where it has no date."""
    draft = cleaned(made)
    occurred = undated if draft.occurred is None else rfc3339(draft.occurred)
    print(f"{occurred}  {draft.title}")
    named = [
        ("actor", _names(draft.actor)),
        ("object", _names(draft.object)),
        ("target", _names(draft.target)),
        ("queue", draft.queues),
        ("product", tuple(product.name for product in draft.products)),
        ("tags", draft.tags),
        ("customer", _names(draft.customer)),
    ]
    told = [f"{name}: {', '.join(values)}" for name, values in named if values]
    print("    " + "; ".join([f"verb: {draft.verb}", *told]))
    if draft.content is not None:
        print(f"    text: {shorten(one_line(text_of(draft.content)), _TEXT)}")
    print(f"    {draft.id}")
    if draft.object is not None and draft.object.url:
        print(f"    {draft.object.url}")


def _names(thing: Object | None) -> tuple[str, ...]:
    """What people call it, empty for nothing."""
    return () if thing is None else (label(thing),)
