from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.errors.errors import ingress_page
from fakefal.recorder.capture.captures import RecordedResponse, buffered_response
from fakefal.recorder.distil.faults import compress, fault_of, fault_sequence, repeat_forever
from fakefal.scenario.model.faults import CallFaults
from tests.recorder.sessions import HTML, JSON, make_run

ENDPOINT = parse_endpoint("acme/app")
assert ENDPOINT is not None

PAGE = buffered_response(502, HTML, ingress_page(502, "Bad Gateway"))


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (PAGE, "nginx-502"),
        (RecordedResponse(0, (), (), "reset"), "reset"),
        (RecordedResponse(0), "close"),
        (RecordedResponse(200, (), (), "reset"), {"reset": "during"}),
        (buffered_response(500, JSON, b'{"a": 1}'), {"status": 500, "body": {"a": 1}}),
        (buffered_response(404, JSON, b'{"status": "NOT_FOUND"}'), "not-found"),
        (
            buffered_response(503, (("X-Note", "n"),), b"text"),
            {"status": 503, "body": "text", "headers": {"x-note": "n"}},
        ),
    ],
)
def test_a_response_is_a_named_or_a_detailed_fault(response: RecordedResponse, fault: Any) -> None:
    assert ENDPOINT is not None
    assert fault_of(response, ENDPOINT) == fault
    CallFaults.model_validate({"status": [fault, repeat_forever(fault)]})


def test_good_responses_before_a_fault_are_counted() -> None:
    assert ENDPOINT is not None
    captures = [make_run(0, body=1), make_run(1, None, PAGE.body, 502, HTML), make_run(2, body=1)]
    assert fault_sequence(captures, captures[1:2], ENDPOINT) == ["ok", "nginx-502"]


def test_equal_faults_in_a_row_are_compressed() -> None:
    detailed = {"status": 500}
    assert compress(["a", "a", "ok", detailed, detailed]) == [
        "a x2",
        "ok",
        {"status": 500, "times": 2},
    ]
