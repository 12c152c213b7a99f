"""``fakefal check``: validates scenario files."""

from __future__ import annotations

import sys

import click

from fakefal.cli.output.check_formats import FORMATS, CheckResult
from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError, ScenarioError
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.files.advice import shadowing_advice
from fakefal.scenario.files.loader import find_files, load_file, load_text


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE_OR_FOLDER...")
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
    terminal: Terminal, paths: tuple[str, ...], format_: str, strict: bool, stdin_name: str
) -> int:
    """Check scenario files and print every problem with its position; exit code 2 if any.

    - reads a scenario from standard input.

    Warnings are about what is valid and probably not meant, such as an exchange that never answers
    because of one before it.
    """
    result = CheckResult()
    for path in find_files([path for path in paths if path != "-"]):
        try:
            _add(result, load_file(path))
        except ScenarioError as error:
            result.problems += error.problems
    if "-" in paths:
        try:
            _add(result, _read_standard_input(stdin_name))
        except ScenarioError as error:
            result.problems += error.problems
    FORMATS[format_](result, terminal)
    return 2 if result.problems or (strict and result.warnings) else 0


def _add(result: CheckResult, loaded: LoadedScenario) -> None:
    result.files.append((loaded.file, len(loaded.exchanges)))
    if loaded.routes:
        result.routes[loaded.file] = len(loaded.routes)
    result.warnings += [*loaded.advice, *shadowing_advice(loaded)]


def _read_standard_input(name: str) -> LoadedScenario:
    data = sys.stdin.buffer.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FakefalError(f"{name}: not UTF-8 text (byte {error.start})") from None
    is_json = name.endswith(".json") or text.lstrip().startswith("{")
    return load_text(text, name, is_json=is_json)
