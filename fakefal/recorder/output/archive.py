"""The file of a growing recording: valid on disk after each finished exchange."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fakefal.errors import FakefalError
from fakefal.protocol.core import hosts
from fakefal.recorder.capture.captures import Capture, Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import Cache, DistilResult, distil
from fakefal.recorder.output.atomic import check_writable
from fakefal.recorder.output.lock import FileLock
from fakefal.recorder.output.writer import Writer, folder_of

_INTERMEDIATE_PATH = re.compile(r"/(?:status|status/stream|cancel)/?\Z")


@dataclass(slots=True)
class Archive:
    """Collects the captures of a recording and writes its file.

    An existing file is replaced only when the recording is complete; until then it grows in
    ``FILE.part``. ``redactor`` learns from each capture. ``base_text`` is a scenario to which the
    exchanges are appended. ``force`` and ``keeps_backup`` are those of the writer. ``write_error``
    says why nothing more is written; ``on_write_error`` is called with it once.
    """

    path: Path
    recording: Recording
    redactor: Redactor
    version: str
    base_text: str | None = None
    force: bool = False
    keeps_backup: bool = True
    on_write_error: Callable[[str], None] | None = None
    write_error: str = ""
    _writer: Writer = field(init=False)
    _file_lock: FileLock = field(init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _cache: Cache = field(default_factory=dict)
    _saved_count: int = -1

    def __post_init__(self) -> None:
        self._writer = Writer(
            self.path,
            self.redactor,
            base_text=self.base_text,
            force=self.force,
            keeps_backup=self.keeps_backup,
        )
        self._file_lock = FileLock(self.path)

    def open(self) -> None:
        """Lock the file, and check that it can be written; raises FakefalError."""
        self._file_lock.acquire()
        try:
            check_writable(self.path)
        except FakefalError:
            self._file_lock.release()
            raise

    def release(self) -> None:
        """Let another recorder have the file."""
        self._file_lock.release()

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
                if self.on_write_error is not None:
                    self.on_write_error(self.write_error)

    async def close(self) -> DistilResult:
        """Write everything, unfinished requests too, and replace the existing file.

        A recording that is not complete replaces nothing: it stays in ``FILE.part``. One without
        a call is not written at all. Raises
        FakefalError if the file cannot be written or would contain a secret.
        """
        async with self._lock:
            if self.write_error:
                raise FakefalError(self.write_error)
            distilled = self._distil(finished_only=False)
            if self.recording.captures or self.recording.notes:
                await asyncio.to_thread(self._write_final, distilled)
            return distilled

    def _write_final(self, distilled: DistilResult) -> None:
        if distilled.incomplete and self._writer.replaces_file:
            self._writer.write(distilled)
            distilled.path = self._writer.part_path
            return
        self._writer.finish(distilled)
        distilled.path, distilled.backup = self.path, self._writer.backup

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
