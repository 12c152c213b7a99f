"""Every published fal_client that matters, sync and async, as the program using it sees it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.blackbox.conftest import PythonClient

pytestmark = pytest.mark.blackbox

MISSING_PROMPT = [
    {"type": "missing", "loc": ["body", "prompt"], "msg": "Field required", "input": {}}
]


def output(text: str, *, partial: bool = False) -> dict[str, Any]:
    return {"output": text, "reasoning": None, "partial": partial, "error": None}


def messages(status: dict[str, Any]) -> list[str]:
    return [log["message"] for log in status["logs"]]


def assert_raised(
    client: PythonClient,
    attempt: dict[str, Any],
    status: int,
    detail: Any,
    error_type: str | None = None,
) -> None:
    """It was the client's own error, with all that this version tells about it."""
    assert "FalClientError" in attempt["kinds"]
    assert attempt["detail"] == detail
    assert attempt["text"] == str(detail)
    knows_status = client.version >= (0, 9, 1)
    assert attempt["raised"] == ("FalClientHTTPError" if knows_status else "FalClientError")
    assert attempt["status_code"] == (status if knows_status else None)
    assert attempt["error_type"] == (error_type if client.version >= (0, 13, 2) else None)


def ending(client: PythonClient, error: str, error_type: str | None) -> dict[str, Any]:
    """How a Completed status shows a failure; older versions show none."""
    status: dict[str, Any] = {"is": "Completed", "logs": None, "metrics": {}}
    if client.version >= (0, 13, 2):
        status |= {"error": error, "error_type": error_type}
    return status


def test_subscribe_sees_every_step_of_the_timeline(client: PythonClient) -> None:
    updates = client["subscribe"]["updates"]
    assert updates[:2] == [{"is": "Queued", "position": 2}, {"is": "Queued", "position": 0}]
    assert [update["is"] for update in updates[2:]] == ["InProgress", "InProgress", "Completed"]


def test_subscribe_sees_logs_grow(client: PythonClient) -> None:
    loading, done, completed = client["subscribe"]["updates"][2:]
    assert messages(loading) == ["loading weights"]
    assert messages(done) == ["loading weights", "half done", "done"]
    assert completed["logs"] == done["logs"]
    assert completed["metrics"] == {"inference_time": 1.5}


def test_subscribe_gives_the_scripted_text(client: PythonClient) -> None:
    seen = client["subscribe"]
    assert seen["result"] == output("You are next.")
    assert len(seen["enqueued"]) == 1


def test_a_handle_made_from_the_id_equals_the_submitted_one(client: PythonClient) -> None:
    seen = client["handle"]
    base = f"/queue.fal.run/fal-ai/any-llm/requests/{seen['request_id']}"
    assert seen["same_handle"]
    assert seen["urls"]["response"].endswith(base)
    assert seen["urls"]["status"].endswith(f"{base}/status")
    assert seen["urls"]["cancel"].endswith(f"{base}/cancel")


def test_status_of_a_completed_request_is_stable(client: PythonClient) -> None:
    seen = client["handle"]
    assert seen["first"] == {"is": "Queued", "position": 0}
    assert seen["same_status"]
    assert seen["statuses"][0]["is"] == "Completed"
    assert seen["statuses"][0]["logs"] == []
    assert seen["status_by_id"] == {**seen["statuses"][0], "logs": None}
    assert seen["events"] == [seen["status_by_id"]]


def test_a_result_can_be_fetched_again_and_by_id(client: PythonClient) -> None:
    text = "Hello from fal-ai/any-llm: naïve café, 船"
    assert client["handle"]["results"] == [output(text)] * 2


def test_a_queued_request_is_cancelled(client: PythonClient) -> None:
    seen = client["cancel_in_queue"]
    assert seen["before"] == {"is": "Queued", "position": 4}
    assert seen["cancelled"] == {"result": None}
    assert seen["again"] == {"result": None}
    assert seen["after"] == ending(client, "Request was cancelled", "client_cancelled")
    assert_raised(client, seen["result"], 499, "Request was cancelled", "client_cancelled")


def test_a_running_request_finishes_in_spite_of_a_cancel(client: PythonClient) -> None:
    seen = client["cancel_running"]
    assert seen["cancelled"] == {"result": None}
    assert seen["result"] == {"result": output("finished all the same")}


def test_cancel_after_completion_is_refused(client: PythonClient) -> None:
    seen = client["cancel_completed"]
    assert_raised(client, seen["cancelled"], 400, '{"status":"ALREADY_COMPLETED"}')
    assert seen["result"]["result"]["partial"] is False


def test_a_deadline_of_the_client_cancels_the_request(client: PythonClient) -> None:
    if client.version < (0, 13, 2):
        assert client["deadline"] == {"unsupported": True}
        return
    seen = client["deadline"]
    assert seen["outcome"]["raised"] == "FalClientTimeoutError"
    assert seen["after"]["error_type"] == "client_cancelled"


def test_a_stream_is_cumulative_and_ends_whole(client: PythonClient) -> None:
    assert client["stream"]["words"] == [
        output("Ship", partial=True),
        output("Ship it", partial=True),
        output("Ship it today.", partial=True),
        output("Ship it today."),
    ]


