"""The rules of style.md sections 2 and 5, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "fakefal"

_BELOW = {"engine", "scenario", "protocol", "addressing", "settings"}
_ABOVE = {"server", "control", "gateway", "recorder", *_BELOW}

MAY_IMPORT: dict[str, set[str]] = {
    "cli": {*_ABOVE, "hooks", "fakefal"},
    "testing": {*_ABOVE, "hooks", "fakefal"},
    "server": {"faces", "control", "recorder", "gateway", *_BELOW},
    "faces": {"engine", "addressing", "protocol"},
    "control": {"engine", "scenario", "protocol"},
    "recorder": {"scenario", "addressing", "protocol"},
    "gateway": {"protocol"},
    "engine": {"scenario", "addressing", "protocol", "settings"},
    "scenario": {"protocol"},
    "addressing": {"protocol"},
    "settings": {"protocol"},
    "protocol": set(),
    "hooks": set(),
    "errors": set(),
}
"""Who may import whom; ``errors`` and one's own package always, ``fakefal`` is the root itself."""

CORE = {*_BELOW, "errors"}
"""What does no I/O: below the four ways in and out."""

IO_MODULES = {"aiohttp", "ssl", "socket", "threading", "http.server", "urllib.request"}

FILE_OWNERS = {"scenario/loading.py", "settings.py"}
FILE_CALLS = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}

BANNED: dict[str, set[str]] = {
    "time": {"engine/clock.py"},
    "random": set(),
    "secrets": set(),
    "uuid.uuid4": set(),
    "datetime.datetime.now": {"gateway/validity.py"},
    "datetime.datetime.utcnow": set(),
    "datetime.datetime.today": set(),
    "os.environ": {"settings.py"},
    "os.getenv": {"settings.py"},
    "asyncio.sleep": {"engine/clock.py"},
    "asyncio.create_task": {"server/tasks.py"},
    "asyncio.ensure_future": {"server/tasks.py"},
}
"""What only its owners may use: time, chance, the environment, tasks."""

ENVIRONMENT_USERS = ("cli/", "testing/", "hooks/")
"""These hand the environment on to other programs, or set it for a test, and say so (noqa); hooks
run in those other programs."""

LEFTOVERS = {"utils", "util", "helpers", "common", "types", "base", "manager", "misc"}

MAX_LINES = 400
MAX_FUNCTION_LINES = 50


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "node_modules" not in path.parts)


MODULES = files(PACKAGE)
TESTS = files(ROOT / "tests")


def name(path: Path) -> str:
    """A module as ``engine/jobs.py``."""
    return path.relative_to(PACKAGE).as_posix() if PACKAGE in path.parents else path.name


def part_of(path: Path) -> str:
    """The package or top-level module that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(module: ast.Module) -> Iterator[str]:
    """Every module or name imported, dotted: ``os.path``, ``fakefal.engine.jobs.Job``."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(module: ast.Module) -> set[str]:
    """The parts of fakefal that a module imports; the root's own names count as ``fakefal``."""
    known = {*MAY_IMPORT, "errors"}
    found = set()
    for dotted in imports(module):
        first, _, rest = dotted.partition(".")
        if first == "fakefal":
            part = rest.split(".")[0]
            found.add(part if part in known else "fakefal")
    return found


def is_under(dotted: str, module: str) -> bool:
    return dotted == module or dotted.startswith(f"{module}.")


