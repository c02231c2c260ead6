"""How the elements of HTML may lie in each other."""

from feedserver.validity.words import words

VOID = words("area br col hr img source track wbr base embed link meta param")
"""Elements that have no end."""

_HEADINGS = words("h1 h2 h3 h4 h5 h6")
_FORMATTING = words("a b big code em font i s small strike strong tt u")
_BLOCKS = words(
    """address article aside blockquote center details dir div dl fieldset figcaption figure
    footer header hgroup main menu nav ol pre section summary ul"""
)
_IMPLIED_ENDS = frozenset({"dd", "dt", "li", "p"})
_MAY_STAY_OPEN = _IMPLIED_ENDS | {"tbody", "td", "tfoot", "th", "thead", "tr"}
_TABLE_PARTS = words("caption col colgroup tbody td tfoot th thead tr")
_ROW_GROUPS = frozenset({"tbody", "tfoot", "thead"})
_CELLS = frozenset({"td", "th"})
_SCOPES = frozenset({"caption", "table", "td", "th"})
_SPECIAL = (
    (_BLOCKS - {"figcaption", "hgroup", "main", "summary"})
    | _HEADINGS
    | _TABLE_PARTS
    | frozenset({"dd", "dt", "li", "p", "table"})
)


class MalformedError(Exception):
    """HTML that a strict HTML 5 parser refuses."""


class Tree:
    """The open elements of a strict HTML 5 parser; each method refuses what it calls an error."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def text(self, text: str) -> None:
        """Text follows."""
        if text.strip("\t\n\f\r ") and self._table_context() not in _CELLS | {None, "caption"}:
            raise MalformedError("text in a table, outside its cells")

    def start(self, name: str) -> None:
        """A start tag follows."""
        if self._table_context() not in _CELLS | {None, "caption"}:
            self._start_in_table(name)
        elif name in _TABLE_PARTS:
            self._start_part(name)
        else:
            self._start_in_body(name)

    def end(self, name: str) -> None:
        """An end tag follows."""
        context = self._table_context()
        if context in _CELLS | {None, "caption"}:
            self._end_in_body(name, context)
        elif context == "colgroup" and name != "colgroup":
            self._open.pop()
            self.end(name)
        elif name == context:
            self._open.pop()
        elif name in _ROW_GROUPS | {"table"} and name in self._open_in_table():
            self._open.pop()
            self.end(name)
        else:
            raise MalformedError(f"</{name}> in {context}")

    def finish(self) -> None:
        """Nothing follows."""
        for name in reversed(self._open):
            if name not in _MAY_STAY_OPEN:
                raise MalformedError(f"{name} is not closed")

    def _table_context(self) -> str | None:
        parts = (_TABLE_PARTS | {"table"}).intersection(self._open)
        return next((name for name in reversed(self._open) if name in parts), None)

    def _open_in_table(self) -> list[str]:
        last = max((at for at, name in enumerate(self._open) if name == "table"), default=0)
        return self._open[last:]

    def _current(self) -> str | None:
        return self._open[-1] if self._open else None

    def _in_scope(self, names: frozenset[str], barriers: frozenset[str] = _SCOPES) -> bool:
        for name in reversed(self._open):
            if name in names:
                return True
            if name in barriers:
                return False
        return False

    def _imply_ends(self, except_for: str = "") -> None:
        while self._current() in _IMPLIED_ENDS - {except_for}:
            self._open.pop()

    def _close(self, name: str, keep: str = "") -> None:
        self._imply_ends(keep)
        if self._current() != name:
            raise MalformedError(f"{name} ends while {self._current()} is open")
        self._open.pop()

    def _close_paragraph(self) -> None:
        if self._in_scope(frozenset({"p"})):
            self._close("p", "p")

    def _start_in_body(self, name: str) -> None:
        if name in ("html", "head", "body", "frame", "frameset", "image"):
            raise MalformedError(f"<{name}> in a fragment")
        if name in ("li", "dd", "dt"):
            self._end_item_before(frozenset({"li"} if name == "li" else {"dd", "dt"}))
        if name in _BLOCKS | _HEADINGS | {"li", "dd", "dt", "hr", "p", "table"}:
            self._close_paragraph()
        if name in _HEADINGS and self._current() in _HEADINGS:
            raise MalformedError(f"<{name}> in {self._current()}")
        if name == "a" and self._in_scope(frozenset({"a"}), _CELLS | {"caption"}):
            raise MalformedError("a in a")
        if name not in VOID:
            self._open.append(name)

    def _end_item_before(self, names: frozenset[str]) -> None:
        for name in reversed(self._open):
            if name in names:
                self._close(name, name)
                return
            if name in _SPECIAL - {"address", "div", "p"}:
                return

    def _start_part(self, name: str) -> None:
        cells = [open_ for open_ in self._open_in_table() if open_ in _CELLS]
        if not cells:
            raise MalformedError(f"<{name}> outside a table")
        self._close(cells[-1], cells[-1])
        self.start(name)

    def _start_in_table(self, name: str) -> None:
        context = self._table_context()
        below = {"table": 0, "thead": 1, "tbody": 1, "tfoot": 1, "tr": 2}.get(context or "")
        if name == "col" and context == "colgroup":
            return
        if below is None:
            self._open.pop()
            self.start(name)
        elif (below == 2 and name in _CELLS) or (below == 1 and name == "tr"):
            self._open.append(name)
        elif below and name in _TABLE_PARTS - (_CELLS if below == 1 else frozenset()):
            self._open.pop()
            self.start(name)
        elif below == 0 and name in _ROW_GROUPS | {"caption", "colgroup"}:
            self._open.append(name)
        elif below == 0 and name in ("col", "tr"):
            self._open.append("colgroup" if name == "col" else "tbody")
            self.start(name)
        else:
            raise MalformedError(f"<{name}> in {context}")

    def _end_in_body(self, name: str, context: str | None) -> None:
        if name in _CELLS or name == "caption":
            if name != context:
                raise MalformedError(f"</{name}> without its start")
            self._close(name, name)
        elif name in _ROW_GROUPS | {"table", "tr"} and context in _CELLS:
            if name not in self._open_in_table():
                raise MalformedError(f"</{name}> without its start")
            self._close(context or "", context or "")
            self.end(name)
        elif name in _BLOCKS | {"p", "li", "dd", "dt"}:
            barriers = _SCOPES | ({"ol", "ul"} if name == "li" else set())
            if not self._in_scope(frozenset({name}), barriers):
                raise MalformedError(f"</{name}> without its start")
            self._close(name, "" if name in _BLOCKS else name)
        elif name in _HEADINGS:
            self._close(name)
        elif name in _FORMATTING:
            if self._current() != name:
                raise MalformedError(f"</{name}> while {self._current()} is open")
            self._open.pop()
        else:
            self._end_other(name)

    def _end_other(self, name: str) -> None:
        for open_ in reversed(self._open):
            if open_ == name:
                self._close(name, name)
                return
            if open_ in _SPECIAL:
                break
        raise MalformedError(f"</{name}> without its start")
