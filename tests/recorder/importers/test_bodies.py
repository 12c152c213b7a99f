from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.recorder.importers.bodies import read_body
from fakefal.recorder.importers.foreign import NotThisFormat
from fakefal.scenario.files.loader import load_data
from tests.recorder.importers.replay import scenario_of

URLS = {"response_url": "https://queue.fal.run/fal-ai/any-llm/requests/7"}
MISSING = {"loc": ["body", "prompt"], "msg": "Field required", "type": "missing", "input": {}}


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        ({"images": []}, {"output": {"images": []}}),
        (
            {"detail": "Runner disconnected", "error_type": "runner_disconnected"},
            {"fail": "runner_disconnected"},
        ),
        (
            {"detail": [{**MISSING, "url": "https://docs.fal.ai/errors/#missing"}]},
            {
                "fail": {
                    "type": "missing",
                    "loc": ["body", "prompt"],
                    "msg": "Field required",
                    "input": {},
                    "url": "https://docs.fal.ai/errors/#missing",
                }
            },
        ),
        ({"detail": "odd"}, {"fail": {"status": 500, "body": {"detail": "odd"}}}),
        ({"request_id": "7", "status": "OK", "payload": {"n": 1}}, {"output": {"n": 1}}),
        (
            {"request_id": "7", "status": "OK", "payload": None, "payload_error": "no JSON"},
            {"output": None, "webhook": {"payload_error": "no JSON"}},
        ),
        (
            {
                "request_id": "7",
                "status": "ERROR",
                "error": "Invalid status code: 418",
                "payload": {"detail": "teapot"},
            },
            {"fail": {"status": 418, "body": {"detail": "teapot"}}},
        ),
        (
            {
                "status": "COMPLETED",
                **URLS,
                "error": "Runner disconnected",
                "error_type": "runner_disconnected",
            },
            {"fail": "runner_disconnected"},
        ),
        (
            {"status": "IN_QUEUE", "queue_position": 9, **URLS},
            {"timeline": [{"IN_QUEUE": {"position": 9, "forever": True}}]},
        ),
        ({"status": "IN_PROGRESS", **URLS}, {"timeline": [{"IN_PROGRESS": {"forever": True}}]}),
        ("just text", {"output": "just text"}),
    ],
)
def test_a_body_becomes_a_reply(body: Any, reply: Any) -> None:
    imported = read_body(json.dumps(body), "b.json")
    (exchange,) = imported.exchanges
    assert exchange["reply"] == reply
    is_named = isinstance(body, dict) and "response_url" in body
    assert exchange["when"] == ({"endpoint": "fal-ai/any-llm*"} if is_named else {})
    load_data(scenario_of(imported))


def test_a_completed_status_without_result_is_not_recordable() -> None:
    imported = read_body(json.dumps({"status": "COMPLETED", **URLS}), "b.json")
    assert imported.unused == [
        "b.json: a COMPLETED status does not hold the result — import the result instead"
    ]


def test_text_that_is_not_json_is_rejected() -> None:
    with pytest.raises(NotThisFormat, match="not JSON"):
        read_body("hello", "b.json")
