from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.call import FailsAt
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.recorder.capture.captures import RecordedResponse, buffered_response
from fakefal.recorder.distil.outcomes import (
    NotRecordable,
    failure_of,
    header_fields,
    output_fields,
    success_fields,
)
from tests.recorder.sessions import ANY_LLM, JSON, body_of

_parsed = parse_endpoint(ANY_LLM)
assert _parsed is not None
ENDPOINT: EndpointId = _parsed


def json_response(status: int, body: Any) -> RecordedResponse:
    return buffered_response(status, JSON, body_of(body))


def test_every_failure_of_the_catalog_is_recorded_by_an_equivalent_name() -> None:
    different = []
    named = {name: spec for name, spec in CATALOG.items() if spec.kind != "model"}
    for name, error in named.items():
        outcome = outcome_of(error, app=ANY_LLM, path="/")
        response = buffered_response(outcome.status, outcome.headers, outcome.payload)
        failure = failure_of(response, ENDPOINT, None)
        assert isinstance(failure, str), name
        same = outcome_of(CATALOG[failure.replace("-", "_")], app=ANY_LLM, path="/")
        if (same.status, same.payload) != (outcome.status, outcome.payload):
            different.append(f"{name} is recorded as {failure}")
    assert different == []


@pytest.mark.parametrize(
    ("status", "body", "fails_at", "failure"),
    [
        (
            422,
            {
                "detail": [
                    {
                        "type": "mine",
                        "loc": ["body"],
                        "msg": "m",
                        "url": "https://docs.fal.ai/errors#mine",
                        "input": {"prompt": "a"},
                    }
                ]
            },
            "result",
            {"type": "mine", "loc": ["body"], "msg": "m", "input": {"prompt": "a"}},
        ),
        (
            422,
            {"detail": [{"type": "mine", "loc": ["body"], "msg": "m"}]},
            "result",
            {"status": 422, "body": {"detail": [{"type": "mine", "loc": ["body"], "msg": "m"}]}},
        ),
        (
            500,
            {"detail": "out of memory", "error_type": "runner_server_error"},
            "result",
            {"error_type": "runner_server_error", "detail": "out of memory"},
        ),
        (
            507,
            {"detail": "full", "error_type": "mine"},
            "result",
            {"error_type": "mine", "detail": "full", "status": 507},
        ),
        (
            418,
            {"detail": "{{ teapot }}"},
            "result",
            {"status": 418, "body": {"detail": '{{ "{{ teapot }}" }}'}},
        ),
    ],
)
def test_other_failures_are_recorded_by_their_fields(
    status: int, body: Any, fails_at: FailsAt, failure: Any
) -> None:
    assert failure_of(json_response(status, body), ENDPOINT, fails_at) == failure


def test_a_name_is_used_only_where_that_error_occurs() -> None:
    outcome = outcome_of(CATALOG["exhausted_balance"])
    locked = buffered_response(outcome.status, (), outcome.payload)
    assert failure_of(locked, ENDPOINT, "submit") == "exhausted_balance"
    assert failure_of(locked, ENDPOINT, "result") == {"status": 403, "body": outcome.body}


def test_responses_that_no_reply_can_have_are_rejected() -> None:
    with pytest.raises(NotRecordable, match="302"):
        failure_of(json_response(302, {}), ENDPOINT, None)
    with pytest.raises(NotRecordable, match="text/html, not JSON"):
        success_fields(
            buffered_response(200, (("Content-Type", "text/html"),), b"<p>"),
            ENDPOINT,
            {},
            "run",
            {},
        )


def test_a_language_models_output_is_text_if_it_renders_the_same() -> None:
    body = {"output": "x", "reasoning": None, "partial": False, "error": None}
    assert output_fields(body, ENDPOINT, {}, "run", {}) == {"text": "x"}
    assert output_fields({**body, "more": 1}, ENDPOINT, {}, "run", {}) == {
        "output": {**body, "more": 1}
    }
    assert output_fields({**body, "error": "e"}, ENDPOINT, {}, "run", {}) == {
        "text": "x",
        "error": "e",
    }


def test_headers_that_clients_read_are_recorded() -> None:
    pairs = (
        ("X-B", "{{ 2 }}"),
        ("X-A", "1"),
        ("Date", "d"),
        ("x-fal-request-id", "7"),
        ("X-Api-Key", "secret"),
        ("X-Fal-Billable-Units", "0.50000000"),
    )
    assert header_fields(RecordedResponse(200, pairs)) == {
        "headers": {"x-a": "1", "x-b": '{{ "{{ 2 }}" }}'},
        "billable_units": 0.5,
    }
    assert header_fields(RecordedResponse(200, (("X-Fal-Billable-Units", "many"),))) == {}
