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
    wrong: list[str] = []
    good = []
    for path in find_files(paths):
        try:
            good.append(load_file(path))
        except ScenarioError as error:
            wrong.extend(str(mistake) for mistake in error.mistakes)
        else:
            count = len(good[-1].entries)
            noun = "exchange" if count == 1 else "exchanges"
            terminal.say(f"{path}: ok, {count} {noun}")
    if wrong:
        terminal.complain("\n".join(wrong))
        noun = "mistake" if len(wrong) == 1 else "mistakes"
        terminal.complain(f"{len(wrong)} {noun}")
        return 2
    return 0
