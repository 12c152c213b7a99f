"""Durations as people write them."""

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
"""The form of a written duration, for the JSON Schema."""

MAX_SECONDS = 1e10
"""Some three hundred years: an instant so far ahead still has a date."""


def parse_duration(value: object) -> float:
    """Seconds from ``1.5s``, ``300ms``, ``2m``, ``1h30m``, or a plain number of seconds.

    Raises ValueError for anything else, negative numbers and endless ones included.
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
    """The shortest usual spelling, exactly as long: ``1.5s``, ``300ms``."""
    exact = Decimal(repr(float(seconds)))
    if 0 < exact < 1 and (exact * 1000) % 1 == 0:
        return f"{exact * 1000:.0f}ms"
    text = f"{exact:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}s"
