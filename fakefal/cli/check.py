"""``fakefal check``: are these scenario files right, and if not, what is wrong where."""

from __future__ import annotations

import click

from fakefal.cli.terminal import Terminal
from fakefal.errors import ScenarioError
from fakefal.scenario.files.loader import find_files, load_file


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE_OR_FOLDER...")
@click.pass_obj
def check(terminal: Terminal, paths: tuple[str, ...]) -> int:
    """Check scenario files; every mistake is told with its place. Exit code 2 if there is one."""
    problems: list[str] = []
    loaded_files = []
    for path in find_files(paths):
        try:
            loaded_files.append(load_file(path))
        except ScenarioError as error:
            problems.extend(str(mistake) for mistake in error.problems)
        else:
            count = len(loaded_files[-1].entries)
            noun = "exchange" if count == 1 else "exchanges"
            terminal.write_line(f"{path}: ok, {count} {noun}")
    if problems:
        terminal.write_error("\n".join(problems))
        noun = "mistake" if len(problems) == 1 else "mistakes"
        terminal.write_error(f"{len(problems)} {noun}")
        return 2
    return 0
