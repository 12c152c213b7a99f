"""``fakefal diff``: what changed on the wire between two recordings."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from fakefal.cli.recording_options import Told
from fakefal.cli.run import WithCommand, run_beside
from fakefal.cli.run_report import Outcome
from fakefal.cli.server_options import counted
from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError
from fakefal.recorder.output.comparison import changes
from fakefal.scenario.files.loader import Loaded, load_file

DIFFERENT = 1
"""Exit code for recordings that differ."""


@click.command(cls=WithCommand)
@click.argument("before", metavar="RECORDING")
@click.argument("after", required=False, metavar="[OTHER]")
@click.option("--times", is_flag=True, help="Compare durations too, which differ every time.")
@click.option("--upstream", metavar="URL", help="What a fresh recording asks in place of fal.")
@click.pass_obj
def diff(
    terminal: Terminal,
    /,
    before: str,
    after: str | None,
    times: bool,
    upstream: str | None,
    command: tuple[str, ...] = (),
) -> int:
    """Say what differs between two recordings, or between one and what fal answers today.

    For the latter write the command that makes the calls after --. Ids and durations do not count.
    Exit code 1 if something differs.
    """
    if (after is None) != bool(command):
        raise click.UsageError(
            "name another recording, or a command after -- that makes a fresh one"
        )
    old = load_file(before)
    new = load_file(after) if after is not None else _fresh(command, upstream)
    found = changes(old, new, times=times)
    for change in found:
        terminal.say(str(change))
    if not found:
        terminal.say("the same")
        return 0
    terminal.complain(f"{counted(len(found), 'difference')}")
    return DIFFERENT


def _fresh(command: tuple[str, ...], upstream: str | None) -> Loaded:
    """What upstream answers to a command today; raises FakefalError if the command fails."""
    with tempfile.TemporaryDirectory(prefix="fakefal-") as folder:
        path = Path(folder) / "fresh.yaml"
        told = Told.of(path, mode="all", upstream=upstream)
        fake, _ = told.fake(Terminal.silent(), 0.0)
        outcome = Outcome(command)
        run_beside(fake, outcome, None, uses_names=True)
        if outcome.command_code:
            raise FakefalError(
                f"{command[0]} ended with {outcome.command_code}, so there is nothing to compare"
            )
        return load_file(path)
