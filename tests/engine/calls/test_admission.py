"""What job a call becomes."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.queue.job import Job
from fakefal.engine.queue.job_options import DEFAULT_JOB_OPTIONS
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.platform_options import DEFAULT_OPTIONS, PlatformOptions
from tests.building import exchange, make_call
from tests.engine.living import make_tenant_in


def job(
    reply: dict[str, Any] | None = None, wishes: PlatformOptions = DEFAULT_OPTIONS, **parts: Any
) -> Job:
    ending = {} if "fail" in (reply or {}) else {"text": "x"}
    tenant: Tenant = make_tenant_in(exchange({**ending, **(reply or {})}), **parts)
    return tenant.submit(make_call(wishes=wishes))


def shape(made: Job) -> str:
    return "".join(
        "g" if it.needs_runner else "q" if it.state == "IN_QUEUE" else "r" for it in made.steps
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
def test_where_nothing_is_asked_for_a_job_is_ordinary(
    reply: dict[str, Any], parts: dict[str, Any]
) -> None:
    assert job(reply, **parts).job_options is DEFAULT_JOB_OPTIONS


@pytest.mark.parametrize(
    ("reply", "wishes", "parts", "expected"),
    [
        ({}, PlatformOptions(start_timeout_seconds=4), {}, {"deadline": START + 4}),
        ({}, PlatformOptions(is_low_priority=True), {}, {"is_low": True}),
        ({"cancel": "accepted"}, DEFAULT_OPTIONS, {}, {"cancel": "accepted"}),
        ({"result_ttl": "2s"}, DEFAULT_OPTIONS, {}, {"keep_seconds": 2.0}),
        ({"retries": 2}, DEFAULT_OPTIONS, {}, {"marks": (2, 4)}),
        ({}, DEFAULT_OPTIONS, {"apps": {"*": {"request_timeout": 7}}}, {"run_seconds": 7.0}),
        ({}, DEFAULT_OPTIONS, {"apps": {"*": {"cancel": "too-late"}}}, {"cancel": "too-late"}),
        (
            {"cancel": "ignored"},
            DEFAULT_OPTIONS,
            {"apps": {"*": {"cancel": "accepted"}}},
            {"cancel": "ignored"},
        ),
    ],
)
def test_what_is_asked_for_is_how_it_behaves(
    reply: dict[str, Any], wishes: PlatformOptions, parts: dict[str, Any], expected: dict[str, Any]
) -> None:
    conduct = job(reply, wishes, **parts).job_options
    for name, value in expected.items():
        assert getattr(conduct, name) == value


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
def test_its_steps_have_a_wait_for_a_runner_where_runners_are_counted(
    reply: dict[str, Any], runners: int | None, expected: str
) -> None:
    apps: dict[str, Any] = {} if runners is None else {"apps": {"*": {"runners": runners}}}
    assert shape(job(reply, **apps)) == expected


@pytest.mark.parametrize(("wishes", "times", "units"), [({}, 9, 1), ({}, 10, None)])
def test_one_that_never_gets_through_fails_and_costs_nothing(
    wishes: dict[str, Any], times: int, units: int | None
) -> None:
    made = job({"retries": times}, PlatformOptions(**wishes))
    assert made.units == units
    assert made.rendered.outcome.is_success is (units is not None)


@pytest.mark.parametrize("tells", [True, False])
def test_a_models_own_failure_shows_in_the_status_if_it_is_to(tells: bool) -> None:
    options = {"error_in_status": tells}
    own = job({"fail": "no_media_generated", "timeline": []}, options=options)
    platforms = job({"fail": "runner_disconnected", "timeline": []}, options=options)
    expected = "Invalid status code: 422" if tells else None
    assert own.snapshot(with_logs=False).error == expected
    assert platforms.snapshot(with_logs=False).error == "Runner disconnected"


def test_the_requests_of_others_are_ahead_only_where_no_place_is_scripted() -> None:
    parts: dict[str, Any] = {"apps": {"*": {"queue_length": 12}}}
    assert job(**parts).submit_snapshot().queue_position == 12
    scripted = {"timeline": [{"IN_QUEUE": {"position": 3}}]}
    assert job(scripted, **parts).submit_snapshot().queue_position == 3


def test_the_trouble_of_its_answer_goes_with_it() -> None:
    trouble = job({"faults": {"submit": ["accepted-then-reset"]}}).fault
    assert trouble is not None
    assert trouble.name == "accepted-then-reset"
