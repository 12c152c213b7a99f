"""The steps of a queued job, and pure functions over a position in them.

A job has no timers: its position is computed when somebody asks for it. Every boundary between
steps is an exact instant, so it does not matter when or how often that happens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["IN_QUEUE", "IN_PROGRESS"]


@dataclass(frozen=True, slots=True)
class StepLog:
    """A log entry; without a timestamp it gets that of the beginning of its step."""

    message: str
    level: str = "INFO"
    source: str = "USER"
    labels: tuple[tuple[str, str], ...] = ()
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """It ends after ``seconds`` and ``polls``, whichever comes last.

    ``needs_runner``: it ends when a runner is free.
    """

    state: State
    polls: int = 0
    seconds: float = 0.0
    position: int | None = None
    logs: tuple[StepLog, ...] = ()
    forever: bool = False
    needs_runner: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """The index of a job's step, the polls answered in it, and the instant of entering it.

    ``step`` equal to the number of steps means COMPLETED, since ``entered_at``.
    """

    step: int
    polls: int
    entered_at: float


DEFAULT_TIMELINE = (Step("IN_QUEUE", polls=1, position=0), Step("IN_PROGRESS", polls=1))


def add_seconds(instant: float, seconds: float) -> float:
    """Rounded to the microsecond, and never before ``instant``.

    Instants are large floats, whose sums are inexact: without rounding, three steps of 0.1 seconds
    might end a little after 0.3 seconds.
    """
    return max(instant, round(instant + seconds, 6)) if seconds else instant


def is_completed(steps: Sequence[Step], position: Position) -> bool:
    """Whether all steps have ended."""
    return position.step >= len(steps)


def boundary(steps: Sequence[Step], position: Position, *, ignore_polls: bool = False) -> float:
    """When the current step ends without further polls; infinite if it needs some.

    ``ignore_polls`` is for jobs that nobody may poll: with a webhook or a status stream
    (docs/scenarios.md#timeline).
    """
    if is_completed(steps, position):
        return math.inf
    step = steps[position.step]
    if step.forever or (position.polls < step.polls and not ignore_polls):
        return math.inf
    return add_seconds(position.entered_at, step.seconds)


def walk(
    steps: Sequence[Step], position: Position, now: float, *, ignore_polls: bool = False
) -> Position:
    """Advances over every boundary up to now."""
    while (at := boundary(steps, position, ignore_polls=ignore_polls)) <= now:
        position = Position(position.step + 1, 0, at)
    return position


def skip_polls(steps: Sequence[Step], position: Position, now: float) -> Position:
    """Counts the missing polls of the current step as answered now.

    A step that only waited for them ends now, not in the past.
    """
    position = walk(steps, position, now)
    if is_completed(steps, position) or position.polls >= steps[position.step].polls:
        return position
    step = steps[position.step]
    entered_at = max(position.entered_at, now - step.seconds)
    return Position(position.step, step.polls, entered_at)


def count_poll(
    steps: Sequence[Step], position: Position, now: float, *, ignore_polls: bool = False
) -> Position:
    """Counts a poll that is answered now; it may end the step, and those after it."""
    position = walk(steps, position, now, ignore_polls=ignore_polls)
    if is_completed(steps, position):
        return position
    step = steps[position.step]
    counted = Position(position.step, position.polls + 1, position.entered_at)
    if step.forever or counted.polls < step.polls:
        return counted
    if counted.polls == step.polls:
        ends_at = max(add_seconds(position.entered_at, step.seconds), now)
        if ends_at > now:
            return counted
        return walk(steps, Position(position.step + 1, 0, now), now, ignore_polls=ignore_polls)
    return walk(steps, counted, now, ignore_polls=ignore_polls)
