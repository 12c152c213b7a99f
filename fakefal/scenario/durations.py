"""Durations as people write them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_WHOLE = re.compile(rf"^(?:{_PART.pattern}\s*)+$")


def parse_duration(value: object) -> float:
    """Seconds from ``1.5s``, ``300ms``, ``2m``, ``1h30m``, or a plain number of seconds.

    Raises ValueError for anything else, negative numbers included.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not 0 <= value < 1e12:
            raise ValueError(f"{value} is not a duration")
        return float(value)
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.match(text):
            return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    raise ValueError(f"{value!r} is not a duration")


def format_duration(seconds: float) -> str:
    """The shortest usual spelling: ``1.5s``, ``300ms``."""
    if 0 < seconds < 1 and float(seconds * 1000).is_integer():
        return f"{int(seconds * 1000)}ms"
    return f"{seconds:g}s" if float(f"{seconds:g}") == seconds else f"{seconds!r}s"


def _validate(value: Any) -> float:
    try:
        return parse_duration(value)
    except ValueError:
        raise PydanticCustomError("duration", "is not a duration") from None


Duration = Annotated[
    float,
    BeforeValidator(_validate),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$"},
                {"type": "number", "minimum": 0},
            ],
            "description": "A duration: 1.5s, 300ms, 2m, 1h30m, or a number of seconds.",
            "examples": ["1.5s", "300ms"],
        }
    ),
]
"""A field that holds seconds and is written as people write them."""
