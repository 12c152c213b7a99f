"""Functions as matchers, which tests may use and files cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.scenario.matching.matchers import Difference, quote
from fakefal.scenario.matching.scalars import MISSING


def function_name(function: Any) -> str:
    """A function as people find it: ``is_long (test_x.py:12)``."""
    inner = getattr(function, "__wrapped__", function)
    name = getattr(inner, "__qualname__", type(inner).__name__).rpartition("<locals>.")[2]
    code = getattr(inner, "__code__", None)
    if code is None:
        return str(name)
    return f"{name} ({Path(code.co_filename).name}:{code.co_firstlineno})"


@dataclass(frozen=True, slots=True)
class Predicate:
    """A value of which a function says yes; one that is not there is not asked about."""

    condition: Callable[[Json], Any]

    def matches(self, value: Json) -> bool:
        """Whether the function says so; one that raises has said no."""
        if value is MISSING:
            return False
        try:
            return bool(self.condition(value))
        except Exception:
            return False

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        """That the function does not say so."""
        if not self.matches(value):
            actual = "is absent" if value is MISSING else f"is {quote(value)}"
            yield Difference(
                path, f"{actual}, wanted what {function_name(self.condition)} says yes to"
            )


def functions_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Every function in a pattern, with its path."""
    if callable(value):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from functions_in(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from functions_in(inner, (*path, index))
