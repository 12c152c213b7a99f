"""Adds the API descriptions of recorded endpoints to the folder beside the recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fakefal.cli.schemas.files import FAL, fetch, path_of, source_of, write
from fakefal.errors import FakefalError
from fakefal.scenario.files.loader import load_file
from fakefal.scenario.files.schema_files import FOLDER
from fakefal.scenario.schemas.description import parse_description


def add_schemas(recording: Path, upstream: str | None) -> Iterator[str]:
    """Get what is missing in the folder; a line for each endpoint that was added or has none.

    ``upstream`` is the base URL that was recorded from; None is fal.
    """
    base = FAL if upstream is None else f"{upstream.rstrip('/')}/fal.ai"
    for endpoint in _endpoints(recording):
        try:
            path = path_of(recording.parent / FOLDER, endpoint)
            if path.exists():
                continue
            source = source_of(endpoint, base)
            write(path, parse_description(fetch(source), source).document, source)
        except FakefalError as error:
            yield f"fakefal: no schema of {endpoint}: {error}"
        else:
            yield f"fakefal: added the schema of {endpoint}: {path}"


def _endpoints(recording: Path) -> list[str]:
    names: list[str] = []
    for exchange in load_file(recording).scenario.exchanges:
        listed = exchange.when.endpoint
        names += [listed] if isinstance(listed, str) else listed or []
    return [name for name in dict.fromkeys(names) if not set(name) & set("*?")]
