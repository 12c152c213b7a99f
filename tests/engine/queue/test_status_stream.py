from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.queue.status_stream import PING_SECONDS, StatusStream
from fakefal.engine.tenant import Tenant
from fakefal.protocol.queue import Snapshot
from tests.building import ANY_LLM, make_call, make_tenant, timeline

STEPS = (
    {"IN_QUEUE": {"for": 2, "position": 3, "logs": ["queued"]}},
    {"IN_QUEUE": {"for": 2, "position": 0}},
    {"IN_PROGRESS": {"for": 2, "logs": ["loading", "working"]}},
)


def make_stream(
    *steps: Any, clock: str = "manual", with_logs: bool = True
) -> tuple[Tenant, StatusStream]:
    tenant = make_tenant(timeline(*steps), clock=clock)
    job = tenant.submit(make_call())
    return tenant, tenant.stream_status(ANY_LLM, job.id, with_logs=with_logs)


def statuses(status_stream: StatusStream) -> list[str]:
    return [snapshot.status for snapshot in status_stream.new_snapshots()]


def logs(snapshots: list[Snapshot]) -> list[list[str]]:
    return [[line.message for line in snapshot.logs or ()] for snapshot in snapshots]


def test_the_first_snapshot_is_the_present_state() -> None:
    tenant, status_stream = make_stream(*STEPS)
    assert statuses(status_stream) == ["IN_QUEUE"]
    assert statuses(status_stream) == []
    assert status_stream.request_id in tenant.queue.jobs


def test_every_step_has_one_snapshot_even_if_many_pass_together() -> None:
    tenant, status_stream = make_stream(*STEPS)
    tenant.clock.advance(60)
    snapshots = list(status_stream.new_snapshots())
    assert [(snapshot.status, snapshot.queue_position) for snapshot in snapshots] == [
        ("IN_QUEUE", 3),
        ("IN_QUEUE", 0),
        ("IN_PROGRESS", None),
        ("COMPLETED", None),
    ]
    assert status_stream.is_over
    assert statuses(status_stream) == []


def test_each_log_is_sent_once() -> None:
    tenant, status_stream = make_stream(*STEPS)
    seen = list(status_stream.new_snapshots())
    for _ in range(3):
        tenant.clock.advance(2)
        seen += status_stream.new_snapshots()
    assert logs(seen) == [["queued"], [], ["loading", "working"], []]


def test_without_logs_snapshots_have_none() -> None:
    tenant, status_stream = make_stream(*STEPS, with_logs=False)
    tenant.clock.advance(60)
    assert [snapshot.logs for snapshot in status_stream.new_snapshots()] == [None] * 4


def test_a_late_stream_starts_with_the_present_state_and_all_logs() -> None:
    tenant, first = make_stream(*STEPS)
    assert statuses(first) == ["IN_QUEUE"]
    tenant.clock.advance(4)
    late = tenant.stream_status(ANY_LLM, first.request_id, with_logs=True)
    assert logs(list(late.new_snapshots())) == [["queued", "loading", "working"]]
    assert statuses(first) == ["IN_QUEUE", "IN_PROGRESS"]


def test_a_completed_job_has_one_snapshot() -> None:
    tenant, first = make_stream(*STEPS)
    tenant.clock.advance(60)
    list(first.new_snapshots())
    status_stream = tenant.stream_status(ANY_LLM, first.request_id, with_logs=True)
    (snapshot,) = status_stream.new_snapshots()
    assert logs([snapshot]) == [["queued", "loading", "working"]]
    assert (snapshot.status, status_stream.is_over) == ("COMPLETED", True)


def test_a_streamed_status_needs_no_polls() -> None:
    _, status_stream = make_stream("IN_QUEUE", {"IN_PROGRESS": {"polls": 9}})
    assert statuses(status_stream) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


async def test_a_cancel_wakes_and_ends_the_stream() -> None:
    tenant, status_stream = make_stream({"IN_QUEUE": {"forever": True}})
    assert statuses(status_stream) == ["IN_QUEUE"]
    waiting = asyncio.create_task(status_stream.wait())
    await asyncio.sleep(0)
    tenant.cancel(ANY_LLM, status_stream.request_id)
    assert await asyncio.wait_for(waiting, 5)
    (snapshot,) = status_stream.new_snapshots()
    assert (snapshot.status, snapshot.error) == ("COMPLETED", "Request was cancelled")
    assert status_stream.is_over


async def test_a_wait_ends_when_the_next_step_is_due_and_not_before() -> None:
    tenant, status_stream = make_stream(*STEPS)
    assert statuses(status_stream) == ["IN_QUEUE"]
    waiting = asyncio.create_task(status_stream.wait())
    await asyncio.sleep(0)
    tenant.clock.advance(1.5)
    await asyncio.sleep(0)
    assert not waiting.done()
    tenant.clock.advance(0.5)
    assert await asyncio.wait_for(waiting, 5)
    assert statuses(status_stream) == ["IN_QUEUE"]


async def test_pings_break_a_silence() -> None:
    tenant, status_stream = make_stream({"IN_QUEUE": {"for": "40s"}})
    assert statuses(status_stream) == ["IN_QUEUE"]
    changes = []
    for _ in range(3):
        waiting = asyncio.create_task(status_stream.wait())
        await asyncio.sleep(0)
        tenant.clock.advance(PING_SECONDS)
        changes.append(await asyncio.wait_for(waiting, 5))
        if not changes[-1]:
            assert statuses(status_stream) == []
    assert changes == [False, False, True]
    assert statuses(status_stream) == ["COMPLETED"]


async def test_on_an_instant_clock_there_are_no_waits_and_no_pings() -> None:
    tenant, status_stream = make_stream(*STEPS, clock="instant")
    seen = statuses(status_stream)
    while not status_stream.is_over:
        assert await asyncio.wait_for(status_stream.wait(), 5)
        seen += statuses(status_stream)
    assert seen == ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    assert tenant.clock.now() == START + 6


@pytest.mark.parametrize("clock", ["manual", "instant"])
async def test_an_infinite_step_is_waited_for(clock: str) -> None:
    tenant, status_stream = make_stream({"IN_PROGRESS": {"forever": True}}, clock=clock)
    assert statuses(status_stream) == ["IN_PROGRESS"]
    waiting = asyncio.create_task(status_stream.wait())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    assert tenant.clock.now() == START


def test_a_stream_starts_with_the_present_state_even_if_it_was_not_read_before() -> None:
    pairs = []
    for is_read_before in (False, True):
        tenant, first = make_stream(*STEPS)
        tenant.clock.advance(3)
        if is_read_before:
            tenant.queue.jobs[first.request_id].advance_to(tenant.clock.now())
        late = tenant.stream_status(ANY_LLM, first.request_id, with_logs=True)
        pairs.append(
            [(snapshot.status, snapshot.queue_position) for snapshot in late.new_snapshots()]
        )
    assert pairs == [[("IN_QUEUE", 0)]] * 2
