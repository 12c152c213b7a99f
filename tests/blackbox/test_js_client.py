"""@fal-ai/client on Node: the queue, runs and errors, in every way of pointing it at the fake."""

from __future__ import annotations

from typing import Any

import pytest

from tests.blackbox.driving import Seen

pytestmark = pytest.mark.blackbox

MISSING_PROMPT = [
    {"type": "missing", "loc": ["body", "prompt"], "msg": "Field required", "input": {}}
]
GREETING = {
    "output": "Hello from fal-ai/any-llm: naïve café, 船",
    "reasoning": None,
    "partial": False,
    "error": None,
}


def states(updates: list[dict[str, Any]]) -> list[str]:
    return [update["status"] for update in updates]


def messages(status: dict[str, Any]) -> list[str]:
    return [log["message"] for log in status["logs"]]


def assert_raised(attempt: dict[str, Any], status: int, body: Any) -> None:
    """It was the client's own error, with what the fake said; 422 has a class of its own."""
    assert attempt["isApiError"]
    assert attempt["raised"] == ("ValidationError" if status == 422 else "ApiError")
    assert attempt["status"] == status
    assert attempt["body"] == body


def test_subscribe_sees_every_step_of_the_timeline(js: Seen) -> None:
    updates = js["subscribe"]["updates"]
    assert states(updates) == ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]
    assert [update["queue_position"] for update in updates[:2]] == [2, 0]
    assert updates[-1]["metrics"] == {"inference_time": 1.5}


def test_subscribe_sees_logs_grow(js: Seen) -> None:
    updates = js["subscribe"]["updates"]
    assert [messages(update) for update in updates] == [
        [],
        [],
        ["loading weights"],
        ["loading weights", "half done", "done"],
        ["loading weights", "half done", "done"],
    ]


def test_subscribe_gives_the_scripted_text_and_the_id(js: Seen) -> None:
    seen = js["subscribe"]
    assert seen["result"]["data"]["output"] == "You are next."
    assert seen["enqueued"] == [seen["result"]["requestId"]]


def test_subscribe_by_streaming_sees_the_same_steps(js: Seen) -> None:
    polled, streamed = js["subscribe"]["updates"], js["subscribeStreaming"]["updates"]
    assert states(streamed) == states(polled)
    assert [messages(update) for update in streamed] == [messages(update) for update in polled]
    assert [update.get("queue_position") for update in streamed] == [2, 0, None, None, None]


def test_subscribe_by_streaming_gives_the_scripted_text(js: Seen) -> None:
    seen = js["subscribeStreaming"]
    assert seen["result"]["data"]["output"] == "You are next."
    assert seen["result"]["requestId"] == seen["updates"][0]["request_id"]


def test_a_status_stream_sends_each_log_once(js: Seen) -> None:
    seen = js["streamStatus"]
    assert [messages(event) for event in seen["first"]["events"]] == [
        [],
        [],
        ["loading weights"],
        ["half done", "done"],
        [],
    ]
    assert seen["first"]["done"]["result"] == seen["first"]["events"][-1]
    assert seen["first"]["requestId"] == seen["requestId"]


def test_a_status_stream_follows_the_clock(js: Seen) -> None:
    events = js["streamStatus"]["paced"]["events"]
    assert states(events) == ["IN_QUEUE", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]
    assert [messages(event) for event in events] == [[], ["started"], ["nearly there"], []]


def test_a_status_stream_of_a_completed_request_says_so_and_ends(js: Seen) -> None:
    afterwards = js["streamStatus"]["afterwards"]
    assert states(afterwards["events"]) == ["COMPLETED"]
    assert afterwards["events"][0]["logs"] is None
    assert afterwards["errors"] == []


def test_a_cancel_ends_a_status_stream(js: Seen) -> None:
    seen = js["cancelUnderStatusStream"]
    assert states(seen["events"]) == ["IN_QUEUE", "COMPLETED"]
    assert seen["events"][-1]["error_type"] == "client_cancelled"
    assert seen["errors"] == []


def test_submit_answers_in_full(js: Seen) -> None:
    submitted = js["handle"]["submitted"]
    assert list(submitted) == [
        "status",
        "request_id",
        "response_url",
        "status_url",
        "cancel_url",
        "logs",
        "metrics",
        "queue_position",
    ]
    assert submitted["status"] == "IN_QUEUE"


def test_a_result_read_too_early_is_refused(js: Seen) -> None:
    seen = js["handle"]
    names = ("cancel_url", "request_id", "response_url", "status_url")
    body = {name: seen["submitted"][name] for name in names}
    assert_raised(seen["early"], 400, {**body, "detail": "Request is still in progress"})


def test_status_and_result_of_a_completed_request_are_stable(js: Seen) -> None:
    seen = js["handle"]
    first, second = seen["statuses"]
    assert first == second == {**seen["completed"], "logs": []}
    request_id = seen["submitted"]["request_id"]
    assert seen["results"] == [{"data": GREETING, "requestId": request_id}] * 2


def test_a_queued_request_is_cancelled(js: Seen) -> None:
    seen = js["cancelInQueue"]
    assert seen["before"]["queue_position"] == 4
    assert seen["cancelled"] == seen["again"] == {"result": None}
    assert seen["after"]["status"] == "COMPLETED"
    assert seen["after"]["error_type"] == "client_cancelled"
    body = {"detail": "Request was cancelled", "error_type": "client_cancelled"}
    assert_raised(seen["result"], 499, body)


