"""Reads a foreign file with the importer for its format."""

from __future__ import annotations

from collections.abc import Callable

from fakefal.errors import FakefalError
from fakefal.recorder.importers.aimock import read_aimock
from fakefal.recorder.importers.bodies import is_fal_body, read_body, read_events, read_json_lines
from fakefal.recorder.importers.cassettes import read_cassette
from fakefal.recorder.importers.curl import read_curl
from fakefal.recorder.importers.foreign import ImportResult, NotThisFormat, PastedBody
from fakefal.recorder.importers.har import read_har
from fakefal.recorder.importers.messages import read_messages
from fakefal.recorder.importers.nock import read_nock
from fakefal.recorder.importers.postman import read_postman
from fakefal.recorder.importers.recognition import FORMATS, Format, recognize, refuse_binary

__all__ = ["FORMATS", "Format", "decode_file", "read_foreign"]

_READERS: dict[Format, Callable[[str, str], ImportResult]] = {
    "har": read_har,
    "vcr": read_cassette,
    "nock": read_nock,
    "postman": read_postman,
    "aimock": read_aimock,
    "curl": read_curl,
    "http": read_messages,
    "sse": read_events,
    "jsonl": read_json_lines,
    "body": read_body,
}


def decode_file(data: bytes, file: str) -> str:
    """The text of a file; raises FakefalError, with the name of a known format of bytes."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # PowerShell's > writes UTF-16
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            pass
    raise refuse_binary(data, file)


def read_foreign(
    text: str, file: str, file_format: Format | None = None
) -> tuple[Format, ImportResult]:
    """The format of a file, recognized if not given, and its content; raises FakefalError.

    What was recognized and not given may hold only what is known to be fal's.
    """
    chosen = file_format or recognize(text, file)
    try:
        imported = _READERS[chosen](text, file)
    except NotThisFormat as error:
        advice = "leave out --format, so that it is recognized" if file_format else "check the file"
        raise FakefalError(f"{file}: not {chosen}: {error} — {advice}") from None
    if file_format is None and chosen == "http":
        foreign = [body for body in imported.pasted if not _is_fal_response(body)]
        imported.pasted = [body for body in imported.pasted if body not in foreign]
        imported.unused += [
            f"{body.location}: not known to be a response of fal's — pass --format http if it is"
            for body in foreign
        ]
    return chosen, imported


def _is_fal_response(pasted: PastedBody) -> bool:
    if any(name.lower().startswith("x-fal-") for name, _ in pasted.headers):
        return True
    try:
        return is_fal_body(pasted.json())
    except ValueError:
        return False
