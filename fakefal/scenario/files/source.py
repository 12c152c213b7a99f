"""A scenario's data, and the line and column at which each value stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fakefal.errors import Mistake, ScenarioError

Path = tuple[str | int, ...]
Place = tuple[int, int]

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
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Line and column of a value (or of its key), or of the nearest value around it.

        Both are 0 for data that came without a text.
        """
        table = self.keys if key and path in self.keys else self.values
        while path and path not in table:
            path, table = path[:-1], self.values
        return table.get(path, (0, 0))

    def mistake(self, path: Path, what: str, right: str = "", *, key: bool = False) -> Mistake:
        """A mistake at a path of this file."""
        return self.mistake_at(self.place(path, key=key), path, what, right)

    def mistake_at(self, place: Place, path: Path, what: str, right: str = "") -> Mistake:
        """A mistake at a place of this file; it stays on one line whatever it quotes."""
        parts = (_one_line(part) for part in (format_path(path), what, right))
        return Mistake(self.file, *place, *parts)

    def refuse(self, place: Place, what: str, right: str = "") -> ScenarioError:
        """The error for a text that cannot be read any further, with what was found before."""
        return ScenarioError((*self.mistakes, self.mistake_at(place, (), what, right)))

    def too_deep(self, place: Place) -> ScenarioError:
        """The error for values nested beyond ``MAX_DEPTH``."""
        what = f"nested deeper than {MAX_DEPTH} levels"
        return self.refuse(place, what, "flatten the value, or put it in a string")

    def too_many(self, place: Place) -> ScenarioError:
        """The error for more values than ``MAX_NODES``."""
        what = f"more than {MAX_NODES} values, aliases counted"
        return self.refuse(place, what, "write fewer aliases, or split the file")


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
