"""Limited runners: priority, order of arrival, exact instants."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fakefal.engine.queue.job import State
from fakefal.engine.tenant import Tenant
from fakefal.protocol.errors.errors import ApiError
from fakefal.settings import Limits
from tests.building import ANY_LLM, exchange, make_call
from tests.engine.tenants import end_times, lasting_exchange, make_tenant_in, status_words, submit

FLUX = "fal-ai/flux"


def one_runner(
    *exchanges: dict[str, Any], runners: int = 1, queue_length: int = 0, **parts: Any
) -> Tenant:
    app = {"runners": runners, "queue_length": queue_length}
    return make_tenant_in(*(exchanges or (lasting_exchange(10),)), apps={"*": app}, **parts)


def running(tenant: Tenant) -> int:
    return sum(job.state is State.RUNNING for job in tenant.queue.jobs.values())


@pytest.mark.parametrize("runners", [1, 2, 3])
def test_as_many_jobs_run_as_there_are_runners(runners: int) -> None:
    tenant = one_runner(runners=runners)
    ids = [submit(tenant) for _ in range(5)]
    expected = ["run"] * runners + [f"q{place}" for place in range(5 - runners)]
    assert status_words(tenant, *ids) == expected
    assert running(tenant) == runners


def test_an_end_read_late_starts_the_next_job_at_the_instant_of_the_end() -> None:
    tenant = one_runner()
    ids = [submit(tenant) for _ in range(4)]
    tenant.clock.advance(25)
    assert status_words(tenant, *ids) == ["done", "done", "run", "q0"]
    tenant.clock.advance(100)
    assert end_times(tenant, *ids) == [10, 20, 30, 40]


def test_one_late_read_equals_many_early_ones() -> None:
    seen = []
    for step in (1, 7, 60):
        tenant = one_runner(runners=2)
        ids = [submit(tenant) for _ in range(5)]
        while tenant.clock.now() < tenant.queue.jobs[ids[0]].created_at + 60:
            tenant.clock.advance(step)
            status_words(tenant, *ids)
        seen.append(end_times(tenant, *ids))
    assert seen == [[10, 10, 20, 20, 30]] * 3


def test_positions_fall_as_jobs_ahead_start() -> None:
    tenant = one_runner()
    ids = [submit(tenant) for _ in range(4)]
    seen = []
    for _ in range(4):
        seen.append(status_words(tenant, *ids)[-1])
        tenant.clock.advance(10)
    assert seen == ["q2", "q1", "q0", "run"]


def test_normal_priority_runs_before_low() -> None:
    tenant = one_runner()
    first, low, other_low = (
        submit(tenant),
        submit(tenant, is_low_priority=True),
        submit(tenant, is_low_priority=True),
    )
    normal = submit(tenant)
    assert status_words(tenant, first, low, other_low, normal) == ["run", "q1", "q2", "q0"]
    tenant.clock.advance(10)
    assert status_words(tenant, normal, low, other_low) == ["run", "q0", "q1"]


def test_each_app_has_its_own_runners() -> None:
    tenant = make_tenant_in(
        lasting_exchange(10), apps={ANY_LLM: {"runners": 1}, FLUX: {"runners": 2}}
    )
    llm = [submit(tenant), submit(tenant)]
    flux = [submit(tenant, f"{FLUX}/dev") for _ in range(3)]
    free = submit(tenant, "me/app")
    assert status_words(tenant, *llm) == ["run", "q0"]
    assert status_words(tenant, *flux, app=FLUX) == ["run", "run", "q0"]
    assert status_words(tenant, free, app="me/app") == ["run"]


def test_a_job_polled_to_its_end_frees_its_runner_immediately() -> None:
    tenant = one_runner(exchange())
    first, second = submit(tenant), submit(tenant)
    assert status_words(tenant, first, second, first, second) == ["run", "run", "done", "done"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_cancelled_job_leaves_the_queue(place: int) -> None:
    tenant = one_runner()
    first, *waiting = [submit(tenant) for _ in range(3)]
    assert tenant.cancel(ANY_LLM, waiting.pop(place))
    assert status_words(tenant, first, *waiting) == ["run", "q0"]


def test_an_aborted_run_frees_its_runner() -> None:
    tenant = one_runner(lasting_exchange(10, cancel="accepted"))
    first, second = submit(tenant), submit(tenant)
    tenant.clock.advance(3)
    tenant.cancel(ANY_LLM, first)
    tenant.clock.advance(60)
    assert end_times(tenant, first, second) == [3, 13]


def test_a_lost_runner_requeues_the_job_behind_the_others() -> None:
    tenant = one_runner(lasting_exchange(10, retries=1), runners=1)
    first, second = submit(tenant), submit(tenant)
    tenant.clock.advance(5)
    assert status_words(tenant, first, second) == ["run", "q0"]
    tenant.clock.advance(100)
    both = end_times(tenant, first, second)
    assert sorted(value for value in both if value is not None) in ([20, 40], [30, 40])
    assert [tenant.queue.jobs[id_].attempt for id_ in (first, second)] == [2, 2]


def test_many_short_runs_follow_each_other_without_a_gap() -> None:
    tenant = make_tenant_in(
        exchange({"text": "x", "timeline": [{"IN_PROGRESS": {"for": 10}}]}, times=1),
        exchange({"text": "x", "timeline": [{"IN_PROGRESS": {"for": 0}}]}),
        apps={"*": {"runners": 1}},
    )
    ids = [submit(tenant) for _ in range(4)]
    tenant.clock.advance(30)
    assert end_times(tenant, *ids) == [10, 10, 10, 10]


def test_scripted_steps_come_before_the_wait_for_a_runner() -> None:
    steps = [{"IN_QUEUE": {"for": 5, "position": 40}}, {"IN_PROGRESS": {"for": 10}}]
    tenant = one_runner(exchange({"text": "x", "timeline": steps}))
    ids = [submit(tenant) for _ in range(2)]
    assert status_words(tenant, *ids) == ["q40", "q40"]
    tenant.clock.advance(5)
    assert status_words(tenant, *ids) == ["run", "q0"]
    tenant.clock.advance(60)
    assert end_times(tenant, *ids) == [15, 25]


def test_a_job_waiting_past_its_deadline_ends_there_and_never_starts() -> None:
    tenant = one_runner()
    first, impatient, last = submit(tenant), submit(tenant, start_timeout_seconds=4), submit(tenant)
    tenant.clock.advance(60)
    assert end_times(tenant, first, impatient, last) == [10, 4, 20]
    job = tenant.queue.jobs[impatient]
    assert (job.rendered.outcome.status, job.units) == (504, None)


def test_a_run_past_the_timeout_of_its_app_frees_its_runner() -> None:
    tenant = make_tenant_in(
        lasting_exchange(10), apps={"*": {"runners": 1, "request_timeout": "3s"}}
    )
    ids = [submit(tenant) for _ in range(3)]
    tenant.clock.advance(60)
    assert end_times(tenant, *ids) == [3, 6, 9]
    assert tenant.queue.jobs[ids[0]].rendered.outcome.error_type == "request_timeout"


@pytest.mark.parametrize("clock", ["manual", "instant"])
async def test_a_status_stream_has_every_change_of_the_position(clock: str) -> None:
    tenant = one_runner(clock=clock)
    ids = [submit(tenant) for _ in range(3)]
    status_stream = tenant.stream_status(ANY_LLM, ids[-1], with_logs=False)
    seen = []
    for _ in range(9):
        seen += [
            (snapshot.status, snapshot.queue_position) for snapshot in status_stream.new_snapshots()
        ]
        if status_stream.is_over:
            break
        waiting = asyncio.create_task(status_stream.wait())
        await asyncio.sleep(0)
        if clock == "manual":
            tenant.clock.advance(10)
        await asyncio.wait_for(waiting, 5)
    assert seen == [
        ("IN_QUEUE", 1),
        ("IN_QUEUE", 0),
        ("IN_PROGRESS", None),
        ("COMPLETED", None),
    ]


def test_on_an_instant_clock_the_queue_moves_with_each_poll() -> None:
    tenant = one_runner(clock="instant")
    ids = [submit(tenant) for _ in range(3)]
    seen = status_words(tenant, *[ids[-1]] * 4)
    assert seen == ["q1", "q0", "run", "done"]
    assert end_times(tenant, *ids) == [10, 20, 30]


def test_a_job_that_is_dropped_to_make_room_leaves_the_runners() -> None:
    tenant = one_runner(limits=Limits(jobs=1))
    first = submit(tenant)
    tenant.clock.advance(100)
    tenant.result(ANY_LLM, first)
    second = submit(tenant)
    assert first not in tenant.queue.jobs
    assert status_words(tenant, second) == ["run"]


# Concurrency of the account


def limited(*exchanges: dict[str, Any], limit: int = 2) -> Tenant:
    return make_tenant_in(*(exchanges or (lasting_exchange(10),)), account={"concurrency": limit})


def test_the_concurrency_limit_counts_all_apps() -> None:
    tenant = limited()
    llm = [submit(tenant) for _ in range(2)]
    flux = submit(tenant, f"{FLUX}/dev")
    assert status_words(tenant, *llm) == ["run", "run"]
    assert status_words(tenant, flux, app=FLUX) == ["q0"]


async def test_over_the_limit_a_direct_run_gets_429_and_a_queue_request_waits() -> None:
    tenant = limited()
    ids = [submit(tenant) for _ in range(3)]
    with pytest.raises(ApiError) as caught:
        await tenant.run(make_call(via="run"))
    assert (caught.value.status, caught.value.body["data"]) == (429, {"limit": 2})
    with pytest.raises(ApiError):
        tenant.stream(make_call(via="stream"))
    assert status_words(tenant, *ids) == ["run", "run", "q0"]


async def test_a_job_that_ended_unread_does_not_count_as_running() -> None:
    tenant = limited(limit=1)
    submit(tenant)
    tenant.clock.advance(30)
    running_now = asyncio.create_task(tenant.run(make_call(via="run")))
    await asyncio.sleep(0)
    tenant.clock.advance(10)
    assert (await asyncio.wait_for(running_now, 5)).rendered.outcome.status == 200


async def test_a_direct_run_counts_until_it_ends() -> None:
    tenant = limited(limit=1)
    direct = asyncio.create_task(tenant.run(make_call(via="run")))
    await asyncio.sleep(0)
    waiting = submit(tenant)
    assert status_words(tenant, waiting) == ["q0"]
    tenant.clock.advance(10)
    await asyncio.wait_for(direct, 5)
    assert status_words(tenant, waiting) == ["run"]


async def test_an_abandoned_direct_run_stops_counting() -> None:
    tenant = limited(limit=1)
    direct = asyncio.create_task(tenant.run(make_call(via="run")))
    await asyncio.sleep(0)
    direct.cancel()
    await asyncio.wait([direct], timeout=5)
    assert status_words(tenant, submit(tenant)) == ["run"]


async def test_the_end_of_a_direct_run_starts_the_next_job() -> None:
    tenant = limited(limit=1)
    running = asyncio.create_task(tenant.run(make_call(via="run")))
    await asyncio.sleep(0)
    id_ = submit(tenant)
    assert status_words(tenant, id_) == ["q0"]
    tenant.clock.advance(10)
    await running
    (job,) = tenant.queue.jobs.values()
    assert job.state is State.RUNNING


def test_other_users_requests_are_ahead_of_waiting_jobs() -> None:
    tenant = one_runner(queue_length=500)
    ids = [submit(tenant) for _ in range(3)]
    assert status_words(tenant, *ids) == ["run", "q500", "q501"]
