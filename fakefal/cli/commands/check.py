"""``fakefal check``: validates scenario files."""

from __future__ import annotations

import click

from fakefal.cli.terminal import Terminal, pluralize
from fakefal.errors import ScenarioError
from fakefal.scenario.files.loader import find_files, load_file


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE_OR_FOLDER...")
@click.pass_obj
def check(terminal: Terminal, paths: tuple[str, ...]) -> int:
    """Check scenario files and print every problem with its position; exit code 2 if any."""
    problems: list[str] = []
    loaded_files = []
    for path in find_files(paths):
        try:
            loaded_files.append(load_file(path))
        except ScenarioError as error:
            problems.extend(map(str, error.problems))
        else:
            loaded = loaded_files[-1]
            counts = pluralize(len(loaded.exchanges), "exchange")
            if loaded.routes:
                counts += f", {pluralize(len(loaded.routes), 'route')}"
            terminal.write_line(f"{path}: ok, {counts}")
    if problems:
        terminal.write_error("\n".join(problems))
        terminal.write_error(pluralize(len(problems), "problem"))
        return 2
    return 0
