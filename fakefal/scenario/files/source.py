"""The data of a scenario file, with the line and column of every value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fakefal.errors import ScenarioError, ScenarioProblem

Path = tuple[str | int, ...]
Position = tuple[int, int]

MAX_NODES = 200_000
"""The most values in a file; an alias counts each time it is used ("billion laughs")."""

MAX_DEPTH = 60
"""The deepest nesting; deeper values would overflow the stack of parsers and of walks."""

EMPTY = ("the file is empty", 'a scenario begins with "fakefal: 1"')


@dataclass(slots=True)
class Source:
    """A parsed file: its plain JSON values and their positions.

    ``problems`` are those of the text itself; ``data`` has null in place of an invalid value.
    """

    file: str
    data: Any = None
    value_positions: dict[Path, Position] = field(default_factory=dict)
    key_positions: dict[Path, Position] = field(default_factory=dict)
    problems: list[ScenarioProblem] = field(default_factory=list)

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Line and column of a value (or of its key), or of the nearest value around it.

        Both are 0 for data that is not from a text.
        """
        table = self.key_positions if key and path in self.key_positions else self.value_positions
        while path and path not in table:
            path, table = path[:-1], self.value_positions
        return table.get(path, (0, 0))

    def problem(
        self, path: Path, message: str, suggestion: str = "", *, key: bool = False
    ) -> ScenarioProblem:
        """A problem of the value at a path."""
        return self.problem_at(self.position(path, key=key), path, message, suggestion)

    def problem_at(
        self, position: Position, path: Path, message: str, suggestion: str = ""
    ) -> ScenarioProblem:
        """A problem at a position; line breaks in what it quotes are escaped."""
        parts = (_one_line(part) for part in (format_path(path), message, suggestion))
        return ScenarioProblem(self.file, *position, *parts)

    def to_error(self, position: Position, message: str, suggestion: str = "") -> ScenarioError:
        """The error that ends the reading of a text, with the problems collected before it."""
        return ScenarioError((*self.problems, self.problem_at(position, (), message, suggestion)))

    def too_deep(self, position: Position) -> ScenarioError:
        """The error for nesting beyond ``MAX_DEPTH``."""
        message = f"nested deeper than {MAX_DEPTH} levels"
        return self.to_error(position, message, "flatten the value, or put it in a string")

    def too_many(self, position: Position) -> ScenarioError:
        """The error for more values than ``MAX_NODES``."""
        message = f"more than {MAX_NODES} values, aliases counted"
        return self.to_error(position, message, "write fewer aliases, or split the file")


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def format_path(path: Path) -> str:
    """A path as users read it: ``exchanges[2].reply.text``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