def used(module: ast.Module) -> Iterator[str]:
    """Every name that is used or imported, dotted and with its aliases undone."""
    origin: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                origin[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                origin[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    yield from imports(module)
    for node in ast.walk(module):
        if isinstance(node, (ast.Attribute, ast.Name)):
            first, *rest = _dotted(node)
            if first in origin:
                yield ".".join((origin[first], *rest))


def _dotted(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [*_dotted(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else [""]


def file_calls(module: ast.Module) -> list[str]:
    """Calls that open, read or write a file."""
    calls = (node.func for node in ast.walk(module) if isinstance(node, ast.Call))
    return [called for func in calls if (called := _dotted(func)[-1]) in FILE_CALLS]


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name)


@each([path for path in MODULES if path.parent != PACKAGE or not path.name.startswith("__")])
def test_imports_go_down(path: Path) -> None:
    part = part_of(path)
    assert part in MAY_IMPORT, f"{part} is not in the table of style.md section 2"
    assert own_imports(tree(path)) <= {*MAY_IMPORT[part], part, "errors"}


@each([path for path in MODULES if part_of(path) in CORE])
def test_the_core_does_no_io(path: Path) -> None:
    banned = IO_MODULES if name(path) == "engine/clock.py" else {*IO_MODULES, "asyncio"}
    found = {it for it in imports(tree(path)) for module in banned if is_under(it, module)}
    assert found == set()


@each([path for path in MODULES if part_of(path) in CORE and name(path) not in FILE_OWNERS])
def test_only_the_loader_and_the_settings_open_files(path: Path) -> None:
    assert file_calls(tree(path)) == []


@each(MODULES)
def test_time_chance_environment_and_tasks_have_one_owner_each(path: Path) -> None:
    found = set(used(tree(path)))
    for banned, owners in BANNED.items():
        if banned.startswith("os.") and name(path).startswith(ENVIRONMENT_USERS):
            continue
        uses = {dotted for dotted in found if is_under(dotted, banned)}
        assert not uses or name(path) in owners, f"{uses} belongs to {owners or 'nobody'}"


@each([*MODULES, *TESTS])
def test_no_import_is_relative(path: Path) -> None:
    levels = [node.level for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom)]
    assert not any(levels)


@each([*MODULES, *TESTS])
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@each([*MODULES, *TESTS])
def test_every_function_fits_a_screen(path: Path) -> None:
    functions = (
        node
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    long = [
        node.name
        for node in functions
        if (node.end_lineno or node.lineno) - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert long == []


@each(MODULES)
def test_modules_are_named_for_things(path: Path) -> None:
    parts = {part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts}
    assert not parts & LEFTOVERS


@each([path for path in MODULES if not path.name.startswith("__")])
def test_every_module_has_its_tests(path: Path) -> None:
    folder = ROOT / "tests" / path.relative_to(PACKAGE).parent
    assert (folder / f"test_{path.name}").is_file()


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in TESTS}), ids=lambda folder: folder.name
)
def test_every_folder_of_tests_is_a_package(folder: Path) -> None:
    assert (folder / "__init__.py").is_file()


# The rules themselves


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import fakefal.engine.jobs", {"engine"}),
        ("from fakefal.engine.jobs import Job", {"engine"}),
        ("from fakefal import addressing, __version__", {"addressing", "fakefal"}),
        ("if TYPE_CHECKING:\n    from fakefal.cli import main", {"cli"}),
        ("def f():\n    import fakefal.server.door as door", {"server"}),
        ("import fakefalsehood, os.path", set()),
    ],
)
def test_the_rules_see_every_import(source: str, found: set[str]) -> None:
    assert own_imports(ast.parse(source)) == found


@pytest.mark.parametrize(
    ("source", "banned"),
    [
        ("import time", "time"),
        ("from time import monotonic", "time"),
        ("import time as t\nt.sleep(1)", "time"),
        ("import os\nos.environ.get('A')", "os.environ"),
        ("from os import environ as e\ne['A']", "os.environ"),
        ("import datetime as d\nd.datetime.now()", "datetime.datetime.now"),
        ("from datetime import datetime\ndatetime.now(None)", "datetime.datetime.now"),
        ("import asyncio\nasyncio.create_task(x())", "asyncio.create_task"),
        ("from uuid import uuid4", "uuid.uuid4"),
    ],
)
def test_the_rules_see_every_use(source: str, banned: str) -> None:
    assert any(is_under(dotted, banned) for dotted in used(ast.parse(source)))


@pytest.mark.parametrize("source", ["open('x')", "Path('x').open()", "a.b.read_bytes()"])
def test_the_rules_see_every_opened_file(source: str) -> None:
    assert len(file_calls(ast.parse(source))) == 1
