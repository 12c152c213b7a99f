"""Recorded times as durations of a scenario, in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

from fakefal.scenario.values.durations import format_duration

TOLERANCE_SECONDS = 0.005
"""Waits that differ by less are equal; shorter waits are zero."""

_TOLERANCE_SHARE = 0.15

IMMEDIATE_SECONDS = 0.02
"""A shorter response time is recorded as none."""


def format_seconds(seconds: float) -> str:
    """A duration as in a scenario file, such as ``1.5s``; negative ones become 0."""
    return format_duration(round(max(0.0, seconds), 3))


def pacing_of(times: Sequence[float]) -> dict[str, object]:
    """``first`` and ``every`` of a stream, or its ``waits``.

    ``times`` are those of the events in seconds after the request. ``every`` is used if all waits
    differ from their mean by at most 15 % or 5 ms.
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
