"""Chooses a number within the bounds of a schema."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from fakefal.protocol.core.call import Json
from fakefal.scenario.schemas.conformance import is_number
from fakefal.scenario.schemas.description import Schema

_SPREAD = 10
"""How many values are chosen from where there is no other bound."""


def number_in_bounds(schema: Schema, choice: int, *, is_integer: bool) -> Json:
    """The number that ``choice`` (0 to 255) selects; None if the bounds leave none.

    ``schema`` has exclusive bounds as numbers.
    """
    low, is_low_open = _bound(schema, "minimum", "exclusiveMinimum", max)
    high, is_high_open = _bound(schema, "maximum", "exclusiveMaximum", min)
    step = _fraction(schema.get("multipleOf"))
    if step is not None and step <= 0:
        step = None
    if is_integer:
        step = Fraction(1 if step is None else step.numerator)  # the least common multiple with 1
    if step is None:
        value = _between(low, is_low_open, high, is_high_open, choice)
        return None if value is None else _as_number(value, is_integer=False)
    first = None if low is None else math.ceil(low / step)
    last = None if high is None else math.floor(high / step)
    if first is not None and is_low_open and first * step == low:
        first += 1
    if last is not None and is_high_open and last * step == high:
        last -= 1
    if first is None:
        first = 0 if last is None or last >= 0 else last - _SPREAD
    count = _SPREAD if last is None else min(last - first + 1, _SPREAD)
    if count < 1:
        return None
    return _as_number((first + choice % count) * step, is_integer=is_integer)


def _between(
    low: Fraction | None, is_low_open: bool, high: Fraction | None, is_high_open: bool, choice: int
) -> Fraction | None:
    if low is not None and high is not None:
        if low == high:
            return None if is_low_open or is_high_open else low
        return low + (high - low) * (choice % 9 + 1) / 10 if low < high else None
    if low is not None:
        return low + choice % _SPREAD + (1 if is_low_open else 0)
    if high is not None:
        return min(high - (1 if is_high_open else 0), Fraction(choice % _SPREAD))
    return Fraction(choice % _SPREAD)


def _bound(
    schema: Schema, name: str, exclusive: str, choose: Callable[..., Fraction]
) -> tuple[Fraction | None, bool]:
    """The tighter of the two bounds, and whether it is exclusive."""
    closed, opened = _fraction(schema.get(name)), _fraction(schema.get(exclusive))
    if closed is None or opened is None:
        return (closed, False) if opened is None else (opened, True)
    bound = choose(closed, opened)
    return bound, bound == opened


def _fraction(value: Json) -> Fraction | None:
    if not is_number(value):
        return None
    return Fraction(value if isinstance(value, int) else repr(value))


def _as_number(value: Fraction, *, is_integer: bool) -> Json:
    if is_integer:
        return int(value)
    try:
        number = float(value)
    except OverflowError:
        return None
    return number
