from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.queue.job import State
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Call
from fakefal.protocol.errors.errors import ApiError
from fakefal.scenario.builder import build_exchange
from fakefal.scenario.model.scenario import Exchange
from fakefal.settings import Limits
from tests.building import (
    ANY_LLM,
    exchange,
    make_call,
    make_engine,
    make_tenant,
    tenant_of,
    timeline,
)


def text_of(tenant: Tenant, call: Call | None = None) -> str:
    """The output text of a queue call."""
    job = tenant.submit(call or make_call())
    return str(job.rendered.outcome.body["output"])


def rejection(tenant: Tenant, call: Call | None = None) -> ApiError:
    with pytest.raises(ApiError) as caught:
        tenant.submit(call or make_call())
    return caught.value


def own(reply: str, **fields: Any) -> Exchange:
    return build_exchange(exchange({"text": reply}, **fields))


# Invalid input


@pytest.mark.parametrize(
    ("input_", "type_"),
    [({"prompt": 5}, "string_type"), ({}, "missing"), ({"prompt": "x", "model": "y"}, "one_of")],
)
def test_invalid_input_is_queued_and_fails_with_the_result(input_: Any, type_: str) -> None:
    tenant = make_tenant()
    job = tenant.submit(make_call(input_=input_))
    outcome = job.rendered.outcome
    assert (outcome.status, job.units) == (422, 0)
    assert [item["type"] for item in outcome.body["detail"]] == [type_]


def test_invalid_input_uses_no_exchange() -> None:
    tenant = make_tenant(exchange(times=1))
    tenant.submit(make_call(input_={"prompt": 5}))
    assert text_of(tenant) == "Ship it."


def test_input_validation_can_be_disabled() -> None:
    tenant = make_tenant(exchange(), options={"validate": False})
    assert text_of(tenant, make_call(input_={"prompt": 5})) == "Ship it."


def test_a_body_that_is_not_json_fails_for_every_endpoint() -> None:
    tenant = make_tenant(exchange())
    validation_error = {"type": "json_invalid", "loc": ["body", 1]}
    job = tenant.submit(make_call("fal-ai/flux/dev", validation_errors=(validation_error,)))
    assert job.rendered.outcome.body == {"detail": [validation_error]}


# Failures


def test_an_account_failure_is_raised_at_submit() -> None:
    tenant = make_tenant(exchange({"fail": "exhausted-balance"}))
    error = rejection(tenant)
    assert error.status == 403
    assert tenant.queue.jobs == {}
    assert [entry.status for entry in tenant.journal] == [403]


@pytest.mark.parametrize("shown", [True, False])
def test_a_flag_decides_whether_the_status_has_the_models_error(shown: bool) -> None:
    tenant = make_tenant(exchange({"fail": {"type": "x"}}), options={"error_in_status": shown})
    job = tenant.submit(make_call())
    status_error = job.rendered.outcome.error
    assert status_error == ("Invalid status code: 422" if shown else None)


def test_the_status_always_has_a_platform_error() -> None:
    tenant = make_tenant(
        exchange({"fail": "runner_disconnected"}), options={"error_in_status": False}
    )
    outcome = tenant.submit(make_call()).rendered.outcome
    assert (outcome.error, outcome.error_type) == ("Runner disconnected", "runner_disconnected")


@pytest.mark.parametrize(
    "reply",
    [
        {"text": "{{ input.missing }}"},
        {"output": {"a": ["{{ input.missing }}"]}},
        {"fail": {"status": 500, "body": {"detail": "{{ input.missing }}"}}},
    ],
)
def test_a_template_that_cannot_be_rendered_is_a_500_with_its_location(reply: Any) -> None:
    tenant = make_tenant(exchange(reply, id="broken"))
    error = rejection(tenant)
    assert error.status == 500
    assert '("broken")' in error.body["detail"]
    (entry,) = tenant.journal
    assert (entry.status, entry.label) == (500, '"broken"')
    assert entry.note == error.body["detail"]