def test_cancel_after_completion_is_refused(js: Seen) -> None:
    seen = js["cancelCompleted"]
    assert_raised(seen["cancelled"], 400, {"status": "ALREADY_COMPLETED"})
    assert seen["result"]["result"]["data"] == GREETING


def test_a_deadline_of_the_client_cancels_the_request(js: Seen) -> None:
    seen = js["deadline"]
    assert "timed out waiting for the request" in seen["outcome"]["text"]
    assert js.jobs[seen["requestId"]] == "cancelled"


@pytest.mark.parametrize("way", ["run", "subscribe"])
def test_a_missing_prompt_is_a_validation_error(js: Seen, way: str) -> None:
    attempt = js["invalid"][way]
    assert_raised(attempt, 422, {"detail": MISSING_PROMPT})
    assert attempt["fieldErrors"] == MISSING_PROMPT
    assert attempt["requestId"]


def test_a_broken_runner_shows_in_status_and_result(js: Seen) -> None:
    seen = js["failed"]
    assert states(seen["updates"]) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    assert seen["updates"][-1]["error"] == "Runner disconnected"
    body = {"detail": "Runner disconnected", "error_type": "runner_disconnected"}
    assert_raised(seen["disconnected"], 503, body)


def test_the_client_asks_four_times_for_a_result_that_is_a_503(js: Seen) -> None:
    reads = [entry for entry in js.journal if entry["kind"] == "result" and entry["status"] == 503]
    assert len(reads) == 4


@pytest.mark.parametrize("way", ["flagged", "flaggedRun"])
def test_a_policy_violation_names_the_field(js: Seen, way: str) -> None:
    attempt = js["failed"][way]
    assert_raised(attempt, 422, attempt["body"])
    (error,) = attempt["fieldErrors"]
    assert error["type"] == "content_policy_violation"
    assert error["loc"] == ["body", "prompt"]


def test_replies_are_used_in_turn(js: Seen) -> None:
    first, second, third, fourth = js["recovery"]["asked"]
    assert first["raised"] == "ValidationError"
    assert_raised(second, 418, {"detail": "teapot"})
    assert third["result"]["data"]["output"] == "recovered"
    assert fourth["result"]["data"]["output"] == "recovered"


@pytest.mark.parametrize(("refusal", "text"), [("gateway", "through"), ("limit", "admitted")])
def test_the_client_gets_past_what_passes_by_itself(js: Seen, refusal: str, text: str) -> None:
    assert js["recovery"][refusal]["result"]["data"]["output"] == text


def test_run_and_result_know_their_request_id(js: Seen) -> None:
    seen = js["requestIds"]
    run_id, result_id = seen["run"]["requestId"], seen["result"]["requestId"]
    assert seen["run"]["data"] == seen["result"]["data"] == GREETING
    assert result_id == seen["submitted"]
    assert run_id not in ("", result_id)


def test_urls_drop_the_path_of_the_endpoint(js: Seen) -> None:
    seen = js["otherEndpoints"]
    request_id = seen["submitted"]["request_id"]
    path = f"/fal-ai/flux/requests/{request_id}"
    assert seen["submitted"]["response_url"].endswith(f"queue.fal.run{path}")
    assert seen["image"]["data"]["prompt"] == "ein Kätzchen"
    assert seen["image"]["data"] == seen["run"]["data"]


def test_urls_are_such_that_the_caller_reaches_the_fake(
    js: Seen, request: pytest.FixtureRequest
) -> None:
    """Real names for who speaks in real names, else the address that was asked."""
    url = js["otherEndpoints"]["submitted"]["status_url"]
    by_address = request.node.callspec.params["js"] == "requestMiddleware"
    assert url.startswith("http://127.0.0.1:" if by_address else "https://queue.fal.run/fal-ai/")


def test_workflows_keep_their_namespace(js: Seen) -> None:
    seen = js["otherEndpoints"]
    assert "/workflows/acme/pipeline/requests/" in seen["flow"]["response_url"]
    assert seen["workflow"]["data"] == {"steps": ["draw", "upscale"], "owner": "acme"}


def test_headers_reach_the_matching(js: Seen) -> None:
    lanes = ("plain", "low", "hinted", "hurried", "red")
    assert js["lanes"] == {lane: lane for lane in lanes}


@pytest.mark.parametrize(("way", "via"), [("run", "run"), ("submit", "queue")])
def test_a_miss_names_the_nearest_exchange(js: Seen, way: str, via: str) -> None:
    attempt = js["miss"][way]
    assert_raised(attempt, 404, attempt["body"])
    detail = attempt["body"]["detail"]
    assert detail.startswith(f"no exchange for fal-ai/any-llm ({via}); nearest: ")
    assert 'input.prompt is "stand in lime", wanted "stand in line"' in detail


def test_two_keys_share_nothing(js: Seen) -> None:
    seen = js["twoKeys"]
    assert seen["mine"] == ["the first of this key", "not the first of this key"]
    assert seen["others"] == seen["mine"]
    assert_raised(seen["foreign"], 404, {"status": "NOT_FOUND"})