def test_a_stream_by_character_keeps_every_character(client: PythonClient) -> None:
    text = "🚀 船 naïve 👩‍🚀"
    events = client["stream"]["characters"]
    growing = [output(text[: end + 1], partial=True) for end in range(len(text))]
    assert events == [*growing, output(text)]


@pytest.mark.parametrize("way", ["run", "subscribe"])
def test_a_missing_prompt_is_the_clients_validation_error(client: PythonClient, way: str) -> None:
    assert_raised(client, client["invalid"][way], 422, MISSING_PROMPT)


def test_a_stream_refused_with_json_is_an_sse_error(client: PythonClient) -> None:
    """No version checks the status of a stream (docs/reference/protocol.md#streaming)."""
    seen = client["invalid"]["stream"]
    assert seen["raised"] == "SSEError"
    assert "application/json" in seen["text"]


def test_a_broken_runner_shows_in_status_and_result(client: PythonClient) -> None:
    seen = client["failed"]
    assert [status["is"] for status in seen["statuses"]] == ["Queued", "InProgress", "Completed"]
    assert seen["statuses"][-1] == ending(client, "Runner disconnected", "runner_disconnected")
    for way in ("result", "run"):
        assert_raised(client, seen[way], 503, "Runner disconnected", "runner_disconnected")


@pytest.mark.parametrize("way", ["flagged", "flagged_run"])
def test_a_policy_violation_names_the_field(client: PythonClient, way: str) -> None:
    attempt = client["failed"][way]
    assert_raised(client, attempt, 422, attempt["detail"])
    (item,) = attempt["detail"]
    assert item["type"] == "content_policy_violation"
    assert item["loc"] == ["body", "prompt"]


def test_replies_are_used_in_turn(client: PythonClient) -> None:
    first, second, third, fourth = client["recovery"]["asked"]
    assert first["detail"][0]["type"] == "content_policy_violation"
    assert_raised(client, second, 418, "teapot")
    assert third == fourth == {"result": output("recovered")}


def test_newer_clients_get_past_the_gateway_by_themselves(client: PythonClient) -> None:
    gateway = client["recovery"]["gateway"]
    if client.version >= (0, 9, 1):
        assert gateway == {"result": output("through")}
    else:
        assert gateway["raised"] == "FalClientError"
        assert "<center>nginx</center>" in gateway["detail"]


def test_newer_clients_wait_for_a_free_place_by_themselves(client: PythonClient) -> None:
    limit = client["recovery"]["limit"]
    if client.version >= (0, 9, 1):
        assert limit == {"result": output("admitted")}
    else:
        assert limit["detail"] == "Reached concurrent requests limit of 2"


def test_urls_drop_the_path_of_the_endpoint(client: PythonClient) -> None:
    seen = client["other_endpoints"]
    assert "/queue.fal.run/fal-ai/flux/requests/" in seen["urls"]["response"]
    assert seen["image"]["prompt"] == "ein Kätzchen"
    assert seen["image"] == seen["by_id"] == seen["by_path"] == seen["run"]


def test_workflows_keep_their_namespace(client: PythonClient) -> None:
    seen = client["other_endpoints"]
    assert "/queue.fal.run/workflows/acme/pipeline/requests/" in seen["workflow_urls"]["response"]
    assert seen["workflow"] == {"steps": ["draw", "upscale"], "owner": "acme"}
    assert seen["workflow_by_id"] == seen["workflow"]


def test_headers_reach_the_matching(client: PythonClient) -> None:
    wanted = {"plain": "plain", "low": "low", "hinted": "hinted"}
    if client.version >= (0, 9, 1):
        wanted["red"] = "red"
    elif client.mode == "async":  # makes the headers and forgets to send them
        wanted = dict.fromkeys(wanted, "plain")
    if client.version >= (0, 13, 2):
        wanted["hurried"] = "hurried"
    assert client["lanes"] == wanted


@pytest.mark.parametrize(("way", "via"), [("run", "run"), ("submit", "queue")])
def test_a_miss_names_the_nearest_exchange(client: PythonClient, way: str, via: str) -> None:
    attempt = client["miss"][way]
    assert_raised(client, attempt, 404, attempt["detail"])
    assert attempt["detail"].startswith(f"no exchange for fal-ai/any-llm ({via}); nearest: ")
    assert '"in line"' in attempt["detail"]
    assert 'input.prompt is "stand in lime", wanted "stand in line"' in attempt["detail"]


def test_a_miss_is_in_the_journal(client: PythonClient) -> None:
    missed = [entry["endpoint"] for entry in client.seen.journal if "miss" in entry]
    assert missed.count("fal-ai/any-llm") == 2
    assert missed.count("acme/nothing") == 1


def test_two_keys_share_nothing(client: PythonClient) -> None:
    seen = client["two_keys"]
    assert seen["mine"] == ["the first of this key", "not the first of this key"]
    assert seen["others"] == seen["mine"]
    assert_raised(client, seen["foreign"], 404, '{"status":"NOT_FOUND"}')
