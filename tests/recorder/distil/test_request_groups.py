from __future__ import annotations

import pytest

from fakefal.recorder.capture.captures import Capture
from fakefal.recorder.distil.request_groups import group_captures
from tests.recorder.talking import (
    ANY_LLM,
    ID,
    JobCaptures,
    make_capture,
    make_request,
    make_run,
    make_stream,
)


def test_a_queue_request_is_gathered_with_all_about_it() -> None:
    job = (
        JobCaptures()
        .add_submit()
        .add_poll(0.1, "IN_QUEUE", 0)
        .add_cancel(0.2)
        .add_result(0.3, 1)
        .add_webhook(0.4, 1)
    )
    watched = make_capture(0.15, make_request("GET", "queue.fal.run", f"{job.path}/status/stream"))
    answered = make_capture(0.35, make_request("GET", "queue.fal.run", f"{job.path}/response/"))
    found = group_captures([*job.captures, watched, answered])
    gathered = found.jobs[ID]
    lists = (
        gathered.statuses,
        gathered.streams,
        gathered.results,
        gathered.cancels,
        gathered.webhooks,
    )
    assert [len(it) for it in lists] == [1, 1, 2, 1, 1]
    assert gathered.endpoint.text == ANY_LLM
    assert gathered.is_finished
    assert found.unsupported == []


def test_direct_calls_are_told_from_streams() -> None:
    found = group_captures([make_run(body=1), make_stream([{"n": 1}], [0.0])])
    assert [(it.via, it.endpoint.text) for it in found.direct] == [
        ("run", "acme/app"),
        ("stream", ANY_LLM),
    ]


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (make_request("GET", "fal.run", "/acme/app/health"), "GET of an endpoint is not replayed"),
        (make_request("POST", "fal.run", "/x"), "the path names no endpoint"),
        (make_request("GET", "queue.fal.run", "/x"), "no endpoint is called by it"),
        (
            make_request("POST", "queue.fal.run", f"/acme/app/requests/{ID}/status"),
            "POST is nothing",
        ),
        (
            make_request("GET", "api.fal.ai", "/v1/models"),
            "a scenario says nothing about api.fal.ai",
        ),
        (
            make_request("GET", "rest.fal.ai", "/workflows/x"),
            "a scenario says nothing about rest.fal.ai",
        ),
    ],
)
def test_what_is_of_no_use_is_told(request_: object, why: str) -> None:
    ((_, told),) = group_captures([make_capture(0, request_)]).unsupported  # type: ignore[arg-type]
    assert told.startswith(why)


def test_what_every_fake_answers_by_itself_is_silent() -> None:
    captures = [
        make_capture(0, make_request("POST", "rest.fal.ai", "/tokens/"), 200, "t"),
        make_capture(1, make_request("GET", "rest.fal.ai", "/.well-known/jwks.json")),
        make_capture(2, make_request("OPTIONS", "fal.run", "/acme/app")),
        make_capture(
            3, make_request("GET", "queue.fal.run", "/acme/app/requests/unknown/status"), 404
        ),
    ]
    found = group_captures(captures)
    assert (len(found.ignored), found.unsupported, found.jobs) == (4, [], {})


def test_a_webhook_of_nobody_is_told() -> None:
    (hook,) = JobCaptures().add_webhook(0, 1).captures
    assert [why for _, why in group_captures([hook]).unsupported] == [
        "the webhook is of no request that was recorded"
    ]


def test_a_submit_that_failed_is_of_no_request() -> None:
    refused: Capture = make_capture(
        0, make_request("POST", "queue.fal.run", "/acme/app", {}), 403, {"detail": "no"}
    )
    odd: Capture = make_capture(
        1, make_request("POST", "queue.fal.run", "/acme/app", {}), 200, b"<p>"
    )
    assert [it for _, it in group_captures([odd, refused]).refused] == [refused, odd]
