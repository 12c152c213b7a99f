"""Connections to fal that were refused: they would have left this process for the real service."""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from pathlib import Path

from fakefal.errors import FakefalError

_OWN = str(Path(__file__).parents[1])
_RUNNERS = ("/_pytest/", "/pluggy/", "/xdist/", "/execnet/")
_FRAMES = 16
_KEPT = 100


class EscapeRefused(FakefalError, ConnectionRefusedError):
    """A connection to fal that does not lead to the fake; the test fails for it at its end."""

    def __init__(self, what: str) -> None:
        super().__init__(f"fakefal refused a connection to the real fal: {what}")


@dataclass(frozen=True, slots=True)
class Escape:
    """One attempt: what was tried, in which thread, and from where."""

    what: str
    thread: str
    stack: str

    def __str__(self) -> str:
        return f"{self.what} (thread {self.thread}), from:\n{self.stack}"


def escape_of(what: str) -> Escape:
    """An attempt of the present caller, with the frames that are neither ours nor the runner's."""
    frames: list[traceback.FrameSummary] = []
    for frame in traceback.extract_stack():
        if any(part in frame.filename.replace("\\", "/") for part in _RUNNERS):
            frames.clear()  # what led to the test is of no interest
        elif not frame.filename.startswith(_OWN):
            frames.append(frame)
    stack = "".join(traceback.format_list(frames[-_FRAMES:])).rstrip()
    return Escape(what, threading.current_thread().name, stack)


class Escapes:
    """The attempts since somebody began to look; at most a hundred are kept."""

    def __init__(self) -> None:
        self.found: list[Escape] = []
        self.count = 0

    def refuse(self, what: str) -> EscapeRefused:
        """Note an attempt; gives the error to be raised."""
        self.count += 1
        if len(self.found) < _KEPT:
            self.found.append(escape_of(what))
        return EscapeRefused(what)

    def take(self) -> str:
        """All of them for people, and begin anew; empty if there is none."""
        told = self.told()
        self.found, self.count = [], 0
        return told

    def told(self) -> str:
        """All of them for people; empty if there is none."""
        if not self.count:
            return ""
        noun = "connection" if self.count == 1 else "connections"
        head = f"{self.count} {noun} to the real fal refused:"
        return "\n".join((head, *map(str, self.found)))
