"""Extends a timeline by the attempts of the platform and by waits for runners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fakefal.protocol.core.platform_options import PlatformOptions
from fakefal.protocol.errors.errors import ErrorSpec
from fakefal.scenario.compiled.reply import RunnerRetries
from fakefal.scenario.compiled.timeline import Step

_REQUEUE_STEP = Step("IN_QUEUE", polls=1, position=0)
_TIMED_REQUEUE_STEP = Step("IN_QUEUE", seconds=1.0, position=0)
"""Used where all other steps end by elapsed time, so that the job needs no polls."""

WAIT_FOR_RUNNER = Step("IN_QUEUE", position=0, forever=True, needs_runner=True)
"""Ends when a runner is free, see ``runners.py``."""


class Attempts(NamedTuple):
    """The steps of all attempts.

    ``attempt_starts`` are the indexes of the steps at which a new attempt begins. ``failure`` is
    the error of the last attempt, None if it succeeds.
    """

    steps: tuple[Step, ...]
    attempt_starts: tuple[int, ...] = ()
    failure: ErrorSpec | None = None


def attempts_of(
    steps: tuple[Step, ...], retrying: RunnerRetries | None, options: PlatformOptions
) -> Attempts:
    """The steps of all attempts; after each failed attempt the job is queued again.

    The platform gives up after ten attempts, or after as many as the caller's headers say.
    Source: documented (docs/reference/protocol.md#request-headers,
    docs/reference/protocol.md#limits-and-retries)
    """
    if retrying is None:
        return Attempts(steps)
    retries = options.retries_for(retrying.error.name)
    failure = retrying.error if retrying.times > retries else None
    retry_count = min(retrying.times, retries)
    starts_in_queue = bool(steps) and steps[0].state == "IN_QUEUE"
    attempt_steps = steps if steps else (Step("IN_PROGRESS", polls=1),)
    requeue_step = (
        _REQUEUE_STEP if any(step.polls for step in attempt_steps) else _TIMED_REQUEUE_STEP
    )
    all_steps, attempt_starts = list(attempt_steps), []
    for _ in range(retry_count):
        attempt_starts.append(len(all_steps))
        all_steps += attempt_steps if starts_in_queue else (requeue_step, *attempt_steps)
    return Attempts(tuple(all_steps), tuple(attempt_starts), failure)


def with_runner_waits(
    steps: Sequence[Step], attempt_starts: Sequence[int] = (), *, is_default: bool
) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """Insert a wait for a runner before each run; returns the steps and the new attempt starts.

    In a default timeline the wait replaces the IN_QUEUE steps; scripted ones are kept before it.
    """
    all_steps: list[Step] = []
    moved_starts: list[int] = []
    for number, step in enumerate(steps):
        if number in attempt_starts:
            moved_starts.append(len(all_steps))
        if step.state == "IN_QUEUE":
            if not is_default:
                all_steps.append(step)
        else:
            if number == 0 or steps[number - 1].state == "IN_QUEUE":
                all_steps.append(WAIT_FOR_RUNNER)
            all_steps.append(step)
    return (tuple(all_steps) if all_steps else (WAIT_FOR_RUNNER,)), tuple(moved_starts)
