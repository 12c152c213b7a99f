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
from tests.recorder.talking import (
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
    lambda it: st.lists(it, max_size=3) | st.dictionaries(KEYS, it, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, JSONS, max_size=4)
ENDPOINTS = st.sampled_from(["acme/app", "fal-ai/any-llm", "acme/app/path"])
FAILURES = st.tuples(st.sampled_from([400, 418, 422, 500, 503]), OBJECTS)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ENDPOINTS, OBJECTS, JSONS, st.none() | FAILURES), min_size=1, max_size=5))
async def test_a_recording_answers_its_own_calls_as_they_were_answered(talks: list[Any]) -> None:
    captures = [
        make_run(
            number,
            asked,
            answer if failure is None else failure[1],
            200 if failure is None else failure[0],
            endpoint=endpoint,
        )
        for number, (endpoint, asked, answer, failure) in enumerate(talks)
    ]
    captures = [it for it in captures if it.response.body]
    found = distil_captures(*captures)
    assert found.notes == []
    async with running_caller(found.scenario, clock="instant") as caller:
        for capture in captures:
            heard = await caller.request(
                "POST", capture.request.path, host=RUN, data=capture.request.body
            )
            assert heard.status == capture.response.status
            assert encode(json.loads(heard.body)) == encode(json.loads(capture.response.body))


def test_one_call_is_one_exchange_that_names_its_endpoint_and_input() -> None:
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


def test_the_header_says_where_a_recording_is_from() -> None:
    recording = Recording("https://fal.run", 1_790_000_000.0, [make_run(body=1)], is_complete=False)
    found = distil(recording, Redactor(), version="1.2").scenario
    assert found["recorded"] == {
        "at": "2026-09-21T14:13:20Z",
        "source": "https://fal.run",
        "fakefal": "1.2",
        "clients": ["tests/1"],
        "complete": False,
    }
    assert found["options"] == {"unmatched": "fail", "validate": False}
    load_data(found)


def test_repeated_calls_are_replies_in_turn() -> None:
    found = only_exchange(
        distil_captures(make_run(0, body=1), make_run(1, body=2), make_run(2, body=2))
    )
    assert found["replies"] == [{"output": 1}, {"output": 2}]


def test_what_failed_before_it_succeeded_is_a_reply_of_its_own() -> None:
    page = ingress_page(502, "Bad Gateway")
    found = only_exchange(distil_captures(make_run(0, None, page, 502, HTML), make_run(1, body=1)))
    assert found["replies"] == [{"fail": "nginx-502"}, {"output": 1}]


def test_a_failed_run_keeps_its_id_and_what_it_cost() -> None:
    id_ = "019f3d10-8a6b-7c3e-9d55-0a1b2c3d4e5f"
    headers = (*JSON, ("x-fal-request-id", id_), ("x-fal-billable-units", "0"))
    found = only_exchange(
        distil_captures(make_run(body={"detail": "no"}, status=418, headers=headers))
    )["reply"]
    assert (found["request_id"], found["billable_units"]) == (id_, 0)


def test_a_page_that_no_reply_gives_is_a_fault_before_the_next_reply() -> None:
    found = reply_of(make_run(0, None, b"teapot", 418, HTML), make_run(1, body=1))
    fault = {"status": 418, "body": "teapot", "content_type": "text/html"}
    assert found == {"output": 1, "faults": {"run": [fault]}}
    last = reply_of(
        make_run(0, None, b"teapot", 418, HTML), make_run(1, None, b"teapot", 418, HTML)
    )
    assert last == {"faults": {"run": [fault, {**fault, "times": "always"}]}}


def test_a_run_takes_as_long_as_it_took() -> None:
    assert reply_of(make_run(body=1, seconds=1.5))["timeline"] == [{"IN_PROGRESS": {"for": "1.5s"}}]


def test_requests_that_may_go_on_are_left_out_on_demand() -> None:
    job = JobCaptures().add_submit().add_poll(0.1, "IN_PROGRESS")
    assert distil_captures(*job.captures, finished_only=True).scenario["exchanges"] == []
    timeline = reply_of(*job.captures)["timeline"]
    assert timeline[-1] == {"IN_PROGRESS": {"forever": True}}


@pytest.mark.parametrize("told", [True, False])
def test_whether_a_status_tells_of_a_failure_is_an_option(told: bool) -> None:
    more: dict[str, Any] = {"error": "Invalid status code: 422"} if told else {}
    body = {"detail": [{"loc": ["body"], "msg": "no", "type": "mine"}]}
    job = JobCaptures().add_submit().add_poll(0.1, "COMPLETED", **more).add_result(0.2, body, 422)
    options = distil_captures(*job.captures).scenario["options"]
    assert options.get("error_in_status", True) is told


def test_what_cannot_be_replayed_is_said() -> None:
    odd = make_run(body=b"\x89PNG", headers=(("Content-Type", "image/png"),))
    assert distil_captures(odd).notes == [
        "POST https://fal.run/acme/app (200): the answer is image/png, and no JSON"
    ]
    orphan = JobCaptures(ANY_LLM).add_poll(0.1, "IN_PROGRESS")
    assert "its submit was not recorded" in distil_captures(*orphan.captures).notes[0]
