"""The file of a recording while it grows: after each finished exchange it is whole on disk."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fakefal.errors import FakefalError
from fakefal.protocol.core import hosts
from fakefal.recorder.capture.captures import Capture, Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import Distilled, Memory, distil
from fakefal.recorder.output.writer import Writer, check_name, folder_of

_HASHED = re.compile(r"[0-9a-f]{16}\.\w+")
_ON_THE_WAY = re.compile(r"/(?:status|status/stream|cancel)/?\Z")


@dataclass(slots=True)
class Archive:
    """Keeps the captures of a recording, and its file.

    A file that is there already stays as it is until the recording is complete: until then it
    grows in ``FILE.part``. ``redactor`` learns from each capture. ``added_to`` is the text of a
    scenario that the exchanges are added to. ``refused`` is why nothing more is written.
    """

    path: Path
    recording: Recording
    redactor: Redactor
    version: str
    added_to: str | None = None
    refused: str = ""
    _writer: Writer = field(init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _memory: Memory = field(default_factory=dict)
    _written: int = -1
    _grows_beside: bool = False

    def __post_init__(self) -> None:
        check_name(self.path)
        self._grows_beside = self.path.exists() and self.added_to is None
        growing = self.path.with_name(f"{self.path.name}.part") if self._grows_beside else self.path
        self._writer = Writer(growing, self.redactor, folder_of(self.path), self.added_to)

    def add(self, capture: Capture) -> None:
        """Keep a capture; it is not on disk before ``save``."""
        self.redactor.learn_request(capture.asked)
        self.redactor.learn_answer(capture.heard)
        self.recording.captures.append(capture)

    def note(self, text: str) -> None:
        """Say in the file what could not be recorded."""
        if text not in self.recording.notes:
            self.recording.notes.append(text)

    async def save(self) -> None:
        """Return when all that is finished is on disk. What cannot be written is kept in
        ``refused``, so that the caller is answered all the same."""
        wanted = len(self.recording.captures)
        async with self._lock:
            if self._written >= wanted or self.refused:
                return
            self._written = len(self.recording.captures)
            try:
                distilled = self._distilled(finished_only=True)
                await asyncio.to_thread(self._writer.write, distilled)
            except FakefalError as error:
                self.refused = str(error)

    async def close(self) -> Distilled:
        """Write all of it, unfinished requests too, and put it in place.

        Raises FakefalError where it cannot be written, or must not be.
        """
        async with self._lock:
            if self.refused:
                raise FakefalError(self.refused)
            self.recording.complete = True
            distilled = self._distilled(finished_only=False)
            await asyncio.to_thread(self._finish, distilled)
            return distilled

    async def leave(self) -> None:
        """Let it be what it is: each finished exchange is on disk, and it is not complete.

        A file that was there before stays; what was recorded anew lies beside it. Raises
        FakefalError where it cannot be written, or must not be.
        """
        await self.save()
        if self.refused:
            raise FakefalError(self.refused)

    def _finish(self, distilled: Distilled) -> None:
        self._writer.write(distilled)
        if self._grows_beside:
            os.replace(self._writer.path, self.path)
        if self.added_to is None:
            _sweep(self.path.parent / folder_of(self.path), set(distilled.files))

    def _distilled(self, *, finished_only: bool) -> Distilled:
        return distil(
            self.recording,
            self.redactor,
            version=self.version,
            folder=folder_of(self.path),
            finished_only=finished_only,
            memory=self._memory,
        )


def finishes(capture: Capture) -> bool:
    """Whether an exchange is finished with a capture, so that it must be on disk."""
    asked = capture.asked
    if capture.is_webhook or asked.host == hosts.RUN:
        return True
    if asked.host in hosts.STORED:
        return asked.method == "GET"
    if asked.host != hosts.QUEUE or _ON_THE_WAY.search(asked.path):
        return False
    return asked.method == "GET" or capture.heard.status >= 300


def _sweep(folder: Path, used: set[str]) -> None:
    """Remove files of an older recording in the same place."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if _HASHED.fullmatch(path.name) and f"{folder.name}/{path.name}" not in used:
            path.unlink()


Now = Callable[[], float]
"""Gives the present, in seconds since 1970."""
