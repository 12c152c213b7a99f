"""Mistakes of the user: what is wrong, where, and what would be right. Never errors of the wire."""

from __future__ import annotations

from dataclasses import dataclass


class FakefalError(Exception):
    """Something the user can mend; its text is shown as it is, without a traceback."""


@dataclass(frozen=True, slots=True)
class ScenarioProblem:
    """One thing wrong in a scenario file.

    ``line`` and ``column`` count from 1; both are 0 where the scenario has no file. ``path`` is
    written as in ``exchanges[2].reply.timeline[0].IN_QUEUE.for``; empty for the file as a whole.
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
    """A scenario that cannot be used; carries every mistake found, in the order of the file."""

    def __init__(self, problems: tuple[ScenarioProblem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(mistake) for mistake in problems))


class SettingError(FakefalError):
    """A setting or option with a value that cannot be used."""


class PortInUse(FakefalError):
    """The port is in use by another program."""

    def __init__(self, host: str, port: int, option: str = "--port") -> None:
        super().__init__(
            f"port {port} on {host} is taken — stop the other server, or pass {option} 0 to use a "
            "free one"
        )


class UnmatchedCalls(FakefalError):
    """Calls that no exchange matched, told by ``assert_no_misses`` and at a test's end."""
