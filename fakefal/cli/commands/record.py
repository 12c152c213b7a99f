"""``fakefal record``: runs a command and records its fal traffic as a scenario."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fakefal.cli.child import CannotStart
from fakefal.cli.commands.run import (
    EXIT_ESCAPES,
    EXIT_MISSES,
    WithCommand,
    guard_option,
    run_with_server,
)
from fakefal.cli.recording.options import (
    EXIT_STRICT,
    RecordingOptions,
    recording_options,
    recording_summary,
    unused_calls,
)
from fakefal.cli.run_report import RunReport
from fakefal.cli.summary import escape_lines, summarize
from fakefal.cli.terminal import Terminal
from fakefal.recorder.capture.modes import Decision
from fakefal.server.server import FakeFalServer

if TYPE_CHECKING:
    from fakefal.recorder.distil.distil import DistilResult

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
    command's. If that is 0, a replay with a call that was not recorded exits with 3, an attempt to
    bypass fakefal with 4, and what --strict finds with 5.
    """
    if not command:
        raise click.UsageError("no command — write it after --, as in: -- npm test")
    recording = RecordingOptions.parse(path, **options)
    server, decision = recording.make_server(terminal, speed)
    if decision.loaded is not None and not quiet:
        terminal.write_error("\n".join(recording.describe_replay(decision)))
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
    lines, problems = _outcome(server, report, recording, decision)
    if not decision.should_record:
        code = code or (EXIT_MISSES if report.misses else 0)
    elif with_schemas and Path(path).exists():
        from fakefal.cli.schemas.recorded import add_schemas  # few recordings ask for them

        lines += add_schemas(Path(path), recording.upstream)
    if recording.strict and problems:
        code = code or EXIT_STRICT
        lines += [f"  strict: {problem}" for problem in problems]
    is_whole = server.recorded is None or not (server.recorded.notes or server.recorded.incomplete)
    if not quiet or code != report.command_code or not is_whole:
        terminal.write_error("\n".join(lines))
    return code


def _outcome(
    server: FakeFalServer, report: RunReport, recording: RecordingOptions, decision: Decision
) -> tuple[list[str], list[str]]:
    """The lines of the summary, and what --strict does not accept."""
    distilled = server.recorded
    differences: list[str] = []
    if decision.should_record:
        lines = [*recording_summary(distilled, recording.path), *escape_lines(report)]
        differences = [] if distilled is None else _differences(distilled)
        lines += [f"  differs in a replay: {line}" for line in differences]
    else:
        lines = summarize(report)
    problems = [] if distilled is None else [*distilled.incomplete, *distilled.notes]
    problems += differences
    if decision.loaded is not None:
        problems += [*recording.replay_problems(decision), *unused_calls(server)]
    return lines, problems


def _differences(distilled: DistilResult) -> list[str]:
    # Imported late: a replay need not be checked, and starts faster without.
    from fakefal.cli.recording.replay_check import check_replay

    return check_replay(distilled)


def _run_recorded(server: FakeFalServer, report: RunReport, *, uses_names: bool) -> None:
    server.engine.add_listener(report.on_journal_entry)
    run_with_server(server, report, None, uses_names=uses_names)
