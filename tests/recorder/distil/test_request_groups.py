from __future__ import annotations

import pytest

from fakefal.recorder.capture.captures import Capture
from fakefal.recorder.distil.request_groups import group_captures
from tests.recorder.sessions import (
    ANY_LLM,
    ID,
    JobCaptures,
    make_capture,
    make_request,
    make_run,
    make_stream,
)


def test_captures_of_a_queue_request_are_grouped() -> None:
    job = (
        JobCaptures()
        .add_submit()
        .add_poll(0.1, "IN_QUEUE", 0)
        .add_cancel(0.2)
        .add_result(0.3, 1)
        .add_webhook(0.4, 1)
    )
    stream = make_capture(0.15, make_request("GET", "queue.fal.run", f"{job.path}/status/stream"))
    read = make_capture(0.35, make_request("GET", "queue.fal.run", f"{job.path}/response/"))
    groups = group_captures([*job.captures, stream, read])
    job_group = groups.jobs[ID]
    lists = (
        job_group.statuses,
        job_group.streams,
        job_group.results,
        job_group.cancels,
        job_group.webhooks,
    )
    assert [len(captures) for captures in lists] == [1, 1, 2, 1, 1]
    assert job_group.endpoint.text == ANY_LLM
    assert job_group.is_finished
    assert groups.unsupported == []


def test_direct_calls_and_streams_are_distinguished() -> None:
    groups = group_captures([make_run(body=1), make_stream([{"n": 1}], [0.0])])
    assert [(direct.via, direct.endpoint.text) for direct in groups.direct] == [
        ("run", "acme/app"),
        ("stream", ANY_LLM),
    ]


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (
            make_request("GET", "fal.run", "/acme/app/health"),
            "GET of an endpoint cannot be replayed",
        ),
        (make_request("POST", "fal.run", "/x"), "the path names no endpoint"),
        (make_request("GET", "queue.fal.run", "/x"), "it does not call an endpoint"),
        (
            make_request("POST", "queue.fal.run", f"/acme/app/requests/{ID}/status"),
            "the queue API has no POST here",
        ),
        (
            make_request("GET", "api.fal.ai", "/v1/models"),
            "scenarios do not cover api.fal.ai",
        ),
        (
            make_request("GET", "rest.fal.ai", "/workflows/x"),
            "scenarios do not cover rest.fal.ai",
        ),
    ],
)
def test_unsupported_requests_have_a_reason(request_: object, why: str) -> None:
    ((_, reason),) = group_captures([make_capture(0, request_)]).unsupported  # type: ignore[arg-type]
    assert reason.startswith(why)


def test_requests_that_need_no_exchange_are_ignored() -> None:
    captures = [
        make_capture(0, make_request("POST", "rest.fal.ai", "/tokens/"), 200, "t"),
        make_capture(1, make_request("GET", "rest.fal.ai", "/.well-known/jwks.json")),
        make_capture(2, make_request("OPTIONS", "fal.run", "/acme/app")),
        make_capture(
            3, make_request("GET", "queue.fal.run", "/acme/app/requests/unknown/status"), 404
        ),
    ]
    groups = group_captures(captures)
    assert (len(groups.ignored), groups.unsupported, groups.jobs) == (4, [], {})


def test_a_webhook_of_an_unknown_request_is_unsupported() -> None:
    (hook,) = JobCaptures().add_webhook(0, 1).captures
    assert [why for _, why in group_captures([hook]).unsupported] == [
        "the webhook belongs to no recorded request"
    ]


def test_failed_submits_are_not_jobs() -> None:
    refused: Capture = make_capture(
        0, make_request("POST", "queue.fal.run", "/acme/app", {}), 403, {"detail": "no"}
    )
    odd: Capture = make_capture(
        1, make_request("POST", "queue.fal.run", "/acme/app", {}), 200, b"<p>"
    )
    assert [capture for _, capture in group_captures([odd, refused]).refused] == [refused, odd]
