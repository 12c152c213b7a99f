"""A scenario's data, and the line and column at which each value stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fakefal.errors import ScenarioError, ScenarioProblem

Path = tuple[str | int, ...]
Position = tuple[int, int]

MAX_NODES = 200_000
"""Values a file may hold, aliases counted each time they are used."""

MAX_DEPTH = 60
"""How deep values may nest; deeper ones would overflow the parsers' stacks."""

EMPTY = ("the file is empty", 'a scenario begins with "fakefal: 1"')


@dataclass(slots=True)
class Source:
    """A parsed file: ``data`` as plain JSON values, and where each stands.

    ``mistakes`` are those of the text itself. Where they left a hole, ``data`` has a null.
    """

    file: str
    data: Any = None
    value_positions: dict[Path, Position] = field(default_factory=dict)
    key_positions: dict[Path, Position] = field(default_factory=dict)
    problems: list[ScenarioProblem] = field(default_factory=list)

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Line and column of a value (or of its key), or of the nearest value around it.

        Both are 0 for data that came without a text.
        """
        table = self.key_positions if key and path in self.key_positions else self.value_positions
        while path and path not in table:
            path, table = path[:-1], self.value_positions
        return table.get(path, (0, 0))

    def problem(
        self, path: Path, what: str, right: str = "", *, key: bool = False
    ) -> ScenarioProblem:
        """A mistake at a path of this file."""
        return self.problem_at(self.position(path, key=key), path, what, right)

    def problem_at(
        self, position: Position, path: Path, what: str, right: str = ""
    ) -> ScenarioProblem:
        """A mistake at a place of this file; it stays on one line whatever it quotes."""
        parts = (_one_line(part) for part in (format_path(path), what, right))
        return ScenarioProblem(self.file, *position, *parts)

    def to_error(self, position: Position, what: str, right: str = "") -> ScenarioError:
        """The error for a text that cannot be read any further, with what was found before."""
        return ScenarioError((*self.problems, self.problem_at(position, (), what, right)))

    def too_deep(self, position: Position) -> ScenarioError:
        """The error for values nested beyond ``MAX_DEPTH``."""
        what = f"nested deeper than {MAX_DEPTH} levels"
        return self.to_error(position, what, "flatten the value, or put it in a string")

    def too_many(self, position: Position) -> ScenarioError:
        """The error for more values than ``MAX_NODES``."""
        what = f"more than {MAX_NODES} values, aliases counted"
        return self.to_error(position, what, "write fewer aliases, or split the file")


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def format_path(path: Path) -> str:
    """``exchanges[2].reply.text`` from its parts."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
