"""The sandbox of templates: Jinja's, with less in it, and bounded in what it works out."""

from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, Undefined, UndefinedError, pass_context
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import SandboxedEnvironment

from feedserver.mapping import filters
from feedserver.mapping.filters import MAX_TEXT, Tables
from feedserver.mapping.values import LIST, Unfit, kind_of, text_of
from feedserver.model.text import shorten

MAX_TURNS = 1000  # of one loop
MAX_ALL_TURNS = 10_000  # of all loops of a template together, those in each other

_LARGE = 1e18  # beyond that people write numbers as texts
_TURN = frozenset("index index0 revindex revindex0 first last length previtem nextitem".split())
METHODS = frozenset(
    "split rsplit splitlines partition rpartition strip lstrip rstrip lower upper title capitalize "
    "startswith endswith removeprefix removesuffix find rfind count isdigit isalpha".split()
)
"""The methods of texts that can do no harm."""


class _Missing(StrictUndefined):
    """What is not there: its members are not, either, and whatever else is asked is an error."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        return self._undefined_hint or f"there is no {self._undefined_name}"

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Any:
        return self


class _Counting(Context):
    """The names over which a template is worked out once, and how many turns its loops took."""

    turns = 0


class Environment(SandboxedEnvironment):
    """Jinja's sandbox with less in it: members of values only, no globals, bounded operators."""

    context_class = _Counting
    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, tables: Tables) -> None:
        super().__init__(undefined=_Missing, finalize=_said, autoescape=False, cache_size=0)
        self.filters.clear()
        self.filters.update(filters.FILTERS, table=filters.table_of(tables), _few=_few)
        self.tests.update(defined=_is_defined, undefined=lambda value: not _is_defined(value))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The member; of a text a method that can do no harm, of a loop where it is."""
        if isinstance(obj, str) and attribute in METHODS:
            return getattr(obj, attribute)
        if isinstance(obj, LoopContext) and attribute in _TURN:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The member of an object or the element of a list, or what says that it is not there."""
        if isinstance(obj, Undefined):
            return obj
        if isinstance(obj, Mapping) and isinstance(argument, str):
            return obj[argument] if argument in obj else self._missing(obj, argument)
        is_place = isinstance(obj, (str, *LIST)) and isinstance(argument, int)
        if is_place and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self._missing(obj, argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether it is one of the methods that `getattr` gives."""
        return isinstance(getattr(obj, "__self__", None), str) and obj.__name__ in METHODS

    def call(self, context: Any, obj: Any, *arguments: Any, **named: Any) -> Any:
        """What the method gives."""
        if not self.is_safe_callable(obj):
            raise Unfit(f"{_kind(obj)} stands before the brackets; only methods of texts do")
        return context.call(obj, *arguments, **named)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """The value of the operation, of numbers alone but for `+`; no powers."""
        if operator == "+" and type(left) is type(right) and isinstance(left, (str, list)):
            if len(left) + len(right) > MAX_TEXT:
                raise Unfit("it would become too long")
        elif operator == "**" or not (_is_number(left) and _is_number(right)):
            kinds = f"{_kind(left)} {operator} {_kind(right)}"
            raise Unfit(f"{kinds} cannot be worked out; texts are joined by ~")
        return super().call_binop(context, operator, left, right)

    def _missing(self, obj: Any, name: Any) -> Undefined:
        hint = f"there is no {name} in {_kind(obj)}"
        if isinstance(obj, Mapping):
            hint += f", which has {shorten(', '.join(map(str, obj)), 200) or 'no members'}"
        elif isinstance(obj, str) and isinstance(name, str):
            hint += f"; known: {', '.join(sorted(METHODS))}"
        return self.undefined(hint=hint, obj=obj, name=str(name))


@pass_context
def _few(context: _Counting, value: Any) -> list[Any]:
    """What a loop goes through."""
    found = list(value)
    context.turns += len(found)
    if len(found) > MAX_TURNS:
        raise Unfit(f"it goes through {len(found):,} elements; {MAX_TURNS:,} is the limit")
    if context.turns > MAX_ALL_TURNS:
        raise Unfit(f"its loops go through more than {MAX_ALL_TURNS:,} elements in all")
    return found


def _said(value: Any) -> Any:
    """The value of an expression within a text; what is missing says so itself."""
    return value if isinstance(value, Undefined) else text_of(value)


def _is_defined(value: Any) -> bool:
    """Whether it is there, and not null."""
    return value is not None and not isinstance(value, Undefined)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < _LARGE


def _kind(value: Any) -> str:
    if isinstance(value, Undefined):
        raise UndefinedError(value._undefined_message)
    return kind_of(value)
