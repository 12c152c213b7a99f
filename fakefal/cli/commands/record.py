"""``fakefal record``: runs a command and records its fal traffic as a scenario."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from fakefal.cli.child import CannotStart
from fakefal.cli.commands.run import (
    EXIT_ESCAPES,
    EXIT_MISSES,
    WithCommand,
    guard_option,
    run_with_server,
)
from fakefal.cli.recording_options import RecordingOptions, recording_options, recording_summary
from fakefal.cli.run_report import RunReport
from fakefal.cli.summary import escape_lines, summarize
from fakefal.cli.terminal import Terminal
from fakefal.server.server import FakeFalServer

_KEY_VARIABLES = ("FAL_KEY", "FAL_KEY_ID", "FAL_API_KEY", "FAL_AI_API_KEY")


@click.command(cls=WithCommand)
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="The recording, YAML.")
@recording_options
@click.option(
    "--speed",
    default=0.0,
    show_default=True,
    help="Speed of a replay: 1 takes the recorded time, 2 half of it, 0 none.",
)
@click.option(
    "--schemas",
    "with_schemas",
    is_flag=True,
    help="Add the API descriptions of the recorded endpoints, to the folder schemas beside it.",
)
@click.option("--quiet", is_flag=True, help="Print a summary only if something is wrong.")
@guard_option
@click.pass_obj
def record(
    terminal: Terminal,
    /,
    path: str,
    speed: float,
    with_schemas: bool,
    quiet: bool,
    guard: str,
    command: tuple[str, ...] = (),
    **options: Any,
) -> int:
    """Run a command and record its fal traffic.

    If the recording exists already, it is replayed instead (see --mode). The exit code is the
    command's. If that is 0, a replay with a call that was not recorded exits with 3, and an attempt
    to bypass fakefal with 4.
    """
    if not command:
        raise click.UsageError("no command — write it after --, as in: -- npm test")
    recording = RecordingOptions.parse(path, **options)
    server, decision = recording.make_server(terminal, speed)
    if (
        decision.should_record
        and recording.upstream is None
        and not any(map(os.environ.get, _KEY_VARIABLES))  # noqa: TID251 (the user's key)
    ):
        terminal.write_error("fakefal: FAL_KEY is not set, so fal will reject most calls")
    report = RunReport(command)
    try:
        _run_recorded(server, report, uses_names=guard == "all")
    except CannotStart as error:
        terminal.write_error(str(error))
        return error.code
    code = report.command_code or (EXIT_ESCAPES if report.escapes else 0)
    if not decision.should_record:
        code = code or (EXIT_MISSES if report.misses else 0)
        lines = summarize(report)
    else:
        lines = [*recording_summary(server.recorded, Path(path)), *escape_lines(report)]
        if with_schemas and Path(path).exists():
            from fakefal.cli.schemas.recorded import add_schemas  # few recordings ask for them

            lines += add_schemas(Path(path), recording.upstream)
    if not quiet or code != report.command_code or (server.recorded and server.recorded.notes):
        terminal.write_error("\n".join(lines))
    return code


def _run_recorded(server: FakeFalServer, report: RunReport, *, uses_names: bool) -> None:
    server.engine.add_listener(report.on_journal_entry)
    run_with_server(server, report, None, uses_names=uses_names)
