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
    """The states of steps, a letter each: waiting for a runner, queued, running."""
    return "".join(
        "g" if it.needs_runner else "q" if it.state == "IN_QUEUE" else "r" for it in steps
    )


def attempts(
    times: int,
    wishes: PlatformOptions = DEFAULT_OPTIONS,
    steps: tuple[Step, ...] = DEFAULT_TIMELINE,
) -> Attempts:
    return attempts_of(steps, RunnerRetries(times, LOST), wishes)


def test_without_a_lost_runner_the_steps_stay_as_they_are() -> None:
    assert attempts_of(DEFAULT_TIMELINE, None, DEFAULT_OPTIONS) == Attempts(DEFAULT_TIMELINE)


@pytest.mark.parametrize(
    ("times", "made", "fails"),
    [(1, 2, False), (3, 4, False), (9, 10, False), (10, 10, True), (99, 10, True)],
)
def test_the_platform_tries_ten_times_at_most(times: int, made: int, fails: bool) -> None:
    found = attempts(times)
    assert shape(found.steps) == "qr" * made
    assert found.attempt_starts == tuple(range(2, 2 * made, 2))
    assert found.failure == (LOST if fails else None)


@pytest.mark.parametrize(
    ("wishes", "times", "made", "fails"),
    [
        (PlatformOptions(may_retry=False), 1, 1, True),
        (PlatformOptions(retry_budgets={"connection_error": 0}), 1, 1, True),
        (PlatformOptions(retry_budgets={"connection_error": 2}), 2, 3, False),
        (PlatformOptions(retry_budgets={"connection_error": 2}), 3, 3, True),
        (PlatformOptions(retry_budgets={"timeout": 0}), 3, 4, False),
        (PlatformOptions(retry_budgets={"connection_error": 50}), 20, 10, True),
    ],
)
def test_the_caller_may_wish_for_fewer(
    wishes: PlatformOptions, times: int, made: int, fails: bool
) -> None:
    found = attempts(times, wishes)
    assert (shape(found.steps), found.failure) == ("qr" * made, LOST if fails else None)


@pytest.mark.parametrize(
    ("steps", "expected", "marks"),
    [
        ((), "rqr", (1,)),
        ((RUNNING,), "rqr", (1,)),
        ((RUNNING, LOADING), "rrqrr", (2,)),
        ((QUEUED, QUEUED, RUNNING), "qqrqqr", (3,)),
    ],
)
def test_every_lost_runner_means_back_to_the_queue(
    steps: tuple[Step, ...], expected: str, marks: tuple[int, ...]
) -> None:
    found = attempts(1, steps=steps)
    assert (shape(found.steps), found.attempt_starts) == (expected, marks)


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
def test_before_each_run_a_runner_is_waited_for(
    steps: tuple[Step, ...], is_default: bool, expected: str
) -> None:
    assert shape(with_runner_waits(steps, is_default=is_default)[0]) == expected


@pytest.mark.parametrize(
    ("is_default", "expected", "marks"), [(True, "grgrgr", (2, 4)), (False, "qgrqgrqgr", (3, 6))]
)
def test_attempts_begin_where_the_waiting_does(
    is_default: bool, expected: str, marks: tuple[int, ...]
) -> None:
    found = attempts(2)
    steps, moved = with_runner_waits(found.steps, found.attempt_starts, is_default=is_default)
    assert (shape(steps), moved) == (expected, marks)


def test_a_wait_for_a_runner_is_no_matter_of_time_or_polls() -> None:
    assert (WAIT_FOR_RUNNER.forever, WAIT_FOR_RUNNER.needs_runner, WAIT_FOR_RUNNER.state) == (
        True,
        True,
        "IN_QUEUE",
    )


def test_where_all_steps_are_timed_the_way_back_to_the_queue_is_so_too() -> None:
    (_, back, again) = attempts(1, steps=(LOADING,)).steps
    assert (back.state, back.polls, back.seconds, again) == ("IN_QUEUE", 0, 1.0, LOADING)
