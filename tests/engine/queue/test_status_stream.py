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


def watched(
    *steps: Any, clock: str = "manual", with_logs: bool = True
) -> tuple[Tenant, StatusStream]:
    tenant = make_tenant(timeline(*steps), clock=clock)
    job = tenant.submit(make_call())
    return tenant, tenant.stream_status(ANY_LLM, job.id, with_logs=with_logs)


def told(watch: StatusStream) -> list[str]:
    return [snapshot.status for snapshot in watch.new_snapshots()]


def logs(snapshots: list[Snapshot]) -> list[list[str]]:
    return [[line.message for line in snapshot.logs or ()] for snapshot in snapshots]


def test_the_present_state_is_told_first_of_all() -> None:
    tenant, watch = watched(*STEPS)
    assert told(watch) == ["IN_QUEUE"]
    assert told(watch) == []
    assert watch.request_id in tenant.queue.jobs


def test_every_step_is_told_once_even_if_many_pass_at_once() -> None:
    tenant, watch = watched(*STEPS)
    tenant.clock.advance(60)
    snapshots = list(watch.new_snapshots())
    assert [(it.status, it.queue_position) for it in snapshots] == [
        ("IN_QUEUE", 3),
        ("IN_QUEUE", 0),
        ("IN_PROGRESS", None),
        ("COMPLETED", None),
    ]
    assert watch.is_over
    assert told(watch) == []


def test_logs_are_told_once_each() -> None:
    tenant, watch = watched(*STEPS)
    seen = list(watch.new_snapshots())
    for _ in range(3):
        tenant.clock.advance(2)
        seen += watch.new_snapshots()
    assert logs(seen) == [["queued"], [], ["loading", "working"], []]


def test_no_logs_are_told_to_those_who_want_none() -> None:
    tenant, watch = watched(*STEPS, with_logs=False)
    tenant.clock.advance(60)
    assert [snapshot.logs for snapshot in watch.new_snapshots()] == [None] * 4


def test_who_comes_late_is_told_what_is_and_all_logs_so_far() -> None:
    tenant, first = watched(*STEPS)
    assert told(first) == ["IN_QUEUE"]
    tenant.clock.advance(4)
    late = tenant.stream_status(ANY_LLM, first.request_id, with_logs=True)
    assert logs(list(late.new_snapshots())) == [["queued", "loading", "working"]]
    assert told(first) == ["IN_QUEUE", "IN_PROGRESS"]


def test_a_completed_job_is_told_in_one_event() -> None:
    tenant, first = watched(*STEPS)
    tenant.clock.advance(60)
    list(first.new_snapshots())
    watch = tenant.stream_status(ANY_LLM, first.request_id, with_logs=True)
    (snapshot,) = watch.new_snapshots()
    assert logs([snapshot]) == [["queued", "loading", "working"]]
    assert (snapshot.status, watch.is_over) == ("COMPLETED", True)


def test_polls_are_not_waited_for_while_somebody_watches() -> None:
    _, watch = watched("IN_QUEUE", {"IN_PROGRESS": {"polls": 9}})
    assert told(watch) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


async def test_a_cancel_wakes_the_watch_and_ends_it() -> None:
    tenant, watch = watched({"IN_QUEUE": {"forever": True}})
    assert told(watch) == ["IN_QUEUE"]
    waiting = asyncio.create_task(watch.wait())
    await asyncio.sleep(0)
    tenant.cancel(ANY_LLM, watch.request_id)
    assert await asyncio.wait_for(waiting, 5)
    (snapshot,) = watch.new_snapshots()
    assert (snapshot.status, snapshot.error) == ("COMPLETED", "Request was cancelled")
    assert watch.is_over


async def test_a_wait_ends_when_the_next_step_is_due_and_not_before() -> None:
    tenant, watch = watched(*STEPS)
    assert told(watch) == ["IN_QUEUE"]
    waiting = asyncio.create_task(watch.wait())
    await asyncio.sleep(0)
    tenant.clock.advance(1.5)
    await asyncio.sleep(0)
    assert not waiting.done()
    tenant.clock.advance(0.5)
    assert await asyncio.wait_for(waiting, 5)
    assert told(watch) == ["IN_QUEUE"]


async def test_a_silence_is_broken_by_signs_of_life_that_bring_no_news() -> None:
    tenant, watch = watched({"IN_QUEUE": {"for": "40s"}})
    assert told(watch) == ["IN_QUEUE"]
    ended_with_news = []
    for _ in range(3):
        waiting = asyncio.create_task(watch.wait())
        await asyncio.sleep(0)
        tenant.clock.advance(PING_SECONDS)
        ended_with_news.append(await asyncio.wait_for(waiting, 5))
        if not ended_with_news[-1]:
            assert told(watch) == []
    assert ended_with_news == [False, False, True]
    assert told(watch) == ["COMPLETED"]


async def test_on_the_instant_clock_nothing_is_waited_for_and_no_sign_of_life_is_given() -> None:
    tenant, watch = watched(*STEPS, clock="instant")
    seen = told(watch)
    while not watch.is_over:
        assert await asyncio.wait_for(watch.wait(), 5)
        seen += told(watch)
    assert seen == ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    assert tenant.clock.now() == START + 6


@pytest.mark.parametrize("clock", ["manual", "instant"])
async def test_what_lasts_for_ever_is_waited_for(clock: str) -> None:
    tenant, watch = watched({"IN_PROGRESS": {"forever": True}}, clock=clock)
    assert told(watch) == ["IN_PROGRESS"]
    waiting = asyncio.create_task(watch.wait())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    assert tenant.clock.now() == START


def test_a_watch_begins_with_what_is_whether_or_not_somebody_looked_before() -> None:
    shown = []
    for has_looked in (False, True):
        tenant, first = watched(*STEPS)
        tenant.clock.advance(3)
        if has_looked:
            tenant.queue.jobs[first.request_id].advance_to(tenant.clock.now())
        late = tenant.stream_status(ANY_LLM, first.request_id, with_logs=True)
        shown.append([(it.status, it.queue_position) for it in late.new_snapshots()])
    assert shown == [[("IN_QUEUE", 0)]] * 2
