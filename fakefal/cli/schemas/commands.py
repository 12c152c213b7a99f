"""``fakefal schemas``: gets, updates and compares API descriptions, and writes types from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from fakefal.cli.schemas.files import (
    FAL,
    StoredSchema,
    digest_of,
    fetch,
    path_of,
    source_of,
    stored,
    write,
)
from fakefal.cli.terminal import Terminal, pluralize
from fakefal.errors import FakefalError
from fakefal.scenario.schemas.changes import changes_between
from fakefal.scenario.schemas.description import Description, parse_description

EXIT_DIFFERENT = 1
"""Exit code of ``diff`` if something changed."""

_FOLDER = click.option(
    "--folder",
    default="schemas",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the descriptions are; beside scenarios, schemas is found by itself.",
)
_BASE = click.option(
    "--from",
    "base",
    default=FAL,
    show_default=True,
    metavar="URL",
    help="Get them from here instead of fal, such as from another fakefal.",
)


@click.group()
def schemas() -> None:
    """Get the API descriptions of endpoints, which validate inputs and make outputs."""


@schemas.command()
@click.argument("endpoints", nargs=-1, required=True, metavar="ENDPOINT...")
@_FOLDER
@_BASE
@click.pass_obj
def pull(terminal: Terminal, endpoints: tuple[str, ...], folder: Path, base: str) -> int:
    """Get the descriptions of endpoints from fal into files. No key is needed."""
    failed = 0
    for endpoint in endpoints:
        path, source = path_of(folder, endpoint), source_of(endpoint, base)
        try:
            description = _get(source)
            write(path, description.document, source)
        except FakefalError as error:
            terminal.write_error(str(error))
            failed += 1
        else:
            terminal.write_line(f"{path}: {description.endpoint or endpoint}")
    return 2 if failed else 0


@schemas.command()
@click.argument("source", metavar="FILE_OR_URL")
@click.option("--endpoint", help="The endpoint it describes, if it names none.")
@_FOLDER
@click.pass_obj
def add(terminal: Terminal, source: str, endpoint: str | None, folder: Path) -> int:
    """Add a description from a file or URL."""
    if source.startswith(("http://", "https://")):
        description = _get(source)
    else:
        try:
            description = parse_description(Path(source).read_bytes(), source)
        except OSError as error:
            raise FakefalError(f"{source} cannot be read: {error.strerror}") from None
    name = endpoint or description.endpoint
    if not name:
        raise FakefalError(f"{source} names no endpoint — pass --endpoint owner/name")
    document = description.document
    if endpoint and endpoint != description.endpoint:
        info = document.get("info")
        info = info if isinstance(info, dict) else {}
        metadata = {**description.metadata, "endpointId": endpoint}
        document = {**document, "info": {**info, "x-fal-metadata": metadata}}
    path = path_of(folder, name)
    write(path, document, source)
    terminal.write_line(f"{path}: {name}")
    return 0


@schemas.command()
@_FOLDER
@click.pass_obj
def update(terminal: Terminal, folder: Path) -> int:
    """Get all descriptions in the folder again, and show what changed."""
    failed = 0
    for item, new in _renewed(terminal, folder):
        if new is None:
            failed += 1
        elif digest_of(new.document) == digest_of(item.description.document):
            terminal.write_line(f"{item.path}: unchanged")
        else:
            write(item.path, new.document, item.source)
            _show_changes(terminal, item, new)
    return 2 if failed else 0


@schemas.command()
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    type=click.Path(exists=True),
    metavar="FILE_OR_FOLDER",
    help="Check the scripted outputs of these scenarios too; repeatable.",
)
@_FOLDER
@click.pass_obj
def diff(terminal: Terminal, scenarios: tuple[str, ...], folder: Path) -> int:
    """Show what fal changed since the descriptions were pulled, without writing anything.

    With --scenario it lists the scripted outputs that fal could not return any more. Exit code 1
    if there is a difference.
    """
    different, failed = 0, 0
    current: list[Description] = []
    for item, new in _renewed(terminal, folder):
        current.append(new or item.description)
        if new is None:
            failed += 1
        elif digest_of(new.document) != digest_of(item.description.document):
            different += 1
            _show_changes(terminal, item, new)
    stale = list(_stale(scenarios, current))
    for line in stale:
        terminal.write_error(line)
    if not different and not stale and not failed:
        terminal.write_line("no differences")
    return 2 if failed else EXIT_DIFFERENT if different or stale else 0


@schemas.command()
@click.option(
    "--language",
    type=click.Choice(["python", "typescript"]),
    default="python",
    show_default=True,
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@_FOLDER
@click.pass_obj
def types(terminal: Terminal, language: str, output: Path | None, folder: Path) -> int:
    """Write types of inputs and outputs: TypedDict for Python, or interfaces for TypeScript."""
    from fakefal.scenario.schemas.typings import PythonTypes, TypeScriptTypes

    writer = PythonTypes() if language == "python" else TypeScriptTypes()
    descriptions = [item.description for item in stored(folder)]
    text = writer.write(description for description in descriptions if description.endpoint)
    if output is None:
        terminal.write_line(text.rstrip("\n"))
        return 0
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FakefalError(f"{output} cannot be written: {error.strerror}") from None
    terminal.write_line(f"{output}: {pluralize(len(descriptions), 'endpoint')}")
    return 0


def _get(url: str) -> Description:
    return parse_description(fetch(url), url)


def _renewed(terminal: Terminal, folder: Path) -> Iterator[tuple[StoredSchema, Description | None]]:
    """Every file with a source and its present description; None if it cannot be read."""
    for item in stored(folder):
        if not item.source.startswith(("http://", "https://")):
            continue
        try:
            yield item, _get(item.source)
        except FakefalError as error:
            terminal.write_error(str(error))
            yield item, None


def _show_changes(terminal: Terminal, item: StoredSchema, new: Description) -> None:
    changes = changes_between(item.description, new)
    text = pluralize(len(changes), "change") if changes else "changed in what fakefal does not read"
    terminal.write_line(f"{item.path}: {text}")
    for line in changes:
        terminal.write_line(f"  {line}")


def _stale(scenarios: tuple[str, ...], descriptions: list[Description]) -> Iterator[str]:
    if not scenarios:
        return
    from fakefal.scenario.files.loader import load_all
    from fakefal.scenario.files.stale_outputs import stale_problems
    from fakefal.scenario.schemas.library import SchemaLibrary

    library = SchemaLibrary(descriptions)
    for loaded in load_all(scenarios):
        yield from map(str, stale_problems(loaded, library))
