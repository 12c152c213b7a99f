from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.queue.job import TRANSITIONS, Event, Job, State, TransitionError
from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.errors import failed_outcome
from fakefal.protocol.llm.anyllm import OutputShape
from fakefal.protocol.queue import Snapshot
from fakefal.scenario.compiled.reply import RenderedOutcome
from fakefal.scenario.compiled.timeline import DEFAULT_TIMELINE, Step, StepLog
from tests.building import make_call

SHAPE = OutputShape(has_reasoning_field=True, shows_reasoning=False)
GOOD = RenderedOutcome(Outcome(200, {"output": "x"}, b'{"output":"x"}'), SHAPE)

QUEUED = Step("IN_QUEUE", polls=1, position=0)
RUNNING = Step("IN_PROGRESS", polls=1)


def make_job(
    steps: Sequence[Step] = DEFAULT_TIMELINE,
    *,
    webhook: str | None = None,
    rendered: RenderedOutcome = GOOD,
) -> Job:
    return Job(
        "id-1", make_call(webhook=webhook), rendered, steps, START, inference_seconds=1.25, units=1
    )


def polls(job: Job, count: int, now: float = START) -> list[Snapshot]:
    """The snapshots of N status polls."""
    snapshots = []
    for _ in range(count):
        job.advance_to(now)
        snapshots.append(job.snapshot(with_logs=False))
        job.count_poll(now)
    return snapshots


def statuses(snapshots: list[Snapshot]) -> list[str]:
    return [snapshot.status for snapshot in snapshots]


def test_the_table_has_every_transition_and_no_other() -> None:
    final = {State.COMPLETED, State.CANCELLED}
    expected = {(state, event) for state in State if state not in final for event in Event}
    expected |= {(State.CANCELLED, Event.CANCEL), (State.CANCELLED, Event.ABORT)}
    assert set(TRANSITIONS) == expected
    assert all(after is state for (state, _), after in TRANSITIONS.items() if state in final)


def test_an_impossible_transition_names_the_event_and_the_state() -> None:
    completed = make_job(())
    for event in Event:
        with pytest.raises(TransitionError) as caught:
            completed._apply(event)
        assert str(caught.value) == (
            f'job {completed.id}: event "{event.value}" is not possible in state "completed"'
        )
    assert completed.state is State.COMPLETED


@pytest.mark.parametrize(
    ("state", "after", "accepted"),
    [
        (State.QUEUED, State.CANCELLED, True),
        (State.RUNNING, State.RUNNING, True),
        (State.COMPLETED, State.COMPLETED, False),
        (State.CANCELLED, State.CANCELLED, True),
    ],
)
def test_a_cancel_ends_only_a_queued_job(state: State, after: State, accepted: bool) -> None:
    job = make_job()
    count = {State.QUEUED: 0, State.RUNNING: 1, State.COMPLETED: 2, State.CANCELLED: 0}[state]
    polls(job, count)
    if state is State.CANCELLED:
        job.cancel(START)
    assert job.state is state
    assert job.cancel(START) is accepted
    assert job.state is after


def test_a_job_is_shown_once_in_each_step_of_the_default_timeline_and_then_completed() -> None:
    assert statuses(polls(make_job(), 5)) == ["IN_QUEUE", "IN_PROGRESS", *["COMPLETED"] * 3]


def test_the_position_is_shown_only_in_the_queue() -> None:
    steps = (Step("IN_QUEUE", 1, position=4), Step("IN_QUEUE", 1, position=0), RUNNING)
    assert [snapshot.queue_position for snapshot in polls(make_job(steps), 4)] == [4, 0, None, None]


def test_a_job_without_steps_runs_at_submit_and_is_completed_at_the_first_poll() -> None:
    job = make_job(())
    assert job.submit_snapshot() == Snapshot("IN_PROGRESS", "id-1")
    assert (job.state, job.ended_at) == (State.COMPLETED, START)


def test_the_submit_response_has_the_first_step_without_logs() -> None:
    job = make_job((Step("IN_QUEUE", 1, position=3, logs=(StepLog("hi"),)),))
    assert job.submit_snapshot() == Snapshot("IN_QUEUE", "id-1", 3)


