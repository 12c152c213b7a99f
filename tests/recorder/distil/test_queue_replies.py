from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.queue import IN_PROGRESS_DETAIL
from tests.callers import calling
from tests.recorder.talking import HTML, ID, Job, made, only, reply_of

DONE = {"output": "Ship it.", "reasoning": None, "partial": False, "error": None}
EARLY = {"detail": IN_PROGRESS_DETAIL}
CANCELLED = {"detail": "Request was cancelled", "error_type": "client_cancelled"}


def test_a_result_is_the_outcome_with_its_headers() -> None:
    job = Job().submitted().polled(0.1, "COMPLETED", metrics={"inference_time": 1.25})
    headers = (("X-Fal-Billable-Units", "3"), ("X-Model", "7"), ("Date", "today"))
    found = only(made(*job.ended(0.2, DONE, headers=headers).captures))["reply"]
    assert found == {
        "text": "Ship it.",
        "headers": {"x-model": "7"},
        "billable_units": 3,
        "timeline": [{"IN_QUEUE": {"position": 0, "for": "0s"}}],
        "inference_time": "1.25s",
        "request_id": ID,
    }


def test_polls_and_results_that_went_wrong_are_faults_in_turn() -> None:
    job = Job().submitted().polled(0.1, "IN_PROGRESS")
    bad = Job().polled(0.0, "IN_PROGRESS").captures[0]
    from dataclasses import replace

    from fakefal.recorder.capture.captures import Heard

    job.captures.append(replace(bad, at=0.2, ended=0.2, heard=Heard(500, (), ((0.0, b"{}"),))))
    job.captures.append(replace(bad, at=0.3, ended=0.3, heard=Heard(0, (), (), "reset")))
    job.polled(0.4, "COMPLETED").ended(0.5, b"<p>", 504, HTML).ended(0.6, DONE)
    faults = reply_of(*job.captures)["faults"]
    assert faults["status"] == ["ok", {"status": 500, "body": {}}, "reset"]
    assert faults["result"] == [{"status": 504, "body": "<p>", "content_type": "text/html"}]


def test_who_asks_only_for_the_result_is_told_as_often_that_it_is_too_early() -> None:
    job = Job().submitted()
    for number in range(1, 4):
        job.ended(number, EARLY, 400)
    steps = reply_of(*job.ended(4, DONE).captures)["timeline"]
    assert steps == [
        {"IN_QUEUE": {"position": 0, "for": "0s"}},
        {"IN_PROGRESS": {"polls": 2, "for": "3.5s"}},
    ]


@pytest.mark.parametrize("early", [0, 1, 2, 4])
async def test_early_asks_replay_as_they_were(early: int) -> None:
    job = Job().submitted()
    for number in range(1, early + 1):
        job.ended(number, EARLY, 400)
    async with calling(made(*job.ended(early + 1, DONE).captures).data, clock="instant") as caller:
        assert await caller.submit(json={"prompt": "x"}) == ID
        told = [(await caller.ask("GET", job.path)).status for _ in range(early + 1)]
    assert told == [*[400] * early, 200]


def test_a_cancel_in_the_queue_leaves_a_request_that_waits_for_one() -> None:
    job = Job().submitted(position=4).polled(0.1, "IN_QUEUE", 4).put(0.2)
    job.polled(0.3, "COMPLETED", error="Request was cancelled").ended(0.4, CANCELLED, 499)
    found = reply_of(*job.captures)
    assert found == {"timeline": [{"IN_QUEUE": {"position": 4, "forever": True}}]}


def test_a_cancel_that_ended_a_running_request_is_honoured_again() -> None:
    job = Job().submitted("IN_PROGRESS", None).polled(0.1, "IN_PROGRESS").put(0.2)
    job.ended(0.4, {"detail": "Request cancelled by the client."}, 499)
    found = reply_of(*job.captures)
    assert found == {"timeline": [{"IN_PROGRESS": {"forever": True}}], "cancel": "honoured"}


def test_how_cancelled_requests_read_is_an_option() -> None:
    job = Job().submitted(position=4).polled(0.1, "IN_QUEUE", 4).put(0.2)
    gone = made(*job.ended(0.4, {"status": "NOT_FOUND"}, 404).captures)
    assert gone.data["options"]["reads_after_cancel"] == "not-found"


def test_a_request_whose_result_nobody_asked_for_is_told() -> None:
    job = Job().submitted().polled(0.1, "COMPLETED")
    assert made(*job.captures).notes == [
        f"fal-ai/any-llm/requests/{ID}: its result, as nobody asked"
    ]


def test_a_failure_of_400_is_the_end() -> None:
    job = Job().submitted().polled(0.1, "COMPLETED").ended(0.2, {"detail": "odd"}, 400)
    found = made(*job.captures, finished_only=True)
    assert only(found)["reply"]["fail"] == {"status": 400, "body": {"detail": "odd"}}


def test_a_webhook_tells_how_a_request_ended_that_nobody_asked_about() -> None:
    found = reply_of(*Job().submitted().hooked(1.5, DONE).captures)
    assert found["text"] == "Ship it."
    assert found["timeline"][-1] == {"IN_PROGRESS": {"for": "1.5s"}}
    assert "webhook" not in found
    error: dict[str, Any] = {"status": "ERROR", "error": "Invalid status code: 422"}
    failed = Job().submitted().hooked(1.5, {"detail": "no"}, **error)
    assert reply_of(*failed.captures)["fail"] == {"status": 422, "body": {"detail": "no"}}


def test_late_and_repeated_webhooks_are_so_again() -> None:
    job = Job().submitted().polled(0.1, "IN_PROGRESS").polled(0.3, "COMPLETED").ended(0.4, DONE)
    job.hooked(2.0, DONE, gateway_request_id="other").hooked(5.0, DONE, gateway_request_id="other")
    webhook = reply_of(*job.captures)["webhook"]
    assert webhook.pop("after").startswith("1.9")
    assert webhook == {"duplicates": 1, "every": "3s", "gateway_request_id": "other"}


def test_a_webhook_that_was_tried_again_is_sent_once() -> None:
    job = Job().submitted().hooked(0.1, DONE, 500).hooked(3.0, DONE, 200)
    assert "webhook" not in reply_of(*job.captures)
