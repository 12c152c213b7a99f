"""Blocked connections of this process to the real fal."""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from pathlib import Path

from fakefal.errors import FakefalError

_OWN_FOLDER = str(Path(__file__).parents[1])
_RUNNERS = ("/_pytest/", "/pluggy/", "/xdist/", "/execnet/")
_MAX_FRAMES = 16
_MAX_ESCAPES = 100


class EscapeBlocked(FakefalError, ConnectionRefusedError):
    """A connection to the real fal was blocked; the test fails at its end too."""

    def __init__(self, description: str) -> None:
        super().__init__(f"fakefal blocked a connection to the real fal: {description}")


@dataclass(frozen=True, slots=True)
class EscapeAttempt:
    """One blocked connection, with its thread and the caller's stack."""

    description: str
    thread: str
    stack: str

    def __str__(self) -> str:
        return f"{self.description} (thread {self.thread}), from:\n{self.stack}"


def capture_escape(description: str) -> EscapeAttempt:
    """An escape of the current caller, without the stack frames of fakefal and pytest."""
    frames: list[traceback.FrameSummary] = []
    for frame in traceback.extract_stack():
        if any(part in frame.filename.replace("\\", "/") for part in _RUNNERS):
            frames.clear()  # drops the outer frames, from the interpreter to the test function
        elif not frame.filename.startswith(_OWN_FOLDER):
            frames.append(frame)
    stack = "".join(traceback.format_list(frames[-_MAX_FRAMES:])).rstrip()
    return EscapeAttempt(description, threading.current_thread().name, stack)


class EscapeLog:
    """Counts the escapes since the last ``pop_report``, and keeps the first hundred."""

    def __init__(self) -> None:
        self.escapes: list[EscapeAttempt] = []
        self.count = 0

    def block(self, description: str) -> EscapeBlocked:
        """Log an escape; returns the exception to raise."""
        self.count += 1
        if len(self.escapes) < _MAX_ESCAPES:
            self.escapes.append(capture_escape(description))
        return EscapeBlocked(description)

    def pop_report(self) -> str:
        """Return the report, and clear the log."""
        report = self.report()
        self.escapes, self.count = [], 0
        return report

    def report(self) -> str:
        """The escapes as text; empty if there are none."""
        if not self.count:
            return ""
        noun = "connection" if self.count == 1 else "connections"
        heading = f"{self.count} {noun} to the real fal blocked:"
        return "\n".join((heading, *map(str, self.escapes)))
