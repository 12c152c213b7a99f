"""Recorded times as a scenario has them: in milliseconds, and no finer than they were seen."""

from __future__ import annotations

from collections.abc import Sequence

from fakefal.scenario.values.durations import format_duration

TOLERANCE_SECONDS = 0.005
"""Waits that differ by no more are the same, and shorter ones are none."""

_TOLERANCE_SHARE = 0.15

IMMEDIATE_SECONDS = 0.02
"""An answer that took no longer came at once."""


def format_seconds(seconds: float) -> str:
    """A duration as a scenario has it."""
    return format_duration(round(max(0.0, seconds), 3))


def pacing_of(times: Sequence[float]) -> dict[str, object]:
    """``first`` and ``every`` of a stream, or its ``waits``, from when its events came.

    ``times`` are in seconds after the request. Waits that are about the same become one, by at
    most 15 % or 5 ms.
    """
    gaps = [now - before for before, now in zip((0.0, *times), times, strict=False)]
    if all(gap <= TOLERANCE_SECONDS for gap in gaps):
        return {}
    first, later = gaps[0], gaps[1:]
    mean = sum(later) / len(later) if later else 0.0
    tolerance = max(TOLERANCE_SECONDS, mean * _TOLERANCE_SHARE)
    if all(abs(gap - mean) <= tolerance for gap in later):
        pacing: dict[str, object] = {}
        if first > TOLERANCE_SECONDS:
            pacing["first"] = format_seconds(first)
        if mean > TOLERANCE_SECONDS:
            pacing["every"] = format_seconds(mean)
        return pacing
    return {"waits": [format_seconds(gap) for gap in gaps]}
