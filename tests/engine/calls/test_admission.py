"""The job of a call: options, steps, outcome."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.queue.job import Job
from fakefal.engine.queue.job_options import DEFAULT_JOB_OPTIONS
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.platform_options import DEFAULT_OPTIONS, PlatformOptions
from tests.building import exchange, make_call
from tests.engine.tenants import make_tenant_in


def make_admitted_job(
    reply: dict[str, Any] | None = None,
    platform_options: PlatformOptions = DEFAULT_OPTIONS,
    **parts: Any,
) -> Job:
    success = {} if "fail" in (reply or {}) else {"text": "x"}
    tenant: Tenant = make_tenant_in(exchange({**success, **(reply or {})}), **parts)
    return tenant.submit(make_call(platform_options=platform_options))


def shape(job: Job) -> str:
    return "".join(
        "g" if step.needs_runner else "q" if step.state == "IN_QUEUE" else "r" for step in job.steps
    )


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        ({}, {}),
        ({"timeline": []}, {"account": {"state": "bad-key", "after": 9}}),
        ({}, {"apps": {"me/*": "removed"}}),
        ({}, {"faults": {"status": "500"}}),
        ({"stream": {"cut": {}}}, {}),
    ],
)
def test_without_options_a_job_has_the_default_options(
    reply: dict[str, Any], parts: dict[str, Any]
) -> None:
    assert make_admitted_job(reply, **parts).job_options is DEFAULT_JOB_OPTIONS


@pytest.mark.parametrize(
    ("reply", "options", "parts", "expected"),
    [
        ({}, PlatformOptions(start_timeout_seconds=4), {}, {"start_deadline": START + 4}),
        ({}, PlatformOptions(is_low_priority=True), {}, {"is_low_priority": True}),
        ({"cancel": "accepted"}, DEFAULT_OPTIONS, {}, {"cancel": "accepted"}),
        ({"result_ttl": "2s"}, DEFAULT_OPTIONS, {}, {"result_ttl_seconds": 2.0}),
        ({"retries": 2}, DEFAULT_OPTIONS, {}, {"attempt_starts": (2, 4)}),
        ({}, DEFAULT_OPTIONS, {"apps": {"*": {"request_timeout": 7}}}, {"max_run_seconds": 7.0}),
        ({}, DEFAULT_OPTIONS, {"apps": {"*": {"cancel": "too-late"}}}, {"cancel": "too-late"}),
        (
            {"cancel": "ignored"},
            DEFAULT_OPTIONS,
            {"apps": {"*": {"cancel": "accepted"}}},
            {"cancel": "ignored"},
        ),
    ],
)
def test_options_of_caller_app_and_reply_become_job_options(
    reply: dict[str, Any], options: PlatformOptions, parts: dict[str, Any], expected: dict[str, Any]
) -> None:
    made_options = make_admitted_job(reply, options, **parts).job_options
    for name, value in expected.items():
        assert getattr(made_options, name) == value


@pytest.mark.parametrize(
    ("reply", "runners", "expected"),
    [
        ({}, None, "qr"),
        ({}, 1, "gr"),
        ({"timeline": ["IN_QUEUE", "IN_PROGRESS"]}, 1, "qgr"),
        ({"timeline": []}, 1, "g"),
        ({"retries": 1}, None, "qrqr"),
        ({"retries": 1}, 1, "grgr"),
    ],
)
def test_limited_runners_add_a_wait_for_a_runner(
    reply: dict[str, Any], runners: int | None, expected: str
) -> None:
    apps: dict[str, Any] = {} if runners is None else {"apps": {"*": {"runners": runners}}}
    assert shape(make_admitted_job(reply, **apps)) == expected


@pytest.mark.parametrize(("options", "times", "units"), [({}, 9, 1), ({}, 10, None)])
def test_a_job_that_fails_all_attempts_costs_nothing(
    options: dict[str, Any], times: int, units: int | None
) -> None:
    job = make_admitted_job({"retries": times}, PlatformOptions(**options))
    assert job.units == units
    assert job.rendered.outcome.is_success is (units is not None)


@pytest.mark.parametrize("shows", [True, False])
def test_the_error_of_a_model_is_in_the_status_if_the_flag_says_so(shows: bool) -> None:
    options = {"error_in_status": shows}
    own = make_admitted_job({"fail": "no_media_generated", "timeline": []}, options=options)
    platforms = make_admitted_job({"fail": "runner_disconnected", "timeline": []}, options=options)
    expected = "Invalid status code: 422" if shows else None
    assert own.snapshot(with_logs=False).error == expected
    assert platforms.snapshot(with_logs=False).error == "Runner disconnected"


@pytest.mark.parametrize(
    ("reply", "has_time"),
    [
        ({"fail": "no_media_generated"}, True),
        ({"fail": "cancelled_by_app"}, True),
        ({"fail": "runner_disconnected"}, False),
        ({"fail": "runner_disconnected", "inference_time": "3s"}, True),
    ],
)
def test_failures_of_the_model_have_an_inference_time(
    reply: dict[str, Any], has_time: bool
) -> None:
    job = make_admitted_job({**reply, "timeline": []})
    assert (job.snapshot(with_logs=False).inference_time is not None) is has_time


def test_a_reply_may_show_its_error_in_the_status() -> None:
    reply = {"fail": "no_media_generated", "timeline": [], "error_in_status": True}
    assert make_admitted_job(reply).snapshot(with_logs=False).error == "Invalid status code: 422"
    reply = {**reply, "error_in_status": False}
    job = make_admitted_job(reply, options={"error_in_status": True})
    assert job.snapshot(with_logs=False).error is None


def test_other_users_queue_counts_only_without_a_scripted_position() -> None:
    parts: dict[str, Any] = {"apps": {"*": {"queue_length": 12}}}
    assert make_admitted_job(**parts).submit_snapshot().queue_position == 12
    scripted = {"timeline": [{"IN_QUEUE": {"position": 3}}]}
    assert make_admitted_job(scripted, **parts).submit_snapshot().queue_position == 3


def test_the_job_has_the_fault_of_its_resolution() -> None:
    submit_fault = make_admitted_job({"faults": {"submit": ["accepted-then-reset"]}}).fault
    assert submit_fault is not None
    assert submit_fault.name == "accepted-then-reset"


@pytest.mark.parametrize(
    ("reply", "parts", "expected"),
    [
        ({}, {}, ""),
        ({"timeline": ["IN_QUEUE"]}, {}, "q"),
        ({"retries": 1}, {}, "rqr"),
        ({}, {"apps": {"fal-ai/*": {"runners": 1}}}, "g"),
        ({}, {"apps": {"fal-ai/*": {"queue_length": 3}}}, "qr"),
    ],
)
def test_without_a_default_timeline_only_scripted_steps_remain(
    reply: dict[str, Any], parts: dict[str, Any], expected: str
) -> None:
    job = make_admitted_job(reply, options={"default_timeline": "none"}, **parts)
    assert shape(job) == expected
    assert job.is_over is (expected in ("", "g"))  # a free runner is taken immediately
