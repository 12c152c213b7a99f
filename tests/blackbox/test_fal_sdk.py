"""``fal.apps`` of the fal SDK: it goes by HTTP statuses and by URLs with a trailing slash."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.blackbox.driving import Seen

pytestmark = pytest.mark.blackbox

IMAGE = {
    "images": [
        {
            "url": "https://v3.fal.media/files/b/cat.png",
            "width": 512,
            "height": 512,
            "content_type": "image/png",
        }
    ],
    "prompt": "cat",
    "seed": 42,
}


def messages(status: dict[str, Any]) -> list[str]:
    return [log["message"] for log in status["logs"]]


def test_it_polls_until_the_status_is_200(sdk: Seen) -> None:
    seen = sdk["subscribe"]
    assert seen["events"][:2] == [
        {"is": "Queued", "position": 2},
        {"is": "Queued", "position": 0},
    ]
    loading, done = seen["events"][2:]
    assert messages(loading) == ["loading weights"]
    assert messages(done) == messages(seen["status"]) == ["loading weights", "half done", "done"]
    assert seen["status"]["is"] == "Completed"


def test_an_hour_passes_at_once_on_the_instant_clock(sdk: Seen) -> None:
    seen = sdk["hour"]
    assert [event["is"] for event in seen["events"]] == ["Queued", "InProgress"]
    assert messages(seen["status"]) == ["still drawing"]
    assert seen["result"]["output"] == "An hour later."


def test_a_result_can_be_fetched_again(sdk: Seen) -> None:
    seen = sdk["subscribe"]
    assert seen["result"]["output"] == "You are next."
    assert seen["again"] == seen["result"]


def test_it_runs_any_endpoint_through_the_queue(sdk: Seen) -> None:
    seen = sdk["run"]
    assert seen["text"]["output"] == "Hello from fal-ai/any-llm: naïve café, 船"
    assert seen["image"] == seen["by_path"] == IMAGE
    assert seen["workflow"] == {"steps": ["draw", "upscale"], "owner": "acme"}


def test_a_result_read_too_early_is_refused(sdk: Seen) -> None:
    seen = sdk["early"]
    assert seen["early"]["status_code"] == 400
    assert seen["early"]["body"]["detail"] == "Request is still in progress"
    assert seen["first"] == {"is": "Queued", "position": 0}


def test_a_queued_request_is_cancelled(sdk: Seen) -> None:
    seen = sdk["cancel"]
    assert seen["before"] == {"is": "Queued", "position": 4}
    assert seen["cancelled"] == {"result": None}
    assert seen["after"] == {
        "is": "Completed",
        "logs": None,
        "error": "Request was cancelled",
        "error_type": "client_cancelled",
    }
    assert seen["result"]["status_code"] == 499


def test_cancel_after_completion_is_refused(sdk: Seen) -> None:
    assert sdk["cancel"]["completed"]["status_code"] == 400
    assert sdk["cancel"]["completed"]["body"] == {"status": "ALREADY_COMPLETED"}


def test_a_stream_comes_as_lines(sdk: Seen) -> None:
    lines = sdk["stream"]["lines"]
    assert set(lines[::2]) == {"event: event"}
    events = [json.loads(line.removeprefix("data: ")) for line in lines[1::2]]
    text = "🚀 船 naïve 👩‍🚀"
    assert [event["output"] for event in events] == [
        *(text[: end + 1] for end in range(len(text))),
        text,
    ]
    assert [event["partial"] for event in events] == [True] * len(text) + [False]


def test_a_stream_is_refused_before_its_first_byte(sdk: Seen) -> None:
    invalid = sdk["stream"]["invalid"]
    assert invalid["status_code"] == 422
    assert invalid["body"]["detail"][0]["loc"] == ["body", "prompt"]


def test_a_broken_runner_shows_in_status_and_result(sdk: Seen) -> None:
    seen = sdk["failed"]
    assert seen["status"]["error"] == "Runner disconnected"
    assert seen["status"]["error_type"] == "runner_disconnected"
    assert seen["result"]["text"].startswith("503: ")
    assert seen["result"]["body"]["error_type"] == "runner_disconnected"


@pytest.mark.parametrize(
    ("case", "type_"), [("flagged", "content_policy_violation"), ("invalid", "missing")]
)
def test_a_models_error_comes_with_the_result(sdk: Seen, case: str, type_: str) -> None:
    seen = sdk["failed"][case]
    assert seen["text"].startswith("422: ")
    assert seen["body"]["detail"][0]["type"] == type_
    assert seen["body"]["detail"][0]["loc"] == ["body", "prompt"]


def test_a_miss_names_the_nearest_exchange(sdk: Seen) -> None:
    seen = sdk["failed"]["miss"]
    assert seen["status_code"] == 404
    assert 'nearest: "in line"' in seen["body"]["detail"]
