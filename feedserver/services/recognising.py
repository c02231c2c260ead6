"""Recognising the objects of sources by their addresses in the systems from which they come."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from feedserver.model.activity import Activity, Object
from feedserver.model.filter import make_filter
from feedserver.model.identity import tag
from feedserver.ports import Log
from feedserver.services.indexing import FacetIndex

_PARTS = {"id": r"(?P<id>[^/?#&;]+)", "objid": r"(?P<objid>[0-9]+)"}


@dataclass(frozen=True, slots=True)
class _Template:
    """Where a source's objects of that type stand."""

    source: str
    type: str
    pattern: re.Pattern[str]


class Recognising:
    """Recognises objects by the templates of links that the sources have: their `links`."""

    def __init__(self, log: Log, index: FacetIndex, sources: Mapping[str, Mapping[str, Any]]):
        self._log = log
        self._index = index
        self._templates = [
            _Template(source, type, pattern)
            for source, settings in sources.items()
            for type, pattern in _patterns(settings.get("links"))
        ]

    def object_at(self, address: str) -> Object | None:
        """The object that stands at that address; None where no template has it.

        It is that of the log, with its id and name, where the log has an activity of the source on
        it; else its type and number, as far as the address tells them. Raises StoreError.
        """
        self._index.catch_up()
        for template in self._templates:
            match = template.pattern.fullmatch(address)
            if match is None:
                continue
            parts = {name: unquote(part) for name, part in match.groupdict().items()}
            known = self._known(template, parts)
            found = known or Object(template.type, number=parts.get("id"))
            return replace(found, url=address)
        return None

    def _known(self, template: _Template, parts: Mapping[str, str]) -> Object | None:
        values = [("source", False, template.source), ("type", False, template.type)]
        if "id" in parts:
            object = self._newest([*values, ("number", False, parts["id"])])
            return object if object is not None and object.number == parts["id"] else None
        for id in self._ids(template.source, parts["objid"]):
            object = self._newest([*values, ("object", False, id)])
            if object is not None:
                return object
        return None

    def _ids(self, source: str, objid: str) -> Iterator[str]:
        """The ids of objects of that source which have the key, whatever their types are."""
        root = tag(self._log.authority, source) + "/"
        for id in self._index.values("object"):
            if id.startswith(root) and id.endswith(f"/{objid}"):
                yield id

    def _newest(self, values: list[tuple[str, bool, str]]) -> Object | None:
        """The object of the newest activity that has those values."""
        found = self._index.newest(make_filter(values), 1)
        positions = [each for each in found.positions if each not in found.removed]
        for version in self._log.at(positions) if positions else ():
            if isinstance(version, Activity):
                return version.draft.object
        return None


def _patterns(links: Any) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The type and the pattern of each template; neither host names nor paths regard case."""
    if not isinstance(links, Mapping):
        return
    for type, template in links.items():
        parts = re.split(r"\{(id|objid)\}", str(template))
        if len(set(parts[1::2])) != len(parts[1::2]) or len(parts) == 1:
            continue  # it names no object, or one part of it twice
        pattern = "".join(
            _PARTS[part] if index % 2 else re.escape(part) for index, part in enumerate(parts)
        )
        word = str(type).lower().replace("_", "-").replace(" ", "-")
        yield word, re.compile(pattern + "/?", re.IGNORECASE)
