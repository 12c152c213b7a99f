"""Jobs with options: start deadlines, timeouts, cancels, lost runners."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.queue.job import Job, State
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.platform_options import PlatformOptions
from fakefal.protocol.errors.errors import ApiError
from tests.building import ANY_LLM, exchange, make_call, timeline
from tests.engine.tenants import end_times, make_tenant_in, status_word, status_words, submit

QUEUED = {"IN_QUEUE": {"for": 5}}
RUNNING = {"IN_PROGRESS": {"for": 10}}
STUCK = {"IN_QUEUE": {"forever": True}}
ENDLESS = {"IN_PROGRESS": {"forever": True}}


def end_of(tenant: Tenant, id_: str) -> tuple[float | None, int, str | None]:
    """When a job ended, its status, and its error type."""
    (instant,) = end_times(tenant, id_)
    outcome = tenant.queue.jobs[id_].rendered.outcome
    return instant, outcome.status, outcome.error_type


def headers_of(job: Job) -> dict[str, str]:
    return dict(job.rendered.outcome.headers)


# The deadline for starting (X-Fal-Request-Timeout)


@pytest.mark.parametrize(
    ("steps", "seconds", "expected"),
    [
        ([QUEUED, RUNNING], 4, (4, 504, "request_timeout")),
        ([QUEUED, RUNNING], 5, (15, 200, None)),
        ([QUEUED, RUNNING], 6, (15, 200, None)),
        ([STUCK], 30, (30, 504, "request_timeout")),
        ([RUNNING], 1.5, (10, 200, None)),
        ([RUNNING, QUEUED, RUNNING], 12, (12, 504, "request_timeout")),
        ([RUNNING, QUEUED, RUNNING], 8, (10, 504, "request_timeout")),
        ([RUNNING, QUEUED, RUNNING], 15, (25, 200, None)),
        (["IN_QUEUE", RUNNING], 4, (4, 504, "request_timeout")),
    ],
)
@pytest.mark.parametrize("read_count", [1, 100])
def test_a_job_not_started_by_the_deadline_ends_there(
    steps: list[Any], seconds: float, expected: tuple[float, int, str | None], read_count: int
) -> None:
    tenant = make_tenant_in(timeline(*steps))
    id_ = submit(tenant, start_timeout_seconds=seconds)
    for _ in range(read_count):
        tenant.clock.advance(100 / read_count)
        tenant.queue.advance_job(tenant.queue.jobs[id_], tenant.clock.now())
    assert end_of(tenant, id_) == expected


def test_the_504_of_a_start_deadline_is_a_user_timeout() -> None:
    tenant = make_tenant_in(timeline(STUCK))
    id_ = submit(tenant, start_timeout_seconds=2)
    tenant.clock.advance(2)
    assert status_word(tenant, id_) == "done"
    job = tenant.result(ANY_LLM, id_)
    assert job is not None
    assert headers_of(job)["X-Fal-Request-Timeout-Type"] == "user"
    assert job.units is None
    assert tenant.cancel(ANY_LLM, id_) is False


def test_an_instant_clock_jumps_to_the_start_deadline() -> None:
    tenant = make_tenant_in(timeline(STUCK), clock="instant")
    id_ = submit(tenant, start_timeout_seconds=2)
    assert status_words(tenant, id_, id_) == ["q0", "done"]


async def test_a_direct_run_that_starts_too_late_is_rejected_after_its_wait() -> None:
    tenant = make_tenant_in(timeline(QUEUED, RUNNING), clock="instant")
    before = tenant.clock.now()
    mode = await tenant.run(
        make_call(via="run", platform_options=PlatformOptions(start_timeout_seconds=3))
    )
    outcome = mode.rendered.outcome
    assert (outcome.status, tenant.clock.now() - before) == (504, 3)
    assert dict(outcome.headers)["X-Fal-Request-Timeout-Type"] == "user"
    in_time = await tenant.run(
        make_call(via="run", platform_options=PlatformOptions(start_timeout_seconds=5))
    )
    assert in_time.rendered.outcome.status == 200


# The request timeout of the app


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([QUEUED, RUNNING], (8, 504, "request_timeout")),
        ([QUEUED, {"IN_PROGRESS": {"for": 3}}], (8, 200, None)),
        ([QUEUED, ENDLESS], (8, 504, "request_timeout")),
        ([QUEUED, "IN_PROGRESS"], (8, 504, "request_timeout")),
        (
            [QUEUED, {"IN_PROGRESS": {"for": 2}}, {"IN_PROGRESS": {"for": 2}}],
            (8, 504, "request_timeout"),
        ),
        (
            [{"IN_PROGRESS": {"for": 2}}, QUEUED, {"IN_PROGRESS": {"for": 2}}],
            (9, 200, None),
        ),
        ([STUCK], (None, 200, None)),
    ],
)
def test_a_run_longer_than_the_app_allows_ends_in_a_504(
    steps: list[Any], expected: tuple[float | None, int, str | None]
) -> None:
    tenant = make_tenant_in(timeline(*steps), apps={"*": {"request_timeout": "3s"}})
    id_ = submit(tenant)
    tenant.clock.advance(100)
    assert end_of(tenant, id_) == expected


async def test_so_does_a_direct_run() -> None:
    tenant = make_tenant_in(
        timeline(RUNNING), apps={"*": {"request_timeout": "3s"}}, clock="instant"
    )
    before = tenant.clock.now()
    mode = await tenant.run(make_call(via="run"))
    assert (mode.rendered.outcome.status, tenant.clock.now() - before) == (504, 3)
    assert "X-Fal-Request-Timeout-Type" not in dict(mode.rendered.outcome.headers)


# Cancels, in every state (docs/reference/protocol.md#cancel)


def job_in(state: str, reply: dict[str, Any], app: dict[str, Any]) -> tuple[Tenant, str]:
    """A job in a state."""
    tenant = make_tenant_in(exchange({"text": "x", **reply}), apps={"*": app} if app else {})
    id_ = submit(tenant)
    for _ in range({"queued": 0, "running": 1, "over": 2}[state]):
        status_word(tenant, id_)
    return tenant, id_


CANCELS = [
    ("queued", "ignored", True, State.CANCELLED, 499, "done"),
    ("running", "ignored", True, State.RUNNING, 200, "run"),
    ("over", "ignored", False, State.COMPLETED, 200, "done"),
    ("queued", "accepted", True, State.CANCELLED, 499, "done"),
    ("running", "accepted", True, State.COMPLETED, 499, "done"),
    ("over", "accepted", False, State.COMPLETED, 200, "done"),
    ("queued", "too-late", True, State.QUEUED, 200, "q0"),
    ("running", "too-late", True, State.RUNNING, 200, "run"),
    ("over", "too-late", False, State.COMPLETED, 200, "done"),
]


@pytest.mark.parametrize(("state", "mode", "accepted", "after", "status", "shown"), CANCELS)
@pytest.mark.parametrize("where", ["reply", "app"])
def test_the_app_decides_what_a_cancel_does(
    state: str, mode: str, accepted: bool, after: State, status: int, shown: str, where: str
) -> None:
    cancel_option = {"cancel": mode}
    tenant, id_ = job_in(
        state, cancel_option if where == "reply" else {}, cancel_option if where == "app" else {}
    )
    assert tenant.cancel(ANY_LLM, id_) is accepted
    assert tenant.queue.jobs[id_].state is after
    assert status_word(tenant, id_) == shown
    for _ in range(3):
        status_word(tenant, id_)
    job = tenant.result(ANY_LLM, id_)
    assert job is not None
    assert job.rendered.outcome.status == status


def test_a_reply_overrides_its_app() -> None:
    tenant, id_ = job_in("running", {"cancel": "ignored"}, {"cancel": "accepted"})
    assert tenant.cancel(ANY_LLM, id_)
    assert status_word(tenant, id_) == "run"


@pytest.mark.parametrize("mode", ["ignored", "too-late"])
@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_repeated_cancel_is_harmless(state: str, mode: str) -> None:
    tenant, id_ = job_in(state, {"cancel": mode}, {})
    assert [tenant.cancel(ANY_LLM, id_) for _ in range(3)] == [True] * 3


def test_an_aborted_run_has_the_error_of_the_app() -> None:
    tenant, id_ = job_in("running", {"cancel": "accepted"}, {})
    tenant.cancel(ANY_LLM, id_)
    job = tenant.result(ANY_LLM, id_)
    assert job is not None
    assert job.rendered.outcome.body == {"detail": "Request cancelled by the client."}
    assert job.units is None


@pytest.mark.parametrize(("reads", "expected"), [("completed", "done"), ("not-found", "404")])
def test_reads_after_a_cancel_are_a_flag(reads: str, expected: str) -> None:
    tenant = make_tenant_in(options={"reads_after_cancel": reads})
    id_ = submit(tenant)
    tenant.cancel(ANY_LLM, id_)
    assert status_word(tenant, id_) == expected


# Lost runners (docs/reference/protocol.md#limits-and-retries)


def test_a_lost_runner_requeues_the_job_under_another_gateway_id() -> None:
    tenant = make_tenant_in(exchange({"text": "x", "retries": 2}))
    id_ = submit(tenant)
    job = tenant.queue.jobs[id_]
    seen, gateways = [], []
    for _ in range(7):
        gateways.append((job.attempt, job.gateway_id))
        seen.append(status_word(tenant, id_))
    assert seen == ["q0", "run"] * 3 + ["done"]
    assert [attempt for attempt, _ in gateways] == [1, 1, 2, 2, 3, 3, 3]
    assert gateways[0][1] == id_
    assert len({gateway for _, gateway in gateways}) == 3
    assert job.id == id_


@pytest.mark.parametrize(
    ("retries", "options", "polls", "status"),
    [
        (9, {}, 20, 200),
        (10, {}, 20, 503),
        (1, {"may_retry": False}, 2, 503),
        (3, {"retry_budgets": {"connection_error": 1}}, 4, 503),
        (3, {"retry_budgets": {"timeout": 1}}, 8, 200),
        ({"times": 2, "after": "request_timeout"}, {"retry_budgets": {"timeout": 1}}, 4, 504),
        ({"times": 0}, {}, 2, 200),
    ],
)
def test_the_platform_retries_as_often_as_allowed(
    retries: Any, options: dict[str, Any], polls: int, status: int
) -> None:
    tenant = make_tenant_in(exchange({"text": "x", "retries": retries}))
    id_ = submit(tenant, **options)
    seen = status_words(tenant, *[id_] * (polls + 1))
    assert "done" not in seen[:-1]
    assert seen[-1] == "done"
    job = tenant.result(ANY_LLM, id_)
    assert job is not None
    assert job.rendered.outcome.status == status
    assert (job.units is None) == (status != 200)


async def test_a_direct_run_is_not_retried() -> None:
    tenant = make_tenant_in(exchange({"text": "x", "retries": {"after": "startup_timeout"}}))
    mode = await tenant.run(make_call(via="run"))
    assert mode.rendered.outcome.error_type == "startup_timeout"


# The longest queue that a caller accepts


@pytest.mark.parametrize(
    ("foreign", "allowed", "code"), [(500, 499, 429), (500, 500, 200), (0, 0, 200)]
)
def test_a_longer_queue_than_allowed_rejects_the_call(
    foreign: int, allowed: int, code: int
) -> None:
    tenant = make_tenant_in(apps={"*": {"queue_length": foreign}})
    try:
        submit(tenant, max_queue_length=allowed)
        code_seen = 200
    except ApiError as error:
        code_seen = error.status
    assert code_seen == code
    assert [(entry.kind, entry.status) for entry in tenant.journal] == [("call", code)]


def test_only_waiting_requests_of_the_same_app_are_counted() -> None:
    tenant = make_tenant_in(timeline(QUEUED, RUNNING))
    submit(tenant, "fal-ai/flux")
    cancelled = submit(tenant)
    tenant.cancel(ANY_LLM, cancelled)
    submit(tenant)
    tenant.clock.advance(5)
    submit(tenant)
    submit(tenant, max_queue_length=1)
    with pytest.raises(ApiError) as caught:
        submit(tenant, max_queue_length=1)
    assert caught.value.body == {
        "detail": "Queue length 2 exceeds the maximum of 1 (fal_max_queue_length)"
    }


def test_the_position_starts_at_other_users_queue_length() -> None:
    tenant = make_tenant_in(apps={"*": {"queue_length": 12}})
    assert status_word(tenant, submit(tenant)) == "q12"
