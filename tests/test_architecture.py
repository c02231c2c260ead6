"""The layers: what may import what, read from the imports themselves."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "feedserver"

LAYERS = (
    {"errors", "clock", "environment", "keeping"},
    {"settings", "registry", "logs"},
    {"model"},
    {"ports", "markup", "mapping"},
    {"services", "formats", "validity", "parsers", "stores", "sources", "crm"},
    {"assembly"},
    {"worker", "receiving"},
    {"web"},
    {"serving"},
    {"diagnosis"},
    {"cli"},
    {"__main__"},
)
"""The parts from the bottom to the top; a part may import those below it."""

HOMES = {
    "flask": ("web",),
    "werkzeug": ("web",),
    "markupsafe": ("web",),
    "granian": ("serving", "web/bridge"),
    "uvloop": ("serving",),
    "sqlalchemy": ("stores", "sources", "crm"),
    "feedgen": ("formats",),
    "lxml": ("formats", "parsers"),
    "pyroaring": (
        "services/chain",
        "services/contents",
        "services/facets",
        "services/indexing",
        "services/sealing",
        "services/searching",
    ),
    "msgspec": ("stores",),
    "nh3": ("markup",),
    "jinja2": ("mapping",),
    "prometheus_client": ("web",),
    "brotli": ("web/encodings",),
}
"""Where each library may be used."""

MODEL_MAY_IMPORT_ONLY_THE_STANDARD_LIBRARY = {
    "model",
    "errors",
    "clock",
    "keeping",
    "settings",
    "registry",
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports_of(path: Path) -> list[str]:
    return list(imports_in(path.read_text(encoding="utf-8")))


def imports_in(code: str) -> Iterator[str]:
    """The modules that the code imports, by their full names."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if is_module(inner) else str(node.module)


def is_module(name: str) -> bool:
    place = PACKAGE.parent.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or place.is_dir()


def height(part: str) -> int:
    return next(index for index, parts in enumerate(LAYERS) if part in parts)


def faults(part: str, imports: Iterable[str]) -> list[str]:
    return [
        name
        for name in imports
        if name.startswith("feedserver.")
        and name.split(".")[1] != part
        and height(name.split(".")[1]) >= height(part)
    ]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_part_imports_only_what_is_below_it(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        assert imports_of(path) == []
    else:
        assert faults(part_of(path), imports_of(path)) == []


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("model", "from feedserver.web import app"),
        ("services", "import feedserver.assembly"),
        ("stores", "from feedserver import sources"),
        ("formats", "from feedserver.services.reading import Reading"),
        ("validity", "from feedserver.formats import FORMATS"),
    ],
)
def test_an_import_upwards_or_sideways_is_a_fault(part: str, code: str) -> None:
    assert faults(part, imports_in(code)) != []


def test_modules_form_no_circle() -> None:
    known = {module_name(path) for path in modules()}
    graph: dict[str, set[str]] = defaultdict(set)
    for path in modules():
        graph[module_name(path)] |= {name for name in imports_of(path) if name in known}
    for name, needs in graph.items():
        needs.discard(name)

    TopologicalSorter(graph).prepare()  # raises CycleError, naming the circle


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_used_only_where_it_belongs(library: str) -> None:
    strangers = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        for name in imports_of(path)
        if name.split(".")[0] == library
        and not str(path.relative_to(PACKAGE).with_suffix("")).startswith(HOMES[library])
    ]

    assert strangers == []


def test_the_lower_layers_use_the_standard_library_alone() -> None:
    libraries = set(HOMES)
    used = {
        name
        for path in modules()
        if part_of(path) in MODEL_MAY_IMPORT_ONLY_THE_STANDARD_LIBRARY
        for name in imports_of(path)
        if name.split(".")[0] in libraries
    }

    assert used == set()


@pytest.mark.parametrize(
    ("call", "home"), [("datetime.now", "clock.py"), ("os.environ", "environment.py")]
)
def test_the_time_and_the_environment_are_read_in_one_place(call: str, home: str) -> None:
    users = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        if call in path.read_text(encoding="utf-8")
    ]

    assert users == [home]