def test_a_template_of_a_stream_fails_before_the_first_byte() -> None:
    events = [{"good": 1}, {"bad": "{{ input.missing }}"}]
    tenant = make_tenant(exchange({"stream": {"events": events}}))
    with pytest.raises(ApiError, match="500"):
        tenant.stream(make_call(via="stream"))
    assert [entry.status for entry in tenant.journal] == [500]


# Reads


@pytest.mark.parametrize("app", ["fal-ai/other", "other/any-llm", "fal-ai/any-llm/vision"])
def test_a_job_is_found_under_its_own_app_only(app: str) -> None:
    tenant = make_tenant()
    job = tenant.submit(make_call("fal-ai/any-llm/vision", input_={"prompt": "x"}))
    assert tenant.status(ANY_LLM, job.id, with_logs=False).request_id == job.id
    with pytest.raises(ApiError) as caught:
        tenant.status(app, job.id, with_logs=False)
    assert (caught.value.status, caught.value.body) == (404, {"status": "NOT_FOUND"})


def test_polls_of_one_job_do_not_count_for_another() -> None:
    tenant = make_tenant()
    one, other = tenant.submit(make_call()), tenant.submit(make_call())
    for _ in range(3):
        tenant.status(ANY_LLM, one.id, with_logs=False)
    assert (one.state, other.state) == (State.COMPLETED, State.QUEUED)


def test_the_result_is_available_after_the_end_only() -> None:
    tenant = make_tenant()
    job = tenant.submit(make_call())
    assert tenant.result(ANY_LLM, job.id) is None
    for _ in range(2):
        tenant.status(ANY_LLM, job.id, with_logs=False)
    assert [tenant.result(ANY_LLM, job.id) for _ in range(2)] == [job, job]


def test_a_caller_that_only_requests_the_result_gets_it() -> None:
    tenant = make_tenant()
    job = tenant.submit(make_call())
    found = [tenant.result(ANY_LLM, job.id) for _ in range(4)]
    assert found == [None, None, None, job]


def test_on_the_instant_clock_a_step_of_time_is_shown_once() -> None:
    steps = [{"IN_QUEUE": {"for": "1h"}}, {"IN_PROGRESS": {"for": "2h"}}]
    tenant = make_tenant(timeline(*steps), clock="instant")
    job = tenant.submit(make_call())
    shown = [tenant.status(ANY_LLM, job.id, with_logs=False).status for _ in range(3)]
    assert shown == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    assert tenant.clock.now() == START + 3 * 3600


def test_on_the_manual_clock_a_step_of_time_is_shown_until_it_has_passed() -> None:
    tenant = make_tenant(timeline({"IN_QUEUE": {"for": "1h"}}))
    job = tenant.submit(make_call())
    shown = [tenant.status(ANY_LLM, job.id, with_logs=False).status for _ in range(5)]
    assert shown == ["IN_QUEUE"] * 5
    tenant.clock.advance(3600)
    assert tenant.status(ANY_LLM, job.id, with_logs=False).status == "COMPLETED"


# Cancels


def test_a_cancel_in_the_queue_ends_the_call_with_499_and_costs_nothing() -> None:
    tenant = make_tenant()
    job = tenant.submit(make_call())
    assert tenant.cancel(ANY_LLM, job.id)
    snapshot = tenant.status(ANY_LLM, job.id, with_logs=False)
    assert (snapshot.status, snapshot.error, snapshot.error_type, snapshot.inference_time) == (
        "COMPLETED",
        "Request was cancelled",
        "client_cancelled",
        None,
    )
    found = tenant.result(ANY_LLM, job.id)
    assert found is not None
    assert (found.rendered.outcome.status, found.units) == (499, None)


def test_a_repeated_cancel_is_harmless() -> None:
    tenant = make_tenant()
    job = tenant.submit(make_call())
    assert [tenant.cancel(ANY_LLM, job.id) for _ in range(3)] == [True] * 3


