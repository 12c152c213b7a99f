"""Finds the scripted outputs of a file that differ from their schema, with line and column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fakefal.errors import ScenarioError, ScenarioProblem
from fakefal.scenario.files.source import Source

if TYPE_CHECKING:
    from fakefal.scenario.compiled.scenario import LoadedScenario
    from fakefal.scenario.schemas.library import SchemaLibrary


def stale_problems(loaded: LoadedScenario, library: SchemaLibrary) -> Iterator[ScenarioProblem]:
    """A problem for each difference; raises SchemaError."""
    from fakefal.scenario.schemas.stale import stale_outputs

    source: Source | None = None
    for index, exchange in enumerate(loaded.scenario.exchanges):
        for path, text, endpoint in stale_outputs(exchange, library):
            source = source or _positions(loaded.file)
            where = ("exchanges", index, *path)
            yield source.problem(where, f"{text}, by the schema of {endpoint}")


def _positions(file: str) -> Source:
    """The positions of a scenario's values; none for one that was not read from a file."""
    from fakefal.scenario.files.loader import read_source

    try:
        return read_source(Path(file))
    except ScenarioError:
        return Source(file)
