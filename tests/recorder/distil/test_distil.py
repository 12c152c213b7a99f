from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import ingress_page
from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import distil
from fakefal.scenario.files.loader import load_data
from tests.callers import RUN, running_caller
from tests.recorder.sessions import (
    ANY_LLM,
    HTML,
    JSON,
    JobCaptures,
    distil_captures,
    make_run,
    only_exchange,
    reply_of,
)

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=30
) | st.sampled_from(
    ["{{ x }}", "{% if %}", "{#", "1e3", "yes", "a\nb\n", " x\n", "$eq", "\u2028", "eyJ", '"\\']
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False)
)
KEYS = TEXTS | st.sampled_from(["file", "url", "output", "$eq", "prompt"])
JSONS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, JSONS, max_size=4)
ENDPOINTS = st.sampled_from(["acme/app", "fal-ai/any-llm", "acme/app/path"])
FAILURES = st.tuples(st.sampled_from([400, 418, 422, 500, 503]), OBJECTS)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ENDPOINTS, OBJECTS, JSONS, st.none() | FAILURES), min_size=1, max_size=5))
async def test_a_recording_replays_its_own_calls(calls: list[Any]) -> None:
    captures = [
        make_run(
            number,
            input_,
            body if failure is None else failure[1],
            200 if failure is None else failure[0],
            endpoint=endpoint,
        )
        for number, (endpoint, input_, body, failure) in enumerate(calls)
    ]
    captures = [capture for capture in captures if capture.response.body]
    distilled = distil_captures(*captures)
    assert distilled.notes == []
    async with running_caller(distilled.scenario, clock="instant") as caller:
        for capture in captures:
            response = await caller.request(
                "POST", capture.request.path, host=RUN, data=capture.request.body
            )
            assert response.status == capture.response.status
            assert encode(json.loads(response.body)) == encode(json.loads(capture.response.body))


def test_one_call_becomes_one_exchange() -> None:
    exchange = only_exchange(
        distil_captures(make_run(input_={"b": 1, "a": {"d": 1, "c": 2}}, body={"ok": True}))
    )
    assert exchange == {
        "id": "acme/app 1",
        "when": {
            "endpoint": "acme/app",
            "via": "run",
            "input": {"$eq": {"a": {"c": 2, "d": 1}, "b": 1}},
        },
        "reply": {"output": {"ok": True}},
    }


def test_the_header_describes_the_recording() -> None:
    recording = Recording("https://fal.run", 1_790_000_000.0, [make_run(body=1)], is_complete=False)
    data = distil(recording, Redactor(), version="1.2").scenario
    assert data["recorded"] == {
        "at": "2026-09-21T14:13:20Z",
        "source": "https://fal.run",
        "fakefal": "1.2",
        "clients": ["tests/1"],
        "complete": False,
    }
    assert data["options"] == {"unmatched": "fail", "validate": False}
    load_data(data)


def test_repeated_calls_become_replies() -> None:
    exchange = only_exchange(
        distil_captures(make_run(0, body=1), make_run(1, body=2), make_run(2, body=2))
    )
    assert exchange["replies"] == [{"output": 1}, {"output": 2}]


def test_a_failure_before_a_success_is_a_separate_reply() -> None:
    page = ingress_page(502, "Bad Gateway")
    exchange = only_exchange(
        distil_captures(make_run(0, None, page, 502, HTML), make_run(1, body=1))
    )
    assert exchange["replies"] == [{"fail": "nginx-502"}, {"output": 1}]


def test_a_failed_run_keeps_its_id_and_billable_units() -> None:
    id_ = "019f3d10-8a6b-7c3e-9d55-0a1b2c3d4e5f"
    headers = (*JSON, ("x-fal-request-id", id_), ("x-fal-billable-units", "0"))
    reply = only_exchange(
        distil_captures(make_run(body={"detail": "no"}, status=418, headers=headers))
    )["reply"]
    assert (reply["request_id"], reply["billable_units"]) == (id_, 0)


def test_a_page_that_no_reply_can_have_is_a_fault_of_the_next_reply() -> None:
    reply = reply_of(make_run(0, None, b"teapot", 418, HTML), make_run(1, body=1))
    fault = {"status": 418, "body": "teapot", "content_type": "text/html"}
    assert reply == {"output": 1, "faults": {"run": [fault]}}
    last = reply_of(
        make_run(0, None, b"teapot", 418, HTML), make_run(1, None, b"teapot", 418, HTML)
    )
    assert last == {"faults": {"run": [fault, {**fault, "times": "always"}]}}


def test_a_run_keeps_its_duration() -> None:
    assert reply_of(make_run(body=1, seconds=1.5))["timeline"] == [{"IN_PROGRESS": {"for": "1.5s"}}]


def test_unfinished_requests_can_be_left_out() -> None:
    job = JobCaptures().add_submit().add_poll(0.1, "IN_PROGRESS")
    assert distil_captures(*job.captures, finished_only=True).scenario["exchanges"] == []
    timeline = reply_of(*job.captures)["timeline"]
    assert timeline[-1] == {"IN_PROGRESS": {"forever": True}}


@pytest.mark.parametrize("is_shown", [True, False])
def test_errors_in_the_status_become_an_option(is_shown: bool) -> None:
    fields: dict[str, Any] = {"error": "Invalid status code: 422"} if is_shown else {}
    body = {"detail": [{"loc": ["body"], "msg": "no", "type": "mine"}]}
    job = JobCaptures().add_submit().add_poll(0.1, "COMPLETED", **fields).add_result(0.2, body, 422)
    options = distil_captures(*job.captures).scenario["options"]
    assert options.get("error_in_status", False) is is_shown


def test_calls_that_cannot_be_replayed_are_noted() -> None:
    odd = make_run(body=b"\x89PNG", headers=(("Content-Type", "image/png"),))
    assert distil_captures(odd).notes == [
        "POST https://fal.run/acme/app (200): the response is image/png, not JSON"
    ]
    orphan = JobCaptures(ANY_LLM).add_poll(0.1, "IN_PROGRESS")
    assert "its submit was not recorded" in distil_captures(*orphan.captures).notes[0]
