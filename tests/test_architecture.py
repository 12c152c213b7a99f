"""The rules of ARCHITECTURE.md, read from the source: one test a rule, listing all offenders."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "fakefal"

_BELOW = {"engine", "scenario", "protocol", "addressing", "settings"}
_WAYS = {"control", "recorder", "ca", "proxy", "guard"}
_ABOVE = {"server", *_WAYS, *_BELOW, "_version"}

MAY_IMPORT: dict[str, set[str]] = {
    "cli": _ABOVE,
    "testing": _ABOVE,
    "server": {"handlers", *_WAYS, *_BELOW, "_version"},
    "handlers": {"engine", "addressing", "protocol"},
    "control": {"engine", "scenario", "protocol"},
    "recorder": {"scenario", "addressing", "protocol"},
    "ca": {"protocol"},
    "proxy": {"protocol"},
    "guard": {"ca", "protocol"},
    "engine": {"scenario", "addressing", "protocol", "settings"},
    "scenario": {"protocol"},
    "addressing": {"protocol"},
    "settings": {"protocol"},
    "protocol": set(),
    "errors": set(),
    "_version": set(),
}
"""Who may import whom; ``errors`` and one's own package always."""

CORE = {*_BELOW, "errors"}
"""What does no I/O: below the ways in and out."""

IO_MODULES = {"aiohttp", "ssl", "socket", "threading", "http.server", "urllib.request"}

FILE_OWNERS = {"scenario/files/loader.py", "settings.py"}
FILE_CALLS = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}

BANNED: dict[str, set[str]] = {
    "time": {"engine/core/clock.py", "testing/redirect/sleeps.py"},
    "random": set(),
    "secrets": {"control/guard.py"},
    "uuid.uuid4": set(),
    "datetime.datetime.now": {"ca/validity.py"},
    "datetime.datetime.utcnow": set(),
    "datetime.datetime.today": set(),
    "os.environ": {"settings.py"},
    "os.getenv": {"settings.py"},
    "asyncio.sleep": {"engine/core/clock.py", "testing/redirect/sleeps.py"},
    "asyncio.create_task": {"server/tasks.py"},
    "asyncio.ensure_future": {"server/tasks.py"},
}
"""What only its owners may use: time, chance, the environment, tasks."""

ENVIRONMENT_USERS = ("cli/", "testing/", "guard/hooks/")
"""These hand the environment on to other programs, or set it for a test, and say so (noqa); hooks
run in those other programs."""

VAGUE_NAMES = {"utils", "util", "helpers", "common", "types", "base", "manager", "misc"}

MAX_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_MODULES = 15
"""Modules in one folder; ``cli`` has one file a command and is not bound."""


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "node_modules" not in path.parts)


MODULES = files(PACKAGE)
TESTS = files(ROOT / "tests")


def name(path: Path) -> str:
    """A module as ``engine/queue/job.py``, a test as ``tests/test_errors.py``."""
    return path.relative_to(PACKAGE if PACKAGE in path.parents else ROOT).as_posix()


def part_of(path: Path) -> str:
    """The package or top-level module that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(module: ast.Module) -> Iterator[str]:
    """Every module or name imported, dotted: ``os.path``, ``fakefal.engine.queue.job.Job``."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(module: ast.Module) -> set[str]:
    """The parts of fakefal that a module imports; the root's own names count as ``fakefal``."""
    parts = set()
    for dotted in imports(module):
        first, _, rest = dotted.partition(".")
        if first == "fakefal":
            part = rest.split(".")[0]
            parts.add(part if part in MAY_IMPORT else "fakefal")
    return parts


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


def offenders(paths: Iterable[Path], rule: Callable[[Path], object]) -> list[str]:
    """Every file that breaks a rule, with what the rule says of it."""
    return [f"{name(path)}: {broken}" for path in paths if (broken := rule(path))]


def test_imports_go_down() -> None:
    def upward(path: Path) -> set[str]:
        allowed = MAY_IMPORT.get(part_of(path), set())
        return own_imports(tree(path)) - allowed - {part_of(path), "errors"}

    inner = [it for it in MODULES if it.parent != PACKAGE or not it.name.startswith("__")]
    assert offenders(inner, upward) == []


def test_every_package_has_its_row_in_the_table() -> None:
    parts = {part_of(path) for path in MODULES} - {"__init__", "__main__"}
    assert parts == set(MAY_IMPORT)


