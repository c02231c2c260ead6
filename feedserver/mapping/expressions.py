"""Templates and expressions over a record: read once, sandboxed, and bounded in what they do."""

import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from jinja2 import TemplateError, Undefined, UndefinedError, meta, nodes

from feedserver.errors import MappingError, SettingsError
from feedserver.mapping import filters
from feedserver.mapping.filters import MAX_TEXT, Tables
from feedserver.mapping.sandbox import Environment
from feedserver.mapping.values import LIST, Unfit
from feedserver.model.text import one_line, shorten

MAX_TEMPLATE = 10_000  # characters
MAX_LOOPS = 2  # in each other, as labels in commits
MAX_TOLD = 500  # characters of what is wrong; names of the record may stand in it

Compiled = Callable[[Mapping[str, Any]], Any]
"""Gives the value of a template over named values."""

_NAME = "_value"  # by which a compiled expression gives its value
_TAKES_A_NAME = {"map": 0, "select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
_STATEMENTS = (nodes.Output, nodes.If, nodes.For, nodes.Assign)
_FAULTS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_UNREADABLE = (TemplateError, SyntaxError, RecursionError, ValueError, MemoryError, OverflowError)
_VALUES = (str, bool, int, float, list, tuple, dict, datetime, type(None))


class Expressions:
    """Reads templates; `tables` are the value tables of the filter `table`.

    `names` are all that a template may name, where they are known beforehand; None for any.
    In them is what a record or another mapping of names holds, what `filters` lists, and a few
    methods of texts: nothing else can be named, called or changed.
    """

    def __init__(self, tables: Tables | None = None, names: Sequence[str] | None = None) -> None:
        self._tables = tables or {}
        self._names = names
        self._environment = Environment(self._tables)

    def compiled(self, text: str, where: str) -> Compiled:
        """The template, to be asked for its value; `where` names it in errors.

        One that is a single `{{ expression }}` gives its value as it is, every other a text.
        Raises SettingsError where it cannot be read; what it gives raises MappingError.
        """
        if len(text) > MAX_TEMPLATE:
            raise SettingsError(f"{where}: has more than {MAX_TEMPLATE:,} characters")
        if "{" not in text:
            return lambda names: text
        try:
            return self._read(text, where)
        except _UNREADABLE as error:
            told = " ".join(str(error).split()) or "it is nested too deep"
            raise SettingsError(f"{where}: {_short(text)} cannot be read: {told}") from None

    def expression(self, text: str, where: str) -> Compiled:
        """As `compiled`, of a text that may be an expression without its braces, too."""
        is_template = "{{" in text or "{%" in text
        return self.compiled(text if is_template else f"{{{{ {text} }}}}", where)

    def _read(self, text: str, where: str) -> Compiled:
        tree = self._environment.parse(text.strip())
        self._check(tree, text, where)
        _harden(tree)
        alone = _alone(tree)
        if alone is not None:
            body: list[nodes.Node] = [nodes.Assign(nodes.Name(_NAME, "store"), alone, lineno=1)]
            tree = nodes.Template(body, lineno=1)
        template = self._environment.from_string(tree)
        render, environment = template.root_render_func, self._environment

        def value_of(names: Mapping[str, Any]) -> Any:
            context = environment.context_class(environment, names, None, {})  # type: ignore[arg-type]
            try:
                said = _bounded(render(context))
                return said if alone is None else _plain(context.vars[_NAME])
            except _FAULTS as error:
                told = shorten(one_line(str(error)), MAX_TOLD) or "it is nested too deep"
                raise MappingError(f"{where}: {_short(text)}: {told}") from None

        return value_of

    def _check(self, tree: nodes.Template, text: str, where: str) -> None:
        """Raise SettingsError for what is in no template here."""
        for node in tree.find_all(nodes.Node):
            fault = self._fault_of(node)
            if fault is not None:
                raise SettingsError(f"{where}: {_short(text)}: {fault}")
        for name in sorted(meta.find_undeclared_variables(tree)):
            if self._names is not None and name not in self._names:
                told = f"there is no {name}; known: {', '.join(self._names)}"
                raise SettingsError(f"{where}: {_short(text)}: {told}")

    def _fault_of(self, node: nodes.Node) -> str | None:
        if isinstance(node, nodes.Stmt) and not isinstance(node, _STATEMENTS):
            return f"there is no {{% {type(node).__name__.lower()} %}} here; known: if, for, set"
        filter, test = _called(node)
        if filter is not None and filter not in self._environment.filters:
            return f"there is no filter {filter}.{near(filter, filters.FILTERS)}"
        if test is not None and test not in self._environment.tests:
            return f"there is no test {test}.{near(test, self._environment.tests)}"
        if isinstance(node, nodes.Const) and node.value in (math.inf, -math.inf):
            return "a number in it is too large"
        if isinstance(node, nodes.For) and _depth(node) > MAX_LOOPS:
            return f"more than {MAX_LOOPS} loops stand in each other"
        if isinstance(node, nodes.Name) and node.name == "self":
            return "self cannot stand alone; write record.self"
        if isinstance(node, nodes.Filter) and node.name == "table" and node.args:
            first = node.args[0]
            if isinstance(first, nodes.Const) and first.value not in self._tables:
                return f"there is no table {first.value}.{near(str(first.value), self._tables)}"
        return None


def near(name: str, known: Iterable[str]) -> str:
    """Which of the known names may be meant, as a sentence."""
    several = sorted(each for each in known if each[:1] != "_")
    close = difflib.get_close_matches(name, several, n=1)
    if close:
        return f" Did you mean {close[0]}?"
    return f" Known: {', '.join(several)}." if several else " There are none."


def _called(node: nodes.Node) -> tuple[str | None, str | None]:
    """The filter and the test that the node asks for, by name: `map('upper')` asks for upper."""
    if isinstance(node, nodes.Test):
        return None, node.name
    if not isinstance(node, nodes.Filter):
        return None, None
    place = _TAKES_A_NAME.get(node.name)
    named = node.args[place] if place is not None and place < len(node.args) else None
    if not isinstance(named, nodes.Const) or not isinstance(named.value, str):
        return node.name, None
    return (named.value, None) if node.name == "map" else (node.name, named.value)


def _depth(node: nodes.Node) -> int:
    """How many loops stand in each other, from the node on."""
    below = max(map(_depth, node.iter_child_nodes()), default=0)
    return below + isinstance(node, nodes.For)


def _alone(tree: nodes.Template) -> nodes.Expr | None:
    """The expression of a template that is nothing else."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return None
    parts = tree.body[0].nodes
    is_alone = len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData)
    return parts[0] if is_alone else None


def _harden(tree: nodes.Template) -> None:
    """Let each part that `~` joins be a text of ours, and bound every loop."""
    for joined in tree.find_all(nodes.Concat):
        texts = nodes.List([_filtered(part, "string") for part in joined.nodes])
        joined.nodes = [_filtered(texts, "join")]
    for loop in tree.find_all(nodes.For):
        loop.iter = _filtered(loop.iter, "_few")


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None)


def _bounded(parts: Iterable[str]) -> str:
    said, length = [], 0
    for part in parts:
        length += len(part)
        if length > MAX_TEXT:
            raise Unfit(f"it gives more than {MAX_TEXT:,} characters")
        said.append(part)
    return "".join(said).strip()


def _plain(value: Any) -> Any:
    """The value of an expression that stands alone, a list where it is one in the making."""
    if isinstance(value, Iterator):
        value = list(value)
    for each in value if isinstance(value, LIST) else (value,):
        if isinstance(each, Undefined):
            raise UndefinedError(each._undefined_message)
        if not isinstance(each, _VALUES):
            raise Unfit("it gives no value; is a pair of brackets missing?")
    return value


def _short(text: str) -> str:
    return shorten(" ".join(text.split()), 120)
