"""Reads the source of fakefal and its tests for the rules of tests/test_architecture.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "fakefal"
FILE_CALLS = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "node_modules" not in path.parts)


MODULES = files(PACKAGE)
TESTS = files(ROOT / "tests")
PARTS = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}


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
            parts.add(part if part in PARTS else "fakefal")
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


def identifiers(module: ast.Module) -> set[str]:
    """Every name that a module defines, takes as a parameter, or reads as an attribute."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, (ast.arg, ast.keyword)) and node.arg:
            names.add(node.arg)
        elif isinstance(node, ast.alias) and node.asname:
            names.add(node.asname)
    return names


def words_of(name: str) -> set[str]:
    """The words of an identifier: ``_toldByAll`` and ``TOLD_BY`` both hold ``told``."""
    return {it.lower() for it in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


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
