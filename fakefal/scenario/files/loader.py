"""Finds, reads and validates scenario files; all problems of all files are reported together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fakefal.errors import FakefalError, ScenarioError, ScenarioProblem, hide_frame
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.compiler.exchange import compile_exchange
from fakefal.scenario.compiler.routes import compile_route
from fakefal.scenario.files.advice import find_advice
from fakefal.scenario.files.checks.general import check_semantics
from fakefal.scenario.files.json_text import read_json
from fakefal.scenario.files.messages import format_error
from fakefal.scenario.files.source import Path as DataPath
from fakefal.scenario.files.source import Source
from fakefal.scenario.files.versions import upgrade
from fakefal.scenario.media.assets import (
    Asset,
    make_asset,
    references_of_exchange,
    references_of_route,
)
from fakefal.scenario.model.scenario import Scenario
from fakefal.scenario.templates.templates import has_template

__tracebackhide__ = hide_frame

MAX_BYTES = 20_000_000
MAX_FILE_BYTES = 64_000_000
"""The largest file that an output may refer to; files are kept in memory."""

SUFFIXES = (".yaml", ".yml", ".json")


def load_text(
    text: str, file: str = "scenario", *, is_json: bool | None = None, is_standalone: bool = False
) -> LoadedScenario:
    """A scenario from text; raises ScenarioError with all of its problems.

    ``is_standalone``: the text was sent, so there are no files beside it.
    """
    source = _parse(text, file, file.endswith(".json") if is_json is None else is_json)
    source.data = upgrade(source.data)
    return _compile(source, is_standalone=is_standalone)


def load_file(path: str | Path) -> LoadedScenario:
    """A scenario from a file; raises ScenarioError."""
    name = str(path)
    return load_text(_read(Path(path)), name, is_json=name.endswith(".json"))


def load_data(data: Any, file: str = "scenario") -> LoadedScenario:
    """A scenario from a dict in the format of a file; raises ScenarioError."""
    return _compile(Source(file, upgrade(data)))


def load_scenario(scenario: Scenario, file: str = "scenario") -> LoadedScenario:
    """A scenario from its model; raises ScenarioError for wrong patterns and templates."""
    return load_data(dump_data(scenario), file)


def load_all(paths: Iterable[str | Path]) -> list[LoadedScenario]:
    """The scenarios of files and folders; raises one ScenarioError with the problems of all."""
    loaded: list[LoadedScenario] = []
    problems: list[ScenarioProblem] = []
    for path in find_files(paths):
        try:
            loaded.append(load_file(path))
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(tuple(problems))
    return loaded


def find_files(paths: Iterable[str | Path]) -> list[Path]:
    """The files themselves, and all scenario files in the folders, sorted by name."""
    files: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            files.append(path)
            continue
        scenario_files = sorted(inner for inner in path.rglob("*") if _is_scenario(inner))
        if not scenario_files:
            raise FakefalError(f"{path}: no scenario in this folder — it has no {_suffixes()}")
        files.extend(scenario_files)
    return files


def is_empty(folder: str | Path) -> bool:
    """Whether a folder contains no scenario file."""
    return not any(_is_scenario(inner) for inner in Path(folder).rglob("*"))


def _is_scenario(path: Path) -> bool:
    """Whether it is a scenario by its name; ``*.schema.json`` is a schema for editors."""
    return path.suffix in SUFFIXES and not path.name.endswith(".schema.json")


def _suffixes() -> str:
    return ", ".join(SUFFIXES[:-1]) + f" or {SUFFIXES[-1]} file"


def dump_data(scenario: Scenario) -> dict[str, Any]:
    """A scenario as plain data, without fields that were not set."""
    return scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)


def dump_text(scenario: Scenario) -> str:
    """A scenario as YAML; loading it returns the same scenario."""
    from fakefal.scenario.files.yaml_text import write_yaml

    return write_yaml(dump_data(scenario))


def _parse(text: str, file: str, is_json: bool) -> Source:
    if is_json:
        return read_json(text, file)
    from fakefal.scenario.files.yaml_text import (
        read_yaml,  # imports yaml, which JSON can do without
    )

    return read_yaml(text, file)


def _read(path: Path) -> str:
    name = str(path)

    def read_error(message: str, suggestion: str = "") -> ScenarioError:
        return ScenarioError((ScenarioProblem(name, 0, 0, "", message, suggestion),))

    try:
        if path.stat().st_size > MAX_BYTES:
            raise read_error(f"larger than {MAX_BYTES // 1_000_000} MB", "split the file")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise read_error("no such file", "check the path") from None
    except IsADirectoryError:
        raise read_error("is a folder", "name a file") from None
    except PermissionError:
        raise read_error("no permission to read it", "check its permissions") from None
    except UnicodeDecodeError as error:
        suggestion = "save the file as UTF-8"
        raise read_error(f"not UTF-8 text (byte {error.start})", suggestion) from None
    except (OSError, ValueError) as error:
        raise read_error(f"cannot be read: {_reason(error)}", "check the path") from None


def _reason(error: OSError | ValueError) -> str:
    """Why a file cannot be read; ``pathlib`` raises ValueError for null characters in a name."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "not a valid file name"


