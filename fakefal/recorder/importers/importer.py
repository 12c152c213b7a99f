"""Reads a foreign file with the importer for its format."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal, get_args

from fakefal.errors import FakefalError
from fakefal.recorder.importers.aimock import read_aimock
from fakefal.recorder.importers.bodies import read_body
from fakefal.recorder.importers.cassettes import read_cassette
from fakefal.recorder.importers.curl import read_curl
from fakefal.recorder.importers.foreign import ImportResult, NotThisFormat
from fakefal.recorder.importers.har import read_har

Format = Literal["har", "vcr", "aimock", "curl", "body"]
FORMATS: tuple[Format, ...] = get_args(Format)

_READERS: dict[Format, Callable[[str, str], ImportResult]] = {
    "har": read_har,
    "vcr": read_cassette,
    "aimock": read_aimock,
    "curl": read_curl,
    "body": read_body,
}


def read_foreign(
    text: str, file: str, file_format: Format | None = None
) -> tuple[Format, ImportResult]:
    """The format of a file, guessed if not given, and its content; raises FakefalError."""
    chosen_format = file_format or guess_format(text)
    if chosen_format is None:
        raise FakefalError(f"{file}: unknown file format — pass --format {'|'.join(FORMATS)}")
    try:
        return chosen_format, _READERS[chosen_format](text, file)
    except NotThisFormat as error:
        raise FakefalError(f"{file}: not {chosen_format}: {error} — pass --format") from None


def guess_format(text: str) -> Format | None:
    """The format of a file by its content; any other JSON is a ``body``. None if unknown."""
    try:
        data = json.loads(text)
    except ValueError:
        if "interactions:" in text:
            return "vcr"
        is_trace = any(line.startswith(("> ", "=> Send")) for line in text.splitlines())
        return "curl" if is_trace or "=> Send header" in text else None
    if isinstance(data, dict):
        if isinstance(data.get("log"), dict) and "entries" in data["log"]:
            return "har"
        if "interactions" in data:
            return "vcr"
        if "fixtures" in data:
            return "aimock"
    return "body"