def test_a_cancel_while_running_is_accepted_and_ignored() -> None:
    tenant = make_tenant(timeline("IN_PROGRESS"))
    job = tenant.submit(make_call())
    assert tenant.cancel(ANY_LLM, job.id)
    tenant.status(ANY_LLM, job.id, with_logs=False)
    found = tenant.result(ANY_LLM, job.id)
    assert found is not None
    assert (found.rendered.outcome.status, found.units) == (200, 1)


def test_a_cancel_after_completion_is_rejected() -> None:
    tenant = make_tenant(timeline())
    job = tenant.submit(make_call())
    assert not tenant.cancel(ANY_LLM, job.id)
    assert [entry.status for entry in tenant.journal] == [200, 400]


def test_a_cancelled_request_can_be_made_unreadable() -> None:
    tenant = make_tenant(exchange(), options={"reads_after_cancel": "not-found"})
    job = tenant.submit(make_call())
    tenant.cancel(ANY_LLM, job.id)
    for read in (tenant.status, tenant.stream_status):
        with pytest.raises(ApiError, match="404"):
            read(ANY_LLM, job.id, with_logs=False)
    with pytest.raises(ApiError, match="404"):
        tenant.result(ANY_LLM, job.id)


# Direct calls


async def test_a_direct_run_lasts_as_long_as_the_run_without_the_queue() -> None:
    tenant = make_tenant(timeline({"IN_QUEUE": {"for": "9s"}}, {"IN_PROGRESS": {"for": "2s"}}))
    task = asyncio.create_task(tenant.run(make_call(via="run")))
    await asyncio.sleep(0)
    tenant.clock.advance(1.9)
    await asyncio.sleep(0)
    assert not task.done()
    tenant.clock.advance(0.1)
    resolution = await asyncio.wait_for(task, 5)
    assert resolution.rendered.outcome.status == 200
    assert [entry.at for entry in tenant.journal] == [START + 2]


async def test_a_direct_run_that_fails_is_a_resolution_too() -> None:
    tenant = make_tenant(exchange({"fail": "runner_disconnected"}, id="lost"))
    resolution = await tenant.run(make_call(via="run"))
    assert (resolution.rendered.outcome.status, resolution.label) == (503, '"lost"')


def test_a_stream_that_fails_is_rejected_before_it_starts() -> None:
    tenant = make_tenant(exchange({"fail": "runner_disconnected"}))
    with pytest.raises(ApiError) as caught:
        tenant.stream(make_call(via="stream"))
    assert caught.value.status == 503
    assert caught.value.request_id


# Bounds


def test_the_oldest_finished_job_is_dropped() -> None:
    tenant = make_tenant(limits=Limits(jobs=2))
    first, second = tenant.submit(make_call()), tenant.submit(make_call())
    for _ in range(2):
        tenant.status(ANY_LLM, second.id, with_logs=False)
    tenant.result(ANY_LLM, second.id)
    third = tenant.submit(make_call())
    assert list(tenant.queue.jobs) == [first.id, third.id]


def test_if_none_has_finished_the_newcomer_is_refused() -> None:
    tenant = make_tenant(limits=Limits(jobs=2))
    ids = [tenant.submit(make_call()).id for _ in range(2)]
    for _ in range(2):
        with pytest.raises(ApiError) as caught:
            tenant.submit(make_call())
        assert caught.value.status == 429
    assert list(tenant.queue.jobs) == ids


def test_a_tenant_is_idle_only_without_anything_alive() -> None:
    tenant = make_tenant()
    assert tenant.is_idle
    job = tenant.submit(make_call())
    assert not tenant.is_idle
    for _ in range(2):
        tenant.status(ANY_LLM, job.id, with_logs=False)
    assert not tenant.is_idle
    tenant.result(ANY_LLM, job.id)
    assert tenant.is_idle
    tenant.close_callbacks.add(lambda: None)
    assert not tenant.is_idle


def test_a_rejection_before_matching_is_journalled() -> None:
    tenant = tenant_of(make_engine())
    tenant.record_rejection("an-id", 400, "bad header")
    assert [(entry.kind, entry.status, entry.note) for entry in tenant.journal] == [
        ("refused", 400, "bad header")
    ]
