"""Python functions as matchers; only tests can write them, scenario files cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.scenario.matching.matchers import Difference, quote
from fakefal.scenario.matching.scalars import MISSING


def function_name(function: Any) -> str:
    """A function with its file and line: ``is_long (test_x.py:12)``."""
    inner = getattr(function, "__wrapped__", function)
    name = getattr(inner, "__qualname__", type(inner).__name__).rpartition("<locals>.")[2]
    code = getattr(inner, "__code__", None)
    if code is None:
        return str(name)
    return f"{name} ({Path(code.co_filename).name}:{code.co_firstlineno})"


@dataclass(frozen=True, slots=True)
class Predicate:
    """A value for which a function returns something true; it is not called for absent values."""

    condition: Callable[[Json], Any]

    def matches(self, value: Json) -> bool:
        """Whether the function returns something true; an exception counts as no match."""
        if value is MISSING:
            return False
        try:
            return bool(self.condition(value))
        except Exception:
            return False

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        """One difference that names the function, unless it matches."""
        if not self.matches(value):
            actual = "is absent" if value is MISSING else f"is {quote(value)}"
            yield Difference(
                path, f"{actual}, wanted a value that {function_name(self.condition)} accepts"
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
