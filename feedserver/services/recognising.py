"""Recognising the objects of sources by their addresses in the systems from which they come."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from feedserver.errors import SourceError
from feedserver.model.activity import Activity, Object
from feedserver.model.filter import make_filter
from feedserver.model.text import REPLACEMENT, one_line
from feedserver.ports import Log, Source
from feedserver.services.indexing import FacetIndex

logger = logging.getLogger(__name__)

_PARTS = {"id": r"(?P<id>[^/?#&;]+)", "objid": r"(?P<objid>[0-9]+)"}


@dataclass(frozen=True, slots=True)
class _Template:
    """Where a source's objects of that type stand."""

    source: str
    type: str
    pattern: re.Pattern[str]


class Recognising:
    """Recognises objects by the templates of links that the sources have in their `settings`."""

    def __init__(
        self,
        log: Log,
        index: FacetIndex,
        sources: Sequence[Source],
        settings: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._log = log
        self._index = index
        self._sources = {source.name: source for source in sources}
        self._templates = [
            _Template(source, type, pattern)
            for source, values in settings.items()
            for type, pattern in _patterns(values.get("links"))
        ]

    def object_at(self, address: str) -> Object | None:
        """The object that stands at that address; None where no template has it.

        It is that of the log, with its id and name, where the log has an activity of the source on
        it; else that of the source, which may not have told of it yet; else its type and number, as
        far as the address tells them. Where several templates have
        it, what they do not agree on is not told; without a type it is None. Raises StoreError.
        """
        matches = list(self._matches(address))
        if len({template.type for template, _ in matches}) != 1:
            return None
        self._index.catch_up()
        known = [self._known(template, parts) for template, parts in matches]
        told = [Object(template.type, number=parts.get("id")) for template, parts in matches]
        for found in ([each for each in known if each is not None], told):
            if len({(each.id, each.number) for each in found}) == 1:
                return replace(found[0], url=address)
        return None

    def _matches(self, address: str) -> Iterator[tuple[_Template, dict[str, str]]]:
        for template in self._templates:
            match = template.pattern.fullmatch(address)
            if match is None:
                continue
            parts = {name: unquote(part) for name, part in match.groupdict().items()}
            if all(map(_is_plain, parts.values())):
                yield template, parts

    def _known(self, template: _Template, parts: Mapping[str, str]) -> Object | None:
        values = [("source", False, template.source), ("type", False, template.type)]
        number, key = parts.get("id"), parts.get("objid")
        if number is not None:
            object = self._newest([*values, ("number", False, number)])
            if object is not None and object.number == number:
                return object
        source = self._sources.get(template.source)
        try:
            return None if source is None else source.object_at(template.type, number, key)
        except SourceError as error:
            logger.warning("an object could not be looked up: %s", error)
            return None

    def _newest(self, values: list[tuple[str, bool, str]]) -> Object | None:
        """The object of the newest activity that has those values."""
        found = self._index.newest(make_filter(values), 1)
        positions = [each for each in found.positions if each not in found.removed]
        for version in self._log.at(positions) if positions else ():
            if isinstance(version, Activity):
                return version.draft.object
        return None


def _is_plain(part: str) -> bool:
    """Whether it would be recorded as it is: what is altered could be that of another object."""
    return part == one_line(part) != "" and REPLACEMENT not in part


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
