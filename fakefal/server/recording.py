"""Recording by a server: its configuration, and the recorder with its archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fakefal.engine.core.clock import real_now
from fakefal.recorder.capture.captures import Capture, Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.capture.upstream import Upstream
from fakefal.recorder.distil.distil import DistilResult
from fakefal.recorder.output.archive import Archive
from fakefal.recorder.recorder import Recorder
from fakefal.server.tasks import Tasks


@dataclass(frozen=True, slots=True)
class RecordingConfig:
    """Where to record, from where, and what to leave out.

    ``upstream`` is a base URL; None means fal itself. ``redact_patterns`` are regular expressions,
    ``secret_environment`` holds variables whose values must not be recorded. ``misses_only`` adds
    the calls that match no exchange to an existing file. Without ``fetch_media`` only files that
    the caller reads are stored. ``version`` is fakefal's. With ``skip_empty`` no file is written
    if there were no calls. ``on_capture`` is called with each new capture.
    """

    path: Path
    upstream: str | None = None
    redact_patterns: tuple[str, ...] = ()
    secret_environment: Mapping[str, str] = field(default_factory=dict)
    misses_only: bool = False
    fetch_media: bool = True
    version: str = ""
    skip_empty: bool = False
    on_capture: Callable[[Capture], None] | None = None


class RecordingSession:
    """One recording by one server: opens the archive, and closes it with ``end``."""

    def __init__(self, config: RecordingConfig, tasks: Tasks, *, keep_alive: bool = True) -> None:
        self._skip_empty = config.skip_empty
        self.is_incomplete = False
        redactor = Redactor(config.redact_patterns)
        redactor.learn_environment(config.secret_environment)
        upstream = Upstream(config.upstream)
        recording = Recording(redactor.redact_text(upstream.name), real_now(), is_complete=False)
        extends_file = config.misses_only and config.path.exists()
        existing_text = config.path.read_text(encoding="utf-8") if extends_file else None
        self.archive = Archive(config.path, recording, redactor, config.version, existing_text)
        self.recorder = Recorder(
            self.archive,
            upstream,
            real_now,
            tasks.start,
            misses_only=config.misses_only,
            should_fetch_media=config.fetch_media,
            on_capture=config.on_capture,
            keep_alive=keep_alive,
        )

    async def end(self) -> DistilResult | None:
        """Write the rest of the recording; None if it is empty or incomplete.

        Raises FakefalError if the file must not or cannot be written.
        """
        await self.recorder.upstream.close()
        if self._skip_empty and not self.archive.recording.captures:
            return None
        if self.is_incomplete:
            await self.archive.close_incomplete()
            return None
        return await self.archive.close()