def test_the_platform_may_put_a_running_job_back_into_the_queue() -> None:
    job = make_job((RUNNING, QUEUED, RUNNING))
    assert statuses(polls(job, 4)) == ["IN_PROGRESS", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


def test_a_step_needs_its_polls_and_its_time() -> None:
    job = make_job((Step("IN_QUEUE", polls=2, seconds=10, position=0), RUNNING))
    assert statuses(polls(job, 3)) == ["IN_QUEUE"] * 3
    assert statuses(polls(job, 1, START + 9.9)) == ["IN_QUEUE"]
    assert statuses(polls(job, 1, START + 10)) == ["IN_PROGRESS"]


def test_elapsed_time_does_not_end_a_step_that_needs_polls() -> None:
    job = make_job((Step("IN_QUEUE", polls=2, seconds=10, position=0), RUNNING))
    assert job.next_boundary() == math.inf
    assert statuses(polls(job, 3, START + 100)) == ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS"]


def test_a_boundary_is_an_exact_instant_however_late_it_is_read() -> None:
    job = make_job((Step("IN_QUEUE", seconds=1.5, position=0), Step("IN_PROGRESS", seconds=2)))
    assert job.next_boundary() == START + 1.5
    job.advance_to(START + 1000)
    assert job.ended_at == START + 3.5
    assert job.next_boundary() == math.inf


def test_with_a_webhook_polls_are_ignored() -> None:
    job = make_job(
        (Step("IN_QUEUE", 5, 2, position=0), Step("IN_PROGRESS", 5, 3)), webhook="http://x"
    )
    assert job.next_boundary() == START + 2
    job.advance_to(START + 5)
    assert (job.state, job.ended_at) == (State.COMPLETED, START + 5)


def test_only_a_cancel_ends_an_infinite_step() -> None:
    job = make_job((Step("IN_QUEUE", position=0, forever=True),))
    assert statuses(polls(job, 20, START + 1e9)) == ["IN_QUEUE"] * 20
    assert job.next_boundary() == math.inf
    assert job.cancel(START + 1e9)
    assert (job.state, job.ended_at) == (State.CANCELLED, START + 1e9)


def test_a_running_job_ignores_a_cancel_and_completes() -> None:
    job = make_job()
    polls(job, 1)
    assert job.cancel(START)
    assert statuses(polls(job, 2)) == ["IN_PROGRESS", "COMPLETED"]


def test_the_first_cancel_sets_the_end_of_the_job() -> None:
    job = make_job()
    job.cancel(START + 1)
    job.cancel(START + 2)
    assert job.ended_at == START + 1


def test_logs_have_the_instants_at_which_their_steps_began() -> None:
    first = Step("IN_QUEUE", seconds=1, position=0, logs=(StepLog("a"),))
    second = Step("IN_PROGRESS", seconds=2, logs=(StepLog("b", "ERROR"), StepLog("c")))
    job = make_job((first, second))
    job.advance_to(START + 1.5)
    logs = job.snapshot(with_logs=True).logs
    assert logs is not None
    assert [(line.message, line.at, line.level) for line in logs] == [
        ("a", START, "INFO"),
        ("b", START + 1, "ERROR"),
        ("c", START + 1, "INFO"),
    ]


def test_polled_logs_are_cumulative_and_only_sent_on_request() -> None:
    job = make_job((Step("IN_PROGRESS", 1, logs=(StepLog("a"),)), Step("IN_PROGRESS", 1)))
    seen = []
    for _ in range(3):
        snapshot = job.snapshot(with_logs=True)
        assert snapshot.logs is not None
        seen.append([line.message for line in snapshot.logs])
        job.count_poll(START)
    assert seen == [["a"], ["a"], ["a"]]
    assert job.snapshot(with_logs=False).logs is None


def test_a_snapshot_of_an_earlier_step_is_unchanged() -> None:
    logs = (StepLog("a"),)
    job = make_job(
        (Step("IN_QUEUE", seconds=1, position=2, logs=logs), Step("IN_PROGRESS", seconds=1))
    )
    job.advance_to(START + 9)
    earlier = [job.snapshot(with_logs=False, step=step) for step in range(4)]
    assert statuses(earlier) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "COMPLETED"]
    assert earlier[0].queue_position == 2


def test_a_failure_of_the_model_has_an_inference_time_too() -> None:
    good, bad = (
        make_job(()),
        make_job((), rendered=RenderedOutcome(failed_outcome(422, {"detail": []}), SHAPE)),
    )
    assert good.snapshot(with_logs=False).inference_time == 1.25
    snapshot = bad.snapshot(with_logs=False)
    assert (snapshot.inference_time, snapshot.error) == (1.25, "Invalid status code: 422")


def test_from_the_second_in_a_row_early_result_requests_count_as_polls() -> None:
    job = make_job((Step("IN_QUEUE", 2, position=0), RUNNING))
    states = []
    for _ in range(4):
        job.count_early_result(START)
        states.append(job.state)
    assert states == [State.QUEUED, State.QUEUED, State.RUNNING, State.COMPLETED]


def test_early_result_requests_between_polls_never_count() -> None:
    job = make_job((Step("IN_QUEUE", 5, position=0),))
    states = []
    for _ in range(5):
        job.count_early_result(START)
        job.count_poll(START)
        states.append(job.state)
    assert states == [*[State.QUEUED] * 4, State.COMPLETED]
