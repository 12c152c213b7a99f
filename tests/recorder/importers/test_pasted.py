from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import distil
from fakefal.recorder.importers.bodies import read_body, read_events, read_json_lines
from fakefal.recorder.importers.foreign import ImportResult
from fakefal.recorder.importers.messages import read_messages
from fakefal.recorder.importers.pasted import convert_pasted
from fakefal.recorder.output.writer import Writer
from fakefal.scenario.files.loader import load_data, load_file
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
        (
            {
                "detail": "User is locked. Reason: Exhausted balance. Top up your balance at "
                "fal.ai/dashboard/billing."
            },
            {"fail": "exhausted_balance"},
        ),
        ({"detail": "invalid key credentials"}, {"fail": "bad_key"}),
        (
            {"detail": 'Application "draw" not found'},
            {"fail": {"status": 404, "body": {"detail": 'Application "draw" not found'}}},
        ),
        ({"status": "NOT_FOUND"}, {"fail": "not_found"}),
        (
            {
                "request_id": "7",
                "status": "ERROR",
                "error": "Request timed out",
                "error_type": "request_timeout",
                "payload": {"detail": "Request timed out", "error_type": "request_timeout"},
            },
            {"fail": "request_timeout"},
        ),
        (
            {"request_id": "7", "status": "ERROR", "error": "invalid key credentials"},
            {"fail": "bad_key"},
        ),
        ({}, {"output": {}}),
        (None, {"output": None}),
        (5, {"output": 5}),
        ([], {"output": []}),
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
def test_a_body_becomes_a_reply(body: Any, reply: Any, tmp_path: Path) -> None:
    imported = converted(read_body(json.dumps(body), "b.json"))
    (exchange,) = imported.exchanges
    assert exchange["reply"] == reply
    is_named = isinstance(body, dict) and "response_url" in body
    assert exchange["when"] == ({"endpoint": "fal-ai/any-llm*"} if is_named else {})
    load_data(scenario_of(imported))
    distilled = distil(Recording("x", 0.0), Redactor(), version="0")
    distilled.scenario["exchanges"] += imported.exchanges
    Writer(tmp_path / "a.yaml", Redactor()).finish(distilled)
    assert len(load_file(tmp_path / "a.yaml").exchanges) == 1


def converted(imported: ImportResult) -> ImportResult:
    convert_pasted(imported)
    return imported


def test_a_completed_status_without_result_is_not_recordable() -> None:
    imported = converted(read_body(json.dumps({"status": "COMPLETED", **URLS}), "b.json"))
    assert imported.unused == [
        "b.json: a COMPLETED status does not hold the result — import its result with it"
    ]


LOGS = [
    {"timestamp": "2026-02-18T06:42:27.8", "message": "step 1", "labels": {"level": "INFO"}},
]
DONE = {"status": "COMPLETED", "request_id": "7", **URLS, "metrics": {"inference_time": 1.4416329}}


def test_statuses_and_result_of_one_request_become_one_job() -> None:
    waiting = {"status": "IN_QUEUE", "request_id": "7", "queue_position": 2, **URLS}
    lines = [json.dumps(it) for it in (waiting, {**DONE, "logs": LOGS}, {"text": "cat"})]
    imported = converted(read_json_lines("\n".join(lines), "b.jsonl"))
    assert imported.exchanges == []
    (exchange,) = scenario_of(imported)["exchanges"]
    assert exchange["when"] == {"endpoint": "fal-ai/any-llm*", "via": "queue"}
    reply = exchange["reply"]
    assert reply["output"] == {"text": "cat"}
    assert reply["inference_time"] == "1.4416329s"
    assert reply["timeline"][0]["IN_QUEUE"]["position"] == 2
    assert "step 1" in json.dumps(reply["timeline"])
    load_data(scenario_of(imported))


def test_a_result_belongs_to_no_job_if_there_are_several() -> None:
    lines = [json.dumps(it) for it in (DONE, {**DONE, "request_id": "8"}, {"text": "cat"})]
    imported = converted(read_json_lines("\n".join(lines), "b.jsonl"))
    assert [exchange["reply"] for exchange in imported.exchanges] == [{"output": {"text": "cat"}}]
    assert len(imported.unused) == 2


def test_a_response_with_its_headers_keeps_them() -> None:
    text = "HTTP/2 200 \nx-fal-billable-units: 1.5\nx-fal-request-id: 7\nx-more: a\n\n{}\n"
    (exchange,) = converted(read_messages(text, "c.txt")).exchanges
    assert exchange["reply"] == {"output": {}, "billable_units": 1.5, "headers": {"x-more": "a"}}
    failed = 'HTTP/1.1 418 I am a teapot\n\n{"detail": "teapot"}'
    (exchange,) = converted(read_messages(failed, "c.txt")).exchanges
    assert exchange["reply"] == {"fail": {"status": 418, "body": {"detail": "teapot"}}}
    broken = converted(read_messages("HTTP/1.1 502 Bad Gateway\n\n<html>", "c.txt"))
    assert broken.unused == ["c.txt:1: the body is not JSON"]


def test_a_pasted_stream_answers_streams() -> None:
    (exchange,) = converted(read_events('data: {"n": 1}\n\ndata: {"n": 2}\n', "s")).exchanges
    assert exchange["when"] == {"via": "stream"}
    assert exchange["reply"]["stream"]["events"] == [{"n": 1}]
    assert exchange["reply"]["output"] == {"n": 2}
    broken = converted(read_events("data: [DONE]\n\n", "s"))
    assert broken.unused == ['s: the event "[DONE]" is not JSON, as events of fal are']