def read_assets(exchange: Any, file: str) -> dict[str, Asset]:
    """The files that an exchange (in the format of a file) refers to, in the folder of ``file``.

    Raises ScenarioError.
    """
    return _own_assets(Source(file, {"exchanges": [exchange]}))


def read_route_assets(route: Any, file: str) -> dict[str, Asset]:
    """The same for a route."""
    return _own_assets(Source(file, {"routes": [route]}))


def _own_assets(source: Source) -> dict[str, Asset]:
    """The files that a test refers to; they may be anywhere, by an absolute path."""
    assets, problems = _assets(source, allows_absolute=True)
    if problems:
        raise ScenarioError(tuple(problems))
    return assets


def _assets(
    source: Source, *, is_standalone: bool = False, allows_absolute: bool = False
) -> tuple[dict[str, Asset], list[ScenarioProblem]]:
    folder = Path(source.file).parent
    assets: dict[str, Asset] = {}
    problems = []
    for path, name in _references(source.data):
        if name in assets:
            continue
        message, suggestion = _STANDALONE if is_standalone else _file_problem(folder, name)
        if allows_absolute and Path(name).is_absolute():
            message, suggestion = _file_problem(Path(name).parent, Path(name).name)
        if message:
            problems.append(source.problem(path, message, suggestion))
            continue
        try:
            assets[name] = make_asset(name, (folder / name).read_bytes())
        except OSError as error:
            problems.append(source.problem(path, f'"{name}" cannot be read: {_reason(error)}'))
    return assets, problems


def _references(data: Any) -> Iterator[tuple[DataPath, str]]:
    exchanges = data.get("exchanges") if isinstance(data, dict) else None
    for index, exchange in enumerate(exchanges if isinstance(exchanges, list) else ()):
        yield from references_of_exchange(exchange, ("exchanges", index))
    routes = data.get("routes") if isinstance(data, dict) else None
    for index, route in enumerate(routes if isinstance(routes, list) else ()):
        yield from references_of_route(route, ("routes", index))


_STANDALONE = (
    "a scenario that was sent over the API has no files beside it",
    "serve it from a folder, or give the URL of an upload",
)


def _file_problem(folder: Path, name: str) -> tuple[str, str]:
    """The problem of a file name and a suggestion; both empty for a valid one."""
    if has_template(name):
        return "the name of a file cannot be a template", "write an exchange for each file"
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            return f'"{name}" is outside the folder of the scenario', "move the file beside it"
        if not path.is_file():
            return (
                f'there is no file "{name}" beside the scenario',
                "put it there, or check its name",
            )
        if path.stat().st_size > MAX_FILE_BYTES:
            return f'"{name}" is larger than {MAX_FILE_BYTES // 1_000_000} MB', "use a smaller one"
    except (OSError, ValueError) as error:
        return f'"{name}" cannot be read: {_reason(error)}', "check its name"
    return "", ""


def _compile(source: Source, *, is_standalone: bool = False) -> LoadedScenario:
    assets, file_problems = _assets(source, is_standalone=is_standalone)
    problems = [*source.problems, *check_semantics(source), *file_problems]
    scenario = None
    if not isinstance(source.data, dict):
        message, suggestion = "a scenario must be a mapping", 'it begins with "fakefal: 1"'
        problems.append(source.problem((), message, suggestion))
    else:
        try:
            scenario = Scenario.model_validate(source.data)
        except ValidationError as error:
            problems += [
                format_error(source, details) for details in error.errors(include_url=False)
            ]
    if problems or scenario is None:
        raise ScenarioError(_deduplicated(source, problems))
    exchanges = tuple(
        compile_exchange(
            exchange, index, _location(source, "exchanges", index), ("exchanges", index), assets
        )
        for index, exchange in enumerate(scenario.exchanges)
    )
    routes = tuple(
        compile_route(route, index, _location(source, "routes", index), ("routes", index), assets)
        for index, route in enumerate(scenario.routes)
    )
    advice = tuple(find_advice(source))
    return LoadedScenario(source.file, scenario, exchanges, assets, advice, routes)


def _deduplicated(source: Source, problems: list[ScenarioProblem]) -> tuple[ScenarioProblem, ...]:
    """Sorted by position, without consequences of another problem: of the null in its place."""
    null_positions = {(problem.line, problem.column) for problem in source.problems}
    source_problems = set(source.problems)
    relevant = [
        problem
        for problem in problems
        if problem in source_problems or (problem.line, problem.column) not in null_positions
    ]
    return tuple(
        sorted(dict.fromkeys(relevant), key=lambda problem: (problem.line, problem.column))
    )


def _location(source: Source, part: str, index: int) -> str:
    path = (part, index)
    if path not in source.value_positions:
        return ""
    return f"{source.file}:{source.value_positions[path][0]}"
