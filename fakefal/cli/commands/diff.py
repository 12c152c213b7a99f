"""``fakefal diff``: compares two recordings, or a recording with fal's responses of today."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from fakefal.cli.commands.run import WithCommand, run_with_server
from fakefal.cli.recording.options import RecordingOptions
from fakefal.cli.run_report import RunReport
from fakefal.cli.terminal import Terminal, pluralize
from fakefal.errors import FakefalError
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.output.comparison import compare
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.files.loader import load_file

EXIT_DIFFERENT = 1
"""Exit code for recordings that differ."""


@click.command(cls=WithCommand)
@click.argument("before", metavar="RECORDING")
@click.argument("after", required=False, metavar="[OTHER]")
@click.option("--times", is_flag=True, help="Compare durations too.")
@click.option("--upstream", metavar="URL", help="Record from this base URL instead of fal.")
@click.option(
    "--redact",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Redact matches of this regular expression in what is recorded and printed; repeatable.",
)
@click.pass_obj
def diff(
    terminal: Terminal,
    /,
    before: str,
    after: str | None,
    times: bool,
    upstream: str | None,
    patterns: tuple[str, ...],
    command: tuple[str, ...] = (),
) -> int:
    """Show the differences between two recordings, or between one and fal's responses of today.

    For the latter, write the command that makes the calls after --. Ids and durations are ignored.
    Exit code 1 if there are differences.
    """
    if (after is None) != bool(command):
        raise click.UsageError("pass another recording, or a command after -- to make a new one")
    redactor = Redactor(patterns)
    old = load_file(before)
    new = load_file(after) if after is not None else _record_fresh(command, upstream, patterns)
    differences = compare(old, new, times=times)
    for change in differences:
        terminal.write_line(redactor.redact_text(str(change)))
    if not differences:
        terminal.write_line("no differences")
        return 0
    terminal.write_error(f"{pluralize(len(differences), 'difference')}")
    return EXIT_DIFFERENT


def _record_fresh(
    command: tuple[str, ...], upstream: str | None, patterns: tuple[str, ...]
) -> LoadedScenario:
    """Record a command; raises FakefalError if it fails."""
    with tempfile.TemporaryDirectory(prefix="fakefal-") as folder:
        path = Path(folder) / "fresh.yaml"
        options = RecordingOptions.parse(path, mode="all", upstream=upstream, patterns=patterns)
        server, _ = options.make_server(Terminal.silent(), 0.0)
        report = RunReport(command)
        run_with_server(server, report, None, uses_names=True)
        if report.command_code:
            raise FakefalError(
                f"{command[0]} exited with {report.command_code}, so there is nothing to compare"
            )
        return load_file(path)
