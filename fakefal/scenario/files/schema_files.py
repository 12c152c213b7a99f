"""Reads API descriptions from files and from folders named ``schemas``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakefal.errors import FakefalError, ScenarioError, ScenarioProblem
from fakefal.scenario.files.source import Path as DataPath
from fakefal.scenario.files.source import Source

if TYPE_CHECKING:
    from fakefal.scenario.compiled.scenario import LoadedScenario
    from fakefal.scenario.model.scenario import Scenario
    from fakefal.scenario.schemas.description import Description
    from fakefal.scenario.schemas.library import SchemaLibrary

FOLDER = "schemas"
"""The folder beside a scenario whose descriptions are used without being named."""

MAX_FILES = 5_000
"""The most descriptions in a folder."""

_cache: dict[Path, tuple[tuple[int, int], Description]] = {}


def read_description(path: Path) -> Description:
    """The description in a file, kept until the file changes; raises FakefalError."""
    from fakefal.scenario.schemas.description import MAX_BYTES, SchemaError, parse_description

    try:
        stat = path.stat()
        state = (stat.st_mtime_ns, stat.st_size)
        cached = _cache.get(path)
        if cached is not None and cached[0] == state:
            return cached[1]
        if stat.st_size > MAX_BYTES:
            raise SchemaError("", f"larger than {MAX_BYTES // 1_000_000} MB", "", str(path))
        data = path.read_bytes()
    except FileNotFoundError:
        raise SchemaError("", "no such file", "check the path", str(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a valid file name"
        raise SchemaError("", f"cannot be read: {reason}", "", str(path)) from None
    description = parse_description(data, str(path))
    if len(_cache) < MAX_FILES:
        _cache[path] = (state, description)
    return description


def read_folder(folder: Path) -> list[Description]:
    """The descriptions in a folder, sorted by name; raises ScenarioError with all problems."""
    from fakefal.scenario.schemas.description import SchemaError

    files = sorted(it for it in folder.rglob("*.json") if it.is_file())
    if len(files) > MAX_FILES:
        raise FakefalError(f"{folder}: more than {MAX_FILES} descriptions — split the folder")
    descriptions, problems = [], []
    for path in files:
        try:
            descriptions.append(read_description(path))
        except SchemaError as error:
            problems.append(
                ScenarioProblem(error.file, 0, 0, error.path, error.message, error.suggestion)
            )
    if problems:
        raise ScenarioError(tuple(problems))
    return descriptions


def folder_beside(scenario_file: str) -> Path | None:
    """The folder of descriptions beside a scenario, if there is one."""
    folder = Path(scenario_file).parent / FOLDER
    return folder if folder.is_dir() else None


def load_schemas(paths: str | Path | Iterable[str | Path]) -> LoadedScenario:
    """A scenario with nothing but the descriptions in files and folders; raises FakefalError."""
    from fakefal.scenario.compiled.scenario import LoadedScenario
    from fakefal.scenario.model.scenario import Scenario

    listed = [paths] if isinstance(paths, (str, Path)) else paths
    schemas = tuple(("", description) for description in _read_all(listed))
    return LoadedScenario("schemas", Scenario(fakefal=1), (), schemas=schemas)


def read_library(paths: Iterable[str | Path]) -> SchemaLibrary | None:
    """The library of files and folders; None without any. Raises FakefalError."""
    descriptions = _read_all(paths)
    if not descriptions:
        return None
    from fakefal.scenario.schemas.library import SchemaLibrary

    return SchemaLibrary(descriptions)


def _read_all(paths: Iterable[str | Path]) -> list[Description]:
    descriptions: list[Description] = []
    for path in map(Path, paths):
        descriptions += read_folder(path) if path.is_dir() else [read_description(path)]
    return descriptions


Schemas = tuple[tuple[tuple[str, "Description"], ...], tuple["Description", ...]]


def read_schemas(source: Source, scenario: Scenario) -> Schemas:
    """The descriptions of a scenario by app pattern, and those under ``openapi``.

    Those of the folder beside it have an empty pattern. Raises ScenarioError.
    """
    named = [
        (pattern, app.openapi, ("apps", pattern, "openapi"))
        for pattern, app in (scenario.apps or {}).items()
        if app.openapi is not None
    ]
    listed = [(name, ("openapi", index)) for index, name in enumerate(scenario.openapi or ())]
    folder = folder_beside(source.file) if source.value_positions else None
    if not named and not listed and folder is None:
        return (), ()
    problems: list[ScenarioProblem] = []

    def read(name: str, path: DataPath) -> Iterator[Description]:
        try:
            yield read_description(Path(source.file).parent / name)
        except FakefalError as error:
            problems.append(source.problem(path, str(error)))

    schemas = [
        (pattern, description)
        for pattern, name, path in named
        for description in read(name, path)
        if _has_input(description, source, path, problems)
    ]
    apis = [description for name, path in listed for description in read(name, path)]
    beside: list[Description] = []
    if folder is not None:
        try:
            beside = [it for it in read_folder(folder) if it.endpoint]
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(tuple(problems))
    return (*(("", it) for it in beside), *schemas), tuple(apis)


def _has_input(
    description: Description, source: Source, path: DataPath, problems: list[ScenarioProblem]
) -> bool:
    if description.input_schema is not None or description.output_schema is not None:
        return True
    message = f"{description.file} describes no POST with a JSON body"
    problems.append(source.problem(path, message, "name the description of an endpoint"))
    return False


def check_standalone(source: Source) -> Iterator[ScenarioProblem]:
    """The problems of files that a scenario without a folder names."""
    data: Any = source.data if isinstance(source.data, dict) else {}
    apps = data.get("apps")
    message = "a scenario that was sent over the API has no files beside it"
    suggestion = "start the server with --schemas FOLDER"
    for pattern, app in apps.items() if isinstance(apps, dict) else ():
        if isinstance(app, dict) and "openapi" in app:
            yield source.problem(("apps", pattern, "openapi"), message, suggestion)
    if "openapi" in data:
        yield source.problem(("openapi",), message, suggestion)
