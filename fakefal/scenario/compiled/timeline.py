"""The steps that a queued job walks; pure functions over a position in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["IN_QUEUE", "IN_PROGRESS"]


@dataclass(frozen=True, slots=True)
class StepLog:
    """A log entry of a step, before it has a time."""

    message: str
    level: str = "INFO"
    source: str = "USER"
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a timeline. ``seconds`` must have passed and ``polls`` been answered.

    ``gate``: it ends when a runner is free.
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
    """Where a job is: step, polls answered in it, and the instant of entering it.

    ``step`` equal to the number of steps means COMPLETED; ``entered_at`` is then the instant of it.
    """

    step: int
    polls: int
    entered_at: float


DEFAULT_TIMELINE = (Step("IN_QUEUE", polls=1, position=0), Step("IN_PROGRESS", polls=1))


def add_seconds(instant: float, seconds: float) -> float:
    """The instant some seconds later, to the microsecond and never before ``instant``.

    Instants are large numbers, and sums of them are a little off: without rounding, three times
    0.1 seconds would be over after 0.3 or would not be, as chance has it.
    """
    return max(instant, round(instant + seconds, 6)) if seconds else instant


def start_position(now: float) -> Position:
    """The position of a job admitted at an instant."""
    return Position(0, 0, now)


def is_completed(steps: Sequence[Step], position: Position) -> bool:
    """Whether the job is COMPLETED."""
    return position.step >= len(steps)


def boundary(steps: Sequence[Step], position: Position, *, ignore_polls: bool = False) -> float:
    """The instant at which the current step ends by time alone; infinite if it does not.

    With ``waived`` no polls are waited for (webhooks, status streams; design.md section 4).
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
    """Cross every boundary that time has passed; a boundary is an exact instant."""
    while (at := boundary(steps, position, ignore_polls=ignore_polls)) <= now:
        position = Position(position.step + 1, 0, at)
    return position


def skip_polls(steps: Sequence[Step], position: Position, now: float) -> Position:
    """Stop waiting for polls at an instant: those still missing count as answered then.

    A step that only they held back ends at that instant, not in the past.
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
    """Count one answered poll at an instant; the step may end with it, and others after it."""
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
