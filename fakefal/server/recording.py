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
    the caller reads are stored. ``version`` is fakefal's. No file is written if there were no
    calls. ``on_capture`` is called with each new capture, ``on_write_error`` when
    the file cannot be written any more. ``force`` replaces a recording that was edited;
    ``keeps_backup`` keeps the previous file beside the new one.
    """

    path: Path
    upstream: str | None = None
    redact_patterns: tuple[str, ...] = ()
    secret_environment: Mapping[str, str] = field(default_factory=dict)
    misses_only: bool = False
    fetch_media: bool = True
    version: str = ""
    on_capture: Callable[[Capture], None] | None = None
    force: bool = False
    keeps_backup: bool = True
    on_write_error: Callable[[str], None] | None = None


class RecordingSession:
    """One recording by one server: opens the archive, and closes it with ``end``."""

    def __init__(self, config: RecordingConfig, tasks: Tasks, *, keep_alive: bool = True) -> None:
        self._is_interrupted = False
        redactor = Redactor(config.redact_patterns)
        redactor.learn_environment(config.secret_environment)
        upstream = Upstream(config.upstream)
        recording = Recording(
            redactor.redact_text(upstream.name), real_now(), is_live=True, ended=False
        )
        extends_file = config.misses_only and config.path.exists()
        existing_text = config.path.read_text(encoding="utf-8") if extends_file else None
        self.archive = Archive(
            config.path,
            recording,
            redactor,
            config.version,
            existing_text,
            force=config.force,
            keeps_backup=config.keeps_backup,
            on_write_error=config.on_write_error,
        )
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

    def start(self) -> None:
        """Lock the file, and check that it can be written; raises FakefalError."""
        self.archive.open()

    def interrupt(self, exit_code: int = 0) -> None:
        """The recording is not complete: its command failed, or it was interrupted."""
        self._is_interrupted = not exit_code
        self.archive.recording.exit_code = exit_code

    async def end(self) -> DistilResult:
        """Write the rest of the recording; without a path if there was nothing to write.

        Raises FakefalError if the file must not or cannot be written.
        """
        try:
            await self.recorder.upstream.close()
            self.archive.recording.ended = not self._is_interrupted
            return await self.archive.close()
        finally:
            self.archive.release()