def test_hooks_import_nothing_of_ours() -> None:
    hooks = files(PACKAGE / "guard" / "hooks")
    assert offenders(hooks, lambda path: own_imports(tree(path))) == []


def test_the_core_does_no_io() -> None:
    def io(path: Path) -> set[str]:
        clock = name(path) == "engine/core/clock.py"
        banned = IO_MODULES if clock else {*IO_MODULES, "asyncio"}
        return {it for it in imports(tree(path)) for module in banned if is_under(it, module)}

    assert offenders([it for it in MODULES if part_of(it) in CORE], io) == []


def test_only_the_loader_and_the_settings_open_files() -> None:
    core = [it for it in MODULES if part_of(it) in CORE and name(it) not in FILE_OWNERS]
    assert offenders(core, lambda path: file_calls(tree(path))) == []


def test_time_chance_environment_and_tasks_have_one_owner_each() -> None:
    def foreign(path: Path) -> set[str]:
        uses = set(used(tree(path)))
        return {
            dotted
            for banned, owners in BANNED.items()
            for dotted in uses
            if is_under(dotted, banned)
            and name(path) not in owners
            and not (banned.startswith("os.") and name(path).startswith(ENVIRONMENT_USERS))
        }

    assert offenders(MODULES, foreign) == []


def test_no_import_is_relative() -> None:
    def relative(path: Path) -> bool:
        nodes = ast.walk(tree(path))
        return any(node.level for node in nodes if isinstance(node, ast.ImportFrom))

    assert offenders([*MODULES, *TESTS], relative) == []


def test_no_file_is_long() -> None:
    def too_long(path: Path) -> int:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        return lines if lines > MAX_LINES else 0

    assert offenders([*MODULES, *TESTS], too_long) == []


def test_every_function_fits_a_screen() -> None:
    def too_long(path: Path) -> list[str]:
        return [
            node.name
            for node in ast.walk(tree(path))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and (node.end_lineno or node.lineno) - node.lineno + 1 > MAX_FUNCTION_LINES
        ]

    assert offenders([*MODULES, *TESTS], too_long) == []


def test_no_folder_is_crowded() -> None:
    folders = sorted({path.parent for path in MODULES} - {PACKAGE / "cli"})
    counts = {
        str(folder.relative_to(ROOT)): len(
            [it for it in folder.glob("*.py") if it.name != "__init__.py"]
        )
        for folder in folders
    }
    assert {folder: count for folder, count in counts.items() if count > MAX_MODULES} == {}


def test_modules_are_named_for_things() -> None:
    def vague(path: Path) -> set[str]:
        return {part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts} & VAGUE_NAMES

    assert offenders(MODULES, vague) == []


def test_every_module_has_its_tests() -> None:
    def missing(path: Path) -> str:
        test = ROOT / "tests" / path.relative_to(PACKAGE).parent / f"test_{path.name}"
        return "" if test.is_file() else f"lacks {test.relative_to(ROOT)}"

    assert offenders([it for it in MODULES if not it.name.startswith("_")], missing) == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in TESTS}
    assert [str(it) for it in folders if not (it / "__init__.py").is_file()] == []


def module_imports(path: Path) -> set[str]:
    """The modules of fakefal that a module imports, in whatever place, for types or for use."""
    known = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES}
    modules = set()
    for dotted in imports(tree(path)):
        if not is_under(dotted, "fakefal"):
            continue
        while dotted and dotted not in known:
            dotted = dotted.rpartition(".")[0]
        if dotted:
            modules.add(dotted)
    return modules


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected groups of more than one module: Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return groups


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): module_imports(path)
        for path in MODULES
        if path.name != "__init__.py"
    }
    assert circles(graph) == []


# The rules themselves


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}, [["b", "c"]]),
    ],
)
def test_the_rules_see_every_circle(graph: dict[str, set[str]], expected: list[list[str]]) -> None:
    assert circles(graph) == expected


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("import fakefal.engine.queue.job", {"engine"}),
        ("from fakefal.engine.queue.job import Job", {"engine"}),
        ("from fakefal import addressing, __version__", {"addressing", "fakefal"}),
        ("if TYPE_CHECKING:\n    from fakefal.cli import main", {"cli"}),
        ("def f():\n    import fakefal.server.proxy as proxy", {"server"}),
        ("import fakefalsehood, os.path", set()),
    ],
)
def test_the_rules_see_every_import(source: str, parts: set[str]) -> None:
    assert own_imports(ast.parse(source)) == parts


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
