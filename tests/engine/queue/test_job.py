from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.queue.job import TRANSITIONS, Event, Job, State
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


def job(
    steps: Sequence[Step] = DEFAULT_TIMELINE,
    *,
    webhook: str | None = None,
    ending: RenderedOutcome = GOOD,
) -> Job:
    return Job(
        "id-1", make_call(webhook=webhook), ending, steps, START, inference_seconds=1.25, units=1
    )


def polls(made: Job, count: int, now: float = START) -> list[Snapshot]:
    """What so many status polls show."""
    shown = []
    for _ in range(count):
        made.advance_to(now)
        shown.append(made.snapshot(with_logs=False))
        made.count_poll(now)
    return shown


def words(snapshots: list[Snapshot]) -> list[str]:
    return [snapshot.status for snapshot in snapshots]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_only_the_moves_of_the_table_are_made(state: State, event: Event) -> None:
    ended = state in (State.COMPLETED, State.CANCELLED)
    repeated_cancel = state is State.CANCELLED and event in (Event.CANCEL, Event.ABORT)
    assert ((state, event) in TRANSITIONS) == (not ended or repeated_cancel)


@pytest.mark.parametrize(("before", "after"), [(b, a) for (b, _), a in TRANSITIONS.items()])
def test_no_move_leads_out_of_an_end(before: State, after: State) -> None:
    assert before not in (State.COMPLETED, State.CANCELLED) or after is before


@pytest.mark.parametrize(
    ("state", "after", "accepted"),
    [
        (State.QUEUED, State.CANCELLED, True),
        (State.RUNNING, State.RUNNING, True),
        (State.COMPLETED, State.COMPLETED, False),
        (State.CANCELLED, State.CANCELLED, True),
    ],
)
def test_a_cancel_reaches_only_a_queued_job(state: State, after: State, accepted: bool) -> None:
    made = job()
    count = {State.QUEUED: 0, State.RUNNING: 1, State.COMPLETED: 2, State.CANCELLED: 0}[state]
    polls(made, count)
    if state is State.CANCELLED:
        made.cancel(START)
    assert made.state is state
    assert made.cancel(START) is accepted
    assert made.state is after


def test_a_job_is_shown_once_in_each_step_of_the_default_timeline_and_then_completed() -> None:
    assert words(polls(job(), 5)) == ["IN_QUEUE", "IN_PROGRESS", *["COMPLETED"] * 3]


def test_the_position_is_shown_only_in_the_queue() -> None:
    steps = (Step("IN_QUEUE", 1, position=4), Step("IN_QUEUE", 1, position=0), RUNNING)
    assert [snapshot.queue_position for snapshot in polls(job(steps), 4)] == [4, 0, None, None]


def test_a_job_without_steps_runs_at_submit_and_is_completed_at_the_first_poll() -> None:
    made = job(())
    assert made.submit_snapshot() == Snapshot("IN_PROGRESS", "id-1")
    assert (made.state, made.ended_at) == (State.COMPLETED, START)


def test_the_submit_answer_shows_the_first_step_without_logs() -> None:
    made = job((Step("IN_QUEUE", 1, position=3, logs=(StepLog("hi"),)),))
    assert made.submit_snapshot() == Snapshot("IN_QUEUE", "id-1", 3)


