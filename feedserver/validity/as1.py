"""The rules of JSON Activity Streams 1.0."""

import re
from datetime import datetime

from feedserver.model.vocabulary import is_iri
from feedserver.validity.dates import tomorrow_of
from feedserver.validity.findings import Findings, Report
from feedserver.validity.members import Members, members_of

_SIMPLE_NAME = re.compile(r"(?:[\w!$&'()*+,;=@.~-]|%[0-9A-Fa-f]{2})+")  # RFC 3987, isegment-nz-nc
_OF_AS2 = ("@context", "type", "name")


def check_as1(document: bytes, address: str | None, now: datetime) -> Findings:
    """Judge a collection or an activity by https://activitystrea.ms/specs/json/1.0/.

    `address` is where it was asked for. Stricter: each activity has `id`, `verb`, `title` and
    `url`, and nothing is null.
    """
    report = Report()
    members = members_of(document, report, tomorrow_of(now))
    if members is not None:
        is_collection = members.values.get("objectType") == "collection"
        (_collection if is_collection else _activity)(members)
        if is_collection and address is not None and members.values.get("url") != address:
            members.add("SelfDoesntMatchLocation", "url", f"fetched from {address}")
    return report.findings()


def _collection(collection: Members) -> None:
    collection.iri("id", is_needed=True)
    collection.text("displayName", is_needed=True)
    collection.html("summary")
    collection.address("url", is_needed=True)
    collection.date("updated", is_needed=True)
    collection.count("totalItems")
    collection.address("next")
    for link in collection.inners("links"):
        link.text("rel", is_needed=True)
        link.address("href", is_needed=True)
    for item in collection.inners("items", is_needed=True):
        _activity(item)


def _activity(activity: Members) -> None:
    activity.iri("id", is_needed=True)
    if "deleted" in activity.values:
        activity.date("deleted")
        return
    for name in _OF_AS2:
        if name in activity.values:
            activity.add("UnknownMember", name, "it is of Activity Streams 2.0")
    _check_name(activity, "verb", is_needed=True)
    if activity.text("title", is_needed=True):
        activity.html("title")
    activity.html("content")
    activity.link("url", is_needed=True)
    activity.date("published", is_needed=True)
    activity.date("updated")
    _object(activity.inner("actor", is_needed=True))
    _object(activity.inner("object"))
    _object(activity.inner("target"))


def _object(object: Members | None) -> None:
    if object is None:
        return
    object.text("displayName")
    object.text("id")
    object.link("url")
    _check_name(object, "objectType")


def _check_name(members: Members, name: str, is_needed: bool = False) -> None:
    value = members.text(name, is_needed)
    if value and not _SIMPLE_NAME.fullmatch(value) and not is_iri(value):
        members.add("InvalidName", name, value)
