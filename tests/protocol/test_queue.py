"""The queue's bodies, byte for byte as recorded (docs/reference/protocol.md#example-exchange)."""

from __future__ import annotations

import pytest

from fakefal.protocol.core.compat_flags import LogEntries
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.queue import (
    ALREADY_COMPLETED,
    CANCELLATION_REQUESTED,
    CANCELLED_ERROR,
    IN_PROGRESS_DETAIL,
    LogLine,
    QueueUrls,
    Snapshot,
    Status,
    request_urls,
    status_body,
    status_code,
    too_early_body,
    wants_logs,
)

ID = "019e8887-52ac-7f31-8d58-6f0c2b0f4a11"
BASE = f"https://queue.fal.run/fal-ai/any-llm/requests/{ID}"
HEAD = (
    f'"request_id":"{ID}","response_url":"{BASE}","status_url":"{BASE}/status",'
    f'"cancel_url":"{BASE}/cancel",'
)


def urls() -> QueueUrls:
    return request_urls("https://queue.fal.run", "fal-ai/any-llm", ID)


def encoded(snapshot: Snapshot) -> str:
    return encode(status_body(snapshot, urls())).decode()


def test_a_submit_response_has_the_recorded_bytes() -> None:
    assert encoded(Snapshot("IN_QUEUE", ID, queue_position=0)) == (
        f'{{"status":"IN_QUEUE",{HEAD}"logs":null,"metrics":{{}},"queue_position":0}}'
    )


def test_a_running_job_has_no_queue_position() -> None:
    assert encoded(Snapshot("IN_PROGRESS", ID)) == (
        f'{{"status":"IN_PROGRESS",{HEAD}"logs":null,"metrics":{{}}}}'
    )


def test_a_completed_job_has_an_inference_time() -> None:
    assert encoded(Snapshot("COMPLETED", ID, inference_time=0.8123)) == (
        f'{{"status":"COMPLETED",{HEAD}"logs":null,"metrics":{{"inference_time":0.8123}}}}'
    )


def test_a_failed_job_has_error_and_error_type_last() -> None:
    failed = Snapshot(
        "COMPLETED", ID, error="Runner disconnected", error_type="runner_disconnected"
    )
    assert encoded(failed) == (
        f'{{"status":"COMPLETED",{HEAD}"logs":null,"metrics":{{}},'
        '"error":"Runner disconnected","error_type":"runner_disconnected"}'
    )


def test_a_model_error_has_no_error_type() -> None:
    body = status_body(Snapshot("COMPLETED", ID, error="Invalid status code: 422"), urls())
    assert body["error"] == "Invalid status code: 422"
    assert "error_type" not in body


def test_requested_logs_are_a_list_even_if_empty() -> None:
    assert status_body(Snapshot("IN_PROGRESS", ID, logs=()), urls())["logs"] == []


def test_a_log_entry_is_as_recorded() -> None:
    log = LogLine("loading", 1734709037.120314, labels=(("gpu", "0"),))
    snapshot = Snapshot("IN_PROGRESS", ID, logs=(log,))
    assert encode(status_body(snapshot, urls())["logs"]).decode() == (
        '[{"timestamp":"2024-12-20T15:37:17.120314","message":"loading",'
        '"labels":{"level":"INFO","source":"USER","gpu":"0"}}]'
    )


@pytest.mark.parametrize("form", ["recorded", "documented"])
def test_a_scripted_timestamp_is_sent_as_it_is(form: LogEntries) -> None:
    assert LogLine("a", 0.0, timestamp="2024Z").body(form)["timestamp"] == "2024Z"


def test_a_log_entry_may_have_the_documented_fields() -> None:
    log = LogLine("loading", 1734709037.120314, labels=(("gpu", "0"),))
    snapshot = Snapshot("IN_PROGRESS", ID, logs=(log,))
    assert encode(status_body(snapshot, urls(), "documented")["logs"]).decode() == (
        '[{"timestamp":"2024-12-20T15:37:17.120314Z","message":"loading","level":"INFO",'
        '"source":"USER","labels":{"gpu":"0"}}]'
    )


def test_the_urls_drop_the_path_of_the_endpoint_and_have_no_suffix() -> None:
    assert urls() == QueueUrls(BASE, f"{BASE}/status", f"{BASE}/cancel")


def test_the_response_url_may_have_the_suffix_of_the_docs() -> None:
    with_suffix = request_urls("", "workflows/me/flow", "1", has_suffix=True)
    assert with_suffix.response == "/workflows/me/flow/requests/1/response"
    assert with_suffix.status == "/workflows/me/flow/requests/1/status"


@pytest.mark.parametrize("value", ["1", "true", "True", "TRUE", "yes", "on"])
def test_these_values_request_logs(value: str) -> None:
    assert wants_logs(value)


@pytest.mark.parametrize("value", [None, "", "0", "false", "False", "no", "off", "2"])
def test_other_values_do_not_request_logs(value: str | None) -> None:
    assert not wants_logs(value)


@pytest.mark.parametrize(
    ("status", "code"), [("IN_QUEUE", 202), ("IN_PROGRESS", 202), ("COMPLETED", 200)]
)
def test_only_a_completed_status_is_a_200(status: Status, code: int) -> None:
    assert status_code(status) == code


def test_a_result_before_completion_has_the_recorded_body() -> None:
    assert encode(too_early_body(ID, urls())).decode() == (
        f'{{"cancel_url":"{BASE}/cancel","detail":"Request is still in progress",'
        f'"request_id":"{ID}","response_url":"{BASE}","status_url":"{BASE}/status"}}'
    )


def test_the_text_that_the_ai_sdk_compares_is_exact() -> None:
    assert IN_PROGRESS_DETAIL == "Request is still in progress"


def test_the_bodies_of_a_cancel() -> None:
    assert encode(CANCELLATION_REQUESTED) == b'{"status":"CANCELLATION_REQUESTED"}'
    assert encode(ALREADY_COMPLETED) == b'{"status":"ALREADY_COMPLETED"}'
    assert CANCELLED_ERROR == "Request was cancelled"


@pytest.mark.parametrize(
    ("app", "path"),
    [("a/b", "a/b"), ("a/b c", "a/b%20c"), ("a/é?#%", "a/%C3%A9%3F%23%25"), ("a/b:c@d", "a/b:c@d")],
)
def test_names_are_percent_encoded_in_urls(app: str, path: str) -> None:
    urls = request_urls("https://queue.fal.run", app, "1")
    assert urls.status == f"https://queue.fal.run/{path}/requests/1/status"
