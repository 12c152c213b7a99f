"""A server that records: what it was told, and the recorder beside its faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fakefal.engine.core.clock import real_now
from fakefal.recorder.capture.captures import Capture, Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.capture.upstream import Upstream
from fakefal.recorder.distil.distil import Distilled
from fakefal.recorder.output.archive import Archive
from fakefal.recorder.recorder import Recorder
from fakefal.server.tasks import Tasks


@dataclass(frozen=True, slots=True)
class RecordingWish:
    """What is to be recorded where.

    ``upstream`` None is fal itself. ``patterns`` are regular expressions of what is to be left out,
    ``environment`` holds secrets that must not appear. ``misses_only`` adds to the file what it has
    no answer to. ``media`` False leaves files alone that the caller does not read. ``version`` is
    that of fakefal. With ``is_lazy`` no file is written when nothing was asked. ``heard`` is told
    of each capture that nobody here was asked for before.
    """

    path: Path
    upstream: str | None = None
    patterns: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    misses_only: bool = False
    media: bool = True
    version: str = ""
    is_lazy: bool = False
    heard: Callable[[Capture], None] | None = None


class RecordingSession:
    """One recording by one server, from its start to its end."""

    def __init__(self, wish: RecordingWish, tasks: Tasks, *, keep_alive: bool = True) -> None:
        self._is_lazy = wish.is_lazy
        self.is_broken_off = False
        redactor = Redactor(wish.patterns)
        redactor.learn_environment(wish.environment)
        upstream = Upstream(wish.upstream)
        recording = Recording(redactor.text(upstream.name), real_now(), complete=False)
        adds = wish.misses_only and wish.path.exists()
        added_to = wish.path.read_text(encoding="utf-8") if adds else None
        self.archive = Archive(wish.path, recording, redactor, wish.version, added_to)
        self.recorder = Recorder(
            self.archive,
            upstream,
            real_now,
            tasks.start,
            misses_only=wish.misses_only,
            fetches_media=wish.media,
            listener=wish.heard,
            keep_alive=keep_alive,
        )

    async def end(self) -> Distilled | None:
        """Write what is left; None if it was nothing, or was broken off.

        Raises FakefalError where the file must not or cannot be written.
        """
        await self.recorder.upstream.close()
        if self._is_lazy and not self.archive.recording.captures:
            return None
        if self.is_broken_off:
            await self.archive.leave()
            return None
        return await self.archive.close()
