"""The steps of a request that loses its runner."""

from __future__ import annotations

import pytest

from fakefal.engine.queue.retries import GATE, Attempts, attempts_of, gated
from fakefal.protocol.core.platform_options import NO_WISHES, Wishes
from fakefal.protocol.errors.catalog import CATALOGUE
from fakefal.scenario.compiled.reply import Retrying
from fakefal.scenario.compiled.timeline import DEFAULT_TIMELINE, Step

LOST = CATALOGUE["runner_disconnected"]
QUEUED, RUNNING = DEFAULT_TIMELINE
LOADING = Step("IN_PROGRESS", seconds=1)


def shape(steps: tuple[Step, ...]) -> str:
    """The states of steps, a letter each: waiting for a runner, queued, running."""
    return "".join("g" if it.gate else "q" if it.state == "IN_QUEUE" else "r" for it in steps)


def attempts(
    times: int, wishes: Wishes = NO_WISHES, steps: tuple[Step, ...] = DEFAULT_TIMELINE
) -> Attempts:
    return attempts_of(steps, Retrying(times, LOST), wishes)


def test_without_a_lost_runner_the_steps_stay_as_they_are() -> None:
    assert attempts_of(DEFAULT_TIMELINE, None, NO_WISHES) == Attempts(DEFAULT_TIMELINE)


@pytest.mark.parametrize(
    ("times", "made", "fails"),
    [(1, 2, False), (3, 4, False), (9, 10, False), (10, 10, True), (99, 10, True)],
)
def test_the_platform_tries_ten_times_at_most(times: int, made: int, fails: bool) -> None:
    found = attempts(times)
    assert shape(found.steps) == "qr" * made
    assert found.marks == tuple(range(2, 2 * made, 2))
    assert found.failure == (LOST if fails else None)


@pytest.mark.parametrize(
    ("wishes", "times", "made", "fails"),
    [
        (Wishes(may_retry=False), 1, 1, True),
        (Wishes(budgets={"connection_error": 0}), 1, 1, True),
        (Wishes(budgets={"connection_error": 2}), 2, 3, False),
        (Wishes(budgets={"connection_error": 2}), 3, 3, True),
        (Wishes(budgets={"timeout": 0}), 3, 4, False),
        (Wishes(budgets={"connection_error": 50}), 20, 10, True),
    ],
)
def test_the_caller_may_wish_for_fewer(wishes: Wishes, times: int, made: int, fails: bool) -> None:
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
    assert (shape(found.steps), found.marks) == (expected, marks)


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
    assert shape(gated(steps, is_default=is_default)[0]) == expected


@pytest.mark.parametrize(
    ("is_default", "expected", "marks"), [(True, "grgrgr", (2, 4)), (False, "qgrqgrqgr", (3, 6))]
)
def test_attempts_begin_where_the_waiting_does(
    is_default: bool, expected: str, marks: tuple[int, ...]
) -> None:
    found = attempts(2)
    steps, moved = gated(found.steps, found.marks, is_default=is_default)
    assert (shape(steps), moved) == (expected, marks)


def test_a_wait_for_a_runner_is_no_matter_of_time_or_polls() -> None:
    assert (GATE.forever, GATE.gate, GATE.state) == (True, True, "IN_QUEUE")


def test_where_all_steps_are_timed_the_way_back_to_the_queue_is_so_too() -> None:
    (_, back, again) = attempts(1, steps=(LOADING,)).steps
    assert (back.state, back.polls, back.seconds, again) == ("IN_QUEUE", 0, 1.0, LOADING)
