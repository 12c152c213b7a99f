"""``fakefal record``: any command, with what fal answers it kept as a scenario."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from fakefal.cli.child import CannotStart
from fakefal.cli.recording_options import Told, recording_options, told_of
from fakefal.cli.run import ESCAPED, MISSED, WithCommand, guard_option, run_beside
from fakefal.cli.run_report import Outcome
from fakefal.cli.summary import escapes, summary
from fakefal.cli.terminal import Terminal
from fakefal.server.server import FakeFal

_KEYS = ("FAL_KEY", "FAL_KEY_ID", "FAL_API_KEY", "FAL_AI_API_KEY")


@click.command(cls=WithCommand)
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="The recording, YAML.")
@recording_options
@click.option(
    "--speed",
    default=0.0,
    show_default=True,
    help="Of a replay: 1 takes the recorded time, 2 half of it, 0 none.",
)
@click.option("--quiet", is_flag=True, help="No summary, unless something is wrong.")
@guard_option
@click.pass_obj
def record(
    terminal: Terminal,
    /,
    path: str,
    speed: float,
    quiet: bool,
    guard: str,
    command: tuple[str, ...] = (),
    **options: Any,
) -> int:
    """Run a command whose fal clients talk to fal through fakefal, and keep what was said.

    Once the file is there it answers in place of fal (see --mode). The exit code is the command's;
    a replay that met a call which was not recorded makes it 3 at least.
    """
    if not command:
        raise click.UsageError("there is nothing to run — write it after --, as in: -- npm test")
    told = Told.of(path, **options)
    fake, decision = told.fake(terminal, speed)
    if decision.records and told.upstream is None and not any(map(os.environ.get, _KEYS)):  # noqa: TID251 (a key of the user)
        terminal.complain("fakefal: FAL_KEY is not set, so fal will refuse what is not public")
    outcome = Outcome(command)
    try:
        _run(fake, outcome, uses_names=guard == "all")
    except CannotStart as error:
        terminal.complain(str(error))
        return error.code
    code = outcome.command_code or (ESCAPED if outcome.escapes else 0)
    if not decision.records:
        code = code or (MISSED if outcome.misses else 0)
        lines = summary(outcome)
    else:
        lines = [*told_of(fake.recorded, Path(path)), *escapes(outcome)]
    if not quiet or code != outcome.command_code or (fake.recorded and fake.recorded.notes):
        terminal.complain("\n".join(lines))
    return code


def _run(fake: FakeFal, outcome: Outcome, *, uses_names: bool) -> None:
    fake.engine.listen(outcome.note)
    run_beside(fake, outcome, None, uses_names=uses_names)
