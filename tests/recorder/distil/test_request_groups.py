from __future__ import annotations

import pytest

from fakefal.recorder.capture.captures import Capture
from fakefal.recorder.distil.request_groups import sort
from tests.recorder.talking import ANY_LLM, ID, Job, asked, capture, run, stream


def test_a_queue_request_is_gathered_with_all_about_it() -> None:
    job = Job().submitted().polled(0.1, "IN_QUEUE", 0).put(0.2).ended(0.3, 1).hooked(0.4, 1)
    watched = capture(0.15, asked("GET", "queue.fal.run", f"{job.path}/status/stream"))
    answered = capture(0.35, asked("GET", "queue.fal.run", f"{job.path}/response/"))
    found = sort([*job.captures, watched, answered])
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
    assert found.others == []


def test_direct_calls_are_told_from_streams() -> None:
    found = sort([run(answer=1), stream([{"n": 1}], [0.0])])
    assert [(it.via, it.endpoint.text) for it in found.direct] == [
        ("run", "acme/app"),
        ("stream", ANY_LLM),
    ]


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (asked("GET", "fal.run", "/acme/app/health"), "GET of an endpoint is not replayed"),
        (asked("POST", "fal.run", "/x"), "the path names no endpoint"),
        (asked("GET", "queue.fal.run", "/x"), "no endpoint is called by it"),
        (asked("POST", "queue.fal.run", f"/acme/app/requests/{ID}/status"), "POST is nothing"),
        (asked("GET", "api.fal.ai", "/v1/models"), "a scenario says nothing about api.fal.ai"),
        (asked("GET", "rest.fal.ai", "/workflows/x"), "a scenario says nothing about rest.fal.ai"),
    ],
)
def test_what_is_of_no_use_is_told(request_: object, why: str) -> None:
    ((_, told),) = sort([capture(0, request_)]).others  # type: ignore[arg-type]
    assert told.startswith(why)


def test_what_every_fake_answers_by_itself_is_silent() -> None:
    captures = [
        capture(0, asked("POST", "rest.fal.ai", "/tokens/"), 200, "t"),
        capture(1, asked("GET", "rest.fal.ai", "/.well-known/jwks.json")),
        capture(2, asked("OPTIONS", "fal.run", "/acme/app")),
        capture(3, asked("GET", "queue.fal.run", "/acme/app/requests/unknown/status"), 404),
    ]
    found = sort(captures)
    assert (len(found.silent), found.others, found.jobs) == (4, [], {})


def test_a_webhook_of_nobody_is_told() -> None:
    (hook,) = Job().hooked(0, 1).captures
    assert [why for _, why in sort([hook]).others] == [
        "the webhook is of no request that was recorded"
    ]


def test_a_submit_that_failed_is_of_no_request() -> None:
    refused: Capture = capture(
        0, asked("POST", "queue.fal.run", "/acme/app", {}), 403, {"detail": "no"}
    )
    odd: Capture = capture(1, asked("POST", "queue.fal.run", "/acme/app", {}), 200, b"<p>")
    assert [it for _, it in sort([odd, refused]).refused] == [refused, odd]
