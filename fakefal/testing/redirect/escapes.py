"""Connections to fal that were refused: they would have left this process for the real service."""

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
    """A connection to fal that does not lead to the fake; the test fails for it at its end."""

    def __init__(self, description: str) -> None:
        super().__init__(f"fakefal refused a connection to the real fal: {description}")


@dataclass(frozen=True, slots=True)
class Escape:
    """One attempt: what was tried, in which thread, and from where."""

    description: str
    thread: str
    stack: str

    def __str__(self) -> str:
        return f"{self.description} (thread {self.thread}), from:\n{self.stack}"


def capture_escape(description: str) -> Escape:
    """An attempt of the present caller, with the frames that are neither ours nor the runner's."""
    frames: list[traceback.FrameSummary] = []
    for frame in traceback.extract_stack():
        if any(part in frame.filename.replace("\\", "/") for part in _RUNNERS):
            frames.clear()  # what led to the test is of no interest
        elif not frame.filename.startswith(_OWN_FOLDER):
            frames.append(frame)
    stack = "".join(traceback.format_list(frames[-_MAX_FRAMES:])).rstrip()
    return Escape(description, threading.current_thread().name, stack)


class EscapeLog:
    """The attempts since somebody began to look; at most a hundred are kept."""

    def __init__(self) -> None:
        self.escapes: list[Escape] = []
        self.count = 0

    def block(self, description: str) -> EscapeBlocked:
        """Note an attempt; gives the error to be raised."""
        self.count += 1
        if len(self.escapes) < _MAX_ESCAPES:
            self.escapes.append(capture_escape(description))
        return EscapeBlocked(description)

    def pop_report(self) -> str:
        """All of them for people, and begin anew; empty if there is none."""
        report = self.report()
        self.escapes, self.count = [], 0
        return report

    def report(self) -> str:
        """All of them for people; empty if there is none."""
        if not self.count:
            return ""
        noun = "connection" if self.count == 1 else "connections"
        heading = f"{self.count} {noun} to the real fal refused:"
        return "\n".join((heading, *map(str, self.escapes)))
