"""``fakefal import``: converts recordings of other tools to a scenario."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from fakefal._version import __version__
from fakefal.cli.recording.options import EXIT_STRICT, safety_options, secret_lines
from fakefal.cli.recording.replay_check import check_replay
from fakefal.cli.terminal import Terminal, pluralize
from fakefal.engine.core.clock import real_now
from fakefal.errors import FakefalError
from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import DistilResult, distil
from fakefal.recorder.importers.foreign import ImportResult
from fakefal.recorder.importers.importer import FORMATS, Format, decode_file, read_foreign
from fakefal.recorder.importers.pasted import convert_pasted
from fakefal.recorder.output.writer import Writer

_FILE_GAP_SECONDS = 60.0
"""Added between the times of two files, so that their requests are not grouped together."""

_STANDARD_INPUT = "-"


@dataclass(slots=True)
class _Imports:
    """What all files together hold; times of a file follow those of the file before."""

    merged: ImportResult = field(default_factory=ImportResult)
    moments: list[float] = field(default_factory=list)

    def add(self, file: str, imported: ImportResult) -> None:
        start = _FILE_GAP_SECONDS + max(
            (capture.ended for capture in self.merged.captures), default=-_FILE_GAP_SECONDS
        )
        self.merged.captures += [
            replace(capture, at=capture.at + start, ended=capture.ended + start)
            for capture in imported.captures
        ]
        self.merged.exchanges += imported.exchanges
        self.merged.pasted += imported.pasted
        self.merged.unused += imported.unused
        moment = imported.recorded_at or _modified_at(file)
        if moment is not None:
            self.moments.append(moment)


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="The scenario, YAML.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    help="Format of the files. Default: recognized by their structure.",
)
@click.option(
    "--redact",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Redact matches of this regular expression too; repeatable.",
)
@safety_options
@click.pass_obj
def import_(
    terminal: Terminal,
    /,
    files: tuple[str, ...],
    path: str,
    file_format: Format | None,
    patterns: tuple[str, ...],
    strict: bool,
    **safety: Any,
) -> int:
    """Convert recordings of other tools to a scenario.

    FILE is a HAR, a cassette of a VCR, nock's or Postman's, a trace of curl, or JSON of fal's
    statuses, results, errors and webhooks; - is the standard input. Several files become one
    scenario. Entries that cannot be converted are listed, and make --strict fail. Keys and tokens
    are redacted.
    """
    target = Path(path)
    redactor = Redactor(patterns)
    redactor.learn_environment(os.environ)  # noqa: TID251 (its secrets must not be written)
    writer = Writer(target, redactor, force=safety["force"], keeps_backup=safety["backup"])
    imports = _read_all(terminal, files, file_format)
    convert_pasted(imports.merged)
    distilled = _distil(imports, redactor, _sources(files), writer.folder)
    unused = imports.merged.unused
    if not distilled.scenario["exchanges"] and not distilled.scenario.get("routes"):
        _print(terminal, redactor, "not used", [*unused, *distilled.notes])
        raise FakefalError(f"no calls to fal found in {', '.join(files)}, so nothing is written")
    writer.finish(distilled)
    distilled.path = target
    differences = check_replay(distilled)
    for line in secret_lines(distilled):
        terminal.write_error(line.strip())
    _print(terminal, redactor, "raw", distilled.raw)
    _print(terminal, redactor, "differs in a replay", differences)
    _print(terminal, redactor, "not used", [*unused, *distilled.notes])
    terminal.write_line(f"{target}: {_count(distilled)}")
    if writer.backup is not None:
        terminal.write_line(f"the previous file is kept as {writer.backup}")
    return EXIT_STRICT if strict and (unused or distilled.notes or differences) else 0


def _read_all(terminal: Terminal, files: tuple[str, ...], file_format: Format | None) -> _Imports:
    imports = _Imports()
    for file in files:
        name = "standard input" if file == _STANDARD_INPUT else file
        detected_format, imported = read_foreign(_read(file), name, file_format)
        imports.add(file, imported)
        count = pluralize(imported.used, "entry", "entries")
        terminal.write_line(f"{name}: {detected_format}, {count} of fal read")
    return imports


def _print(terminal: Terminal, redactor: Redactor, label: str, lines: list[str]) -> None:
    for line in lines:
        terminal.write_error(f"{label}: {redactor.redact_text(line)}")


def _count(distilled: DistilResult) -> str:
    text = pluralize(len(distilled.scenario["exchanges"]), "exchange")
    routes = distilled.scenario.get("routes")
    return f"{text}, {pluralize(len(routes), 'raw route')}" if routes else text


def _distil(imports: _Imports, redactor: Redactor, sources: list[str], folder: str) -> DistilResult:
    merged = imports.merged
    # The oldest of them all, so that the age of a recording made of several files is not hidden.
    recording = Recording(
        ", ".join(sources) if len(sources) == 1 else f"{len(sources)} files",
        min(imports.moments, default=real_now()),
        merged.captures,
        sources=sources if len(sources) > 1 else [],
    )
    for capture in merged.captures:
        redactor.learn_request(capture.request)
        redactor.learn_response(capture.response, capture.request.url)
    distilled = distil(recording, redactor, version=__version__, folder=folder)
    distilled.scenario["exchanges"] += redactor.redact_json(merged.exchanges)
    return distilled


def _sources(files: tuple[str, ...]) -> list[str]:
    """The files by their paths as written, each once; of an absolute path only the end, as the
    scenario is for other machines too."""
    names = []
    for file in files:
        path = Path(file)
        if file == _STANDARD_INPUT:
            names.append("standard input")
        else:
            names.append("/".join(path.parts[-2:]) if path.is_absolute() else path.as_posix())
    return list(dict.fromkeys(names))


def _modified_at(file: str) -> float | None:
    """When a file was written; None for the standard input."""
    try:
        return None if file == _STANDARD_INPUT else Path(file).stat().st_mtime
    except OSError:
        return None


def _read(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == _STANDARD_INPUT else Path(file).read_bytes()
    except OSError as error:
        raise FakefalError(f"cannot read {file}: {error.strerror or error}") from None
    return decode_file(data, file)
