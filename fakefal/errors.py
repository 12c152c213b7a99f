"""Errors that the user can fix. Errors of fal's API are in ``protocol.errors``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


def hide_frame(excinfo: Any) -> bool:
    """``__tracebackhide__`` of the modules that tests call: pytest then shows the test's line.

    Frames of other errors, which may be defects of fakefal, stay visible.
    """
    error = getattr(excinfo, "value", None)
    return isinstance(error, (FakefalError, AssertionError, AttributeError))


class FakefalError(Exception):
    """An error of the user; its text is shown without a traceback."""


@dataclass(frozen=True, slots=True)
class ScenarioProblem:
    """A problem in a scenario file.

    ``line`` and ``column`` count from 1; both are 0 if the scenario is not from a file. ``path`` is
    like ``exchanges[2].reply.timeline[0].IN_QUEUE.for``, or empty for the whole file.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    suggestion: str

    def __str__(self) -> str:
        location = f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: "
        path = f"{self.path}: " if self.path else ""
        suggestion = f" — {self.suggestion}" if self.suggestion else ""
        return f"{location}{path}{self.message}{suggestion}"


class ScenarioError(FakefalError):
    """An invalid scenario, with all of its problems in the order of the file."""

    def __init__(self, problems: tuple[ScenarioProblem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class SettingError(FakefalError):
    """An invalid value of a setting or option."""


class PortInUse(FakefalError):
    """The port is in use."""

    def __init__(self, host: str, port: int, option: str = "--port") -> None:
        super().__init__(
            f"port {port} on {host} is taken — stop the other server, or pass {option} 0 to use a "
            "free one"
        )


class UnmatchedCalls(FakefalError):
    """Calls that matched no exchange; raised by ``assert_no_misses`` and at the end of a test."""
