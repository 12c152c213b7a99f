"""``fakefal import``: converts recordings of other tools to a scenario."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from fakefal._version import __version__
from fakefal.cli.recording_options import secret_lines
from fakefal.cli.terminal import Terminal, pluralize
from fakefal.engine.core.clock import real_now
from fakefal.errors import FakefalError
from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import distil
from fakefal.recorder.importers.importer import FORMATS, Format, read_foreign
from fakefal.recorder.output.writer import Writer, check_name, folder_of
from fakefal.scenario.files.loader import load_file

_FILE_GAP_SECONDS = 60.0
"""Added between the times of two files, so that their requests are not grouped together."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="The scenario, YAML.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    help="Format of the files. Default: detected from their content.",
)
@click.option(
    "--redact",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Redact matches of this regular expression too; repeatable.",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.pass_obj
def import_(
    terminal: Terminal,
    files: tuple[str, ...],
    path: str,
    file_format: Format | None,
    patterns: tuple[str, ...],
    force: bool,
) -> int:
    """Convert a HAR, a VCR.py cassette, aimock fixtures, a curl trace (-v or --trace-ascii), or a
    JSON body of a status, result or webhook to a scenario.

    Entries that cannot be converted are listed. Keys and tokens are redacted.
    """
    target = Path(path)
    check_name(target)
    if target.exists() and not force:
        raise FakefalError(f"{target} already exists — name another file, or pass --force")
    recording = Recording(", ".join(Path(file).name for file in files), real_now())
    exchanges = []
    unused: list[str] = []
    for file in files:
        detected_format, imported = read_foreign(_read(file), file, file_format)
        start = _FILE_GAP_SECONDS + max(
            (capture.ended for capture in recording.captures), default=-_FILE_GAP_SECONDS
        )
        recording.captures += [
            replace(capture, at=capture.at + start, ended=capture.ended + start)
            for capture in imported.captures
        ]
        exchanges += imported.exchanges
        unused += imported.unused
        used = len(imported.captures) + len(imported.exchanges)
        terminal.write_line(
            f"{file}: {detected_format}, {pluralize(used, 'entry', 'entries')} used"
        )
    redactor = _make_redactor(patterns, recording)
    distilled = distil(recording, redactor, version=__version__, folder=folder_of(target))
    distilled.scenario["exchanges"] += redactor.redact_json(exchanges)
    for line in [
        *(f"not used: {redactor.redact_text(line)}" for line in (*unused, *distilled.notes)),
        *map(str.strip, secret_lines(distilled)),
    ]:
        terminal.write_error(line)
    if not distilled.scenario["exchanges"]:
        raise FakefalError("no calls to fal found, so nothing is written")
    Writer(target, redactor).write(distilled)
    loaded = load_file(target)
    terminal.write_line(f"{target}: {pluralize(len(loaded.exchanges), 'exchange')}")
    return 0


def _make_redactor(patterns: tuple[str, ...], recording: Recording) -> Redactor:
    redactor = Redactor(patterns)
    redactor.learn_environment(os.environ)  # noqa: TID251 (its secrets must not be written)
    for capture in recording.captures:
        redactor.learn_request(capture.request)
        redactor.learn_response(capture.response, capture.request.url)
    return redactor


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise FakefalError(f"cannot read {file}: {reason}") from None
