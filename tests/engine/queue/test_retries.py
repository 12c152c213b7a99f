"""The steps of a request that loses its runner."""

from __future__ import annotations

import pytest

from fakefal.engine.queue.retries import WAIT_FOR_RUNNER, Attempts, attempts_of, with_runner_waits
from fakefal.protocol.core.platform_options import DEFAULT_OPTIONS, PlatformOptions
from fakefal.protocol.errors.catalog import CATALOG
from fakefal.scenario.compiled.reply import RunnerRetries
from fakefal.scenario.compiled.timeline import DEFAULT_TIMELINE, Step

LOST = CATALOG["runner_disconnected"]
QUEUED, RUNNING = DEFAULT_TIMELINE
LOADING = Step("IN_PROGRESS", seconds=1)


def shape(steps: tuple[Step, ...]) -> str:
    """One letter for each step: g waits for a runner, q is queued, r runs."""
    return "".join(
        "g" if step.needs_runner else "q" if step.state == "IN_QUEUE" else "r" for step in steps
    )


def attempts(
    times: int,
    options: PlatformOptions = DEFAULT_OPTIONS,
    steps: tuple[Step, ...] = DEFAULT_TIMELINE,
) -> Attempts:
    return attempts_of(steps, RunnerRetries(times, LOST), options)


def test_without_a_lost_runner_the_steps_are_unchanged() -> None:
    assert attempts_of(DEFAULT_TIMELINE, None, DEFAULT_OPTIONS) == Attempts(DEFAULT_TIMELINE)


@pytest.mark.parametrize(
    ("times", "attempt_count", "fails"),
    [(1, 2, False), (3, 4, False), (9, 10, False), (10, 10, True), (99, 10, True)],
)
def test_the_platform_makes_ten_attempts_at_most(
    times: int, attempt_count: int, fails: bool
) -> None:
    result = attempts(times)
    assert shape(result.steps) == "qr" * attempt_count
    assert result.attempt_starts == tuple(range(2, 2 * attempt_count, 2))
    assert result.failure == (LOST if fails else None)


@pytest.mark.parametrize(
    ("options", "times", "attempt_count", "fails"),
    [
        (PlatformOptions(may_retry=False), 1, 1, True),
        (PlatformOptions(retry_budgets={"connection_error": 0}), 1, 1, True),
        (PlatformOptions(retry_budgets={"connection_error": 2}), 2, 3, False),
        (PlatformOptions(retry_budgets={"connection_error": 2}), 3, 3, True),
        (PlatformOptions(retry_budgets={"timeout": 0}), 3, 4, False),
        (PlatformOptions(retry_budgets={"connection_error": 50}), 20, 10, True),
    ],
)
def test_the_caller_can_allow_fewer_attempts(
    options: PlatformOptions, times: int, attempt_count: int, fails: bool
) -> None:
    result = attempts(times, options)
    assert (shape(result.steps), result.failure) == ("qr" * attempt_count, LOST if fails else None)


@pytest.mark.parametrize(
    ("steps", "expected", "starts"),
    [
        ((), "rqr", (1,)),
        ((RUNNING,), "rqr", (1,)),
        ((RUNNING, LOADING), "rrqrr", (2,)),
        ((QUEUED, QUEUED, RUNNING), "qqrqqr", (3,)),
    ],
)
def test_every_lost_runner_requeues_the_job(
    steps: tuple[Step, ...], expected: str, starts: tuple[int, ...]
) -> None:
    result = attempts(1, steps=steps)
    assert (shape(result.steps), result.attempt_starts) == (expected, starts)


@pytest.mark.parametrize(
    ("steps", "is_default", "expected"),
    [
        (DEFAULT_TIMELINE, True, "gr"),
        ((QUEUED, RUNNING), False, "qgr"),
        ((QUEUED, QUEUED, RUNNING, LOADING), False, "qqgrr"),
        ((RUNNING,), False, "gr"),
        ((QUEUED,), False, "q"),
        ((), False, "g"),
        ((RUNNING, QUEUED, RUNNING), False, "grqgr"),
    ],
)
def test_a_wait_for_a_runner_precedes_each_run(
    steps: tuple[Step, ...], is_default: bool, expected: str
) -> None:
    assert shape(with_runner_waits(steps, is_default=is_default)[0]) == expected


@pytest.mark.parametrize(
    ("is_default", "expected", "starts"), [(True, "grgrgr", (2, 4)), (False, "qgrqgrqgr", (3, 6))]
)
def test_attempts_start_with_the_wait(
    is_default: bool, expected: str, starts: tuple[int, ...]
) -> None:
    result = attempts(2)
    steps, new_starts = with_runner_waits(
        result.steps, result.attempt_starts, is_default=is_default
    )
    assert (shape(steps), new_starts) == (expected, starts)


def test_neither_time_nor_polls_end_a_wait_for_a_runner() -> None:
    assert (WAIT_FOR_RUNNER.forever, WAIT_FOR_RUNNER.needs_runner, WAIT_FOR_RUNNER.state) == (
        True,
        True,
        "IN_QUEUE",
    )


def test_if_all_steps_are_timed_the_requeue_step_is_timed_too() -> None:
    (_, back, again) = attempts(1, steps=(LOADING,)).steps
    assert (back.state, back.polls, back.seconds, again) == ("IN_QUEUE", 0, 1.0, LOADING)
