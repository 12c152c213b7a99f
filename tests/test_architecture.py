"""The rules of ARCHITECTURE.md, read from the source: one test a rule, listing all offenders."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.source_tree import (
    MODULES,
    PACKAGE,
    ROOT,
    TESTS,
    circles,
    file_calls,
    files,
    identifiers,
    imports,
    is_under,
    module_imports,
    name,
    offenders,
    own_imports,
    part_of,
    tree,
    used,
    words_of,
)

_BELOW = {"engine", "scenario", "protocol", "addressing", "settings", "credentials", "system_time"}
_WAYS = {"control", "recorder", "ca", "proxy", "guard", "verify"}
_ABOVE = {"server", *_WAYS, *_BELOW, "_version"}

MAY_IMPORT: dict[str, set[str]] = {
    "cli": _ABOVE,
    "testing": _ABOVE,
    "server": {"handlers", *_WAYS, *_BELOW, "_version"},
    "handlers": {"engine", "addressing", "protocol", "routing", "credentials"},
    "control": {"engine", "scenario", "protocol", "routing"},
    "recorder": {"scenario", "addressing", "protocol", "credentials"},
    "ca": {"protocol", "system_time"},
    "proxy": {"protocol"},
    "guard": {"ca", "protocol"},
    "verify": {"protocol"},
    "engine": {"scenario", "addressing", "protocol", "settings", "credentials", "system_time"},
    "scenario": {"protocol"},
    "addressing": {"protocol"},
    "settings": {"protocol"},
    "protocol": {"credentials"},
    "credentials": set(),
    "errors": set(),
    "routing": set(),
    "system_time": set(),
    "_version": set(),
}
"""Who may import whom; ``errors`` and one's own package always."""

CORE = {*_BELOW, "errors"}
"""What does no I/O: below the ways in and out."""

IO_MODULES = {"aiohttp", "ssl", "socket", "threading", "http.server", "urllib.request"}

FILE_OWNERS = {
    *("scenario/files/loader.py", "scenario/files/schema_files.py"),
    *("scenario/media/samples.py", "settings.py"),
}
"""They read files: scenarios, API descriptions, the samples in the package itself, the
configuration."""

_CLIENT_TIME = ("testing/redirect/sleeps.py", "testing/redirect/client_modules.py")
"""These replace the time functions of clients under test."""

BANNED: dict[str, set[str]] = {
    "time": {"system_time.py", "scenario/matching/time_budget.py", *_CLIENT_TIME},
    "random": set(),
    "secrets": {"control/guard.py"},
    "uuid.uuid4": set(),
    "datetime.datetime.now": set(),
    "datetime.datetime.utcnow": set(),
    "datetime.datetime.today": set(),
    "os.environ": {"settings.py"},
    "os.getenv": {"settings.py"},
    "asyncio.sleep": {"engine/core/clock.py", *_CLIENT_TIME},
    "asyncio.create_task": {"server/tasks.py"},
    "asyncio.ensure_future": {"server/tasks.py"},
}
"""What only its owners may use: time, chance, the environment, tasks."""

ENVIRONMENT_USERS = ("cli/", "testing/", "guard/hooks/")
"""These hand the environment on to other programs, or set it for a test, and say so (noqa); hooks
run in those other programs."""

VAGUE_NAMES = {"utils", "util", "helpers", "common", "types", "base", "manager", "misc"}

COINED_WORDS = frozenset(
    "told asked heard wish wishes trouble troubles troubled spoilt conduct strangers house desk "
    "door gate turns faces".split()
)
"""Words that no identifier may hold: the field has its own (glossary of ARCHITECTURE.md)."""

MAX_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_MODULES = 15


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
    folders = sorted({path.parent for path in MODULES})
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


def test_identifiers_use_the_words_of_the_field() -> None:
    def coined(path: Path) -> list[str]:
        return sorted(it for it in identifiers(tree(path)) if words_of(it) & COINED_WORDS)

    assert offenders(MODULES, coined) == []


def test_variables_are_named_for_things() -> None:
    def vague(path: Path) -> int:
        names = [it for it in ast.walk(tree(path)) if isinstance(it, ast.Name)]
        return len([it for it in names if it.id == "found"])

    assert sum(vague(path) for path in MODULES) < 40


def test_a_class_name_means_one_thing() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        is_schema = name(path) in ("control/schemas.py", "control/report_schemas.py")
        if is_schema or name(path).startswith("guard/hooks/"):
            continue  # schemas mirror the engine; hooks run where fakefal cannot be imported
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(name(path))
    assert {it: paths for it, paths in homes.items() if len(paths) > 1} == {}


def test_every_module_has_its_tests() -> None:
    def missing(path: Path) -> str:
        test = ROOT / "tests" / path.relative_to(PACKAGE).parent / f"test_{path.name}"
        return "" if test.is_file() else f"lacks {test.relative_to(ROOT)}"

    assert offenders([it for it in MODULES if not it.name.startswith("_")], missing) == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in TESTS}
    assert [str(it) for it in folders if not (it / "__init__.py").is_file()] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): module_imports(path)
        for path in MODULES
        if path.name != "__init__.py"
    }
    assert circles(graph) == []
