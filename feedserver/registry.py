"""Tables of named parts that are imported when they are first asked for."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from feedserver.errors import FeedserverError


class Registry(Mapping[str, Any]):
    """Named parts of one kind, written down as `module:attribute` and imported on first use.

    So a command that renders nothing never pays for lxml, and a part is added by one line.
    """

    def __init__(self, kind: str, table: Mapping[str, str]) -> None:
        self._kind = kind
        self._table = dict(table)

    def __getitem__(self, name: str) -> Any:
        """The part of that name.

        Raises FeedserverError, naming the known ones, where there is none.
        """
        try:
            module, attribute = self._table[name].split(":")
        except KeyError:
            known = ", ".join(sorted(self._table))
            raise FeedserverError(f"no {self._kind} named {name!r}; known: {known}") from None
        return getattr(import_module(module), attribute)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, name: object) -> bool:
        return name in self._table
