"""``fakefal import``: foreign recordings as a scenario."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from fakefal._version import __version__
from fakefal.cli.server_options import pluralize
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.clock import real_now
from fakefal.errors import FakefalError
from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import distil
from fakefal.recorder.importers.importer import FORMATS, Format, read_foreign
from fakefal.recorder.output.writer import Writer, check_name, folder_of
from fakefal.scenario.files.loader import load_file

_FILE_GAP_SECONDS = 60.0
"""Between the conversations of two files."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="The scenario, YAML.")
@click.option(
    "--format",
    "told",
    type=click.Choice(FORMATS),
    help="What the files are. Default: what they look like.",
)
@click.option(
    "--redact",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Leave out what this regular expression finds too; repeatable.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.pass_obj
def import_(
    terminal: Terminal,
    files: tuple[str, ...],
    path: str,
    told: Format | None,
    patterns: tuple[str, ...],
    force: bool,
) -> int:
    """Make a scenario of a HAR, a cassette of VCR.py, fixtures of aimock, a trace of curl (-v or
    --trace-ascii), or a pasted JSON body of a status, result or webhook.

    Each line that it could not use is told. Keys, tokens and the like are left out.
    """
    target = Path(path)
    check_name(target)
    if target.exists() and not force:
        raise FakefalError(f"{target} is there already — name another file, or say --force")
    recording = Recording(", ".join(Path(file).name for file in files), real_now())
    exchanges = []
    unused: list[str] = []
    for file in files:
        format_name, imported = read_foreign(_read(file), file, told)
        start = max((item.ended for item in recording.captures), default=-_FILE_GAP_SECONDS)
        recording.captures += [
            replace(
                it, at=it.at + start + _FILE_GAP_SECONDS, ended=it.ended + start + _FILE_GAP_SECONDS
            )
            for it in imported.captures
        ]
        exchanges += imported.exchanges
        unused += imported.unused
        used = len(imported.captures) + len(imported.exchanges)
        terminal.write_line(
            f"{file}: {format_name}, {pluralize(used, 'entry')} used".replace("entrys", "entries")
        )
    redactor = Redactor(patterns)
    redactor.learn_environment(os.environ)  # noqa: TID251 (its secrets must not be written)
    for capture in recording.captures:
        redactor.learn_request(capture.request)
        redactor.learn_response(capture.response)
    distilled = distil(recording, redactor, version=__version__, folder=folder_of(target))
    distilled.scenario["exchanges"] += redactor.redact_json(exchanges)
    for line in (*unused, *distilled.notes):
        terminal.write_error(f"not used: {redactor.redact_text(line)}")
    if not distilled.scenario["exchanges"]:
        raise FakefalError("there is no call of fal in it, so nothing is written")
    Writer(target, redactor).write(distilled)
    loaded = load_file(target)
    terminal.write_line(f"{target}: {pluralize(len(loaded.exchanges), 'exchange')}")
    return 0


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise FakefalError(f"{file} cannot be read: {reason}") from None
