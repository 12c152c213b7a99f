"""Durations as people write them: ``1.5s``, ``300ms``, ``1h30m``."""

from __future__ import annotations

import re
from decimal import Decimal

_UNITS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)")
_DURATION = re.compile(rf"\s*(?:{_PART.pattern}\s*)+")

PATTERN = r"^\s*([0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d)\s*)+$"
"""A written duration, for the JSON Schema (ECMA-262 regular expressions)."""

MAX_SECONDS = 1e10
"""About 317 years: the current time plus this is still a valid ``datetime``."""


def parse_duration(value: object) -> float:
    """Seconds from ``1.5s``, ``300ms``, ``2m``, ``1h30m``, or a plain number of seconds.

    Raises ValueError for anything else, also for negative and non-finite numbers.
    """
    seconds = -1.0
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value
    elif isinstance(value, str) and _DURATION.fullmatch(value):
        parts = _PART.findall(value)
        seconds = float(sum(Decimal(number) * _UNITS[unit] for number, unit in parts))
    if 0 <= seconds <= MAX_SECONDS:
        return float(seconds)
    raise ValueError(f"{value!r} is not a duration")


def format_duration(seconds: float) -> str:
    """The shortest spelling that ``parse_duration`` reads back exactly: ``1.5s``, ``300ms``."""
    exact = Decimal(repr(float(seconds)))
    if 0 < exact < 1 and (exact * 1000) % 1 == 0:
        return f"{exact * 1000:.0f}ms"
    text = f"{exact:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}s"
