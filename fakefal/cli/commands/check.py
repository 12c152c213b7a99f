"""``fakefal check``: validates scenario files, and scripted outputs by their endpoints' schemas."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from fakefal.cli.output.check_formats import FORMATS, CheckResult
from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError, ScenarioError, ScenarioProblem
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.files.advice import shadowing_advice
from fakefal.scenario.files.loader import find_files, load_file, load_text


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE_OR_FOLDER...")
@click.option(
    "--schemas",
    multiple=True,
    type=click.Path(exists=True),
    metavar="FILE_OR_FOLDER",
    help="API descriptions, besides the folder schemas beside scenarios; repeatable.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="Output; github is annotations of GitHub Actions, sarif is SARIF 2.1.0.",
)
@click.option("--strict", is_flag=True, help="Warnings too lead to exit code 2.")
@click.option(
    "--stdin-name",
    default="stdin",
    show_default=True,
    metavar="NAME",
    help="The name of what is read from standard input (-).",
)
@click.pass_obj
def check(
    terminal: Terminal,
    paths: tuple[str, ...],
    schemas: tuple[str, ...],
    format_: str,
    strict: bool,
    stdin_name: str,
) -> int:
    """Check scenario files and print every problem with its position; exit code 2 if any.

    - reads a scenario from standard input.

    Warnings are about what is valid and probably not meant, such as an exchange that never answers
    because of one before it, or an output that its endpoint could not return by its schema.
    """
    result = CheckResult()
    loaded_files: list[LoadedScenario] = []
    for path in find_files([path for path in paths if path != "-"]):
        try:
            loaded_files.append(load_file(path))
        except ScenarioError as error:
            result.problems += error.problems
    if "-" in paths:
        try:
            loaded_files.append(_read_standard_input(stdin_name))
        except ScenarioError as error:
            result.problems += error.problems
    for loaded in loaded_files:
        result.files.append((loaded.file, len(loaded.exchanges)))
        result.warnings += [*loaded.advice, *shadowing_advice(loaded)]
    result.warnings += _stale(loaded_files, schemas)
    FORMATS[format_](result, terminal)
    return 2 if result.problems or (strict and result.warnings) else 0


def _stale(
    loaded_files: list[LoadedScenario], schemas: tuple[str, ...]
) -> Iterator[ScenarioProblem]:
    """The differences between scripted outputs and the schemas of their endpoints."""
    if not schemas and not any(item.schemas for item in loaded_files):
        return
    from fakefal.scenario.compiler.settings import library_with
    from fakefal.scenario.files.schema_files import read_library
    from fakefal.scenario.files.stale_outputs import stale_problems

    library = library_with(read_library(schemas), loaded_files)
    if library is not None:
        for item in loaded_files:
            yield from stale_problems(item, library)


def _read_standard_input(name: str) -> LoadedScenario:
    data = sys.stdin.buffer.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FakefalError(f"{name}: not UTF-8 text (byte {error.start})") from None
    is_json = name.endswith(".json") or text.lstrip().startswith("{")
    return load_text(text, name, is_json=is_json)
