"""``fakefal init``: puts example scenarios and pytest settings into a project."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import click

from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError
from fakefal.scenario.files.schema import scenario_schema

EXAMPLES = ("tagline.yaml", "slow_job.yaml", "failures.yaml")
_SCHEMA = "scenario.schema.json"
_SCHEMA_LINE = f"# yaml-language-server: $schema={_SCHEMA}\n"
_SETTINGS = """\
# A call to the real fal in any test of this project fails that test.
fakefal_guard = {quote}error{quote}
# Exchanges that no call used, and results that were paid for and not fetched: error, warn, ignore.
fakefal_unused = {quote}warn{quote}
fakefal_uncollected = {quote}warn{quote}
"""
_TABLES = {
    "pyproject.toml": (r"^\[tool\.pytest\.ini_options\]", "[tool.pytest.ini_options]", '"'),
    "pytest.ini": (r"^\[pytest\]", "[pytest]", ""),
    "tox.ini": (r"^\[pytest\]", "[pytest]", ""),
    "setup.cfg": (r"^\[tool:pytest\]", "[tool:pytest]", ""),
}


@click.command()
@click.argument("project", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default="scenarios",
    show_default=True,
    help="The folder of the scenarios, in the project.",
)
@click.pass_obj
def init(terminal: Terminal, project: Path, folder: Path) -> None:
    """Put commented example scenarios, their JSON Schema and pytest settings into PROJECT.

    What exists is left as it is.
    """
    if not project.is_dir():
        raise FakefalError(f"{project}: no such folder — create it first")
    target = project / folder
    target.mkdir(parents=True, exist_ok=True)
    schema = json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"
    _write(terminal, target / _SCHEMA, schema)
    examples = files("fakefal") / "examples"
    for name in EXAMPLES:
        text = (examples / name).read_text(encoding="utf-8")
        _write(terminal, target / name, _SCHEMA_LINE + text)
    _add_settings(terminal, project)
    first = (folder / EXAMPLES[0]).as_posix()
    terminal.write_line(f"next: fakefal check {folder.as_posix()}")
    terminal.write_line(f"      fakefal run {first} -- python your_program.py")
    terminal.write_line("      in a test: def test_tagline(fakefal): fakefal.on(…).text(…)")


def _write(terminal: Terminal, path: Path, text: str) -> None:
    if path.exists():
        terminal.write_line(f"{path.as_posix()}: exists, left as it is")
        return
    path.write_text(text, encoding="utf-8")
    terminal.write_line(f"{path.as_posix()}: written")


def _add_settings(terminal: Terminal, project: Path) -> None:
    """Add the settings to the file that pytest reads; a new ``pytest.ini`` if there is none."""
    for name, (table, _, quote) in _TABLES.items():
        path = project / name
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        match = re.search(table, text, re.MULTILINE)
        if match is None:
            continue
        if "fakefal_" in text:
            terminal.write_line(f"{path.as_posix()}: has settings of fakefal, left as it is")
            return
        line_end = text.find("\n", match.end())
        at = len(text) if line_end < 0 else line_end + 1
        head = text[:at] if line_end >= 0 else f"{text}\n"
        path.write_text(head + _SETTINGS.format(quote=quote) + text[at:], encoding="utf-8")
        terminal.write_line(f"{path.as_posix()}: settings of fakefal added")
        return
    name = "pyproject.toml" if (project / "pyproject.toml").is_file() else "pytest.ini"
    _, heading, quote = _TABLES[name]
    path = project / name
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    gap = "\n" if text else ""
    path.write_text(f"{text}{gap}{heading}\n{_SETTINGS.format(quote=quote)}", encoding="utf-8")
    terminal.write_line(f"{path.as_posix()}: settings of fakefal written")
