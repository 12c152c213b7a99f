from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fakefal.protocol.core.call import Json
from fakefal.recorder.distil.timelines import MAX_COUNTED_POLLS
from tests.callers import running_caller
from tests.recorder.sessions import ANY_LLM, ID, JobCaptures, distil_captures, reply_of

LOGS: list[Json] = [
    {"message": text, "timestamp": "2026-01-01T00:00:00.000000Z", "level": level, "source": "USER"}
    for text, level in (("loading", "INFO"), ("slow", "WARN"), ("done", "INFO"))
]
DONE = {"output": "Ship it.", "reasoning": None, "partial": False, "error": None}


def timeline(job: JobCaptures) -> Any:
    return reply_of(*job.captures)["timeline"]


def test_equal_statuses_are_one_step_with_their_polls() -> None:
    job = (
        JobCaptures()
        .add_submit(position=2)
        .add_poll(0.1, "IN_QUEUE", 2)
        .add_poll(0.2, "IN_QUEUE", 0)
    )
    job.add_poll(0.3, "IN_QUEUE", 0).add_poll(0.4, "IN_PROGRESS").add_poll(0.5, "COMPLETED")
    assert timeline(job.add_result(0.6, DONE)) == [
        {"IN_QUEUE": {"position": 2, "polls": 1, "for": "50ms"}},
        {"IN_QUEUE": {"position": 0, "polls": 2, "for": "150ms"}},
        {"IN_PROGRESS": {"polls": 1, "for": "50ms"}},
    ]


def test_a_step_with_many_polls_ends_by_time() -> None:
    job = JobCaptures().add_submit(position=0)
    for number in range(1, 9):
        job.add_poll(number / 10, "IN_QUEUE", 0)
    job.add_poll(0.9, "COMPLETED")
    (step,) = timeline(job.add_result(1.0, DONE))
    assert step == {"IN_QUEUE": {"position": 0, "polls": 1, "for": "850ms"}}


def test_new_logs_begin_a_step() -> None:
    job = JobCaptures().add_submit().add_poll(0.1, "IN_PROGRESS", None, LOGS[:1])
    job.add_poll(0.2, "IN_PROGRESS", None, LOGS[:2]).add_poll(0.3, "COMPLETED", None, LOGS)
    assert timeline(job.add_result(0.4, DONE)) == [
        {"IN_QUEUE": {"position": 0, "for": "0s"}},
        {"IN_PROGRESS": {"polls": 1, "for": "50ms", "logs": ["loading"]}},
        {
            "IN_PROGRESS": {
                "polls": 1,
                "for": "50ms",
                "logs": [{"message": "slow", "level": "WARN"}],
            }
        },
        {"IN_PROGRESS": {"for": "0s", "logs": ["done"]}},
    ]


def test_logs_of_a_moving_window_are_recorded_once() -> None:
    job = JobCaptures().add_submit().add_poll(0.1, "IN_PROGRESS", None, LOGS[:1])
    job.add_poll(0.2, "IN_PROGRESS", None, LOGS[1:2]).add_poll(0.3, "COMPLETED", None, LOGS[1:])
    logs = [
        log
        for step in timeline(job.add_result(0.4, DONE))
        for detail in step.values()
        for log in detail.get("logs", [])
    ]
    assert logs == ["loading", {"message": "slow", "level": "WARN"}, "done"]


def test_an_unfinished_request_stays_forever() -> None:
    job = JobCaptures().add_submit(position=3).add_poll(0.1, "IN_QUEUE", 3)
    assert timeline(job) == [{"IN_QUEUE": {"position": 3, "forever": True}}]


STEPS = st.lists(
    st.tuples(st.sampled_from(["IN_QUEUE", "IN_PROGRESS"]), st.integers(0, 3), st.integers(1, 5)),
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.booleans())
async def test_a_replay_shows_each_poll_what_the_recording_saw(
    steps: list[tuple[str, int, int]], with_logs: bool
) -> None:
    equal_steps = groupby(steps, lambda step: (step[0], step[0] == "IN_QUEUE" and step[1]))
    assume(all(sum(step[2] for step in group) <= MAX_COUNTED_POLLS for _, group in equal_steps))
    job = JobCaptures(ANY_LLM).add_submit("IN_QUEUE", 1)
    after, seen = 0.0, []
    for number, (state, position, polls) in enumerate(steps):
        queue_position = position if state == "IN_QUEUE" else None
        logs = LOGS[: number % 4] if with_logs else None
        for _ in range(polls):
            after += 0.1
            job.add_poll(after, state, queue_position, logs)
            seen.append((state, queue_position, logs and [log["message"] for log in logs]))
    job.add_poll(after + 0.1, "COMPLETED", None, LOGS if with_logs else None).add_result(
        after + 0.2, DONE
    )
    async with running_caller(distil_captures(*job.captures).scenario, clock="instant") as caller:
        submitted = await caller.request("POST", f"/{ANY_LLM}", json={"prompt": "x"})
        assert (submitted.json["request_id"], submitted.json["queue_position"]) == (ID, 1)
        query = "?logs=1" if with_logs else ""
        for expected in seen:
            status = (await caller.request("GET", f"{job.path}/status{query}")).json
            logs = status["logs"] and [log["message"] for log in status["logs"]]
            assert (status["status"], status.get("queue_position"), logs) == expected or (
                logs == [] and expected[2] == []
            )
        last = (await caller.request("GET", f"{job.path}/status{query}")).json
        assert last["status"] == "COMPLETED"
        assert (await caller.request("GET", job.path)).json == DONE


@pytest.mark.parametrize("log", ["text", {"message": "m"}, {"message": "m", "level": "odd"}])
def test_unusual_logs_are_recorded_as_far_as_possible(log: Json) -> None:
    job = (
        JobCaptures()
        .add_submit()
        .add_poll(0.1, "IN_PROGRESS", None, [log])
        .add_poll(0.2, "COMPLETED")
    )
    assert timeline(job.add_result(0.3, DONE))[1]["IN_PROGRESS"]["logs"] == [
        log if isinstance(log, str) else "m"
    ]