def test_the_platform_may_put_a_running_job_back_into_the_queue() -> None:
    made = job((RUNNING, QUEUED, RUNNING))
    assert words(polls(made, 4)) == ["IN_PROGRESS", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


def test_a_step_needs_its_polls_and_its_time() -> None:
    made = job((Step("IN_QUEUE", polls=2, seconds=10, position=0), RUNNING))
    assert words(polls(made, 3)) == ["IN_QUEUE"] * 3
    assert words(polls(made, 1, START + 9.9)) == ["IN_QUEUE"]
    assert words(polls(made, 1, START + 10)) == ["IN_PROGRESS"]


def test_time_alone_does_not_end_a_step_that_wants_polls() -> None:
    made = job((Step("IN_QUEUE", polls=2, seconds=10, position=0), RUNNING))
    assert made.next_boundary() == math.inf
    assert words(polls(made, 3, START + 100)) == ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS"]


def test_a_boundary_is_an_exact_instant_however_late_somebody_looks() -> None:
    made = job((Step("IN_QUEUE", seconds=1.5, position=0), Step("IN_PROGRESS", seconds=2)))
    assert made.next_boundary() == START + 1.5
    made.advance_to(START + 1000)
    assert made.ended_at == START + 3.5
    assert made.next_boundary() == math.inf


def test_a_webhook_makes_polls_needless() -> None:
    made = job((Step("IN_QUEUE", 5, 2, position=0), Step("IN_PROGRESS", 5, 3)), webhook="http://x")
    assert made.next_boundary() == START + 2
    made.advance_to(START + 5)
    assert (made.state, made.ended_at) == (State.COMPLETED, START + 5)


def test_a_step_for_ever_is_ended_by_a_cancel_alone() -> None:
    made = job((Step("IN_QUEUE", position=0, forever=True),))
    assert words(polls(made, 20, START + 1e9)) == ["IN_QUEUE"] * 20
    assert made.next_boundary() == math.inf
    assert made.cancel(START + 1e9)
    assert (made.state, made.ended_at) == (State.CANCELLED, START + 1e9)


def test_a_running_job_ignores_a_cancel_and_completes() -> None:
    made = job()
    polls(made, 1)
    assert made.cancel(START)
    assert words(polls(made, 2)) == ["IN_PROGRESS", "COMPLETED"]


def test_the_first_cancel_says_when_the_job_ended() -> None:
    made = job()
    made.cancel(START + 1)
    made.cancel(START + 2)
    assert made.ended_at == START + 1


def test_logs_have_the_instants_at_which_their_steps_began() -> None:
    first = Step("IN_QUEUE", seconds=1, position=0, logs=(StepLog("a"),))
    second = Step("IN_PROGRESS", seconds=2, logs=(StepLog("b", "ERROR"), StepLog("c")))
    made = job((first, second))
    made.advance_to(START + 1.5)
    logs = made.snapshot(with_logs=True).logs
    assert logs is not None
    assert [(line.message, line.at, line.level) for line in logs] == [
        ("a", START, "INFO"),
        ("b", START + 1, "ERROR"),
        ("c", START + 1, "INFO"),
    ]


def test_polled_logs_are_cumulative_and_not_shown_unasked() -> None:
    made = job((Step("IN_PROGRESS", 1, logs=(StepLog("a"),)), Step("IN_PROGRESS", 1)))
    seen = []
    for _ in range(3):
        snapshot = made.snapshot(with_logs=True)
        assert snapshot.logs is not None
        seen.append([line.message for line in snapshot.logs])
        made.count_poll(START)
    assert seen == [["a"], ["a"], ["a"]]
    assert made.snapshot(with_logs=False).logs is None


def test_an_earlier_step_can_be_shown_as_it_was() -> None:
    logs = (StepLog("a"),)
    made = job((Step("IN_QUEUE", seconds=1, position=2, logs=logs), Step("IN_PROGRESS", seconds=1)))
    made.advance_to(START + 9)
    shown = [made.snapshot(with_logs=False, step=step) for step in range(4)]
    assert words(shown) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "COMPLETED"]
    assert shown[0].queue_position == 2


def test_only_a_success_tells_how_long_it_took() -> None:
    good, bad = job(()), job((), ending=RenderedOutcome(failed_outcome(422, {"detail": []}), SHAPE))
    assert good.snapshot(with_logs=False).inference_time == 1.25
    snapshot = bad.snapshot(with_logs=False)
    assert (snapshot.inference_time, snapshot.error) == (None, "Invalid status code: 422")


def test_one_early_ask_changes_nothing_and_from_the_second_in_a_row_each_is_a_poll() -> None:
    made = job((Step("IN_QUEUE", 2, position=0), RUNNING))
    states = []
    for _ in range(4):
        made.count_early_result(START)
        states.append(made.state)
    assert states == [State.QUEUED, State.QUEUED, State.RUNNING, State.COMPLETED]


def test_early_asks_between_polls_never_count() -> None:
    made = job((Step("IN_QUEUE", 5, position=0),))
    states = []
    for _ in range(5):
        made.count_early_result(START)
        made.count_poll(START)
        states.append(made.state)
    assert states == [*[State.QUEUED] * 4, State.COMPLETED]
