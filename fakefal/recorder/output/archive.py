"""The file of a growing recording: valid on disk after each finished exchange."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from fakefal.errors import FakefalError
from fakefal.protocol.core import hosts
from fakefal.recorder.capture.captures import Capture, Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import Cache, DistilResult, distil
from fakefal.recorder.output.writer import Writer, check_name, folder_of

_HASHED_NAME = re.compile(r"[0-9a-f]{16}\.\w+")
_INTERMEDIATE_PATH = re.compile(r"/(?:status|status/stream|cancel)/?\Z")


@dataclass(slots=True)
class Archive:
    """Collects the captures of a recording and writes its file.

    An existing file is replaced only when the recording is complete; until then it grows in
    ``FILE.part``. ``redactor`` learns from each capture. ``base_text`` is a scenario to which the
    exchanges are appended. ``write_error`` says why nothing more is written.
    """

    path: Path
    recording: Recording
    redactor: Redactor
    version: str
    base_text: str | None = None
    write_error: str = ""
    _writer: Writer = field(init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _cache: Cache = field(default_factory=dict)
    _saved_count: int = -1
    _uses_part_file: bool = False

    def __post_init__(self) -> None:
        check_name(self.path)
        self._uses_part_file = self.path.exists() and self.base_text is None
        target = (
            self.path.with_name(f"{self.path.name}.part") if self._uses_part_file else self.path
        )
        self._writer = Writer(target, self.redactor, folder_of(self.path), self.base_text)

    def add(self, capture: Capture) -> None:
        """Add a capture and the secrets in it; ``save`` writes it to disk."""
        self.redactor.learn_request(capture.request)
        self.redactor.learn_response(capture.response, capture.request.url)
        self.recording.captures.append(capture)

    def add_note(self, text: str) -> None:
        """Add a comment to the file about what could not be recorded."""
        if text not in self.recording.notes:
            self.recording.notes.append(text)

    async def save(self) -> None:
        """Write all finished exchanges. An error is kept in ``write_error`` instead of raised, so
        that the caller still gets the response."""
        capture_count = len(self.recording.captures)
        async with self._lock:
            if self._saved_count >= capture_count or self.write_error:
                return
            self._saved_count = len(self.recording.captures)
            try:
                distilled = self._distil(finished_only=True)
                await asyncio.to_thread(self._writer.write, distilled)
            except FakefalError as error:
                self.write_error = str(error)

    async def close(self) -> DistilResult:
        """Write everything, unfinished requests too, and replace the existing file.

        Raises FakefalError if it cannot be written or would contain a secret.
        """
        async with self._lock:
            if self.write_error:
                raise FakefalError(self.write_error)
            self.recording.is_complete = True
            distilled = self._distil(finished_only=False)
            await asyncio.to_thread(self._write_final, distilled)
            return distilled

    async def close_incomplete(self) -> None:
        """Stop an interrupted recording: write finished exchanges, keep an existing file.

        Raises FakefalError if it cannot be written or would contain a secret.
        """
        await self.save()
        if self.write_error:
            raise FakefalError(self.write_error)

    def _write_final(self, distilled: DistilResult) -> None:
        self._writer.write(distilled)
        if self._uses_part_file:
            os.replace(self._writer.path, self.path)
        if self.base_text is None:
            _remove_stale_files(self.path.parent / folder_of(self.path), set(distilled.files))

    def _distil(self, *, finished_only: bool) -> DistilResult:
        return distil(
            self.recording,
            self.redactor,
            version=self.version,
            folder=folder_of(self.path),
            finished_only=finished_only,
            cache=self._cache,
        )


def finishes_exchange(capture: Capture) -> bool:
    """Whether this capture completes an exchange, so that the file must be written."""
    request = capture.request
    if capture.is_webhook or request.host == hosts.RUN:
        return True
    if request.host in hosts.MEDIA_HOSTS:
        return request.method == "GET"
    if request.host != hosts.QUEUE or _INTERMEDIATE_PATH.search(request.path):
        return False
    return request.method == "GET" or capture.response.status >= 300


def _remove_stale_files(folder: Path, used: set[str]) -> None:
    """Remove files that only the previous recording in this folder used."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if _HASHED_NAME.fullmatch(path.name) and f"{folder.name}/{path.name}" not in used:
            path.unlink()
