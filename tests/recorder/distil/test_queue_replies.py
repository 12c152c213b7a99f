from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.queue import IN_PROGRESS_DETAIL
from tests.callers import running_caller
from tests.recorder.sessions import HTML, ID, JobCaptures, distil_captures, only_exchange, reply_of

DONE = {"output": "Ship it.", "reasoning": None, "partial": False, "error": None}
EARLY = {"detail": IN_PROGRESS_DETAIL}
CANCELLED = {"detail": "Request was cancelled", "error_type": "client_cancelled"}


def test_a_result_is_the_outcome_with_its_headers() -> None:
    job = JobCaptures().add_submit().add_poll(0.1, "COMPLETED", metrics={"inference_time": 1.25})
    headers = (("X-Fal-Billable-Units", "3"), ("X-Model", "7"), ("Date", "today"))
    reply = reply_of(*job.add_result(0.2, DONE, headers=headers).captures)
    assert reply == {
        "text": "Ship it.",
        "headers": {"x-model": "7"},
        "billable_units": 3,
        "timeline": [{"IN_QUEUE": {"position": 0, "for": "0s"}}],
        "inference_time": "1.25s",
    }


def test_failed_polls_and_results_become_faults() -> None:
    job = JobCaptures().add_submit().add_poll(0.1, "IN_PROGRESS")
    poll = JobCaptures().add_poll(0.0, "IN_PROGRESS").captures[0]
    from dataclasses import replace

    from fakefal.recorder.capture.captures import RecordedResponse

    job.captures.append(
        replace(poll, at=0.2, ended=0.2, response=RecordedResponse(500, (), ((0.0, b"{}"),)))
    )
    job.captures.append(
        replace(poll, at=0.3, ended=0.3, response=RecordedResponse(0, (), (), "reset"))
    )
    job.add_poll(0.4, "COMPLETED").add_result(0.5, b"<p>", 504, HTML).add_result(0.6, DONE)
    faults = reply_of(*job.captures)["faults"]
    assert faults["status"] == ["ok", {"status": 500, "body": {}}, "reset"]
    assert faults["result"] == [{"status": 504, "body": "<p>", "content_type": "text/html"}]


def test_early_reads_of_the_result_count_as_polls() -> None:
    job = JobCaptures().add_submit()
    for number in range(1, 4):
        job.add_result(number, EARLY, 400)
    steps = reply_of(*job.add_result(4, DONE).captures)["timeline"]
    assert steps == [
        {"IN_QUEUE": {"position": 0, "for": "0s"}},
        {"IN_PROGRESS": {"polls": 2, "for": "3.5s"}},
    ]


@pytest.mark.parametrize("early", [0, 1, 2, 4])
async def test_early_reads_replay_the_same_statuses(early: int) -> None:
    job = JobCaptures().add_submit()
    for number in range(1, early + 1):
        job.add_result(number, EARLY, 400)
    async with running_caller(
        distil_captures(*job.add_result(early + 1, DONE).captures).scenario, clock="instant"
    ) as caller:
        assert await caller.submit(json={"prompt": "x"}) == ID
        statuses = [(await caller.request("GET", job.path)).status for _ in range(early + 1)]
    assert statuses == [*[400] * early, 200]


def test_a_request_cancelled_in_the_queue_waits_forever() -> None:
    job = JobCaptures().add_submit(position=4).add_poll(0.1, "IN_QUEUE", 4).add_cancel(0.2)
    job.add_poll(0.3, "COMPLETED", error="Request was cancelled").add_result(0.4, CANCELLED, 499)
    reply = reply_of(*job.captures)
    assert reply == {"timeline": [{"IN_QUEUE": {"position": 4, "forever": True}}]}


def test_a_cancel_that_ended_a_running_request_is_accepted_again() -> None:
    job = JobCaptures().add_submit("IN_PROGRESS", None).add_poll(0.1, "IN_PROGRESS").add_cancel(0.2)
    job.add_result(0.4, {"detail": "Request cancelled by the client."}, 499)
    reply = reply_of(*job.captures)
    assert reply == {"timeline": [{"IN_PROGRESS": {"forever": True}}], "cancel": "accepted"}


def test_reads_after_cancel_become_an_option() -> None:
    job = JobCaptures().add_submit(position=4).add_poll(0.1, "IN_QUEUE", 4).add_cancel(0.2)
    distilled = distil_captures(*job.add_result(0.4, {"status": "NOT_FOUND"}, 404).captures)
    assert distilled.scenario["options"]["reads_after_cancel"] == "not-found"


def test_a_result_that_was_never_read_is_noted() -> None:
    job = JobCaptures().add_submit().add_poll(0.1, "COMPLETED")
    assert distil_captures(*job.captures).notes == [
        f"fal-ai/any-llm/requests/{ID}: its result was never read"
    ]


def test_a_failure_with_status_400_finishes_the_request() -> None:
    job = (
        JobCaptures()
        .add_submit()
        .add_poll(0.1, "COMPLETED")
        .add_result(0.2, {"detail": "odd"}, 400)
    )
    distilled = distil_captures(*job.captures, finished_only=True)
    assert only_exchange(distilled)["reply"]["fail"] == {"status": 400, "body": {"detail": "odd"}}


def test_the_outcome_is_read_from_the_webhook() -> None:
    reply = reply_of(*JobCaptures().add_submit().add_webhook(1.5, DONE).captures)
    assert reply["text"] == "Ship it."
    assert reply["timeline"][-1] == {"IN_PROGRESS": {"for": "1.5s"}}
    assert "webhook" not in reply
    error: dict[str, Any] = {"status": "ERROR", "error": "Invalid status code: 422"}
    failed = JobCaptures().add_submit().add_webhook(1.5, {"detail": "no"}, **error)
    assert reply_of(*failed.captures)["fail"] == {"status": 422, "body": {"detail": "no"}}


def test_late_and_repeated_webhooks_are_recorded() -> None:
    job = (
        JobCaptures()
        .add_submit()
        .add_poll(0.1, "IN_PROGRESS")
        .add_poll(0.3, "COMPLETED")
        .add_result(0.4, DONE)
    )
    job.add_webhook(2.0, DONE, gateway_request_id="other").add_webhook(
        5.0, DONE, gateway_request_id="other"
    )
    webhook = reply_of(*job.captures)["webhook"]
    assert webhook.pop("after").startswith("1.9")
    assert webhook == {"duplicates": 1, "every": "3s", "gateway_request_id": "other"}


def test_retries_of_a_webhook_are_not_duplicates() -> None:
    job = JobCaptures().add_submit().add_webhook(0.1, DONE, 500).add_webhook(3.0, DONE, 200)
    assert "webhook" not in reply_of(*job.captures)
